"""Photographs into files: what goes out is whole, or not there at all."""

import errno
import os

import numpy as np
import pytest
import torch
from PIL import Image
from skimage.data import astronaut

from srlib.errors import ImageError
from srlib.images.reading import read
from srlib.images.writing import Stopped, encode, write
from tests.helpers.arrays import equal, pixels
from tests.helpers.full_disk import files_no_larger_than


@pytest.mark.parametrize("suffix", [".png", ".tif", ".TIFF", ".webp", ".bmp"])
def test_lossless_formats_give_back_what_was_written(tmp_path, suffix):
    for planes in (3,) if suffix == ".bmp" else (3, 4):
        image = pixels(5, 7, planes)
        image[0, 0] = [10, 20, 30, 0][:planes]  # a colour that is not seen is kept all the same
        assert equal(read(write(tmp_path / f"x{suffix}", image)), image)
    grey, alpha = pixels(5, 7), pixels(5, 7)
    rgb = np.dstack([grey] * 3)
    expected = rgb if suffix == ".webp" else grey  # WebP has no grey
    assert equal(read(write(tmp_path / f"g{suffix}", grey)), expected)
    if suffix != ".bmp":
        both = read(write(tmp_path / f"a{suffix}", np.dstack([grey, alpha])))
        assert equal(both, np.dstack([expected, alpha]))


def test_one_pixel_and_one_plane(tmp_path):
    assert equal(read(write(tmp_path / "x.png", pixels(1, 1, 3) * 0)), np.zeros((1, 1, 3), "uint8"))
    plane = pixels(4, 3, 1)
    assert equal(read(write(tmp_path / "y.png", plane)), plane[..., 0])


def test_jpeg_keeps_colour_at_full_resolution(tmp_path):
    colours = np.zeros((32, 32, 3), np.uint8)
    colours[:, ::2, 0] = 255  # red and black columns, which halved colour would smear to brown
    for name in ("x.jpg", "x.jpeg"):
        back = read(write(tmp_path / name, colours)).astype(int)
        assert np.abs(back - colours).max() < 20
    photo = astronaut()[:128, :128]
    assert np.abs(read(write(tmp_path / "p.jpg", photo)).astype(int) - photo).mean() < 2


# All or nothing


@pytest.mark.parametrize(
    "name, image, complaint",
    [
        ("x.gif", pixels(2, 2), "x.gif': its name should end in one of .png, .jpg"),
        ("x", pixels(2, 2), "should end in one of"),
        ("x.jpg", pixels(2, 2, 4), "JPEG stores no transparency. Save as PNG"),
        ("x.jpg", pixels(2, 2, 2), "JPEG stores no transparency"),
        ("x.bmp", pixels(2, 2, 4), "BMP stores no transparency"),
        ("x.webp", np.zeros((16384, 1), np.uint8), "x.webp': WEBP stores at most 16383 .*1x16384"),
        ("x.jpg", np.zeros((2, 65501), np.uint8), "x.jpg': JPEG stores at most 65500 .*65501x2"),
        ("x.jpg", pixels(2, 2).astype(np.uint16), "x.jpg': JPEG stores 8 bits only"),
        ("x.png", pixels(2, 2, 3).astype(np.uint16), "16-bit colour is written as TIFF only"),
        ("x.tif", pixels(2, 2, 4).astype(np.uint16), "stores no alpha beside 16 bits"),
        ("x.png", pixels(2, 2) / 255, "expected a uint8 array, got float64"),
        ("x.png", torch.zeros(1, 3, 2, 2), "expected a uint8 array, got torch.float32"),
        ("x.png", [[0]], "expected a uint8 array, got list"),
        ("x.png", pixels(2), r"got shape \(2,\)"),
        ("x.png", pixels(2, 2, 5), r"got shape \(2, 2, 5\)"),
        ("x.png", pixels(0, 2), "no pixels"),
        ("none/x.png", pixels(2, 2), "none/x.png': its folder does not exist"),
        ("file/x.png", pixels(2, 2), "file/x.png': its folder does not exist"),
        ("folder.png", pixels(2, 2), "folder.png': Is a directory"),
    ],
)
def test_what_cannot_be_written(tmp_path, name, image, complaint):
    (tmp_path / "file").write_text("a file")
    (tmp_path / "folder.png").mkdir()
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(ImageError, match=complaint):
        write(tmp_path / name, image)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_folder_that_takes_no_files():
    with pytest.raises(ImageError, match="cannot write '/proc/x.png'"):
        write("/proc/x.png", pixels(2, 2))


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".tif", ".bmp"])
def test_a_disk_that_fills_leaves_the_old_file(tmp_path, suffix):
    old = np.zeros((4, 4, 3), np.uint8)
    path = write(tmp_path / f"x{suffix}", old)
    message = f"cannot write .*x{suffix}': File too large"
    with files_no_larger_than(1000), pytest.raises(ImageError, match=message):
        write(path, pixels(64, 64, 3))
    assert equal(read(path), old)
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    "error", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()]
)
@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_an_interruption_leaves_nothing(tmp_path, monkeypatch, error, call):
    def fail(*_: object) -> None:
        partial = next(tmp_path.iterdir())  # written by now, if under another name
        assert partial.name != "x.png"
        raise error

    monkeypatch.setattr(os, call, fail)
    expected = ImageError if isinstance(error, OSError) else KeyboardInterrupt
    with pytest.raises(expected, match="No space left" if expected is ImageError else None):
        write(tmp_path / "x.png", pixels(8, 8))
    assert list(tmp_path.iterdir()) == []


def test_an_encoder_that_is_stopped_leaves_nothing(tmp_path):
    asked = []

    def stopped() -> bool:
        asked.append(None)
        return len(asked) > 3

    noise = pixels(400, 400, 3)
    for suffix in (".png", ".tif"):
        asked.clear()
        with pytest.raises(Stopped):
            encode(tmp_path / f"x{suffix}", Image.fromarray(noise), stopped=stopped)
    assert list(tmp_path.iterdir()) == []


def test_a_new_file_has_the_usual_permissions(tmp_path):
    (tmp_path / "plain").write_text("")
    path = write(tmp_path / "x.png", pixels(2, 2))
    assert path.stat().st_mode == (tmp_path / "plain").stat().st_mode
