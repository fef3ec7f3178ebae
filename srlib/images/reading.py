"""Photographs out of files: by Pillow, and by tifffile where Pillow would lose bits."""

import io
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tifffile
from PIL import Image, ImageCms, ImageOps

from srlib.errors import ImageError
from srlib.images.exif import (
    BITS_PER_SAMPLE,
    ORIENTATION,
    PHOTOMETRIC,
    photographers_exif,
    profile_fits,
)
from srlib.images.formats import SUFFIXES, FileName, unusable
from srlib.images.values import split_alpha


@dataclass(frozen=True)
class Photo:
    """A photograph, upright.

    Attributes:
        pixels: uint8 ``(H, W)``, or ``(H, W, C)`` with C = 1 to 4: grey or RGB, alpha last; or
            uint16 ``(H, W)`` or ``(H, W, 3)``.
        exif: what the camera and the photographer noted, as EXIF; None where they did not.
        icc_profile: what colours the values stand for; None where nothing is said.
    """

    pixels: np.ndarray
    exif: bytes | None = None
    icc_profile: bytes | None = None


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


def _read(path: FileName, sixteen_bits: bool) -> Photo:
    """The photograph in a file, or an ImageError that names the file and its trouble."""
    path = Path(path)
    try:
        return _decode(path, sixteen_bits)
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


def _decode(path: Path, sixteen_bits: bool) -> Photo:
    """The photograph in a file; 16-bit values are refused unless they are asked for.

    Raises:
        ImageError: for what is refused. A damaged file makes Pillow raise almost anything.
    """
    trouble = unusable(path)
    if trouble:
        raise ImageError(trouble)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # odd EXIF entries: the pixels are what counts
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        with Image.open(path, formats=sorted(set(SUFFIXES.values()))) as image:
            deep = _check_kind(image, sixteen_bits)
            if image.format != "TIFF":  # of whose EXIF some is gone once it is loaded
                image.load()
            exif = photographers_exif(image)
            if deep and image.mode == "RGB":
                pixels = _read_16bit_rgb(path)
            else:
                image.load()
                upright = _upright(image)
                pixels = np.array(upright if deep else _to_8bit(upright))
            return Photo(pixels, exif, _profile_for(pixels, image))


def _upright(image: Image.Image) -> Image.Image:
    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # EXIF that cannot be parsed: the pixels are what counts
        return image


def _check_kind(image: Image.Image, sixteen_bits: bool) -> bool:
    """Whether its values have 16 bits, after a refusal of what Pillow would silently reduce."""
    # Pillow opens 16-bit RGB as 8-bit "RGB"; only the decoder's raw mode, "RGB;16B", tells.
    deep = image.mode.startswith("I") or any(";16" in str(tile.args) for tile in image.tile)
    if image.format == "TIFF":  # whose planes one by one have no such raw mode
        deep |= max(image.tag_v2.get(BITS_PER_SAMPLE, (1,))) > 8 and image.mode != "F"
    # A phone's MPO is a JPEG with previews or a depth map behind it: the first is the photograph.
    frames = getattr(image, "n_frames", 1)
    if frames > 1 and image.format != "MPO":
        raise ImageError(f"holds {frames} images: save the one you want in a file of its own")
    if image.mode == "F":
        raise ImageError("has floating-point values: scale them to 0..255, save as 8 bit first")
    if deep and not sixteen_bits:
        raise ImageError("has 16 bits or more a value: convert it to 8 bit first")
    if deep and not _is_readable_16bit(image):
        raise ImageError(
            "has 16 bits or more a value, of a kind that is not read: save it as a grey PNG or "
            "TIFF or an RGB TIFF of 16 bits, without alpha, or convert it to 8 bit"
        )
    return deep


def _is_readable_16bit(image: Image.Image) -> bool:
    if "transparency" in image.info:
        return False
    if image.format == "TIFF":
        white_is_zero = image.tag_v2.get(PHOTOMETRIC) == 0
        return image.mode == "RGB" or (image.mode.startswith("I;16") and not white_is_zero)
    return image.format == "PNG" and image.mode == "I;16"


def _read_16bit_rgb(path: Path) -> np.ndarray:
    """uint16 ``(H, W, 3)`` of a TIFF, upright, which Pillow would reduce to 8 bits."""
    with tifffile.TiffFile(path) as file:
        try:
            pixels = file.pages[0].asarray()
        except ValueError as error:
            raise ImageError(
                f"has 16-bit values in a form that is not read ({error}): save it uncompressed"
            ) from error
        orientation = file.pages[0].tags.valueof(int(ORIENTATION), default=1)
    if pixels.dtype != np.uint16 or pixels.shape[2:] != (3,):
        raise ImageError("has an unusual layout of 16-bit values: save it as plain RGB TIFF")
    planes = [Image.fromarray(plane) for plane in np.moveaxis(pixels, 2, 0)]
    for plane in planes:
        plane.getexif()[ORIENTATION] = orientation
    return np.dstack([np.array(ImageOps.exif_transpose(plane)) for plane in planes])


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


def _profile_for(pixels: np.ndarray, image: Image.Image) -> bytes | None:
    """The file's ICC profile where it holds for the pixels: not for what was CMYK."""
    profile = image.info.get("icc_profile")
    return profile if image.mode != "CMYK" and profile_fits(profile, pixels.shape) else None
