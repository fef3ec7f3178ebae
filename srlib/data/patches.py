"""Training data: aligned low- and high-resolution patches, cut at random from images in memory.

The low-resolution side is made from the whole image, as the published LR files are, so that a patch
has the same pixels as the same place of such a file: nothing is resized at a patch's edge.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import torch

from srlib.data.pairs import degrade
from srlib.errors import ArgumentError, ImageError
from srlib.images.reading import read_rgb
from srlib.images.resize import imresize
from srlib.images.values import rgb_to_luma

Batch = tuple[torch.Tensor, torch.Tensor]


class Patches:
    """Aligned random patches; batch number ``n`` depends on the seed and on ``n`` alone.

    So a training that was stopped at step ``n`` goes on with exactly the batches it would have
    seen, and several processes can each cut their part of the same batch.

    Args:
        images: uint8 ``(H, W, 3)`` or grey ``(H, W)`` arrays, or paths of image files. Each is
            decoded once and kept in memory in 8 bit, with its low-resolution version.
        scale: 1 to 4, the factor between the two sides.
        patch_size: side of an HR patch in pixels, a multiple of ``scale``.
        batch_size: patches in a batch, over all processes together.
        seed: two samplers with the same arguments and seed give the same batches.
        channel: ``"RGB"``, or ``"Y"`` for the luma alone: of the HR image and of the RGB LR image,
            each rounded to 8 bit.
        downscales: the images are added once more at each of these sizes, such as ``(0.9, 0.8,
            0.7, 0.6)``, which shows a network the same things smaller (Timofte, Rothe, Van Gool,
            "Seven ways to improve example-based single image super resolution", CVPR 2016).
            A copy smaller than a patch is left out.

    Raises:
        ImageError: for an image that cannot be read or is smaller than a patch; names it.
        ArgumentError: for any other argument that cannot be used, or no image at all.

    >>> image = np.arange(64 * 64, dtype=np.uint8).reshape(64, 64)
    >>> patches = Patches([image], scale=2, patch_size=32, batch_size=4, seed=0)
    >>> lr, hr = patches.batch(0)
    >>> tuple(lr.shape), tuple(hr.shape)
    ((4, 3, 16, 16), (4, 3, 32, 32))
    """

    def __init__(
        self,
        images: Iterable[np.ndarray | str | Path],
        scale: int,
        patch_size: int,
        batch_size: int,
        seed: int = 0,
        *,
        channel: str = "RGB",
        downscales: Sequence[float] = (),
    ) -> None:
        _check_settings(scale, patch_size, batch_size, seed, channel, downscales)
        self.scale, self.patch_size, self.batch_size = scale, patch_size, batch_size
        self.seed, self.channel = seed, channel
        self.pairs: list[tuple[np.ndarray, np.ndarray]] = []  # (lr, hr), uint8 (C, H, W)
        for index, image in enumerate(images):
            for hr in _sizes(_load(image, index, patch_size), downscales, patch_size):
                self.pairs.append(_pair(hr, scale, channel))
        if not self.pairs:
            raise ArgumentError("no images to cut patches from: give at least one")
        sides = np.array([lr.shape[1:] for lr, _ in self.pairs])  # (n, 2) height, width
        self._area_ends = np.cumsum(sides.prod(axis=1))  # of all LR images laid end to end
        self._places = sides - patch_size // scale + 1  # (n, 2) rows and columns to cut at

    def batch(self, step: int, rank: int = 0, world: int = 1) -> Batch:
        """Batch number ``step`` (from 0), or the part of it that process ``rank`` works on.

        Returns:
            ``lr`` ``(B, C, p / scale, p / scale)`` and ``hr`` ``(B, C, p, p)``, float32 in [0, 1];
            ``B`` is ``batch_size / world``, ``C`` is 3, or 1 for luma, ``p`` is ``patch_size``.
            The parts of ranks 0, 1, ... one after the other are the batch of a single process.

        Raises:
            ArgumentError: when ``batch_size`` cannot be shared out equally among the processes.
        """
        if not 0 <= rank < world or self.batch_size % world:
            raise ArgumentError(
                f"cannot give process {rank} of {world} an equal part of {self.batch_size} "
                "patches: choose a batch_size that is a multiple of the number of processes"
            )
        share = self.batch_size // world
        cuts = self._cuts(step)[rank * share : (rank + 1) * share]
        channels = self.pairs[0][1].shape[0]
        size, small = self.patch_size, self.patch_size // self.scale
        lr = np.empty((share, channels, small, small), np.uint8)
        hr = np.empty((share, channels, size, size), np.uint8)
        for row, (index, top, left, symmetry) in enumerate(cuts.tolist()):
            lr[row] = _cut(self.pairs[index][0], top, left, small, symmetry)
            hr[row] = _cut(
                self.pairs[index][1], top * self.scale, left * self.scale, size, symmetry
            )
        return _to_float(lr), _to_float(hr)

    def _cuts(self, step: int) -> np.ndarray:
        """Where batch ``step`` is cut: ``(B, 4)`` of image, top, left (LR pixels), symmetry.

        An image is drawn in proportion to its area, a place in it evenly.
        """
        rng = np.random.default_rng([self.seed, step])
        pixel = rng.integers(self._area_ends[-1], size=self.batch_size)
        index = np.searchsorted(self._area_ends, pixel, side="right")
        corner = rng.integers(self._places[index])  # (B, 2)
        symmetry = rng.integers(8, size=self.batch_size)
        return np.column_stack([index, corner, symmetry])


def _check_settings(
    scale: int,
    patch_size: int,
    batch_size: int,
    seed: int,
    channel: str,
    downscales: Sequence[float],
) -> None:
    if scale not in (1, 2, 3, 4):
        raise ArgumentError(f"scale must be 1, 2, 3 or 4, not {scale!r}")
    if patch_size < scale or patch_size % scale:
        raise ArgumentError(
            f"patch_size counts HR pixels and must be a multiple of scale {scale}, "
            f"not {patch_size!r}"
        )
    if batch_size < 1:
        raise ArgumentError(f"batch_size must be at least 1, not {batch_size!r}")
    if seed < 0:
        raise ArgumentError(f"seed must be 0 or more, not {seed!r}")
    if channel not in ("RGB", "Y"):
        raise ArgumentError(f"channel must be 'RGB' or 'Y', not {channel!r}")
    if not all(0 < factor < 1 for factor in downscales):
        raise ArgumentError(f"downscales must lie between 0 and 1, not {tuple(downscales)}")


def _load(image: np.ndarray | str | Path, index: int, patch_size: int) -> np.ndarray:
    """One image as uint8 ``(H, W, 3)``, at least as large as a patch."""
    if isinstance(image, str | Path):
        name, array = str(image), read_rgb(image)
    else:
        name, array = f"image {index}", image
    if not isinstance(array, np.ndarray) or array.dtype != np.uint8:
        kind = getattr(array, "dtype", type(array).__name__)
        raise ImageError(f"{name}: expected a uint8 array or the path of an image, got {kind}")
    if array.ndim == 2:
        array = np.stack([array] * 3, axis=-1)
    if array.ndim != 3 or array.shape[2] != 3:
        raise ImageError(f"{name}: expected shape (H, W) or (H, W, 3), got {array.shape}")
    height, width = array.shape[:2]
    if min(height, width) < patch_size:
        raise ImageError(
            f"{name} is {width}x{height}, smaller than a patch of {patch_size}x{patch_size}: "
            "leave it out or choose a smaller patch_size"
        )
    return array


def _sizes(image: np.ndarray, downscales: Sequence[float], patch_size: int) -> Iterable[np.ndarray]:
    """The image, then its smaller copies that still hold a patch."""
    yield image
    for factor in downscales:
        if min(image.shape[:2]) * factor >= patch_size:
            yield imresize(image, factor)


def _pair(image: np.ndarray, scale: int, channel: str) -> tuple[np.ndarray, np.ndarray]:
    """(lr, hr), uint8 ``(C, h, w)`` and ``(C, H, W)``, from an RGB image ``(H', W', 3)``.

    LR luma is taken from the RGB LR image, as from a published LR file.
    """
    lr, hr = degrade(image, scale)
    if channel == "Y":
        return rgb_to_luma(lr)[None], rgb_to_luma(hr)[None]
    return tuple(np.ascontiguousarray(side.transpose(2, 0, 1)) for side in (lr, hr))


def _cut(image: np.ndarray, top: int, left: int, size: int, symmetry: int) -> np.ndarray:
    """A ``(C, size, size)`` view of ``(C, H, W)`` under one of the 8 symmetries of the square."""
    patch = image[:, top : top + size, left : left + size]
    if symmetry & 1:
        patch = patch[:, ::-1]
    if symmetry & 2:
        patch = patch[:, :, ::-1]
    return patch.transpose(0, 2, 1) if symmetry & 4 else patch


def _to_float(batch: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(batch).float().div_(255)
