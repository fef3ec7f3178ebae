"""Which files are to be enlarged: folders and patterns stand for several."""

import glob
import os
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from srlib.errors import ImageError
from srlib.images.formats import FileName, image_folder, unusable


class Input(NamedTuple):
    """An image, and the folder that stood for it, if one did."""

    file: Path
    folder: Path | None


def found_inputs(inputs: Iterable[FileName]) -> tuple[list[Input], dict[Path, str]]:
    """Each input file once, folders and patterns replaced by what they stand for."""
    files, left, seen = [], {}, set()
    for entry in (path for each in inputs for path in expanded(each)):
        members = [Input(entry, None)]
        if entry.is_dir():
            images = image_folder(entry)
            members = [Input(file, entry) for file in images]
            for file in sorted(set(entry.iterdir()) - set(images)):
                if not file.name.startswith("."):
                    left[file] = "is a folder" if file.is_dir() else "is no image by its name"
        for member in members:
            if os.path.abspath(member.file) not in seen:
                seen.add(os.path.abspath(member.file))
                files.append(member)
    return files, left


def expanded(entry: FileName) -> list[Path]:
    """What a pattern stands for, where the shell did not say: on Windows none does."""
    name = os.fspath(entry)
    if not name:  # as of a script's variable that was never set; a Path of it is the current folder
        raise ImageError("an input has an empty name: give an image, or '.' for the current folder")
    if not glob.has_magic(name) or os.path.lexists(name):
        return [Path(name)]
    fitting = [Path(each) for each in sorted(glob.glob(name)) if not os.path.isdir(each)]
    if not fitting:
        raise ImageError(f"no file fits the pattern {name!r}")
    return fitting


def refusal(source: Path) -> str | None:
    """Why a file cannot be an image that is read, as far as one sees without opening it."""
    try:
        return unusable(source)
    except OSError:
        return None  # reading it will tell


def identity(path: FileName) -> tuple[int, int] | None:
    """What two names of one file have in common; None where there is no file."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino
