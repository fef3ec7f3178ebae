"""Which files are images, by their names, and what each format can hold."""

import os
import stat
from collections.abc import Iterable
from pathlib import Path

from srlib.errors import ImageError

SUFFIXES = {  # suffix -> Pillow's name of the format
    ".png": "PNG",
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".jpe": "JPEG",
    ".jfif": "JPEG",
    ".webp": "WEBP",
    ".tif": "TIFF",
    ".tiff": "TIFF",
    ".bmp": "BMP",
    ".avif": "AVIF",
}
# Names of files that are read; what a file is, its content says. HEIC and JPEG XL need a plugin of
# Pillow's, which is named where it is missing.
READABLE = (
    *SUFFIXES,
    *(".apng", ".mpo", ".gif", ".dib", ".heic", ".heif", ".hif", ".jxl", ".psd", ".qoi"),
    *(".jp2", ".j2k", ".jpf", ".jpx", ".jpc", ".j2c", ".tga", ".icb", ".vda", ".vst"),
    *(".ppm", ".pgm", ".pbm", ".pnm", ".pfm", ".pcx", ".dcx", ".dds", ".ico", ".icns", ".cur"),
    *(".sgi", ".rgb", ".rgba", ".bw", ".ras", ".xbm", ".xpm", ".msp", ".im"),
)

# pixels, of the formats that an image can exceed
_LONGEST_SIDE = {"JPEG": 65500, "WEBP": 16383, "AVIF": 65536}

FileName = str | os.PathLike


def image_folder(path: FileName, suffixes: Iterable[str] = READABLE) -> list[Path]:
    """The image files of a folder, by name; not hidden ones, nor those of folders inside it.

    A file is one of an image if its name ends in one of ``suffixes``, in whatever case.

    Raises:
        ImageError: when there is no such folder or no image in it.
    """
    folder = Path(path)
    try:
        names = sorted(file.name for file in folder.iterdir() if file.suffix.lower() in suffixes)
    except OSError as error:
        raise ImageError(f"cannot list the folder {str(folder)!r}: {error.strerror}") from error
    files = [folder / name for name in names if not name.startswith(".")]
    if not files:
        raise ImageError(
            f"no image in the folder {str(folder)!r}: expected names ending in "
            f"{', '.join(SUFFIXES)} and the like"
        )
    return files


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


def file_format(path: FileName) -> str:
    """The format that :func:`srlib.images.writing.write` uses for this name, such as ``"PNG"``.

    Raises:
        ImageError: for a suffix it does not know.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in SUFFIXES:
        raise ImageError(
            f"cannot write {str(path)!r}: its name should end in one of {', '.join(SUFFIXES)}"
        )
    return SUFFIXES[suffix]


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
    elif bits == 16 and kind not in ("PNG", "TIFF"):
        problem = f"{kind} stores 8 bits only. Save as PNG or TIFF, or convert it to 8 bit"
    if problem:
        raise ImageError(f"cannot write {str(path)!r}: {problem}")
