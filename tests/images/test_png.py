"""PNGs: what is damaged is refused, what they say of transparency and depth is believed."""

import struct
import zlib

import cv2
import numpy as np
import pytest
from PIL import Image
from skimage.data import astronaut

from srlib.errors import ImageError
from srlib.images.reading import read, read_photo
from tests.helpers import noted
from tests.helpers.arrays import equal, pixels, sixteen_bits

PHOTO = astronaut()[:60, :80]


def small_depths(bits: int, colour: int, values: list[int], *chunks) -> bytes:
    """A row of values of fewer than 8 bits."""
    header = struct.pack(">IIBBBBB", len(values), 1, bits, colour, 0, 0, 0)
    row = "".join(f"{value:0{bits}b}" for value in values)
    row = row.ljust(-(-len(row) // 8) * 8, "0")
    body = zlib.compress(b"\0" + int(row, 2).to_bytes(len(row) // 8))
    parts = [(b"IHDR", header), *chunks, (b"IDAT", body), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(noted.chunk(*part) for part in parts)


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_few_bits_with_a_transparent_value(tmp_path, bits):
    most = (1 << bits) - 1
    values = [0, most, most, 0]
    key = (b"tRNS", struct.pack(">H", most))
    (tmp_path / "x.png").write_bytes(small_depths(bits, 0, values, key))
    assert read(tmp_path / "x.png").tolist() == [[[0, 255], [255, 0], [255, 0], [0, 255]]]
    (tmp_path / "x.png").write_bytes(small_depths(bits, 0, values))
    assert read(tmp_path / "x.png").tolist() == [[0, 255, 255, 0]]


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_few_bits_of_a_palette(tmp_path, bits):
    palette = (b"PLTE", bytes([10, 20, 30, 40, 50, 60]))
    alpha = (b"tRNS", bytes([7]))
    (tmp_path / "x.png").write_bytes(small_depths(bits, 3, [0, 1], palette, alpha))
    assert read(tmp_path / "x.png").tolist() == [[[10, 20, 30, 7], [40, 50, 60, 255]]]


@pytest.mark.parametrize("planes", [1, 3])
def test_sixteen_bits_with_a_transparent_colour(tmp_path, planes):
    image = sixteen_bits(3, 4, planes)
    key = (b"tRNS", struct.pack(f">{planes}H", *image[1, 2]))
    (tmp_path / "x.png").write_bytes(noted.png(image, key))
    found = read_photo(tmp_path / "x.png").pixels
    assert np.array_equal(found[..., :-1], image)
    assert found[1, 2, -1] == 0 and np.delete(found[..., -1].ravel(), 6).min() == 65535


@pytest.mark.parametrize("planes", [1, 2, 3, 4])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_the_values_are_those_of_the_file(tmp_path, planes, dtype):
    image = (pixels if dtype == np.uint8 else sixteen_bits)(9, 11, planes)
    (tmp_path / "x.png").write_bytes(noted.png(image))
    assert equal(read_photo(tmp_path / "x.png").pixels, image[..., 0] if planes == 1 else image)


def test_an_encoder_that_filters_rows(tmp_path):
    image = np.cumsum(np.cumsum(sixteen_bits(50, 60, 3) % 7, axis=0), axis=1).astype(np.uint16)
    cv2.imwrite(str(tmp_path / "x.png"), image[..., ::-1])
    assert equal(read_photo(tmp_path / "x.png").pixels, image)


# Damage


def test_every_damage_to_the_pixels_is_refused(tmp_path):
    data = noted.encoded(PHOTO, "PNG")
    at = data.index(b"IDAT")
    random = np.random.default_rng(0)
    for _ in range(200):
        damaged = bytearray(data)
        damaged[random.integers(at + 4, len(data) - 12)] ^= int(random.integers(1, 256))
        (tmp_path / "x.png").write_bytes(damaged)
        with pytest.raises(ImageError, match="is damaged"):
            read(tmp_path / "x.png")


@pytest.mark.parametrize("rows", [0, 1, 30, 59])
def test_missing_rows_are_refused(tmp_path, rows):
    """All checksums fit, as in a file that a program wrote for a larger image."""
    whole = noted.png(PHOTO[:rows] if rows else PHOTO[:1])
    header = struct.pack(">IIBBBBB", 80, 60, 8, 2, 0, 0, 0)
    body = dict(noted.png_chunks(whole))[b"IDAT"] if rows else zlib.compress(b"")
    parts = ((b"IHDR", header), (b"IDAT", body), (b"IEND", b""))
    data = b"\x89PNG\r\n\x1a\n" + b"".join(noted.chunk(*part) for part in parts)
    (tmp_path / "x.png").write_bytes(data)
    with pytest.raises(ImageError, match=f"is damaged: {100 * rows // 60} % of its rows are there"):
        read(tmp_path / "x.png")


@pytest.mark.parametrize("mode", ["1", "L", "RGB", "RGBA", "LA", "P"])
@pytest.mark.parametrize("size", [(1, 1), (2, 9), (5, 3), (9, 17)])
def test_every_mode_is_whole(tmp_path, mode, size):
    """The bytes of a row are rounded up where values have fewer than 8 bits."""
    image = Image.fromarray(pixels(*size[::-1], 3)).convert(mode)
    image.save(tmp_path / "x.png")
    expected = np.array(image.convert({"1": "L", "P": "RGB"}.get(mode, mode)))
    assert equal(read(tmp_path / "x.png"), expected)


def interlaced(image: np.ndarray) -> bytes:
    """A PNG in Adam7's seven passes, by the specification."""
    starts = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2)]
    starts += [(0, 1, 2, 2), (1, 0, 2, 1)]
    rows = b""
    for y, x, dy, dx in starts:
        part = image[y::dy, x::dx]
        if part.size:
            rows += b"".join(
                b"\0" + row.tobytes() for row in part.astype(part.dtype.newbyteorder(">"))
            )
    colour = {1: 0, 3: 2, 4: 6}[image.shape[2] if image.ndim == 3 else 1]
    bits = 8 * image.itemsize
    header = struct.pack(">IIBBBBB", image.shape[1], image.shape[0], bits, colour, 0, 0, 1)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(noted.chunk(*part) for part in parts)


@pytest.mark.parametrize("shape", [(1, 1, 3), (9, 2, 3), (3, 5, 4), (17, 9, 3), (4, 4), (8, 8, 3)])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_seven_passes(tmp_path, shape, dtype):
    image = (pixels if dtype == np.uint8 else sixteen_bits)(*shape)
    (tmp_path / "x.png").write_bytes(interlaced(image))
    assert equal(read_photo(tmp_path / "x.png").pixels, image)


def test_text_that_unfolds_to_gigabytes_does_not_hinder(tmp_path):
    bomb = (b"zTXt", b"Comment\0\0" + zlib.compress(bytes(1 << 27), 9))
    (tmp_path / "x.png").write_bytes(noted.png(PHOTO, bomb))
    photo = read_photo(tmp_path / "x.png")
    assert equal(photo.pixels, PHOTO)
    assert photo.warnings == ("of the PNG, a damaged chunk zTXt is left out",)
    many = [(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(1 << 25), 9))] * 40
    (tmp_path / "x.png").write_bytes(noted.png(PHOTO, *many))
    found = read_photo(tmp_path / "x.png")
    assert sum(len(text.data) for text in found.about.texts) <= 1 << 26
    assert len(found.about.texts) + len(found.warnings) == 40
    large = (b"tEXt", b"workflow\0" + b"x" * 5_000_000)  # which some programs write
    (tmp_path / "x.png").write_bytes(noted.png(PHOTO, large))
    assert len(read_photo(tmp_path / "x.png").about.texts[0].data) == 5_000_000


def test_an_unknown_chunk_that_must_be_understood(tmp_path):
    (tmp_path / "x.png").write_bytes(noted.png(PHOTO, (b"CgBI", bytes(4))))  # a phone's own
    with pytest.raises(ImageError, match="has a chunk b'CgBI', which is no PNG's"):
        read(tmp_path / "x.png")


def test_bytes_after_the_end_are_no_matter(tmp_path):
    (tmp_path / "x.png").write_bytes(noted.png(PHOTO) + b"more")
    assert equal(read(tmp_path / "x.png"), PHOTO)
