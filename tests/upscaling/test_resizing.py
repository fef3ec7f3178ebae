"""Any size, band by band: imresize to the last bit, and no dark edges beside alpha."""

import numpy as np
import pytest

from srlib.images.resize import imresize
from srlib.upscaling.resizing import resized
from srlib.upscaling.sizes import Size, Sizes
from tests.helpers.arrays import pixels, sixteen_bits

SCALES = [1, 1.1, 1.5, 2, 2.5, 3, np.pi, 5, 7.3, 8]


def whole(image: np.ndarray, size: Size, factor: int = 1, band: int = 256) -> np.ndarray:
    out = np.zeros((size.height, size.width, *image.shape[2:]), image.dtype)
    covered = np.zeros(out.shape[:2], int)
    for target, block in resized(image, size, factor, band):
        out[target] = block
        covered[target] += 1
    assert (covered == 1).all()
    return out


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("shape", [(41, 53), (41, 53, 3), (41, 53, 1), (1, 1, 3), (130, 2), (1, 9)])
def test_it_is_imresize(scale, shape):
    image, deep = pixels(*shape), sixteen_bits(*shape)
    size = Sizes(scale=scale).of(*shape[:2])
    exact = imresize(deep.astype(np.float64), scale)
    for band in (256, 7):
        assert np.array_equal(whole(image, size, band=band), imresize(image, scale))
        assert np.array_equal(whole(deep, size, band=band), np.floor(exact + 0.5).clip(0, 65535))


@pytest.mark.parametrize("scale, factor", [(1.5, 2), (2.5, 3), (3.5, 4), (8, 4), (2, 4)])
def test_after_a_network(scale, factor):
    """From an image that is ``factor`` times larger already."""
    large = pixels(20 * factor, 30 * factor, 3)
    size = Sizes(scale=scale).of(20, 30)
    assert np.array_equal(whole(large, size, factor), imresize(large, scale / factor))


def test_each_side_has_its_own_ratio():
    size = Size(50, 45, 2.5, 1.5)
    column, line = pixels(20, 1).repeat(30, axis=1), pixels(1, 30).repeat(20, axis=0)
    for image, scale, axis in ((column, 2.5, 0), (line, 1.5, 1)):
        found, expected = whole(image, size), imresize(image, scale)
        assert found.shape == (50, 45)
        assert np.array_equal(found.take(0, 1 - axis), expected.take(0, 1 - axis))
        assert (found == found.take([0], 1 - axis)).all()


@pytest.mark.parametrize("scale", [1.5, 2.5, 6, 8])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_colour_is_weighed_by_alpha(scale, dtype):
    """White and opaque beside black that is hardly seen: on white no pixel gets darker than it."""
    most = np.iinfo(dtype).max
    image = np.zeros((8, 8, 4), dtype)
    image[:, :4] = most
    image[:, 4:, 3] = most * 40 // 255
    sr = whole(image, Sizes(scale=scale).of(8, 8)).astype(float) / most
    on_white = sr[..., 0] * sr[..., 3] + 1 - sr[..., 3]
    lowest = 1 - 40 / 255
    assert on_white.min() > lowest - 0.01 and on_white.max() <= 1 + 1e-6
    assert (np.diff(on_white, axis=1) < 0.01).all()  # from white to grey, no halo on the way
    opaque = whole(
        np.dstack([image[..., :3], np.full((8, 8), most, dtype)]), Sizes(scale=scale).of(8, 8)
    )
    assert opaque[..., 0].min() < 0.1 * most and (opaque[..., 3] == most).all()


def test_what_cannot_be_seen_does_not_bleed():
    image = np.zeros((8, 8, 2), np.uint8)
    image[:, :4] = 255  # white where it is opaque, black where it is clear
    sr = whole(image, Sizes(scale=2.5).of(8, 8))
    assert sr[sr[..., 1] > 0][:, 0].min() == 255


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("planes", [2, 4])
def test_at_its_own_size_nothing_changes(dtype, planes):
    """Where a side stays as it is there is one tap a pixel, not four."""
    image = pixels(6, 9, planes).astype(dtype)
    image[2:4, 3:5, -1] = 1
    assert (whole(image, Sizes(scale=1).of(6, 9)) == image).all()
