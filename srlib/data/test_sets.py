"""The images a benchmark is made on: photographs, a published set, or a folder of your own."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import psutil

from srlib.data.pairs import Pair
from srlib.data.photographs import photographs
from srlib.data.published import PUBLISHED, benchmark_files
from srlib.errors import ArgumentError, ImageError
from srlib.images.formats import image_folder
from srlib.images.values import digest

WORK = 80  # bytes for each pixel of the truth that scoring takes; measured

Decoded = tuple[np.ndarray, np.ndarray]  # (hr, lr), uint8 (H, W, 3)


def test_set(name: str, scale: int) -> list[Pair]:
    """The images of a set.

    Args:
        name: ``"photographs"``, the ten of scikit-image; ``"Set5"``, ``"Set14"``, ``"BSD100"`` or
            ``"Urban100"`` with their published small versions; or a folder of images, which are
            taken in order of their names, grey ones as three equal planes.
        scale: 2, 3 or 4.

    Raises:
        ArgumentError: no such set or folder, or a scale it was not published at.
        ImageError: a folder without images, or a published set that lacks some.
        DownloadError: a published set that is not at hand and cannot be fetched.
    """
    if name.lower() == "photographs":
        return [Pair(photo.name, photo, scale=scale) for photo in photographs()]
    if name.lower() in (each.lower() for each in PUBLISHED):
        return [Pair(*files) for files in benchmark_files(name, scale)]
    if not Path(name).is_dir():
        raise ArgumentError(
            f"no set {name!r}: choose photographs, {', '.join(PUBLISHED)}, or a folder of images"
        )
    return [Pair(_in_unicode(path.name), path, scale=scale) for path in image_folder(name)]


def other_meaning(name: str) -> str | None:
    """What else a set's name could have meant: a folder of that name; None if there is none.

    >>> other_meaning("Set5") is None
    True
    """
    known = ("photographs", *PUBLISHED)
    if name.lower() not in (each.lower() for each in known) or not Path(name).is_dir():
        return None
    return (
        f"{name} is the {'published set' if name.lower() != 'photographs' else 'ten photographs'} "
        f"here, not the folder of that name: for the folder give {os.path.join('.', name)}"
    )


def _in_unicode(name: str) -> str:
    """A file's name for tables, which are UTF-8: bytes of names that are not stand as \\x.."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


test_set.__test__ = False  # no test of pytest's


def check(pairs: Sequence[Pair], scale: int, processes: int = 1) -> tuple[str, dict[str, Decoded]]:
    """Read every image once, so that a bad one is named before the work, not amid it.

    Args:
        processes: how many do so at the same time, on a machine whose memory they share.

    Returns:
        SHA-256 of all names and pixels; and name -> ``(hr, lr)`` as :meth:`Pair.pixels` gives them,
        of as many images as fit into a quarter of the memory that is free. The others have to be
        decoded again.

    Raises:
        ImageError: as :meth:`Pair.pixels`; or an image so large that scores of it do not fit into
            the memory at hand.
        ArgumentError: no image, or two of one name.
    """
    names = [pair.name for pair in pairs]
    if not names:
        raise ArgumentError("no image to benchmark on: give at least one")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ArgumentError(f"two images are called {twice[0]!r}: give each a name of its own")
    kept: dict[str, Decoded] = {}
    room = psutil.virtual_memory().available // (4 * processes)  # bytes
    return digest(_planes(pairs, scale, kept, room)), kept


def _planes(
    pairs: Sequence[Pair], scale: int, kept: dict[str, Decoded], room: int
) -> Iterator[tuple[str, np.ndarray]]:
    """Each image with its pair's name; what there is room for is added to ``kept``."""
    for pair in pairs:
        hr, lr = pair.pixels(scale)
        _check_memory(pair.name, hr)
        size = hr.nbytes + lr.nbytes
        if size <= room:
            room -= size
            kept[pair.name] = hr, lr
        yield pair.name, hr
        yield pair.name, lr


def _check_memory(name: str, hr: np.ndarray) -> None:
    needed, free = WORK * hr.shape[0] * hr.shape[1], psutil.virtual_memory().available
    if needed > free:
        raise ImageError(
            f"{name!r} has {hr.shape[0] * hr.shape[1] / 1e6:.0f} megapixels, of which scores take "
            f"about {needed / 1e9:.1f} GB of memory, and {free / 1e9:.1f} GB are free: leave it "
            "out, or cut it into parts"
        )
