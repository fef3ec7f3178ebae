"""Which images are learned from and which are held out; and whether pairs belong together."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from accelerate import Accelerator
from PIL import Image

from srlib.data.patches import Patches
from srlib.data.published import div2k
from srlib.errors import ArgumentError, ImageError, TrainingError
from srlib.images.formats import image_folder
from srlib.images.resize import imresize
from srlib.images.values import shave

PATCH = 96  # HR pixels: side of a training patch of SRResNet and SRGAN, as in the paper
HELD_OUT = 10  # images of a folder that are validated on, not trained on
DOWNSCALES = (0.8, 0.6)  # each image is seen at these sizes too
LOWEST_FLOOR = 15.0  # dB; bicubic reaches 20 and more on true pairs, 10 on shuffled ones

Data = Sequence[str | Path]


def split(data: Data, accelerator: Accelerator) -> tuple[list[Path], list[Path]]:
    """Images to train on and to validate on.

    Of DIV2K the 640 and 160 of :func:`srlib.data.published.div2k`. Of folders, taken one after the
    other, about ten images at equal steps are held out, or a tenth when there are fewer than 100.

    Args:
        data: folders of images, or ``"DIV2K"`` alone.
        accelerator: its main process goes first, as it may have to download DIV2K.

    Raises:
        ImageError: folders with less than two images, or DIV2K beside folders.
    """
    if not data:
        raise ArgumentError("no data to train on: give a folder of images, or DIV2K")
    with accelerator.main_process_first():
        if [str(entry).upper() for entry in data] == ["DIV2K"]:
            return div2k("train"), div2k("val")
        if any(str(entry).upper() == "DIV2K" for entry in data):
            raise ImageError("DIV2K has its own validation images: give it alone, without folders")
        images = [path for folder in data for path in image_folder(folder)]
    if len(images) < 2:
        raise ImageError(
            f"{len(images)} image in {', '.join(map(str, data))}: training needs one and "
            "validation another, better 100 or more"
        )
    held_out = images[:: max(2, len(images) // HELD_OUT)] if len(images) >= 100 else images[::10]
    return [path for path in images if path not in held_out], held_out


def large_enough(images: Sequence[Path], data: Data) -> list[Path]:
    """Those of the images that hold a patch.

    Raises:
        ImageError: when none does, or one cannot be read.
    """
    large = [path for path in images if _shorter_side(path) >= PATCH]
    if not large:
        raise ImageError(
            f"no image in {', '.join(map(str, data))} has {PATCH} pixels on each side, which a "
            "training patch needs: give larger images"
        )
    return large


def rgb_patches(
    images: Sequence[Path | np.ndarray], scale: int, batch_size: int, seed: int
) -> Patches:
    """Aligned RGB patches, refused if they do not belong together."""
    patches = Patches(images, scale, PATCH, batch_size, seed, downscales=DOWNSCALES)
    lr, hr = patches.batch(0)
    check_pairs(imresize(lr, scale), hr)
    return patches


def check_pairs(bicubic: torch.Tensor, hr: torch.Tensor) -> None:
    """Refuse inputs and truths that do not belong together, before anything is learned from them.

    The upscaled images must be close to the truth, and closer than when moved by a pixel.

    Args:
        bicubic, hr: ``(B, C, H, W)`` in [0, 1].

    Raises:
        TrainingError: for shuffled or misaligned pairs.
    """
    centre = shave(hr, 1)
    height, width = centre.shape[-2:]
    errors = {
        (top, left): float(
            torch.mean((bicubic[..., top : top + height, left : left + width] - centre) ** 2)
        )
        for top in range(3)
        for left in range(3)
    }
    best = min(errors, key=errors.get)
    floor = -10 * np.log10(max(errors[1, 1], 1e-12))
    if floor < LOWEST_FLOOR or errors[best] < errors[1, 1]:
        raise TrainingError(
            f"the LR and HR patches do not belong together: bicubic alone reaches {floor:.1f} dB, "
            f"and fits best moved by {best[0] - 1}, {best[1] - 1} pixels. True pairs reach 20 dB "
            "and fit best where they are: check how the pairs are made"
        )


def _shorter_side(path: Path) -> int:
    try:
        with Image.open(path) as image:
            return min(image.size)
    except OSError as error:
        raise ImageError(f"cannot read {str(path)!r}: {error}") from error
