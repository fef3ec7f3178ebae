"""The structure that TIFF and EXIF share: directories of tagged values, read and written raw.

Values stay the bytes that they are, in the byte order of their file, so that text of any encoding
and what a camera's maker put there survive. "TIFF Revision 6.0", Adobe, 1992; BigTIFF is read too.
"""

import io
import struct
from typing import BinaryIO, NamedTuple

SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
SIZES |= {16: 8, 17: 8, 18: 8}  # BigTIFF's; type -> bytes of one value
BYTE, ASCII, SHORT, LONG, RATIONAL, UNDEFINED, IFD = 1, 2, 3, 4, 5, 7, 13
_UNITS = {1: "B", 3: "H", 4: "I", 6: "b", 8: "h", 9: "i", 11: "f", 12: "d", 13: "I"}
_UNITS |= {16: "Q", 17: "q", 18: "Q"}

MOST = 1 << 26  # bytes of one value that are read; larger ones count as damaged


class Entry(NamedTuple):
    """A tagged value: its type, its bytes, and where in the file they and the entry itself lie."""

    type: int
    data: bytes
    at: int = 0
    entry_at: int = 0

    def numbers(self, order: str) -> tuple[float, ...]:
        """The values; () for text and other bytes."""
        if self.type in (5, 10):
            unit = "I" if self.type == 5 else "i"
            pairs = struct.unpack(f"{order}{len(self.data) // 4}{unit}", self.data)
            return tuple(a / b if b else 0.0 for a, b in zip(pairs[::2], pairs[1::2], strict=True))
        if self.type not in _UNITS:
            return ()
        count = len(self.data) // SIZES[self.type]
        return struct.unpack(f"{order}{count}{_UNITS[self.type]}", self.data)


Tree = dict[int, "Entry | Tree"]  # tag -> its value; or the directory that it points to


class Directory(NamedTuple):
    """One directory of a file.

    Attributes:
        entries: tag -> value.
        next: where the next directory lies; 0 for none.
        next_at: where that is written.
    """

    entries: dict[int, Entry]
    next: int
    next_at: int


class Structure:
    """A TIFF file, or an EXIF block, opened for its directories.

    Attributes:
        order: "<" or ">".
        first: where the first directory lies.
        wide: bytes of a pointer.

    Raises:
        ValueError: it is none.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._size = file.seek(0, io.SEEK_END)
        head = self._read(0, 16).ljust(16, b"\0")
        self.order = {b"II": "<", b"MM": ">"}.get(head[:2], "")
        magic = struct.unpack(f"{self.order}H", head[2:4])[0]
        if not self.order or magic not in (42, 43):
            raise ValueError("no TIFF structure")
        big = magic == 43
        self._count, self._pointer = (self.order + code for code in ("QQ" if big else "HI"))
        self.wide = 8 if big else 4
        self._record = self.order + ("HHQ8s" if big else "HHI4s")
        self.first = struct.unpack_from(self._pointer, head, 8 if big else 4)[0]

    def _read(self, at: int, size: int) -> bytes:
        self._file.seek(at)
        return self._file.read(size)

    def directory(self, at: int) -> Directory:
        """The directory there, without values that lie outside of the file.

        Raises:
            ValueError: it is cut off.
        """
        wide, step = struct.calcsize(self._count), struct.calcsize(self._record)
        head = self._read(at, wide)
        count = struct.unpack(self._count, head)[0] if len(head) == wide and at else 65536
        table = self._read(at + wide, count * step) if count < 65536 else b""
        if len(table) < count * step:
            raise ValueError("a directory is damaged or cut off")
        end = at + wide + count * step
        found = self._read(end, struct.calcsize(self._pointer))
        following = struct.unpack(self._pointer, found)[0] if len(found) in (4, 8) else 0
        entries: dict[int, Entry] = {}
        room = self._size  # many entries that point to the same bytes could fill the memory
        for index in range(count):
            tag, entry = self._entry(table, index * step, end - count * step, room)
            if entry and tag not in entries:
                entries[tag] = entry
                room -= len(entry.data)
        return Directory(entries, following, end)

    def _entry(
        self, table: bytes, start: int, table_at: int, room: int
    ) -> tuple[int, Entry | None]:
        tag, kind, number, inline = struct.unpack_from(self._record, table, start)
        size, entry_at = SIZES.get(kind, 0) * number, table_at + start
        if not 0 < size <= min(MOST, room):
            return tag, None
        where = entry_at + struct.calcsize(self._record) - len(inline)
        if size > len(inline):
            where = struct.unpack(self._pointer, inline)[0]
            inline = self._read(where, size)
        data = inline[:size]
        return tag, Entry(kind, data, where, entry_at) if len(data) == size else None


def packed(tree: Tree, order: str, at: int) -> bytes:
    """A directory with all that it points to, as bytes that are to lie at ``at`` of a file.

    Values longer than four bytes and the directories inside follow the directory itself.

    Raises:
        ValueError: when it would reach beyond 4 GB, where such pointers end.
    """
    table, beyond = b"", b""
    after = at + 2 + 12 * len(tree) + 4
    for tag, value in sorted(tree.items()):
        where = after + len(beyond)
        if isinstance(value, dict):
            data, kind, number = packed(value, order, where), LONG, 1
        else:
            data, kind, number = value.data, value.type, len(value.data) // SIZES[value.type]
        if isinstance(value, dict) or len(data) > 4:
            beyond += data + b"\0" * (len(data) % 2)
            data = struct.pack(f"{order}I", where) if where < 1 << 32 else b""
            if not data:
                raise ValueError("a TIFF file holds at most 4 GB")
        table += struct.pack(f"{order}HHI", tag, kind, number) + data.ljust(4, b"\0")
    return struct.pack(f"{order}H", len(tree)) + table + bytes(4) + beyond


def numbers(kind: int, values: tuple[float, ...] | list[float], order: str) -> Entry:
    """An entry of these values: of type SHORT, LONG, or RATIONAL to 1/10000."""
    if kind == RATIONAL:
        flat = [part for value in values for part in fraction(value)]
        return Entry(kind, struct.pack(f"{order}{len(flat)}I", *flat))
    return Entry(kind, struct.pack(f"{order}{len(values)}{_UNITS[kind]}", *values))


def fraction(value: float) -> tuple[int, int]:
    """Numerator and denominator, each of 32 bits.

    >>> fraction(300.0), fraction(28.35)
    ((300, 1), (283500, 10000))
    """
    if value == int(value) and value < 1 << 32:
        return int(value), 1
    return min(round(value * 10000), (1 << 32) - 1), 10000
