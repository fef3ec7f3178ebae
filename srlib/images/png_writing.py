"""PNG files: the chunks that go with a photograph, and 16 bits of colour, which Pillow lacks."""

import struct
import zlib
from collections.abc import Iterator

import numpy as np

from srlib.images.about import About
from srlib.images.png import SIGNATURE, XMP_KEY, chunk, density_chunk

_LEVEL = 4  # of zlib; a third of the default's time, for a few per cent more bytes
_COLOUR_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}  # planes -> PNG's number

HEAD = 33  # bytes up to the end of the header, after which the chunks below go


def notes(about: About) -> bytes:
    """What goes with the image, as chunks; all of it fits."""
    found = list(about.colour)
    if about.icc_profile:
        found.append((b"iCCP", b"ICC Profile\0\0" + zlib.compress(about.icc_profile)))
    density = density_chunk(about.density) if about.density else None
    if density:
        found.append((b"pHYs", density))
    if about.exif:
        found.append((b"eXIf", about.exif))
    if about.xmp:
        found.append((b"iTXt", XMP_KEY + b"\0\0\0\0\0" + about.xmp))
    for text in about.texts:
        name = b"iTXt" if text.encoding == "utf-8" and not text.data.isascii() else b"tEXt"
        middle = b"\0\0\0\0\0" if name == b"iTXt" else b"\0"
        found.append(text.chunk or (name, text.key.encode("latin-1") + middle + text.data))
    return b"".join(chunk(name, content) for name, content in found)


def encode_16_bits(sink, strips: Iterator[np.ndarray], shape: tuple[int, ...]) -> None:
    """Write an image of 16 bits a value, each row as its differences to the one above.

    Args:
        sink: a new file.
        strips: uint16 ``(rows, W[, C])``, from the top to the bottom.
        shape: of the whole image.
    """
    planes = shape[2] if len(shape) == 3 else 1
    header = struct.pack(">IIBBBBB", shape[1], shape[0], 16, _COLOUR_TYPES[planes], 0, 0, 0)
    sink.write(SIGNATURE + chunk(b"IHDR", header))
    deflate = zlib.compressobj(_LEVEL)
    above = np.zeros(shape[1] * planes * 2, np.uint8)
    for strip in strips:
        rows = strip.astype(">u2").reshape(len(strip), -1).view(np.uint8)
        lines = np.full((len(rows), rows.shape[1] + 1), 2, np.uint8)  # filter 2: "up"
        lines[0, 1:] = rows[0] - above
        lines[1:, 1:] = rows[1:] - rows[:-1]
        above = rows[-1]
        _write_rows(sink, deflate.compress(lines.tobytes()))
    _write_rows(sink, deflate.flush())
    sink.write(chunk(b"IEND", b""))


def _write_rows(sink, data: bytes) -> None:
    if data:
        sink.write(chunk(b"IDAT", data))
