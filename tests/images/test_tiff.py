"""TIFFs of all layouts, against what was put into them by tifffile or by hand."""

import io
import struct
import threading

import numpy as np
import pytest
import tifffile
from PIL import Image

from srlib.errors import ImageError
from srlib.images.directories import Structure
from srlib.images.reading import read, read_photo
from tests.helpers import noted
from tests.helpers.arrays import equal, pixels, sixteen_bits

UPRIGHT = {  # EXIF 2.32, tag 0112: what the first row and column of the stored image are
    1: lambda stored: stored,
    2: lambda stored: stored[:, ::-1],
    3: lambda stored: stored[::-1, ::-1],
    4: lambda stored: stored[::-1],
    5: lambda stored: stored.swapaxes(0, 1),
    6: lambda stored: stored.swapaxes(0, 1)[:, ::-1],
    7: lambda stored: stored.swapaxes(0, 1)[::-1, ::-1],
    8: lambda stored: stored.swapaxes(0, 1)[::-1],
}
CLEAR = {"photometric": "rgb", "extrasamples": ["unassalpha"]}
KINDS = {
    "grey": (pixels(2, 3), {}),
    "grey of 16 bits": (sixteen_bits(2, 3), {}),
    "grey, alpha": (pixels(2, 3, 2), {"photometric": "minisblack", "extrasamples": ["unassalpha"]}),
    "RGB": (pixels(2, 3, 3), {"photometric": "rgb"}),
    "RGB of 16 bits": (sixteen_bits(2, 3, 3), {"photometric": "rgb"}),
    "RGBA": (pixels(2, 3, 4), CLEAR),
    "RGBA of 16 bits": (sixteen_bits(2, 3, 4), CLEAR),
    "white is 0": (pixels(2, 3), {"photometric": "miniswhite"}),
    "white is 0 of 16 bits": (sixteen_bits(2, 3), {"photometric": "miniswhite"}),
}


def meant(stored: np.ndarray, settings: dict) -> np.ndarray:
    return np.iinfo(stored.dtype).max - stored if "white" in str(settings) else stored


@pytest.mark.parametrize("orientation", UPRIGHT)
@pytest.mark.parametrize("compression", [None, "zlib"])
@pytest.mark.parametrize("kind", KINDS)
def test_upright(tmp_path, kind, compression, orientation):
    """Of an uncompressed file opened by its name Pillow swaps the sides before it reads it."""
    stored, settings = KINDS[kind]
    tag = [(274, "H", 1, orientation, True)]
    for order in "<>":
        data = noted.tiff(
            stored, byteorder=order, extratags=tag, compression=compression, **settings
        )
        (tmp_path / "x.tif").write_bytes(data)
        expected = UPRIGHT[orientation](meant(stored, settings))
        assert equal(read_photo(tmp_path / "x.tif").pixels, expected)


@pytest.mark.parametrize("mode", ["P", "CMYK", "1"])
def test_other_modes_upright(tmp_path, mode):
    image = Image.fromarray(pixels(2, 3, 3)).convert(mode)
    expected = np.array(image.convert("RGB" if mode != "1" else "L"))
    exif = Image.Exif()
    exif[0x0112] = 6
    image.save(tmp_path / "x.tif", exif=exif)
    assert equal(read(tmp_path / "x.tif"), UPRIGHT[6](expected))


@pytest.mark.parametrize("width", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("compression", [None, "zlib"])
def test_planes_one_by_one(tmp_path, width, dtype, compression):
    """Three planes three pixels wide look like pixels of three values."""
    values = (sixteen_bits(3, 4, width) % 256 + (dtype == np.uint16) * 1000).astype(dtype)
    settings = {"planarconfig": "separate", "photometric": "rgb", "compression": compression}
    (tmp_path / "x.tif").write_bytes(noted.tiff(values, **settings))
    assert equal(read_photo(tmp_path / "x.tif").pixels, np.moveaxis(values, 0, 2))


@pytest.mark.parametrize("compression", ["tiff_lzw", "tiff_adobe_deflate", "packbits"])
def test_compressed_in_other_ways(tmp_path, compression):
    for image in (pixels(40, 30), pixels(40, 30, 3), pixels(40, 30, 4), sixteen_bits(40, 30)):
        Image.fromarray(image).save(tmp_path / "x.tif", compression=compression)
        assert equal(read_photo(tmp_path / "x.tif").pixels, image)


def test_colour_of_16_bits_that_only_libtiff_unpacks(tmp_path, monkeypatch):
    image = sixteen_bits(40, 30, 3)
    (tmp_path / "x.tif").write_bytes(noted.tiff(image, photometric="rgb", compression="zlib"))

    def fail(*_):
        raise ValueError("requires imagecodecs")

    monkeypatch.setattr(tifffile.TiffPage, "asarray", fail)
    assert equal(read_photo(tmp_path / "x.tif").pixels, image)


def test_twelve_bits_are_scaled(tmp_path):
    """Two pixels in three bytes: black, white; a third of the way."""
    entries = {256: 4, 257: 1, 258: 12, 259: 1, 262: 1, 273: 8, 277: 1, 278: 1, 279: 6}
    body = bytes([0x00, 0x0F, 0xFF, 0x55, 0x5A, 0xAA, 0, 0])
    table = struct.pack("<H", len(entries)) + b"".join(
        struct.pack("<HHII", tag, 4 if tag > 270 else 3, 1, value) for tag, value in entries.items()
    )
    data = b"II*\0" + struct.pack("<I", 8 + len(body)) + body + table + bytes(4)
    (tmp_path / "x.tif").write_bytes(data)
    photo = read_photo(tmp_path / "x.tif")
    assert photo.pixels.tolist() == [[0, 65535, 21845, 43690]]
    assert photo.warnings == ("12 bits a value are stored in 16",)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_floats_from_0_to_1(tmp_path, dtype):
    values = np.linspace(0, 1, 12).reshape(3, 4).astype(dtype)
    for image, settings in ((values, {}), (np.dstack([values] * 3), {"photometric": "rgb"})):
        (tmp_path / "x.tif").write_bytes(noted.tiff(image, **settings))
        photo = read_photo(tmp_path / "x.tif")
        assert photo.pixels.dtype == np.uint16
        assert np.abs(photo.pixels - image.astype(float) * 65535).max() <= 0.5
        assert photo.warnings == ("floats are rounded to 16 bits",)


@pytest.mark.parametrize("value", [1.001, -0.001, np.nan, np.inf])
def test_floats_that_do_not_say_what_is_white(tmp_path, value):
    image = np.full((3, 4), 0.5, np.float32)
    image[1, 1] = value
    (tmp_path / "x.tif").write_bytes(noted.tiff(image))
    with pytest.raises(ImageError, match=r"floating-point values .*only those in \[0, 1\]"):
        read_photo(tmp_path / "x.tif")


@pytest.mark.parametrize("dtype", [np.int8, np.int16, np.int32, np.uint32, np.uint64])
def test_other_numbers_are_refused(tmp_path, dtype):
    (tmp_path / "x.tif").write_bytes(noted.tiff(np.ones((3, 4), dtype)))
    with pytest.raises(ImageError, match="signed whole numbers|values of (32|64) bits"):
        read_photo(tmp_path / "x.tif")


def test_bands_that_are_no_colour(tmp_path):
    """Of unknown meaning beside grey or RGB, also if there is just one, as alpha would be."""
    for image, settings, kept, number in [
        (pixels(4, 5, 4), {"photometric": "rgb", "extrasamples": ["unspecified"]}, 3, 1),
        (pixels(4, 5, 6), {"photometric": "rgb"}, 3, 3),
        (pixels(4, 5, 2), {"photometric": "minisblack", "extrasamples": ["unspecified"]}, 1, 1),
        (sixteen_bits(4, 5, 5), {"photometric": "rgb"}, 3, 2),
    ]:
        (tmp_path / "x.tif").write_bytes(noted.tiff(image, planarconfig="contig", **settings))
        photo = read_photo(tmp_path / "x.tif")
        assert equal(photo.pixels, image[..., :kept] if kept > 1 else image[..., 0])
        assert photo.warnings == (f"{number} further bands beside colour are left out",)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("planes", [1, 3])
def test_alpha_that_was_multiplied_in(tmp_path, dtype, planes):
    most = np.iinfo(dtype).max
    colour = np.full((2, 3, planes), most // 5, dtype)
    alpha = np.full((2, 3, 1), 2 * (most // 5), dtype)
    image = np.concatenate([colour, alpha], axis=2)
    kind = "rgb" if planes == 3 else "minisblack"
    settings = {"photometric": kind, "extrasamples": ["assocalpha"], "planarconfig": "contig"}
    (tmp_path / "x.tif").write_bytes(noted.tiff(image, **settings))
    found = read_photo(tmp_path / "x.tif").pixels
    assert np.abs(found[..., :-1].astype(float) - most / 2).max() <= 1
    assert (found[..., -1] == alpha[..., 0]).all()


def test_a_big_tiff(tmp_path):
    for image in (pixels(4, 5, 3), sixteen_bits(4, 5, 3)):
        for order in "<>":
            data = noted.tiff(image, photometric="rgb", bigtiff=True, byteorder=order)
            (tmp_path / "x.tif").write_bytes(data)
            assert equal(read_photo(tmp_path / "x.tif").pixels, image)


def endless(pages: int) -> bytes:
    """A TIFF of so many pages, each a directory of a few bytes."""
    data = bytearray(noted.tiff(pixels(2, 2)))
    structure = Structure(io.BytesIO(bytes(data)))
    at = structure.directory(structure.first).next_at
    start = len(data) + len(data) % 2
    data = data.ljust(start, b"\0")
    data[at : at + 4] = struct.pack("<I", start)
    entry = struct.pack("<HHHII", 1, 254, 4, 1, 1)  # says: a smaller copy
    page = len(entry) + 4
    for index in range(pages):
        data += entry + struct.pack("<I", start + (index + 1) * page)
    return bytes(data) + entry + bytes(4)


def test_many_pages_are_not_walked(tmp_path):
    (tmp_path / "x.tif").write_bytes(endless(100_000))
    done = threading.Event()

    def work() -> None:
        assert "smaller copies" in read_photo(tmp_path / "x.tif").warnings[0]
        done.set()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    assert done.wait(60)  # it would take minutes


def test_a_circle_of_pages(tmp_path):
    data = bytearray(endless(3))
    data[-4:] = struct.pack("<I", len(data) - 22)
    (tmp_path / "x.tif").write_bytes(data)
    assert read_photo(tmp_path / "x.tif").pixels.shape == (2, 2)


def test_nothing_is_printed(tmp_path, capfd):
    """libtiff and tifffile print their complaints; here they are errors, or nobody's business."""
    for tag, value in ((65000, 1), (266, 7), (284, 1)):
        data = noted.tiff(
            pixels(40, 30), compression="zlib", extratags=[(tag, "H", 1, value, True)]
        )
        (tmp_path / "x.tif").write_bytes(data)
        read_photo(tmp_path / "x.tif")
    data = bytearray(noted.tiff(sixteen_bits(40, 30, 3), photometric="rgb", compression="zlib"))
    data[60:200] = bytes(140)
    (tmp_path / "x.tif").write_bytes(data)
    with pytest.raises(ImageError):
        read_photo(tmp_path / "x.tif")
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("make", ["DNG", "NEF", "CR2"])
def test_a_cameras_raw_file(tmp_path, make):
    """Its first page is a preview, which would be taken for the photograph."""
    tags = {
        "DNG": [(50706, 1, bytes([1, 4, 0, 0]))],
        "NEF": [(254, 4, struct.pack("<I", 1)), (330, 4, struct.pack("<I", 8))],
        "CR2": [],
    }
    data = noted.tiff_with(pixels(4, 5, 3), noted.exif(), *tags[make])
    if make == "CR2":  # which has a mark behind its header, and then its directory
        (first,) = struct.unpack("<I", data[4:8])
        table = data[first:]
        data = data[:4] + struct.pack("<I", 16) + b"CR\2\0" + bytes(4) + table
    (tmp_path / "x.tif").write_bytes(data)
    with pytest.raises(ImageError, match="is a camera's raw file"):
        read_photo(tmp_path / "x.tif")
