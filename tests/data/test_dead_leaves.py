"""Dead leaves: the same from the same seed, full, scale-invariant, and as natural as they claim."""

import hashlib

import numpy as np
import pytest

from srlib.data import dead_leaves as module
from srlib.data.dead_leaves import dead_leaves, radii
from srlib.images.resize import imresize


def test_an_image_of_the_right_kind():
    image = dead_leaves(size=40, seed=1)
    assert image.dtype == np.uint8 and image.shape == (40, 40, 3)
    assert dead_leaves(size=1).shape == (1, 1, 3)


def test_the_seed_decides():
    assert np.array_equal(dead_leaves(48, seed=4), dead_leaves(48, seed=4))
    assert not np.array_equal(dead_leaves(48, seed=4), dead_leaves(48, seed=5))


@pytest.mark.parametrize(
    ("oversampling", "digest"),
    [
        (1, "4ca9541a0ad860654595c99059bf8ce49a4c9222ed7c2c7954819d5ff70a6ca2"),
        (2, "098f65d1d30e5b0ca82b8a5af57b732dbc15d6bc9b912d7b8ae853e90f6f440a"),
        (4, "8228dbf409c34314e882ffb990f3736bf8fa871fe3b6dfaeca0c6a0fdf396148"),
    ],
)
def test_the_bytes_are_the_same_on_every_machine(oversampling, digest):
    image = dead_leaves(32, seed=0, oversampling=oversampling)
    assert hashlib.sha256(image.tobytes()).hexdigest() == digest


def test_radii_follow_the_inverse_cube():
    r = radii(np.random.default_rng(0), 200_000, 2.0, 50.0)
    assert 2 <= r.min() and r.max() <= 50
    for limit in (3, 6, 12, 25):
        share = (limit**-2 - 50**-2) / (2**-2 - 50**-2)
        error = np.sqrt(share * (1 - share) / len(r))  # standard error of a share
        assert abs((r > limit).mean() - share) < 4 * error


def test_the_first_leaf_at_a_place_is_the_one_seen():
    owner, leaves = module._fall(np.random.default_rng(0), 60, 2.0, 30.0)
    y, x = np.indices(owner.shape)
    for row, column in [(0, 0), (59, 0), (30, 31), (12, 47), (59, 59)]:
        distance = np.hypot(leaves[:, 0] - row, leaves[:, 1] - column)
        assert owner[row, column] == np.flatnonzero(distance <= leaves[:, 2])[0]
    assert owner.min() >= 0


def test_the_border_is_covered_like_the_middle():
    """Centres lie outside the image too, or fewer large leaves would reach its edge."""
    rng = np.random.default_rng(0)
    leaves = np.concatenate([module._drop(rng, 32, 2.0, 32.0) for _ in range(100)])
    covering = [
        np.sum((leaves[:, 0] - row) ** 2 + (leaves[:, 1] - column) ** 2 <= leaves[:, 2] ** 2)
        for row, column in [(16, 16), (0, 0), (0, 16), (31, 31), (16, 31)]
    ]
    assert min(covering) > 2000  # so that chance alone moves a count by 2 %
    assert np.ptp(covering) < 0.1 * np.mean(covering)


def spectrum_slope(image):
    """Slope of log power against log frequency, from 1/32 to 1/4 cycles a pixel."""
    light = image.mean(axis=2)
    light = (light - light.mean()) * np.outer(np.hanning(len(light)), np.hanning(len(light)))
    power = np.abs(np.fft.fft2(light)) ** 2
    frequency = np.hypot(*np.meshgrid(*[np.fft.fftfreq(len(light))] * 2))
    edges = np.geomspace(1 / 32, 1 / 4, 9)
    rings = [(frequency >= a) & (frequency < b) for a, b in zip(edges[:-1], edges[1:], strict=True)]
    mean = [power[ring].mean() for ring in rings]
    return np.polyfit(np.log(np.sqrt(edges[:-1] * edges[1:])), np.log(mean), 1)[0]


def test_power_falls_with_the_square_of_frequency():
    slopes = [spectrum_slope(dead_leaves(256, seed)) for seed in range(4)]
    assert -2.5 < np.mean(slopes) < -1.5
    noise = np.random.default_rng(0).integers(0, 256, (256, 256, 3))
    assert abs(spectrum_slope(noise)) < 0.2  # the measure itself


def test_colours_are_mostly_light_and_dark():
    rgb = module._colours(np.random.default_rng(0), 100_000)
    red, green, blue = rgb.T
    light, yellow = (red + green + blue) / 3, (red + green) / 2 - blue
    assert light.std() > 2 * yellow.std() > 2 * (red - green).std()
    assert abs(yellow.mean()) < 1 and abs((red - green).mean()) < 1


@pytest.mark.parametrize("k", [2, 4])
def test_oversampling_draws_larger_and_shrinks(k):
    large = dead_leaves(24 * k, seed=2, r_min=2 * k, r_max=20 * k, oversampling=1)
    image = dead_leaves(24, seed=2, r_min=2, r_max=20, oversampling=k)
    assert np.array_equal(image, imresize(large, 1 / k))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"size": 0}, "size"),
        ({"size": 2.5}, "size"),
        ({"seed": -1}, "seed"),
        ({"oversampling": 3}, "oversampling must be 1, 2 or 4"),
        ({"r_min": 0}, "0.5 <= r_min"),
        ({"r_min": 9, "r_max": 3}, "not 9 and 3"),
    ],
)
def test_arguments_that_cannot_be_used(arguments, message):
    with pytest.raises(ValueError, match=message):
        dead_leaves(**arguments)
