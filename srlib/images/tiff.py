"""TIFF: 8 bits by Pillow, 16 bits and floats by tifffile, or by Pillow where those are compressed.

Both want to be watched: Pillow maps an uncompressed file that it opens by its name with its sides
swapped, reduces 16 bits of colour to 8, and takes 12 bits for 16; a plane that is three pixels wide
looks like colour. "TIFF Revision 6.0", Adobe, 1992.
"""

import io
import re
import struct
import sys
from typing import BinaryIO, NamedTuple

import numpy as np
import tifffile
from PIL import Image, TiffTags

from srlib.errors import ImageError
from srlib.images import exif as exif_block
from srlib.images.about import About
from srlib.images.decoding import CMYK_NOTE, Decoded, decoded
from srlib.images.directories import LONG, SHORT, Directory, Structure, Tree, numbers, packed
from srlib.images.kinds import check_size
from srlib.images.noise import captured

XMP, PROFILE, PHOTOSHOP = 700, 34675, 34377

# Of a file's own tags: what is said of the photograph, and goes into its EXIF.
KEPT = (269, 270, 271, 272, 274, 282, 283, 285, 296, 305, 306, 315, 316, 18246, 18249, 33432)
KEPT = (*KEPT, 33723, 34665, 34853, *range(40091, 40096))
# What says how the pixels are laid out, which another file does in its own way.
LAYOUT = (*range(254, 269), 273, 277, 278, 279, 280, 281, 284, 288, 289, 290, 291, 292, 293, 297)
LAYOUT = (*LAYOUT, 317, 320, 321, 322, 323, 324, 325, *range(326, 329), 332, 334, 337, 338, 339)
LAYOUT = (*LAYOUT, 340, 341, *range(342, 352), *range(512, 533), XMP, PROFILE, PHOTOSHOP)
LAYOUT = (*LAYOUT, 559, 59932)
_BITS, _PHOTOMETRIC, _SAMPLES, _KIND, _EXTRA, _SUBFILE = 258, 262, 277, 339, 338, 254
_SUBDIRECTORIES, _DNG = 330, 50706
# Where libtiff's complaints come from that are about tags, not about pixels.
_OF_TAGS = re.compile("(TIFFReadDirectory|_?TIFFVSetField|TIFFFetch|TIFFReadCustom|TIFFAdvance)")
_PAGES = 32  # that are looked at; more than one that counts is refused anyway

_COLOURS = {0: 1, 1: 1, 2: 3}  # photometric interpretation -> planes of colour, of those read here


class Layout(NamedTuple):
    """How a file's pixels are stored, by its tags."""

    order: str
    size: tuple[int, int]
    bits: tuple[int, ...]
    kind: int
    photometric: int
    samples: int
    extra: tuple[int, ...]

    @property
    def raw_bytes(self) -> int:
        """Before compression."""
        return self.size[0] * self.size[1] * self.samples * max(self.bits) // 8

    @property
    def special(self) -> bool:
        """Whether Pillow would lose of it what is kept here."""
        return self.kind != 1 or max(self.bits) > 8


def opened(file: BinaryIO) -> tuple[Structure, Directory, Layout]:
    """The first directory of a TIFF file and what it says of the pixels.

    Raises:
        ImageError: it is damaged.
    """
    try:
        structure = Structure(file)
        directory = structure.directory(structure.first)
    except ValueError as error:
        raise ImageError(f"is damaged: {error}") from None

    def tag(number: int, default: tuple) -> tuple:
        entry = directory.entries.get(number)
        return tuple(map(int, entry.numbers(structure.order))) if entry else default

    size = (*tag(256, (0,))[:1], *tag(257, (0,))[:1])
    bits, kinds = tag(_BITS, (1,)) or (1,), tag(_KIND, (1,)) or (1,)
    kind = kinds[0] if len(set(kinds)) == 1 and kinds[0] != 4 else 1  # 4: nothing is said
    layout = Layout(
        structure.order,
        size,
        bits,
        kind,
        (*tag(_PHOTOMETRIC, ()), 1)[0],
        (*tag(_SAMPLES, ()), 1)[0],
        tag(_EXTRA, ()),
    )
    return structure, directory, layout


def _check_raw(data: bytes, structure: Structure, directory: Directory) -> None:
    """Refuse a camera's raw file, which is a TIFF whose first page is a preview.

    Raises:
        ImageError: so it is.
    """
    kind = directory.entries.get(_SUBFILE)
    smaller = kind is not None and int((*kind.numbers(structure.order), 0)[0]) & 1
    dng = _DNG in directory.entries
    canon = structure.first == 16 and data[8:10] == b"CR"
    if dng or canon or (smaller and _SUBDIRECTORIES in directory.entries):
        raise ImageError("is a camera's raw file: develop it, and save it as TIFF or PNG")


def check_pages(structure: Structure, directory: Directory) -> list[str]:
    """Refuse a file of several pages; previews and smaller copies of the first are named.

    Raises:
        ImageError: another page is one in its own right.
    """
    at, smaller, seen = directory.next, 0, set()
    while at and at not in seen and smaller < _PAGES:
        seen.add(at)
        try:
            page = structure.directory(at)
        except ValueError:
            return ["of the TIFF, what follows the first page is damaged and left out"]
        kind = page.entries.get(_SUBFILE)
        if not (kind and kind.numbers(structure.order)[0] & 1):
            raise ImageError("holds more than one image: save the one you want in its own file")
        at, smaller = page.next, smaller + 1
    return ["of the TIFF, smaller copies of the image are left out"] if smaller else []


# ------------------------------------------------------------------------------------------- pixels


def read(data: bytes, max_pixels: int | None) -> Decoded:
    """What is in a TIFF file.

    Raises:
        ImageError: it is too large, of values that are not read, or of several pages.
    """
    structure, directory, layout = opened(io.BytesIO(data))
    check_size(layout.size, layout.raw_bytes, len(data), max_pixels)
    _check_raw(data, structure, directory)
    notes = check_pages(structure, directory)
    plain = bytearray(data)  # for Pillow, which would turn the image, and look for other pages
    turned = directory.entries.get(exif_block.ORIENTATION)
    if turned and turned.type in (SHORT, LONG):
        one = numbers(turned.type, [1], structure.order).data
        plain[turned.at : turned.at + len(one)] = one
    if directory.next:
        plain[directory.next_at : directory.next_at + structure.wide] = bytes(structure.wide)
    if layout.special:
        pixels, more = _special(bytes(plain), layout)
    else:
        pixels, more = _eight_bits(bytes(plain), layout)
    if pixels.shape[:2] != layout.size[::-1]:
        raise ImageError("is damaged: its pixels do not have the size that it says")
    said, lost = about(structure, directory)
    return Decoded(pixels, said, (*notes, *more), tuple(lost))


def _eight_bits(data: bytes, layout: Layout) -> tuple[np.ndarray, list[str]]:
    if layout.kind == 2:
        raise ImageError("has signed whole numbers as values: make them 0 to 255 first")
    try:
        values, mode, said, _ = decoded(data, "TIFF")
    except Image.UnidentifiedImageError:  # such as a BigTIFF in big-endian order
        if layout.photometric not in _COLOURS or set(layout.bits) != {8}:
            raise ImageError("is damaged, or stored in an unusual way: save it again") from None
        values = _values(data, layout)
        return _with_alpha(255 - values if layout.photometric == 0 else values, layout)
    notes = [CMYK_NOTE] if mode == "CMYK" else []
    damage = [line for line in said if not _OF_TAGS.match(line)]
    if damage:
        notes.append(f"it is damaged, and some of it may look wrong ({damage[0]})")
    if mode in ("L", "LA") and layout.samples > 1:
        values, more = _with_alpha(values, layout)
        return values, notes + more
    further = layout.samples - _COLOURS.get(layout.photometric, 4 if mode == "CMYK" else 3)
    further -= layout.extra[:1] in ((1,), (2,)) and mode != "CMYK"
    if further > 0 and mode not in ("P", "PA"):
        notes.append(f"{further} further bands beside colour are left out")
    return values, notes


def _special(data: bytes, layout: Layout) -> tuple[np.ndarray, list[str]]:
    """uint16 of values that Pillow would reduce or misread."""
    depth, notes = max(layout.bits), []
    if layout.photometric not in _COLOURS:
        raise ImageError("has colours other than grey and RGB: convert it to RGB first")
    if layout.kind == 2:
        raise ImageError("has signed whole numbers as values: make them 0 to 65535 first")
    if depth == 12 and layout.samples == 1 and layout.kind == 1:
        values = _by_pillow(data).astype(np.uint32)
        values, notes = (values * 65535 + 2047) // 4095, ["12 bits a value are stored in 16"]
    elif layout.kind == 3:
        values, notes = _from_floats(_values(data, layout)), ["floats are rounded to 16 bits"]
    elif set(layout.bits) == {16} and layout.kind == 1:
        values = _values(data, layout)
    else:
        raise ImageError(
            f"has values of {depth} bits, of a kind that is not read: save it with 8 or 16 bits"
        )
    values = values.astype(np.uint16)
    if layout.photometric == 0:
        values[...] = 65535 - values
    values, left_out = _with_alpha(values, layout)
    return values, notes + left_out


def _with_alpha(values: np.ndarray, layout: Layout) -> tuple[np.ndarray, list[str]]:
    """Without further bands; alpha that was multiplied in is divided out again."""
    colours, most = _COLOURS[layout.photometric], np.iinfo(values.dtype).max
    bands = 1 if values.ndim == 2 else values.shape[2]
    if bands < colours:
        raise ImageError("is damaged: it has fewer bands than colours")
    keep = colours + (layout.extra[:1] in ((1,), (2,)))
    further = max(layout.samples, bands) - keep
    notes = [f"{further} further bands beside colour are left out"] if further > 0 else []
    if values.ndim == 2:
        return values, notes
    values = values[..., :keep]
    if layout.extra[:1] == (1,) and values.shape[2] > colours:
        visible = np.maximum(values[..., -1:], 1).astype(np.float64)
        colour = np.minimum(np.floor(values[..., :-1] * (most / visible) + 0.5), most)
        values = np.concatenate([colour.astype(values.dtype), values[..., -1:]], axis=2)
    return np.ascontiguousarray(values[..., 0] if values.shape[2] == 1 else values), notes


def _from_floats(values: np.ndarray) -> np.ndarray:
    low, high = float(values.min()), float(values.max())
    if not (low >= 0 and high <= 1):  # NaN too
        raise ImageError(
            f"has floating-point values from {low:g} to {high:g}: only those in [0, 1] say what is "
            "black and what white. Scale them, or save it with 8 or 16 bits"
        )
    return np.floor(values.astype(np.float64) * 65535 + 0.5)


def _values(data: bytes, layout: Layout) -> np.ndarray:
    """``(H, W)`` or ``(H, W, C)`` as stored."""
    try:
        with captured(), tifffile.TiffFile(io.BytesIO(data)) as found:
            page = found.pages[0]
            values = page.asarray()
            if page.planarconfig == 2 and page.samplesperpixel > 1:
                values = values.reshape(page.samplesperpixel, *layout.size[::-1])
                values = np.moveaxis(values, 0, 2)
            return values.reshape(*layout.size[::-1], -1)[..., 0] if layout.samples == 1 else values
    except MemoryError:
        raise
    except Exception as error:  # compressed in a way of which it does not know, or damaged
        try:
            return _by_pillow(data)
        except Exception:
            raise ImageError(f"cannot be decoded ({error}): save it uncompressed") from None


def _by_pillow(data: bytes) -> np.ndarray:
    """What libtiff decodes, as stored: of 16-bit colour first the one byte, then the other."""
    halves = []
    for order in "BL":
        with captured(), Image.open(io.BytesIO(data), formats=["TIFF"]) as image:
            if image.mode not in ("RGB", "RGBA", "RGBX"):
                return np.array(image)
            if any(tile.codec_name != "libtiff" for tile in image.tile):  # file's byte order
                raise ImageError("is laid out in an unusual way: save it as plain RGB TIFF")
            raw = f"{image.mode};16{order}"
            image.tile = [tile._replace(args=(raw, *tile.args[1:])) for tile in image.tile]
            halves.append(np.array(image).astype(np.uint16))
    low, high = halves if sys.byteorder == "little" else halves[::-1]
    return high << 8 | low


# -------------------------------------------------------------------------------- what else is said


def about(structure: Structure, directory: Directory) -> tuple[About, list[str]]:
    """What the tags say of the photograph, and what of it cannot be kept."""
    entries, order = directory.entries, structure.order
    tree: Tree = {tag: entries[tag] for tag in KEPT if tag in entries}
    for tag in (exif_block.DETAILS, exif_block.GPS):
        tree.pop(tag, None)
        inside = _below(structure, directory, tag)
        if inside:
            tree[tag] = inside
    others = [tag for tag in entries if tag not in KEPT and tag not in LAYOUT]
    names = ", ".join(TiffTags.lookup(tag).name + f" ({tag})" for tag in sorted(others))
    lost = [f"of the TIFF, the tags {names} are left out"] if others else []
    start = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}I", 8)
    exif = start + packed(tree, order, 8) if tree else None

    def value(tag: int) -> bytes | None:
        return entries[tag].data if tag in entries else None

    density = exif_block.density_in(entries, order)
    return About(exif, value(PROFILE), value(XMP), value(PHOTOSHOP), density), lost


def _below(structure: Structure, parent: Directory, tag: int) -> Tree:
    """The directory that a tag points to, as it is to be written elsewhere; empty if damaged."""
    if tag not in parent.entries:
        return {}
    try:
        pointer = parent.entries[tag].numbers(structure.order)
        inside = structure.directory(int(pointer[0]) if pointer else 0)
    except ValueError:
        return {}
    tree: Tree = dict(inside.entries)
    if exif_block.INTEROPERABILITY in tree:
        deeper = _below(structure, inside, exif_block.INTEROPERABILITY)
        tree.pop(exif_block.INTEROPERABILITY)
        if deeper:
            tree[exif_block.INTEROPERABILITY] = deeper
    return tree
