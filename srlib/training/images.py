"""Which images are learned from, which are held out, and which of a folder are of no use.

A folder of photographs holds what nobody expects: empty files, tiny ones, a pipe, a scan of 400
megapixels. What cannot be used is left out and named at the start of a training; it never ends one.
"""

import hashlib
import logging
import os
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import psutil
from accelerate import Accelerator
from PIL import Image, UnidentifiedImageError
from tqdm.auto import tqdm

from srlib.data.patches import Patches
from srlib.data.published import div2k
from srlib.errors import ArgumentError, ImageError
from srlib.images.formats import image_folder, unusable
from srlib.images.kinds import kind_of
from srlib.images.reading import read_rgb
from srlib.images.resize import imresize
from srlib.images.values import centre_crop
from srlib.training.pairing import check_batches

PATCH = 96  # HR pixels: side of a training patch of SRResNet and SRGAN, as in the paper
HELD_OUT = 10  # images of a folder that are validated on, not trained on
DOWNSCALES = (0.8, 0.6)  # each image is seen at these sizes too
CROP = 384  # pixels: the centre of each held-out image is enough
PART = 24_000_000  # pixels: what is larger is taken in parts, so that the work on it fits memory
NAMED = 5  # files that are named one by one

Data = Sequence[str | Path]

log = logging.getLogger(__name__)


@dataclass
class Material:
    """The images of a training.

    Attributes:
        training: files to learn from.
        held_out: files to validate on.
        crops: centres of the held-out images, uint8 ``(H, W, 3)``.
        sizes: width and height of each file.
        side: pixels: the shorter side of a training patch.
        digests: SHA-256 of each file that was read.
    """

    training: list[Path]
    held_out: list[Path]
    crops: list[np.ndarray]
    sizes: dict[Path, tuple[int, int]]
    side: int
    digests: dict[Path, str] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """SHA-256 of all images that were read, in order, wherever they lie."""
        files = [path for path in (*self.training, *self.held_out) if path in self.digests]
        return hashlib.sha256(" ".join(self.digests[path] for path in files).encode()).hexdigest()

    @property
    def used(self) -> int:
        """How many images were learned from."""
        return sum(path in self.digests for path in self.training)

    def decoded(self, accelerator: Accelerator, progress: bool) -> Iterator[np.ndarray]:
        """The training images one after the other, uint8 ``(H, W, 3)``, with a bar.

        One that is damaged is left out and named; one of more than 24 megapixels comes in parts.

        Raises:
            ImageError: none can be used.
        """
        left_out, shown = {}, progress and accelerator.is_main_process
        for path in tqdm(self.training, "reading", unit="image", disable=not shown):
            image = _decode(path, self, left_out)
            if image is not None:
                yield from parts(image, self.side)
        _say_left_out(left_out, "that cannot be learned from", accelerator)
        if not self.used:
            raise ImageError(f"no image can be learned from: {_reasons(left_out)}")


def gather(
    data: Data, side: int, scale: int, accelerator: Accelerator, *, planes: int = 3
) -> Material:
    """Look at all images, hold some out, and say what is left out and how much memory it takes.

    Args:
        data: folders of images, or ``"DIV2K"`` alone.
        side: pixels of a training patch; smaller images are left out.
        scale: of the enlargement.
        accelerator: its main process goes first, as it may have to download DIV2K.
        planes: kept of each image: 3, or 1 for luma.

    Raises:
        ImageError: less than two images that can be used, or more than fit into memory.
    """
    paths = listed(data, accelerator)
    sizes, left_out = looked_at(paths, side)
    usable = [path for path in paths if path in sizes]
    if len(usable) < 2:
        said = f" ({_reasons(left_out)})" if left_out else ""
        raise ImageError(
            f"{len(usable)} image in {', '.join(map(str, data))} can be used{said}: training needs "
            "one and validation another, better 100 or more"
        )
    _say_left_out(left_out, f"of {len(paths)} images", accelerator)
    material = _held_out(Material(*split(usable, data), [], sizes, side), accelerator)
    say_memory(material, scale, planes, accelerator)
    return material


def listed(data: Data, accelerator: Accelerator) -> list[Path]:
    """All images of the folders, or of DIV2K's official training set.

    Raises:
        ImageError: a folder without images, or DIV2K beside folders.
    """
    if not data:
        raise ArgumentError("no data to train on: give a folder of images, or DIV2K")
    with accelerator.main_process_first():
        if is_div2k(data):
            return [*div2k("train"), *div2k("val")]
        if any(str(entry).upper() == "DIV2K" for entry in data):
            raise ImageError("DIV2K has its own validation images: give it alone, without folders")
        _say_inner_folders(data, accelerator)
        return [path for folder in data for path in image_folder(folder)]


def is_div2k(data: Data) -> bool:
    """Whether it is DIV2K that was asked for, which has a split of its own."""
    return [str(entry).upper() for entry in data] == ["DIV2K"]


def split(images: list[Path], data: Data) -> tuple[list[Path], list[Path]]:
    """Images to train on and to validate on.

    Of DIV2K the 640 and 160 of :func:`srlib.data.published.div2k`. Of folders, taken one after the
    other, about ten images at equal steps are held out, or a tenth when there are fewer than 100.
    """
    if is_div2k(data):
        held_out = [path for path in images if int(path.stem) > 640]
    elif len(images) >= 100:
        held_out = images[:: len(images) // HELD_OUT]
    else:
        held_out = images[::10]
    return [path for path in images if path not in set(held_out)], held_out


def looked_at(
    paths: Sequence[Path], side: int
) -> tuple[dict[Path, tuple[int, int]], dict[Path, str]]:
    """Width and height of the images that hold a patch, from their headers; why others do not."""
    sizes, left_out = {}, {}
    for path in tqdm(dict.fromkeys(paths), "looking", unit="image", leave=False, delay=1):
        try:
            size = _size(path)
        except Exception as error:  # a damaged file makes Pillow raise almost anything
            left_out[path] = str(getattr(error, "strerror", None) or error)
            continue
        if min(size) < side:
            left_out[path] = f"is {size[0]}x{size[1]}, smaller than a patch of {side}x{side}"
        else:
            sizes[path] = size
    return sizes, left_out


def _size(path: Path) -> tuple[int, int]:
    trouble = unusable(path)  # a pipe would be waited for
    if trouble:
        raise ImageError(trouble)
    with open(path, "rb") as file:
        kind_of(file.read(4096))  # which knows web pages, films and the like by name
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what is large; what is far too large is an error
        try:
            with Image.open(path) as image:
                return image.size
        except UnidentifiedImageError:
            raise ImageError("is not an image of a format that is read") from None


def _held_out(material: Material, accelerator: Accelerator) -> Material:
    """Decode the images to validate on; where none can be, others take their place."""
    left_out: dict[Path, str] = {}
    kept: list[Path] = []
    queue = list(material.held_out)
    while queue:
        path = queue.pop(0)
        image = _decode(path, material, left_out)
        if image is not None:
            kept.append(path)
            material.crops.append(np.ascontiguousarray(centre_crop(image, CROP)))
        if not queue and not kept and len(material.training) > 1:
            queue.append(material.training.pop(0))
    material.held_out = kept
    _say_left_out(left_out, "held out to validate on", accelerator)
    if not kept:
        raise ImageError(f"no image can be validated on: {_reasons(left_out)}")
    flat = [path for path, crop in zip(kept, material.crops, strict=True) if np.ptp(crop) == 0]
    if flat and accelerator.is_main_process:
        log.warning(
            f"{_names(flat)}, held out to validate on, is of one colour: any network scores the "
            "highest PSNR there, 58.9 dB, so it tells nothing"
        )
    return material


def _decode(path: Path, material: Material, left_out: dict[Path, str]) -> np.ndarray | None:
    """An image and its digest; None, and the reason, of one that cannot be used."""
    try:
        image = read_rgb(path)
        with open(path, "rb") as file:
            material.digests[path] = hashlib.file_digest(file, "sha256").hexdigest()
    except (ImageError, OSError) as error:
        left_out[path] = str(error).removeprefix(f"{str(path)!r} ")
        return None
    return image


def parts(image: np.ndarray, side: int, most: int = PART) -> Iterator[np.ndarray]:
    """An image, or parts of it of at most so many pixels, none narrower than a patch."""
    height, width = image.shape[:2]
    if height * width <= most:
        yield image
        return
    halves = np.array_split(image, 2, axis=0 if height >= width else 1)
    if min(halves[1].shape[:2]) < side:
        yield image
        return
    for half in halves:
        yield from parts(half, side, most)


# --------------------------------------------------------------------------------- what is said


def say_memory(material: Material, scale: int, planes: int, accelerator: Accelerator) -> None:
    """How many images there are and what memory they take.

    Raises:
        ImageError: more than there is.
    """
    pixels = [width * height for width, height in map(material.sizes.get, material.training)]
    needed = memory_needed(pixels, scale, planes)
    free = psutil.virtual_memory().available // _beside(accelerator)
    if accelerator.is_main_process:
        log.info(
            f"{len(pixels)} images to learn from, {len(material.held_out)} held out to validate "
            f"on; about {needed / 1e9:.1f} GB of memory, {free / 1e9:.1f} GB are free"
        )
    if needed > free:
        raise ImageError(
            f"{len(pixels)} images of {sum(pixels) / 1e6:,.0f} megapixels take about "
            f"{needed / 1e9:.1f} GB of memory, and {free / 1e9:.1f} GB are free: give fewer, or "
            "smaller ones, such as crops of them"
        )


def memory_needed(pixels: Sequence[int], scale: int, planes: int) -> int:
    """Bytes that images of so many pixels take: kept in all sizes, large and small; and the work.

    The work on one image is in float64, several times over; measured.
    """
    copies = 1 + sum(factor**2 for factor in DOWNSCALES)
    kept = sum(pixels) * copies * planes * (1 + 1 / scale**2)
    decoding = 3 * 3 * max(pixels)
    return int(kept + decoding + 100 * min(max(pixels), PART))


def _beside(accelerator: Accelerator) -> int:
    """Processes of this training that share this machine's memory."""
    return int(os.environ.get("LOCAL_WORLD_SIZE", accelerator.num_processes))


def _say_left_out(left_out: dict[Path, str], which: str, accelerator: Accelerator) -> None:
    if left_out and accelerator.is_main_process:
        log.warning(f"left out, {len(left_out)} {which}: {_reasons(left_out)}")


def _say_inner_folders(data: Data, accelerator: Accelerator) -> None:
    """Name the folders inside the given ones: their images are not looked for."""
    given = {os.path.realpath(folder) for folder in data}
    found = (path for folder in data for path in sorted(Path(folder).glob("[!.]*/")))
    inside = [path for path in found if os.path.realpath(path) not in given]
    if inside and accelerator.is_main_process:
        which = "which is" if len(inside) == 1 else f"the first of {len(inside)} folders that are"
        log.warning(f"{str(inside[0])!r}, {which} inside, is not looked into: give each by itself")


def _reasons(left_out: dict[Path, str]) -> str:
    said = [f"{str(path)!r} {' '.join(why.split())}" for path, why in left_out.items()]
    more = [f"and {len(said) - NAMED} more"] if len(said) > NAMED else []
    return "; ".join([*said[:NAMED], *more])


def _names(paths: Iterable[Path]) -> str:
    return ", ".join(repr(str(path)) for path in paths)


# -------------------------------------------------------------------------------------- patches


def rgb_patches(
    images: Iterable[Path | np.ndarray], scale: int, batch_size: int, seed: int
) -> Patches:
    """Aligned RGB patches, refused if they do not belong together."""
    patches = Patches(images, scale, PATCH, batch_size, seed, downscales=DOWNSCALES)
    check_batches(patches, lambda lr: imresize(lr, scale))
    return patches
