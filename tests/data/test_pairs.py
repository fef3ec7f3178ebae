"""Pairs: the small side is made as the published ones were, and what does not fit is named."""

import dataclasses

import numpy as np
import pytest
import torch

from srlib.data import pairs as module
from srlib.data.dead_leaves import dead_leaves
from srlib.data.pairs import Pair, degrade
from srlib.data.photographs import photograph
from srlib.data.published import benchmark_files
from srlib.errors import ArgumentError, ImageError
from srlib.images.reading import read
from srlib.images.resize import imresize
from srlib.images.writing import write

IMAGE = dead_leaves(48, 0)[:, :41]  # (48, 41, 3)


# degrade


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_degrade_makes_the_published_files(set5, scale):
    for _, hr_file, lr_file in benchmark_files("Set5", scale):
        lr, hr = degrade(read(hr_file), scale)
        assert np.array_equal(lr, read(lr_file)) and np.array_equal(hr, read(hr_file))


@pytest.mark.parametrize("scale", [1, 2, 3, 4])
def test_degrade_takes_what_imresize_takes(scale):
    height, width = 48 // scale * scale, 41 // scale * scale
    tensor = torch.from_numpy(IMAGE).permute(2, 0, 1)[None] / 255
    for image, of_hr in [
        (IMAGE, IMAGE[:height, :width]),
        (IMAGE[..., 0], IMAGE[:height, :width, 0]),
        (IMAGE / 255, IMAGE[:height, :width] / 255),
        (tensor, tensor[..., :height, :width]),
    ]:
        lr, hr = degrade(image, scale)
        assert type(lr) is type(image) and lr.dtype == hr.dtype == image.dtype
        assert bool((hr == of_hr).all()) and hr.shape == of_hr.shape
        assert bool((lr == imresize(of_hr, 1 / scale)).all())


def test_degrade_refuses_what_cannot_be_shrunk():
    with pytest.raises(ImageError, match="41x3 pixels is too small for scale 4"):
        degrade(IMAGE[:3], 4)
    with pytest.raises(ArgumentError, match="scale must be a whole number >= 1, not 1.5"):
        degrade(IMAGE, 1.5)


# Pair


def test_both_sides_given():
    lr, hr = degrade(IMAGE, 2)
    pair = Pair("mine", hr, lr)
    assert pair.hr is hr and pair.lr is lr
    assert pair.pixels(2) == (hr, lr)


def test_a_small_version_is_made():
    lr, hr = degrade(IMAGE, 3)
    pair = Pair("mine", IMAGE, scale=3)
    for found, expected in zip((pair.hr, pair.lr, *pair.pixels(3)), (hr, lr) * 2, strict=True):
        assert np.array_equal(found, expected)


def test_files_and_photographs_are_decoded_once_a_call(tmp_path, monkeypatch):
    lr, hr = degrade(IMAGE, 2)
    hr_file, lr_file = write(tmp_path / "hr.png", hr), write(tmp_path / "lr.png", lr)
    decoded = []

    def counted(path):
        decoded.append(path)
        return read(path)

    monkeypatch.setattr(module, "read_rgb", counted)
    for pair, files in [
        (Pair("both", hr_file, str(lr_file)), [hr_file, str(lr_file)]),
        (Pair("one", hr_file, scale=2), [hr_file]),
    ]:
        assert not decoded
        found = pair.pixels(2)
        assert np.array_equal(found[0], hr) and np.array_equal(found[1], lr)
        assert decoded == files
        decoded.clear()
        assert np.array_equal(pair.hr, hr) and np.array_equal(pair.lr, lr)
        decoded.clear()
    photo = photograph("coins")
    assert np.array_equal(Pair("coins", photo, scale=4).hr, degrade(photo.image, 4)[1])


def test_grey_is_three_equal_planes():
    grey = IMAGE[..., 1]
    planes = np.stack([grey] * 3, axis=2)
    for found in (Pair("g", grey, scale=2).pixels(2), Pair("g", *degrade(grey, 2)[::-1]).pixels(2)):
        for side, expected in zip(found, Pair("rgb", planes, scale=2).pixels(2), strict=True):
            assert np.array_equal(side, expected)


def test_a_pair_does_not_change():
    pair = Pair("mine", IMAGE, scale=2)
    with pytest.raises(dataclasses.FrozenInstanceError):
        pair.scale = 3
    assert pair in {pair} and pair != Pair("mine", IMAGE, scale=2)


def test_the_small_version_or_a_scale():
    for wrong in ({}, {"lr_source": IMAGE, "scale": 2}):
        with pytest.raises(ArgumentError, match="'mine': give its small version, or else"):
            Pair("mine", IMAGE, **wrong)


def zeros(*shape: int) -> np.ndarray:
    return np.zeros(shape, np.uint8)


@pytest.mark.parametrize(
    "pair, says",
    [
        (Pair("t", IMAGE[:14], scale=2), "'t' has 40x14 pixels, too few .* at least 15x15. Leave"),
        (Pair("t", zeros(1, 9, 3), scale=2), "'t': an image of 9x1 pixels is too small"),
        (
            Pair("odd", zeros(40, 40, 3), zeros(20, 19, 3)),
            "'odd': .* 40x40 .* 19x20, .* not 2",
        ),
        (Pair("three", IMAGE, scale=3), "'three': the truth is 39x48 .* not 2 times smaller"),
        (Pair("f", np.zeros((40, 40, 3)), np.zeros((20, 20, 3))), "'f': expected a uint8 array"),
        (Pair("f", np.zeros((40, 40, 3)), scale=2), "'f': expected a uint8 array .* got float64"),
        (Pair("a", zeros(40, 40, 4), scale=2), r"'a': expected .* got shape \(40, 40, 4\)"),
        (Pair("none", None, scale=2), "'none': expected a uint8 array .* got NoneType"),
        (Pair("away", "no/away.png", scale=2), "'away': 'no/away.png' does not exist"),
        (Pair("away.png", "no/away.png", scale=2), "^'no/away.png' does not exist"),
    ],
)
def test_what_cannot_be_scored_is_named(pair, says):
    with pytest.raises(ImageError, match=says):
        pair.pixels(2)
