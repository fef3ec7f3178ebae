"""The images a benchmark is made on: photographs, a published set, or a folder of your own."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from srlib import datasets
from srlib.images import ImageError, image_folder, modulo_crop, read_rgb
from srlib.photographs import Photograph
from srlib.records import digest
from srlib.resize import imresize

PUBLISHED = ("Set5", "Set14", "BSD100", "Urban100")
WINDOW = 11  # pixels: side of SSIM's windows


class TestImage(Protocol):
    """A name, the truth ``hr`` and its small version ``lr``, uint8 ``(H, W, 3)`` or ``(H, W)``.

    :class:`srlib.datasets.Pair`, :class:`Case` and :class:`Shrunk` are of this kind.
    """

    __test__ = False  # no test of pytest's

    @property
    def name(self) -> str: ...

    @property
    def hr(self) -> np.ndarray: ...

    @property
    def lr(self) -> np.ndarray: ...


@dataclass(frozen=True)
class Case:
    """A test image that is in memory."""

    name: str
    hr: np.ndarray
    lr: np.ndarray


@dataclass(frozen=True)
class Shrunk:
    """A test image made from a large one as the published ones were: MATLAB's 8-bit imresize."""

    name: str
    source: Path | Photograph | np.ndarray
    scale: int

    @property
    def hr(self) -> np.ndarray:
        """uint8, cropped to a multiple of the scale; a file or photograph is decoded each time."""
        source = self.source
        if isinstance(source, Photograph):
            source = source.image
        elif not isinstance(source, np.ndarray):
            source = read_rgb(source)
        return modulo_crop(source, self.scale)

    @property
    def lr(self) -> np.ndarray:
        """uint8, smaller by the scale."""
        return imresize(self.hr, 1 / self.scale)


def test_set(name: str, scale: int) -> list[TestImage]:
    """The images of a set.

    Args:
        name: ``"photographs"``, the ten of scikit-image; ``"Set5"``, ``"Set14"``, ``"BSD100"`` or
            ``"Urban100"`` with their published small versions; or a folder of images, which are
            taken in order of their names, grey ones as three equal planes.
        scale: 2, 3 or 4.

    Raises:
        ValueError: no such set or folder, or a scale it was not published at.
        ImageError: a folder without images.
        DownloadError: a published set that is not at hand and cannot be fetched.
    """
    if name.lower() == "photographs":
        return [Shrunk(photo.name, photo, scale) for photo in datasets.photographs()]
    if name.lower() in (each.lower() for each in PUBLISHED):
        return list(datasets.benchmark(name, scale))
    if not Path(name).is_dir():
        raise ValueError(
            f"no set {name!r}: choose photographs, {', '.join(PUBLISHED)}, or a folder of images"
        )
    return [Shrunk(path.name, path, scale) for path in image_folder(name)]


test_set.__test__ = False


def pixels(image: TestImage, scale: int) -> tuple[np.ndarray, np.ndarray]:
    """Truth and small version of a test image, both uint8 ``(H, W, 3)``; grey in equal planes.

    Raises:
        ImageError: when it cannot be read, is too small to be scored, or the two do not belong
            together; names the image.
    """
    try:
        hr, lr = (_rgb(each) for each in (image.hr, image.lr))
    except ImageError as error:
        said = str(error) if f"{image.name}'" in str(error) else f"{image.name!r}: {error}"
        raise ImageError(said) from error
    smallest = WINDOW + 2 * scale
    if min(hr.shape[:2]) < smallest:
        raise ImageError(
            f"{image.name!r} has {hr.shape[1]}x{hr.shape[0]} pixels, too few to be scored at "
            f"x{scale}: SSIM needs {WINDOW} on each side, without a border of {scale}, so at "
            f"least {smallest}x{smallest}. Leave it out"
        )
    if hr.shape != (lr.shape[0] * scale, lr.shape[1] * scale, 3):
        raise ImageError(
            f"{image.name!r}: the truth is {hr.shape[1]}x{hr.shape[0]} and its small version "
            f"{lr.shape[1]}x{lr.shape[0]}, which is not {scale} times smaller"
        )
    return hr, lr


def check(images: Sequence[TestImage], scale: int) -> str:
    """Read every image once, so that a bad one is named before the work, not amid it.

    Returns:
        SHA-256 of all names and pixels.

    Raises:
        ImageError: as :func:`pixels`.
        ValueError: no image, or two of one name.
    """
    names = [image.name for image in images]
    if not names:
        raise ValueError("no image to benchmark on: give at least one")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"two images are called {twice[0]!r}: give each a name of its own")
    return digest((each.name, plane) for each in images for plane in pixels(each, scale))


def _rgb(image: np.ndarray) -> np.ndarray:
    if not isinstance(image, np.ndarray) or image.dtype != np.uint8:
        kind = getattr(image, "dtype", type(image).__name__)
        raise ImageError(f"expected a uint8 array (H, W, 3), got {kind}")
    if image.ndim == 2:
        return np.stack([image] * 3, axis=2)
    if image.ndim != 3 or image.shape[2] != 3:
        raise ImageError(f"expected a uint8 array (H, W, 3) or (H, W), got shape {image.shape}")
    return image
