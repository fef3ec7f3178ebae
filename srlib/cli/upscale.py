"""``srlib upscale``: its options."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

from tyro.conf import Positional, arg

from srlib.cli.complaints import DONE, NOT_DONE, SOME_FAILED, STOPPED, stopping_at_once
from srlib.cli.shared import METHOD, Flag
from srlib.errors import ArgumentError, ImageError, UpscaleError, UpscaleStopped

if TYPE_CHECKING:  # torch takes seconds to import, so the library waits for the command to run
    from srlib.cli.upscale_report import Report
    from srlib.upscaling.files import Outcome
    from srlib.upscaling.plan import Plan
    from srlib.upscaling.sizes import Sizes
    from srlib.upscaling.work import Options

SCALE = 2  # where neither a size nor a method with one factor of its own is asked for


@dataclass(frozen=True, kw_only=True)
class Upscale:
    """Enlarge images.

    srlib upscale photo.jpg makes photo_x2.png beside it, by the shipped network that comes nearest
    to the truth at that scale. A FOLDER makes another one beside it, holiday_x2, whose files keep
    their names and formats; of its files those count whose names end as images do, not hidden ones
    nor folders inside it, and what is left alone is named. With --out the results go into that
    folder, or, of one image, into that file.

    A network has factors of its own. For any other --scale it enlarges by the next larger one, and
    MATLAB's resizer makes the result exactly as large as asked; beyond x4 the resizer does the
    rest. --width, --height and --max-side keep the shape.

    Inputs are never replaced. When an output exists, nothing is done unless --skip or --overwrite
    says what to do. A file that cannot be used does not stop the others: it is named at the end,
    with the reason. After Ctrl-C all files are whole, and the same command with --skip goes on.

    What goes with the pixels (EXIF, profiles, comments) is kept where the format can hold it, and
    named where not; the image is stored upright. Alpha is enlarged by bicubic, grey stays grey,
    CMYK becomes sRGB. 16 bits a value stay, with bicubic; the networks refuse them.

    Of the methods, bicubic is MATLAB's imresize: quick, and cleanest where a photograph has noise
    or the blocks of JPEG; srcnn and srresnet (x4) are networks that come nearer to the truth of
    clean photographs; srgan (x4) looks sharpest, and invents detail that was never there, with
    --strength as much of it as you like; srresnet-vgg (x4) is srgan without its judge.

    With --json stdout has a line for each file: in, out, method, how, scale, size (width, height),
    seconds, peak_memory (bytes, of the whole process until then) and warnings; in, out and skipped;
    or in and error. Words for people go to stderr.

    Exit code: 0 done, 1 some images failed, 2 nothing done, 130 stopped by Ctrl-C or SIGTERM, 70
    a bug of srlib.

    Examples:
        srlib upscale photo.jpg
        srlib upscale photo.jpg --scale 4 --method srgan@0.7 --out large.jpg
        srlib upscale holiday/ more/cat.webp --max-side 3840 --out enlarged/
        srlib upscale holiday/ --scale 1.5 --format webp --skip

    Attributes:
        inputs: Files to enlarge, or folders of them, or patterns such as 'in/*.png'.
        scale: The factor to enlarge by, any number from 1 to 8.
        width: Of the results, in pixels; the shape stays.
        height: Of the results, in pixels; with --width the results fit into both.
        max_side: Of the results, in pixels: the longer of the two.
        out: A file for one image, or a folder.
        strength: Of srgan, 0 to 1: how far from srresnet, which comes nearest to the truth.
        precision: Of a network's products; auto is bf16 where the processor has it and it costs
            at most 0.01 dB, fp32 elsewhere.
        format: Of the results, such as png, jpg, webp or tif.
        quality: 1 to 100, of results that are JPEG, WebP or AVIF.
        lossless: Refuse formats that lose something; WebP then loses nothing.
        max_megapixels: That an input may have, where the safe limit is too low.
        skip: Leave outputs that exist alone, and do the rest.
        overwrite: Replace outputs that exist.
        quiet: Say nothing but what went wrong.
        json: Say all on stdout in JSON.
    """

    inputs: Annotated[
        Positional[list[str]], arg(metavar="IMAGE|FOLDER...", help_behavior_hint="(required)")
    ]
    scale: Annotated[float | None, arg(metavar="NUMBER", help_behavior_hint="(default: 2)")] = None
    width: Annotated[int | None, arg(metavar="PIXELS", help_behavior_hint="")] = None
    height: Annotated[int | None, arg(metavar="PIXELS", help_behavior_hint="")] = None
    max_side: Annotated[int | None, arg(metavar="PIXELS", help_behavior_hint="")] = None
    out: Annotated[
        str | None, arg(metavar="PATH", help_behavior_hint="(default: beside the input)")
    ] = None
    method: Annotated[
        str | None,
        arg(
            metavar="METHOD",
            help=METHOD,
            help_behavior_hint="(default: the network for that factor)",
        ),
    ] = None
    strength: Annotated[float | None, arg(metavar="NUMBER", help_behavior_hint="")] = None
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    format: Annotated[
        str | None,
        arg(
            metavar="FORMAT",
            help_behavior_hint="(default: the input's; PNG beside a JPEG)",
        ),
    ] = None
    quality: Annotated[
        int | None, arg(metavar="1..100", help_behavior_hint="(default: 95 of JPEG)")
    ] = None
    lossless: Flag = False
    max_megapixels: Annotated[float | None, arg(metavar="NUMBER", help_behavior_hint="")] = None
    skip: Flag = False
    overwrite: Flag = False
    quiet: Flag = False
    json: Flag = False

    def run(self) -> int:
        """Enlarge what there is to enlarge; the exit code."""
        with _sigterm_as_ctrl_c():
            with stopping_at_once():
                from srlib.cli.upscale_report import Report
            report = Report(as_json=self.json, quiet=self.quiet)
            try:
                outcome, code = self._upscale(report), DONE
            except UpscaleError as error:
                outcome = error.outcome
                code = SOME_FAILED if outcome.written or outcome.skipped else NOT_DONE
            except UpscaleStopped as stop:
                outcome, code = stop.outcome, STOPPED
        report.summary(outcome, code, hint=self.method is None and self.strength is None)
        return code

    def _upscale(self, report: "Report") -> "Outcome":
        if self.skip and self.overwrite:
            raise ArgumentError("--skip and --overwrite exclude each other: choose one")
        existing = "skip" if self.skip else "overwrite" if self.overwrite else "refuse"
        with report.starting(), stopping_at_once():
            from srlib.upscaling.files import remove_leftovers, upscale_jobs
            from srlib.upscaling.upscaler import Upscaler

            method = "srgan" if self.method is None and self.strength is not None else self.method
            sizes = self._sizes(method)
            options = {"strength": self.strength, "precision": self.precision}
            upscaler = Upscaler(method, sizes, **options)
            plan = self._plan(sizes)
            how = self._options(plan)
        report.left_alone(plan.left)
        report.removed(remove_leftovers({job.target.parent for job in plan.jobs}))
        return upscale_jobs(plan, upscaler, how, existing=existing, watcher=report)

    def _sizes(self, method: str | None) -> "Sizes":
        """What was asked for; by default twice as large, or what the method is made for."""
        from srlib.upscaling.sizes import Sizes
        from srlib.upscaling.upscaler import own_factors

        asked = (self.scale, self.width, self.height, self.max_side)
        if any(each is not None for each in asked):
            return Sizes(*asked)
        own = own_factors(method)
        return Sizes(scale=SCALE if SCALE in own else own[0])

    def _options(self, plan: "Plan") -> "Options":
        from srlib.upscaling.work import Options, check_quality

        check_quality(self.quality, self.lossless, [job.target for job in plan.jobs])
        most = self.max_megapixels
        if most is not None and not most > 0:
            raise ArgumentError(f"--max-megapixels must be a positive number, not {most:g}")
        return Options(
            max_pixels=None if most is None else round(most * 1e6),
            quality=self.quality,
            lossless=True if self.lossless else None,
        )

    def _plan(self, sizes: "Sizes") -> "Plan":
        """What is to be done: one file into a file, or files into folders."""
        from pathlib import Path

        from srlib.images.formats import SUFFIXES
        from srlib.upscaling.files import suffix_of
        from srlib.upscaling.plan import looks_like_a_file, one_output, plan_outputs

        suffix = suffix_of(self.format)
        if self.out == "":
            raise ArgumentError("--out has an empty name: give a file or a folder, such as '.'")
        if self.out is None or not looks_like_a_file(self.out):
            return plan_outputs(self.inputs, self.out, tag=sizes.tag, suffix=suffix)
        kind = Path(self.out).suffix
        if kind.lower() not in SUFFIXES:
            raise ImageError(
                f"--out {self.out!r} ends in {kind}, a format that is not written: choose one of "
                f"{', '.join(SUFFIXES)}; if it is to be a folder, write {self.out + '/'!r}"
            )
        if suffix not in (None, kind.lower()):
            raise ArgumentError(f"--format {self.format} and --out {self.out!r}: choose one")
        return one_output(self.inputs, Path(self.out))


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
