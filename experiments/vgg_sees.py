"""What VGG-19 sees: how far its features are apart for images that are equally far in MSE.

    python -m experiments.vgg_sees                          # VGG-19 from torchvision (a download)
    python -m experiments.vgg_sees --vgg vgg19.safetensors  # or from a file

writes ``results/vgg_sees.csv``, the MSE and the distance in three layers: for a photograph spoilt
in five ways by the same amount, and, on average over the ten photographs, for the enlargements of
their small versions. Chapter 5 reads it. It takes the shipped networks as they are, so make it
again when they change.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import torch
from rich.console import Console
from rich.table import Table

from srlib.atomic import write_whole
from srlib.benchmarking.report import as_csv
from srlib.book.distortions import equal_mse
from srlib.data.pairs import degrade
from srlib.data.photographs import photographs
from srlib.images.values import centre_crop
from srlib.networks.vgg import VGGFeatures
from srlib.upscaling.image import upscale
from srlib.upscaling.method import names

RESULT = Path(__file__).parents[1] / "results" / "vgg_sees.csv"
LAYERS = ("relu1_2", "relu2_2", "relu3_1")
SPOILT = "chelsea"
SIZE = 256  # pixels: side of the photographs' centres

Features = list[torch.Tensor]


@torch.no_grad()
def features(vgg: VGGFeatures, image: np.ndarray) -> Features:
    return vgg(torch.from_numpy(image / 255).float().permute(2, 0, 1)[None])


def loudness(images: list[Features]) -> Features:
    """The mean of each channel of each layer over some images, ``(1, C, 1, 1)`` each."""
    layers = zip(*images, strict=True)
    means = [torch.stack([each.mean(dim=(2, 3)) for each in layer]).mean(dim=0) for layer in layers]
    return [torch.where(mean > 0, mean, 1)[..., None, None] for mean in means]


def distances(wanted: Features, seen: Features, scale: Features) -> list[float]:
    """For each layer the squared difference as a share of the wanted features' squares.

    Each channel is divided by its loudness, so that it does not matter how a file of weights scales
    them.
    """
    return [
        float(((b - a) / s).square().mean() / (a / s).square().mean())
        for a, b, s in zip(wanted, seen, scale, strict=True)
    ]


def table(vgg: VGGFeatures) -> list[dict[str, str | float]]:
    """A row for each kind of image: its name, ``mse``, and a distance for each layer."""
    truths = {photo.name: centre_crop(photo.image, SIZE) for photo in photographs()}
    wanted = {name: features(vgg, hr) for name, hr in truths.items()}
    scale = loudness(list(wanted.values()))

    def row(name: str, image: np.ndarray) -> np.ndarray:
        mse = np.mean((image.astype(np.float64) - truths[name]) ** 2)
        return np.array([mse, *distances(wanted[name], features(vgg, image), scale)])

    found = {kind: row(SPOILT, image) for kind, image in equal_mse(truths[SPOILT]).items()}
    for method in names(4):
        results = {name: upscale(degrade(hr, 4)[0], 4, method) for name, hr in truths.items()}
        found[method] = np.mean([row(name, sr) for name, sr in results.items()], axis=0)
    return [
        {"name": name} | dict(zip(("mse", *LAYERS), map(float, values), strict=True))
        for name, values in found.items()
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--vgg", default="torchvision", help="torchvision, or a .safetensors file")
    rows = table(VGGFeatures(LAYERS, parser.parse_args().vgg))
    shown = [{k: v if k == "name" else f"{v:.5g}" for k, v in row.items()} for row in rows]
    write_whole(RESULT, as_csv(shown, ("name", "mse", *LAYERS)).encode())
    table_shown = Table("image", "MSE", *LAYERS)
    for each in rows:
        table_shown.add_row(each["name"], *(f"{each[name]:.3g}" for name in ("mse", *LAYERS)))
    Console().print(table_shown)
    return 0


if __name__ == "__main__":
    sys.exit(main())
