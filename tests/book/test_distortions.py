"""Five ways to spoil an image by the same amount."""

import numpy as np
import pytest

from srlib.book.distortions import equal_mse
from srlib.data.photographs import photograph

HR = photograph("chelsea").image[100:180, 150:250]


def test_all_are_equally_far():
    spoilt = equal_mse(HR)
    errors = [np.mean((image - HR) ** 2) for image in spoilt.values()]
    assert len(errors) == 5 and np.ptp(errors) < 1e-6 * errors[0] and errors[0] > 1


def test_each_is_what_it_says():
    spoilt, hr = equal_mse(HR), HR.astype(float)
    assert np.ptp(spoilt["brighter"] - hr) < 1e-9 and (spoilt["brighter"] > hr).all()
    assert np.array_equal(spoilt["shifted"][:, 1:], hr[:, :-1])
    assert spoilt["more contrast"].std() > hr.std()
    assert spoilt["more contrast"].mean() == pytest.approx(hr.mean())
    assert spoilt["blurred"].std() < hr.std()
    noise = spoilt["noisy"] - hr
    assert abs(np.corrcoef(noise.ravel(), hr.ravel())[0, 1]) < 0.03


def test_the_seed_decides_the_noise():
    first, again, other = (equal_mse(HR, seed)["noisy"] for seed in (0, 0, 1))
    assert np.array_equal(first, again) and not np.array_equal(first, other)


def test_a_flat_image_is_refused():
    with pytest.raises(ValueError, match="some structure"):
        equal_mse(np.full((8, 8, 3), 100, np.uint8))


def test_stripes_that_no_blur_spoils_as_much_are_refused():
    """Black and white lines one pixel wide: a shift swaps all, a blur makes grey."""
    stripes = np.zeros((16, 16, 3), np.uint8)
    stripes[:, ::2] = 255
    with pytest.raises(ValueError, match="no blur"):
        equal_mse(stripes)
