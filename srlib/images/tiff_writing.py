"""TIFF files of 8 and 16 bits, with all that goes with the photograph, strip by strip.

Written here, since text in EXIF must stay the bytes that it is, and a strip at a time is all the
memory it takes. "TIFF Revision 6.0", Adobe, 1992; its "Technical Notes" of 2002 for deflate.
"""

import struct
import zlib
from collections.abc import Iterator
from typing import Protocol

import numpy as np

from srlib.images import exif as exif_block
from srlib.images.about import About
from srlib.images.directories import (
    BYTE,
    LONG,
    SHORT,
    UNDEFINED,
    Entry,
    Tree,
    numbers,
    packed,
)
from srlib.images.tiff import LAYOUT, PHOTOSHOP, PROFILE, XMP

_STRIP = 1 << 20  # bytes of pixels in a strip, about
_LEVEL = 4  # of zlib; a third of the default's time, for a few per cent more bytes


class Sink(Protocol):
    """What of a file is needed here."""

    def write(self, data: bytes) -> object: ...
    def seek(self, at: int) -> object: ...
    def tell(self) -> int: ...


def encode(
    sink: Sink,
    strips: Iterator[np.ndarray],
    shape: tuple[int, ...],
    bits: int,
    about: About,
) -> None:
    """Write an image; its rows come in strips of `rows_a_strip`.

    Args:
        sink: a new file.
        strips: arrays ``(rows, W[, C])``.
        shape: of the whole image, ``(H, W)`` or ``(H, W, C)``.
        bits: 8 or 16 a value.
        about: what goes with it, for its size; comments become the description, if EXIF has none.

    Raises:
        ValueError: it would be larger than 4 GB.
    """
    tree, order = _noted(about)
    sink.write((b"II*\0" if order == "<" else b"MM\0*") + bytes(4))
    places, sizes = [], []
    for strip in strips:
        places.append(sink.tell())
        data = zlib.compress(_predicted(strip, bits, order), _LEVEL)
        sizes.append(len(data))
        sink.write(data)
    sink.write(bytes(sink.tell() % 2))
    start = sink.tell()
    if start > 0xFFFF0000:
        raise ValueError("a TIFF file holds at most 4 GB")
    tree |= _layout(shape, bits, order)
    tree |= {273: numbers(LONG, places, order), 279: numbers(LONG, sizes, order)}
    sink.write(packed(tree, order, start))
    sink.seek(4)
    sink.write(struct.pack(f"{order}I", start))


def rows_a_strip(shape: tuple[int, ...], bits: int) -> int:
    """How many rows of an image of that shape make a strip."""
    planes = shape[2] if len(shape) == 3 else 1
    return max(1, min(shape[0], _STRIP // (shape[1] * planes * bits // 8)))


def _predicted(strip: np.ndarray, bits: int, order: str) -> bytes:
    """The difference of each value to the pixel before, which compresses better."""
    values = strip.astype(np.uint8 if bits == 8 else np.uint16)  # a copy
    values[:, 1:] -= strip[:, :-1].astype(values.dtype)
    return (values if bits == 8 else values.astype(f"{order}u2")).tobytes()


def _layout(shape: tuple[int, ...], bits: int, order: str) -> Tree:
    planes = shape[2] if len(shape) == 3 else 1
    values = {
        256: (LONG, [shape[1]]),
        257: (LONG, [shape[0]]),
        258: (SHORT, [bits] * planes),
        259: (SHORT, [8]),  # deflate
        262: (SHORT, [2 if planes >= 3 else 1]),  # RGB, or grey whose 0 is black
        277: (SHORT, [planes]),
        278: (LONG, [rows_a_strip(shape, bits)]),
        284: (SHORT, [1]),  # value by value
        317: (SHORT, [2]),  # differences along a row
    }
    if planes in (2, 4):
        values[338] = (SHORT, [2])  # alpha that is not multiplied in
    return {tag: numbers(kind, value, order) for tag, (kind, value) in values.items()}


def _noted(about: About) -> tuple[Tree, str]:
    """What goes with the image, as tags, and the byte order of those that there were."""
    tree: Tree = {}
    order = "<"
    if about.exif:
        block = exif_block.Block(about.exif)
        order = block.order
        tree = {tag: value for tag, value in block.tree().items() if tag not in LAYOUT}
    if about.density:
        tree |= exif_block.density_entries(about.density, order)
    if about.texts and exif_block.DESCRIPTION not in tree:
        said = b"\n".join(text.in_full() for text in about.texts)
        tree[exif_block.DESCRIPTION] = exif_block.text(said)
    for tag, kind, data in (
        (PROFILE, UNDEFINED, about.icc_profile),
        (XMP, BYTE, about.xmp),
        (PHOTOSHOP, BYTE, about.iptc),
    ):
        if data:
            tree[tag] = Entry(kind, data)
    return tree, order
