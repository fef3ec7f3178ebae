"""``srlib upscale``: options, and what is said at the end. The work is :mod:`srlib.upscale`'s."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from srlib.cli_errors import complain, errors_in_one_line

if TYPE_CHECKING:  # torch takes seconds to import, so the library waits for the command to run
    from srlib.outputs import Job
    from srlib.upscale import Outcome


def upscale(
    inputs: Annotated[
        list[Path],
        typer.Argument(metavar="INPUT", show_default=False, help="Image files or folders."),
    ],
    scale: Annotated[
        int, typer.Option(metavar="2|3|4", show_default=False, help="Enlarge by this factor.")
    ],
    out: Annotated[
        Path,
        typer.Option(metavar="PATH", show_default=False, help="A file for one image, or a folder."),
    ],
    method: Annotated[
        str, typer.Option(metavar="bicubic|srcnn|srresnet|srgan", help="See below.")
    ] = "bicubic",
    skip: Annotated[
        bool, typer.Option("--skip", help="Leave outputs that exist alone, and do the rest.")
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace outputs that exist.")
    ] = False,
) -> None:
    """Enlarge images: PNG, JPEG, WebP, TIFF or BMP.

    With one file as INPUT and a PATH that ends like an image, the result is that file. Otherwise
    PATH is a folder, made if need be, and cat.webp becomes PATH/cat.png. Of a folder as INPUT all
    files count whose names end as images do (not hidden ones, nor folders inside it).

    Inputs are never replaced. When an output exists, nothing is done unless --skip or --overwrite
    says what to do. A file that cannot be used does not stop the others: it is named at the end,
    with the reason. After Ctrl-C all files are whole, and the same command with --skip goes on.

    EXIF and ICC profile are kept where the format can hold them; the image is stored upright. Alpha
    is enlarged by bicubic, grey stays grey, CMYK becomes sRGB. 16 bits a value stay with bicubic
    (grey PNG and TIFF; RGB as TIFF); the networks refuse them.

    METHOD: bicubic is MATLAB's imresize; srcnn and srresnet (x4) are networks that come nearer to
    the truth; srgan (x4) looks sharpest, and invents detail that was never there.

    Exit code: 0 done, 1 some images failed, 2 nothing done, 130 stopped by Ctrl-C or SIGTERM.

    Examples:

    ```
    srlib upscale photo.jpg --scale 2 --out photo_x2.png
    srlib upscale holiday/ more/cat.webp --scale 4 --out enlarged/
    srlib upscale holiday/ --scale 4 --method srgan --out enlarged/ --skip
    ```
    """
    with errors_in_one_line(), _sigterm_as_ctrl_c():
        from srlib.upscale import UpscaleError, UpscaleStopped, upscale_jobs

        if skip and overwrite:
            raise ValueError("--skip and --overwrite exclude each other: choose one")
        existing = "skip" if skip else "overwrite" if overwrite else "refuse"
        try:
            jobs = _jobs(inputs, out, scale, method)
            outcome = upscale_jobs(jobs, scale, method, existing=existing, progress=True)
        except UpscaleError as error:
            complain(str(error))
            done = error.outcome.written or error.outcome.skipped
            raise typer.Exit(1 if done else 2) from error
        except UpscaleStopped as stop:
            complain(f"{stop}. The same command with --skip goes on")
            raise typer.Exit(130) from stop
        print(_summary(outcome, out))


def _jobs(inputs: list[Path], out: Path, scale: int, method: str) -> "list[Job]":
    """What is to be done: one file into a file, or files into a folder, which is made."""
    from srlib.enlarge import check
    from srlib.images import SUFFIXES, ImageError
    from srlib.outputs import Job, plan_outputs
    from srlib.upscale import make_folder

    check(scale, method)
    if out.is_dir() or out.suffix.lower() not in SUFFIXES:
        jobs = plan_outputs(inputs, out)
        make_folder(out)
        return jobs
    if len(inputs) > 1 or inputs[0].is_dir():
        raise ImageError(f"several images need a folder to go to, but --out {str(out)!r} is a file")
    return [Job(inputs[0], out)]


def _summary(outcome: "Outcome", out: Path) -> str:
    written, skipped = outcome.written, len(outcome.skipped)
    if not written:
        return f"Nothing to do: {'the output is' if skipped == 1 else 'all outputs are'} there"
    if len(written) == 1:
        said = f"Wrote {str(written[0])!r}"
    else:
        said = f"Wrote {len(written)} images into {str(out)!r}"
    were = "was" if skipped == 1 else "were"
    return f"{said}, left {skipped} alone that {were} there" if skipped else said


@contextmanager
def _sigterm_as_ctrl_c() -> Iterator[None]:
    """What ends a process politely ends it as Ctrl-C does: with whole files only."""
    if threading.current_thread() is not threading.main_thread():
        yield  # signals are the main thread's
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
