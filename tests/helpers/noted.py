"""Image files that say much besides their pixels, and what files say, found without srlib."""

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import tifffile
from PIL import Image, ImageCms, TiffImagePlugin

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
XMP = (
    b"<?xpacket begin='' id='W5M0MpCehiHzreSzNTczkc9d'?><x:xmpmeta xmlns:x='adobe:ns:meta/'>"
    b"<rdf:Description tiff:Orientation='1' exif:PixelXDimension='6'>caf\xc3\xa9</rdf:Description>"
    b"</x:xmpmeta><?xpacket end='w'?>"
)
CAPTIONS = b"8BIM\x04\x04\0\0\0\0\0\x0a\x1c\x02\x78\0\x05Hello"

MAKER_NOTE = bytes(range(256)) * 2
TEXTS = {  # tag of the first directory -> bytes that are no ASCII
    0x010E: "Größe in UTF-8 ✓".encode() + b"\0",
    0x013B: "Jos\xe9 in Latin-1".encode("latin-1") + b"\0",
    0x9C9B: "títle".encode("utf-16-le") + b"\0\0",
}
USER_COMMENT = b"UNICODE\0" + "naïve ☃".encode("utf-16-be")


def _table(order: str, entries: list[tuple[int, int, bytes]], at: int, following: int = 0) -> bytes:
    """A directory and the values that it points to, by the TIFF specification."""
    sizes = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 7: 1}
    table, beyond = struct.pack(f"{order}H", len(entries)), b""
    after = at + 2 + 12 * len(entries) + 4
    for tag, kind, data in sorted(entries):
        table += struct.pack(f"{order}HHI", tag, kind, len(data) // sizes[kind])
        if len(data) <= 4:
            table += data.ljust(4, b"\0")
        else:
            table += struct.pack(f"{order}I", after + len(beyond))
            beyond += data + b"\0" * (len(data) % 2)
    return table + struct.pack(f"{order}I", following) + beyond


def exif(order: str = "<", orientation: int = 1, size: tuple[int, int] = (6, 4)) -> bytes:
    """A camera's block: text of four encodings, a maker's notes, GPS, a preview."""
    short, long = (lambda v: struct.pack(f"{order}H", v)), (lambda v: struct.pack(f"{order}I", v))

    def ratio(a: int, b: int) -> bytes:
        return struct.pack(f"{order}II", a, b)

    details = [
        (0x829A, 5, ratio(1, 4)),
        (0x927C, 7, MAKER_NOTE),
        (0x9286, 7, USER_COMMENT),
        (0xA002, 4, long(size[0])),
        (0xA003, 3, short(size[1])),
        (0xA20E, 5, ratio(4000, 1)),
    ]
    gps = [(1, 2, b"N\0"), (2, 5, ratio(48, 1) + ratio(8, 1) + ratio(30, 1))]
    main = [
        (0x0112, 3, short(orientation)),
        (0x011A, 5, ratio(300, 1)),
        (0x011B, 5, ratio(300, 1)),
        (0x0128, 3, short(2)),
        *((tag, 1 if tag > 0x9000 else 2, data) for tag, data in TEXTS.items()),
        (0x8769, 4, long(0)),
        (0x8825, 4, long(0)),
    ]
    first = len(_table(order, main, 8))
    at_details = 8 + first
    at_gps = at_details + len(_table(order, details, at_details))
    at_preview = at_gps + len(_table(order, gps, at_gps))
    picture = b"\xff\xd8\xff preview of the small image \xff\xd9"
    pointers = {0x8769: at_details, 0x8825: at_gps}
    main = [
        (tag, kind, long(pointers[tag]) if tag in pointers else data) for tag, kind, data in main
    ]
    preview = [(0x0201, 4, long(0)), (0x0202, 4, long(len(picture)))]
    at_picture = at_preview + len(_table(order, preview, at_preview))
    preview[0] = (0x0201, 4, long(at_picture))
    return (
        (b"II*\0" if order == "<" else b"MM\0*")
        + long(8)
        + _table(order, main, 8, at_preview)
        + _table(order, details, at_details)
        + _table(order, gps, at_gps)
        + _table(order, preview, at_preview)
        + picture
    )


def raw_tags(data: bytes) -> dict[str, dict[int, bytes]]:
    """Of EXIF, or of a TIFF file: "main", "details", "gps" -> tag -> the bytes of its value."""
    data = data.removeprefix(b"Exif\0\0")
    order = "<" if data[:2] == b"II" else ">"
    found = {"main": _raw(data, struct.unpack(f"{order}I", data[4:8])[0])}
    for name, tag in (("details", 0x8769), ("gps", 0x8825)):
        if tag in found["main"]:
            found[name] = _raw(data, struct.unpack(f"{order}I", found["main"][tag])[0])
    return found


def _raw(data: bytes, at: int) -> dict[int, bytes]:
    """By Pillow's reader of directories, before it makes text of any of it."""
    directory = TiffImagePlugin.ImageFileDirectory_v2(data[:8])
    file = io.BytesIO(data)
    file.seek(at)
    directory.load(file)
    return dict(directory._tagdata) | ({-1: struct.pack("I", directory.next)})


def whole(data: bytes, order: str) -> int:
    """A SHORT or a LONG."""
    return struct.unpack(order + ("H" if len(data) == 2 else "I"), data)[0]


# ---------------------------------------------------------------------------------------------- PNG


def chunk(name: bytes, content: bytes) -> bytes:
    checksum = zlib.crc32(name + content)
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", checksum)


def png(pixels: np.ndarray, *chunks: tuple[bytes, bytes], bits: int = 0) -> bytes:
    """A PNG by the specification, the chunks after its header; values of 8 or 16 bits."""
    bits = bits or 8 * pixels.itemsize
    planes = pixels.shape[2] if pixels.ndim == 3 else 1
    colour = {1: 0, 2: 4, 3: 2, 4: 6}[planes]
    header = struct.pack(">IIBBBBB", pixels.shape[1], pixels.shape[0], bits, colour, 0, 0, 0)
    rows = pixels.astype(">u2" if bits == 16 else "u1").reshape(len(pixels), -1)
    body = zlib.compress(b"".join(b"\0" + row.tobytes() for row in rows))
    parts = [(b"IHDR", header), *chunks, (b"IDAT", body), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)


def png_chunks(data: bytes) -> list[tuple[bytes, bytes]]:
    """Name and content of each, the checksums asserted."""
    found, at = [], 8
    while at < len(data):
        size, name = struct.unpack_from(">I4s", data, at)
        content = data[at + 8 : at + 8 + size]
        assert data[at + 8 + size : at + 12 + size] == struct.pack(">I", zlib.crc32(name + content))
        found.append((name, content))
        at += 12 + size
    return found


def jpeg_segments(data: bytes) -> list[tuple[int, bytes]]:
    """Marker and content of each before the pixels."""
    found, at = [], 2
    while data[at + 1] != 0xDA:
        size = int.from_bytes(data[at + 2 : at + 4])
        found.append((data[at + 1], data[at + 4 : at + 2 + size]))
        at += 2 + size
    return found


def with_segments(data: bytes, *segments: tuple[int, bytes]) -> bytes:
    """A JPEG with more segments after the first."""
    cut = 4 + int.from_bytes(data[4:6])
    more = b"".join(struct.pack(">BBH", 0xFF, m, len(c) + 2) + c for m, c in segments)
    return data[:cut] + more + data[cut:]


def encoded(pixels: np.ndarray, kind: str, **settings) -> bytes:
    """A file by Pillow."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind, **settings)
    return buffer.getvalue()


def tiff(pixels: np.ndarray, **settings) -> bytes:
    """A file by tifffile."""
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, pixels, metadata=None, software=False, **settings)
    return buffer.getvalue()


def tiff_with(pixels: np.ndarray, block: bytes, *tags: tuple[int, int, bytes]) -> bytes:
    """An uncompressed TIFF of 8-bit RGB whose own tags are those of an EXIF block, and more."""
    order = "<" if block[:2] == b"II" else ">"
    height, width, planes = pixels.shape
    at = len(block) + len(block) % 2
    main = _raw(block, 8)
    kinds = {0x0112: 3, 0x0128: 3, 0x011A: 5, 0x011B: 5, 0x8769: 4, 0x8825: 4, 0x9C9B: 1}
    entries = [(tag, kinds.get(tag, 2), data) for tag, data in main.items() if tag > 0]
    numbers = {256: width, 257: height, 259: 1, 262: 2, 277: planes, 278: height}
    numbers |= {273: at, 279: pixels.size}
    entries += [(tag, 4, struct.pack(f"{order}I", value)) for tag, value in numbers.items()]
    entries += [(258, 3, struct.pack(f"{order}{planes}H", *[8] * planes)), *tags]
    start = at + pixels.size + pixels.size % 2
    return (
        block[:4]
        + struct.pack(f"{order}I", start)
        + block[8:].ljust(at - 8, b"\0")
        + pixels.tobytes().ljust(start - at, b"\0")
        + _table(order, entries, start)
    )


def stored_exif(path: Path) -> bytes | None:
    """The EXIF of a file, or a TIFF itself, as raw bytes."""
    data = path.read_bytes()
    if data[:2] in (b"II", b"MM"):
        return data
    if data[:4] == b"\x89PNG":
        return dict(png_chunks(data)).get(b"eXIf")
    with Image.open(io.BytesIO(data)) as image:
        return image.info.get("exif")
