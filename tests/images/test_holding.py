"""What is kept from which format to which: each cell of the tables in the book's page on formats.

Files are made and looked at without srlib, by Pillow, by tifffile, or by their specification.
"""

import io
import re
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image

from srlib.errors import ImageError
from srlib.images.exif import without_orientation
from srlib.images.formats import check_room
from srlib.images.reading import read_photo
from srlib.images.writing import encode
from tests.helpers import noted
from tests.helpers.arrays import pixels, sixteen_bits

PAGE = (Path(__file__).parents[2] / "book" / "formats.md").read_text(encoding="utf-8")
SUFFIXES = {"PNG": ".png", "JPEG": ".jpg", "TIFF": ".tif", "WebP": ".webp", "AVIF": ".avif"}
SUFFIXES |= {"BMP": ".bmp", "GIF": ".gif"}

RGB = pixels(4, 6, 3)
DEEP = sixteen_bits(4, 6, 3)
CLEAR = np.dstack([RGB, pixels(4, 6)])
COLOUR = [
    (b"gAMA", struct.pack(">I", 45455)),
    (b"cHRM", struct.pack(">8I", 31270, 32900, 68000, 32000, 26500, 69000, 15000, 6000)),
    (b"cICP", bytes([12, 13, 0, 1])),
]
TEXTS = [
    (b"tEXt", "Author\0José".encode("latin-1")),
    (b"iTXt", b"Title\0\0\0de\0Titel\0" + "Größe ☃".encode()),
    (b"tEXt", b"Comment\0plain"),
]
ICC = (b"iCCP", b"any name\0\0" + zlib.compress(noted.SRGB))
XMP = (b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + noted.XMP)
PHYS = (b"pHYs", struct.pack(">IIB", 11811, 7874, 1))  # 300 and 200 pixels an inch
EXIF_PREFIX, XMP_PREFIX = b"Exif\0\0", b"http://ns.adobe.com/xap/1.0/\0"


def jpeg(*segments: tuple[int, bytes], **settings) -> bytes:
    return noted.with_segments(noted.encoded(RGB, "JPEG", **settings), *segments)


def gif(**settings) -> bytes:
    buffer = io.BytesIO()
    image = Image.fromarray(pixels(4, 6) % 4).convert("P")
    image.save(buffer, "GIF", **settings)
    return buffer.getvalue()


SOURCES = {
    ("PNG", "EXIF"): lambda: noted.png(RGB, (b"eXIf", noted.exif())),
    ("PNG", "ICC profile"): lambda: noted.png(RGB, ICC),
    ("PNG", "XMP"): lambda: noted.png(RGB, XMP),
    ("PNG", "density"): lambda: noted.png(RGB, PHYS),
    ("PNG", "colour chunks"): lambda: noted.png(RGB, *COLOUR),
    ("PNG", "comments"): lambda: noted.png(RGB, *TEXTS),
    ("PNG", "alpha"): lambda: noted.png(CLEAR),
    ("PNG", "16 bits"): lambda: noted.png(DEEP),
    ("JPEG", "EXIF"): lambda: jpeg((0xE1, EXIF_PREFIX + noted.exif())),
    ("JPEG", "ICC profile"): lambda: jpeg(icc_profile=noted.SRGB),
    ("JPEG", "XMP"): lambda: jpeg((0xE1, XMP_PREFIX + noted.XMP)),
    ("JPEG", "density"): lambda: jpeg(dpi=(300, 200)),
    ("JPEG", "comments"): lambda: jpeg((0xFE, "Größe ☃".encode())),
    ("JPEG", "captions"): lambda: jpeg((0xED, b"Photoshop 3.0\0" + noted.CAPTIONS)),
    ("TIFF", "EXIF"): lambda: noted.tiff_with(RGB, noted.exif()),
    ("TIFF", "ICC profile"): lambda: noted.tiff(RGB, photometric="rgb", iccprofile=noted.SRGB),
    ("TIFF", "XMP"): lambda: noted.tiff(
        RGB, photometric="rgb", extratags=[(700, 1, len(noted.XMP), noted.XMP, True)]
    ),
    ("TIFF", "density"): lambda: noted.tiff(
        RGB, photometric="rgb", resolution=(300, 200), resolutionunit=2
    ),
    ("TIFF", "captions"): lambda: noted.tiff(
        RGB, photometric="rgb", extratags=[(34377, 1, len(noted.CAPTIONS), noted.CAPTIONS, True)]
    ),
    ("TIFF", "alpha"): lambda: noted.tiff(CLEAR, photometric="rgb", extrasamples=["unassalpha"]),
    ("TIFF", "16 bits"): lambda: noted.tiff(DEEP, photometric="rgb", byteorder=">"),
    ("WebP", "EXIF"): lambda: noted.encoded(RGB, "WEBP", exif=noted.exif()),
    ("WebP", "ICC profile"): lambda: noted.encoded(RGB, "WEBP", icc_profile=noted.SRGB),
    ("WebP", "XMP"): lambda: noted.encoded(RGB, "WEBP", xmp=noted.XMP),
    ("WebP", "alpha"): lambda: noted.encoded(CLEAR, "WEBP", lossless=True, exact=True),
    ("AVIF", "EXIF"): lambda: noted.encoded(RGB, "AVIF", exif=without_orientation(noted.exif())),
    ("AVIF", "ICC profile"): lambda: noted.encoded(RGB, "AVIF", icc_profile=noted.SRGB),
    ("AVIF", "XMP"): lambda: noted.encoded(RGB, "AVIF", xmp=noted.XMP),
    ("AVIF", "alpha"): lambda: noted.encoded(CLEAR, "AVIF"),
    ("GIF", "comments"): lambda: gif(comment="Größe".encode("latin-1")),
    ("GIF", "alpha"): lambda: gif(transparency=1),
    ("BMP", "density"): lambda: noted.encoded(RGB, "BMP", dpi=(300, 200)),
}

NAMES = {  # what -> the word of it in a warning
    "EXIF": "EXIF",
    "ICC profile": "ICC profile",
    "XMP": "XMP",
    "colour chunks": r"gAMA, cHRM, cICP",
    "comments": "comments",
    "captions": "IPTC",
}


def table(heading: str) -> list[list[str]]:
    """The cells of a table of the page, below its heading and without its own."""
    part = PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    rows = re.findall(r"^\|(.+)\|$", part, re.M)
    cells = [[cell.strip() for cell in row.split("|")] for row in rows]
    return [row for row in cells if not set(row[0]) <= set("-")]


def transfers() -> list[tuple[str, str, str, str]]:
    """From, what, to, and what becomes of it."""
    rows = [row for row in table("What goes with the pixels") if len(row) == 8]
    formats = rows[0][2:]
    cells = [(row[:2], zip(formats, row[2:], strict=True)) for row in rows[1:]]
    return [(*what, target, fate) for what, fates in cells for target, fate in fates]


def test_the_table_has_a_source_for_each_row():
    assert {cell[:2] for cell in transfers()} == set(SOURCES)
    assert len(transfers()) == 6 * len(SOURCES)


@pytest.mark.parametrize("given, what, target, fate", transfers())
def test_what_becomes_of_it(tmp_path, given, what, target, fate):
    source, result = tmp_path / f"in{SUFFIXES[given]}", tmp_path / f"out{SUFFIXES[target]}"
    source.write_bytes(SOURCES[given, what]())
    photo = read_photo(source)
    assert photo.warnings == ()
    large = photo.pixels.repeat(2, axis=0).repeat(2, axis=1)
    if fate == "refused":
        with pytest.raises(ImageError, match="cannot write"):
            check_room(result, large.shape, 8 * large.itemsize)
        return
    check_room(result, large.shape, 8 * large.itemsize)
    image = large if large.itemsize == 2 else Image.fromarray(large)
    lost = encode(result, image, photo.about, scale=2)
    if fate == "named":
        assert len(lost) == 1 and re.search(NAMES[what] + ".*left out", lost[0])
        assert not found(result, what)
    else:
        assert lost == ()
        assert fate in ("kept", "in EXIF", "described")
        check = (SUFFIXES[target], fate, given, large)
        assert found(result, what, *check) is True


def found(path: Path, what: str, *details) -> bool:
    """Whether the file has it, by other means than srlib's."""
    data, kind = path.read_bytes(), path.suffix
    with Image.open(path) as image:
        image.load()
        info = dict(image.info)
    if what == "EXIF":
        block = noted.stored_exif(path)
        return bool(block) and noted.raw_tags(block)["main"].get(0x010E) == noted.TEXTS[0x010E]
    if what == "ICC profile":
        return info.get("icc_profile") == noted.SRGB
    if what == "XMP":
        sized = noted.XMP.replace(b"PixelXDimension='6'", b"PixelXDimension='12'")
        return info.get("xmp") == sized
    if what == "colour chunks":
        return kind == ".png" and [c for c in noted.png_chunks(data) if c in COLOUR] == COLOUR
    if what == "captions":
        if kind == ".tif":
            return tifffile.TiffFile(path).pages[0].tags[34377].value == noted.CAPTIONS
        return kind == ".jpg" and (0xED, b"Photoshop 3.0\0" + noted.CAPTIONS) in (
            noted.jpeg_segments(data)
        )
    if what == "comments":
        return comments(data, kind, info, *details)
    if what == "density":
        return density(data, kind, info)
    return same_pixels(path, *details)


def comments(data: bytes, kind: str, info: dict, *details) -> bool:
    given = details[2] if details else ""
    said = {"PNG": "José", "JPEG": "Größe ☃", "GIF": "Größe"}.get(given, "?")
    if kind == ".png":
        chunks = noted.png_chunks(data)
        if given == "PNG":
            return [chunk for chunk in chunks if chunk in TEXTS] == TEXTS
        return info["Comment"] == said
    if kind == ".jpg":
        held = [content for marker, content in noted.jpeg_segments(data) if marker == 0xFE]
        if given == "PNG":
            return held == ["Author: José".encode("latin-1"), "Title: Größe ☃".encode(), b"plain"]
        return held == [said.encode("latin-1" if given == "GIF" else "utf-8")]
    if kind == ".tif":
        held = noted.raw_tags(data)["main"][0x010E]
        return said.encode("latin-1" if given in ("PNG", "GIF") else "utf-8") in held
    return any(word in data for word in (b"plain", "Größe".encode(), "Größe".encode("latin-1")))


def density(data: bytes, kind: str, info: dict) -> bool:
    """600 and 400 pixels an inch."""
    if kind in (".webp", ".avif"):
        tags = noted.raw_tags(info["exif"])["main"]
        x, y = (struct.unpack("<II", tags[tag]) for tag in (0x011A, 0x011B))
        return [round(a / b, 1) for a, b in (x, y)] == [600, 400] and tags[0x0128] == b"\2\0"
    if kind == ".jpg":
        return noted.jpeg_segments(data)[0][1][7:12] == struct.pack(">BHH", 1, 600, 400)
    if kind == ".png":
        return struct.unpack(">IIB", dict(noted.png_chunks(data))[b"pHYs"]) == (23622, 15748, 1)
    return [round(float(each)) for each in info["dpi"]] == [600, 400]


def same_pixels(path: Path, kind: str, fate: str, given: str, large: np.ndarray) -> bool:
    if large.itemsize == 2:
        if kind == ".tif":
            return np.array_equal(tifffile.imread(path), large)
        stored = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
        return stored.dtype == np.uint16 and np.array_equal(stored[..., ::-1], large)
    with Image.open(path) as image:
        alpha = np.array(image.convert("RGBA"))[..., 3]
    error = np.abs(alpha.astype(int) - large[..., -1]).max()
    return bool(error <= (30 if kind == ".avif" else 0))


# What no result has


def animation() -> bytes:
    return noted.encoded(RGB, "GIF", save_all=True, append_images=[Image.fromarray(RGB // 2)])


def pages(**settings) -> bytes:
    buffer = io.BytesIO()
    with tifffile.TiffWriter(buffer) as file:
        file.write(RGB, photometric="rgb", metadata=None)
        file.write(RGB[::2, ::2], photometric="rgb", metadata=None, **settings)
    return buffer.getvalue()


def ten_bits() -> bytes:
    deep = (DEEP // 64).astype(np.uint16)
    return cv2.imencode(".avif", deep, [cv2.IMWRITE_AVIF_DEPTH, 10])[1].tobytes()


def broken_jpeg() -> bytes:
    data = noted.encoded(pixels(64, 64, 3), "JPEG")
    return data[: len(data) * 2 // 3] + b"\xff\xd9"


def several_sizes() -> bytes:
    return noted.encoded(pixels(64, 64, 3), "ICO", sizes=[(16, 16), (32, 32)])


def in_colour() -> bytes:
    return b"P6 6 4 65535\n" + DEEP.astype(">u2").tobytes()


def multi_picture() -> bytes:
    settings = {"save_all": True, "append_images": [Image.new("RGB", (8, 8))]}
    return noted.encoded(RGB, "MPO", **settings)


CMYK = io.BytesIO()
Image.new("CMYK", (6, 4)).save(CMYK, "JPEG")

UNKEPT = {
    "animation": (animation, "holds more than one image"),
    "further pages of a TIFF": (pages, "holds more than one image"),
    "signed values": (lambda: noted.tiff(RGB[..., 0].astype(np.int8)), "signed whole numbers"),
    "floats beyond [0, 1]": (
        lambda: noted.tiff(RGB[..., 0].astype(np.float32)),
        r"floating-point values from \d+ to \d+",
    ),
    "smaller copies in a TIFF": (lambda: pages(subfiletype=1), "smaller copies of the image"),
    "further bands": (
        lambda: noted.tiff(
            np.dstack([RGB, RGB[..., :2]]), photometric="rgb", planarconfig="contig"
        ),
        "2 further bands",
    ),
    "other tags of a TIFF": (
        lambda: noted.tiff(RGB, photometric="rgb", extratags=[(33550, 12, 3, (1.0, 1.0, 0.0), 1)]),
        r"the tags .*\(33550\)",
    ),
    "other chunks of a PNG": (
        lambda: noted.png(RGB, (b"vpAg", bytes(9))),
        "of the PNG, the chunks vpAg",
    ),
    "other segments of a JPEG": (
        lambda: jpeg((0xEB, b"JP\0\0content credentials")),
        r"of the JPEG, APP11 \(JP\) is left out",
    ),
    "further pictures in a JPEG": (multi_picture, "of the JPEG, further pictures"),
    "damaged EXIF": (lambda: noted.png(RGB, (b"eXIf", b"II*\0")), "the EXIF is damaged"),
    "damaged JPEG data": (broken_jpeg, r"it is damaged.*\(Corrupt JPEG data"),
    "CMYK": (CMYK.getvalue, "CMYK was converted"),
    "10 bits of an AVIF": (ten_bits, "10 bits a value were reduced to 8"),
    "16 bits of a PPM in colour": (in_colour, "16 bits a value were reduced to 8"),
    "smaller icons": (several_sizes, "the largest of its 2 icons"),
}


def test_all_that_no_result_has_is_tried():
    assert [row[0] for row in table("What no result has")[1:]] == list(UNKEPT)


@pytest.mark.parametrize("what, fate", table("What no result has")[1:])
def test_what_no_result_has(tmp_path, what, fate):
    make, says = UNKEPT[what]
    (tmp_path / "x").write_bytes(make())
    if fate == "refused":
        with pytest.raises(ImageError, match=says):
            read_photo(tmp_path / "x")
    else:
        assert fate == "named"
        notes = read_photo(tmp_path / "x").warnings
        assert any(re.search(says, note) for note in notes), notes


def test_what_is_written_in_the_page_is_what_is_so():
    """Numbers in its prose."""
    from srlib.images import jpeg as module
    from srlib.images import kinds

    assert f"more than {kinds.AT_EASE // 10**6} MB of pixels" in PAGE.replace("\n", " ")
    assert f"more than {kinds.MOST_PACKED} times larger" in PAGE.replace("\n", " ")
    assert f"more than {module.SCANS} scans" in PAGE.replace("\n", " ")
