"""How large an image is, without decoding it."""

import warnings
from pathlib import Path

from PIL import Image

from srlib.images.exif import ORIENTATION
from srlib.upscaling.inputs import refusal

TURNED = (5, 6, 7, 8)  # EXIF orientations of images that lie on their side

SIDES = (256, 257)  # TIFF's tags of the stored width and height


def size_of(path: Path) -> tuple[int, int] | None:
    """Height and width of the upright image in a file; None where that cannot be told."""
    try:
        if refusal(path):
            return None
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(path) as image:
                width, height = image.size
                if image.format == "TIFF":  # where Pillow may have turned the size already
                    width, height = (image.tag_v2[tag] for tag in SIDES)
                # The base class's, as that of PNG decodes the image to look behind it.
                turned = Image.Image.getexif(image).get(ORIENTATION) in TURNED
                return (width, height) if turned else (height, width)
    except Exception:  # a damaged file makes Pillow raise almost anything; reading it will tell
        return None
