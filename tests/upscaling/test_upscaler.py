"""A method for any size: which of its factors is taken, and how much memory that needs."""

from dataclasses import replace

import numpy as np
import pytest
from torch import nn

from srlib.errors import ArgumentError, ImageError
from srlib.images.resize import imresize
from srlib.networks.pretrained import SHIPPED, card
from srlib.networks.srgan import SRResNet
from srlib.upscaling import upscaler as module
from srlib.upscaling.method import Method, load, names
from srlib.upscaling.sizes import Sizes
from srlib.upscaling.upscaler import Upscaler, best, bytes_of, own_factors
from tests.helpers.arrays import pixels, sixteen_bits
from tests.helpers.photos import GREY, PHOTO


def said(entry: object, image: np.ndarray = PHOTO, **asked: float) -> str:
    return str(Upscaler(entry, Sizes(**asked)).stages(image))


def nearest(image: np.ndarray, scale: int) -> np.ndarray:
    return image.repeat(scale, axis=0).repeat(scale, axis=1)


@pytest.mark.parametrize(
    "entry, scale, expected",
    [
        ("srcnn", 2, "srcnn x2"),
        ("srcnn", 1.2, "srcnn x2, then resized to x1.2"),
        ("srcnn", 2.001, "srcnn x2, then resized to x2.001"),
        ("srcnn", 3.5, "srcnn x4, then resized to x3.5"),
        ("srcnn", 8, "srcnn x4, then resized to x8"),
        ("srgan", 2, "srgan x4, then resized to x2"),
        ("srgan@0.7", 3, "srgan@0.7 x4, then resized to x3"),
        ("srgan", 1, "bicubic x1"),
        ("bicubic", 3, "bicubic x3"),
        ("bicubic", 2.5, "bicubic x2.5"),
        (None, 2, "srcnn x2"),
        (None, 3, "srcnn x3"),
        (None, 4, "srresnet x4"),
        (None, 5, "srresnet x4, then resized to x5"),
        (nearest, 2.5, "nearest x3, then resized to x2.5"),
        (load("srcnn", 3), 2, "srcnn x3, then resized to x2"),
        (SRResNet(4, 1, 8), 2, "SRResNet x4, then resized to x2"),
    ],
)
def test_factors(entry, scale, expected):
    assert said(entry, scale=scale) == expected


def test_a_rounded_side_asks_for_no_larger_factor():
    """21 pixels become 43 at the width of 2 x 31: a little more than twice."""
    image = pixels(21, 31, 3)
    assert Sizes(width=63).of(21, 31).scale > 2.03
    assert said("srcnn", image, width=63).startswith("srcnn x3")
    assert Sizes(max_side=62).of(21, 31)[:2] == (42, 62)
    assert said("srcnn", pixels(333, 500, 3), width=1001).startswith("srcnn x2, then resized")


def test_sixteen_bits_by_default_go_to_bicubic():
    deep = sixteen_bits(9, 9)
    assert said(None, deep, scale=2) == "bicubic x2"
    with pytest.raises(ImageError, match="16 bits a value are for bicubic"):
        Upscaler("srcnn", Sizes(scale=2))(deep)


def test_the_best_is_the_best_by_its_card():
    for factor in (2, 3, 4):
        scores = {
            name: card(name, factor).scores["ten photographs"][name]
            for name in names(factor)
            if name != "bicubic"
        }
        assert scores[best(factor)] == max(scores.values())


def test_own_factors():
    assert own_factors(None) == own_factors("bicubic") == (2, 3, 4)
    assert {name: own_factors(name) for name in SHIPPED} == SHIPPED
    assert own_factors(load("srcnn", 3)) == (3,) and own_factors(SRResNet(4, 1, 8)) == (4,)


@pytest.mark.parametrize(
    "entry, options", [("magic", {}), ("bicubic", {"strength": 0.5}), ("srcnn", {"precision": "x"})]
)
@pytest.mark.parametrize("asked", [{"scale": 2}, {"scale": 2.5}, {"width": 100}])
def test_a_method_that_there_is_not_is_refused_at_once(entry, options, asked):
    with pytest.raises(ArgumentError):
        Upscaler(entry, Sizes(**asked), **options)


def test_a_factor_that_srlib_has_no_use_for():
    network = nn.Upsample(scale_factor=7)
    network.scale = 7
    with pytest.raises(ArgumentError, match="enlarges by 7, not by 2; methods of srlib enlarge"):
        Upscaler(network, Sizes(scale=2))


# memory


def test_a_result_that_does_not_fit_is_refused_before_any_work(monkeypatch):
    monkeypatch.setattr(module, "at_hand", lambda: 64 * 48 * 4 - 1)
    monkeypatch.setattr(Method, "pieces", lambda *how: pytest.fail("computed too early"))
    with pytest.raises(ImageError, match="the result of 64x48 needs 0.0 GB of memory, and 0.0 GB"):
        Upscaler("srcnn", Sizes(scale=2))(PHOTO)


def test_bytes_of_results():
    def needed(image: np.ndarray, entry: str = "bicubic", **asked: float) -> int:
        return bytes_of(Upscaler(entry, Sizes(**asked)).stages(image), image)

    assert needed(GREY, scale=2) == 4 * GREY.size
    assert needed(PHOTO, scale=2) == 4 * GREY.size * 4  # Pillow's four bytes a pixel
    assert needed(PHOTO.astype(np.uint16), scale=2) == 4 * GREY.size * 3 * 2
    both = needed(PHOTO, "srgan", scale=2)
    assert both == 4 * GREY.size * 4 + 16 * GREY.size * 3  # what the network makes as well


def short_of_memory(above: int):
    """Bicubic that has memory for so many pixels at a time."""

    def enlarge(part: np.ndarray) -> np.ndarray:
        if part.shape[0] * part.shape[1] > above:
            raise RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: ...")
        return imresize(part, 2)

    return replace(load("bicubic", 2), name="short", entry=None, enlarge=enlarge)


def test_tiles_become_smaller_when_memory_is_short():
    image = pixels(200, 300, 3)
    sr = Upscaler(short_of_memory(68**2), Sizes(scale=2))(image)
    assert np.array_equal(sr, imresize(image, 2))
    resized = Upscaler(short_of_memory(68**2), Sizes(scale=1.5))(image)
    assert np.array_equal(resized, imresize(imresize(image, 2), 0.75))
    with pytest.raises(RuntimeError, match="can't allocate"):
        Upscaler(short_of_memory(20**2), Sizes(scale=2))(image)


def test_other_trouble_is_not_taken_for_a_lack_of_memory():
    def fail(part: np.ndarray) -> np.ndarray:
        raise RuntimeError("boom")

    method = replace(load("bicubic", 2), enlarge=fail)
    with pytest.raises(RuntimeError, match="boom"):
        Upscaler(method, Sizes(scale=2))(PHOTO)


@pytest.mark.parametrize("entry, scale", [("bicubic", 2), ("bicubic", 2.5), ("srcnn", 1.5)])
def test_progress_adds_up_to_the_result(entry, scale):
    image, told = pixels(70, 40, 3), []
    upscaler = Upscaler(entry, Sizes(scale=scale))
    stages = upscaler.stages(image)
    list(upscaler.pieces(image, stages, 32, told.append))
    assert len(told) > 1 or entry == "bicubic"
    assert sum(told) == pytest.approx(stages.size.height * stages.size.width, rel=0.01)
