"""Hundreds of damaged files, made from a seed: an error of one line, or the pixels that another
decoder finds, or a warning; never a traceback, a half file, or a line of a C library's.
"""

import cv2
import numpy as np
import PIL
import pytest
from PIL import Image
from skimage.data import astronaut

from srlib.errors import ImageError
from srlib.images.exif import without_orientation
from srlib.images.reading import read_photo
from srlib.images.writing import encode
from tests.helpers import noted
from tests.helpers.arrays import sixteen_bits

PHOTO = astronaut()[60:108, 180:244]
RGBA = np.dstack([PHOTO, np.tile(np.arange(64, dtype=np.uint8) * 4, (48, 1))])
RGB = {"photometric": "rgb"}
TEXT = (b"tEXt", b"Comment\0a photograph")

CAMERA = b"Exif\0\0" + noted.exif()

BASES = {
    "png": noted.png(PHOTO, TEXT, (b"eXIf", noted.exif())),
    "rgba.png": noted.png(RGBA),
    "16.png": noted.png(sixteen_bits(48, 64, 3)),
    "palette.png": noted.encoded(PHOTO[..., 0] // 16, "PNG"),
    "jpg": noted.encoded(PHOTO, "JPEG", quality=92, exif=CAMERA, comment="a photograph"),
    "progressive.jpg": noted.encoded(PHOTO, "JPEG", quality=92, progressive=True),
    "webp": noted.encoded(PHOTO, "WEBP", lossless=True, exif=CAMERA),
    "tif": noted.tiff_with(PHOTO, noted.exif()),
    "zlib.tif": noted.tiff(PHOTO, compression="zlib", **RGB),
    "16.tif": noted.tiff(sixteen_bits(48, 64, 3), byteorder=">", **RGB),
    "bmp": noted.encoded(PHOTO, "BMP"),
    "gif": noted.encoded(PHOTO[..., 0], "GIF"),
    "avif": noted.encoded(PHOTO, "AVIF", exif=without_orientation(noted.exif())),
}
EACH = 40


def damaged(data: bytes, random: np.random.Generator) -> bytes:
    """The file with some of its bytes changed, cut off, doubled, moved or set to zero."""
    kind = random.integers(6)
    at, size = int(random.integers(len(data))), int(random.integers(1, 65))
    changed = bytearray(data)
    if kind == 0:  # a few bytes, anywhere
        for place in random.integers(0, len(data), 4):
            changed[place] ^= int(random.integers(1, 256))
    elif kind == 1:  # one byte near the start, where lengths and kinds are
        changed[int(random.integers(min(200, len(data))))] = int(random.integers(256))
    elif kind == 2:
        del changed[at:]
    elif kind == 3:
        changed[at : at + size] = bytes(len(changed[at : at + size]))
    elif kind == 4:
        changed[at:at] = changed[at : at + size]
    else:
        del changed[at : at + size]
    return bytes(changed)


def by_opencv(data: bytes) -> np.ndarray | None:
    """Another decoder's pixels, as stored, RGB; None where it finds none."""
    try:
        flags = cv2.IMREAD_UNCHANGED | cv2.IMREAD_IGNORE_ORIENTATION
        found = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    except cv2.error:
        return None
    if found is None or found.ndim == 2:
        return found
    return found[..., [2, 1, 0, 3][: found.shape[2]]]


@pytest.mark.parametrize("name", BASES)
def test_the_whole_file_is_read_as_another_decoder_reads_it(tmp_path, name):
    """Else the comparison below would say little."""
    (tmp_path / "x").write_bytes(BASES[name])
    expected = by_opencv(BASES[name])
    photo = read_photo(tmp_path / "x")
    assert photo.warnings == ()
    found = photo.pixels
    if name == "gif":
        found = np.dstack([found] * 3) if found.ndim == 2 else found
        expected = expected[..., :3]
    assert close(found, expected, name)


PILLOW = tuple(map(int, PIL.__version__.split(".")[:2]))


@pytest.mark.parametrize("name", BASES)
def test_damage(tmp_path, name, capfd):
    random = np.random.default_rng(list(BASES).index(name))
    fates = {"refused": 0, "warned": 0, "same": 0, "nothing to compare": 0}
    for _ in range(EACH):
        data = damaged(BASES[name], random)
        (tmp_path / "x").write_bytes(data)
        try:
            photo = read_photo(tmp_path / "x")
        except ImageError as error:
            assert len(str(error).splitlines()) == 1
            assert len(str(error)) < 600
            fates["refused"] += 1
            continue
        finally:
            said = capfd.readouterr()
            # Until Pillow 12.2 libavif itself complains on stderr.
            assert said == ("", "") or (name == "avif" and PILLOW < (12, 2))
        fates[fate(photo, data, name)] += 1
        capfd.readouterr()  # the other decoder's words
        target = tmp_path / "out.png"
        image = photo.pixels
        encode(target, image if image.itemsize == 2 else Image.fromarray(image), photo.about)
        assert np.array_equal(read_photo(target).pixels, image)
        noted.png_chunks(target.read_bytes())
    assert sorted(file.name for file in tmp_path.iterdir()) in (["out.png", "x"], ["x"])
    assert sum(fates.values()) == EACH
    assert fates["refused"] > 0


def fate(photo, data: bytes, name: str) -> str:
    if photo.warnings:
        return "warned"
    expected = by_opencv(data)
    if expected is None or photo.pixels.shape[:2] != expected.shape[:2]:
        return "nothing to compare"
    found = photo.pixels
    if found.ndim != expected.ndim or found.shape != expected.shape:
        return "nothing to compare"  # a palette, or grey, that the other makes colour of
    assert close(found, expected, name), "other pixels, and not a word"
    return "same"


def close(found: np.ndarray, expected: np.ndarray, name: str) -> bool:
    """The same; of JPEG and AVIF, whose decoders may round, nearly."""
    limit = 0 if not name.endswith(("jpg", "avif")) else 4
    if found.ndim == 2 and expected.ndim == 3:
        expected = expected[..., 0]
    error = np.abs(found.astype(int) - expected.astype(int))
    return error.mean() <= limit / 2 and error.max() <= 12 * limit
