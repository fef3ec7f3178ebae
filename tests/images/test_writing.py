"""Photographs into files: what goes out is whole, or not there at all."""

import errno
import os
import zlib

import cv2
import numpy as np
import pytest
import tifffile
import torch
from PIL import Image
from skimage.data import astronaut

from srlib.errors import ArgumentError, ImageError
from srlib.images.about import About, Density
from srlib.images.reading import read, read_photo
from srlib.images.writing import Stopped, encode, write
from tests.helpers import noted
from tests.helpers.arrays import equal, pixels, sixteen_bits
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
        ("x.webp", pixels(2, 2, 3).astype(np.uint16), "x.webp': WEBP stores 8 bits only"),
        ("x.avif", pixels(2, 2).astype(np.uint16), "x.avif': AVIF stores 8 bits only"),
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


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".tif", ".bmp", ".avif"])
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


# Quality


@pytest.mark.parametrize("suffix", [".jpg", ".jfif", ".webp", ".avif"])
def test_quality(tmp_path, suffix):
    photo = astronaut()[:128, :128]
    sizes, errors = [], []
    for quality in (30, 95):
        path = write(tmp_path / f"x{suffix}", photo, quality=quality)
        sizes.append(path.stat().st_size)
        errors.append(np.abs(read(path).astype(int) - photo).mean())
    assert sizes[0] < sizes[1] / 2 and errors[0] > errors[1]


def test_lossless(tmp_path):
    photo = astronaut()[:64, :64]
    assert equal(read(write(tmp_path / "x.webp", photo, quality=50, lossless=True)), photo)
    assert not equal(read(write(tmp_path / "x.webp", photo, lossless=False)), photo)
    for name in ("x.jpg", "x.avif"):
        with pytest.raises(ArgumentError, match="is not written without loss"):
            write(tmp_path / name, photo, lossless=True)
    for name in ("x.png", "x.tif", "x.bmp"):  # which are so anyway
        assert equal(read(write(tmp_path / name, photo, quality=50, lossless=True)), photo)


@pytest.mark.parametrize("quality", [0, 101, 50.5, True, "high"])
def test_no_quality(tmp_path, quality):
    with pytest.raises(ArgumentError, match="quality must be a whole number from 1 to 100"):
        write(tmp_path / "x.jpg", pixels(2, 2, 3), quality=quality)
    assert list(tmp_path.iterdir()) == []


# The two formats that are written here, by another decoder


@pytest.mark.parametrize(
    "shape", [(5, 7), (5, 7, 2), (5, 7, 3), (5, 7, 4), (1, 1, 3), (3000, 40, 3)]
)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_another_reader_finds_the_same_in_a_tiff(tmp_path, shape, dtype):
    image = pixels(*shape) if dtype == np.uint8 else sixteen_bits(*shape)
    for order in ("<", ">"):
        write(tmp_path / "x.tif", image, about=About(exif=noted.exif(order)))
        with tifffile.TiffFile(tmp_path / "x.tif") as file:
            assert equal(file.asarray(), image) and len(file.pages) == 1
            assert (
                not file.pages[0].is_multipage if hasattr(file.pages[0], "is_multipage") else True
            )
        if dtype == np.uint8 or len(shape) == 2:
            with Image.open(tmp_path / "x.tif") as found:
                assert np.array_equal(np.array(found), image)


@pytest.mark.parametrize("shape", [(5, 7), (5, 7, 3), (5, 7, 4), (1, 1, 3), (3000, 40, 3)])
def test_another_reader_finds_the_same_in_a_png_of_16_bits(tmp_path, shape):
    image = sixteen_bits(*shape)
    write(tmp_path / "x.png", image)
    found = cv2.imread(str(tmp_path / "x.png"), cv2.IMREAD_UNCHANGED)
    if found.ndim == 3:
        found[..., :3] = found[..., 2::-1].copy()
    assert equal(found, image)
    assert [name for name, _ in noted.png_chunks((tmp_path / "x.png").read_bytes())][0] == b"IHDR"


def test_grey_of_16_bits_with_alpha_in_a_png(tmp_path):
    """Which hardly anybody reads: by the specification."""
    image = sixteen_bits(3, 5, 2)
    write(tmp_path / "x.png", image)
    chunks = noted.png_chunks((tmp_path / "x.png").read_bytes())
    assert chunks[0][1][8:10] == bytes([16, 4])
    body = b"".join(content for name, content in chunks if name == b"IDAT")
    rows = np.frombuffer(zlib.decompress(body), np.uint8).reshape(3, -1)
    assert (rows[:, 0] == 2).all()  # each row is what it adds to the one above
    bytes_of = np.cumsum(rows[:, 1:], axis=0, dtype=np.uint8)
    assert np.array_equal(bytes_of.view(">u2").reshape(3, 5, 2), image)


@pytest.mark.parametrize("name", ["x.png", "x.tif"])
def test_an_array_can_be_stopped_too(tmp_path, name):
    asked = []

    def stopped() -> bool:
        asked.append(None)
        return len(asked) > 3

    with pytest.raises(Stopped):
        encode(tmp_path / name, sixteen_bits(2000, 400, 3), stopped=stopped)
    assert list(tmp_path.iterdir()) == []


# Density


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif", ".bmp"])
def test_a_ratio_of_pixels_is_no_density(tmp_path, suffix):
    """Pixels that are not square stay as they are; nothing is known of inches."""
    about = About(density=Density(2, 1, ""))
    encode(tmp_path / f"x{suffix}", Image.fromarray(pixels(4, 4, 3)), about, scale=4)
    found = read_photo(tmp_path / f"x{suffix}").about.density
    assert found == (None if suffix == ".bmp" else Density(2, 1, ""))


def test_densities_that_a_format_cannot_hold(tmp_path):
    image = Image.fromarray(pixels(4, 4, 3))
    lost = encode(tmp_path / "x.jpg", image, About(density=Density(20000, 20000)), scale=4)
    assert lost == ("JPEG holds no density beyond 65535 pixels an inch: left out",)
    with Image.open(tmp_path / "x.jpg") as found:
        assert found.info["jfif_density"] == (1, 1)


def test_a_density_a_centimetre(tmp_path):
    image = Image.fromarray(pixels(4, 4, 3))
    for suffix in (".jpg", ".png", ".tif"):
        encode(tmp_path / f"x{suffix}", image, About(density=Density(118 * 2.54, 118 * 2.54)))
        found = read_photo(tmp_path / f"x{suffix}").about.density
        assert found.x == pytest.approx(118 * 2.54, rel=1e-3)
