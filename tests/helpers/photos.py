"""A small photograph, and folders with it."""

from pathlib import Path

from skimage.data import astronaut

from srlib.images.writing import write

PHOTO = astronaut()[100:124, 200:232]  # (24, 32, 3)
GREY = PHOTO[..., 1]


def folder_of(path: Path, *names: str) -> Path:
    """A new folder that holds the photograph under each of the names."""
    path.mkdir()
    for name in names:
        write(path / name, PHOTO)
    return path
