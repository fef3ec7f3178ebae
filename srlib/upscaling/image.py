"""One image made larger, whatever it comes as and whatever the method."""

import os
from pathlib import Path

import numpy as np
from torch import nn

from srlib.data.photographs import Photograph
from srlib.errors import ArgumentError, ImageError
from srlib.images.reading import read_photo
from srlib.images.values import check_uint8
from srlib.upscaling.method import Function, Method
from srlib.upscaling.sizes import Sizes, checked_scale
from srlib.upscaling.upscaler import Upscaler


def upscale(
    image: np.ndarray | str | os.PathLike | Photograph,
    scale: float,
    method: str | Path | nn.Module | Function | Method = "bicubic",
    *,
    tile: int | None = None,
) -> np.ndarray:
    """Enlarge an image.

    A network has factors of its own. For another scale it enlarges by the smallest of them that
    suffices, and MATLAB's resizer makes the result exactly as large as asked; where the largest
    does not suffice, the resizer does the rest.

    Alpha is enlarged by bicubic interpolation, whatever the method. Where a pixel is fully
    transparent its colour means nothing, and would bleed over the outline as a dark fringe; there
    the nearest visible colour is used.

    16 bits a value are for bicubic interpolation alone: ``imresize`` of floats, with the mirrored
    border of MATLAB's releases after 2013, rounded once (half up) and clipped to 0..65535. The
    networks were trained on 8 bits and compute with the precision of those.

    Args:
        image: a file, a photograph of :func:`srlib.data.photographs.photograph`, or an array:
            uint8 ``(H, W)`` grey, or ``(H, W, C)`` with C = 1 to 4 as ``srlib.read`` gives; or
            uint16 ``(H, W)``, or ``(H, W, C)`` with C = 2 to 4.
        scale: 1 to 8; each side becomes ``ceil(side * scale)``.
        method: ``"bicubic"``, MATLAB's ``imresize``, bit for bit; ``"srcnn"``, the shipped network
            on luma and bicubic interpolation of colour; ``"srresnet"``, nearest to the truth of
            all; ``"srgan"``, which looks sharpest and invents detail, or ``"srgan@0.7"``, part of
            the way there; ``"srresnet-vgg"``, SRGAN without its judge; or whatever else
            :func:`srlib.upscaling.method.load` takes: a run, a file, a network, a function, or a
            method that was loaded before, with a precision of your choice.
        tile: side in pixels of what is computed at a time, besides its neighbourhood. It changes
            the memory and the time, not the result; by default the memory that is available says.

    Returns:
        ``(ceil(H * scale), ceil(W * scale))`` with the same number of planes and the same type.

    Raises:
        ImageError: a file that cannot be read, another kind of array, or a result that does not
            fit into the memory at hand.
        ArgumentError: for another scale, method or tile.
        CheckpointError: a run or file without whole weights.
        MethodError: a function that fails, or returns another kind of image.
    """
    check_tile(tile)
    upscaler = Upscaler(method, Sizes(scale=checked_scale(scale)))
    if isinstance(image, Photograph):
        image = image.image
    elif isinstance(image, str | os.PathLike):
        image = read_photo(image).pixels
    _check_image(image)
    return upscaler(image, tile)


def _check_image(image: np.ndarray) -> None:
    if not isinstance(image, np.ndarray) or image.dtype != np.uint16:
        check_uint8(image)
    elif image.shape[2:] not in ((), (2,), (3,), (4,)) or image.ndim < 2 or not image.size:
        raise ImageError(
            f"expected uint16 (H, W), or (H, W, C) with C = 2 to 4, got shape {image.shape}"
        )


def check_tile(tile: int | None) -> None:
    """Refuse what is no side of a tile.

    Raises:
        ArgumentError: for anything but None and a whole number of pixels, at least 1.
    """
    if tile is not None and (isinstance(tile, bool) or not isinstance(tile, int) or tile < 1):
        raise ArgumentError(f"tile must be a whole number of pixels, at least 1, not {tile!r}")
