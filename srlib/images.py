"""Images: files in and out, and the values they become; the module the rest of srlib stands on.

8-bit arrays ``(H, W[, C])`` live at the edges: in files and in the 8-bit path of ``imresize``.
Inside, an image is a float tensor ``(B, C, H, W)`` in [0, 1].
"""

import io
import os
import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms, ImageOps

from srlib.files import write_whole
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
    "SUFFIXES",
    "ImageError",
    "file_format",
    "image_folder",
    "modulo_crop",
    "read",
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

SUFFIXES = {  # what can be read and written, by the end of the name
    ".png": "PNG",
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".webp": "WEBP",
    ".tif": "TIFF",
    ".tiff": "TIFF",
    ".bmp": "BMP",
}
_SETTINGS = {
    "PNG": {"compress_level": 4},  # a third of the default's time, for a few per cent more bytes
    "JPEG": {"quality": 95, "subsampling": 0},  # colour at full resolution
    "WEBP": {"lossless": True, "exact": True},  # exact: keeps colours under transparent pixels
}


def read(path: str | os.PathLike) -> np.ndarray:
    """The pixels of a PNG, JPEG, WebP, TIFF or BMP file, upright.

    EXIF orientation is applied. A palette becomes the colours it stands for, 1 bit becomes 0 and
    255, a colour declared transparent becomes an alpha plane. Values are taken as stored, without
    their ICC profile; only CMYK goes through its profile to RGB, or, where that is missing or
    unusable, through Pillow's plain formula.

    Returns:
        uint8 ``(H, W)`` grey, ``(H, W, 2)`` grey and alpha, ``(H, W, 3)`` RGB, ``(H, W, 4)`` RGBA.

    Raises:
        ImageError: no such file, another or a damaged format, more than 8 bits a value (reducing
            them would lose what super-resolution is after), more than one image in the file, or
            more pixels than Pillow holds to be safe (``PIL.Image.MAX_IMAGE_PIXELS``).
    """
    path = Path(path)
    try:
        return _decode(path)
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
        raise ImageError(f"{str(path)!r} is damaged or cannot be read: {error}") from error


def read_rgb(path: str | os.PathLike) -> np.ndarray:
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


def write(path: str | os.PathLike, image: np.ndarray) -> Path:
    """Save an 8-bit image, all of it or nothing; the end of the name chooses the format.

    PNG, TIFF, BMP and WebP are lossless (WebP stores grey as RGB), JPEG has quality 95 with colour
    at full resolution. An existing file is replaced once the new one is whole.

    Args:
        path: ends in .png, .jpg, .jpeg, .webp, .tif, .tiff or .bmp; its folder must exist.
        image: uint8 ``(H, W)``, or ``(H, W, C)`` with C = 1 to 4 as :func:`read` returns them.

    Raises:
        ImageError: another suffix, another kind of array, transparency in a format without it, or
            a file that cannot be written, such as on a full disk.
    """
    path = Path(path)
    kind = file_format(path)
    _, alpha = split_alpha(image)
    if alpha is not None and kind in ("JPEG", "BMP"):
        raise ImageError(
            f"cannot write {str(path)!r}: {kind} stores no transparency. Save as PNG, or drop the "
            "alpha plane: image[..., :-1]"
        )
    pixels = image[..., 0] if image.ndim == 3 and image.shape[2] == 1 else image
    encoded = io.BytesIO()  # in memory first, so that trouble with the disk is told from others
    try:
        Image.fromarray(np.ascontiguousarray(pixels)).save(encoded, kind, **_SETTINGS.get(kind, {}))
    except (OSError, ValueError) as error:  # such as more rows than the format can count
        raise ImageError(f"cannot write {str(path)!r} as {kind}: {error}") from error
    _write_whole(path, encoded.getbuffer())
    return path


def image_folder(path: str | os.PathLike) -> list[Path]:
    """The image files of a folder, by name; not hidden ones, nor those of folders inside it.

    Raises:
        ImageError: when there is no such folder or no image in it.
    """
    folder = Path(path)
    try:
        names = sorted(file.name for file in folder.iterdir() if file.suffix.lower() in SUFFIXES)
    except OSError as error:
        raise ImageError(f"cannot list the folder {str(folder)!r}: {error.strerror}") from error
    files = [folder / name for name in names if not name.startswith(".")]
    if not files:
        raise ImageError(
            f"no image in the folder {str(folder)!r}: expected names ending in "
            f"{', '.join(SUFFIXES)}"
        )
    return files


def file_format(path: str | os.PathLike) -> str:
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


def _decode(path: Path) -> np.ndarray:
    if path.is_dir():
        raise ImageError("is a folder: give an image file")
    if path.stat().st_size == 0:
        raise ImageError("is empty (0 bytes)")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # odd EXIF entries: the pixels are what counts
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        with Image.open(path, formats=sorted(set(SUFFIXES.values()))) as image:
            _check_kind(image)
            image.load()
            return np.array(_to_8bit(ImageOps.exif_transpose(image)))


def _check_kind(image: Image.Image) -> None:
    """Refuse what Pillow would silently reduce: to 8 bits, or to the first of several images."""
    # Pillow opens 16-bit RGB as 8-bit "RGB"; only the decoder's raw mode, "RGB;16B", tells.
    sixteen = any(";16" in str(tile.args) for tile in image.tile)
    if image.mode.startswith("I") or sixteen:
        raise ImageError("has 16 bits or more a value: convert it to 8 bit first")
    if image.mode == "F":
        raise ImageError("has floating-point values: scale them to 0..255, save as 8 bit first")
    # A phone's MPO is a JPEG with previews or a depth map behind it: the first is the photograph.
    frames = getattr(image, "n_frames", 1)
    if frames > 1 and image.format != "MPO":
        raise ImageError(f"holds {frames} images: save the one you want in a file of its own")


def _to_8bit(image: Image.Image) -> Image.Image:
    """Any 8-bit mode of Pillow's as one of L, LA, RGB, RGBA."""
    if image.mode == "CMYK":
        return _cmyk_to_rgb(image)
    if image.mode in ("1", "L", "LA", "La"):
        return image.convert("LA" if image.has_transparency_data else "L")
    if image.mode in ("P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "YCbCr"):
        return image.convert("RGBA" if image.has_transparency_data else "RGB")
    raise ImageError(f"has colours of the kind {image.mode!r}: convert it to RGB first")


def _cmyk_to_rgb(image: Image.Image) -> Image.Image:
    """Through the file's ICC profile to sRGB, or by Pillow's plain formula where it has none."""
    profile = io.BytesIO(image.info.get("icc_profile", b""))
    try:
        srgb = ImageCms.createProfile("sRGB")
        return ImageCms.profileToProfile(image, profile, srgb, outputMode="RGB")
    except ImageCms.PyCMSError:  # no profile, a damaged one, or one for other colours than CMYK
        return image.convert("RGB")


def _write_whole(path: Path, data: memoryview) -> None:
    try:
        write_whole(path, data)
    except OSError as error:
        reason = error.strerror or error
        if not path.parent.is_dir():
            reason = "its folder does not exist, create it first"
        raise ImageError(f"cannot write {str(path)!r}: {reason}") from error
