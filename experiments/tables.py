"""The stored benchmark: the ten photographs and Set5 at x2, x3, x4, by every method that exists.

    python -m experiments.tables --vgg vgg19.safetensors   # some minutes on one core

writes ``results/benchmark/<set>_x<scale>/``, as ``srlib benchmark --out`` does. Set5's tables are
left as they are unless ``SRLIB_DATA`` holds it. VGG distances by different files of its weights
cannot be compared, so another file than that of the stored tables is refused, unless ``--anew``
says that all are made with it.
"""

import argparse
import json
import os
from pathlib import Path

from rich.console import Console

from srlib.benchmarking.compare import benchmark
from srlib.benchmarking.report import as_rich
from srlib.data.test_sets import test_set
from srlib.networks.vgg import VGGDistance
from srlib.networks.weights import digest_of
from srlib.upscaling.method import names

RESULTS = Path(__file__).parents[1] / "results" / "benchmark"
SETS = ("photographs", "Set5")
SCALES = (2, 3, 4)


def methods(scale: int) -> list[str]:
    """srlib's own, and SRGAN at the strength that keeps most of its looks."""
    return [*names(scale), *(["srgan@0.7"] if "srgan" in names(scale) else [])]


def refuse_other_weights(vgg: str) -> None:
    """Stop before any work where a stored table was made with other weights of VGG-19."""
    digest = digest_of(VGGDistance(vgg))
    for record in RESULTS.glob("*/record.json"):
        made_with = json.loads(record.read_text())["perception"].get("vgg", digest)
        if digest not in made_with:
            raise SystemExit(
                f"{record.parent.name} was made with {made_with}, and {vgg} holds other weights, "
                "whose distances cannot be compared with those: give that file, or --anew to make "
                "all tables with this one"
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--vgg", default="torchvision", help="torchvision, or a .safetensors file")
    parser.add_argument("--repeats", type=int, default=3, help="timed calls of each")
    parser.add_argument("--anew", action="store_true", help="with other weights of VGG-19")
    arguments = parser.parse_args()
    if not arguments.anew:
        refuse_other_weights(arguments.vgg)
    console = Console()
    for name in SETS:
        if name != "photographs" and "SRLIB_DATA" not in os.environ:
            console.print(f"{name} is left as it is: set SRLIB_DATA to a folder that holds it")
            continue
        for scale in SCALES:
            folder = RESULTS / f"{name.lower()}_x{scale}"
            report = benchmark(
                methods(scale),
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
