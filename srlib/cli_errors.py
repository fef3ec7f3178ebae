"""How the command says what went wrong: one line, no traceback."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import typer


def complain(message: str) -> None:
    """An error on stderr, without a traceback."""
    print(f"srlib: {message}", file=sys.stderr)


@contextmanager
def errors_in_one_line() -> Iterator[None]:
    """Turn what the library raises for bad input or a full disk into a line and exit code 2."""
    try:
        yield
    except typer.Exit:
        raise
    except MemoryError as error:
        complain("out of memory: try smaller images")
        raise typer.Exit(2) from error
    except (ValueError, RuntimeError, OSError) as error:
        complain(" ".join(str(error).splitlines()))
        raise typer.Exit(2) from error
