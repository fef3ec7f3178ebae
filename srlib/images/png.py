"""PNG: its chunks checked, its 16 bits kept, and what they say besides.

"Portable Network Graphics (PNG) Specification (Third Edition)", W3C, 2025. Pillow decodes the rows,
but skips the checksums, fills missing rows with black, and reduces 16 bits of colour to 8.
"""

import io
import math
import struct
import zlib
from typing import NamedTuple

import numpy as np
from PIL import Image

from srlib.errors import ImageError
from srlib.images.about import About, Density, Text

SIGNATURE = b"\x89PNG\r\n\x1a\n"
COLOUR = (b"gAMA", b"cHRM", b"sRGB", b"cICP", b"mDCV", b"mDCv", b"cLLI", b"cLLi")
XMP_KEY = b"XML:com.adobe.xmp"
MOST = 1 << 26  # bytes that all compressed text, or a profile, may become

_PLANES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # colour type -> values a pixel
_CRITICAL = (b"IHDR", b"PLTE", b"IDAT", b"IEND")
_KNOWN = (*COLOUR, b"iCCP", b"pHYs", b"eXIf", b"tEXt", b"zTXt", b"iTXt", b"tRNS", b"acTL")
_OF_THE_FILE = (b"tIME", b"bKGD", b"hIST", b"sPLT")  # its date, and hints for drawing it
_INCH = 0.0254  # metres


class Header(NamedTuple):
    """What IHDR says."""

    width: int
    height: int
    bits: int
    colour: int
    compression: int
    filter: int
    interlaced: int

    @property
    def planes(self) -> int:
        return _PLANES[self.colour]

    @property
    def raw_bytes(self) -> int:
        """Of the rows as they are before compression, each with the byte of its filter."""
        passes = [(0, 0, 1, 1)]
        if self.interlaced:  # Adam7: first column and row, and the steps, of the seven passes
            passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4)]
            passes += [(1, 0, 2, 2), (0, 1, 1, 2)]
        total = 0
        for x, y, dx, dy in passes:
            width, height = math.ceil((self.width - x) / dx), math.ceil((self.height - y) / dy)
            if width > 0 and height > 0:
                total += height * (1 + math.ceil(width * self.bits * self.planes / 8))
        return total


Chunks = list[tuple[bytes, bytes]]


def header(data: bytes) -> Header:
    """The header of a PNG file, from its first 33 bytes.

    Raises:
        ImageError: it is damaged.
    """
    if len(data) < 33 or data[12:16] != b"IHDR":
        raise ImageError("is damaged or cut off: its header is not whole")
    found = Header(*struct.unpack(">IIBBBBB", data[16:29]))
    if found.colour not in _PLANES or found.bits not in (1, 2, 4, 8, 16) or not found.width:
        raise ImageError("is damaged: its header makes no sense")
    return found


def chunks(data: bytes) -> Chunks:
    """All chunks, name and content, up to the end of the image.

    Raises:
        ImageError: one of them is damaged, or the file ends too early.
    """
    found, at = [], len(SIGNATURE)
    while not found or found[-1][0] != b"IEND":
        if at + 12 > len(data):
            raise ImageError("is damaged: it is cut off")
        size, name = struct.unpack_from(">I4s", data, at)
        content = data[at + 8 : at + 8 + size]
        checksum = data[at + 8 + size : at + 12 + size]
        if len(content) < size or len(checksum) < 4:
            raise ImageError("is damaged: it is cut off")
        if zlib.crc32(content, zlib.crc32(name)) != int.from_bytes(checksum):
            raise ImageError(f"is damaged: the checksum of a chunk {name!r} does not fit")
        if name[:1].isupper() and name not in _CRITICAL:
            raise ImageError(f"has a chunk {name!r}, which is no PNG's: save it as plain PNG first")
        found.append((name, content))
        at += 12 + size
    return found


def check_rows(found: Chunks, head: Header) -> None:
    """Refuse an image some of whose rows are missing or damaged.

    Raises:
        ImageError: so it is.
    """
    inflate, total = zlib.decompressobj(), 0
    try:
        for name, content in found:
            while name == b"IDAT" and content and not inflate.eof and total <= head.raw_bytes:
                total += len(inflate.decompress(content, 1 << 20))
                content = inflate.unconsumed_tail
    except zlib.error as error:
        raise ImageError(f"is damaged: its rows cannot be decompressed ({error})") from None
    if total < head.raw_bytes:
        raise ImageError(f"is damaged: {100 * total // head.raw_bytes} % of its rows are there")


# ------------------------------------------------------------------------------------------- pixels


def pixels(found: Chunks, head: Header) -> np.ndarray:
    """uint8 or uint16 ``(H, W)`` or ``(H, W, 2 to 4)`` of checked chunks, not turned."""
    check_rows(found, head)
    transparent = dict(found).get(b"tRNS")
    if head.colour == 3:
        image = Image.open(io.BytesIO(_plain(found, head, keep=b"tRNS")), formats=["PNG"])
        return np.array(image.convert("RGBA" if transparent is not None else "RGB"))
    values = _sixteen_bits(found, head) if head.bits == 16 else _eight_bits(found, head)
    if transparent is None or head.colour not in (0, 2):
        return values
    key = np.frombuffer(transparent[: 2 * head.planes].ljust(2 * head.planes, b"\0"), ">u2")
    if head.bits < 8:
        key = key * (255 // ((1 << head.bits) - 1))
    same = (values.reshape(head.height, head.width, -1) == key).all(axis=2)
    return np.dstack([values, np.where(same, 0, np.iinfo(values.dtype).max).astype(values.dtype)])


def _eight_bits(found: Chunks, head: Header) -> np.ndarray:
    with Image.open(io.BytesIO(_plain(found, head)), formats=["PNG"]) as image:
        return np.array(image.convert({1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}[head.planes]))


def _sixteen_bits(found: Chunks, head: Header) -> np.ndarray:
    """The upper bytes of all values and the lower ones, which Pillow decodes one after the other.

    Grey with alpha has as many bytes a pixel as RGBA of 8 bits, and is decoded as that.
    """
    if head.planes == 1:
        with Image.open(io.BytesIO(_plain(found, head)), formats=["PNG"]) as image:
            return np.array(image).astype(np.uint16)
    if head.planes == 2:
        alike = head._replace(bits=8, colour=6)
        raw = _eight_bits(found, alike)
        return raw.view(">u2").astype(np.uint16)
    halves, plain = [], _plain(found, head)
    for order in ("B", "L"):
        with Image.open(io.BytesIO(plain), formats=["PNG"]) as image:
            image.tile = [tile._replace(args=f"{image.mode};16{order}") for tile in image.tile]
            halves.append(np.array(image).astype(np.uint16))
    return halves[0] << 8 | halves[1]


def _plain(found: Chunks, head: Header, keep: bytes = b"PLTE") -> bytes:
    """The file without all that is not needed for its pixels, and so cannot hinder decoding."""
    wanted = [(name, content) for name, content in found if name in (*_CRITICAL[1:], keep)]
    wanted = [(b"IHDR", struct.pack(">IIBBBBB", *head)), *wanted]
    return SIGNATURE + b"".join(chunk(*each) for each in wanted)


def chunk(name: bytes, content: bytes) -> bytes:
    """A chunk as it stands in a file."""
    checksum = zlib.crc32(content, zlib.crc32(name))
    return struct.pack(">I4s", len(content), name) + content + struct.pack(">I", checksum)


# -------------------------------------------------------------------------------- what else is said


def about(found: Chunks) -> tuple[About, list[str]]:
    """What the chunks say of the photograph, and what of it cannot be kept."""
    said = dict(reversed(found))  # the first of a name
    texts, xmp, exif, lost = [], None, said.get(b"eXIf"), []
    room = MOST
    for name, content in found:
        if name not in (b"tEXt", b"zTXt", b"iTXt"):
            continue
        text = _text(name, content, room)
        room -= len(text.data) if text else 0
        if text is None:
            lost.append(f"of the PNG, a damaged chunk {name.decode()} is left out")
        elif text.key == XMP_KEY.decode():
            xmp = xmp or text.data
        elif text.key.startswith("Raw profile type exif") and not exif:
            exif = _raw_profile(text.data)
        else:
            texts.append(text)
    profile = None
    if b"iCCP" in said:
        profile = _inflated(said[b"iCCP"].partition(b"\0")[2][1:])
        if profile is None:
            lost.append("of the PNG, the ICC profile is damaged and left out")
    density = _density(said[b"pHYs"]) if len(said.get(b"pHYs", b"")) == 9 else None
    colour = tuple((name, said[name]) for name in COLOUR if name in said)
    known = (*_CRITICAL, *_KNOWN, *_OF_THE_FILE, b"fcTL", b"fdAT")
    others = sorted({name.decode("latin-1") for name, _ in found if name not in known})
    if others:
        lost.append(f"of the PNG, the chunks {', '.join(others)} are left out")
    return About(exif, profile, xmp, None, density, colour, tuple(texts)), lost


def frames(found: Chunks) -> int:
    """How many images an animated PNG shows; 1 where it is none."""
    control = dict(found).get(b"acTL", b"")
    return struct.unpack(">I", control[:4])[0] if len(control) == 8 else 1


def _text(name: bytes, content: bytes, room: int) -> Text | None:
    key, _, rest = content.partition(b"\0")
    encoding = "latin-1"
    if name == b"zTXt":
        rest = _inflated(rest[1:], room)
    elif name == b"iTXt":
        encoding, packed = "utf-8", rest[:1] == b"\1"
        rest = rest[2:].partition(b"\0")[2].partition(b"\0")[2]
        rest = _inflated(rest, room) if packed else rest
    if rest is None:
        return None
    return Text(key.decode("latin-1"), rest, encoding, (name, content))


def _inflated(data: bytes, room: int = MOST) -> bytes | None:
    inflate = zlib.decompressobj()
    try:
        found = inflate.decompress(data, max(1, room))
    except zlib.error:
        return None
    return found if inflate.eof else None


def _raw_profile(data: bytes) -> bytes | None:
    """EXIF as ImageMagick writes it: a line with its name, one with its size, then hexadecimal."""
    try:
        return bytes.fromhex(b"".join(data.split()[2:]).decode("ascii"))
    except ValueError:
        return None


def _density(content: bytes) -> Density | None:
    x, y, unit = struct.unpack(">IIB", content)
    if not x or not y:
        return None
    if unit == 1:
        return Density(x * _INCH, y * _INCH)
    return Density(x, y, "") if x != y else None


def density_chunk(density: Density) -> bytes | None:
    """The content of pHYs; None where it holds no such number."""
    factor = 1 / _INCH if density.unit else 1
    values = [round(value * factor) for value in (density.x, density.y)]
    fits = all(0 < value < 1 << 31 for value in values)
    return struct.pack(">IIB", *values, 1 if density.unit else 0) if fits else None
