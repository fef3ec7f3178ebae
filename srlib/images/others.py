"""Formats that Pillow alone decodes: GIF, BMP, WebP, AVIF, TGA, PPM and the rest."""

import io
import re
import struct

import numpy as np
from PIL import Image

from srlib.errors import ImageError
from srlib.images.about import About, Density, Text
from srlib.images.decoding import CMYK_NOTE, Decoded, to_8bit
from srlib.images.kinds import check_size, pillows

_FLOATS = "has floating-point values: save it as TIFF with values in [0, 1], or with 8 or 16 bits"


def read(data: bytes, max_pixels: int | None) -> tuple[Decoded, str]:
    """What is in the file, and Pillow's name of its format.

    Raises:
        ImageError: it is animated, too large, or of values that are not read.
        PIL.UnidentifiedImageError: Pillow does not know the format.
    """
    with Image.open(io.BytesIO(data), formats=pillows()) as image:
        kind = image.format or "?"
        if kind != "PSD" and getattr(image, "is_animated", False):
            raise ImageError("holds more than one image: save the one you want in its own file")
        raw = image.width * image.height * len(image.getbands())
        check_size(image.size, raw, len(data), max_pixels)
        notes = [*_sizes(image), *_depth(data, kind)]
        image.load()
        if image.mode == "F":
            raise ImageError(_FLOATS)
        if image.mode.startswith("I"):
            pixels = _sixteen_bits(image)
        else:
            pixels = to_8bit(image)
        notes += [CMYK_NOTE] if image.mode == "CMYK" else []
        return Decoded(pixels, _about(image), tuple(notes)), kind


def _sixteen_bits(image: Image.Image) -> np.ndarray:
    values = np.array(image)
    if values.min() < 0 or values.max() > 65535:
        raise ImageError("has values beyond 16 bits: save it with 8 or 16 bits a value first")
    return values.astype(np.uint16)


def _sizes(image: Image.Image) -> list[str]:
    """What else is in a file of which one image is taken."""
    if image.format == "PSD" and getattr(image, "n_frames", 1) > 1:
        return ["its layers are read as the one picture that they make"]
    if image.format == "ICNS" or (image.format in ("ICO", "CUR")):
        number = len(image.info.get("sizes", ()))
        return [f"the largest of its {number} icons is read"] if number > 1 else []
    return []


def _depth(data: bytes, kind: str) -> list[str]:
    """Where Pillow reduces more than 8 bits a value to 8, by the file's own header."""
    bits = 8
    if kind == "PPM":
        numbers = re.sub(rb"#[^\n]*", b"", data[:2000]).split()
        if numbers[0] in (b"P3", b"P6") and int(numbers[3]) > 255:
            bits = 16
    elif kind == "SGI" and data[3] == 2:
        bits = 16
    elif kind == "AVIF" and (at := data.find(b"av1C")) >= 0:
        flags = data[at + 6]
        bits = 12 if flags & 0x20 else 10 if flags & 0x40 else 8
    elif kind == "HEIF" and (at := data.find(b"hvcC")) >= 0:
        bits = 8 + (data[at + 4 + 17] & 7)
    elif kind == "JPEG2000" and (at := data.find(b"\xff\x4f\xff\x51")) >= 0:
        planes = struct.unpack_from(">H", data, at + 40)[0]
        depths = data[at + 42 : at + 42 + 3 * planes : 3]
        bits = 1 + max(each & 0x7F for each in depths) if planes > 1 else 8
    return [f"its {bits} bits a value were reduced to 8"] if bits > 8 else []


def _about(image: Image.Image) -> About:
    said, density = image.info, image.info.get("dpi")
    comment = said.get("comment")
    if isinstance(comment, str):
        comment = comment.encode("latin-1", "replace")
    texts = (Text("Comment", comment.rstrip(b"\0"), "latin-1"),) if comment else ()
    xmp = said.get("xmp")
    usable = density and len(density) == 2 and min(density) > 0
    return About(
        exif=said.get("exif") or None,
        icc_profile=said.get("icc_profile") or None,
        xmp=xmp.encode() if isinstance(xmp, str) else xmp or None,
        density=Density(*map(float, density)) if usable else None,
        texts=texts,
    )
