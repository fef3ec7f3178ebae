"""Images to any size, by MATLAB's resizer, band by band: where no network has that factor.

The result is that of :func:`srlib.images.resize.imresize`, to the last bit, in the memory of the
result and of a band; and width and height may have factors of their own.
"""

from collections.abc import Iterator

import numpy as np

from srlib.images.kernels import resize_weights
from srlib.upscaling.sizes import Size

BAND = 256  # rows of the result at a time

Slices = tuple[slice, slice]


def resized(
    image: np.ndarray, size: Size, factor: int = 1, band: int = BAND
) -> Iterator[tuple[Slices, np.ndarray]]:
    """The image at that size, piece by piece: rows and columns of the result, and the pixels there.

    8-bit values are rounded after each of the two passes, as MATLAB does; 16-bit ones once. Colour
    beside alpha is weighted by it, so that what cannot be seen does not bleed into what can.

    Args:
        image: uint8 or uint16 ``(H, W)`` or ``(H, W, C)``, C = 1 to 4; C = 2 and 4 end in alpha.
        size: of the result. Its ratios are to an image of which this one is an enlargement.
        factor: of that enlargement.
        band: rows of the result at a time.
    """
    planes = image if image.ndim == 3 else image[..., None]
    deep = image.dtype == np.uint16
    border = "symmetric" if deep else "replicate"
    rows = resize_weights(image.shape[0], size.height, size.down / factor, "cubic", True, border)
    columns = resize_weights(
        image.shape[1], size.width, size.across / factor, "cubic", True, border
    )
    most = 65535 if deep else 255
    for top in range(0, size.height, band):
        part = slice(top, min(top + band, size.height))
        taps = rows[0][part], rows[1][part]
        if planes.shape[2] in (2, 4):
            block = _with_alpha(planes, taps, columns, most)
        else:
            block = _both_ways(planes, taps, columns, None if deep else most)
            block = _rounded(block, most)
        block = block.astype(image.dtype).reshape(*block.shape[:2], *image.shape[2:])
        yield (part, slice(0, size.width)), block


Taps = tuple[np.ndarray, np.ndarray]


def _with_alpha(planes: np.ndarray, rows: Taps, columns: Taps, most: int) -> np.ndarray:
    """Colour times alpha, and alpha, each resized and not rounded, then the one over the other.

    Where the image grows, both stay within the four pixels around a point: the overshoot of bicubic
    interpolation would be a halo in alpha, and a colour that was never there in the quotient.
    """
    lowest, highest = rows[0].min(), rows[0].max() + 1
    near = planes[lowest:highest].astype(np.float64)
    rows = rows[0] - lowest, rows[1]
    colour, alpha = near[..., :-1], near[..., -1:]
    opacity = _both_ways(alpha, rows, columns)
    seen = _both_ways(colour * alpha, rows, columns)
    plain = _both_ways(colour, rows, columns)  # where nothing can be seen colour still has a value
    visible = opacity > 0.5
    over = np.where(visible, seen / np.where(visible, opacity, 1), plain)
    if max(rows[0].shape[1], columns[0].shape[1]) <= 4:  # Keys' taps, not widened: it grows
        low, high = _limits(colour, rows, columns)
        over = np.clip(over, np.minimum(low, plain), np.maximum(high, plain))
        opacity = np.clip(opacity, *_limits(alpha, rows, columns))
    return _rounded(np.concatenate([over, opacity.clip(0, most)], axis=2), most)


def _limits(planes: np.ndarray, rows: Taps, columns: Taps) -> tuple[np.ndarray, np.ndarray]:
    """The smallest and the largest of the four pixels around each point: those that count most."""
    low = high = planes
    for axis, (indices, weights) in enumerate((rows, columns)):
        places = np.take_along_axis(indices, np.argsort(weights, axis=1)[:, -2:], axis=1)
        first, last = places[:, 0], places[:, -1]  # the same where the size stays: one tap
        low = np.minimum(low.take(first, axis), low.take(last, axis))
        high = np.maximum(high.take(first, axis), high.take(last, axis))
    return low, high


def _both_ways(
    planes: np.ndarray, rows: Taps, columns: Taps, most: int | None = None
) -> np.ndarray:
    """``(h, w, C)`` in float64: rows, then columns; rounded in between where ``most`` is given.

    The products are added in the order of the taps, as ``imresize`` does.
    """
    indices, weights = rows
    total = planes[indices[:, 0]] * weights[:, 0, None, None]
    for tap in range(1, indices.shape[1]):
        total += planes[indices[:, tap]] * weights[:, tap, None, None]
    if most is not None:
        total = _rounded(total, most)
    indices, weights = columns
    result = total[:, indices[:, 0]] * weights[:, 0, None]
    for tap in range(1, indices.shape[1]):
        result += total[:, indices[:, tap]] * weights[:, tap, None]
    return result


def _rounded(values: np.ndarray, most: int) -> np.ndarray:
    """Halves up, clipped to 0..most, in place."""
    values += 0.5
    return np.clip(np.floor(values, out=values), 0, most, out=values)
