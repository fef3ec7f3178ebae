"""How do time and memory grow with the image? And what does a plain loop cost?

    python -m experiments.cost                 # inputs up to 256x256, about a minute
    python -m experiments.cost --full          # up to 2048x2048: 67 megapixels; ten minutes
    python -m experiments.cost --full --store  # and writes results/cost.csv

Four methods at x4 on inputs of growing size, each in a fresh process: one call on something small,
so that all it needs is loaded, then calls on the image for about a second (one where it is long),
of which the median counts. Memory is the most that the process holds, all of it, beside what it
held before. The exponent is the slope of log processor time over log pixels: 1 is linear.
"""

import argparse
import json
import math
from collections.abc import Sequence
from pathlib import Path
from statistics import linear_regression

from rich.console import Console
from rich.table import Table

from bench.resize import Job, plain_loop
from bench.ways import in_fresh_process, machine
from srlib.atomic import write_whole
from srlib.benchmarking.cost import memory, take_turns
from srlib.benchmarking.report import as_csv
from srlib.images.resize import imresize
from srlib.upscaling.method import load

RESULT = Path(__file__).parents[1] / "results" / "cost.csv"
COLUMNS = ("method", "lr_width", "lr_height", "seconds", "cpu_seconds", "peak_mb", "before_mb")
SCALE = 4
METHODS = ("bicubic", "srcnn", "srresnet", "srgan")  # srresnet-vgg is as large as these two
SIDES = (64, 128, 256, 512, 1024, 2048)
QUICK = 256  # the largest side without --full
FRAME = (640, 360)  # of a video: becomes 2560x1440
FIT_FROM = 128  # side: below it what each call costs whatever the size bends the line
ENOUGH = 1.0  # seconds: a call that takes longer is made once, a quick one again and again
LOOP_SIDE = 64  # of what the plain loop enlarges

Row = dict[str, str | int | float]


def measure_here(name: str, width: int, height: int) -> Row:
    """One method on one size; for a fresh process."""
    method = load(name, SCALE)
    image = Job("", width, height, 1).image()
    method(image[:64, :64])  # loads all it needs
    before, job = memory("VmRSS"), {name: lambda: method(image)}
    seconds = take_turns(job, 1)[name]
    if seconds.cpu < ENOUGH:
        repeats = min(25, 1 + round(ENOUGH / seconds.cpu))
        seconds = take_turns(job, repeats)[name]
    return {
        "method": name,
        "lr_width": width,
        "lr_height": height,
        "seconds": seconds.wall,
        "cpu_seconds": seconds.cpu,
        "peak_mb": memory("VmHWM") / 1e6,
        "before_mb": before / 1e6,
    }


def measure(sizes: Sequence[tuple[int, int]], console: Console) -> list[Row]:
    """A row for each size and method; the methods take turns."""
    rows = []
    for width, height in sizes:
        for name in METHODS:
            with console.status(f"{name}, {width}x{height}"):
                words = ("--measure", name, str(width), str(height))
                rows.append(in_fresh_process("experiments.cost", *words))
    return rows


def exponent(rows: Sequence[Row], name: str, column: str = "cpu_seconds") -> float | None:
    """Slope of log of a column over log pixels, from FIT_FROM on; None for a single size."""
    points = [
        (math.log(row["lr_width"] * row["lr_height"]), math.log(row[column]))
        for row in rows
        if row["method"] == name and min(row["lr_width"], row["lr_height"]) >= FIT_FROM
    ]
    return linear_regression(*zip(*points, strict=True)).slope if len(points) > 1 else None


def table(rows: Sequence[Row]) -> Table:
    """Sizes down, methods across: time and peak memory; exponents below."""
    methods = list(dict.fromkeys(row["method"] for row in rows))
    shown = Table(
        "input", *methods, title=f"x{SCALE}: processor time, and peak memory of the process"
    )
    sizes = list(dict.fromkeys((row["lr_width"], row["lr_height"]) for row in rows))
    for size in sizes:
        found = {r["method"]: r for r in rows if (r["lr_width"], r["lr_height"]) == size}
        shown.add_row(
            f"{size[0]}x{size[1]}",
            *(f"{found[n]['cpu_seconds']:.3g} s, {found[n]['peak_mb']:.0f} MB" for n in methods),
        )
    slopes = {name: exponent(rows, name) for name in methods}
    shown.add_row(
        "exponent", *("" if slope is None else f"{slope:.2f}" for slope in slopes.values())
    )
    return shown


def loop_ratio() -> tuple[float, float]:
    """Processor seconds of imresize and of the plain loop on one small image; equal results."""
    image = Job("", LOOP_SIDE, LOOP_SIDE, 1).image()
    ways = {"ours": lambda: imresize(image, SCALE), "loop": lambda: plain_loop(image, SCALE)}
    if (ways["ours"]() != ways["loop"]()).any():
        raise AssertionError("imresize and the plain loop differ")
    seconds = take_turns(ways, 3)
    return seconds["ours"].cpu, seconds["loop"].cpu


def main(full: bool = False, store: bool = False) -> None:
    console = Console()
    console.print(machine())
    sides = [side for side in SIDES if full or side <= QUICK]
    rows = measure([*((side, side) for side in sides), FRAME], console)
    console.print(table(rows))
    ours, loop = loop_ratio()
    console.print(
        f"Bicubic x{SCALE} of {LOOP_SIDE}x{LOOP_SIDE}: {1000 * ours:.2f} ms; a plain loop takes "
        f"{loop:.2f} s, {loop / ours:,.0f} times as long"
    )
    if store:
        write_whole(RESULT, as_csv(rows, COLUMNS).encode())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--full", action="store_true", help="up to 2048x2048")
    parser.add_argument("--store", action="store_true", help="write results/cost.csv")
    parser.add_argument("--measure", nargs=3, metavar=("METHOD", "WIDTH", "HEIGHT"))
    arguments = parser.parse_args()
    if arguments.measure:
        name, *size = arguments.measure
        print(json.dumps(measure_here(name, *map(int, size))))
    else:
        main(arguments.full, arguments.store)
