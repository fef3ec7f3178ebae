"""A fair comparison: every method on every image, scored, timed, and put on record.

One call, or ``srlib benchmark``, goes from methods and images to tables. With a folder to write to
it can be stopped at any moment and goes on where it was; under ``accelerate launch`` several
processes share the images.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from tqdm.auto import tqdm

from srlib.efficiency import MEMORY, machine, peak_memory, take_turns, versions
from srlib.methods import Enlarge, Method, method
from srlib.metrics import Protocol, psnr, ssim
from srlib.perception import Perception
from srlib.processes import Processes
from srlib.records import BenchmarkError, Record, Unfinished
from srlib.tables import Report, summarise, write
from srlib.testsets import TestImage, check, pixels

Entry = str | Path | nn.Module | Enlarge


def compare(
    methods: Mapping[str, Entry] | Iterable[str],
    images: Sequence[TestImage],
    scale: int,
    *,
    out: str | Path | None = None,
    name: str = "",
    vgg: str | Path | None = None,
    repeats: int = 3,
    progress: bool = False,
) -> Report:
    """Score and time methods on images, under the papers' protocol (``Protocol.paper(scale)``).

    For each image all methods run once, for the scores and to warm up, and then take turns
    ``repeats`` times; the median is their time. Everything runs on the processor, in as many
    threads as torch is set to.

    Args:
        methods: name in the tables -> what :func:`srlib.methods.method` takes, such as
            ``{"bicubic": "bicubic", "mine": my_function, "run": "runs/mine"}``; or only words.
        images: from :func:`srlib.testsets.test_set`, or any with ``name``, ``hr`` and ``lr``.
        scale: 2, 3 or 4.
        out: folder for the tables (:func:`srlib.tables.write`), and for what is needed to go on
            when the work is stopped: then give the same arguments again. None: no files.
        name: of the set, for the record.
        vgg: as :class:`srlib.perception.Perception` takes it.
        repeats: timed calls of each method on each image; 0: neither time nor memory.
        progress: show a bar on stderr, if that is a terminal.

    Returns:
        the report; the same in each process, if there are several.

    Raises:
        ValueError, CheckpointError: a method that does not exist, or not at that scale.
        ImageError: an image that cannot be used; both before any work.
        WeightsUnavailable: VGG-19's weights cannot be had from where ``vgg`` says.
        BenchmarkError: ``out`` holds an unfinished benchmark of other settings, a method fails, or
            a file cannot be written.
    """
    if isinstance(repeats, bool) or not isinstance(repeats, int) or repeats < 0:
        raise ValueError(f"repeats must be a whole number of 0 or more, not {repeats!r}")
    processes = Processes()
    entered = _entered(methods, scale)
    digest = check(images, scale)
    perception = processes.main_first(lambda: Perception(vgg))
    about = _about(name, images, scale, repeats, entered, perception)
    store = Unfinished(None if out is None else Path(out), processes.rank)
    earlier = processes.main_first(lambda: store.begin(_settings(about, digest)))
    records = {_key(each): each for each in processes.gathered(earlier)}
    job = _Job(entered, images, scale, repeats, perception)
    processes.wait()  # before anyone adds to what another may still be reading
    new = job.run(records, store, processes, progress)
    records |= {_key(each): each for each in processes.gathered(new)}
    about["machines"] = _without_doubles(processes.gathered([machine()]))
    about["processes"] = processes.world
    report = _report(job, records, about, measure=processes.rank == 0)
    if out is not None and processes.rank == 0:
        _write(report, Path(out))
    processes.wait()  # the records stay until the tables are there
    store.remove()
    return report


class _Job:
    """The work: all methods on one image after another."""

    def __init__(
        self,
        methods: Sequence[Method],
        images: Sequence[TestImage],
        scale: int,
        repeats: int,
        perception: Perception,
    ) -> None:
        self.methods, self.images, self.scale = methods, images, scale
        self.repeats, self.perception = repeats, perception
        self.protocol = Protocol.paper(scale)
        self.work_per_pixel: dict[str, float | None] = {}  # of functions

    def run(
        self, done: Mapping[tuple, Record], store: Unfinished, processes: Processes, progress: bool
    ) -> list[Record]:
        """The records of this process's share of what is not done."""
        left = [image for image in self.images if self._left(image, done)]
        share = left[processes.rank :: processes.world]
        silent = None if progress and processes.rank == 0 else True  # None: unless on a terminal
        new = []
        for image in tqdm(share, unit="image", disable=silent):
            records = self.score(image, self._left(image, done))
            store.append(records)
            new += records
        return new

    def _left(self, image: TestImage, done: Mapping[tuple, Record]) -> list[Method]:
        return [each for each in self.methods if (image.name, each.name) not in done]

    def score(self, image: TestImage, methods: Sequence[Method]) -> list[Record]:
        """Scores, times and work of some methods on one image."""
        hr, lr = pixels(image, self.scale)
        results = {each.name: self._enlarge(each, lr, hr, image.name) for each in methods}
        seconds = take_turns(
            {each.name: each.enlarge for each in methods}, lr, self.scale, self.repeats
        )
        seen = self.perception(results, hr)
        return [
            {
                "image": image.name,
                "method": each.name,
                "psnr": float(psnr(results[each.name], hr, self.protocol)),
                "ssim": float(ssim(results[each.name], hr, self.protocol)),
                **seen[each.name],
                "lr_width": lr.shape[1],
                "lr_height": lr.shape[0],
                "seconds": seconds[each.name].wall if seconds else None,
                "cpu_seconds": seconds[each.name].cpu if seconds else None,
                "multiply_adds": self._work(each, lr),
            }
            for each in methods
        ]

    def _enlarge(self, each: Method, lr: np.ndarray, hr: np.ndarray, image: str) -> np.ndarray:
        """The result, refused where it cannot be compared with the truth."""
        try:
            sr = each.enlarge(lr.copy(), self.scale)
        except Exception as error:  # anything may go wrong in a function of someone else's
            raise BenchmarkError(
                f"{each.name} failed on {image}: {type(error).__name__}: {error}"
            ) from error
        if not isinstance(sr, np.ndarray) or sr.dtype != np.uint8 or sr.shape != hr.shape:
            got = f"{getattr(sr, 'dtype', type(sr).__name__)} {getattr(sr, 'shape', '')}".strip()
            raise BenchmarkError(
                f"{each.name} turned {image}, uint8 {lr.shape}, into {got}: expected uint8 "
                f"{hr.shape}, rounded and clipped to 0..255 as a file would be"
            )
        return sr

    def _work(self, each: Method, lr: np.ndarray) -> int | None:
        """Multiply-adds; those of a function are counted once and scaled to the other images."""
        if each.defined:
            return each.multiply_adds(lr, self.scale)
        area = lr.shape[0] * lr.shape[1]
        if each.name not in self.work_per_pixel:
            work = each.multiply_adds(lr, self.scale)
            self.work_per_pixel[each.name] = None if work is None else work / area
        per_pixel = self.work_per_pixel[each.name]
        return None if per_pixel is None else round(per_pixel * area)

    def memory(self) -> dict[str, dict[str, float]]:
        """Method -> ``peak_mb`` and ``before_mb``, of those that another process can make."""
        sizes = [pixels(image, self.scale)[1].shape for image in self.images]
        height, width, _ = max(sizes, key=lambda shape: shape[0] * shape[1])
        found = {}
        for each in self.methods:
            entry = each.entry if self.repeats else None
            measured = entry and peak_memory(entry, self.scale, height, width)
            if measured:
                found[each.name] = dict(
                    zip(("peak_mb", "before_mb"), (size / 1e6 for size in measured), strict=True)
                )
        return found


def _entered(methods: Mapping[str, Entry] | Iterable[str], scale: int) -> list[Method]:
    if not isinstance(methods, Mapping):
        words = list(methods)
        twice = sorted({str(word) for word in words if words.count(word) > 1})
        if twice:
            raise ValueError(f"the method {twice[0]!r} is given twice")
        methods = {str(word): word for word in words}
    if not methods:
        raise ValueError("no method to benchmark: give at least one")
    return [method(entry, scale, name) for name, entry in methods.items()]


def _about(
    name: str,
    images: Sequence[TestImage],
    scale: int,
    repeats: int,
    methods: Sequence[Method],
    perception: Perception,
) -> dict[str, Any]:
    """What the record says besides numbers."""
    empty = dict(perception.missing)
    if not repeats:
        empty["seconds"] = "no timed calls were asked for"
    return {
        "set": name,
        "scale": scale,
        "protocol": str(Protocol.paper(scale)),
        "images": [image.name for image in images],
        "methods": {each.name: {"source": each.source, "sha256": each.digest} for each in methods},
        "perception": perception.about,
        "repeats": repeats,
        "threads": torch.get_num_threads(),
        "versions": versions(),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "memory": MEMORY,
        "empty": empty,
    }


def _settings(about: Mapping[str, Any], digest: str) -> dict[str, Any]:
    """What must be the same when the work goes on: all that scores and times depend on."""
    same = ("set", "scale", "methods", "perception", "repeats", "threads", "versions")
    return {name: about[name] for name in same} | {"images": digest}


def _report(
    job: _Job, records: Mapping[tuple, Record], about: dict[str, Any], measure: bool
) -> Report:
    """All records in order, and their summary; one process measures the memory."""
    ordered = [records[image.name, each.name] for image in job.images for each in job.methods]
    memory = job.memory() if measure else {}
    more = {
        each.name: {"parameters": each.parameters, **memory.get(each.name, {})}
        for each in job.methods
    }
    return Report(ordered, summarise(ordered, more, job.scale), about)


def _write(report: Report, folder: Path) -> None:
    try:
        write(report, folder)
    except OSError as error:
        raise BenchmarkError(
            f"cannot write the tables into {folder}: {error.strerror or error}. All records are "
            "kept; make room and give the same command again"
        ) from error


def _key(record: Record) -> tuple[str, str]:
    return record["image"], record["method"]


def _without_doubles(items: Iterable[Any]) -> list[Any]:
    found: list[Any] = []
    for item in items:
        if item not in found:
            found.append(item)
    return found
