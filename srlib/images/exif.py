"""EXIF and XMP: kept byte for byte, but for what is no longer so of the larger, upright image.

EXIF is a TIFF structure ("Exchangeable image file format", CIPA DC-008, 2.32): its pointers count
from its own start, and what a camera's maker notes there often does too. So nothing in it is moved;
the few values that change are overwritten where they lie.
"""

import contextlib
import io
import re
import struct

from srlib.images.about import Density
from srlib.images.directories import (
    ASCII,
    LONG,
    RATIONAL,
    SHORT,
    Directory,
    Entry,
    Structure,
    Tree,
    fraction,
    numbers,
    packed,
)

ORIENTATION, DESCRIPTION = 0x0112, 0x010E
X_RESOLUTION, Y_RESOLUTION, RESOLUTION_UNIT = 0x011A, 0x011B, 0x0128
DETAILS, GPS, INTEROPERABILITY = 0x8769, 0x8825, 0xA005  # tags that point to other directories
_WIDTHS, _HEIGHTS = (0x0100, 0xA002), (0x0101, 0xA003)
_DENSITIES = (X_RESOLUTION, Y_RESOLUTION, 0xA20E, 0xA20F)  # the latter: pixels on the sensor
_PREFIX = b"Exif\0\0"

_PLANES = {"RGB ": 3, "GRAY": 1}  # colours that an ICC profile is for -> planes without alpha


def profile_fits(profile: bytes | None, shape: tuple[int, ...]) -> bool:
    """Whether an ICC profile is one for grey, or for RGB, as an image of that shape is."""
    planes = shape[2] if len(shape) == 3 else 1
    return _PLANES.get((profile or b"")[16:20].decode("latin-1")) == (3 if planes >= 3 else 1)


class Block:
    """An EXIF block that is being changed in place.

    Attributes:
        data: its bytes.
        first: where the first directory lies.
        main: that directory.
        details: the camera's; empty if there is none.

    Raises:
        ValueError: it is damaged.
    """

    def __init__(self, data: bytes) -> None:
        self.data = bytearray(data.removeprefix(_PREFIX))
        self._structure = Structure(io.BytesIO(self.data))
        self.order = self._structure.order
        self.first = self._structure.first
        self.main = self._structure.directory(self.first)
        self.details = self.below(self.main, DETAILS)
        self._check_places()

    def _check_places(self) -> None:
        """Refuse a block some of whose densities lie on its own directories."""
        taken = [range(8)]
        for directory in (self.main, self.details):
            places = [entry.entry_at for entry in directory.entries.values()]
            taken.append(range(min(places, default=0), directory.next_at))
        for tag, entry in self.entries():
            if tag in _DENSITIES and any(entry.at in each for each in taken):
                raise ValueError("values lie on each other")

    def below(self, parent: Directory, tag: int) -> Directory:
        """The directory that an entry points to; an empty one where there is none that is whole."""
        with contextlib.suppress(ValueError):
            if tag in parent.entries:
                pointer = parent.entries[tag].numbers(self.order)
                return self._structure.directory(int(pointer[0]) if pointer else 0)
        return Directory({}, 0, 0)

    def entries(self) -> list[tuple[int, Entry]]:
        return [*self.main.entries.items(), *self.details.entries.items()]

    def overwrite(self, at: int, data: bytes) -> None:
        self.data[at : at + len(data)] = data

    def set_whole(self, entry: Entry, value: int) -> None:
        """Another whole number in the place of one; a longer type where that is needed."""
        kind = "H" if entry.type == SHORT and value < 65536 else "I"
        if kind == "I" and entry.type == SHORT:
            self.overwrite(entry.entry_at + 2, struct.pack(f"{self.order}H", LONG))
        self.overwrite(entry.at, struct.pack(self.order + kind, value))

    def tree(self) -> Tree:
        """All of it, to be written elsewhere."""
        whole: Tree = dict(self.main.entries)
        for tag, inside in ((DETAILS, self.details), (GPS, self.below(self.main, GPS))):
            whole.pop(tag, None)
            if inside.entries:
                whole[tag] = dict(inside.entries)
        deeper = self.below(self.details, INTEROPERABILITY)
        if deeper.entries:
            whole[DETAILS][INTEROPERABILITY] = dict(deeper.entries)
        return whole


def orientation(exif: bytes | None, xmp: bytes | None = None) -> int:
    """How the stored image has to be turned, 1 to 8; 1 where nothing usable is said."""
    value = 0
    with contextlib.suppress(ValueError, struct.error):
        block = Block(exif or b"")
        if ORIENTATION in block.main.entries:
            value = int((block.main.entries[ORIENTATION].numbers(block.order) or (0,))[0])
    if not value and xmp:
        found = re.search(rb"tiff:Orientation(?:=['\"]|>)\s*([1-8])", xmp)
        value = int(found[1]) if found else 1
    return value if 1 <= value <= 8 else 1


def upright(exif: bytes | None) -> bytes | None:
    """EXIF of the image once it is upright, without its preview; None where it is damaged."""
    if not exif:
        return None
    try:
        block = Block(exif)
        if ORIENTATION in block.main.entries:
            block.set_whole(block.main.entries[ORIENTATION], 1)
        if block.main.next:
            _remove_preview(block)
    except (ValueError, struct.error):
        return None
    return bytes(block.data)


def _remove_preview(block: Block) -> None:
    """The small picture of the camera's, which would show the image as it was."""
    preview = Directory({}, 0, 0)
    with contextlib.suppress(ValueError):
        preview = block._structure.directory(block.main.next)
    block.overwrite(block.main.next_at, bytes(4))
    with contextlib.suppress(KeyError, IndexError):
        start = int(preview.entries[0x0201].numbers(block.order)[0])
        size = int(preview.entries[0x0202].numbers(block.order)[0])
        if start + size >= len(block.data) - 1:
            del block.data[start:]  # it is the last thing there, as it mostly is
        elif block.data[start : start + 2] == b"\xff\xd8":
            block.overwrite(start, bytes(size))


def says_no_more(exif: bytes) -> bool:
    """Whether EXIF says nothing beyond orientation and density, as the tags of most TIFFs."""
    few = {ORIENTATION, X_RESOLUTION, Y_RESOLUTION, RESOLUTION_UNIT}
    return set(Block(exif).main.entries) <= few


def resized(exif: bytes | None, size: tuple[int, int], scale: float) -> bytes | None:
    """EXIF that gives this width and height, where it gives any, and the density to go with it."""
    if not exif:
        return None
    try:
        block = Block(exif)
        unit = block.main.entries.get(RESOLUTION_UNIT)
        ratio_only = unit is not None and unit.numbers(block.order)[:1] == (1,)
        for tag, entry in block.entries():
            if tag in _WIDTHS + _HEIGHTS and entry.type in (SHORT, LONG):
                block.set_whole(entry, size[tag in _HEIGHTS])
            elif tag in _DENSITIES and entry.type == RATIONAL:
                if not (ratio_only and tag in (X_RESOLUTION, Y_RESOLUTION)):
                    value = fraction(entry.numbers(block.order)[0] * scale)
                    block.overwrite(entry.at, struct.pack(f"{block.order}2I", *value))
    except (ValueError, struct.error):
        return None
    return bytes(block.data)


def density_of(exif: bytes | None) -> Density | None:
    """Pixels per inch, as EXIF has it; None where it does not say."""
    with contextlib.suppress(ValueError, struct.error, IndexError, KeyError):
        block = Block(exif or b"")
        return density_in(block.main.entries, block.order)
    return None


def density_in(entries: dict[int, Entry], order: str) -> Density | None:
    """Pixels per inch, as the tags of a TIFF have it."""
    values = [entries[tag].numbers(order) for tag in (X_RESOLUTION, Y_RESOLUTION) if tag in entries]
    if len(values) < 2 or not all(value and value[0] > 0 for value in values):
        return None
    x, y = values[0][0], values[1][0]
    unit = entries[RESOLUTION_UNIT].numbers(order)[0] if RESOLUTION_UNIT in entries else 2
    if unit == 1:
        return None if x == y else Density(x, y, "")
    return Density(x, y) if unit == 2 else Density(x * 2.54, y * 2.54)


def density_entries(density: Density, order: str) -> Tree:
    """The three tags that say it in a TIFF or in EXIF."""
    return {
        X_RESOLUTION: numbers(RATIONAL, [density.x], order),
        Y_RESOLUTION: numbers(RATIONAL, [density.y], order),
        RESOLUTION_UNIT: numbers(SHORT, [2 if density.unit else 1], order),
    }


def with_density(exif: bytes | None, density: Density) -> bytes:
    """EXIF that says the density too: for formats that have no other place for it.

    The first directory is written anew at the end; all else stays where it is.
    """
    data = exif or b"II*\0\x08\0\0\0"
    block = Block(data) if exif else None
    order = block.order if block else "<"
    tree: Tree = dict(block.main.entries) if block else {}
    data += b"\0" * (len(data) % 2)
    tree |= density_entries(density, order)
    start = len(data)
    return data[:4] + struct.pack(f"{order}I", start) + data[8:] + packed(tree, order, start)


def without_orientation(exif: bytes) -> bytes:
    """EXIF without that tag, the later entries of its directory one place further up.

    For encoders that would otherwise write the whole block anew, and its text as ASCII.
    """
    with contextlib.suppress(ValueError, struct.error):
        block = Block(exif)
        entry = block.main.entries.get(ORIENTATION)
        if entry:
            start, end = block.main.next_at, entry.entry_at
            rest = bytes(block.data[end + 12 : start + 4])
            block.overwrite(end, rest + bytes(12))
            counter = int.from_bytes(
                block.data[block.first : block.first + 2], "little" if block.order == "<" else "big"
            )
            block.overwrite(block.first, struct.pack(f"{block.order}H", counter - 1))
            return bytes(block.data)
    return exif


def text(value: bytes) -> Entry:
    """Text as a tag's value."""
    return Entry(ASCII, value.rstrip(b"\0") + b"\0")


# ---------------------------------------------------------------------------------------------- XMP


def upright_xmp(xmp: bytes | None) -> bytes | None:
    """XMP of the image once it is upright."""
    return re.sub(rb"(tiff:Orientation(?:=['\"]|>)\s*)[1-8]", rb"\g<1>1", xmp) if xmp else None


def resized_xmp(xmp: bytes | None, size: tuple[int, int]) -> bytes | None:
    """XMP that gives this width and height, where it gives any."""
    names = rb"(tiff:ImageWidth|exif:PixelXDimension)", rb"(tiff:ImageLength|exif:PixelYDimension)"
    for name, side in zip(names, size, strict=True):
        xmp = re.sub(name + rb"(=['\"]|>)\s*\d+", rb"\1\g<2>%d" % side, xmp) if xmp else None
    return xmp
