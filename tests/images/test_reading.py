"""Photographs out of files: upright, in their colours, or refused with a reason."""

import io
import os
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import ExifTags, Image, ImageCms

from srlib.errors import ImageError
from srlib.images.reading import read, read_photo, read_rgb
from srlib.images.writing import write
from tests.helpers.arrays import equal, pixels, sixteen_bits


@pytest.mark.parametrize("suffix, kind", [(".png", "PNG"), (".tif", "TIFF"), (".webp", "WEBP")])
def test_orientation(tmp_path, suffix, kind):
    stored = pixels(2, 3, 3)
    transposed = stored.swapaxes(0, 1)
    upright = {  # EXIF 2.32, tag 0112: what the first row and column of the stored image are
        1: stored,
        2: stored[:, ::-1],
        3: stored[::-1, ::-1],
        4: stored[::-1],
        5: transposed,  # left top
        6: transposed[:, ::-1],  # right top: turned right by 90 degrees
        7: transposed[::-1, ::-1],
        8: transposed[::-1],
    }
    for orientation, expected in upright.items():
        exif = Image.Exif()
        exif[0x0112] = orientation
        path = tmp_path / f"{orientation}{suffix}"
        lossless = {"lossless": True} if kind == "WEBP" else {}
        Image.fromarray(stored).save(path, kind, exif=exif, **lossless)
        assert equal(read(path), expected), orientation


def test_orientation_of_a_jpeg(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (48, 16)).save(tmp_path / "x.jpg", exif=exif)
    assert read(tmp_path / "x.jpg").shape == (48, 16, 3)


def test_palettes_and_one_bit(tmp_path):
    palette = Image.new("P", (2, 1))
    palette.putpalette([10, 20, 30, 40, 50, 60])
    palette.putpixel((1, 0), 1)
    palette.save(tmp_path / "p.png")
    palette.save(tmp_path / "t.png", transparency=0)
    palette.save(tmp_path / "b.png", transparency=b"\x80\xff")
    colours = np.array([[[10, 20, 30], [40, 50, 60]]], np.uint8)
    assert equal(read(tmp_path / "p.png"), colours)
    assert equal(read(tmp_path / "t.png"), np.dstack([colours, np.uint8([[0, 255]])]))
    assert equal(read(tmp_path / "b.png"), np.dstack([colours, np.uint8([[128, 255]])]))
    bits = np.array([[True, False, True]])
    for name in ("1.png", "1.tif", "1.bmp"):
        Image.fromarray(bits).save(tmp_path / name)
        assert equal(read(tmp_path / name), np.uint8([[255, 0, 255]]))


def test_a_transparent_colour_becomes_alpha(tmp_path):
    Image.fromarray(np.uint8([[5, 7]])).save(tmp_path / "g.png", transparency=7)
    assert equal(read(tmp_path / "g.png"), np.uint8([[[5, 255], [7, 0]]]))
    rgb = np.uint8([[[1, 2, 3], [4, 5, 6]]])
    Image.fromarray(rgb).save(tmp_path / "c.png", transparency=(1, 2, 3))
    assert equal(read(tmp_path / "c.png"), np.dstack([rgb, np.uint8([[0, 255]])]))


def test_cmyk(tmp_path):
    cyan = Image.new("CMYK", (8, 8), (255, 0, 0, 0))
    rgb_profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for name, profile in [("no", None), ("damaged", b"profile" * 9), ("of RGB", rgb_profile)]:
        for suffix in (".jpg", ".tif"):
            cyan.save(tmp_path / (name + suffix), icc_profile=profile)
            assert equal(read(tmp_path / (name + suffix))[0, 0], np.uint8([0, 255, 255]))


def test_cmyk_goes_through_its_profile(tmp_path, monkeypatch):
    """Which this machine may not have one of: so only that it is asked, and its answer is kept."""
    seen = []

    def convert(image, source, target, outputMode):  # noqa: N803 - Pillow's name
        seen.append((image.mode, source.read(), outputMode))
        return Image.new("RGB", image.size, (1, 2, 3))

    monkeypatch.setattr(ImageCms, "profileToProfile", convert)
    Image.new("CMYK", (2, 2)).save(tmp_path / "x.tif", icc_profile=b"a press")
    assert read(tmp_path / "x.tif")[0, 0].tolist() == [1, 2, 3]
    assert seen == [("CMYK", b"a press", "RGB")]


def test_a_phones_multi_picture_jpeg_is_its_first_picture(tmp_path):
    main, preview = Image.new("RGB", (32, 32), "white"), Image.new("RGB", (8, 8))
    main.save(tmp_path / "x.jpg", "MPO", save_all=True, append_images=[preview])
    assert read(tmp_path / "x.jpg").min() == 255


def test_read_rgb(tmp_path):
    grey, rgb = pixels(3, 4), pixels(3, 4, 3)
    opaque = np.full((3, 4), 255, np.uint8)
    for image, expected in [
        (grey, np.dstack([grey] * 3)),
        (np.dstack([grey, opaque]), np.dstack([grey] * 3)),
        (rgb, rgb),
        (np.dstack([rgb, opaque]), rgb),
    ]:
        assert equal(read_rgb(write(tmp_path / "x.png", image)), expected)
    opaque[2, 3] = 254
    with pytest.raises(ImageError, match="x.png' is partly transparent"):
        read_rgb(write(tmp_path / "x.png", np.dstack([rgb, opaque])))


def test_published_benchmark_files_are_rgb(set5):
    files = sorted((set5 / "image_SRF_4").glob("*_HR.png"))
    assert [read_rgb(file).shape[2] for file in files] == [3] * 5


@pytest.mark.parametrize("name", ["a b.png", "a\nb.png", "-x.png", "\udcff.png", "Grüße.png"])
def test_names(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    image = pixels(3, 3)
    assert equal(read(write(name, image)), image)
    Path(name).write_bytes(b"")
    with pytest.raises(ImageError) as caught:
        read(name)
    assert len(str(caught.value).splitlines()) == 1
    str(caught.value).encode()  # can be printed


# 16 bits


@pytest.mark.parametrize("suffix, shape", [(".png", (5, 7)), (".tif", (5, 7)), (".tif", (5, 7, 3))])
def test_sixteen_bits_there_and_back(tmp_path, suffix, shape):
    values = sixteen_bits(*shape)
    photo = read_photo(write(tmp_path / f"x{suffix}", values))
    assert photo.pixels.dtype == np.uint16 and np.array_equal(photo.pixels, values)
    with pytest.raises(ImageError, match="has 16 bits or more"):
        read(tmp_path / f"x{suffix}")


@pytest.mark.parametrize("byteorder", ["<", ">"])
def test_sixteen_bits_upright(tmp_path, byteorder):
    values = sixteen_bits(5, 7, 3)
    tag = [(274, "H", 1, 6, True)]
    options = {"photometric": "rgb", "byteorder": byteorder, "extratags": tag, "metadata": None}
    tifffile.imwrite(tmp_path / "x.tif", values, **options)
    assert np.array_equal(read_photo(tmp_path / "x.tif").pixels, np.rot90(values, -1))
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    Image.fromarray(values[..., 0]).save(tmp_path / "x.png", exif=exif)
    assert np.array_equal(read_photo(tmp_path / "x.png").pixels, np.rot90(values[..., 0], -1))


def test_sixteen_bits_of_another_kind(tmp_path):
    planes = {"planarconfig": "separate", "photometric": "rgb"}
    alpha = {"photometric": "rgb", "extrasamples": ["unassalpha"]}
    for name, values, options in [
        ("planes.tif", sixteen_bits(3, 5, 7), planes),
        ("alpha.tif", sixteen_bits(5, 7, 4), alpha),
        ("white.tif", sixteen_bits(5, 7), {"photometric": "miniswhite"}),
        ("signed.tif", sixteen_bits(5, 7).astype(np.int16), {}),
    ]:
        tifffile.imwrite(tmp_path / name, values, **options)
        with pytest.raises(ImageError, match=name):
            read_photo(tmp_path / name)


# Files that cannot be used


def encoded(mode: str, kind: str, **settings) -> bytes:
    buffer = io.BytesIO()
    image = Image.effect_noise((64, 64), 50).convert(mode)
    image.save(buffer, kind, **settings)
    return buffer.getvalue()


def png16(colour_type: int, planes: int) -> bytes:
    """One pixel of 16 bits a value, by the PNG specification."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        )

    header = struct.pack(">IIBBBBB", 1, 1, 16, colour_type, 0, 0, 0)
    body = zlib.compress(b"\0" + b"\1\2" * planes)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")
    )


def tiff16() -> bytes:
    """Two by two pixels of 16-bit RGB, by the TIFF specification."""
    tags = [(256, 2), (257, 2), (258, 16), (259, 1), (262, 2), (273, 122), (277, 3), (279, 24)]
    entries = b"".join(struct.pack("<HHII", tag, 3, 1, value) for tag, value in tags)
    entries = entries.replace(
        struct.pack("<HHII", 258, 3, 1, 16), struct.pack("<HHII", 258, 3, 3, 116)
    )
    head = b"II*\0\x08\0\0\0" + struct.pack("<H", len(tags)) + entries + bytes(4)
    return head.ljust(116, b"\0") + struct.pack("<HHH", 16, 16, 16) + b"\1\2" * 12


NOISE = {kind: encoded("RGB", kind) for kind in ("PNG", "JPEG", "WEBP", "TIFF", "BMP")}
TWO = {"save_all": True, "append_images": [Image.new("RGB", (64, 64))]}
BAD_FILES = [
    ("empty.png", b"", "is empty"),
    ("text.png", b"I am a photograph, honestly.\n", "is not an 8-bit PNG"),
    ("x.gif", encoded("L", "GIF"), "is not an 8-bit PNG"),
    ("gif.png", encoded("L", "GIF"), "is not an 8-bit PNG"),
    ("cut.png", NOISE["PNG"][:3000], "is damaged"),
    ("cut.jpg", NOISE["JPEG"][:1000], "is damaged"),
    ("cut.webp", NOISE["WEBP"][:1000], "is not an 8-bit PNG|is damaged"),
    ("cut.tif", NOISE["TIFF"][:6000], "is damaged"),
    ("cut.bmp", NOISE["BMP"][:6000], "is damaged"),
    ("head.png", NOISE["PNG"][:10], "is not an 8-bit PNG"),
    ("crc.png", NOISE["PNG"][:60] + b"oops" + NOISE["PNG"][64:], "is damaged"),
    ("grey16.png", png16(0, 1), "has 16 bits or more"),
    ("rgb16.png", png16(2, 3), "has 16 bits or more"),
    ("la16.png", png16(4, 2), "has 16 bits or more"),
    ("rgba16.png", png16(6, 4), "has 16 bits or more"),
    ("grey16.tif", encoded("I;16", "TIFF"), "has 16 bits or more"),
    ("int32.tif", encoded("I", "TIFF"), "has 16 bits or more"),
    ("rgb16.tif", tiff16(), "has 16 bits or more"),
    ("float.tif", encoded("F", "TIFF"), "has floating-point values"),
    ("lab.tif", Image.new("LAB", (2, 2)), "has colours of the kind 'LAB'"),
    ("two.tif", encoded("RGB", "TIFF", **TWO), "holds 2 images"),
    ("two.webp", encoded("RGB", "WEBP", **TWO), "holds 2 images"),
    ("two.png", encoded("RGB", "PNG", **TWO), "holds 2 images"),
]


@pytest.mark.parametrize("name, content, complaint", BAD_FILES, ids=[case[0] for case in BAD_FILES])
def test_a_file_that_cannot_be_used(tmp_path, name, content, complaint):
    if isinstance(content, Image.Image):
        content.save(tmp_path / name)
    else:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(ImageError, match=f"{name}' ({complaint})"):
        read(tmp_path / name)


def test_no_file_and_a_folder(tmp_path):
    with pytest.raises(ImageError, match=r"none.png' does not exist"):
        read(tmp_path / "none.png")
    (tmp_path / "x.png").mkdir()
    with pytest.raises(ImageError, match=r"x.png' is a folder"):
        read(tmp_path / "x.png")
    os.symlink("loop.png", tmp_path / "loop.png")
    with pytest.raises(ImageError, match="loop.png' cannot be read: Too many levels of symbolic"):
        read(tmp_path / "loop.png")
    os.mkfifo(tmp_path / "pipe.png")  # which one would wait at for ever
    with pytest.raises(ImageError, match="pipe.png' is not a file but a pipe"):
        read(tmp_path / "pipe.png")
    with pytest.raises(ImageError, match="name too long"):
        read(tmp_path / ("n" * 300 + ".png"))


@pytest.mark.parametrize("limit", [4000, 1000])  # Pillow warns above it, and refuses above twice it
def test_a_decompression_bomb(tmp_path, monkeypatch, limit):
    path = write(tmp_path / "bomb.png", np.zeros((70, 70), np.uint8))
    assert read(path).shape == (70, 70)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", limit)
    with pytest.raises(
        ImageError, match=r"bomb.png' is too large: .*4900 pixels.*MAX_IMAGE_PIXELS"
    ):
        read(path)
