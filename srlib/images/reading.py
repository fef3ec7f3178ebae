"""Photographs out of files, whatever their names say: upright, and nothing is lost in silence."""

import io
import warnings
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image

from srlib.errors import ImageError
from srlib.images import jpeg, others, png, tiff
from srlib.images.about import About
from srlib.images.decoding import CMYK_NOTE, Decoded, decoded
from srlib.images.exif import (
    density_of,
    orientation,
    profile_fits,
    says_no_more,
    upright,
    upright_xmp,
)
from srlib.images.formats import FileName, unusable
from srlib.images.kinds import check_size, kind_of, without_pillows_limit
from srlib.images.values import split_alpha


@dataclass(frozen=True)
class Photo:
    """A photograph, upright.

    Attributes:
        pixels: uint8 or uint16 ``(H, W)``, or ``(H, W, C)`` with C = 2 to 4: grey or RGB, alpha
            last.
        about: what goes with the pixels: EXIF, profile, density, comments ...
        format: Pillow's name of the file's format, such as ``"JPEG"``.
        warnings: what of the file could not be kept, each a plain sentence.
    """

    pixels: np.ndarray
    about: About = About()
    format: str | None = None
    warnings: tuple[str, ...] = ()


def read(path: FileName, *, max_pixels: int | None = None) -> np.ndarray:
    """The pixels of an image file, upright.

    Whatever Pillow reads, by content and not by name: PNG, JPEG, WebP, TIFF, BMP, GIF, AVIF, JPEG
    2000, TGA, PPM and more; HEIC and JPEG XL with their plugins. EXIF orientation is applied. A
    palette becomes the colours it stands for, 1 bit becomes 0 and 255, a colour declared
    transparent becomes an alpha plane. Values are taken as stored, without their ICC profile; only
    CMYK goes through its profile to sRGB, or, where that is missing or unusable, through Pillow's
    plain formula. What of the pixels was left out or damaged is a Python warning.

    Args:
        path: of the file.
        max_pixels: the most that are read. By default what the memory at hand holds, but for files
            so small for their pixels that they are empty or hostile.

    Returns:
        uint8 ``(H, W)`` grey, ``(H, W, 2)`` grey and alpha, ``(H, W, 3)`` RGB, ``(H, W, 4)`` RGBA.

    Raises:
        ImageError: no such file, another or a damaged format, more than 8 bits a value (reducing
            them would lose what super-resolution is after), more than one image in the file, or
            too many pixels.
    """
    found, _ = _read(path, max_pixels)
    if found.pixels.dtype != np.uint8:
        raise ImageError(f"{str(path)!r} has 16 bits or more a value: convert it to 8 bit first")
    for note in set(found.notes) - {CMYK_NOTE}:
        warnings.warn(f"{str(path)!r}: {note}", stacklevel=2)
    return found.pixels


def read_photo(path: FileName, *, max_pixels: int | None = None) -> Photo:
    """As :func:`read`, with all that goes with the pixels, and 16 bits too.

    EXIF, XMP, density, PNG's chunks about colour and comments come byte for byte, but for the
    orientation, which is that of the upright image now; EXIF comes without the preview. What was
    CMYK is sRGB now and has no profile. 16 bits a value stay, of PNG and TIFF; floats in [0, 1] are
    rounded to 16 bits.

    Raises:
        ImageError: as :func:`read`, but for 16 bits.
    """
    found, kind = _read(path, max_pixels)
    about, lost = found.about, [*found.notes, *found.lost]
    profile = about.icc_profile
    if profile and (CMYK_NOTE in found.notes or not profile_fits(profile, found.pixels.shape)):
        lost.append("the ICC profile is for other colours than these and is left out")
        profile = None
    exif = upright(about.exif)
    if about.exif and not exif:
        lost.append("the EXIF is damaged and left out")
    density = about.density or density_of(exif)
    if kind == "TIFF" and exif and says_no_more(exif):
        exif = None
    about = replace(
        about,
        exif=exif,
        icc_profile=profile,
        xmp=upright_xmp(about.xmp),
        density=density,
    )
    return Photo(found.pixels, about, kind, tuple(lost))


def read_rgb(path: FileName) -> np.ndarray:
    """As :func:`read`, but always uint8 ``(H, W, 3)``: grey is repeated, opaque alpha is dropped.

    Raises:
        ImageError: as :func:`read`, and for an image that is transparent somewhere, since its
            colour there depends on what is behind it.
    """
    colour, alpha = split_alpha(read(path))
    if alpha is not None and alpha.min() < 255:
        raise ImageError(f"{str(path)!r} is partly transparent: put it on a background first")
    return np.stack([colour] * 3, axis=2) if colour.ndim == 2 else np.ascontiguousarray(colour)


# ------------------------------------------------------------------------------------------ reading


def _read(path: FileName, max_pixels: int | None) -> tuple[Decoded, str]:
    """The photograph in a file, upright, or an ImageError that names the file and its trouble."""
    path = Path(path)
    try:
        trouble = unusable(path)
        if trouble:
            raise ImageError(trouble)
        found, kind = _decode(path.read_bytes(), max_pixels)
        turn = orientation(found.about.exif, found.about.xmp)
        return found._replace(pixels=turned(found.pixels, turn)), kind
    except ImageError as error:
        raise ImageError(f"{str(path)!r} {error}") from None
    except Image.UnidentifiedImageError as error:
        raise ImageError(
            f"{str(path)!r} is not an image of a format that is read, or a damaged one, whatever "
            "its name says: fetch it again, or convert it to PNG"
        ) from error
    except MemoryError as error:
        raise ImageError(f"{str(path)!r} is too large for this machine's memory") from error
    except FileNotFoundError as error:
        raise ImageError(f"{str(path)!r} does not exist") from error
    except Exception as error:  # a damaged file makes Pillow raise almost anything
        if isinstance(error, OSError) and error.errno:  # the disk's or the system's word
            raise ImageError(f"{str(path)!r} cannot be read: {error.strerror}") from error
        raise ImageError(f"{str(path)!r} is damaged or cannot be read: {error}") from error


def _decode(data: bytes, max_pixels: int | None) -> tuple[Decoded, str]:
    """What is in the file, as stored, and the format.

    Raises:
        ImageError: for what is refused. A damaged file makes Pillow raise almost anything.
    """
    kind = kind_of(data[:4096])
    with without_pillows_limit():
        if kind == "PNG":
            return _png(data, max_pixels), kind
        if kind == "JPEG":
            return _jpeg(data, max_pixels), kind
        if kind == "TIFF":
            return tiff.read(data, max_pixels), kind
        return others.read(data, max_pixels)


def _png(data: bytes, max_pixels: int | None) -> Decoded:
    head = png.header(data)
    check_size((head.width, head.height), head.raw_bytes, len(data), max_pixels)
    found = png.chunks(data)
    if png.frames(found) > 1:
        raise ImageError("holds more than one image: save the one you want in its own file")
    about, lost = png.about(found)
    return Decoded(png.pixels(found, head), about, (), tuple(lost))


def _jpeg(data: bytes, max_pixels: int | None) -> Decoded:
    with Image.open(io.BytesIO(data), formats=["JPEG"]) as image:
        size, bands = image.size, len(image.getbands())
    check_size(size, size[0] * size[1] * bands, len(data), max_pixels)
    about, lost = jpeg.about(data)
    trouble = jpeg.complaint(data)
    pixels, mode, _, _ = decoded(data, "JPEG")
    notes = [CMYK_NOTE] if mode == "CMYK" else []
    if trouble:
        notes.append(f"it is damaged, and some of it may look wrong ({trouble})")
    return Decoded(pixels, about, tuple(notes), tuple(lost))


def turned(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """The stored image upright: EXIF's orientation, 1 to 8, applied."""
    if orientation >= 5:  # rows and columns are exchanged
        pixels = pixels.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return np.ascontiguousarray(pixels)
