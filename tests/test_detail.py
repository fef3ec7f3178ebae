"""Fine detail is what a small version cannot hold: checked on waves and on what shrinking keeps."""

import numpy as np
import pytest

from srlib.datasets import photograph
from srlib.detail import fine_detail
from srlib.resize import imresize


def wave(frequency: float, amplitude: float = 20.0, size: int = 128) -> np.ndarray:
    """A cosine down the columns that fits the mirrored border: exact in the cosine transform."""
    t = np.arange(size) + 0.5
    return np.tile(128 + amplitude * np.cos(2 * np.pi * frequency * t)[:, None], (1, size))


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("turned", [False, True])
def test_only_what_is_above_nyquist_counts(scale, turned):
    """A wave of amplitude A has a root mean square of A / sqrt(2)."""
    nyquist = 1 / (2 * scale)
    for frequency, expected in ((nyquist - 1 / 64, 0.0), (nyquist + 1 / 64, 20 / np.sqrt(2))):
        frequency = round(frequency * 256) / 256  # a whole number of half periods
        image = wave(frequency)
        assert fine_detail(image.T if turned else image, scale) == pytest.approx(expected, abs=1e-9)


def test_it_adds_up_as_squares():
    low, high, higher = wave(1 / 16), wave(0.25, 12), wave(0.4375, 5)
    both = fine_detail(low + high + higher - 256, 4)
    assert both == pytest.approx(np.hypot(12, 5) / np.sqrt(2))


def test_a_ramp_has_none_of_its_own_at_the_border():
    """A plain Fourier transform would see the jump from the last row to the first."""
    ramp = np.tile(np.linspace(0, 255, 128)[:, None], (1, 128))
    assert fine_detail(ramp, 4) < 0.5


def test_enlarging_adds_little():
    hr = photograph("gravel").image[:256, :256]
    assert fine_detail(imresize(imresize(hr, 1 / 4), 4), 4) < 0.3 * fine_detail(hr, 4)


def test_colour_counts_as_its_luma():
    grey = wave(0.25).astype(np.uint8)
    colour = fine_detail(np.stack([grey] * 3, axis=2), 4)
    assert colour == pytest.approx(fine_detail(grey, 4) * 219 / 255, rel=1e-4)


def test_a_scale_that_loses_nothing_is_refused():
    with pytest.raises(ValueError, match="at least 2, not 1"):
        fine_detail(wave(0.25), 1)
