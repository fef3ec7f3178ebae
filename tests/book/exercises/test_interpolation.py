"""Right and wrong answers to the exercises of chapter 2: kernels, cost, displacement."""

import math

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter

from srlib.book.exercises import interpolation
from srlib.images.kernels import keys, resize_weights
from tests.helpers.exercises import answered, covered, named


def mitchell(t, absolute=np.abs, beyond=False):
    t = absolute(t)
    near = (7 * t**3 - 12 * t**2 + 16 / 3) / 6
    far = (-7 / 3 * t**3 + 12 * t**2 - 20 * t + 32 / 3) / 6
    return np.where(t < 1, near, far if beyond else np.where(t < 2, far, 0))


def lanczos(t, pi=1, lobes=3):
    return np.where(np.abs(t) < lobes, np.sinc(pi * t) * np.sinc(pi * t / lobes), 0)


def saving(scale):
    taps = 4 if scale > 1 else 4 / scale
    return taps * scale / (1 + scale)


def shift(p, q, blur=5, other=True):
    """``other``: the slopes are those of both pictures' mean, else those of p."""
    p, q = (gaussian_filter(plane, blur) if blur else plane for plane in (p, q))
    inside = (slice(16, -16), slice(16, -16))
    slopes = [part[inside].ravel() for part in np.gradient((p + q) / 2 if other else p)]
    return np.linalg.lstsq(np.stack(slopes, axis=1), (q - p)[inside].ravel(), rcond=None)[0]


ROW = [0, 0, 0, 0, 0, 27]
WEIGHTS = [-2, 21, 9, -1]
BEFORE = np.array([0, 0, -90, -180, 0, 720]) / 27  # of rounding and clipping
AT_X3 = np.array([4, 1, 2, 5]) / 3

CASES = [
    ("weights_x3", (WEIGHTS, ROW), "right: four weights"),
    ("weights_x3", (np.array(WEIGHTS[::-1]), np.uint8(ROW)), "right: "),
    ("weights_x3", (keys(AT_X3), ROW), "not yet: the weights: those are the weights themselves"),
    ("weights_x3", (27 * keys(AT_X3, -0.75), ROW), "not yet: the weights: those are Keys' weights"),
    ("weights_x3", (torch.tensor(WEIGHTS), torch.tensor(ROW)), "right: "),
    ("weights_x3", ([21, 9, -2, -1], ROW), "not yet: the weights: those are right, but by dis"),
    ("weights_x3", ([-1, -2, 9, 21], ROW), "not yet: the weights: those are right, but by dis"),
    ("weights_x3", (WEIGHTS, BEFORE), "not yet: pixel 2 of the row: that is the sum itself: 8"),
    ("weights_x3", (WEIGHTS, [0, 0, -3, 0, 0, 27]), "not yet: pixel 2 of the row: 8 bits hold n"),
    ("weights_x3", (WEIGHTS, [0, 0, 0, -7, 0, 27]), "not yet: pixel 3 of the row: 8 bits hold n"),
    ("weights_x3", (WEIGHTS, [0, 0, 0, 0, 0, 26]), "not yet: pixel 5 of the row: that is cut off"),
    ("weights_x3", (WEIGHTS, [0, 0, 0, 0, 0, 31]), "not yet: pixel 5 of the row: 31 is too large"),
    ("weights_x3", (WEIGHTS, ROW[:5]), "not yet: the row: expected 6 numbers, got shape (5,)"),
    ("weights_x3", (..., ...), "not yet: the weights: still to come"),
    ("mitchell", (mitchell,), "right: Mitchell"),
    ("mitchell", (lambda t: torch.from_numpy(mitchell(t)),), "right: Mitchell"),
    ("mitchell", (keys,), "not yet: from -4 to 4 in steps of 0.01: that is Keys'"),
    (
        "mitchell",
        (lambda t: mitchell(t, lambda t: t),),
        "not yet: from -4 to 4 in steps of 0.01: t",
    ),
    (
        "mitchell",
        (lambda t: mitchell(t, beyond=True),),
        "not yet: from -4 to 4 in steps of 0.01: t",
    ),
    ("mitchell", (lambda t: 6 * mitchell(t),), "not yet: from -4 to 4 in steps of 0.01: that is s"),
    ("mitchell", (lambda t: mitchell(t)[:-1],), "not yet: from -4 to 4 in steps of 0.01: expected"),
    ("mitchell", (lambda t: 1 if abs(t) < 1 else 0,), "not yet: on an array: your function raised"),
    ("lanczos", (lanczos,), "right: Lanczos"),
    ("lanczos", (lambda t: lanczos(t, math.pi),), "not yet: from -4 to 4 in steps of 0.01: np.sin"),
    ("lanczos", (lambda t: lanczos(t, lobes=2),), "not yet: from -4 to 4 in steps of 0.01: that i"),
    ("lanczos", (np.sinc,), "not yet: from -4 to 4 in steps of 0.01: expected about"),
    ("cost", (saving,), "right: the saving"),
    ("cost", (lambda s: torch.tensor(saving(s)),), "right: the saving"),
    ("cost", (lambda s: saving(s) / s,), "not yet: at x2: that exchanges the scale with its inv"),
    ("cost", (lambda s: 1 / saving(s),), "not yet: at x2: that is the part that is left"),
    ("cost", (lambda s: 4 * s / (1 + s),), "not yet: at x0.5: when shrinking the kernel is wider"),
    ("shift", (shift,), "right: the displacement"),
    ("shift", (lambda p, q: torch.from_numpy(shift(p, q)),), "right: the displacement"),
    ("shift", (lambda p, q: shift(p, q, blur=8, other=False),), "right: the displacement"),
    ("shift", (lambda p, q: shift(p, q) * 1.1,), "not yet: pair 2: expected about 1.5 at"),
    ("shift", (lambda p, q: shift(p, q)[::-1],), "not yet: pair 3: right, but with rows"),
    ("shift", (lambda p, q: -shift(p, q),), "not yet: pair 1: that is how far p is behind q"),
    ("shift", (lambda p, q: shift(p, q, blur=0),), "not yet: pair 1: expected about 0.5 at"),
    ("torch_bicubic", (-0.75, "replicate", False), "right: those are PyTorch's a"),
    ("torch_bicubic", (torch.tensor(-0.75), "replicate", False), "right: those are PyTorch's a"),
    ("torch_bicubic", (-0.5, "replicate", False), "not yet: a: that is Keys' own"),
    ("torch_bicubic", (0.75, ..., ...), "not yet: a: that is right, but for the sign"),
    ("torch_bicubic", (-0.75, ..., ...), "not yet: border: still to come"),
    ("torch_bicubic", (-0.75, "mirror", False), "not yet: border: with the right a, compare"),
    ("torch_bicubic", (-0.75, "edge", False), "not yet: border: expected 'replicate' or 'mirror'"),
    ("torch_bicubic", (-0.75, "replicate", ...), "not yet: widened: still to come"),
    ("torch_bicubic", (-0.75, "replicate", True), "not yet: widened: shrink stripes"),
    ("torch_bicubic", (-0.75, "replicate", "no"), "not yet: widened: expected True or False"),
    ("twice", (4, 6), "right: four at once"),
    ("twice", (torch.tensor(4), np.int64(6)), "right: four at once"),
    ("twice", (2, 6), "not yet: at once: that is how far the kernel reaches"),
    ("twice", (4, 4), "not yet: in two steps: that is what one step takes"),
    ("twice", (4, 16), "not yet: in two steps: that counts pixels twice"),
    ("twice", (4, 5), "not yet: in two steps: 5 is too small. Four pixels of the first step"),
    ("twice", (..., ...), "not yet: at once: still to come"),
]


@pytest.mark.parametrize("name, given, line", CASES, ids=named)
def test_the_answer_is_known_for_what_it_is(name, given, line, capsys):
    answered(interpolation, name, given, line, capsys)


def test_two_steps_depend_on_six_pixels():
    double, twice = (keys_matrix(size, 2) for size in (20, 40))
    once = keys_matrix(20, 4)
    assert np.count_nonzero(once[32:48], axis=1).max() == 4
    assert np.count_nonzero((twice @ double)[32:48], axis=1).max() == 6


def keys_matrix(size, scale):
    indices, weights = resize_weights(size, size * scale, scale)
    matrix = np.zeros((size * scale, size))
    np.add.at(matrix, (np.arange(size * scale)[:, None], indices), weights)
    return matrix


def test_every_check_has_a_right_answer_and_two_wrong_ones():
    covered(interpolation, CASES)
