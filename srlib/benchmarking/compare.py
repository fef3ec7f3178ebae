"""A fair comparison: every method on every image, scored, timed, and put on record.

One call, or ``srlib benchmark``, goes from methods and images to tables. With a folder to write to
it can be stopped at any moment and goes on where it was; under ``accelerate launch`` several
processes share the images.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
import torch
from torch import nn
from tqdm.auto import tqdm

from srlib.benchmarking.cost import (
    MEMORY,
    machine,
    multiply_adds,
    peak_memory,
    take_turns,
    versions,
    work_is_defined,
)
from srlib.benchmarking.perception import Perception
from srlib.benchmarking.processes import Processes
from srlib.benchmarking.progress import Record, Unfinished
from srlib.benchmarking.report import Report, has_naturalness, summarise, write
from srlib.data.pairs import Pair
from srlib.data.test_sets import check
from srlib.errors import ArgumentError, BenchmarkError, MethodError
from srlib.images.metrics import HIGHEST_PSNR, Protocol, psnr, ssim
from srlib.upscaling.method import Function, Method, load

Entry = str | Path | nn.Module | Function | Method


def benchmark(
    methods: str | Path | Mapping[str, Entry] | Iterable[Entry],
    images: Sequence[Pair],
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
    threads as torch is set to, and networks in float32, so that scores do not depend on whether the
    processor has bfloat16. (A method that was loaded before keeps the precision it has.)

    Args:
        methods: name in the tables -> what :func:`srlib.upscaling.method.load` takes, such as
            ``{"bicubic": "bicubic", "mine": my_function, "run": "runs/mine"}``; or only the latter,
            which then go by their own names; or a single word.
        images: from :func:`srlib.data.test_sets.test_set`, or pairs of your own.
        scale: 2, 3 or 4.
        out: folder for the tables (:func:`srlib.benchmarking.report.write`), and for what is needed
            to go on when the work is stopped: then give the same arguments again. None: no files.
        name: of the set, for the record.
        vgg: as :class:`srlib.benchmarking.perception.Perception` takes it.
        repeats: timed calls of each method on each image; 0: neither time nor memory.
        progress: show a bar on stderr, if that is a terminal.

    Returns:
        the report; the same in each process, if there are several.

    Raises:
        ArgumentError, CheckpointError: a method that does not exist, or not at that scale.
        ImageError: an image that cannot be used; both before any work.
        WeightsUnavailable: VGG-19's weights cannot be had from where ``vgg`` says.
        BenchmarkError: ``out`` holds an unfinished benchmark of other settings, or another process
            works there, a method fails, or a file cannot be written.
    """
    if isinstance(repeats, bool) or not isinstance(repeats, int) or repeats < 0:
        raise ArgumentError(f"repeats must be a whole number of 0 or more, not {repeats!r}")
    processes = Processes()
    entered = _entered(methods, scale)
    digest, kept = check(images, scale, processes.world)
    perception = processes.main_first(lambda: Perception(scale, vgg))
    about = _about(name, images, scale, repeats, entered, perception)
    store = Unfinished(None if out is None else Path(out))
    job = _Job(entered, images, scale, repeats, perception, kept)
    with store.kept_by_one(processes.rank == 0):
        done = processes.main_first(lambda: store.begin(_settings(about, digest)))
        processes.wait()  # all have read what there is before anyone adds to it
        done |= dict(processes.gathered(list(job.run(done, store, processes, progress).items())))
        about["machines"] = _without_doubles(processes.gathered([machine()]))
        about["processes"] = processes.world
        report = _report(job, done, about, measure=processes.rank == 0)
        if out is not None and processes.rank == 0:
            _write(report, Path(out))
        processes.wait()  # the records stay until the tables are there
        store.remove()
    return report


@dataclass
class _Job:
    """The work: all methods on one image after another."""

    methods: Sequence[Method]
    images: Sequence[Pair]
    scale: int
    repeats: int
    perception: Perception
    kept: Mapping[str, tuple[np.ndarray, np.ndarray]]  # name -> (hr, lr) that are decoded already
    work_per_pixel: dict[str, float | None] = field(default_factory=dict)  # of functions

    def run(
        self,
        done: Mapping[int, list[Record]],
        store: Unfinished,
        processes: Processes,
        progress: bool,
    ) -> dict[int, list[Record]]:
        """The records of this process's share of what is not done: image number -> records."""
        left = [number for number in range(len(self.images)) if number not in done]
        share = left[processes.rank :: processes.world]
        silent = None if progress and processes.rank == 0 else True  # None: unless on a terminal
        new = {}
        for number in tqdm(share, unit="image", disable=silent):
            new[number] = self.score(self.images[number])
            store.store(number, new[number])
        return new

    def score(self, image: Pair) -> list[Record]:
        """Scores, times and work of all methods on one image."""
        hr, lr = self.pixels(image)
        jobs = {each.name: partial(each, lr) for each in self.methods}
        try:
            results = {name: job() for name, job in jobs.items()}
            seconds = take_turns(jobs, self.repeats)
        except MethodError as error:
            raise BenchmarkError(f"{image.name}: {error}") from error
        seen, natural = self.perception(results, hr), self.perception.naturalness(hr)
        protocol = Protocol.paper(self.scale)
        return [
            {
                "image": image.name,
                "method": each.name,
                "psnr": float(psnr(results[each.name], hr, protocol)),
                "ssim": float(ssim(results[each.name], hr, protocol)),
                **seen[each.name],
                "niqe_of_truth": natural,
                "lr_width": lr.shape[1],
                "lr_height": lr.shape[0],
                "seconds": seconds[each.name].wall if seconds else None,
                "cpu_seconds": seconds[each.name].cpu if seconds else None,
                "multiply_adds": self._work(each, lr),
            }
            for each in self.methods
        ]

    def pixels(self, image: Pair) -> tuple[np.ndarray, np.ndarray]:
        """(hr, lr), decoded again only if there was no room to keep them."""
        return self.kept[image.name] if image.name in self.kept else image.pixels(self.scale)

    def _work(self, each: Method, lr: np.ndarray) -> int | None:
        """Multiply-adds; those of a function are counted once and scaled to the other images."""
        if work_is_defined(each):
            return multiply_adds(each, lr)
        area = lr.shape[0] * lr.shape[1]
        if each.name not in self.work_per_pixel:
            work = multiply_adds(each, lr)
            self.work_per_pixel[each.name] = None if work is None else work / area
        per_pixel = self.work_per_pixel[each.name]
        return None if per_pixel is None else round(per_pixel * area)

    def memory(self, records: Iterable[Record]) -> dict[str, dict[str, float]]:
        """Method -> ``peak_mb`` and ``before_mb``, of those that another process can make."""
        sizes = [(each["lr_height"], each["lr_width"]) for each in records]
        height, width = max(sizes, key=lambda size: size[0] * size[1])
        found = {}
        for each in self.methods:
            entry = each.entry if self.repeats else None
            measured = entry and peak_memory(entry, self.scale, height, width)
            if measured:
                found[each.name] = dict(
                    zip(("peak_mb", "before_mb"), (size / 1e6 for size in measured), strict=True)
                )
        return found


def _entered(
    methods: str | Path | Mapping[str, Entry] | Iterable[Entry], scale: int
) -> list[Method]:
    if isinstance(methods, str | Path):
        methods = [methods]
    if isinstance(methods, Mapping):
        loaded = [load(each, scale, name, precision="fp32") for name, each in methods.items()]
    else:
        loaded = [load(each, scale, precision="fp32") for each in methods]
    names = [method.name for method in loaded]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ArgumentError(f"the method {twice[0]!r} is given twice")
    if not names:
        raise ArgumentError("no method to benchmark: give at least one")
    return loaded


def _about(
    name: str,
    images: Sequence[Pair],
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
        "methods": {
            each.name: {"source": each.source, "sha256": each.digest, "precision": each.precision}
            for each in methods
        },
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
    job: _Job, done: Mapping[int, list[Record]], about: dict[str, Any], measure: bool
) -> Report:
    """All records in order, and their summary; one process measures the memory."""
    records = [record for number in range(len(job.images)) for record in done[number]]
    memory = job.memory(records) if measure else {}
    more = {
        each.name: {"parameters": each.parameters, **memory.get(each.name, {})}
        for each in job.methods
    }
    natural = [each for each in records if has_naturalness(each)]
    if natural:
        about["truth"] = {"niqe": fmean(each["niqe_of_truth"] for each in natural)}
    about["without_niqe"] = _names(each for each in records if not has_naturalness(each))
    about["exact"] = _names(each for each in records if each["psnr"] > HIGHEST_PSNR)
    summary = summarise(records, more, job.scale)
    bare = [each["image"] for each in natural or records if each["niqe"] is None]
    if bare and None in (row["niqe"] for row in summary):
        about["empty"]["niqe"] = f"{bare[0]!r} is too small or too flat for it"
    return Report(records, summary, about)


def _names(records: Iterable[Record]) -> list[str]:
    """Of the images, each once."""
    return list(dict.fromkeys(each["image"] for each in records))


def _write(report: Report, folder: Path) -> None:
    try:
        write(report, folder)
    except OSError as error:
        raise BenchmarkError(
            f"cannot write the tables into {folder}: {error.strerror or error}. All records are "
            "kept; make room and give the same command again"
        ) from error


def _without_doubles(items: Iterable[Any]) -> list[Any]:
    found: list[Any] = []
    for item in items:
        if item not in found:
            found.append(item)
    return found
