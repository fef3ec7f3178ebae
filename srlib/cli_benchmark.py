"""``srlib benchmark``: methods against each other, and against yours."""

from pathlib import Path
from typing import Annotated

import typer

from srlib.cli_errors import errors_in_one_line


def benchmark(
    images: Annotated[
        str,
        typer.Option("--set", metavar="NAME|FOLDER", show_default=False, help="See below."),
    ],
    scale: Annotated[
        int, typer.Option(metavar="2|3|4", show_default=False, help="The factor to enlarge by.")
    ],
    method: Annotated[
        list[str] | None,
        typer.Option(
            metavar="METHOD...", show_default="srlib's own at this scale", help="See below."
        ),
    ] = None,
    more: Annotated[list[str] | None, typer.Argument(metavar="[METHOD]...", hidden=True)] = None,
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Folder for the tables.")] = None,
    vgg: Annotated[
        str | None,
        typer.Option(
            metavar="FILE|torchvision",
            show_default="torchvision's, if they are in its cache",
            help="VGG-19's weights; torchvision's are a download of 575 MB at the first use.",
        ),
    ] = None,
    repeats: Annotated[
        int, typer.Option(metavar="N", help="Timed calls of each; 0: neither time nor memory.")
    ] = 3,
) -> None:
    """Compare methods: PSNR, SSIM, distance in VGG-19's features, LPIPS, time, work, memory.

    NAME is photographs, the ten that scikit-image carries, or Set5, Set14, BSD100, Urban100, which
    are downloaded if need be. Of a FOLDER's images small versions are made as the published ones
    were.

    METHOD is bicubic, srcnn, srresnet, srgan; the folder of a training, or a .safetensors file of
    one, to hold your own network against them; or package.module:function, any function of a uint8
    image (H, W, 3) and the scale.

    DIR then holds accuracy.csv, efficiency.csv, summary.csv, record.json and table.md. Stopped
    before that, the same command goes on. Several processes, with GPUs or without them, share the
    images: accelerate launch --multi_gpu --num_processes 2 -m srlib benchmark ...

    Examples:

    ```
    srlib benchmark --set photographs --scale 4
    srlib benchmark --set Set5 --scale 2 --method bicubic srcnn runs/mine --out tables/
    ```
    """
    with errors_in_one_line():
        from rich.console import Console

        from srlib.benchmark import compare
        from srlib.methods import shipped
        from srlib.processes import Processes
        from srlib.tables import as_rich
        from srlib.testsets import test_set

        processes = Processes()
        entries = [*(method or []), *(more or [])] or shipped(scale)
        report = compare(
            entries,
            processes.main_first(lambda: test_set(images, scale)),
            scale,
            out=out,
            name=_set_name(images),
            vgg=vgg,
            repeats=repeats,
            progress=True,
        )
        if processes.rank == 0:
            Console().print(as_rich(report))
            if out is not None:
                print(f"Wrote the tables into {str(out)!r}")


def _set_name(images: str) -> str:
    """What the record calls the set: a folder by its own name, wherever it lies."""
    return Path(images).resolve().name if Path(images).is_dir() else images
