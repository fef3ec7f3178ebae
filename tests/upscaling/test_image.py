"""One image: every kind of array, in tiles and whole, and what is refused before any work."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from srlib.data.photographs import photograph
from srlib.errors import ImageError
from srlib.images.resize import imresize
from srlib.images.writing import write
from srlib.upscaling import method
from srlib.upscaling.files import upscale_file, upscale_files
from srlib.upscaling.image import upscale
from srlib.upscaling.method import load
from tests.helpers.photos import GREY, PHOTO

SOLID = np.full(GREY.shape, 255, np.uint8)
DEEP = np.random.default_rng(0).integers(0, 65536, (13, 17, 3), dtype=np.uint16)


@pytest.fixture
def photo(tmp_path) -> Path:
    return write(tmp_path / "photo.png", PHOTO)


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_bicubic_is_imresize(scale):
    for image in (GREY, PHOTO):
        sr = upscale(image, scale)
        assert sr.dtype == np.uint8 and np.array_equal(sr, imresize(image, scale))
    assert np.array_equal(upscale(GREY[..., None], scale), imresize(GREY, scale)[..., None])


def test_alpha_is_enlarged_beside_the_colours():
    alpha = np.full_like(GREY, 99)  # where it varies, colour is weighed by it: test_alpha
    for colour in (GREY[..., None], PHOTO):
        sr = upscale(np.dstack([colour, alpha]), 2)
        assert sr.shape == (48, 64, colour.shape[2] + 1)
        assert np.array_equal(sr[..., :-1], upscale(colour, 2))
        assert np.array_equal(sr[..., -1], imresize(alpha, 2))


@pytest.mark.parametrize("planes", [1, 3])
def test_transparent_pixels_cast_no_dark_fringe(planes):
    """A white disc on nothing, as drawing programs store it: white inside, black outside."""
    rows, columns = np.mgrid[:16, :16]
    disc = np.where((rows - 8) ** 2 + (columns - 8) ** 2 < 30, 255, 0).astype(np.uint8)
    sr = upscale(np.dstack([disc] * (planes + 1)), 4)
    assert sr[..., 0].min() == 255  # white throughout, only alpha has an edge
    assert sr[..., -1].min() == 0 and sr[..., -1].max() == 255


def test_wholly_transparent():
    sr = upscale(np.dstack([PHOTO, 0 * GREY]), 2)
    assert np.array_equal(sr, np.dstack([imresize(PHOTO, 2), np.zeros((48, 64), np.uint8)]))


def test_one_pixel():
    assert upscale(np.uint8([[[1, 2, 3]]]), 4).tolist() == [[[1, 2, 3]] * 4] * 4


@pytest.mark.parametrize("scale", [1, 1.5, 2.0, 2.5, 5, 7.99, 8, np.float32(1.25), Fraction(7, 3)])
def test_bicubic_at_any_scale_is_imresize(scale):
    for image in (GREY, PHOTO, PHOTO[:1, :1]):
        assert np.array_equal(upscale(image, scale), imresize(image, float(scale)))
    exact = imresize(DEEP.astype(float), float(scale))
    assert np.array_equal(upscale(DEEP, scale), np.floor(exact + 0.5).clip(0, 65535))


@pytest.mark.parametrize(
    "method, scale, factor",
    [("srgan", 2, 4), ("srgan", 1.5, 4), ("srcnn", 1.5, 2), ("srcnn", 2.5, 3), ("srcnn", 6, 4)],
)
def test_a_networks_own_factor_and_then_the_resizer(method, scale, factor):
    own = load(method, factor)(PHOTO)
    assert np.array_equal(upscale(PHOTO, scale, method), imresize(own, scale / factor))


@pytest.mark.parametrize("scale", [0, -2, 0.99, 8.01, float("nan"), True, "2", None, [2], 2j])
def test_no_scale(scale, photo):
    for call in (
        lambda: upscale(PHOTO, scale),
        lambda: upscale_file(photo, photo.with_name("x.png"), scale),
        lambda: upscale_files([photo], photo.parent / "out", scale),
    ):
        with pytest.raises(ValueError, match="scale must be a number from 1 to 8, such as"):
            call()
    assert list(photo.parent.iterdir()) == [photo]


def test_no_method(photo):
    with pytest.raises(
        ValueError, match="no method 'magic': choose among bicubic, srcnn, srresnet, srresnet-vgg"
    ):
        upscale(PHOTO, 2, "magic")
    with pytest.raises(ValueError, match="no method"):
        upscale_files([photo], photo.parent / "out", 2, "magic")
    assert list(photo.parent.iterdir()) == [photo]


@pytest.mark.parametrize("image", [PHOTO / 255, PHOTO[0, 0], PHOTO[None], PHOTO[:0], None])
def test_no_image(image):
    with pytest.raises(ImageError):
        upscale(image, 2)


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("tile", [1, 5, 10, 31])
def test_bicubic_in_tiles_is_the_same_to_the_last_bit(scale, tile):
    image = np.dstack([PHOTO, GREY])
    for planes in (image[..., 0], image[..., :1], PHOTO, image):
        whole = upscale(planes, scale, tile=10**6)
        assert np.array_equal(upscale(planes, scale, tile=tile), whole)
    deep = DEEP if tile > 1 else DEEP[:9, :11]
    assert np.array_equal(upscale(deep, scale, tile=tile), upscale(deep, scale, tile=10**6))


def test_a_margin_of_one_would_be_too_little():
    bicubic = load("bicubic", 4)
    assert np.array_equal(bicubic(PHOTO, tile=5), imresize(PHOTO, 4))
    assert not np.array_equal(replace(bicubic, margin=1)(PHOTO, tile=5), imresize(PHOTO, 4))


@pytest.mark.parametrize("method, scale", [("srcnn", 2), ("srcnn", 3), ("srgan", 4)])
def test_networks_in_tiles(method, scale):
    """8 bits may round another way; bfloat16 sums too, where the processor has them."""
    for image in (PHOTO, GREY, np.dstack([GREY, SOLID]), PHOTO[:1], PHOTO[:1, :1]):
        whole = upscale(image, scale, method)
        tiled = upscale(image, scale, method, tile=13)
        assert (
            whole.shape
            == tiled.shape
            == (
                image.shape[0] * scale,
                image.shape[1] * scale,
                *image.shape[2:],
            )
        )
        assert np.abs(tiled.astype(int) - whole).max() <= 1


def test_tiles_are_used(monkeypatch):
    seen = []
    monkeypatch.setattr(method, "imresize", lambda part, scale: seen.append(part.shape) or X4(part))
    sr = upscale(PHOTO, 4, tile=8)
    assert len(seen) == 3 * 4 and max(max(shape) for shape in seen) == 8 + 2 * 2
    assert np.array_equal(sr, X4(PHOTO))


def X4(image: np.ndarray) -> np.ndarray:  # noqa: N802
    return image.repeat(4, axis=0).repeat(4, axis=1)


@pytest.mark.parametrize("tile", [0, -1, 2.5, True, "8"])
def test_no_tile(tile):
    with pytest.raises(ValueError, match="tile must be a whole number"):
        upscale(PHOTO, 2, tile=tile)


# 16 bits a value


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_sixteen_bits_are_imresize_in_floating_point_rounded_once(scale):
    for image in (DEEP, DEEP[..., 0]):
        sr, exact = upscale(image, scale), imresize(image.astype(np.float64), scale)
        assert sr.dtype == np.uint16 and sr.shape == exact.shape
        assert np.abs(sr - exact.clip(0, 65535)).max() <= 0.5 + 1e-6
    assert (exact < 0).any() and (exact > 65535).any()  # the clipping was put to the test


def test_sixteen_bits_round_half_up():
    """At a step of 1 the weights of x2 are n/128, so some results lie right between two values."""
    step = np.array([[100, 100, 100, 228, 228, 228]], np.uint16)
    exact = imresize(step.astype(np.float64), 2)
    assert np.array_equal(upscale(step, 2), np.floor(exact + 0.5).astype(np.uint16))


@pytest.mark.parametrize("method", ["srcnn", "srresnet", "srresnet-vgg", "srgan"])
def test_networks_refuse_sixteen_bits(method):
    with pytest.raises(ImageError, match=f"16 bits .*{method} works with 8: convert"):
        upscale(DEEP, 4, method)


@pytest.mark.parametrize("shape", [(4,), (4, 4, 1), (4, 4, 5), (0, 4), (1, 2, 3, 4)])
def test_sixteen_bits_of_another_shape(shape):
    with pytest.raises(ImageError, match="expected uint16"):
        upscale(np.zeros(shape, np.uint16), 2)


# What holds an image


def test_a_file_a_photograph_or_an_array(photo):
    for given in (photo, str(photo), PHOTO):
        assert np.array_equal(upscale(given, 2), imresize(PHOTO, 2))
    coins = photograph("coins")
    assert np.array_equal(upscale(coins, 3, "srcnn"), upscale(coins.image, 3, "srcnn"))
    assert photo.parent.exists() and list(photo.parent.iterdir()) == [photo]  # nothing is written


def test_a_file_keeps_its_planes_and_its_bits(tmp_path):
    for name, image in (
        ("grey.png", GREY),
        ("clear.png", np.dstack([PHOTO, GREY])),
        ("deep.tif", DEEP),
    ):
        sr = upscale(write(tmp_path / name, image), 2)
        assert sr.dtype == image.dtype and np.array_equal(sr, upscale(image, 2)), name


@pytest.mark.parametrize("name, says", [("none.png", "does not exist"), ("x.txt", "is not")])
def test_a_file_that_is_no_image(tmp_path, name, says):
    (tmp_path / "x.txt").write_text("no image")
    with pytest.raises(ImageError, match=f"{name}' {says}"):
        upscale(tmp_path / name, 2)
