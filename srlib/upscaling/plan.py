"""Where the results of many images go, and what must not be replaced there."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal, NamedTuple

from srlib.errors import ArgumentError, ImageError
from srlib.images.formats import OTHER_SUFFIXES, SUFFIXES, FileName, image_folder, unusable

Existing = Literal["refuse", "skip", "overwrite"]


class Job(NamedTuple):
    """An image to enlarge, and the file that the result goes to."""

    source: Path
    target: Path


def plan_outputs(inputs: Iterable[FileName], folder: FileName) -> list[Job]:
    """The pairs of input and output files of ``upscale_files``; each output is ``<stem>.png``.

    Args:
        inputs: image files, and folders, which stand for the images right inside them: all whose
            names end as images do, also those of formats that are not read, such as GIF.
        folder: where the results go; it need not exist.

    Raises:
        ImageError: a folder without images, two inputs that would end in the same file, an output
            that would replace an input.
    """
    sources = list(_files(inputs))
    originals = {identity(source): source for source in sources}
    claimed: dict[str, Path] = {}  # name in lower case, since some disks do not tell A from a
    jobs = []
    for source in sources:
        target = Path(folder) / f"{source.stem}.png"
        jobs.append(Job(source, target))
        if refusal(source):
            continue  # it will be reported, and takes no other's place
        other = claimed.setdefault(target.name.lower(), source)
        if other is not source:
            raise ImageError(
                f"{str(other)!r} and {str(source)!r} would both be saved as {str(target)!r}: "
                "upscale them into different folders"
            )
        original = originals.get(identity(target)) if target.exists() else None
        if original:
            raise ImageError(
                f"the output {str(target)!r} would replace the input {str(original)!r}: choose "
                "another folder"
            )
    return jobs


def set_aside(jobs: list[Job], existing: Existing) -> tuple[list[Job], list[Path]]:
    """The jobs to do, and the outputs that are there already and left alone.

    Args:
        existing: what to do about outputs that exist: ``"refuse"`` all the work; ``"skip"`` theirs;
            ``"overwrite"`` each once the new one is whole.

    Raises:
        ImageError: when it is to be refused and there are such outputs.
        ValueError: for another word.
    """
    if existing not in ("refuse", "skip", "overwrite"):
        raise ArgumentError(f"existing must be 'refuse', 'skip' or 'overwrite', not {existing!r}")
    there = [job for job in jobs if _is_there(job)]
    if existing == "overwrite" or not there:
        return jobs, []
    if existing == "refuse":
        some = f"{len(there)} of {len(jobs)} outputs are" if len(jobs) > 1 else "the output is"
        raise ImageError(
            f"{some} there already: {str(there[0].target)!r}"
            + (", ..." if len(there) > 1 else "")
            + ". Skip what is there (--skip; existing='skip'), or overwrite it (--overwrite; "
            "existing='overwrite')"
        )
    done = {job for job in there if job.target.is_file()}  # a folder of that name is not a result
    return [job for job in jobs if job not in done], [job.target for job in jobs if job in done]


def _is_there(job: Job) -> bool:
    """Whether an earlier result may be there; reading a bad input will tell what is wrong."""
    if refusal(job.source) or identity(job.source) == identity(job.target) is not None:
        return False
    return os.path.lexists(job.target)


def refusal(source: Path) -> str | None:
    """Why a file cannot be an image that is read, as far as one sees without opening it."""
    kind = source.suffix.lower()
    if kind in OTHER_SUFFIXES:
        return f"ends in {kind}, a format that is not read: convert it to PNG first"
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


def _files(inputs: Iterable[FileName]) -> Iterator[Path]:
    """Each input file once, folders replaced by their images."""
    seen, suffixes = set(), (*SUFFIXES, *OTHER_SUFFIXES)
    for entry in map(Path, inputs):
        for file in image_folder(entry, suffixes) if entry.is_dir() else [entry]:
            if os.path.abspath(file) not in seen:
                seen.add(os.path.abspath(file))
                yield file
