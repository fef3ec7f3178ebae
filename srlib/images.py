"""Images: files in and out, and the values they become; the module the rest of srlib stands on.

8-bit arrays ``(H, W[, C])`` live at the edges: in files and in the 8-bit path of ``imresize``.
Inside, an image is a float tensor ``(B, C, H, W)`` in [0, 1].
"""

import os
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from PIL import Image

from srlib.photo_files import SUFFIXES, Photo, check_room, decode, encode
from srlib.pixels import (
    ImageError,
    check_uint8,
    modulo_crop,
    rgb_to_luma,
    rgb_to_ycbcr,
    shave,
    to_tensor,
    to_uint8,
    ycbcr_to_rgb,
)

__all__ = [
    "OTHER_SUFFIXES",
    "SUFFIXES",
    "ImageError",
    "Photo",
    "file_format",
    "image_folder",
    "modulo_crop",
    "read",
    "read_photo",
    "read_rgb",
    "rgb_to_luma",
    "rgb_to_ycbcr",
    "shave",
    "split_alpha",
    "to_tensor",
    "to_uint8",
    "write",
    "ycbcr_to_rgb",
]

# Of formats that are not read: a folder's files of such names are reported, not passed over.
OTHER_SUFFIXES = (".gif", ".heic", ".heif", ".avif", ".jxl", ".jp2")

FileName = str | os.PathLike


def read(path: FileName) -> np.ndarray:
    """The pixels of a PNG, JPEG, WebP, TIFF or BMP file, upright.

    EXIF orientation is applied. A palette becomes the colours it stands for, 1 bit becomes 0 and
    255, a colour declared transparent becomes an alpha plane. Values are taken as stored, without
    their ICC profile; only CMYK goes through its profile to sRGB, or, where that is missing or
    unusable, through Pillow's plain formula.

    Returns:
        uint8 ``(H, W)`` grey, ``(H, W, 2)`` grey and alpha, ``(H, W, 3)`` RGB, ``(H, W, 4)`` RGBA.

    Raises:
        ImageError: no such file, another or a damaged format, more than 8 bits a value (reducing
            them would lose what super-resolution is after), more than one image in the file, or
            more pixels than Pillow holds to be safe (``PIL.Image.MAX_IMAGE_PIXELS``).
    """
    return _read(path, sixteen_bits=False).pixels


def read_photo(path: FileName) -> Photo:
    """As :func:`read`, with the EXIF and the ICC profile that go with the pixels, and 16 bits too.

    EXIF comes without what describes the file rather than the photograph (the layout of a TIFF, the
    preview) and with the orientation of the upright image. What was CMYK is sRGB now and has no
    profile. 16 bits a value are read from grey PNG and TIFF and from RGB TIFF, and stay.

    Raises:
        ImageError: as :func:`read`, and for another kind of 16 bits.
    """
    return _read(path, sixteen_bits=True)


def _read(path: FileName, sixteen_bits: bool) -> Photo:
    path = Path(path)
    try:
        return decode(path, sixteen_bits)
    except ImageError as error:
        raise ImageError(f"{str(path)!r} {error}") from None
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise ImageError(
            f"{str(path)!r} is too large: {error}. Cut it into parts, or raise "
            "PIL.Image.MAX_IMAGE_PIXELS if you trust the file"
        ) from error
    except Image.UnidentifiedImageError as error:
        raise ImageError(
            f"{str(path)!r} is not an 8-bit PNG, JPEG, WebP, TIFF or BMP image, whatever its name "
            "says: convert it to PNG first"
        ) from error
    except MemoryError as error:
        raise ImageError(f"{str(path)!r} is too large for this machine's memory") from error
    except FileNotFoundError as error:
        raise ImageError(f"{str(path)!r} does not exist") from error
    except Exception as error:  # a damaged file makes Pillow raise almost anything
        if isinstance(error, OSError) and error.errno:  # the disk's or the system's word
            raise ImageError(f"{str(path)!r} cannot be read: {error.strerror}") from error
        raise ImageError(f"{str(path)!r} is damaged or cannot be read: {error}") from error


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


def split_alpha(image: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
    """uint8 ``(H, W[, C])`` -> its grey ``(H, W)`` or RGB ``(H, W, 3)`` and its alpha ``(H, W)``.

    Alpha, 0 transparent to 255 opaque, is None where the image has none (C = 1 or 3).
    """
    check_uint8(image)
    if image.ndim == 2:
        return image, None
    alpha = image[..., -1] if image.shape[2] in (2, 4) else None
    return (image[..., :3] if image.shape[2] >= 3 else image[..., 0]), alpha


def write(
    path: FileName,
    image: np.ndarray,
    *,
    exif: bytes | None = None,
    icc_profile: bytes | None = None,
) -> Path:
    """Save an image, all of it or nothing; the end of the name chooses the format.

    PNG, TIFF, BMP and WebP are lossless (WebP stores grey as RGB), JPEG has quality 95 with colour
    at full resolution. An existing file is replaced once the new one is whole.

    Args:
        path: ends in .png, .jpg, .jpeg, .webp, .tif, .tiff or .bmp; its folder must exist.
        image: uint8 ``(H, W)``, or ``(H, W, C)`` with C = 1 to 4 as :func:`read` returns them; or
            uint16 ``(H, W)`` as PNG or TIFF, or ``(H, W, 3)`` as TIFF.
        exif: as :func:`read_photo` gives it; BMP and 16-bit RGB are stored without.
        icc_profile: as :func:`read_photo` gives it; stored with images of the colours it is for, in
            all formats but BMP.

    Raises:
        ImageError: another suffix, another kind of array, transparency or a size in a format that
            cannot hold it, or a file that cannot be written, such as on a full disk.
    """
    path = Path(path)
    file_format(path)
    deep = isinstance(image, np.ndarray) and image.dtype == np.uint16 and image.ndim in (2, 3)
    if not deep:
        check_uint8(image)
    check_room(path, image.shape, 16 if deep else 8)
    pixels = image[..., 0] if image.ndim == 3 and image.shape[2] == 1 else image
    if not deep or pixels.ndim == 2:
        pixels = Image.fromarray(np.ascontiguousarray(pixels))
    encode(path, pixels, exif, icc_profile)
    return path


def image_folder(path: FileName, suffixes: Iterable[str] = tuple(SUFFIXES)) -> list[Path]:
    """The image files of a folder, by name; not hidden ones, nor those of folders inside it.

    A file is one of an image if its name ends in one of ``suffixes``, in whatever case.

    Raises:
        ImageError: when there is no such folder or no image in it.
    """
    folder = Path(path)
    try:
        names = sorted(file.name for file in folder.iterdir() if file.suffix.lower() in suffixes)
    except OSError as error:
        raise ImageError(f"cannot list the folder {str(folder)!r}: {error.strerror}") from error
    files = [folder / name for name in names if not name.startswith(".")]
    if not files:
        raise ImageError(
            f"no image in the folder {str(folder)!r}: expected names ending in "
            f"{', '.join(SUFFIXES)}"
        )
    return files


def file_format(path: FileName) -> str:
    """The format that :func:`write` uses for this name, such as ``"PNG"``.

    Raises:
        ImageError: for a suffix it does not know.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in SUFFIXES:
        raise ImageError(
            f"cannot write {str(path)!r}: its name should end in one of {', '.join(SUFFIXES)}"
        )
    return SUFFIXES[suffix]
