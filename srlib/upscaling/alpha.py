"""Colour beside alpha: what cannot be seen must not bleed into what can.

Between an opaque white pixel and a black one of alpha 40, interpolated colour would be grey and lay
a dark line on any background. So colour counts by its alpha: what is interpolated is colour times
alpha ("premultiplied", T. Porter, T. Duff, "Compositing Digital Images", SIGGRAPH 1984), which is
divided by the interpolated alpha afterwards.

Bicubic interpolation overshoots at a step. In alpha that is a halo, and in the quotient of two
steps it is a colour that was never there. So alpha stays within the four pixels around a point, and
colour within them or what it would be without alpha.
"""

import numpy as np
from scipy.ndimage import distance_transform_edt, maximum_filter, minimum_filter

from srlib.images.resize import imresize
from srlib.upscaling.tiles import windows

REACH = 2  # LR pixels on each side that bicubic interpolation looks at

MARGIN = 2 * REACH + 1  # LR pixels on each side that `with_alpha` depends on

TILE = 64  # LR pixels a side that are worked on at a time; where alpha is constant, they are quick

_STRAY = 16.0  # levels of 255 by which plain colour is wrong where a network's detail ends


def fill_transparent(colour: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """``colour`` ``(H, W[, 3])`` with that of the nearest visible pixel where alpha is 0."""
    hidden = alpha == 0
    if hidden.all() or not hidden.any():
        return colour
    rows, columns = distance_transform_edt(hidden, return_distances=False, return_indices=True)
    return colour[rows, columns]


def with_alpha(
    colour: np.ndarray, alpha: np.ndarray, sr: np.ndarray, scale: int, bicubic: bool
) -> np.ndarray:
    """The enlarged colour as it should be beside its alpha, and that enlarged.

    Where alpha is constant as far as interpolation looks, colour stays as it is. Elsewhere it
    becomes the premultiplied colour. What a network adds to plain interpolation comes on top of
    that, and fades as plain interpolation goes wrong: at a step of alpha between two colours a
    network sees an edge that is not there to be seen.

    Args:
        colour: uint8 or uint16 ``(h, w[, 3])``; where alpha is 0 it should be a visible one.
        alpha: of the same type, ``(h, w)``.
        sr: ``colour`` enlarged, of the same type.
        scale: by how much.
        bicubic: whether ``sr`` is plain interpolation itself.

    Returns:
        ``sr`` with one more plane, of the same type.
    """
    planes = sr.reshape(*sr.shape[:2], -1)
    if (alpha == alpha.flat[0]).all():
        return np.dstack([planes, np.full(sr.shape[:2], alpha.flat[0])])
    result = np.empty((*sr.shape[:2], planes.shape[2] + 1), sr.dtype)
    for window in windows(*alpha.shape, scale, MARGIN, TILE):
        row, column = (
            slice(each.start * scale, min(each.stop, size) * scale)
            for each, size in zip(window.around, alpha.shape, strict=True)
        )
        result[window.target] = _tile(
            colour[window.around], alpha[window.around], planes[row, column], scale, bicubic
        )[window.inside]
    return result


def _tile(
    colour: np.ndarray, alpha: np.ndarray, sr: np.ndarray, scale: int, bicubic: bool
) -> np.ndarray:
    """A part of it, premultiplied in float64; ``sr`` has three dimensions."""
    if (alpha == alpha.flat[0]).all():
        return np.dstack([sr, np.full(sr.shape[:2], alpha.flat[0])])
    most, border = np.iinfo(sr.dtype).max, "replicate" if sr.itemsize == 1 else "mirror"
    planes = colour.reshape(*alpha.shape, -1)
    opacity = alpha.astype(np.float64)
    plain = imresize(planes.astype(np.float64), scale, border=border)
    below = imresize(opacity, scale, border=border)
    above = imresize(planes * opacity[..., None], scale, border=border)
    true = _quotient(above, below[..., None], plain, planes, scale)
    steady = _spread(_range(alpha) == 0, scale)
    if not bicubic:
        stray = np.abs(true - plain).max(axis=2) * (255 / most)
        trust = 1 - np.minimum(1, maximum_filter(stray, 2 * REACH * scale + 1) / _STRAY)
        steady &= trust == 1
        true += trust[..., None] * (sr - plain.clip(0, most))
    true = np.dstack([true, np.clip(below, *_neighbours(opacity, scale))])
    true = np.clip(np.floor(true + 0.5), 0, most).astype(sr.dtype)
    true[..., :-1] = np.where(steady[..., None], sr, true[..., :-1])
    return true


def _quotient(
    above: np.ndarray, below: np.ndarray, plain: np.ndarray, planes: np.ndarray, scale: int
) -> np.ndarray:
    """Colour out of colour times alpha, within what its neighbours and ``plain`` allow."""
    seen = below >= 0.5  # less is rounded to 0, and cannot be seen
    quotient = np.where(seen, above / np.where(seen, below, 1), plain)
    low, high = _neighbours(planes, scale)
    return np.clip(quotient, np.minimum(low, plain), np.maximum(high, plain))


def _neighbours(image: np.ndarray, scale: int) -> tuple[np.ndarray, np.ndarray]:
    """The smallest and the largest of the four pixels around each point of the enlarged image."""
    low = high = image
    for axis in (0, 1):
        size = image.shape[axis]
        before = np.floor((np.arange(size * scale) + 0.5) / scale - 0.5).astype(int)
        first, second = (np.clip(before + step, 0, size - 1) for step in (0, 1))
        low = np.minimum(low.take(first, axis), low.take(second, axis))
        high = np.maximum(high.take(first, axis), high.take(second, axis))
    return low, high


def _range(alpha: np.ndarray) -> np.ndarray:
    """By how much alpha varies within reach of each pixel, and of those of its cell."""
    side = 2 * REACH + 1
    return maximum_filter(alpha, side, mode="nearest") - minimum_filter(alpha, side, mode="nearest")


def _spread(image: np.ndarray, scale: int) -> np.ndarray:
    return image.repeat(scale, axis=0).repeat(scale, axis=1)
