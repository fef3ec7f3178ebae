"""Spectra: a lattice of dots is found where it is, texture and blur are none; frequency rings."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from srlib.data.photographs import photograph
from srlib.errors import ArgumentError
from srlib.images.spectrum import (
    HIGH,
    RINGS,
    WINDOW,
    frequencies,
    isolated_peak,
    power,
    rings,
)
from srlib.images.values import rgb_to_luma

TRUTHS = [photograph(name).image[20:276, 20:276] for name in ("chelsea", "coffee", "astronaut")]


def noise(side: int, seed: int = 0) -> np.ndarray:
    return (
        np.random.default_rng(seed)
        .normal(128, 30, (side, side))
        .clip(0, 255)
        .round()
        .astype(np.uint8)
    )


def with_lattice(image: np.ndarray, down: float, across: float, size: float = 4) -> np.ndarray:
    """Faint dots: waves along both diagonals, of ``size`` grey levels each."""
    y, x = np.ogrid[: image.shape[0], : image.shape[1]]
    waves = [np.cos(2 * np.pi * (down * y + sign * across * x)) for sign in (1, -1)]
    dots = (size * sum(waves)).reshape(*image.shape[:2], *[1] * (image.ndim - 2))
    return (image + dots).clip(0, 255).round().astype(np.uint8)


def textured(image: np.ndarray, size: float = 12) -> np.ndarray:
    """With grain of a band of frequencies, in which no single one stands out."""
    grain = np.random.default_rng(0).normal(size=image.shape[:2])
    grain = gaussian_filter(grain, 0.7) - gaussian_filter(grain, 1.5)
    grain *= size / grain.std()
    return (image + grain[..., None]).clip(0, 255).round().astype(np.uint8)


# power


def test_power_of_a_wave_is_at_its_frequency():
    x = np.arange(160)
    wave = np.tile(128 + 100 * np.sin(2 * np.pi * x / 8), (150, 1)).round().astype(np.uint8)
    found = power([wave])
    assert found.shape == (WINDOW, WINDOW) and (found >= 0).all()
    down, across = (each.ravel()[found.argmax()] for each in frequencies(WINDOW))
    assert (abs(down), abs(across)) == (0, 1 / 8)


def test_power_of_white_noise_is_its_variance():
    """The mean over all frequencies of the power, over the sum of the window's squares."""
    image = noise(256)
    hann = np.outer(*[np.hanning(WINDOW + 1)[:-1]] * 2)
    variance = power([image]).mean() / (hann**2).mean() / WINDOW**2
    assert variance == pytest.approx(image.astype(float).var(), rel=0.05)


def test_power_is_of_luma_and_a_mean_over_windows():
    image = TRUTHS[0]
    grey = rgb_to_luma(image.astype(np.float64))
    assert np.allclose(power([image]), power([grey]))
    windows = [grey[y : y + 128, x : x + 128] for y in (0, 64, 128) for x in (0, 64, 128)]
    assert np.allclose(power([image]), np.mean([power([each]) for each in windows], axis=0))
    assert power([image], window=32).shape == (32, 32)
    small, large = image[:128, :128], image[:, :192]  # 1 and 6 windows
    assert np.allclose(power([small, large]), (power([small]) + 6 * power([large])) / 7)


@pytest.mark.parametrize("images", [[], [TRUTHS[0][:127]], [TRUTHS[0][:, :127], TRUTHS[1][:5]]])
def test_no_room_for_a_window(images):
    for call in (power, lambda each: isolated_peak(each, each), lambda each: rings(each, each)):
        with pytest.raises(ArgumentError, match="no image has room for a window of 128x128"):
            call(images)


def test_small_images_beside_large_ones_do_not_count():
    assert np.allclose(power([TRUTHS[0][:50], TRUTHS[1]]), power(TRUTHS[1:2]))


# patterns that repeat


@pytest.mark.parametrize("place", [(0.25, 0.25), (0.1875, 0.203125), (0.0, 0.375), (0.5, 0.5)])
def test_a_lattice_of_dots_is_found_at_its_frequency(place):
    peak, found = isolated_peak([with_lattice(each, *place) for each in TRUTHS], TRUTHS)
    assert peak > 20
    assert found == pytest.approx(place, abs=1 / WINDOW)


def test_the_fainter_the_lattice_the_lower_the_peak():
    peaks = [
        isolated_peak([with_lattice(each, 0.25, 0.3, size) for each in TRUTHS], TRUTHS)[0]
        for size in (0, 1, 2, 4)
    ]
    assert peaks[0] == pytest.approx(1) and peaks == sorted(peaks) and peaks[-1] > 3 * peaks[1]


@pytest.mark.parametrize(
    "spoilt",
    [
        lambda image: np.stack([gaussian_filter(plane, 1.5) for plane in image.T]).T,
        textured,
        lambda image: (image // 2 + 60).astype(np.uint8),
    ],
    ids=["blur", "texture", "contrast"],
)
def test_texture_and_blur_alone_are_no_pattern(spoilt):
    assert isolated_peak([spoilt(each) for each in TRUTHS], TRUTHS)[0] < 5


def test_what_repeats_in_the_truth_does_not_count():
    truths = [with_lattice(each, 0.25, 0.25, 10) for each in TRUTHS]
    assert isolated_peak(truths, truths)[0] == pytest.approx(1)
    assert isolated_peak(truths, TRUTHS)[0] > 20


def test_low_frequencies_do_not_count():
    _, (down, across) = isolated_peak([with_lattice(each, 0.05, 0.05) for each in TRUTHS], TRUTHS)
    assert np.hypot(down, across) >= HIGH


# rings


def test_equal_images_have_strength_and_agreement_1():
    found = rings(TRUTHS, TRUTHS)
    assert list(found) == ["frequency", "strength", "agreement"]
    assert all(each.shape == (RINGS,) for each in found.values())
    assert found["frequency"][[0, -1]] == pytest.approx([0.01, 0.49])
    assert np.allclose(found["strength"], 1) and np.allclose(found["agreement"], 1)


def test_twice_the_contrast_is_twice_the_strength():
    grey = [(rgb_to_luma(each.astype(float)) // 4 + 20).astype(np.uint8) for each in TRUTHS]
    found = rings([2 * each for each in grey], grey)
    assert np.allclose(found["strength"], 2) and np.allclose(found["agreement"], 1)


def test_independent_noise_does_not_agree():
    found = rings([noise(384)], [noise(384, seed=1)])
    assert np.abs(found["agreement"][1:]).max() < 0.15 and abs(found["agreement"][5:].mean()) < 0.03
    assert found["strength"][2:] == pytest.approx(1, abs=0.2)


def test_a_negative_agrees_with_minus_1():
    found = rings([255 - each for each in TRUTHS], TRUTHS)
    assert np.allclose(found["agreement"], -1, atol=0.01) and np.allclose(found["strength"], 1)


def test_a_blurred_image_is_weaker_but_right():
    """White noise, so that no frequency drowns in its neighbours'; rounding adds a little."""
    truth = noise(384)
    blurred = gaussian_filter(truth.astype(float), 0.8).round().astype(np.uint8)
    found = rings([blurred], [truth])
    expected = np.exp(-2 * (np.pi * 0.8 * found["frequency"]) ** 2)
    assert found["strength"] == pytest.approx(expected, abs=0.03)
    assert (np.diff(found["strength"][:20]) < 0).all()
    assert found["agreement"][:20].min() > 0.98


def test_colour_and_grey_of_one_size_can_be_compared():
    grey = rgb_to_luma(TRUTHS[0].astype(float)).round().astype(np.uint8)
    assert np.allclose(rings([grey], TRUTHS[:1])["agreement"][:10], 1, atol=0.01)


def test_pairs_of_other_sizes_are_refused():
    with pytest.raises(ArgumentError, match="one size, not .*250, 256.* and .*256, 256"):
        rings([TRUTHS[0][:250]], TRUTHS[:1])
    with pytest.raises(ValueError):
        rings(TRUTHS[:2], TRUTHS[:1])
