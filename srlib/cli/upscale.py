"""``srlib upscale``: options, and what is said at the end."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from tyro.conf import Positional, arg

from srlib.cli.complaints import DONE, NOT_DONE, SOME_FAILED, STOPPED, complain
from srlib.cli.shared import METHOD, Flag, Scale
from srlib.errors import ArgumentError, ImageError, UpscaleError, UpscaleStopped

if TYPE_CHECKING:  # torch takes seconds to import, so the library waits for the command to run
    from srlib.upscaling.files import Outcome
    from srlib.upscaling.plan import Job


@dataclass(frozen=True, kw_only=True)
class Upscale:
    """Enlarge images: PNG, JPEG, WebP, TIFF or BMP.

    With one IMAGE and a PATH that ends like an image, the result is that file. Otherwise PATH is a
    folder, made if need be, and cat.webp becomes PATH/cat.png. Of a FOLDER all files count whose
    names end as images do (not hidden ones, nor folders inside it).

    Inputs are never replaced. When an output exists, nothing is done unless --skip or --overwrite
    says what to do. A file that cannot be used does not stop the others: it is named at the end,
    with the reason. After Ctrl-C all files are whole, and the same command with --skip goes on.

    EXIF and ICC profile are kept where the format can hold them; the image is stored upright. Alpha
    is enlarged by bicubic, grey stays grey, CMYK becomes sRGB. 16 bits a value stay with bicubic
    (grey PNG and TIFF; RGB as TIFF); the networks refuse them.

    Of the methods, bicubic is MATLAB's imresize; srcnn and srresnet (x4) are networks that come
    nearer to the truth; srgan (x4) looks sharpest, and invents detail that was never there, with
    --strength as much of it as you like; srresnet-vgg (x4) is srgan without its judge.

    Exit code: 0 done, 1 some images failed, 2 nothing done, 130 stopped by Ctrl-C or SIGTERM, 70
    a bug of srlib.

    Examples:
        srlib upscale photo.jpg --scale 2 --out photo_x2.png
        srlib upscale holiday/ more/cat.webp --scale 4 --out enlarged/
        srlib upscale holiday/ --scale 4 --method srgan@0.7 --out enlarged/ --skip

    Attributes:
        inputs: Files to enlarge, or folders of them.
        out: A file for one image, or a folder.
        strength: Of srgan, 0 to 1: how far from srresnet, which comes nearest to the truth.
        precision: Of a network's products; auto is bf16 where the processor has it and it costs
            at most 0.01 dB, fp32 elsewhere.
        skip: Leave outputs that exist alone, and do the rest.
        overwrite: Replace outputs that exist.
    """

    inputs: Annotated[
        Positional[list[Path]], arg(metavar="IMAGE|FOLDER...", help_behavior_hint="(required)")
    ]
    scale: Scale
    out: Annotated[Path, arg(metavar="PATH")]
    method: Annotated[str, arg(metavar="METHOD", help=METHOD)] = "bicubic"
    strength: float | None = None
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    skip: Flag = False
    overwrite: Flag = False

    def run(self) -> int:
        """Enlarge what there is to enlarge; the exit code."""
        with _sigterm_as_ctrl_c():
            from srlib.upscaling.files import upscale_jobs
            from srlib.upscaling.method import load

            if self.skip and self.overwrite:
                raise ArgumentError("--skip and --overwrite exclude each other: choose one")
            existing = "skip" if self.skip else "overwrite" if self.overwrite else "refuse"
            try:
                options = {"strength": self.strength, "precision": self.precision}
                method = load(self.method, self.scale, **options)
                jobs = _jobs(self.inputs, self.out)
                done = upscale_jobs(jobs, self.scale, method, existing=existing, progress=True)
            except UpscaleError as error:
                complain(str(error))
                some = error.outcome.written or error.outcome.skipped
                return SOME_FAILED if some else NOT_DONE
            except UpscaleStopped as stop:
                complain(f"{stop}. The same command with --skip goes on")
                return STOPPED
        print(_summary(done, self.out))
        return DONE


def _jobs(inputs: list[Path], out: Path) -> "list[Job]":
    """What is to be done: one file into a file, or files into a folder, which is made."""
    from srlib.images.formats import SUFFIXES
    from srlib.upscaling.files import make_folder
    from srlib.upscaling.plan import Job, plan_outputs

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
