"""What VGG-19 sees: how far its features are apart for images that are equally far in MSE.

    python -m experiments.vgg_sees                          # VGG-19 from torchvision (a download)
    python -m experiments.vgg_sees --vgg vgg19.safetensors  # or from a file

writes ``results/vgg_sees.csv``, the MSE, the VGG distance (:class:`srlib.networks.vgg.VGGDistance`)
and that of each of its layers: for a photograph spoilt in five ways by the same amount, and, on
average over the ten photographs, for the enlargements of their small versions. Chapter 5 reads it.
It takes the shipped networks as they are, so make it again when they change.
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
from srlib.networks.vgg import VGGDistance
from srlib.upscaling.method import load, names

RESULT = Path(__file__).parents[1] / "results" / "vgg_sees.csv"
SPOILT = "chelsea"
SIZE = 256  # pixels: side of the photographs' centres
SCALE = 4


def table(distance: VGGDistance) -> list[dict[str, str | float]]:
    """A row for each kind of image: its name, ``mse``, ``vgg``, and each layer's distance."""
    truths = {photo.name: centre_crop(photo.image, SIZE) for photo in photographs()}

    @torch.no_grad()
    def row(name: str, image: np.ndarray) -> np.ndarray:
        hr = truths[name]
        layers = distance.by_layer(tensor(image), tensor(hr))[:, 0]
        mse = np.mean((image.astype(np.float64) - hr) ** 2)
        return np.array([mse, layers.mean(), *layers])

    found = {kind: row(SPOILT, image) for kind, image in equal_mse(truths[SPOILT]).items()}
    for name in names(SCALE):
        method = load(name, SCALE, precision="fp32")
        rows = [row(each, method(degrade(hr, SCALE)[0])) for each, hr in truths.items()]
        found[name] = np.mean(rows, axis=0)
    columns = ("mse", "vgg", *distance.layers)
    return [
        {"name": name} | dict(zip(columns, map(float, values), strict=True))
        for name, values in found.items()
    ]


def tensor(image: np.ndarray) -> torch.Tensor:
    """Values on about 0..255, not rounded, ``(H, W, 3)`` -> ``(1, 3, H, W)`` on about 0..1."""
    return torch.from_numpy(image / 255).float().permute(2, 0, 1)[None]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--vgg", default="torchvision", help="torchvision, or a .safetensors file")
    rows = table(VGGDistance(parser.parse_args().vgg))
    columns = list(rows[0])
    texts = [{k: v if k == "name" else f"{v:.5g}" for k, v in row.items()} for row in rows]
    write_whole(RESULT, as_csv(texts, columns).encode())
    shown = Table(*columns)
    for each in texts:
        shown.add_row(*each.values())
    Console().print(shown)
    return 0


if __name__ == "__main__":
    sys.exit(main())
