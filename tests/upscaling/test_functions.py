"""Functions of somebody else's: shown RGB of their own, held to a promise, found by name."""

import sys

import numpy as np
import pytest
import torch
from torch import nn

from srlib.errors import ArgumentError, MethodError
from srlib.images.values import to_tensor, to_uint8
from srlib.upscaling.functions import held_to_its_promise, imported, through
from tests.helpers.photos import GREY, PHOTO


def twice(image: np.ndarray, scale: int) -> np.ndarray:
    return image.repeat(scale, axis=0).repeat(scale, axis=1)


@pytest.mark.parametrize("image", [PHOTO, GREY, PHOTO[:1, :1], GREY[:1]])
def test_what_keeps_its_promise_is_passed_on(image):
    sr = held_to_its_promise(twice, 2, "twice")(image)
    assert sr.dtype == np.uint8 and np.array_equal(sr, twice(image, 2))


@pytest.mark.parametrize("image", [PHOTO, GREY])
def test_it_may_write_into_what_it_is_given(image):
    def vandal(given: np.ndarray, scale: int) -> np.ndarray:
        sr = twice(given, scale)
        given[:] = 0
        return sr

    before = image.copy()
    assert np.array_equal(held_to_its_promise(vandal, 3, "vandal")(image), twice(image, 3))
    assert np.array_equal(image, before)


def test_what_breaks_it_is_named():
    enlarge = held_to_its_promise(lambda image, scale: twice(image, 3), 2, "mine")
    with pytest.raises(MethodError, match=r"^mine turned an image of 32x24, .* \(48, 64, 3\), 2 t"):
        enlarge(GREY)
    with pytest.raises(MethodError, match="^mine failed on an image of 32x24: ZeroDivisionError"):
        held_to_its_promise(lambda image, scale: 1 // 0, 2, "mine")(PHOTO)


def test_through_a_network():
    """Whatever its dtype and range: rounded and clipped, without a gradient."""

    class Steep(nn.Module):
        def forward(self, image: torch.Tensor) -> torch.Tensor:
            assert not torch.is_grad_enabled()
            return (3 * image - 1).bfloat16()

    expected = to_uint8((3 * to_tensor(PHOTO) - 1).bfloat16().float().clamp(0, 1))
    assert np.array_equal(through(Steep())(PHOTO, 1), expected)
    assert (expected == 0).any() and (expected == 255).any()


def test_imported():
    assert imported(f"{__name__}:twice") is sys.modules[__name__].twice
    assert imported("numpy:flipud") is np.flipud


@pytest.mark.parametrize("code", ["def f(:", "1 / 0", "raise SystemExit(0)", "int('\\n')"])
def test_a_module_that_cannot_be_imported(tmp_path, monkeypatch, code):
    (tmp_path / "theirs.py").write_text(code)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ArgumentError, match="cannot import the method 'theirs:f': [^\n]+$"):
        imported("theirs:f")


@pytest.mark.parametrize("word", ["no_module:f", "os:no_such", "os:sep", ":f", "os:", "", "a b:c"])
def test_nothing_to_import(word):
    with pytest.raises(ArgumentError) as caught:
        imported(word)
    assert repr(word) in str(caught.value) and "\n" not in str(caught.value)
