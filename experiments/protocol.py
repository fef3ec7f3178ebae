"""Why is my PSNR 2 dB off? Bicubic x4, scored as the papers do and with each step changed in turn.

    python -m experiments.protocol    # writes results/protocol_photographs.csv and, where
                                      # SRLIB_DATA holds Set5, results/protocol_set5.csv and
                                      # results/protocol_causes_set5.csv

Chapter 1 explains each line of the table, computes the photographs' one again and compares. The
causes split two of the lines: what RGB costs beyond the range, and what a displacement costs.
"""

import csv
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from rich.console import Console
from rich.table import Table

from srlib.atomic import write_whole
from srlib.benchmarking.report import as_csv
from srlib.data.photographs import photographs
from srlib.data.test_sets import test_set
from srlib.images.metrics import Protocol, psnr
from srlib.images.resize import imresize
from srlib.images.values import modulo_crop, rgb_to_luma, to_tensor, to_uint8

SCALE = 4
PAPER = Protocol.paper(SCALE)
COLUMNS = "recipe", "psnr"
CAUSES = "cause", "value"
RESULTS = Path(__file__).parents[1] / "results"
WEIGHTS = np.array([0.299, 0.587, 0.114])  # of red, green and blue in the luma
Resizer = Callable[[np.ndarray, float], np.ndarray]  # uint8 (H, W, 3) and a factor -> uint8


def pillow(image: np.ndarray, factor: float) -> np.ndarray:
    """Pillow's bicubic: a = -0.5, antialiased when it shrinks."""
    height, width = (round(size * factor) for size in image.shape[:2])
    return np.asarray(Image.fromarray(image).resize((width, height), Image.Resampling.BICUBIC))


def torch_bicubic(image: np.ndarray, factor: float, **options: bool) -> np.ndarray:
    """PyTorch's ``interpolate``: a = -0.75, or a = -0.5 with ``antialias=True``."""
    size = [round(size * factor) for size in image.shape[:2]]
    resized = torch.nn.functional.interpolate(to_tensor(image), size, mode="bicubic", **options)
    return to_uint8(resized.clamp(0, 1))


def torch_antialiased(image: np.ndarray, factor: float) -> np.ndarray:
    return torch_bicubic(image, factor, antialias=True)


def torch_corners(image: np.ndarray, factor: float) -> np.ndarray:
    return torch_bicubic(image, factor, align_corners=True)


@dataclass(frozen=True)
class Recipe:
    """One way to arrive at "the PSNR of bicubic x4"; the defaults are the papers' way."""

    name: str
    shrink: Resizer = imresize
    enlarge: Resizer = imresize
    protocol: Protocol = PAPER
    pooled: bool = False  # one PSNR from the mean MSE, not the mean of each image's PSNR


RECIPES = (
    Recipe("the papers' protocol"),
    Recipe("border kept", protocol=Protocol("Y")),
    Recipe("luma not rounded", protocol=Protocol("Y", SCALE, rounded=False)),
    Recipe("luma in full range", protocol=Protocol("Y", SCALE, range="full")),
    Recipe("RGB instead of luma", protocol=Protocol("RGB", SCALE)),
    Recipe("PSNR of the mean MSE", pooled=True),
    Recipe("Pillow both ways", pillow, pillow),
    Recipe("torch, antialias, both ways", torch_antialiased, torch_antialiased),
    Recipe("torch enlarges", enlarge=torch_bicubic),
    Recipe("torch shrinks", shrink=torch_bicubic),
    Recipe("torch both ways", torch_bicubic, torch_bicubic),
    Recipe("torch enlarges, align_corners", enlarge=torch_corners),
    Recipe("RGB, and torch both ways", torch_bicubic, torch_bicubic, Protocol("RGB", SCALE)),
)


def score(recipe: Recipe, images: Sequence[np.ndarray]) -> float:
    """The PSNR in dB that the recipe reports for a set of uint8 ``(H, W, 3)`` images."""
    scores = []
    for image in images:
        hr = modulo_crop(image, SCALE)
        sr = recipe.enlarge(recipe.shrink(hr, 1 / SCALE), SCALE)
        scores.append(float(psnr(sr, hr, recipe.protocol)))
    if recipe.pooled:  # MSE is 255^2 10^(-PSNR / 10), and the 255^2 cancels
        return float(-10 * np.log10(np.mean(10 ** (-np.array(scores) / 10))))
    return float(np.mean(scores))


def table(images: Sequence[np.ndarray]) -> dict[str, float]:
    """Recipe name -> PSNR in dB."""
    return {recipe.name: score(recipe, images) for recipe in RECIPES}


def rgb_against_luma(sr: np.ndarray, hr: np.ndarray) -> tuple[float, float]:
    """Two causes, in dB, that add up to unrounded full-range luma's PSNR less RGB's.

    The planes have errors of unequal size, and luma weights them in another way than RGB's plain
    mean; and errors that are not in step cancel in luma's weighted mean.
    """
    error = (sr.astype(float) - hr).reshape(-1, 3)
    moments = error.T @ error / len(error)  # (3, 3)
    in_step = (WEIGHTS @ np.sqrt(moments.diagonal())) ** 2
    ratios = moments.diagonal().mean() / in_step, in_step / (WEIGHTS @ moments @ WEIGHTS)
    unequal, cancelling = 10 * np.log10(ratios)
    return float(unequal), float(cancelling)


def displaced(lr: np.ndarray, hr: np.ndarray) -> tuple[float, float]:
    """What ``align_corners`` changes in torch's enlarged image, against that image's own error.

    Returns:
        The ratio of the two mean squares, and what the change would cost in dB if it were
        uncorrelated with the error.
    """
    meant, moved, truth = (
        rgb_to_luma(image)[SCALE:-SCALE, SCALE:-SCALE].astype(float)
        for image in (torch_bicubic(lr, SCALE), torch_corners(lr, SCALE), hr)
    )
    ratio = float(np.mean((moved - meant) ** 2) / np.mean((meant - truth) ** 2))
    return ratio, float(10 * np.log10(1 + ratio))


def causes(images: Sequence[np.ndarray]) -> dict[str, float]:
    """Name -> mean over uint8 ``(H, W, 3)`` images of :func:`rgb_against_luma`, :func:`displaced`.

    As the papers do, without ``SCALE`` pixels along each side.
    """
    found = []
    for image in images:
        hr = modulo_crop(image, SCALE)
        lr = imresize(hr, 1 / SCALE)
        inner = (slice(SCALE, -SCALE),) * 2
        planes = rgb_against_luma(imresize(lr, SCALE)[inner], hr[inner])
        found.append([*planes, *displaced(lr, hr)])
    names = "unequal errors", "cancelling", "displacement, ratio", "displacement, dB"
    return dict(zip(names, np.mean(found, axis=0).tolist(), strict=True))


def write(rows: dict[str, float], path: Path, columns: tuple[str, str] = COLUMNS) -> None:
    """Store a table as CSV, by default with a PSNR in dB for each recipe: all of it or nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    shown = [dict(zip(columns, (name, f"{x:.4f}"), strict=True)) for name, x in rows.items()]
    write_whole(path, as_csv(shown, columns).encode())


def read(path: Path, columns: tuple[str, str] = COLUMNS) -> dict[str, float]:
    """What :func:`write` stored."""
    name, value = columns
    with path.open(newline="") as file:
        return {row[name]: float(row[value]) for row in csv.DictReader(file)}


def show(rows: dict[str, float], title: str) -> None:
    paper = rows[RECIPES[0].name]
    shown = Table("recipe", "PSNR in dB", "change", title=title)
    for name, value in rows.items():
        shown.add_row(name, f"{value:.2f}", f"{value - paper:+.2f}")
    Console().print(shown)


def main() -> int:
    rows = table([photo.image for photo in photographs()])
    write(rows, RESULTS / "protocol_photographs.csv")
    show(rows, "Bicubic x4, ten photographs")
    if "SRLIB_DATA" not in os.environ:
        print("Set5's table is left as it is: set SRLIB_DATA to a folder that holds Set5")
        return 0
    images = [pair.hr for pair in test_set("Set5", SCALE)]
    rows = table(images)
    write(rows, RESULTS / "protocol_set5.csv")
    write(causes(images), RESULTS / "protocol_causes_set5.csv", CAUSES)
    show(rows, "Bicubic x4, Set5")
    return 0


if __name__ == "__main__":
    sys.exit(main())
