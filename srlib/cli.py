"""The ``srlib`` command: one function a subcommand, each a thin layer over the library.

torch takes seconds to import, so the library is imported inside the subcommands: ``srlib --help``
answers at once.
"""

import sys
from pathlib import Path
from typing import Annotated

import typer

from srlib import __version__
from srlib.cli_benchmark import benchmark
from srlib.cli_errors import complain, errors_in_one_line
from srlib.cli_train import train

# Wrong usage, such as an option that does not exist. The class is click's, of which typer may bring
# a copy of its own.
UsageError = typer.BadParameter.__base__

app = typer.Typer(
    name="srlib",
    help="Single-image super-resolution.",
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(train, name="train", no_args_is_help=True)
app.command()(benchmark)


def main(arguments: list[str] | None = None) -> None:
    """Run the command and exit: 0 done, 1 done in part, 2 not done, 130 stopped by Ctrl-C."""
    try:
        words = sys.argv[1:] if arguments is None else arguments
        code = app(words or ["--help"], prog_name="srlib", standalone_mode=False)
    except UsageError as error:
        message = error.format_message().rstrip(".")
        if message:  # none when a command without words has just printed its help
            complain(f"{message}. Try: srlib --help")
        code = 2
    sys.exit(code)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"srlib {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """Single-image super-resolution: enlarge photographs, train networks, fetch benchmark sets."""


@app.command()
def upscale(
    inputs: Annotated[
        list[Path],
        typer.Argument(metavar="INPUT", show_default=False, help="Image files or folders."),
    ],
    scale: Annotated[
        int, typer.Option(metavar="2|3|4", show_default=False, help="Enlarge by this factor.")
    ],
    out: Annotated[
        Path,
        typer.Option(metavar="PATH", show_default=False, help="A file for one image, or a folder."),
    ],
    method: Annotated[
        str, typer.Option(metavar="bicubic|srcnn|srresnet|srgan", help="See below.")
    ] = "bicubic",
) -> None:
    """Enlarge images: PNG, JPEG, WebP, TIFF or BMP.

    With one file as INPUT and a PATH that ends like an image, the result is that file. Otherwise
    PATH is a folder, made if need be, and cat.webp becomes PATH/cat.png. Inputs are never
    replaced. A file that cannot be used does not stop the others.

    METHOD: bicubic is MATLAB's imresize; srcnn and srresnet (x4) are networks that come nearer to
    the truth; srgan (x4) looks sharpest, and invents detail that was never there.

    Examples:

    ```
    srlib upscale photo.jpg --scale 2 --out photo_x2.png
    srlib upscale holiday/ more/cat.webp --scale 4 --out enlarged/
    ```
    """
    with errors_in_one_line():
        from srlib.upscale import UpscaleError, upscale_file, upscale_files

        try:
            if _is_one_file(inputs, out):
                written = [upscale_file(inputs[0], out, scale, method)]
            else:
                written = upscale_files(inputs, out, scale, method, progress=True)
        except UpscaleError as error:
            complain(str(error))
            raise typer.Exit(1 if error.written else 2) from error
        if len(written) == 1:
            print(f"Wrote {str(written[0])!r}")
        else:
            print(f"Wrote {len(written)} images into {str(out)!r}")


def _is_one_file(inputs: list[Path], out: Path) -> bool:
    """Whether ``out`` names the one file to write, rather than a folder."""
    from srlib.images import SUFFIXES, ImageError

    if out.is_dir() or out.suffix.lower() not in SUFFIXES:
        return False
    if len(inputs) > 1 or inputs[0].is_dir():
        raise ImageError(f"several images need a folder to go to, but --out {str(out)!r} is a file")
    return True


@app.command()
def download(
    name: Annotated[str, typer.Argument(metavar="NAME", show_default=False, help="See below.")],
) -> None:
    """Fetch a data set into the cache, check it, and say where it is.

    NAME is Set5, Set14, BSD100, Urban100, or a part of DIV2K: DIV2K_train_HR (3.5 GB),
    DIV2K_valid_HR (0.4 GB), DIV2K_train_LR_bicubic_X2, _X3, _X4, DIV2K_valid_LR_bicubic_X2, ...
    What is already there, or under $SRLIB_DATA, is not fetched again.

    Examples:

    ```
    srlib download Set5
    srlib download DIV2K_valid_HR
    ```
    """
    with errors_in_one_line():
        from srlib import datasets

        print(datasets.download(name))
