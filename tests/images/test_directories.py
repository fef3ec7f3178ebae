"""TIFF's directories: read and written raw, whatever is in them."""

import io
import struct

import pytest

from srlib.images.directories import (
    LONG,
    RATIONAL,
    SHORT,
    Entry,
    Structure,
    fraction,
    numbers,
    packed,
)
from tests.helpers import noted


@pytest.mark.parametrize("order", ["<", ">"])
def test_what_is_packed_is_found_again(order):
    inside = {1: Entry(2, b"N\0"), 7: Entry(5, bytes(range(24)))}
    tree = {
        256: numbers(LONG, [70000], order),
        258: numbers(SHORT, [8, 8, 8], order),
        282: numbers(RATIONAL, [300, 72.5], order),
        270: Entry(2, "Größe\0".encode()),
        34853: inside,
    }
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}I", 10) + b"??"
    data = head + packed(tree, order, 10)
    structure = Structure(io.BytesIO(data))
    found = structure.directory(structure.first)
    assert found.next == 0 and list(found.entries) == sorted(tree)
    for tag, value in tree.items():
        if tag != 34853:
            assert found.entries[tag].data == value.data and found.entries[tag].type == value.type
    assert found.entries[282].numbers(order) == (300, 72.5)
    assert found.entries[270].numbers(order) == ()
    at = int(found.entries[34853].numbers(order)[0])
    deeper = structure.directory(at).entries
    assert {tag: value.data for tag, value in deeper.items()} == {
        tag: value.data for tag, value in inside.items()
    }
    assert noted.raw_tags(data)["main"][270] == tree[270].data  # by Pillow too
    assert noted.raw_tags(data)["gps"][7] == inside[7].data


@pytest.mark.parametrize(
    "data", [b"", b"II*\0", b"II*\0\x08\0\0\0", b"II*\0\x08\0\0\0\x05\0", b"PNG?"]
)
def test_what_is_none(data):
    with pytest.raises(ValueError):
        structure = Structure(io.BytesIO(data))
        structure.directory(structure.first)


def test_values_outside_of_the_file_are_left_out():
    entries = [(270, 2, 100, 5000), (271, 2, 2, 65), (272, 99, 1, 1), (305, 2, 1 << 30, 8)]
    table = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    data = b"II*\0\x08\0\0\0" + struct.pack("<H", len(entries)) + table + bytes(4)
    structure = Structure(io.BytesIO(data))
    assert list(structure.directory(8).entries) == [271]


def test_many_entries_that_share_a_large_value():
    """Read one by one they would be gigabytes."""
    size, count = 1_000_000, 1000
    table = b"".join(struct.pack("<HHII", tag, 2, size, 100_000) for tag in range(count))
    head = b"II*\0\x08\0\0\0" + struct.pack("<H", count) + table + bytes(4)
    data = head.ljust(100_000 + size, b"x")
    found = Structure(io.BytesIO(data)).directory(8).entries
    assert sum(len(entry.data) for entry in found.values()) <= len(data)


def test_fractions():
    assert fraction(28.346) == (283460, 10000)
    assert fraction(1 << 33)[0] == (1 << 32) - 1
