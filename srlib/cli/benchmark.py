"""``srlib benchmark``: methods against each other, and against yours."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from tyro.conf import arg

from srlib.cli.complaints import DONE, complain, stopping_at_once
from srlib.cli.shared import METHOD, Scale


@dataclass(frozen=True, kw_only=True)
class Benchmark:
    """Compare methods by fidelity, perceptual measures, time, work and memory.

    The table has PSNR and SSIM as papers give them, the distance in VGG-19's features, LPIPS, NIQE,
    seconds, multiplications and memory; networks run in float32. Of a FOLDER's images small
    versions are made as the published ones were. Your own network is held against srlib's by the
    folder of its training, or by its .safetensors file. A method that meets a blank image exactly
    has an infinite PSNR there; in the mean no image counts for more than 58.9 dB, which is what
    rounding to 8 bit allows.

    DIR then holds accuracy.csv, efficiency.csv, summary.csv, record.json and table.md. Stopped
    before that, the same command goes on. Several processes, with GPUs or without them, share the
    images: the last example starts two.

    Examples:
        srlib benchmark --set photographs --scale 4
        srlib benchmark --set Set5 --scale 2 --method srcnn runs/mine --out tables/
        accelerate launch --multi_gpu --num_processes 2 -m srlib benchmark ...

    Attributes:
        set: photographs, the ten that scikit-image carries; Set5, Set14, BSD100 or Urban100, which
            are downloaded if need be; or a folder of images, as ./Set5 is, whatever its name.
        out: Folder for the tables.
        vgg: Weights of VGG-19: a file, or torchvision's, which are a download of 575 MB at the
            first use.
        repeats: Timed calls of each method; 0: neither time nor memory.
    """

    set: Annotated[str, arg(metavar="NAME|FOLDER")]
    scale: Scale
    method: Annotated[
        tuple[str, ...],
        arg(
            metavar="METHOD...",
            help=METHOD,
            help_behavior_hint="(default: srlib's own at this scale)",
        ),
    ] = ()
    out: Annotated[Path | None, arg(metavar="DIR", help_behavior_hint="")] = None
    vgg: Annotated[
        str | None,
        arg(
            metavar="FILE|torchvision",
            help_behavior_hint="(default: torchvision's, if they are in its cache)",
        ),
    ] = None
    repeats: Annotated[int, arg(metavar="N")] = 3

    def run(self) -> int:
        """Measure, print and write the tables; the exit code."""
        with stopping_at_once():
            from rich.console import Console

            from srlib.benchmarking.compare import benchmark
            from srlib.benchmarking.processes import Processes
            from srlib.benchmarking.report import as_rich
            from srlib.data.test_sets import other_meaning, test_set
            from srlib.upscaling.method import METHODS, names

        processes = Processes()
        doubts = [other_meaning(self.set)] + [
            f"{word} is srlib's own here, not the folder of that name: for the folder give "
            f"{os.path.join('.', word)}"
            for word in self.method
            if word in METHODS and os.path.exists(word)
        ]
        for doubt in filter(None, doubts if processes.rank == 0 else []):
            complain(doubt)
        report = benchmark(
            self.method or names(self.scale),
            processes.main_first(lambda: test_set(self.set, self.scale)),
            self.scale,
            out=self.out,
            name=_set_name(self.set),
            vgg=self.vgg,
            repeats=self.repeats,
            progress=True,
        )
        if processes.rank == 0:
            Console().print(as_rich(report))
            if self.out is not None:
                print(f"Wrote the tables into {str(self.out)!r}")
        return DONE


def _set_name(images: str) -> str:
    """What the record calls the set: a folder by its own name, wherever it lies."""
    return Path(images).resolve().name if Path(images).is_dir() else images
