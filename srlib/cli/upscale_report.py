"""What ``srlib upscale`` says: to people, or in JSON to programs."""

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from srlib.cli.complaints import NOT_DONE, SOME_FAILED, STOPPED, complain, say

if TYPE_CHECKING:  # torch takes seconds to import, so the library waits for the command to run
    from srlib.upscaling.files import Outcome
    from srlib.upscaling.plan import Job
    from srlib.upscaling.sizes import Sizes
    from srlib.upscaling.work import Result

NAMED = 5  # files that are left alone: so many by name, of the rest the number

# of what the default method is, what another would be
NEARER = "nearer to the truth, in more time: --method srresnet"
SHARPER = "sharper, with invented detail: --method srgan"
CLEANER = "cleaner where the photograph has noise or JPEG's blocks, and quicker: --method bicubic"


class Report:
    """What is said while the files are on their way, and at the end.

    It is the :class:`srlib.upscaling.work.Watcher` of the work. Without ``as_json`` it shows a
    bar on terminals, and says on stderr what was lost. With it, stdout has a line for each file.
    """

    def __init__(self, *, as_json: bool, quiet: bool) -> None:
        self.as_json, self.quiet = as_json, quiet
        self._bar = None
        self._began = time.monotonic()

    # before the work

    @contextmanager
    def starting(self) -> Iterator[None]:
        """Show that something happens while torch is imported, which takes seconds."""
        if not self._shows_a_bar():
            yield
            return
        from rich.console import Console

        with Console(file=sys.stderr).status("loading"):
            yield

    def left_alone(self, left: dict[Path, str]) -> None:
        """Which files of the folders are none of ours."""
        if not left or self.quiet:
            return
        named = [f"{str(path)!r} {why}" for path, why in left.items()]
        more = len(named) - NAMED
        named = named[:NAMED] + ([f"and {more} more"] if more > 0 else [])
        complain(f"left alone: {', '.join(named)}")

    def removed(self, leftovers: list[Path]) -> None:
        """What a run that was killed had left half written."""
        if leftovers and not self.quiet:
            files = "a file" if len(leftovers) == 1 else f"{len(leftovers)} files"
            complain(f"removed {files} that a killed run had left half written")

    # while it goes on

    @contextmanager
    def watching(self, jobs: "list[Job]", sizes: "Sizes") -> Iterator[None]:
        """As long as the work goes on."""
        self._began = time.monotonic()
        if not self._shows_a_bar():
            yield
            return
        from srlib.upscaling.progress import Bar

        self._bar = Bar()
        with self._bar.watching(jobs, sizes):
            yield

    def begins(self, result: "Result") -> None:
        """An image is computed from now on."""
        if self._bar:
            self._bar.begins(result)

    @property
    def curious(self) -> bool:
        """A bar says how much time is left."""
        return self._bar is not None

    def expects(self, seconds: float) -> None:
        """It will take about so long."""
        if self._bar:
            self._bar.expects(seconds)

    def computed(self, pixels: int) -> None:
        """So many more pixels of it are there."""
        if self._bar:
            self._bar.computed(pixels)

    def ends(self, result: "Result") -> None:
        """It was written, or is not going to be."""
        if self._bar:
            self._bar.ends(result)
        if self.as_json:
            say(json.dumps(_as_dict(result)))
        if not self.quiet:
            for warning in result.warnings:
                complain(f"{str(result.job.source)!r}: {warning}")

    # at the end

    def summary(self, outcome: "Outcome", code: int, hint: bool) -> None:
        """What was done, and what was not.

        Args:
            hint: whether to say which other methods there are.
        """
        if self.as_json:
            for job in outcome.skipped_jobs:
                say(json.dumps({"in": str(job.source), "out": str(job.target), "skipped": True}))
        if code in (SOME_FAILED, NOT_DONE):
            complain(str(outcome))
        elif code == STOPPED:
            done = len(outcome.written) + len(outcome.skipped)
            complain(
                f"stopped: {done} of {outcome.total} images are done. The same command with --skip "
                "goes on"
            )
        elif not (self.as_json or self.quiet):
            say(_in_a_line(outcome, time.monotonic() - self._began))
            if hint and (others := _others(outcome)):
                say(others)

    def _shows_a_bar(self) -> bool:
        there = sys.stderr is not None and sys.stderr.isatty()
        return there and not self.quiet and not (self.as_json and sys.stdout.isatty())


def _as_dict(result: "Result") -> dict:
    job, stages = result.job, result.stages
    about = {"in": str(job.source), "out": str(job.target)}
    if result.error is not None:
        return {**about, "error": result.error, "warnings": list(result.warnings)}
    return {
        **about,
        "method": stages.name,
        "how": str(stages),
        "scale": round(stages.size.scale, 6),
        "size": [stages.size.width, stages.size.height],
        "seconds": round(result.seconds, 3),
        "peak_memory": result.peak_memory,
        "warnings": list(result.warnings),
    }


def _in_a_line(outcome: "Outcome", seconds: float) -> str:
    """What was written, what it is, and what it cost."""
    written, skipped = outcome.written, len(outcome.skipped)
    if not written:
        return f"Nothing to do: {'the output is' if skipped == 1 else 'all outputs are'} there"
    sizes = [result.stages.size for result in outcome.results]
    if len(written) == 1:
        what = f"{str(written[0])!r}: {sizes[0].width}x{sizes[0].height}, "
    else:
        folders = {path.parent for path in written}
        into = f" into {str(folders.pop())!r}" if len(folders) == 1 else ""
        what = f"{len(written)} images{into}: "
    pixels = sum(size.width * size.height for size in sizes)
    how = ", ".join(dict.fromkeys(str(result.stages) for result in outcome.results))
    if len(how) > 60:  # a size in pixels is another scale for each image
        how = ", ".join(dict.fromkeys(result.stages.name for result in outcome.results))
    said = f"Wrote {what}{_megapixels(pixels)}, by {how}, in {_time(seconds)}"
    were = "was" if skipped == 1 else "were"
    return f"{said}; left {skipped} alone that {were} there" if skipped else said


def _others(outcome: "Outcome") -> str:
    """Which other methods there are, and what they are better at."""
    used = {result.stages.name for result in outcome.results} - {"bicubic"}
    if not used:
        return ""
    nearer = [] if used == {"srresnet"} else [NEARER]
    said = "; ".join([*nearer, SHARPER, CLEANER])
    return f"Others are {said}"


def _megapixels(pixels: int) -> str:
    return f"{pixels / 1e6:.1f} MP" if pixels >= 50_000 else f"{pixels} pixels"


def _time(seconds: float) -> str:
    """
    >>> _time(0.33), _time(8.26), _time(83), _time(7300)
    ('0.3 s', '8.3 s', '1 min 23 s', '2 h 1 min')
    """
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
