"""Photographs into files: each whole or not at all."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import numpy as np
import tifffile
from PIL import Image

from srlib.atomic import whole_file
from srlib.errors import ImageError
from srlib.images.exif import profile_fits, with_size
from srlib.images.formats import SUFFIXES, FileName, check_room, file_format
from srlib.images.values import check_uint8

_SETTINGS = {
    "PNG": {"compress_level": 4},  # a third of the default's time, for a few per cent more bytes
    "JPEG": {"quality": 95, "subsampling": 0},  # colour at full resolution
    "WEBP": {"lossless": True, "exact": True},  # exact: keeps colours under transparent pixels
}


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
        image: uint8 ``(H, W)``, or ``(H, W, C)`` with C = 1 to 4: grey or RGB, alpha last; or
            uint16 ``(H, W)`` as PNG or TIFF, or ``(H, W, 3)`` as TIFF.
        exif: as :func:`~srlib.images.reading.read_photo` gives it; BMP and 16-bit RGB are stored
            without.
        icc_profile: as ``read_photo`` gives it; stored with images of the colours it is for, in
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


class Stopped(Exception):  # noqa: N818 - nothing went wrong
    """Writing was given up because it was told to stop."""


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
