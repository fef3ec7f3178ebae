"""The ``srlib`` command: one function a subcommand, each a thin layer over the library.

torch takes seconds to import, so the library is imported inside the subcommands: ``srlib --help``
answers at once.
"""

import sys
from typing import Annotated

import typer

from srlib import __version__
from srlib.cli_benchmark import benchmark
from srlib.cli_errors import complain, errors_in_one_line
from srlib.cli_train import train
from srlib.cli_upscale import upscale

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
app.command()(upscale)
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
