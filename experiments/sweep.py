"""Between fidelity and looks: SRResNet's and SRGAN's weights, mixed.

    python -m experiments.sweep --vgg vgg19.safetensors    # some minutes on one core

writes ``results/sweep.csv``: for alpha = 0 (SRResNet), 0.1, ... 1 (SRGAN) the mean PSNR and SSIM
under the papers' protocol, the mean VGG distance and the mean NIQE, on the ten photographs and,
where ``SRLIB_DATA`` holds it, on Set5. It takes the shipped networks as they are, so make it again
when they change.
"""

import argparse
import os
from pathlib import Path

from rich.console import Console
from rich.table import Table

from srlib.atomic import write_whole
from srlib.benchmarking.compare import benchmark
from srlib.benchmarking.report import as_csv
from srlib.data.test_sets import test_set

RESULT = Path(__file__).parents[1] / "results" / "sweep.csv"
COLUMNS = ("set", "alpha", "images", "psnr", "ssim", "vgg", "niqe")
ALPHAS = tuple(step / 10 for step in range(11))
SCALE = 4


def sweep(name: str, vgg: str) -> list[dict[str, str | float]]:
    """A row for each alpha on one set."""
    between = {str(alpha): f"srgan@{alpha}" for alpha in ALPHAS}
    images = test_set(name, SCALE)
    report = benchmark(between, images, SCALE, vgg=vgg, repeats=0, progress=True)
    return [{**row, "set": name, "alpha": row["method"]} for row in report.summary]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--vgg", default="torchvision", help="torchvision, or a .safetensors file")
    vgg, console = parser.parse_args().vgg, Console()
    rows = sweep("photographs", vgg)
    if "SRLIB_DATA" in os.environ:
        rows += sweep("Set5", vgg)
    else:
        console.print("Without Set5: set SRLIB_DATA to a folder that holds it")
    write_whole(RESULT, as_csv(rows, COLUMNS).encode())
    shown = Table("set", "alpha", "PSNR", "SSIM", "VGG", "NIQE")
    for row in rows:
        shown.add_row(
            *(row["set"], row["alpha"], f"{row['psnr']:.2f}", f"{row['ssim']:.4f}"),
            *(f"{row['vgg']:.4f}", f"{row['niqe']:.2f}"),
        )
    console.print(shown)


if __name__ == "__main__":
    main()
