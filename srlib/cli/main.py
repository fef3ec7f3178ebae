"""The ``srlib`` command. Its subcommands are in :mod:`srlib.cli.commands`."""

import signal
import sys

from srlib.cli.complaints import exit_code, prepare_streams, stopping_at_once


def main(arguments: list[str] | None = None) -> None:
    """Run the command and exit: 0 done, 1 done in part, 2 not done, 130 stopped, 70 a bug."""
    words = sys.argv[1:] if arguments is None else arguments
    prepare_streams()
    code = exit_code(lambda: _run(words), as_json="--json" in words)
    if arguments is None:  # all is said and done, and Python's own end is not to change the code
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.exit(code)


def _run(words: list[str]) -> int:
    # Here, since it takes a third of a second, and Ctrl-C is to be answered from the start.
    with stopping_at_once():
        from srlib.cli.commands import run

    return run(words)
