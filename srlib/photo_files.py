"""What Pillow and tifffile do for :mod:`srlib.images`: photographs out of files and into them."""

import io
import os
import stat
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import tifffile
from PIL import Image, ImageCms, ImageOps

from srlib.files import whole_file
from srlib.photo_metadata import (
    BITS_PER_SAMPLE,
    ORIENTATION,
    PHOTOMETRIC,
    photographers_exif,
    profile_fits,
    with_size,
)
from srlib.pixels import ImageError

SUFFIXES = {  # suffix -> Pillow's name of the format
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
_LONGEST_SIDE = {"JPEG": 65500, "WEBP": 16383}  # pixels, of the formats that an image can exceed


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


# ------------------------------------------------------------------------------------------ reading


def decode(path: Path, sixteen_bits: bool = False) -> Photo:
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


def unusable(path: Path) -> str | None:
    """Why there can be no photograph under that name, whatever the format; None if there may be.

    Raises:
        OSError: when there is nothing under that name.
    """
    status = os.stat(path)
    if stat.S_ISDIR(status.st_mode):
        return "is a folder: give an image file"
    if not stat.S_ISREG(status.st_mode):  # a pipe: opening it might wait for ever
        return "is not a file but a pipe or a device: give an image file"
    return "is empty (0 bytes)" if status.st_size == 0 else None


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


# ------------------------------------------------------------------------------------------ writing


class Stopped(Exception):  # noqa: N818 - nothing went wrong
    """Writing was given up because it was told to stop."""


class _Sink:
    """A file that an encoder writes to: it tells trouble with the disk from other trouble."""

    def __init__(self, file: BinaryIO, stopped: Callable[[], bool]) -> None:
        self._file, self._stopped, self.failed = file, stopped, False
        self.seek, self.tell = file.seek, file.tell

    def write(self, data: bytes) -> int:
        if self._stopped():
            raise Stopped
        try:
            return self._file.write(data)
        except OSError:
            self.failed = True
            raise

    def flush(self) -> None:
        """When the file is closed: then trouble is the disk's."""


def encode(
    path: Path,
    image: Image.Image | np.ndarray,
    exif: bytes | None = None,
    icc_profile: bytes | None = None,
    stopped: Callable[[], bool] = lambda: False,
) -> None:
    """Save straight to the disk, the whole file or nothing.

    Args:
        path: its suffix chooses the format.
        image: of mode L, LA, RGB, RGBA or I;16; or uint16 ``(H, W, 3)``, as TIFF.
        exif, icc_profile: kept where the format can hold them.
        stopped: asked again and again; when it says so, :class:`Stopped` is raised.

    Raises:
        ImageError: when the format or the disk cannot hold it.
    """
    kind = SUFFIXES[path.suffix.lower()]
    try:
        with whole_file(path) as file:
            sink = _Sink(file, stopped)
            try:
                if isinstance(image, np.ndarray):
                    _encode_16bit_rgb(sink, image, icc_profile)
                else:
                    image.save(sink, kind, **_settings(kind, image, exif, icc_profile))
            except (OSError, ValueError) as error:
                if sink.failed:
                    raise
                raise ImageError(f"cannot write {str(path)!r} as {kind}: {error}") from error
    except OSError as error:
        reason = error.strerror or error
        if not path.parent.is_dir():
            reason = "its folder does not exist, create it first"
        raise ImageError(f"cannot write {str(path)!r}: {reason}") from error


def check_room(path: Path, shape: tuple[int, ...], bits: int = 8) -> None:
    """Refuse, before any work, an image of that shape that the format cannot hold.

    Raises:
        ImageError: too long a side, alpha, or 16 bits, in a format without such.
    """
    kind, problem = SUFFIXES[path.suffix.lower()], None
    longest = _LONGEST_SIDE.get(kind, max(shape[:2]))
    if max(shape[:2]) > longest:
        size = f"this image of {shape[1]}x{shape[0]}"
        problem = f"{kind} stores at most {longest} pixels a side, not {size}. Save as PNG"
    elif len(shape) == 3 and shape[2] in (2, 4) and kind in ("JPEG", "BMP"):
        problem = (
            f"{kind} stores no transparency. Save as PNG, or drop the alpha plane: image[..., :-1]"
        )
    elif bits == 16 and len(shape) == 3 and shape[2] != 3:
        problem = "srlib stores no alpha beside 16 bits a value. Drop it, or convert to 8 bit"
    elif bits == 16 and len(shape) == 3 and kind != "TIFF":
        problem = "16-bit colour is written as TIFF only. Save as .tif, or convert it to 8 bit"
    elif bits == 16 and kind not in ("PNG", "TIFF"):
        problem = f"{kind} stores 8 bits only. Save as PNG or TIFF, or convert it to 8 bit"
    if problem:
        raise ImageError(f"cannot write {str(path)!r}: {problem}")


def _settings(
    kind: str, image: Image.Image, exif: bytes | None, icc_profile: bytes | None
) -> dict[str, object]:
    """What Pillow's encoder is told."""
    settings = dict(_SETTINGS.get(kind, {}))
    planes = 3 if kind == "WEBP" else len(image.getbands())
    shape = (*image.size[::-1], planes)
    # WebP stores grey as RGB, for which a profile of grey is none.
    if kind != "BMP" and profile_fits(icc_profile, shape):
        settings["icc_profile"] = icc_profile
    exif = with_size(exif, image.size) if exif and kind != "BMP" else None
    if exif and (kind != "JPEG" or len(exif) < 65527):  # a segment of JPEG's is no longer
        settings["exif"] = exif
    return settings


def _encode_16bit_rgb(sink: _Sink, pixels: np.ndarray, icc_profile: bytes | None) -> None:
    encoded = io.BytesIO()  # tifffile wants more of a file than a sink is
    profile = icc_profile if profile_fits(icc_profile, pixels.shape) else None
    tifffile.imwrite(
        encoded, pixels, photometric="rgb", compression="zlib", iccprofile=profile, metadata=None
    )
    sink.write(encoded.getbuffer())
