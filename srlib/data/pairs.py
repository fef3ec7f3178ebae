"""A small image and its large one: made as the published ones were, or given."""

import os
from dataclasses import dataclass

import numpy as np

from srlib.data.photographs import Photograph
from srlib.errors import ArgumentError, ImageError
from srlib.images.formats import FileName
from srlib.images.metrics import WINDOW
from srlib.images.reading import read_rgb
from srlib.images.resize import imresize
from srlib.images.values import Pixels, modulo_crop

Source = np.ndarray | FileName | Photograph


def degrade(image: Pixels, scale: int) -> tuple[Pixels, Pixels]:
    """``(lr, hr)`` of an image, as the published pairs were made: by MATLAB's bicubic imresize.

    Args:
        image: all that :func:`~srlib.images.resize.imresize` takes: uint8 or float ``(H, W[, C])``,
            or a float tensor ``(B, C, H, W)``.
        scale: a whole number, how many times smaller ``lr`` is.

    Returns:
        ``lr`` of the image's type, and ``hr``: the image cropped at the bottom and the right to a
        multiple of the scale (a view).

    Raises:
        ImageError: an image that cannot be resized, or is smaller than ``scale`` on a side.
        ArgumentError: a scale that is no whole number of at least 1.

    >>> lr, hr = degrade(np.zeros((9, 7, 3), np.uint8), 2)
    >>> lr.shape, hr.shape
    ((4, 3, 3), (8, 6, 3))
    """
    hr = modulo_crop(image, scale)
    return imresize(hr, 1 / scale), hr


@dataclass(frozen=True, eq=False)
class Pair:
    """A test image: its name, the truth, and the small version that methods are given.

    Nothing is kept: what is a file or a photograph is decoded anew each time ``hr``, ``lr`` or
    :meth:`pixels` is asked for.

    Attributes:
        name: in tables.
        hr_source: the truth: a uint8 array ``(H, W, 3)`` or ``(H, W)``, a file, or a photograph.
        lr_source: the small version, likewise; None: it is made by :func:`degrade`.
        scale: to make it by; None where it is given.

    Raises:
        ArgumentError: neither a small version nor a scale, or both.

    >>> pair = Pair("black", np.zeros((9, 7), np.uint8), scale=2)
    >>> pair.hr.shape, pair.lr.shape
    ((8, 6, 3), (4, 3, 3))
    """

    name: str
    hr_source: Source
    lr_source: Source | None = None
    scale: int | None = None

    def __post_init__(self) -> None:
        if (self.lr_source is None) == (self.scale is None):
            raise ArgumentError(
                f"{self.name!r}: give its small version, or else the scale to make one by, "
                "scale=4, and not both"
            )

    @property
    def hr(self) -> np.ndarray:
        """uint8 ``(H, W, 3)``; where ``lr`` is made of it, cropped to a multiple of the scale."""
        hr = _rgb(self.hr_source)
        return hr if self.scale is None else modulo_crop(hr, self.scale)

    @property
    def lr(self) -> np.ndarray:
        """uint8 ``(H / scale, W / scale, 3)``."""
        if self.scale is None:
            return _rgb(self.lr_source)
        return degrade(_rgb(self.hr_source), self.scale)[0]

    def pixels(self, scale: int) -> tuple[np.ndarray, np.ndarray]:
        """``(hr, lr)``, uint8 ``(H, W, 3)`` each, checked; no file is decoded twice.

        Raises:
            ImageError: when it cannot be read, is too small to be scored at that scale, or the two
                do not belong together; names the image.
        """
        try:
            hr = _rgb(self.hr_source)
            if self.scale is None:
                lr = _rgb(self.lr_source)
            else:
                lr, hr = degrade(hr, self.scale)
        except ImageError as error:
            said = str(error) if f"{self.name}'" in str(error) else f"{self.name!r}: {error}"
            raise ImageError(said) from error
        _check(self.name, hr, lr, scale)
        return hr, lr


def _rgb(source: Source) -> np.ndarray:
    """uint8 ``(H, W, 3)``, decoded if need be; grey becomes three equal planes."""
    if isinstance(source, Photograph):
        return source.image
    if isinstance(source, str | os.PathLike):
        return read_rgb(source)
    if not isinstance(source, np.ndarray) or source.dtype != np.uint8:
        kind = getattr(source, "dtype", type(source).__name__)
        raise ImageError(f"expected a uint8 array (H, W, 3), got {kind}")
    if source.ndim == 2:
        return np.stack([source] * 3, axis=2)
    if source.ndim != 3 or source.shape[2] != 3:
        raise ImageError(f"expected a uint8 array (H, W, 3) or (H, W), got shape {source.shape}")
    return source


def _check(name: str, hr: np.ndarray, lr: np.ndarray, scale: int) -> None:
    """ImageError unless the two belong together and can be scored."""
    smallest = WINDOW + 2 * scale
    if min(hr.shape[:2]) < smallest:
        raise ImageError(
            f"{name!r} has {hr.shape[1]}x{hr.shape[0]} pixels, too few to be scored at "
            f"x{scale}: SSIM needs {WINDOW} on each side, without a border of {scale}, so at "
            f"least {smallest}x{smallest}. Leave it out"
        )
    if hr.shape != (lr.shape[0] * scale, lr.shape[1] * scale, 3):
        raise ImageError(
            f"{name!r}: the truth is {hr.shape[1]}x{hr.shape[0]} and its small version "
            f"{lr.shape[1]}x{lr.shape[0]}, which is not {scale} times smaller"
        )
