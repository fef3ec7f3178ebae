"""How far the work has come, on a terminal."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
)
from rich.text import Text

from srlib.errors import Error
from srlib.upscaling.headers import size_of
from srlib.upscaling.plan import Job
from srlib.upscaling.sizes import Sizes
from srlib.upscaling.work import Result, Watcher

LOOK = 1.0  # seconds to find out how large the images are; of more it is the mean that counts


class Bar(Watcher):
    """Megapixels that are there and that are to come, and the time left, on stderr.

    Where stderr is no terminal, nothing is shown.
    """

    def __init__(self) -> None:
        self._expected: dict[Job, int] = {}  # pixels of the results that have not begun
        self._now: Job | None = None
        self._to_come = 0
        self._places: dict[Job, int] = {}  # which of how many
        self._progress: Progress | None = None
        self._began = self._stepped = time.monotonic()  # the work, and its last step
        self._each: float | None = None  # seconds a pixel of the result

    @contextmanager
    def watching(self, jobs: list[Job], sizes: Sizes) -> Iterator[None]:
        """The bar is there as long as the work goes on, and gone afterwards."""
        if sys.stderr is None or not sys.stderr.isatty():
            yield
            return
        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=None),
            _Megapixels(),
            TimeElapsedColumn(),
            _TimeLeft(self.left),
        )
        console = Console(file=sys.stderr)
        with Progress(*columns, console=console, transient=True) as self._progress:
            self._places = {job: place for place, job in enumerate(jobs, 1)}
            self._task = self._progress.add_task("looking", total=None)
            self._expected = expected_pixels(jobs, sizes)
            self._progress.update(self._task, total=sum(self._expected.values()))
            self._describe(jobs[0] if jobs else None)
            try:
                yield
            finally:
                self._progress.update(self._task, completed=self._total())
        self._progress = None

    def begins(self, result: Result) -> None:
        if self._progress is None:
            return
        size = result.stages.size
        self._now, self._to_come = result.job, size.height * size.width
        self._change_total(self._to_come - self._expected.pop(result.job, 0))
        self._describe(result.job)
        if self._done() == 0:
            self._began = time.monotonic()

    @property
    def curious(self) -> bool:
        """Before the first step there is no other way to know."""
        return self._progress is not None and self._done() == 0

    def expects(self, seconds: float) -> None:
        if self._to_come and seconds:
            self._each = seconds / self._to_come

    def computed(self, pixels: int) -> None:
        if self._progress is None:
            return
        step = min(pixels, self._to_come)
        self._to_come -= step
        self._progress.update(self._task, advance=step)
        self._stepped = time.monotonic()
        if self._done():
            self._each = (self._stepped - self._began) / self._done()

    def ends(self, result: Result) -> None:
        if self._progress is None:
            return
        if result.error is not None:  # what will not come is not waited for
            missing = self._expected.pop(result.job, 0)
            if result.job == self._now:
                missing, self._to_come = self._to_come, 0
            self._change_total(-missing)

    def left(self) -> float | None:
        """Seconds until the end, at the speed until now; None where that is not known."""
        if self._each is None or self._progress is None:
            return None
        since = time.monotonic() - (self._stepped if self._done() else self._began)
        return max(0.0, self._each * (self._total() - self._done()) - since)

    def _done(self) -> float:
        return self._progress.tasks[0].completed

    def _change_total(self, pixels: int) -> None:
        self._progress.update(self._task, total=self._total() + pixels)

    def _total(self) -> float:
        return self._progress.tasks[0].total or 0

    def _describe(self, job: Job | None) -> None:
        name = "" if job is None else short_name(job.source.name)
        number = len(self._places)
        many = f" ({self._places.get(job, number)} of {number})" if number > 1 else ""
        self._progress.update(self._task, description=f"{name}{many}", refresh=True)


def short_name(name: str, longest: int = 28) -> str:
    """A name on one line, no longer than that, in characters that can be printed.

    >>> short_name("a\\nb.png")
    'a\\\\nb.png'
    """
    name = "".join(each if each.isprintable() else repr(each)[1:-1] for each in name)
    return name if len(name) <= longest else f"{name[: longest - 11]}...{name[-8:]}"


def expected_pixels(jobs: list[Job], sizes: Sizes) -> dict[Job, int]:
    """Of the result of each job, by the headers of the inputs; where those do not say, the mean."""
    until, known = time.monotonic() + LOOK, {}
    for job in jobs:
        size = size_of(job.source) if time.monotonic() < until else None
        try:
            known[job] = sizes.of(*size)[0] * sizes.of(*size)[1] if size else None
        except Error:  # it will be refused
            known[job] = 0
    sure = [pixels for pixels in known.values() if pixels is not None]
    mean = sum(sure) // len(sure) if sure else 0
    return {job: mean if pixels is None else pixels for job, pixels in known.items()}


class _Megapixels(ProgressColumn):
    """Such as "3.2/12.0 MP"."""

    def render(self, task: Task) -> Text:
        if task.total is None:
            return Text("... MP")
        return Text(f"{task.completed / 1e6:.1f}/{task.total / 1e6:.1f} MP")


class _TimeLeft(ProgressColumn):
    """Such as "0:01:25 left"."""

    def __init__(self, left: Callable[[], float | None]) -> None:
        super().__init__()
        self._left = left

    def render(self, task: Task) -> Text:
        left = self._left()
        return Text("" if left is None else f"{timedelta(seconds=round(left))} left")
