"""JPEG: the segments before its pixels, how many scans they come in, and whether they are whole.

ITU-T Recommendation T.81, and of JFIF T.871.
"""

import contextlib
import importlib.util
import re
import struct
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import torch

from srlib.errors import ImageError
from srlib.images.about import About, Density, Text
from srlib.images.noise import captured

SCANS = 200  # more than this many passes over the image only a hostile file has

SEGMENT = 65533  # bytes that one holds

EXIF, XMP = b"Exif\0\0", b"http://ns.adobe.com/xap/1.0/\0"
PHOTOSHOP, PROFILE = b"Photoshop 3.0\0", b"ICC_PROFILE\0"
_MORE_XMP = b"http://ns.adobe.com/xmp/extension/\0"
_OF_THE_FILE = (b"JFIF\0", b"JFXX\0", b"Adobe", b"Ducky", b"MPF\0", b"AROT")  # how it is encoded

_MARKER = re.compile(rb"\xff+[^\x00\xff\xd0-\xd7\x01]")
_SOS, _EOI, _COM = 0xDA, 0xD9, 0xFE


def segments(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The segments of the file, marker and content, up to the end of the first image."""
    at = 2
    while found := _MARKER.search(data, at):
        marker = data[found.end() - 1]
        if marker == _EOI:
            return
        at = found.end()
        if marker == 0xD8:
            continue
        size = int.from_bytes(data[at : at + 2])
        yield marker, data[at + 2 : at + size]
        at += max(2, size)


def about(data: bytes) -> tuple[About, list[str]]:
    """What the file says of the photograph, and what of it cannot be kept.

    Raises:
        ImageError: it comes in so many passes that decoding would take minutes.
    """
    said: dict[str, bytes] = {}
    profile: dict[int, bytes] = {}
    texts, others, density, scans, more = [], set(), None, 0, False
    for marker, content in segments(data):
        scans += marker == _SOS
        if marker == _COM:
            texts.append(_comment(content))
        elif 0xE0 <= marker <= 0xEF:
            name = f"APP{marker - 0xE0}"
            more |= marker == 0xE2 and content.startswith(b"MPF\0")
            if marker == 0xE0 and content.startswith(b"JFIF\0") and len(content) >= 12:
                density = _density(content)
            elif marker == 0xE2 and content.startswith(PROFILE) and len(content) > 14:
                profile.setdefault(content[12], content[14:])
            elif not _take(said, marker, content) and not content.startswith(_OF_THE_FILE):
                others.add(f"{name} ({_label(content)})")
    if scans > SCANS:
        raise ImageError(
            f"comes in {scans} passes over the image, where {SCANS} are the most that is read: "
            "save it anew as an ordinary JPEG"
        )
    lost = [f"of the JPEG, {', '.join(sorted(others))} is left out"] if others else []
    if more:
        lost.append("of the JPEG, further pictures (a preview, a depth or gain map) are left out")
    whole = b"".join(profile[number] for number in sorted(profile)) or None
    about = About(icc_profile=whole, density=density, texts=tuple(texts), **said)
    return about, lost


def _take(said: dict[str, bytes], marker: int, content: bytes) -> bool:
    """Keep a segment of EXIF, XMP or Photoshop's; whether it was one."""
    kinds = ((0xE1, EXIF, "exif"), (0xE1, XMP, "xmp"), (0xED, PHOTOSHOP, "iptc"))
    for its, prefix, name in kinds:
        if marker == its and content.startswith(prefix):
            rest = content.removeprefix(prefix)
            if name == "iptc":  # which may take several segments
                said[name] = said.get(name, b"") + rest
            said.setdefault(name, rest)
            return True
    return False


def _label(content: bytes) -> str:
    if content.startswith(_MORE_XMP):
        return "extended XMP"
    name = re.match(rb"[ -~]{2,40}", content)
    return name[0].decode() if name else "unknown"


def _comment(content: bytes) -> Text:
    content = content.rstrip(b"\0")
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return Text("Comment", content, "latin-1")
    return Text("Comment", content, "utf-8")


def _density(content: bytes) -> Density | None:
    unit, x, y = struct.unpack(">BHH", content[7:12])
    if not x or not y:
        return None
    if unit in (1, 2):
        return Density(x, y) if unit == 1 else Density(x * 2.54, y * 2.54)
    return Density(x, y, "") if x != y else None


def density_bytes(density: Density) -> bytes | None:
    """Unit and density as JFIF has them; None where it holds no such number."""
    x, y, unit = round(density.x), round(density.y), 1 if density.unit else 0
    exact = (x, y) == (density.x, density.y)
    if unit and not exact:  # a whole number a centimetre may be nearer
        near = [round(value / 2.54) for value in (density.x, density.y)]
        if abs(near[0] * 2.54 - density.x) < abs(x - density.x):
            (x, y), unit = near, 2
    fits = 0 < x < 65536 and 0 < y < 65536
    return struct.pack(">BHH", unit, x, y) if fits else None


def segment(marker: int, content: bytes) -> bytes:
    """A segment as it stands in a file."""
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content


# ------------------------------------------------------------------------------------- is it whole


def complaint(data: bytes) -> str | None:
    """What libjpeg says of damage that it went on after; None where it is content.

    Pillow does not pass such words on, torchvision's decoder prints them. Where that cannot be
    loaded nobody looks.
    """
    if not _torchvision():
        return None
    with captured() as lines, contextlib.suppress(RuntimeError):
        torch.ops.image.decode_jpeg(torch.frombuffer(bytearray(data), dtype=torch.uint8), 0)
    said = [line for line in lines if line.strip()]
    return said[0].strip() if said else None


@cache
def _torchvision() -> bool:
    """Load torchvision's decoders alone, since all of it takes a second; whether that went well."""
    found = importlib.util.find_spec("torchvision")
    if not found or not found.origin:
        return False
    for library in Path(found.origin).parent.glob("image*"):  # with _stable or not
        if library.suffix in (".so", ".pyd"):
            try:
                torch.ops.load_library(library)
                return hasattr(torch.ops.image, "decode_jpeg")
            except (OSError, RuntimeError):  # of another torch, or without its own libraries
                return False
    return False


# ----------------------------------------------------------------------------------------- writing


HEAD = 20  # bytes of what an encoder writes first: the start, and the segment of JFIF


def with_notes(head: bytes, about: About) -> bytes:
    """What an encoder has written first, with the density, and with segments of all that fits."""
    density = density_bytes(about.density) if about.density else None
    if density:
        head = head[:13] + density + head[18:]
    parts = [head]
    for marker, prefix, content in ((0xE1, EXIF, about.exif), (0xE1, XMP, about.xmp)):
        if content:
            parts.append(segment(marker, prefix + content))
    for marker, prefix, content in (
        (0xE2, PROFILE, about.icc_profile),
        (0xED, PHOTOSHOP, about.iptc),
    ):
        parts += _pieces(marker, prefix, content or b"")
    parts += [segment(_COM, text.in_full()) for text in about.texts]
    return b"".join(parts)


def _pieces(marker: int, prefix: bytes, content: bytes) -> list[bytes]:
    """Content over as many segments as it takes; those of a profile are numbered."""
    room = SEGMENT - len(prefix) - 2
    starts = range(0, len(content), room)
    numbered = prefix == PROFILE
    return [
        segment(
            marker,
            prefix
            + (bytes([index + 1, len(starts)]) if numbered else b"")
            + content[start : start + room],
        )
        for index, start in enumerate(starts)
    ]
