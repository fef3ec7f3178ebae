"""Large images in tiles that overlap: the result of the whole image, in the memory of a tile.

What a method computes for a pixel depends on pixels up to a certain distance, its *margin*. Given a
tile with so much around it, it computes for the tile what it would on the whole image.
"""

import math
from collections.abc import Callable, Iterator
from typing import NamedTuple

import psutil
import torch

TILE = 512  # LR pixels: side of a tile where nothing else is said

SMALLEST = 32  # LR pixels: side of a tile when memory is short; smaller ones are nearly all margin

MOST = 300_000_000  # bytes for the work on a tile: with larger ones little is gained in speed


class Window(NamedTuple):
    """A tile; the three are pairs of slices, of rows and of columns.

    Attributes:
        around: the tile with its neighbourhood, in the small image.
        inside: what the tile is of the enlarged neighbourhood.
        target: where that goes in the large image.
    """

    around: tuple[slice, slice]
    inside: tuple[slice, slice]
    target: tuple[slice, slice]


def windows(
    height: int, width: int, scale: int, margin: int, tile: int, grid: int = 1
) -> Iterator[Window]:
    """Tiles that cover an image of ``height`` x ``width`` pixels, row by row.

    Args:
        scale: of the enlargement.
        margin: pixels of the small image around a tile.
        tile: at most so many pixels of the small image a side; those of an image are about equal.
        grid: tiles begin at multiples of it, as pooling asks for; it divides ``tile``.
    """
    columns = list(_spans(width, scale, margin, tile, grid))
    for rows in _spans(height, scale, margin, tile, grid):
        for each in columns:
            yield Window(*zip(rows, each, strict=True))


def _spans(
    size: int, scale: int, margin: int, tile: int, grid: int
) -> Iterator[tuple[slice, slice, slice]]:
    """The tiles along one axis, each as ``around``, ``inside`` and ``target``."""
    pieces = math.ceil(size / tile)
    starts = [size * piece // pieces for piece in range(pieces)]
    starts = [math.ceil(start / grid) * grid for start in starts]
    for start, stop in zip(starts, [*starts[1:], size], strict=True):
        before = max(0, start - margin)
        inside = slice((start - before) * scale, (stop - before) * scale)
        yield slice(before, stop + margin), inside, slice(start * scale, stop * scale)


@torch.inference_mode()
def in_tiles(
    network: Callable[[torch.Tensor], torch.Tensor],
    lr: torch.Tensor,
    scale: int,
    margin: int,
    tile: int = TILE,
) -> torch.Tensor:
    """A network's result on an image of any size, tile by tile: the same as in one go.

    Args:
        network: ``(1, C, h, w)`` -> ``(1, C', h * scale, w * scale)``.
        lr: ``(1, C, H, W)``, an image or features.
        scale: the network's.
        margin: LR pixels that the network needs around each.
        tile: side of a tile in LR pixels, without its neighbourhood.

    Returns:
        ``(1, C', H * scale, W * scale)``, clamped to [0, 1].
    """
    height, width = lr.shape[2:]
    sr = None
    for window in windows(height, width, scale, margin, tile):
        part = network(lr[(..., *window.around)])[(..., *window.inside)]
        if sr is None:
            sr = part.new_empty(1, part.shape[1], height * scale, width * scale)
        sr[(..., *window.target)].copy_(part).clamp_(0, 1)
    return sr


def tile_side(bytes_per_pixel: int, margin: int) -> int:
    """LR pixels a side that can be computed at a time in the memory that is now available.

    A quarter of what the system has to give, and never more than ``MOST`` bytes. The system's
    figure knows nothing of a container's own limit.

    Args:
        bytes_per_pixel: for each LR pixel of a tile and of its margin.
        margin: LR pixels around a tile.
    """
    memory = min(MOST, psutil.virtual_memory().available // 4)
    return max(SMALLEST, math.isqrt(memory // bytes_per_pixel) - 2 * margin)
