"""Photographs out of files: upright, in their colours, or refused with a reason."""

import io
import os
import struct
import sys
import types
import zlib
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import ExifTags, Image, ImageCms
from skimage.data import astronaut

from srlib.errors import ImageError
from srlib.images import kinds
from srlib.images.kinds import check_size
from srlib.images.reading import read, read_photo, read_rgb
from srlib.images.writing import write
from tests.helpers import noted
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


@pytest.mark.parametrize("suffix", [".png", ".tif"])
@pytest.mark.parametrize("shape", [(5, 7), (5, 7, 2), (5, 7, 3), (5, 7, 4), (1, 1), (300, 1, 3)])
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


# Files that cannot be used


def encoded(mode: str, kind: str, **settings) -> bytes:
    buffer = io.BytesIO()
    image = Image.effect_noise((64, 64), 50).convert(mode)
    image.save(buffer, kind, **settings)
    return buffer.getvalue()


def apng() -> bytes:
    """Pillow's, of two pictures."""
    return encoded("RGB", "PNG", save_all=True, append_images=[Image.new("RGB", (64, 64))])


LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 12345\n"
RED = noted.png(np.zeros((4, 4, 3), np.uint8))

NOISE = {kind: encoded("RGB", kind) for kind in ("PNG", "JPEG", "WEBP", "TIFF", "BMP", "AVIF")}
TWO = {"save_all": True, "append_images": [Image.new("RGB", (64, 64))]}
DEEP = np.zeros((2, 2), np.uint16)
BAD_FILES = [
    ("empty.png", b"", "is empty"),
    ("text.png", b"I am a photograph, honestly.\n", "is not an image"),
    ("zeros.jpg", bytes(500), "is not an image"),
    ("cut.png", NOISE["PNG"][:3000], "is damaged: it is cut off"),
    ("cut.jpg", NOISE["JPEG"][:1000], "is damaged"),
    ("cut.webp", NOISE["WEBP"][:1000], "is not an image|is damaged"),
    ("cut.tif", NOISE["TIFF"][:6000], "is damaged"),
    ("short.tif", encoded("RGB", "TIFF", compression="tiff_lzw")[:-1], "is damaged, or stored"),
    ("cut.bmp", NOISE["BMP"][:6000], "is damaged"),
    ("cut.avif", NOISE["AVIF"][:600], "is not an image|is damaged"),
    ("head.png", NOISE["PNG"][:10], "is damaged or cut off"),
    ("crc.png", NOISE["PNG"][:60] + b"oops" + NOISE["PNG"][64:], "is damaged: the checksum"),
    ("grey16.png", noted.png(DEEP), "has 16 bits or more"),
    ("rgb16.png", noted.png(np.dstack([DEEP] * 3)), "has 16 bits or more"),
    ("la16.png", noted.png(np.dstack([DEEP] * 2)), "has 16 bits or more"),
    ("rgba16.png", noted.png(np.dstack([DEEP] * 4)), "has 16 bits or more"),
    ("grey16.tif", encoded("I;16", "TIFF"), "has 16 bits or more"),
    ("int32.tif", encoded("I", "TIFF"), "has signed whole numbers"),
    ("rgb16.tif", noted.tiff(np.dstack([DEEP] * 3), photometric="rgb"), "has 16 bits or more"),
    ("float.tif", encoded("F", "TIFF"), "has floating-point values from"),
    ("lab.tif", Image.new("LAB", (2, 2)), "has colours of the kind 'LAB'"),
    ("two.tif", encoded("RGB", "TIFF", **TWO), "holds more than one image"),
    ("two.webp", encoded("RGB", "WEBP", **TWO), "holds more than one image"),
    ("two.gif", encoded("L", "GIF", **TWO), "holds more than one image"),
    ("two.avif", encoded("RGB", "AVIF", **TWO), "holds more than one image"),
    ("two.png", apng(), "holds more than one image"),
    ("page.jpg", b"<!DOCTYPE html><html><body>404</body></html>", "is an HTML page, not an image"),
    ("page2.png", b"\n <html lang=en>", "is an HTML page, not an image"),
    ("error.png", b'{"message": "Not Found"}', "is JSON, not an image"),
    ("error.jpg", b"<?xml version='1.0'?><Error/>", "is XML, not an image"),
    ("pointer.png", LFS, "is a Git LFS pointer, not the image: run git lfs pull"),
    ("drawing.png", b"<?xml version='1.0'?>\n<svg xmlns='x'/>", "is an SVG drawing"),
    ("paper.tif", b"%PDF-1.7 ...", "is a PDF"),
    ("eps.png", b"%!PS-Adobe-3.0 EPSF-3.0", "is a PostScript drawing"),
    ("zip.png", b"PK\x03\x04 ...", "is an archive"),
    ("film.jpg", b"\0\0\0\x18ftypmp42 ...", "is a film"),
    ("ascii.png", b"\x89PNG\n\x1a\n" + RED[8:], "is a PNG that a transfer as text has damaged"),
    ("raw.jpg", b"FUJIFILMCCD-RAW 0201", "is a camera's raw file"),
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


# Formats by their content


@pytest.mark.parametrize(
    "kind",
    ["GIF", "BMP", "DIB", "TGA", "PPM", "PCX", "SGI", "JPEG2000", "QOI", "ICO", "DDS", "MPO"],
)
def test_what_pillow_reads_by_content(tmp_path, kind):
    rgb = pixels(16, 16, 3) // 64 * 64
    image = Image.fromarray(rgb)
    if kind == "GIF":
        image = image.quantize()
        rgb = np.array(image.convert("RGB"))
    settings = {"irreversible": False} if kind == "JPEG2000" else {}
    image.save(tmp_path / "name.png", kind, **settings)  # which is not what it is
    photo = read_photo(tmp_path / "name.png")
    assert photo.format == ("JPEG" if kind == "MPO" else kind)
    assert photo.pixels.shape[:2] == (16, 16)
    if kind != "MPO":
        assert equal(photo.pixels[..., :3], rgb)


def test_avif(tmp_path):
    photo = astronaut()[:64, :64]
    write(tmp_path / "x.avif", photo)
    back = read_photo(tmp_path / "x.avif")
    assert back.format == "AVIF" and np.abs(back.pixels.astype(int) - photo).mean() < 4


@pytest.mark.parametrize(
    "start, package",
    [
        (b"\0\0\0\x18ftypheic", "is a HEIC image, .*pip install pillow-heif"),
        (b"\xff\x0a..", "is a JPEG XL image, .*pip install pillow-jxl-plugin"),
        (b"\0\0\0\x0cJXL \r\n\x87\n", "is a JPEG XL image, .*pip install pillow-jxl-plugin"),
    ],
)
def test_a_format_whose_plugin_is_missing(tmp_path, monkeypatch, start, package):
    for module in ("pillow_heif", "pillow_jxl"):
        monkeypatch.setitem(sys.modules, module, None)
    (tmp_path / "x.jpg").write_bytes(start + bytes(100))
    with pytest.raises(ImageError, match=package):
        read(tmp_path / "x.jpg")


def test_a_plugin_is_asked(tmp_path, monkeypatch):
    asked = []
    plugin = types.SimpleNamespace(register_heif_opener=lambda: asked.append("heif"))
    monkeypatch.setitem(sys.modules, "pillow_heif", plugin)
    (tmp_path / "x.heic").write_bytes(b"\0\0\0\x18ftypheic" + bytes(100))
    with pytest.raises(ImageError, match="is not an image"):
        read(tmp_path / "x.heic")
    assert asked == ["heif"]


def test_floats_and_sixteen_bits_of_other_formats(tmp_path):
    (tmp_path / "x.pgm").write_bytes(b"P5 2 1 65535\n" + bytes([0, 1, 255, 255]))
    assert read_photo(tmp_path / "x.pgm").pixels.tolist() == [[1, 65535]]
    (tmp_path / "x.pfm").write_bytes(b"Pf 1 1 -1\n" + np.float32(0.5).tobytes())
    with pytest.raises(ImageError, match="floating-point values: save it as TIFF"):
        read_photo(tmp_path / "x.pfm")


# How large


def test_a_file_that_unfolds_is_refused_and_a_photograph_is_not(tmp_path):
    """88 megapixels of one colour in 258 kB; and, in proportion, what cameras and scanners make."""
    side = 9400
    rows = zlib.compress(bytes((3 * side + 1) * side), 9)
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", rows), (b"IEND", b""))
    bomb = b"\x89PNG\r\n\x1a\n" + b"".join(noted.chunk(*part) for part in parts)
    assert len(bomb) < 260_000
    (tmp_path / "bomb.png").write_bytes(bomb)
    for reads in (read, read_photo):
        with pytest.raises(ImageError, match=r"too large: .*88\.4 megapixels.*--max-megapixels 89"):
            reads(tmp_path / "bomb.png")
    check_size((12000, 9000), 3 * 108_000_000, 1_500_000, None)  # even a flat JPEG of a phone's
    check_size((10000, 14000), 140_000_000 // 8, 17_000, None)  # a blank scan of one bit
    check_size((30000, 20000), 3 * 600_000_000, 60_000_000, None)


def test_more_than_the_memory_at_hand(monkeypatch):
    monkeypatch.setattr(
        kinds.psutil, "virtual_memory", lambda: types.SimpleNamespace(available=5e8)
    )
    check_size((7000, 7000), 3 * 49_000_000, 20_000_000, None)
    with pytest.raises(ImageError, match=r"0\.5 GB of memory at hand are not enough"):
        check_size((8000, 7000), 3 * 56_000_000, 20_000_000, None)


def test_a_limit_of_ones_own(tmp_path):
    path = write(tmp_path / "x.png", np.zeros((70, 70), np.uint8))
    for reads in (read, read_photo):
        with pytest.raises(ImageError, match=r"0\.0049 are allowed|x\.png' is too large"):
            reads(path, max_pixels=4899)
    assert read(path, max_pixels=4900).shape == (70, 70)
    check_size((9400, 9400), 265_000_000, 258_000, 89_000_000)  # whatever the file


def test_pillows_own_limit_is_left_as_it_was(tmp_path, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    path = write(tmp_path / "x.bmp", np.zeros((70, 70), np.uint8))
    assert read(path).shape == (70, 70)
    assert Image.MAX_IMAGE_PIXELS == 100
