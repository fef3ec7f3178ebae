"""Files made larger: one, or a folder of them."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from torch import nn

from srlib.atomic import remove_partial
from srlib.errors import ArgumentError, ImageError, UpscaleError, UpscaleStopped
from srlib.images.formats import SUFFIXES, FileName
from srlib.upscaling.headers import size_of
from srlib.upscaling.image import check_tile
from srlib.upscaling.method import Function, Method
from srlib.upscaling.pipeline import Pipeline, enlarge, load, save
from srlib.upscaling.plan import Existing, Job, Plan, plan_outputs, set_aside
from srlib.upscaling.progress import Bar
from srlib.upscaling.sizes import Sizes, checked_scale
from srlib.upscaling.upscaler import Upscaler
from srlib.upscaling.work import Options, Result, Watcher


@dataclass
class Outcome:
    """What became of many images, each in the order of the inputs.

    Attributes:
        written: the files that were written.
        skipped: the files that were there already and left alone; ``skipped_jobs`` whose they are.
        failures: input -> what was wrong with it.
        total: number of inputs.
        results: what is known of each that was worked on.
    """

    written: list[Path]
    skipped: list[Path]
    failures: dict[Path, str]
    total: int
    results: list[Result] = field(default_factory=list)
    skipped_jobs: list[Job] = field(default_factory=list)

    def __str__(self) -> str:
        """What failed, and why: a line each."""
        lines = list(self.failures.values())
        if self.total > 1:
            lines.insert(0, f"{len(lines)} of {self.total} images failed:")
        return "\n  ".join(lines)


def upscale_file(
    source: FileName,
    target: FileName,
    scale: float,
    method: str | Path | nn.Module | Function | Method = "bicubic",
    *,
    tile: int | None = None,
    max_pixels: int | None = None,
    quality: int | None = None,
    lossless: bool | None = None,
) -> Path:
    """Read an image, enlarge it and save it; the end of the target's name chooses the format.

    EXIF, the ICC profile and what else goes with the pixels are kept where the format can hold
    them. The memory it takes is that of the result at 4 bytes a pixel (1 for grey), and about half
    a gigabyte besides.

    Args:
        source, target: as for ``srlib.read`` and ``srlib.write``; not one and the same
            file. A target that exists is replaced once the new one is whole.
        scale, method, tile: as for :func:`srlib.upscaling.image.upscale`.
        max_pixels: that the input may have; by default as many as are safe.
        quality: 1 to 100, of JPEG and WebP.
        lossless: of WebP, whether nothing is lost.

    Raises:
        ImageError: when a file cannot be read or written; nothing half-written is left.
        ArgumentError, CheckpointError: for another scale, method or tile.
    """
    check_tile(tile)
    upscaler = Upscaler(method, Sizes(scale=checked_scale(scale)))
    options = Options(tile, max_pixels, quality, lossless)
    result = Result(Job(Path(source), Path(target)))
    photo, result.stages, _ = load(result.job, upscaler, options)
    save(result, photo, enlarge(result.job, photo, result.stages, upscaler, tile), options)
    return result.job.target


def upscale_files(
    inputs: Iterable[FileName],
    folder: FileName,
    scale: float,
    method: str | Path | nn.Module | Function | Method = "bicubic",
    *,
    existing: Existing = "refuse",
    tile: int | None = None,
    progress: bool = False,
    format: str | None = None,
    max_pixels: int | None = None,
    quality: int | None = None,
    lossless: bool | None = None,
) -> list[Path]:
    """Enlarge many images into one folder, each under its own name.

    A file that cannot be used does not stop the others. While one image is computed, the next are
    read and those before are encoded.

    Args:
        inputs: image files, and folders, which stand for the images right inside them (see
            :func:`srlib.upscaling.plan.plan_outputs`).
        folder: where the results go; made if need be.
        scale, method, tile: as for :func:`srlib.upscaling.image.upscale`.
        existing: what to do about outputs that exist: ``"refuse"`` all the work; ``"skip"`` theirs,
            to go on where an earlier call was interrupted; ``"overwrite"`` them.
        progress: show a bar on stderr, if that is a terminal.
        format: of the outputs, such as ``"png"``; by default each has that of its input, or PNG
            where srlib does not write that.
        max_pixels, quality, lossless: as for :func:`upscale_file`.

    Returns:
        the files written, in the order of the inputs.

    Raises:
        ImageError: before anything is written: a folder without images, unless told otherwise an
            output that exists, no place to write to.
        UpscaleError: at the end, when some files failed; it says which and why.
        UpscaleStopped: a ``KeyboardInterrupt`` that knows what was done; all files are whole.
        ArgumentError: for another scale, method, tile, format or ``existing``.
    """
    check_tile(tile)
    sizes = Sizes(scale=checked_scale(scale))
    upscaler = Upscaler(method, sizes)
    plan = plan_outputs(inputs, folder, tag=sizes.tag, suffix=suffix_of(format))
    options = Options(tile, max_pixels, quality, lossless)
    watcher = Bar() if progress else Watcher()
    return upscale_jobs(plan, upscaler, options, existing=existing, watcher=watcher).written


def suffix_of(format: str | None) -> str | None:
    """What the names of a format's files end in.

    Raises:
        ArgumentError: for a format that is not written.

    >>> suffix_of("jpg"), suffix_of(".TIF")
    ('.jpg', '.tif')
    """
    if format is None:
        return None
    suffix = f".{format.lower().removeprefix('.')}"
    if suffix not in SUFFIXES:
        there = ", ".join(each.removeprefix(".") for each in SUFFIXES)
        raise ArgumentError(f"format must be one of {there}, not {format!r}")
    return suffix


def make_folder(folder: FileName) -> None:
    """Make a folder for results, unless it is there.

    Raises:
        ImageError: when that cannot be done.
    """
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ImageError(f"cannot make folder {str(folder)!r}: {error.strerror}") from error


def remove_leftovers(folders: Iterable[Path]) -> list[Path]:
    """Remove what runs that were killed left of files they were writing."""
    return [gone for folder in folders if folder.is_dir() for gone in remove_partial(folder)]


def upscale_jobs(
    plan: Plan,
    upscaler: Upscaler,
    options: Options,
    *,
    existing: Existing = "refuse",
    watcher: Watcher,
) -> Outcome:
    """Enlarge many images, each into the file that its job names; as :func:`upscale_files`."""
    jobs = plan.sparing_inputs() if existing == "overwrite" else plan.jobs
    todo, there = set_aside(jobs, existing)
    skipped, others = _held_to_their_size(there, upscaler.sizes)
    for folder in plan.folders if todo else ():
        make_folder(folder)
    options = replace(options, replace=existing == "overwrite")
    pipeline, stopped = Pipeline(upscaler, options, watcher), False
    with watcher.watching([job for job in todo if not job.problem], upscaler.sizes):
        try:
            for result in others:
                pipeline.results[result.job] = result
                watcher.ends(result)
            pipeline.run(todo)
        except KeyboardInterrupt:
            stopped = True
    outcome = _outcome(jobs, skipped, pipeline.results)
    if stopped:
        raise UpscaleStopped(outcome)
    if outcome.failures:
        raise UpscaleError(outcome)
    return outcome


def _held_to_their_size(there: list[Job], sizes: Sizes) -> tuple[list[Job], list[Result]]:
    """Of outputs that exist, those that may be left alone, and those of another size.

    One that is not as large as this run would make it is of another run: to leave it alone in
    silence would pass it off as the result of this one.
    """
    alone, others = [], []
    for job in there:
        wanted, there_is = _wanted(job, sizes), size_of(job.target)
        if None in (wanted, there_is) or sorted(wanted) == sorted(there_is):
            alone.append(job)
            continue
        error = (
            f"{str(job.target)!r} is there, with {there_is[1]}x{there_is[0]} pixels instead of "
            f"{wanted[1]}x{wanted[0]}: the result of another size. --overwrite replaces it, "
            "another --out keeps both"
        )
        others.append(Result(job, error))
    return alone, others


def _wanted(job: Job, sizes: Sizes) -> tuple[int, int] | None:
    """Height and width of a job's result; None where the input does not say."""
    size = size_of(job.source)
    try:
        return sizes.of(*size)[:2] if size else None
    except ImageError:
        return None


def _outcome(jobs: list[Job], skipped: list[Job], results: dict[Job, Result]) -> Outcome:
    in_order = [results[job] for job in jobs if job in results]
    return Outcome(
        written=[each.job.target for each in in_order if each.error is None],
        skipped=[job.target for job in skipped],
        failures={each.job.source: each.error for each in in_order if each.error is not None},
        total=len(jobs),
        results=in_order,
        skipped_jobs=skipped,
    )
