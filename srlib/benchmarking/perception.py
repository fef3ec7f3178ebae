"""Measures that mean to see as people do: NIQE, VGG-19's features, LPIPS, where they can be had."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from srlib.errors import ArgumentError, MetricUnavailable
from srlib.images.metrics import lpips
from srlib.images.niqe import NaturalStatistics, niqe
from srlib.networks.vgg import IN_CACHE, VGGDistance
from srlib.networks.weights import digest_of
from srlib.upscaling.tiles import Window, windows

TILE, MARGIN = 384, 16  # pixels, multiples of 4: the features see up to 12 pixels far


class Perception:
    """The perceptual measures that this machine can compute.

    NIQE asks how much an image is like photographs, and needs no truth. The other two are distances
    to the truth.

    Args:
        border: pixels that NIQE leaves out on each side.
        vgg: a ``.safetensors`` file of VGG-19, or ``"torchvision"``, which downloads them at the
            first use; None for torchvision's if they are in its cache, and none otherwise.

    Attributes:
        missing: column -> why it stays empty.
        about: what was used, by column.

    Raises:
        WeightsUnavailable: the file that was asked for cannot be used.
    """

    COLUMNS = ("vgg", "lpips", "niqe")

    def __init__(self, border: int, vgg: str | Path | None = None) -> None:
        self.border, self.missing = border, {}
        self.about: dict[str, str] = {"niqe": NaturalStatistics.load().source}
        if vgg is None and _in_cache():
            vgg = "torchvision"
        if vgg is None:
            self.vgg = None
            self.missing["vgg"] = (
                "VGG-19's weights are not in torch's cache: give them with --vgg FILE, or "
                "--vgg torchvision to download them (575 MB)"
            )
        else:
            self.vgg = VGGDistance(vgg).eval().to(memory_format=torch.channels_last)
            self.about["vgg"] = f"{self.vgg}; {Path(vgg).name}, {digest_of(self.vgg)}"
        try:
            nothing = np.zeros((64, 64, 3), np.uint8)
            lpips(nothing, nothing)
            self.about["lpips"] = "AlexNet, torchmetrics"
        except MetricUnavailable as reason:
            self.missing["lpips"] = _without_folder(reason)

    def __call__(
        self, results: Mapping[str, np.ndarray], hr: np.ndarray
    ) -> dict[str, dict[str, float | None]]:
        """Name -> a number for each of COLUMNS; None where it is missing."""
        vgg = {} if self.vgg is None else vgg_distances(self.vgg, results, hr)
        return {
            name: {
                "vgg": vgg.get(name),
                "lpips": None if "lpips" in self.missing else lpips(sr, hr),
                "niqe": self.naturalness(sr),
            }
            for name, sr in results.items()
        }

    def naturalness(self, image: np.ndarray) -> float | None:
        """NIQE; None of an image that is too small or too flat for it."""
        try:
            return float(niqe(image, border=self.border))
        except ArgumentError:
            return None


@torch.no_grad()
def vgg_distances(
    distance: VGGDistance, results: Mapping[str, np.ndarray], hr: np.ndarray
) -> dict[str, float]:
    """:class:`srlib.networks.vgg.VGGDistance` of several results to one truth, in tiles.

    The truth's features are computed once, and memory does not grow with the image.

    Args:
        distance: on the CPU; in torch.channels_last it takes little more than half the time.
        results: name -> uint8 ``(H, W, 3)``.
        hr: uint8 ``(H, W, 3)``.
    """
    height, width = hr.shape[:2]
    sums = {name: 0.0 for name in results}
    for window in windows(height, width, 1, MARGIN, TILE, grid=TILE):
        truth = _unit_features(distance, hr, window)
        for name, sr in results.items():
            seen = _unit_features(distance, sr, window)
            for a, b, stride in zip(seen, truth, _strides(distance), strict=True):
                positions = (height // stride) * (width // stride)
                sums[name] += float(a.sub_(b).square_().sum()) / positions
    return {name: total / len(_strides(distance)) for name, total in sums.items()}


def _unit_features(distance: VGGDistance, image: np.ndarray, window: Window) -> list[torch.Tensor]:
    """Features of a tile, ``(1, C, h, w)`` for each layer, of length 1 at each position."""
    around = np.ascontiguousarray(image[window.around])
    pixels = torch.from_numpy(around).permute(2, 0, 1)[None].float() / 255  # channels last
    found = []
    for features, stride in zip(distance.vgg(pixels), _strides(distance), strict=True):
        inside = (slice(each.start // stride, each.stop // stride) for each in window.inside)
        found.append(functional.normalize(features[(..., *inside)], dim=1, eps=1e-10))
    return found


def _strides(distance: VGGDistance) -> list[int]:
    """Image pixels between two features, for each layer: each pool before it doubles them."""
    pools = [isinstance(layer, nn.MaxPool2d) for layer in distance.vgg.features]
    return [2 ** sum(pools[:position]) for position in distance.vgg.positions]


def _in_cache() -> bool:
    return (Path(torch.hub.get_dir()) / "checkpoints" / IN_CACHE).is_file()


def _without_folder(reason: Exception) -> str:
    """The reason without the name of this machine's cache: it goes into tables."""
    return str(reason).replace(str(torch.hub.get_dir()), "torch's cache")
