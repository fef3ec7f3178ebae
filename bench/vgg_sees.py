"""What VGG-19 sees: how far its features are apart for images that are equally far in MSE.

    python -m bench.vgg_sees                          # VGG-19 from torchvision (a download)
    python -m bench.vgg_sees --vgg vgg19.safetensors  # or from a file

writes ``results/vgg_sees.csv``: for a photograph spoilt in five ways by the same amount, and for
the enlargements of its small version, the MSE and the distance in three layers. Chapter 5 reads it.
"""

import argparse
import csv
import io
import sys
from pathlib import Path

import numpy as np
import torch
from rich.console import Console
from rich.table import Table

from srlib.datasets import photograph
from srlib.distortions import equal_mse
from srlib.files import write_whole
from srlib.resize import imresize
from srlib.upscale import upscale
from srlib.vgg import VGGFeatures

RESULT = Path(__file__).parents[1] / "results" / "vgg_sees.csv"
LAYERS = ("relu1_2", "relu2_2", "relu3_1")
PHOTOGRAPH, PLACE = "chelsea", (slice(22, 278), slice(97, 353))  # its middle, 256x256
METHODS = ("bicubic", "srcnn", "srresnet", "srgan")

Features = list[torch.Tensor]


def images() -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """The truth, and all that is compared with it, on 0..255."""
    hr = photograph(PHOTOGRAPH).image[PLACE]
    lr = imresize(hr, 1 / 4)
    return hr, equal_mse(hr) | {name: upscale(lr, 4, name) for name in METHODS}


def distances(wanted: Features, seen: Features) -> list[float]:
    """For each layer the squared difference as a share of the wanted features' squares.

    Each channel is first divided by its mean, so that it does not matter how a file of weights
    scales them.
    """
    found = []
    for a, b in zip(wanted, seen, strict=True):
        mean = a.mean(dim=(2, 3), keepdim=True).clamp_min(1e-6)  # (1, C, 1, 1)
        found.append(float(((b - a) / mean).square().mean() / (a / mean).square().mean()))
    return found


@torch.no_grad()
def table(vgg: VGGFeatures) -> list[dict[str, str | float]]:
    """A row for each image: its name, its MSE on 0..255, and a distance for each layer."""
    hr, others = images()

    def features(image: np.ndarray) -> Features:
        return vgg(torch.from_numpy(image / 255).float().permute(2, 0, 1)[None])

    wanted, rows = features(hr), []
    for name, image in others.items():
        mse = float(np.mean((image.astype(np.float64) - hr) ** 2))
        found = dict(zip(LAYERS, distances(wanted, features(image)), strict=True))
        rows.append({"name": name, "mse": mse} | found)
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--vgg", default="torchvision", help="torchvision, or a .safetensors file")
    rows = table(VGGFeatures(LAYERS, parser.parse_args().vgg))
    text = io.StringIO()
    writer = csv.DictWriter(text, ["name", "mse", *LAYERS], lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({k: v if k == "name" else f"{v:.5g}" for k, v in row.items()})
    write_whole(RESULT, text.getvalue().encode())
    shown = Table("image", "MSE", *LAYERS)
    for row in rows:
        shown.add_row(row["name"], *(f"{row[name]:.3g}" for name in ("mse", *LAYERS)))
    Console().print(shown)
    return 0


if __name__ == "__main__":
    sys.exit(main())
