"""The stored benchmark: the ten photographs and Set5 at x2, x3, x4, by every method that exists.

    python -m experiments.tables --vgg vgg19.safetensors   # some minutes on one core

writes ``results/benchmark/<set>_x<scale>/``, as ``srlib benchmark --out`` does. Set5's tables are
left as they are unless ``SRLIB_DATA`` holds it.
"""

import argparse
import os
from pathlib import Path

from rich.console import Console

from srlib.benchmarking.compare import benchmark
from srlib.benchmarking.report import as_rich
from srlib.data.test_sets import test_set
from srlib.upscaling.method import names

RESULTS = Path(__file__).parents[1] / "results" / "benchmark"
SETS = ("photographs", "Set5")
SCALES = (2, 3, 4)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--vgg", default="torchvision", help="torchvision, or a .safetensors file")
    parser.add_argument("--repeats", type=int, default=3, help="timed calls of each")
    arguments = parser.parse_args()
    console = Console()
    for name in SETS:
        if name != "photographs" and "SRLIB_DATA" not in os.environ:
            console.print(f"{name} is left as it is: set SRLIB_DATA to a folder that holds it")
            continue
        for scale in SCALES:
            folder = RESULTS / f"{name.lower()}_x{scale}"
            report = benchmark(
                names(scale),
                test_set(name, scale),
                scale,
                out=folder,
                name=name,
                vgg=arguments.vgg,
                repeats=arguments.repeats,
                progress=True,
            )
            console.print(as_rich(report))


if __name__ == "__main__":
    main()
