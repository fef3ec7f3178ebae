"""Where the results of many images go, and what must not be replaced there."""

import os
import re
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Literal, NamedTuple

from srlib.errors import ArgumentError, ImageError
from srlib.images.formats import SUFFIXES, FileName
from srlib.upscaling.inputs import Input, expanded, found_inputs, identity, refusal

Existing = Literal["refuse", "skip", "overwrite"]

NAMED = ", though it was named"

LOSSY = ("JPEG", "AVIF")  # beside such an input goes a PNG: it would lose a second time


class Job(NamedTuple):
    """An image to enlarge, and the file that the result goes to.

    Attributes:
        source: the input.
        target: the output.
        problem: why there is nothing to try; "" where there is not.
        remarks: on the name of the output, for instance.
    """

    source: Path
    target: Path
    problem: str = ""
    remarks: tuple[str, ...] = ()


class Plan(NamedTuple):
    """What there is to do.

    Attributes:
        jobs: one for each image, in the order of the inputs.
        left: what is left alone -> why.
        folders: where outputs go, to be made if need be.
    """

    jobs: list[Job]
    left: dict[Path, str]
    folders: tuple[Path, ...] = ()

    def sparing_inputs(self) -> list[Job]:
        """The jobs for when outputs may be replaced: but none that was named as an input."""
        named = {os.path.abspath(path) for path, why in self.left.items() if why.endswith(NAMED)}
        return [
            job._replace(
                problem=f"{str(job.target)!r} is the output of {str(job.source)!r}, and named as "
                "an input: name the inputs without it"
            )
            if os.path.abspath(job.target) in named
            else job
            for job in self.jobs
        ]


def plan_outputs(
    inputs: Iterable[FileName],
    out: FileName | None = None,
    *,
    tag: str = "large",
    suffix: str | None = None,
) -> Plan:
    """The pairs of input and output files.

    * Into a folder, ``cat.jpg`` becomes ``out/cat.jpg``.
    * Without one, ``cat.jpg`` becomes ``cat_<tag>.png`` beside it, and what is in the folder
      ``cats`` goes into the folder ``cats_<tag>``.
    * An output that would lie beside its input has the tag in its name wherever it was asked for.
    * Where two inputs would end in one file, both outputs keep the input's whole name: ``a.png``
      and ``a.jpg`` become ``a.png.png`` and ``a.jpg.png``.

    Args:
        inputs: image files; patterns such as ``in/*.png``, where no file has that name; and
            folders, which stand for the images right inside them: all whose names end as images
            do, hidden ones left out.
        out: the folder where the results go; it need not exist.
        tag: for names.
        suffix: of the outputs, such as ``".png"``. By default an output has that of its input, or
            .png where srlib does not write that format, or where it would be a JPEG beside one.

    Raises:
        ImageError: a folder without images, a pattern that no file fits.
    """
    found, left = found_inputs(inputs)
    jobs = [_job(each, out, tag, suffix) for each in found]
    named = {each.file for each in found if each.folder is None}
    jobs = _without_results(_told_apart(jobs), left, named)
    originals = {identity(job.source): job.source for job in jobs}
    originals.pop(None, None)  # of inputs that do not exist
    jobs = [_beware_of_inputs(job, originals) for job in jobs]
    return Plan(jobs, left, tuple(dict.fromkeys(job.target.parent for job in jobs)))


def one_output(inputs: Iterable[FileName], target: Path) -> Plan:
    """The plan of one image that goes into a file of that name.

    Raises:
        ImageError: for several images, or a folder.
    """
    found = [path for each in inputs for path in expanded(each)]
    if len(found) > 1 or found[0].is_dir():
        raise ImageError(
            f"several images need a folder to go to, but --out {str(target)!r} is a file"
        )
    return Plan([Job(found[0], target)], {})


def set_aside(jobs: list[Job], existing: Existing) -> tuple[list[Job], list[Job]]:
    """The jobs to do, and those whose outputs are there already and left alone.

    Args:
        existing: what to do about outputs that exist: ``"refuse"`` all the work; ``"skip"`` theirs;
            ``"overwrite"`` each once the new one is whole.

    Raises:
        ImageError: when it is to be refused and there are such outputs.
        ArgumentError: for another word.
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
    return [job for job in jobs if job not in done], [job for job in jobs if job in done]


def looks_like_a_file(name: str) -> bool:
    """Whether a name that need not exist ends as names of files do, and not as those of folders.

    >>> looks_like_a_file("photo.pgn"), looks_like_a_file("v1.2"), looks_like_a_file("out.dir/")
    (True, False, False)
    """
    if name.endswith(("/", os.sep)) or Path(name).is_dir():
        return False
    return re.fullmatch(r"\.[A-Za-z][A-Za-z0-9]{1,4}", Path(name).suffix) is not None


def _job(given: Input, out: FileName | None, tag: str, suffix: str | None) -> Job:
    file, folder = given
    if out is not None:
        place = Path(out)
    elif folder is not None:
        place = folder.resolve() if folder.name in ("", "..") else folder
        if not place.name:
            raise ImageError(f"there is no place beside {str(place)!r}: say where with --out")
        place = place.with_name(f"{place.name}_{tag}")
    else:
        place = file.parent
    beside = os.path.realpath(place) == os.path.realpath(file.parent)
    if suffix is None:
        suffix = file.suffix if file.suffix.lower() in SUFFIXES else ".png"
        suffix = ".png" if beside and out is None and SUFFIXES[suffix.lower()] in LOSSY else suffix
    return Job(file, place / f"{file.stem}{f'_{tag}' if beside else ''}{suffix}")


def _told_apart(jobs: list[Job]) -> list[Job]:
    """No two with the same output: such keep the whole name, or are not done."""
    claims = _claims(jobs)
    jobs = [_whole_name(job, claims) for job in jobs]
    claims = _claims(jobs)
    return [_refused(job, claims) for job in jobs]


def _claims(jobs: list[Job]) -> dict[str, list[Job]]:
    """Output, in lower case since some disks do not tell A from a -> who would write it.

    What cannot be an image will be reported, and takes no other's place.
    """
    claims = defaultdict(list)
    for job in jobs:
        if not refusal(job.source):
            claims[_key(job)].append(job)
    return claims


def _key(job: Job) -> str:
    return os.path.abspath(job.target).lower()


def _whole_name(job: Job, claims: dict[str, list[Job]]) -> Job:
    rivals = [each for each in claims.get(_key(job), []) if each is not job]
    if not rivals or refusal(job.source):
        return job
    name = job.source.name + job.target.name.removeprefix(job.source.stem)
    remark = f"saved as {name!r}, since {str(rivals[0].source)!r} has the same name"
    return job._replace(target=job.target.with_name(name), remarks=(remark,))


def _refused(job: Job, claims: dict[str, list[Job]]) -> Job:
    rivals = [each for each in claims.get(_key(job), []) if each is not job]
    if not rivals or refusal(job.source):
        return job
    problem = (
        f"{str(job.source)!r} and {str(rivals[0].source)!r} would both be saved as "
        f"{str(job.target)!r}: upscale them into different folders"
    )
    return job._replace(problem=problem)


def _without_results(jobs: list[Job], left: dict[Path, str], named: set[Path]) -> list[Job]:
    """Without inputs that are the results of others, left beside them by an earlier run."""
    beside = {
        os.path.abspath(job.target): job.source
        for job in jobs
        if os.path.realpath(job.target.parent) == os.path.realpath(job.source.parent)
    }
    kept = []
    for job in jobs:
        original = beside.get(os.path.abspath(job.source))
        if original is None or original == job.source:
            kept.append(job)
        else:
            also = NAMED if job.source in named else ""
            left[job.source] = f"is the result of {str(original)!r}{also}"
    return kept


def _beware_of_inputs(job: Job, originals: dict) -> Job:
    original = originals.get(identity(job.target))
    if original is None or job.problem or refusal(job.source) or original == job.source:
        return job  # its own input: the reader says so
    problem = (
        f"{str(job.source)!r}: the output {str(job.target)!r} would replace the input "
        f"{str(original)!r}: choose another folder"
    )
    return job._replace(problem=problem)


def _is_there(job: Job) -> bool:
    """Whether an earlier result may be there; reading a bad input will tell what is wrong."""
    if job.problem or refusal(job.source):
        return False
    if identity(job.source) == identity(job.target) is not None:
        return False
    return os.path.lexists(job.target)
