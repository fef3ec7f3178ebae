"""Files made larger: one, or a folder of them."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from torch import nn
from tqdm import tqdm

from srlib.errors import ImageError, UpscaleError, UpscaleStopped
from srlib.images.formats import FileName
from srlib.upscaling.image import check_tile
from srlib.upscaling.method import Function, Method
from srlib.upscaling.method import load as load_method
from srlib.upscaling.pipeline import Pipeline, enlarge, load, save
from srlib.upscaling.plan import Existing, Job, plan_outputs, set_aside


@dataclass
class Outcome:
    """What became of many images, each in the order of the inputs.

    Attributes:
        written: the files that were written.
        skipped: the files that were there already and left alone.
        failures: input -> what was wrong with it.
        total: number of inputs.
    """

    written: list[Path]
    skipped: list[Path]
    failures: dict[Path, str]
    total: int


def upscale_file(
    source: FileName,
    target: FileName,
    scale: int,
    method: str | Path | nn.Module | Function | Method = "bicubic",
    *,
    tile: int | None = None,
) -> Path:
    """Read an image, enlarge it and save it; the end of the target's name chooses the format.

    EXIF and the ICC profile go with it, where the format can hold them. The memory it takes is that
    of the result at 4 bytes a pixel (1 for grey), and about half a gigabyte besides.

    Args:
        source, target: as for ``srlib.read`` and ``srlib.write``; not one and the same
            file. A target that exists is replaced once the new one is whole.
        scale, method, tile: as for :func:`srlib.upscaling.image.upscale`.

    Raises:
        ImageError: when a file cannot be read or written; nothing half-written is left.
        ArgumentError, CheckpointError: for another scale, method or tile.
    """
    check_tile(tile)
    method = load_method(method, scale)
    job = Job(Path(source), Path(target))
    photo = load(job, scale)
    save(job, photo, enlarge(job, photo, method, tile))
    return job.target


def upscale_files(
    inputs: Iterable[FileName],
    folder: FileName,
    scale: int,
    method: str | Path | nn.Module | Function | Method = "bicubic",
    *,
    existing: Existing = "refuse",
    tile: int | None = None,
    progress: bool = False,
) -> list[Path]:
    """Enlarge many images into one folder, each as ``<stem>.png``.

    A file that cannot be used does not stop the others. While one image is computed, the next are
    read and those before are encoded.

    Args:
        inputs: image files, and folders, which stand for the images right inside them (see
            :func:`plan_outputs`).
        folder: where the results go; made if need be.
        scale, method, tile: as for :func:`srlib.upscaling.image.upscale`.
        existing: what to do about outputs that exist: ``"refuse"`` all the work; ``"skip"`` theirs,
            to go on where an earlier call was interrupted; ``"overwrite"`` them.
        progress: show a bar for several files on stderr, if that is a terminal.

    Returns:
        the files written, in the order of the inputs.

    Raises:
        ImageError: before anything is written: a folder without images, two inputs that would end
            in the same file, an output that would replace an input or, unless told otherwise, any
            file, no place to write to.
        UpscaleError: at the end, when some files failed; it says which and why.
        UpscaleStopped: a ``KeyboardInterrupt`` that knows what was done; all files are whole.
        ArgumentError: for another scale, method, tile or ``existing``.
    """
    check_tile(tile)
    method = load_method(method, scale)
    jobs = plan_outputs(inputs, folder)
    make_folder(folder)
    options = {"existing": existing, "tile": tile, "progress": progress}
    return upscale_jobs(jobs, scale, method, **options).written


def make_folder(folder: FileName) -> None:
    """Make a folder for results, unless it is there.

    Raises:
        ImageError: when that cannot be done.
    """
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ImageError(f"cannot make folder {str(folder)!r}: {error.strerror}") from error


def upscale_jobs(
    jobs: list[Job],
    scale: int,
    method: str | Path | nn.Module | Function | Method = "bicubic",
    *,
    existing: Existing = "refuse",
    tile: int | None = None,
    progress: bool = False,
) -> Outcome:
    """Enlarge many images, each into the file that its job names; as :func:`upscale_files`."""
    check_tile(tile)
    pipeline, stopped = Pipeline(load_method(method, scale), tile), False
    todo, skipped = set_aside(jobs, existing)
    silent = None if progress and len(todo) > 1 else True  # None: unless stderr is a terminal
    with tqdm(total=len(todo), unit="image", disable=silent) as bar:
        try:
            pipeline.run(todo, bar.update)
        except KeyboardInterrupt:
            stopped = True
    results = pipeline.results
    written = [job.target for job in todo if results.get(job, "") is None]
    failures = {job.source: results[job] for job in todo if results.get(job)}
    outcome = Outcome(written, skipped, failures, len(jobs))
    if stopped:
        raise UpscaleStopped(outcome)
    if failures:
        raise UpscaleError(outcome)
    return outcome
