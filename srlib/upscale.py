"""An image, a file or a folder of files made larger."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from scipy.ndimage import distance_transform_edt
from tqdm import tqdm

from srlib.images import ImageError, file_format, image_folder, read, split_alpha, write
from srlib.networks import srcnn, srgan, srresnet
from srlib.pretrained import check_scale
from srlib.resize import imresize

METHODS = {  # name -> function of a uint8 image and the scale
    "bicubic": imresize,
    "srcnn": srcnn,
    "srresnet": srresnet,
    "srgan": srgan,
}
SCALES = (2, 3, 4)

FileName = str | os.PathLike


class UpscaleError(ImageError):
    """Some files of many could not be upscaled.

    Attributes:
        written: the files that were.
        failures: input -> what was wrong with it.
    """

    def __init__(self, written: list[Path], failures: dict[Path, str]) -> None:
        self.written, self.failures = written, failures
        lines = list(failures.values())
        if written or len(failures) > 1:
            lines.insert(0, f"{len(failures)} of {len(written) + len(failures)} images failed:")
        super().__init__("\n  ".join(lines))


def upscale(image: np.ndarray, scale: int, method: str = "bicubic") -> np.ndarray:
    """Enlarge an 8-bit image by a whole factor.

    Alpha is enlarged by bicubic interpolation, whatever the method. Where a pixel is fully
    transparent its colour means nothing, and would bleed over the outline as a dark fringe; there
    the nearest visible colour is used.

    Args:
        image: uint8 ``(H, W)`` grey, or ``(H, W, C)`` with C = 1 to 4 as ``images.read`` gives.
        scale: 2, 3 or 4; for SRResNet and SRGAN 4.
        method: ``"bicubic"``, MATLAB's ``imresize``, bit for bit; ``"srcnn"``, the shipped network
            on luma and bicubic interpolation of colour; ``"srresnet"``, nearest to the truth of
            all; or ``"srgan"``, which looks sharpest and invents detail.

    Returns:
        uint8 ``(H * scale, W * scale)`` with the same number of planes.

    Raises:
        ImageError: for another kind of array.
        ValueError: for another scale or method.
    """
    _check(scale, method)
    colour, alpha = split_alpha(image)
    if alpha is not None:
        colour = _fill_transparent(colour, alpha)
    sr = METHODS[method](colour, scale)
    if image.ndim == 2:
        return sr
    return np.dstack([sr] if alpha is None else [sr, imresize(alpha, scale)])


def upscale_file(source: FileName, target: FileName, scale: int, method: str = "bicubic") -> Path:
    """Read an image, enlarge it and save it; the end of the target's name chooses the format.

    Args:
        source, target: as for ``images.read`` and ``images.write``; not one and the same file.
        scale, method: as for :func:`upscale`.

    Raises:
        ImageError: when a file cannot be read or written; nothing half-written is left.
        ValueError: for another scale or method.
    """
    _check(scale, method)
    file_format(target)  # before the work, not after it
    if _identity(source) is not None and _identity(source) == _identity(target):
        raise ImageError(f"{str(target)!r} is the input: choose another name for the output")
    return write(target, upscale(read(source), scale, method))


def upscale_files(
    inputs: Iterable[FileName],
    folder: FileName,
    scale: int,
    method: str = "bicubic",
    *,
    progress: bool = False,
) -> list[Path]:
    """Enlarge many images into one folder, each as ``<stem>.png``.

    A file that cannot be used does not stop the others.

    Args:
        inputs: image files, and folders, which stand for the images right inside them.
        folder: where the results go; made if need be.
        scale, method: as for :func:`upscale`.
        progress: show a bar for several files on stderr, if that is a terminal.

    Returns:
        the files written, in the order of the inputs.

    Raises:
        ImageError: before anything is written: a folder without images, two inputs that would end
            in the same file, an output that would replace an input, no place to write to.
        UpscaleError: at the end, when some files failed; it says which and why.
        ValueError: for another scale or method.
    """
    _check(scale, method)
    jobs = plan_outputs(inputs, folder)
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ImageError(f"cannot make folder {str(folder)!r}: {error.strerror}") from error
    written, failures = [], {}
    silent = None if progress and len(jobs) > 1 else True  # None: unless stderr is a terminal
    for source, target in tqdm(jobs, unit="image", disable=silent):
        try:
            written.append(upscale_file(source, target, scale, method))
        except ValueError as error:
            failures[source] = str(error)
        except MemoryError:
            failures[source] = f"{str(source)!r} is too large for this machine's memory"
    if failures:
        raise UpscaleError(written, failures)
    return written


def plan_outputs(inputs: Iterable[FileName], folder: FileName) -> list[tuple[Path, Path]]:
    """The pairs of input and output files of :func:`upscale_files`, which also lists its errors."""
    sources = list(_files(inputs))
    originals = {_identity(source): source for source in sources}
    claimed: dict[str, Path] = {}  # name in lower case, since some disks do not tell A from a
    jobs = []
    for source in sources:
        target = Path(folder) / f"{source.stem}.png"
        other = claimed.setdefault(target.name.lower(), source)
        if other is not source:
            raise ImageError(
                f"{str(other)!r} and {str(source)!r} would both be saved as {str(target)!r}: "
                "upscale them into different folders"
            )
        original = originals.get(_identity(target)) if target.exists() else None
        if original:
            raise ImageError(
                f"the output {str(target)!r} would replace the input {str(original)!r}: choose "
                "another folder"
            )
        jobs.append((source, target))
    return jobs


def _files(inputs: Iterable[FileName]) -> Iterator[Path]:
    """Each input file once, folders replaced by their images."""
    seen = set()
    for entry in map(Path, inputs):
        for file in image_folder(entry) if entry.is_dir() else [entry]:
            if os.path.abspath(file) not in seen:
                seen.add(os.path.abspath(file))
                yield file


def _identity(path: FileName) -> tuple[int, int] | None:
    """What two names of one file have in common; None where there is no file."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _fill_transparent(colour: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """``colour`` ``(H, W[, 3])`` with that of the nearest visible pixel where alpha is 0."""
    hidden = alpha == 0
    if hidden.all() or not hidden.any():
        return colour
    rows, columns = distance_transform_edt(hidden, return_distances=False, return_indices=True)
    return colour[rows, columns]


def _check(scale: int, method: str) -> None:
    if scale not in SCALES:
        raise ValueError(f"scale must be 2, 3 or 4, not {scale!r}")
    if method not in METHODS:
        raise ValueError(f"method must be one of {', '.join(METHODS)}, not {method!r}")
    check_scale(method, scale)
