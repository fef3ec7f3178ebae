"""An image made larger, tile by tile, by one of the methods."""

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
from scipy.ndimage import distance_transform_edt

from srlib import networks
from srlib.images import ImageError, split_alpha
from srlib.networks import BICUBIC_MARGIN
from srlib.pretrained import check_scale
from srlib.resize import imresize
from srlib.tiles import tile_side, windows

METHODS = ("bicubic", "srcnn", "srresnet", "srgan")
SCALES = (2, 3, 4)

Slices = tuple[slice, slice]


def upscale(
    image: np.ndarray, scale: int, method: str = "bicubic", *, tile: int | None = None
) -> np.ndarray:
    """Enlarge an image by a whole factor.

    Alpha is enlarged by bicubic interpolation, whatever the method. Where a pixel is fully
    transparent its colour means nothing, and would bleed over the outline as a dark fringe; there
    the nearest visible colour is used.

    16 bits a value are for bicubic interpolation alone: MATLAB's floating-point ``imresize``, which
    mirrors the image at its border, rounded once (half up) and clipped to 0..65535. The networks
    were trained on 8 bits and compute with the precision of those.

    Args:
        image: uint8 ``(H, W)`` grey, or ``(H, W, C)`` with C = 1 to 4 as ``images.read`` gives; or
            uint16 ``(H, W)`` or ``(H, W, 3)``.
        scale: 2, 3 or 4; for SRResNet and SRGAN 4.
        method: ``"bicubic"``, MATLAB's ``imresize``, bit for bit; ``"srcnn"``, the shipped network
            on luma and bicubic interpolation of colour; ``"srresnet"``, nearest to the truth of
            all; or ``"srgan"``, which looks sharpest and invents detail.
        tile: side in pixels of what is computed at a time, besides its neighbourhood. It changes
            the memory and the time, not the result; by default the memory that is available says.

    Returns:
        ``(H * scale, W * scale)`` with the same number of planes and the same type.

    Raises:
        ImageError: for another kind of array.
        ValueError: for another scale, method or tile.
    """
    sr = None
    for target, block in pieces(image, scale, method, tile):
        if sr is None:
            shape = (image.shape[0] * scale, image.shape[1] * scale, *image.shape[2:])
            sr = np.empty(shape, image.dtype)
        sr[target] = block
    return sr


def pieces(
    image: np.ndarray, scale: int, method: str, tile: int | None = None
) -> Iterator[tuple[Slices, np.ndarray]]:
    """What :func:`upscale` returns, piece by piece: rows and columns, and the pixels there."""
    check(scale, method, tile)
    if isinstance(image, np.ndarray) and image.dtype == np.uint16:
        colour, alpha = _sixteen_bits(image, method), None
    else:
        colour, alpha = split_alpha(image)
    if alpha is not None:
        colour = _fill_transparent(colour, alpha)
    enlarge, margin, bytes_per_pixel = _how(colour, scale, method)
    tile = tile or tile_side(bytes_per_pixel, margin)
    for window in windows(*colour.shape[:2], scale, margin, tile):
        block = enlarge(colour[window.around])[window.inside]
        if alpha is not None:
            opacity = imresize(alpha[window.around], scale)[window.inside]
            block = np.dstack([block, opacity])
        yield window.target, block.reshape(*block.shape[:2], *image.shape[2:])


def _how(
    colour: np.ndarray, scale: int, method: str
) -> tuple[Callable[[np.ndarray], np.ndarray], int, int]:
    """What enlarges a tile, the margin it needs, and the bytes it takes for each LR pixel."""
    planes = colour.shape[2] if colour.ndim == 3 else 1
    if colour.dtype == np.uint16:
        return partial(_bicubic_16, scale=scale), BICUBIC_MARGIN, planes * scale**2 * 45
    if method == "bicubic":
        return partial(imresize, scale=scale), BICUBIC_MARGIN, planes * scale**2 * 4
    network = networks.load(method, scale)
    return partial(networks.enlarge, network), network.margin, network.bytes_per_pixel


def _bicubic_16(image: np.ndarray, scale: int) -> np.ndarray:
    """uint16 ``(H, W[, 3])``: rounded once, as the values between the two passes are not."""
    sr = imresize(image.astype(np.float64), scale)
    sr += 0.5
    return np.clip(np.floor(sr, out=sr), 0, 65535, out=sr).astype(np.uint16)


def _sixteen_bits(image: np.ndarray, method: str) -> np.ndarray:
    if method != "bicubic":
        raise ImageError(
            f"16 bits a value are for bicubic, {method} works with 8: convert the image to 8 bit "
            "first, or use bicubic"
        )
    if image.ndim not in (2, 3) or image.shape[2:] not in ((), (3,)) or 0 in image.shape:
        raise ImageError(f"expected uint16 (H, W) or (H, W, 3), got shape {image.shape}")
    return image


def _fill_transparent(colour: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """``colour`` ``(H, W[, 3])`` with that of the nearest visible pixel where alpha is 0."""
    hidden = alpha == 0
    if hidden.all() or not hidden.any():
        return colour
    rows, columns = distance_transform_edt(hidden, return_distances=False, return_indices=True)
    return colour[rows, columns]


def check(scale: int, method: str, tile: int | None = None) -> None:
    """Refuse what :func:`upscale` cannot do, before any work.

    Raises:
        ValueError: for another scale, method or tile.
    """
    if scale not in SCALES:
        raise ValueError(f"scale must be 2, 3 or 4, not {scale!r}")
    if method not in METHODS:
        raise ValueError(f"method must be one of {', '.join(METHODS)}, not {method!r}")
    check_scale(method, scale)
    if tile is not None and (isinstance(tile, bool) or not isinstance(tile, int) or tile < 1):
        raise ValueError(f"tile must be a whole number of pixels, at least 1, not {tile!r}")
