"""Photographs in the GPU's memory, and random aligned patches cut there.

All images lie end to end in one buffer of bytes, their low-resolution versions in another. A batch
is then a table of addresses and one gather: no loop over its patches, nothing sent from the
processor, and no wait for it. Cut one by one in Python, 16 patches took longer than learning from
them.
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from srlib.data.pairs import degrade
from srlib.errors import ImageError
from srlib.images.formats import image_folder
from srlib.images.reading import read_rgb
from srlib.images.resize import imresize

Pairs = list[tuple[np.ndarray, np.ndarray]]  # (LR, HR), uint8 (h, w, 3) and (H, W, 3)

HELD_OUT = frozenset(  # file names, without suffix: 9 of BSDS399, 1 of T91, 7 of Photos296
    "100007 120093 159002 188063 227040 27059 35010 48055 92014 t49 bep_0001 hugogal_0560 "
    "oceanic_0901 deb-lomiri-16.04_0278 hugogal_0571 mdx_0782 waschinski_1459".split()
)
ABOUT = 16  # images that are held out where none has one of these names


def split(folders: Iterable[str | Path]) -> tuple[list[Path], list[Path]]:
    """Images to train on and to validate on.

    Those of :data:`HELD_OUT` are validated on; of other folders, taken one after the other, about
    16 images at equal steps, which is how these were found.

    Raises:
        ImageError: a folder without images, or less than two images in all.
    """
    images = [path for folder in folders for path in image_folder(folder)]
    held_out = [path for path in images if path.stem in HELD_OUT]
    held_out = held_out or images[:: max(2, len(images) // ABOUT)]
    training = [path for path in images if path not in held_out]
    if not training:
        raise ImageError(
            f"no image is left to train on beside {len(held_out)} to validate on: give more"
        )
    return training, held_out


def pairs_of(path: Path, scale: int, smaller: Sequence[float], smallest: int) -> Pairs:
    """An image and its smaller copies, those whose shorter side has ``smallest`` pixels or more."""
    image = read_rgb(path)
    copies = (imresize(image, f) for f in smaller if min(image.shape[:2]) * f >= smallest)
    return [degrade(each, scale) for each in (image, *copies) if min(each.shape[:2]) >= smallest]


def read_all(
    images: Sequence[Path], scale: int, smaller: Sequence[float], smallest: int
) -> Iterator[Pairs]:
    """:func:`pairs_of` each, in as many threads as the machine has processors."""
    threads = torch.get_num_threads()
    one_each = {"initializer": torch.set_num_threads, "initargs": (1,)}
    try:
        with ThreadPoolExecutor(os.cpu_count(), **one_each) as pool:
            work = partial(pairs_of, scale=scale, smaller=smaller, smallest=smallest)
            yield from pool.map(work, images)
    finally:
        torch.set_num_threads(threads)


class Places(NamedTuple):
    """Where the patches of a batch are cut.

    Attributes:
        image: ``(B,)``, its number.
        corner: ``(B, 2)``, row and column of the top left LR pixel.
        symmetry: ``(B, 3)`` of 0 and 1: upside down, left to right, and then transposed.
    """

    image: torch.Tensor
    corner: torch.Tensor
    symmetry: torch.Tensor


class FlatPatches:
    """Aligned random patches out of two buffers on the device.

    Args:
        pairs: LR and HR uint8 ``(h, w, 3)`` and ``(h * scale, w * scale, 3)``, of at least a patch.
        scale: between the two.
        device: for the buffers and all that is made of them.

    Attributes:
        lr, hr: uint8 ``(n,)``: red, green, blue of each pixel, row by row, image by image.
        sides: ``(images, 2)``, height and width of each LR image.
        ends: ``(images,)``, LR pixels up to the end of each.

    Raises:
        ImageError: without any pair.
    """

    def __init__(
        self, pairs: Iterable[tuple[np.ndarray, np.ndarray]], scale: int, device: torch.device
    ) -> None:
        flat = [
            (*(torch.from_numpy(side.reshape(-1)).to(device) for side in pair), pair[0].shape[:2])
            for pair in pairs
        ]
        if not flat:
            raise ImageError("no image is large enough to cut patches from: give larger ones")
        lr, hr, sides = zip(*flat, strict=True)
        self.scale, self.device = scale, device
        self.lr, self.hr = torch.cat(lr), torch.cat(hr)
        self.sides = torch.tensor(sides, device=device)
        self.ends = torch.cumsum(self.sides.prod(dim=1), dim=0)

    def __len__(self) -> int:
        return len(self.sides)

    @property
    def megapixels(self) -> float:
        """Of all HR images."""
        return len(self.hr) / 3e6

    def batch(self, size: int, patch: int) -> tuple[torch.Tensor, torch.Tensor]:
        """``size`` patches of ``patch`` HR pixels a side, cut anywhere: see :meth:`cut`."""
        return self.cut(self.places(size, patch), patch)

    def places(self, size: int, patch: int) -> Places:
        """An image is drawn in proportion to its area, a place in it and a symmetry evenly."""
        device = self.device
        pixel = torch.rand(size, device=device, dtype=torch.float64) * self.ends[-1]
        image = torch.searchsorted(self.ends, pixel.long(), right=True)  # (B,)
        room = self.sides[image] - patch // self.scale + 1  # (B, 2)
        corner = (torch.rand(size, 2, device=device) * room).long().minimum(room - 1)
        return Places(image, corner, torch.randint(2, (size, 3), device=device))

    def cut(self, places: Places, patch: int) -> tuple[torch.Tensor, torch.Tensor]:
        """LR ``(B, 3, p / scale, p / scale)`` and HR ``(B, 3, p, p)``, float32 in [0, 1].

        Both lie in memory with the channels last.
        """
        return (
            self._gather(self.lr, places, patch // self.scale, 1),
            self._gather(self.hr, places, patch, self.scale),
        )

    def _gather(self, buffer: torch.Tensor, places: Places, side: int, factor: int) -> torch.Tensor:
        """``(B, 3, side, side)`` out of images that are ``factor`` times the LR ones."""
        image, corner, symmetry = places
        rows, columns = _turned(side, symmetry)  # (B, side, side) each
        corner = corner[:, :, None, None] * factor
        width = (self.sides[image, 1] * factor)[:, None, None]
        area = self.sides[image].prod(dim=1)
        start = ((self.ends[image] - area) * factor**2)[:, None, None]  # pixels before the image
        pixel = start + (corner[:, 0] + rows) * width + corner[:, 1] + columns
        address = 3 * pixel[..., None] + torch.arange(3, device=self.device)
        return buffer[address].permute(0, 3, 1, 2).float() / 255  # one gather


def _turned(side: int, symmetry: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Row and column that each pixel of a patch comes from, under one of the square's 8 symmetries.

    Args:
        symmetry: ``(B, 3)``, as in :class:`Places`.

    Returns:
        two ``(B, side, side)``.
    """
    along = torch.arange(side, device=symmetry.device)
    up, left, transposed = symmetry.bool().unbind(dim=1)
    rows = torch.where(up[:, None], side - 1 - along, along)  # (B, side)
    columns = torch.where(left[:, None], side - 1 - along, along)
    rows, columns = rows[:, :, None].expand(-1, -1, side), columns[:, None].expand(-1, side, -1)
    swap = transposed[:, None, None]
    return (
        torch.where(swap, rows.transpose(1, 2), rows),
        torch.where(swap, columns.transpose(1, 2), columns),
    )
