"""Photographs into files: each whole or not at all, and what its format cannot hold is said."""

import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image

from srlib.atomic import whole_file
from srlib.errors import ArgumentError, ImageError
from srlib.images import jpeg, png_writing, tiff_writing
from srlib.images.about import About
from srlib.images.exif import resized, resized_xmp
from srlib.images.formats import FileName, check_room, file_format
from srlib.images.holding import fitted
from srlib.images.values import check_uint8


def write(
    path: FileName,
    image: np.ndarray,
    *,
    about: About = About(),  # noqa: B008 - frozen
    quality: int | None = None,
    lossless: bool | None = None,
) -> Path:
    """Save an image, all of it or nothing; the end of the name chooses the format.

    PNG, TIFF, BMP and, unless a quality is asked for, WebP are lossless (WebP stores grey as RGB).
    An existing file is replaced once the new one is whole. What of ``about`` the format cannot hold
    is a Python warning.

    Args:
        path: ends in one of the names of ``srlib.images.formats.SUFFIXES``, such as .png, .jpg,
            .webp, .avif, .tif; its folder must exist.
        image: uint8 ``(H, W)``, or ``(H, W, C)`` with C = 1 to 4: grey or RGB, alpha last; or
            uint16 of the same shapes, as PNG or TIFF.
        about: what goes with it, as :func:`~srlib.images.reading.read_photo` gives it.
        quality: 1 to 100, of JPEG (95 if not said; colour at full resolution), WebP and AVIF (90).
        lossless: of WebP: True unless a quality is given.

    Raises:
        ImageError: another suffix, another kind of array, transparency or a size in a format that
            cannot hold it, or a file that cannot be written, such as on a full disk.
        ArgumentError: another quality, or lossless in a format that is not.
    """
    path = Path(path)
    file_format(path)
    deep = isinstance(image, np.ndarray) and image.dtype == np.uint16 and image.ndim in (2, 3)
    if not deep:
        check_uint8(image)
    check_room(path, image.shape, 16 if deep else 8)
    pixels = image[..., 0] if image.ndim == 3 and image.shape[2] == 1 else image
    if not deep:
        pixels = Image.fromarray(np.ascontiguousarray(pixels))
    for lost in encode(path, pixels, about, quality=quality, lossless=lossless):
        warnings.warn(f"{str(path)!r}: {lost}", stacklevel=2)
    return path


class Stopped(Exception):  # noqa: N818 - nothing went wrong
    """Writing was given up because it was told to stop."""


def encode(
    path: Path,
    image: Image.Image | np.ndarray,
    about: About = About(),  # noqa: B008 - frozen
    stopped: Callable[[], bool] = lambda: False,
    *,
    quality: int | None = None,
    lossless: bool | None = None,
    scale: float = 1.0,
    may_replace: bool = True,
) -> tuple[str, ...]:
    """Save straight to the disk, the whole file or nothing.

    Args:
        path: its suffix chooses the format.
        image: of mode L, LA, RGB, RGBA or I;16; or uint16 ``(H, W)`` or ``(H, W, 2 to 4)``.
        about: what goes with it, as it was read.
        stopped: asked again and again; when it says so, :class:`Stopped` is raised.
        quality, lossless: as of :func:`write`.
        scale: by how much the image was enlarged since: the density grows with it, so that the
            printed picture keeps its size.
        may_replace: whether a file of that name may be replaced.

    Returns:
        what of ``about`` the format cannot hold, each a plain sentence.

    Raises:
        ImageError: when the format or the disk cannot hold the image.
        ArgumentError: for another quality.
    """
    kind, shape, bits = file_format(path), _shape(image), _bits(image)
    settings = _settings(kind, quality, lossless)
    about = _of_the_result(about, shape[1::-1], scale)
    about, lost = fitted(about, kind, shape)
    try:
        with whole_file(path, may_replace) as file:
            sink = _Sink(file, stopped)
            try:
                _save(sink, kind, image, shape, bits, about, settings)
            except (OSError, ValueError) as error:
                if sink.failed:
                    raise
                raise ImageError(f"cannot write {str(path)!r} as {kind}: {error}") from error
    except OSError as error:
        reason = error.strerror or error
        if not path.parent.is_dir():
            reason = "its folder does not exist, create it first"
        raise ImageError(f"cannot write {str(path)!r}: {reason}") from error
    return tuple(lost)


def _of_the_result(about: About, size: tuple[int, int], scale: float) -> About:
    return replace(
        about,
        exif=resized(about.exif, size, scale),
        xmp=resized_xmp(about.xmp, size),
        density=about.density.scaled(scale) if about.density else None,
    )


def _save(
    sink: "_Sink",
    kind: str,
    image: Image.Image | np.ndarray,
    shape: tuple[int, ...],
    bits: int,
    about: About,
    settings: dict[str, object],
) -> None:
    if kind == "TIFF":
        strips = _strips(image, tiff_writing.rows_a_strip(shape, bits))
        tiff_writing.encode(sink, strips, shape, bits, about)
        return
    if kind == "PNG":
        sink.insert_at(png_writing.HEAD, lambda head: head + png_writing.notes(about))
        if bits == 16:
            strips = _strips(image, tiff_writing.rows_a_strip(shape, bits))
            png_writing.encode_16_bits(sink, strips, shape)
            return
    elif kind == "JPEG":
        sink.insert_at(jpeg.HEAD, lambda head: jpeg.with_notes(head, about))
    elif kind in ("WEBP", "AVIF"):
        noted = {"exif": about.exif, "xmp": about.xmp, "icc_profile": about.icc_profile}
        settings |= {name: data for name, data in noted.items() if data}
    else:  # BMP; Pillow would make up a density where there is none
        settings["dpi"] = (about.density.x, about.density.y) if about.density else (0, 0)
    image.save(sink, kind, **settings)


def _settings(kind: str, quality: int | None, lossless: bool | None) -> dict[str, object]:
    """What Pillow's encoder is told.

    Raises:
        ArgumentError: such a quality there is not, or no lossless way.
    """
    whole = isinstance(quality, int) and not isinstance(quality, bool)
    if quality is not None and not (whole and 1 <= quality <= 100):
        raise ArgumentError(f"quality must be a whole number from 1 to 100, not {quality!r}")
    if lossless and kind in ("JPEG", "AVIF"):
        raise ArgumentError(f"{kind} is not written without loss: save as PNG, WebP or TIFF")
    if kind == "PNG":  # a third of the default's time, for a few per cent more bytes
        return {"compress_level": 4}
    if kind == "JPEG":
        return {"quality": quality or 95, "subsampling": 0}  # colour at full resolution
    if kind == "WEBP":
        if lossless or (lossless is None and quality is None):
            return {"lossless": True, "exact": True}  # exact: with colours that cannot be seen
        return {"quality": quality or 90, "exact": True}
    return {"quality": quality or 90, "subsampling": "4:4:4"} if kind == "AVIF" else {}


def _shape(image: Image.Image | np.ndarray) -> tuple[int, ...]:
    if isinstance(image, np.ndarray):
        return image.shape
    planes = len(image.getbands())
    return image.size[::-1] + ((planes,) if planes > 1 else ())


def _bits(image: Image.Image | np.ndarray) -> int:
    deep = image.dtype == np.uint16 if isinstance(image, np.ndarray) else image.mode[0] == "I"
    return 16 if deep else 8


def _strips(image: Image.Image | np.ndarray, rows: int) -> Iterator[np.ndarray]:
    """The image from the top to the bottom, so many rows at a time."""
    height, width = _shape(image)[:2]
    for top in range(0, height, rows):
        bottom = min(top + rows, height)
        if isinstance(image, np.ndarray):
            yield image[top:bottom]
        else:
            yield np.asarray(image.crop((0, top, width, bottom)))


class _Sink:
    """A file that an encoder writes to: it tells trouble with the disk from other trouble."""

    def __init__(self, file: BinaryIO, stopped: Callable[[], bool]) -> None:
        self._file, self._stopped, self.failed = file, stopped, False
        self._head, self._length, self._change = b"", 0, None
        self.seek, self.tell = file.seek, file.tell

    def insert_at(self, length: int, change: Callable[[bytes], bytes]) -> None:
        """Once the encoder has written so many bytes, put ``change`` of them in their place."""
        self._length, self._change = length, change

    def write(self, data: bytes) -> int:
        if self._stopped():
            raise Stopped
        size = len(data)
        if self._change:
            self._head += data
            if len(self._head) < self._length:
                return size
            head, rest = self._head[: self._length], self._head[self._length :]
            data, self._change = self._change(head) + rest, None
        try:
            self._file.write(data)
        except OSError:
            self.failed = True
            raise
        return size

    def flush(self) -> None:
        """When the file is closed: then trouble is the disk's."""
