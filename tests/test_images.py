"""Files and values: what comes in is right or refused, what goes out is whole or not there."""

import errno
import io
import os
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
from full_disk import files_no_larger_than
from PIL import Image, ImageCms
from skimage.data import astronaut

from srlib import images
from srlib.images import ImageError, read, read_rgb, write

RNG = np.random.default_rng(0)


def pixels(*shape: int) -> np.ndarray:
    return RNG.integers(0, 256, shape, dtype=np.uint8)


def equal(a: np.ndarray, b: np.ndarray) -> bool:
    return a.dtype == b.dtype and np.array_equal(a, b)


# Files


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


def test_odd_exif_is_no_reason_to_refuse_or_to_warn(tmp_path, recwarn):
    Image.new("RGB", (4, 4)).save(tmp_path / "x.png", exif=b"Exif\0\0II*\0\xff\xff\xff\x7f")
    assert read(tmp_path / "x.png").shape == (4, 4, 3)
    assert not recwarn.list


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


# Writing all or nothing


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


def test_a_new_file_has_the_usual_permissions(tmp_path):
    (tmp_path / "plain").write_text("")
    path = write(tmp_path / "x.png", pixels(2, 2))
    assert path.stat().st_mode == (tmp_path / "plain").stat().st_mode


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


def test_image_folder(tmp_path):
    for name in ("b.png", "a.JPG", "c.txt", ".hidden.png", "d.webp"):
        (tmp_path / name).touch()
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "e.png").touch()
    assert [file.name for file in images.image_folder(tmp_path)] == ["a.JPG", "b.png", "d.webp"]
    (tmp_path / "empty").mkdir()
    with pytest.raises(ImageError, match="no image in the folder .*empty"):
        images.image_folder(tmp_path / "empty")
    assert [file.name for file in images.image_folder(tmp_path, [".txt"])] == ["c.txt"]
    for name in ("none", "c.txt"):
        with pytest.raises(ImageError, match=f"cannot list the folder .*{name}"):
            images.image_folder(tmp_path / name)
