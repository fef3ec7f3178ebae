"""Dead leaves: seeded images of overlapping discs, a stand-in for photographs to train on.

Opaque discs fall at random until none of the ground is seen. With radii spread as ``r^-3`` the
picture looks alike at every magnification, and its power spectrum falls as ``1 / f^2``, as that of
photographs does (Lee, Mumford, Huang, "Occlusion models for natural images", IJCV 2001). Networks
trained on such images alone restore photographs nearly as well as networks that saw photographs
(Achddou, Gousseau, Ladjal, "Synthetic images as a regularity prior for image restoration neural
networks", SSVM 2021, and "Fully synthetic training for image restoration tasks", CVIU 2023).
Differing from those papers, colours come from a fixed distribution instead of a photograph, so no
data at all is needed.

The same seed gives the same bytes on every machine: apart from the random numbers and the square
root, both exact, all arithmetic is elementwise sums and products in a fixed order. Hence the sine
from a table of integers, and the exponent 3, whose inverse needs a square root only.
"""

import math

import numpy as np

from srlib.errors import ArgumentError
from srlib.images.resize import imresize

# One turn of a sine wave in 256 steps, between -127 and 127.
_SINE = np.array([round(127 * math.sin(2 * math.pi * k / 256)) for k in range(256)])
_DRAWN_AT_ONCE = 4096


def dead_leaves(
    size: int = 256,
    seed: int = 0,
    *,
    r_min: float = 1.0,
    r_max: float | None = None,
    oversampling: int = 2,
) -> np.ndarray:
    """One image of dead leaves, uint8 ``(size, size, 3)``; the same seed gives the same image.

    Args:
        size: side in pixels.
        seed: 0 or more.
        r_min, r_max: the smallest and largest radius in pixels; the largest is ``size`` by default.
        oversampling: 1, 2 or 4: the image is drawn this many times larger and shrunk by
            ``imresize``, which leaves edges as soft as a camera does. 1 leaves them jagged.

    Raises:
        ArgumentError: for arguments that cannot be used.
    """
    r_max = float(size) if r_max is None else r_max
    _check(size, seed, r_min, r_max, oversampling)
    rng = np.random.default_rng(seed)
    owner, leaves = _fall(rng, size * oversampling, r_min * oversampling, r_max * oversampling)
    image = _paint(rng, owner, leaves)
    return image if oversampling == 1 else imresize(image, 1 / oversampling)


def radii(rng: np.random.Generator, count: int, r_min: float, r_max: float) -> np.ndarray:
    """``count`` radii with density proportional to ``r^-3`` between ``r_min`` and ``r_max``.

    By inversion: the share of radii above ``r`` is ``(r^-2 - r_max^-2) / (r_min^-2 - r_max^-2)``.
    """
    most, least = 1 / (r_min * r_min), 1 / (r_max * r_max)
    return 1 / np.sqrt(most - rng.random(count) * (most - least))


def _fall(
    rng: np.random.Generator, side: int, r_min: float, r_max: float
) -> tuple[np.ndarray, np.ndarray]:
    """Discs seen from below: the first to arrive hides all later ones.

    Returns:
        ``owner`` ``(side, side)``, which leaf is seen at each pixel, and the ``leaves`` ``(n, 3)``
        with their centre ``y``, ``x`` and radius, in pixels.
    """
    owner = np.full((side, side), -1)
    axis = np.arange(side, dtype=np.float64)
    leaves = np.empty((0, 3))
    while (owner < 0).any():
        new = _drop(rng, side, r_min, r_max)
        for number, (y, x, r) in enumerate(new.tolist(), start=len(leaves)):
            top, left = max(0, math.ceil(y - r)), max(0, math.ceil(x - r))
            box = owner[top : math.floor(y + r) + 1, left : math.floor(x + r) + 1]
            free = box < 0
            if free.any():
                rows = axis[top : top + box.shape[0], None] - y
                columns = axis[left : left + box.shape[1]] - x
                box[free & (rows * rows + columns * columns <= r * r)] = number
        leaves = np.concatenate([leaves, new])
    return owner, leaves


def _drop(rng: np.random.Generator, side: int, r_min: float, r_max: float) -> np.ndarray:
    """Some more discs ``(n, 3)`` of y, x, r: those of a large batch that touch the image.

    Centres lie in the image and up to ``r_max`` around it, so that its border is like its middle.
    """
    r = radii(rng, _DRAWN_AT_ONCE, r_min, r_max)
    y, x = rng.random((2, _DRAWN_AT_ONCE)) * (side + 2 * r_max) - r_max
    near = (y > -r) & (y < side - 1 + r) & (x > -r) & (x < side - 1 + r)
    return np.column_stack([y, x, r])[near]


def _paint(rng: np.random.Generator, owner: np.ndarray, leaves: np.ndarray) -> np.ndarray:
    """Colour, shade and texture of each leaf: ``(side, side)`` numbers -> uint8 RGB.

    A leaf is a mixture of two colours. The share of the second changes over it: slowly, in
    stripes, as noise, or in all of these ways.
    """
    count = len(leaves)
    first, second = _colours(rng, count), _colours(rng, count)
    contrast = rng.random((count, 1))
    step = (second - first) * contrast * contrast
    share = _shade(rng, owner, leaves) + _stripes(rng, owner, leaves) + _noise(rng, owner, count)
    image = first[owner] + share[..., None] * step[owner]
    return np.floor(image.clip(0, 255) + 0.5).astype(np.uint8)


def _colours(rng: np.random.Generator, count: int) -> np.ndarray:
    """``(count, 3)`` RGB on 0..255: any lightness, yellow-blue small, red-green smaller.

    The order of the three variances is that of photographs (Ruderman, Cronin, Chiao, "Statistics
    of cone responses to natural images", JOSA A 1998); products of two draws are peaked at grey.
    """
    light = 255 * rng.random(count)
    yellow = 33 * (2 * rng.random(count) - 1) * rng.random(count)
    red = 24 * (2 * rng.random(count) - 1) * rng.random(count)
    return np.column_stack([light + yellow + red, light + yellow - red, light - 2 * yellow])


def _shade(rng: np.random.Generator, owner: np.ndarray, leaves: np.ndarray) -> np.ndarray:
    """A linear ramp over each leaf, ``(side, side)``, within about -1..1."""
    slope = (2 * rng.random((len(leaves), 2)) - 1) / leaves[:, 2:]
    ramp = -(slope[:, 0] * leaves[:, 0] + slope[:, 1] * leaves[:, 1])
    return _plane(owner, slope, ramp)


def _stripes(rng: np.random.Generator, owner: np.ndarray, leaves: np.ndarray) -> np.ndarray:
    """Waves of any direction on a third of the leaves, ``(side, side)``, within -1..1.

    From sinusoids to sharp stripes; 3 pixels to 64 from crest to crest.
    """
    count = len(leaves)
    turn = (2 * rng.random((count, 2)) - 1) / 3  # turns per pixel
    turn = turn * rng.random((count, 1))
    phase = 256 * _plane(owner, turn, rng.random(count))
    wave = _SINE[np.floor(phase).astype(np.int64) & 255] / 127
    steepness = (1 + 7 * rng.random(count) * rng.random(count))[owner]
    striped = (rng.random(count) < 1 / 3)[owner]
    return striped * (wave * steepness).clip(-1, 1)


def _noise(rng: np.random.Generator, owner: np.ndarray, count: int) -> np.ndarray:
    """Noise on a third of the leaves, ``(side, side)``, within -1..1, as strong in each octave."""
    side = len(owner)
    total = np.zeros((side, side))
    for scale in (1, 2, 4, 8):
        coarse = rng.integers(0, 256, (-(-side // scale),) * 2, dtype=np.uint8)
        total += imresize(coarse, scale)[:side, :side]
    rough = (rng.random(count) < 1 / 3)[owner]
    return rough * (total / 510 - 1)


def _plane(owner: np.ndarray, slope: np.ndarray, offset: np.ndarray) -> np.ndarray:
    """``slope_y y + slope_x x + offset`` with the values of each pixel's leaf."""
    axis = np.arange(len(owner), dtype=np.float64)
    return slope[owner, 0] * axis[:, None] + slope[owner, 1] * axis + offset[owner]


def _check(size: int, seed: int, r_min: float, r_max: float, oversampling: int) -> None:
    if not isinstance(size, int) or size < 1:
        raise ArgumentError(f"size must be a whole number of pixels >= 1, not {size!r}")
    if not isinstance(seed, int) or seed < 0:
        raise ArgumentError(f"seed must be a whole number >= 0, not {seed!r}")
    if oversampling not in (1, 2, 4):
        raise ArgumentError(f"oversampling must be 1, 2 or 4, not {oversampling!r}")
    if not 0.5 <= r_min <= r_max:
        raise ArgumentError(f"radii must satisfy 0.5 <= r_min <= r_max, not {r_min} and {r_max}")
