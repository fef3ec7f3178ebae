"""What does ``srlib upscale`` cost: time, and memory at its peak, encoding included?

    python -m bench.upscale                     # 640x480 x4, about a minute
    python -m bench.upscale --size 4000 3000    # a 12-megapixel photograph, by SRGAN: minutes
    python -m bench.upscale --size 4000 3000 --method bicubic srcnn

Each row is the command in a process of its own, from a JPEG to a PNG; its memory is the largest
resident set that the system saw, Python and torch included. What these take by themselves shows in
the first row, one pixel. With srgan a photograph of 4000x3000 must stay below 2 GB.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from bench.resize import Job
from bench.ways import ROOT, machine, megabytes
from srlib.images.writing import write
from srlib.upscaling.method import names

SCALE = 4
SIZE = (640, 480)
METHODS = ("bicubic", "srcnn", "srgan")
LIMIT = 2_000_000_000  # bytes, for LARGE by srgan
LARGE = (4000, 3000)
# The command, and then its peak.
COMMAND = """
import sys
from srlib.cli.main import main
try:
    main(sys.argv[1:])
finally:
    from srlib.benchmarking.cost import memory
    print("peak", memory("VmHWM"))
"""


class Cost(NamedTuple):
    """Of one run of the command."""

    seconds: float
    peak: int  # bytes
    file: int  # bytes of the result


def cost(photo: Path, method: str) -> Cost:
    """Run ``srlib upscale`` on a file.

    Raises:
        RuntimeError: when it fails.
    """
    target = photo.with_name("large.png")
    words = ["upscale", photo, "--scale", SCALE, "--method", method, "--out", target, "--overwrite"]
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", COMMAND, *map(str, words)], cwd=ROOT, capture_output=True, text=True
    )
    seconds = time.perf_counter() - start
    if done.returncode:
        raise RuntimeError(done.stderr)
    return Cost(seconds, int(done.stdout.split()[-1]), target.stat().st_size)


def measure(size: tuple[int, int], methods: tuple[str, ...]) -> dict[str, Cost]:
    """Row -> cost, ``"one pixel"`` first."""
    costs = {}
    with tempfile.TemporaryDirectory() as folder:
        pixel = write(Path(folder) / "pixel.png", Job("", 1, 1, SCALE).image())
        photo = write(Path(folder) / "photo.jpg", Job("", *size, SCALE).image())
        costs["one pixel"] = cost(pixel, methods[-1])
        for method in methods:
            costs[method] = cost(photo, method)
    return costs


def table(size: tuple[int, int], costs: dict[str, Cost]) -> Table:
    width, height = size
    shown = Table("method", title=f"srlib upscale: {width}x{height} x{SCALE}, JPEG to PNG")
    for column in ("time", "peak memory", "result"):
        shown.add_column(column, justify="right")
    for name, each in costs.items():
        shown.add_row(name, f"{each.seconds:.1f} s", megabytes(each.peak), megabytes(each.file))
    if size == LARGE and "srgan" in costs:
        verdict = "below" if costs["srgan"].peak < LIMIT else "NOT below"
        shown.caption = f"srgan: {verdict} the limit of {megabytes(LIMIT)}"
    return shown


def main(size: tuple[int, int] = SIZE, methods: tuple[str, ...] = METHODS) -> None:
    console = Console()
    console.print(machine())
    console.print(table(size, measure(size, methods)))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", nargs=2, type=int, metavar=("WIDTH", "HEIGHT"))
    parser.add_argument("--method", nargs="+", choices=names(SCALE))
    arguments = parser.parse_args()
    size = tuple(arguments.size or SIZE)
    main(size, tuple(arguments.method or (("srgan",) if size == LARGE else METHODS)))
