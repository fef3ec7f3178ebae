"""Pillow's images as arrays: grey or RGB, alpha last; and what gets lost on the way, in words."""

import io
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageCms

from srlib.errors import ImageError
from srlib.images.about import About
from srlib.images.noise import captured


class Decoded(NamedTuple):
    """What is in a file, as stored: not turned yet.

    Attributes:
        pixels: uint8 or uint16 ``(H, W)`` or ``(H, W, 2 to 4)``.
        about: what goes with them.
        notes: what of the pixels was changed or left out, each a sentence.
        lost: the same of what goes with them.
    """

    pixels: np.ndarray
    about: About = About()
    notes: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()


def to_8bit(image: Image.Image) -> np.ndarray:
    """Any 8-bit mode of Pillow's as uint8 ``(H, W)`` or ``(H, W, 2 to 4)``.

    Raises:
        ImageError: colours of another kind.
    """
    if image.mode == "CMYK":
        return np.array(_cmyk_to_rgb(image))
    if image.mode in ("1", "L", "LA", "La"):
        return np.array(image.convert("LA" if image.has_transparency_data else "L"))
    if image.mode in ("P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "YCbCr", "HSV"):
        return np.array(image.convert("RGBA" if image.has_transparency_data else "RGB"))
    raise ImageError(f"has colours of the kind {image.mode!r}: convert it to RGB first")


def _cmyk_to_rgb(image: Image.Image) -> Image.Image:
    """Through the file's ICC profile to sRGB, or by Pillow's plain formula where it has none."""
    profile = io.BytesIO(image.info.get("icc_profile", b""))
    try:
        srgb = ImageCms.createProfile("sRGB")
        return ImageCms.profileToProfile(image, profile, srgb, outputMode="RGB")
    except ImageCms.PyCMSError:  # no profile, a damaged one, or one for other colours than CMYK
        return image.convert("RGB")


def decoded(data: bytes, kind: str) -> tuple[np.ndarray, str, list[str], dict]:
    """A file's bytes, by Pillow: pixels, its mode, what libtiff said, and Pillow's ``info``."""
    with captured() as said, Image.open(io.BytesIO(data), formats=[kind]) as image:
        image.load()
        values = to_8bit(image)
        mode, info = image.mode, dict(image.info)
    return values, mode, said, info


CMYK_NOTE = "CMYK was converted to RGB"
