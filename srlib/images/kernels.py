"""Interpolation along one axis: kernels, and the weights they give to the pixels near a point.

A kernel says how much a pixel counts at distance x, in pixels, from the point of interest. Each
one here takes an array of any shape and returns one of the same shape. All are 1 at 0 and 0 at the
other integers, so that a point on a pixel gets that pixel's value.
"""

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Literal

import numpy as np

from srlib.errors import ArgumentError

Kernel = Callable[[np.ndarray], np.ndarray]
Border = Literal["symmetric", "replicate"]


def nearest(x: np.ndarray) -> np.ndarray:
    """1 for the pixel whose cell [-1/2, 1/2) holds the point, otherwise 0.

    >>> nearest(np.array([-0.5, 0.0, 0.5]))
    array([1., 1., 0.])
    """
    return np.where((x >= -0.5) & (x < 0.5), 1.0, 0.0)


def linear(x: np.ndarray) -> np.ndarray:
    """A straight line between two pixels: ``1 - |x|``, and 0 beyond 1.

    >>> linear(np.array([0.0, 0.25, 1.5]))
    array([1.  , 0.75, 0.  ])
    """
    return np.maximum(1.0 - np.abs(x), 0.0)


def keys(x: np.ndarray, a: float = -0.5) -> np.ndarray:
    """Cubic convolution: two cubic pieces that meet smoothly, with slope ``a`` at ``|x| = 1``.

    R. Keys, "Cubic convolution interpolation for digital image processing", IEEE Transactions on
    Acoustics, Speech, and Signal Processing 29(6), 1981. He derives ``a = -0.5``, the only value
    that reproduces quadratics, and MATLAB follows him. OpenCV takes -0.75.

    >>> keys(np.array([0.0, 0.5, 1.0, 1.5, 2.0]))
    array([ 1.    ,  0.5625,  0.    , -0.0625,  0.    ])
    """
    x = np.abs(x)
    near = ((a + 2) * x - (a + 3)) * x * x + 1
    far = (((x - 5) * x + 8) * x - 4) * a
    return np.where(x <= 1, near, np.where(x < 2, far, 0.0))


def lagrange(x: np.ndarray) -> np.ndarray:
    """The cubic polynomial through the four nearest pixels, two on each side of the point.

    Its pieces are Lagrange's basis polynomials for equally spaced points (M. Abramowitz, I. Stegun,
    *Handbook of Mathematical Functions*, 1964, equation 25.2.13). It reproduces cubics, but its
    slope jumps at every pixel.

    >>> lagrange(np.array([0.0, 0.5, 1.0, 1.5, 2.0]))
    array([ 1.    ,  0.5625,  0.    , -0.0625,  0.    ])
    """
    x = np.abs(x)
    near = (1 - x**2) * (2 - x) / 2
    far = (1 - x) * (2 - x) * (3 - x) / 6
    return np.where(x <= 1, near, np.where(x < 2, far, 0.0))


def spline(x: np.ndarray) -> np.ndarray:
    """The cardinal cubic spline: the smoothest of these, with two continuous derivatives.

    ``sqrt(3) * sum over k of z**|k| * B(x - k)``, where ``z = sqrt(3) - 2`` and B is the cubic
    B-spline. On an infinite axis it draws the same curve as solving for the spline's derivatives.
    M. Unser, A. Aldroubi, M. Eden, "Fast B-spline transforms for continuous image representation
    and interpolation", IEEE Transactions on Pattern Analysis and Machine Intelligence 13(3), 1991.

    It has no end, but shrinks by ``1 / |z| = 3.7`` a pixel and stays below 1e-6 from 11 pixels on,
    where :func:`resize_weights` cuts it off.

    >>> spline(np.array([0.0, 0.5, 1.5, 2.5])).round(4)
    array([ 1.    ,  0.6005, -0.1274,  0.0341])
    """
    z = math.sqrt(3) - 2
    total = np.zeros(np.shape(x))
    for offset in (-1, 0, 1, 2):  # B ends at 2, so four of its copies reach x
        k = np.floor(x) + offset
        total += math.sqrt(3) * z ** np.abs(k) * _cubic_bspline(x - k)
    return total


def _cubic_bspline(x: np.ndarray) -> np.ndarray:
    x = np.abs(x)
    return np.where(x <= 1, 2 / 3 - x**2 + x**3 / 2, np.where(x < 2, (2 - x) ** 3 / 6, 0.0))


KERNELS: dict[str, Kernel] = {
    "nearest": nearest,
    "linear": linear,
    "cubic": keys,
    "lagrange": lagrange,
    "spline": spline,
}


def output_size(size: int, scale: float) -> int:
    """``ceil(size * scale)``, but a product that only rounding keeps from an integer is that one.

    >>> output_size(99, 1 / 3), output_size(100, 1 / 3), output_size(110, 1.1)
    (33, 34, 121)
    """
    product = size * checked_scale(scale)
    whole = round(product)
    return whole if math.isclose(product, whole, rel_tol=1e-9) else math.ceil(product)


def resize_weights(
    in_size: int,
    out_size: int,
    scale: float,
    kernel: str | Kernel = "cubic",
    antialias: bool = True,
    border: Border = "symmetric",
) -> tuple[np.ndarray, np.ndarray]:
    """The taps of each output pixel: ``out[k] = sum over t of weights[k, t] * in[indices[k, t]]``.

    Counting pixels from 0, the centre of output pixel k lies at ``u = (k + 1/2) / scale - 1/2`` of
    the input. The tap at pixel i weighs ``kernel(u - i)``, over the sum of all taps. When shrinking
    with ``antialias`` the kernel is first widened by ``1 / scale``, to ``kernel(scale * (u - i))``,
    so that it also removes the detail that the smaller grid cannot hold.

    Args:
        in_size, out_size: pixels along the axis, before and after.
        scale: any positive number, usually ``out_size / in_size``.
        kernel: a name in ``KERNELS``, or a function of the distance in pixels that takes and
            returns arrays. Where it stays below 1e-6 it counts as 0; that must hold from 30 on.
        antialias: widen the kernel when shrinking.
        border: what lies outside. ``"symmetric"`` mirrors the image, the edge pixel included;
            ``"replicate"`` repeats the edge pixel.

    Returns:
        ``indices`` (int64, in 0..in_size - 1) and ``weights`` (float64, each row sums to 1), both
        ``(out_size, taps)``.

    Raises:
        ArgumentError: a size, the scale, the kernel or the border cannot be used.

    >>> indices, weights = resize_weights(4, 8, scale=2)
    >>> print(indices[1], weights[1])  # u = 0.25; the first tap is mirrored at the border
    [0 0 1 2] [-0.0703125  0.8671875  0.2265625 -0.0234375]
    """
    if in_size < 1 or out_size < 1:
        raise ArgumentError(f"sizes must be at least 1, got in_size={in_size}, out_size={out_size}")
    indices, weights = unbounded_weights(
        out_size, checked_scale(scale), checked_kernel(kernel), antialias
    )
    if border == "replicate":
        return indices.clip(0, in_size - 1), weights
    if border != "symmetric":
        raise ArgumentError(f"border must be 'symmetric' or 'replicate', got {border!r}")
    indices = indices % (2 * in_size)  # the image and its mirror image, over and over
    return np.minimum(indices, 2 * in_size - 1 - indices), weights


def unbounded_weights(
    out_size: int, scale: float, kernel: Kernel, antialias: bool
) -> tuple[np.ndarray, np.ndarray]:
    """:func:`resize_weights` of an image without borders: indices may lie outside of it."""
    squeeze = min(scale, 1.0) if antialias else 1.0
    radius = _radius(kernel) / squeeze
    if radius > 10_000:
        raise ArgumentError(
            f"scale {scale} is too small: the kernel would span {2 * radius:.0f} pixels"
        )
    # The centres as MATLAB computes them, counting from 1, so that they agree to the last bit.
    centres = np.arange(1, out_size + 1) / scale + 0.5 * (1 - 1 / scale)
    left = np.floor(centres - radius)
    positions = left[:, None] + np.arange(math.ceil(2 * radius) + 2)  # (out_size, taps)
    weights = squeeze * kernel(squeeze * (centres[:, None] - positions))
    total = weights.sum(axis=1, keepdims=True)
    if not np.all(np.abs(total) > 1e-6):
        raise ArgumentError(f"kernel {kernel} leaves an output pixel without weight")
    used = weights.any(axis=0)
    return positions[:, used].astype(np.int64) - 1, (weights / total)[:, used]


@lru_cache
def _radius(kernel: Kernel) -> int:
    """Whole pixels from the centre beyond which a kernel stays below 1e-6, by sampling it."""
    x = np.arange(-32, 32 + 1 / 64, 1 / 64)
    reach = np.abs(x[np.abs(kernel(x)) > 1e-6])
    if reach.size == 0 or reach.max() > 30:
        raise ArgumentError(
            f"kernel {kernel} must be non-zero somewhere, and zero beyond 30 pixels"
        )
    return math.ceil(reach.max())


def checked_scale(scale: float) -> float:
    """The scale as a float; ArgumentError unless it is one positive, finite number."""
    try:
        number = float(scale)
    except (TypeError, ValueError):
        number = math.nan
    if not (math.isfinite(number) and number > 0):
        raise ArgumentError(f"scale must be one positive number such as 2 or 1/4, got {scale!r}")
    return number


def checked_kernel(kernel: str | Kernel) -> Kernel:
    """The kernel as a function; ArgumentError when there is none of that name."""
    if callable(kernel):
        return kernel
    if kernel not in KERNELS:
        raise ArgumentError(f"kernel must be one of {list(KERNELS)} or a function, got {kernel!r}")
    return KERNELS[kernel]
