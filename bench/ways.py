"""Several ways to do one job, side by side: time, speed, share of the machine's peak, memory.

The ways take turns, so that whatever else the machine does slows all of them; each counts with its
median. Memory is the peak of a fresh process during one call, above what it held before.
"""

import json
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from rich.table import Table

from srlib.benchmarking import cost
from srlib.benchmarking.cost import memory, take_turns

ROOT = Path(__file__).parents[1]
PRODUCT_SIDE = 2048  # of the square matrices whose product shows what the machine can do

Run = Callable[[torch.Tensor], Any]


@dataclass(frozen=True)
class Way:
    """One way to do the job. ``make`` raises :class:`Unavailable` with the reason."""

    name: str
    make: Callable[[], Run]
    precision: torch.dtype = torch.float32


class Unavailable(Exception):  # noqa: N818 - nothing went wrong
    """A way that does not exist on this machine, or was not asked for."""


# --------------------------------------------------------------------------------------------- time


def products() -> dict[torch.dtype, Callable[[], object]]:
    """A matrix product in each precision."""
    a = torch.rand(PRODUCT_SIDE, PRODUCT_SIDE)
    matrices = {dtype: a.to(dtype) for dtype in (torch.float32, torch.bfloat16)}
    return {dtype: (lambda m=m: m @ m) for dtype, m in matrices.items()}


def compiled(network: torch.nn.Module, example: torch.Tensor) -> torch.nn.Module:
    """``torch.compile``, made to compile at once for images of the example's kind."""
    run = torch.compile(network)
    try:
        run(example)
    except Exception as error:  # no compiler, most often
        raise Unavailable(f"{type(error).__name__}: is there a C++ compiler?") from error
    return run


def machine() -> str:
    """The processor, its cores, the threads in use, and the versions that are measured."""
    about, packages = cost.machine(), ("numpy", "torch", "pillow", "opencv-python-headless")
    numbers = cost.versions((*packages, "scikit-image"))
    return (
        f"{about['processor']}, {about['cores']} cores, {torch.get_num_threads()} thread(s); "
        + ", ".join(f"{name} {number}" for name, number in numbers.items())
    )


# ------------------------------------------------------------------------------------------- memory


def peak_of(call: Callable[[], object]) -> int | None:
    """Peak bytes during one call above those held before; None where the system does not tell.

    In a process that has done such a call on something small, so that all it needs is loaded.
    """
    try:
        Path("/proc/self/clear_refs").write_text("5")  # Linux: the peak counts from now
    except OSError:
        return None
    before = memory("VmRSS")
    result = call()
    peak = memory("VmHWM")
    del result
    return peak - before


def in_fresh_process(module: str, *words: str) -> Any:
    """What ``python -m module words...`` prints, as JSON."""
    command = [sys.executable, "-m", module, *words]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def megabytes(size: int | None) -> str:
    return "unknown" if size is None else f"{size / 1e6:.0f} MB"


# ---------------------------------------------------------------------------------------- the table


def table(
    title: str,
    ways: Sequence[Way],
    data: torch.Tensor,
    work: float,
    rounds: int,
    more: Mapping[str, Callable[[str, dict[str, Any]], str]],
    warm_up: torch.Tensor | None = None,
) -> Table:
    """All ways on the same data, the first being what the others are compared with.

    Args:
        title: of the table.
        ways: for those that are unavailable, the caption says why.
        data: what each way is given.
        work: operations of one call.
        rounds: calls of each way.
        more: header -> what to say of a way, from its name and the results of all by name.
        warm_up: what each way is given first, instead of ``data``.
    """
    runs, notes = {}, []
    for way in ways:
        try:
            runs[way.name] = way.make()
        except Unavailable as reason:
            notes.append(f"{way.name}: {reason}")
    if warm_up is not None:
        for run in runs.values():
            run(warm_up)
    results = {}
    jobs = {
        name: (lambda name=name, run=run: results.update({name: run(data)}))
        for name, run in runs.items()
    }
    matmuls = {str(dtype): job for dtype, job in products().items()}
    turns = take_turns(jobs | matmuls, rounds, warm_up=warm_up is None)
    seconds = {name: each.wall for name, each in turns.items()}
    speeds = {name: 2 * PRODUCT_SIDE**3 / seconds[name] for name in matmuls}
    shown = Table("way", title=title)
    for column in ("time", "first = 1", "GFLOP/s", "of matmul's", *more):
        shown.add_column(column, justify="right")
    for way in ways:
        if way.name not in runs:
            continue
        taken, speed = seconds[way.name], work / seconds[way.name]
        shown.add_row(
            way.name,
            f"{1000 * taken:.0f} ms" if taken < 10 else f"{taken:.1f} s",
            f"{taken / seconds[ways[0].name]:.2f}",
            f"{speed / 1e9:.0f}",
            f"{100 * speed / speeds[str(way.precision)]:.0f} %",
            *(say(way.name, results) for say in more.values()),
        )
    notes += [
        f"a matrix product in {name.removeprefix('torch.')}: {speed / 1e9:.0f} GFLOP/s"
        for name, speed in speeds.items()
    ]
    shown.caption = "\n".join(notes)
    return shown
