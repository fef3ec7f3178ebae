"""How the command speaks, says what went wrong, and ends."""

import contextlib
import io
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from srlib.errors import Error, is_lack_of_memory

if TYPE_CHECKING:
    from typing import TextIO

# How the command ends: the exit codes.
DONE, SOME_FAILED, NOT_DONE, BUG, STOPPED = 0, 1, 2, 70, 130

REPORT = (
    "this is a bug of srlib, not yours. Please report it: open an issue in srlib's repository, "
    "with the command and all lines above"
)


def say(message: str) -> None:
    """A line on stdout, at once."""
    print(message, flush=True)


def complain(message: str) -> None:
    """An error on stderr, without a traceback."""
    print(f"srlib: {message}", file=sys.stderr, flush=True)


def prepare_streams() -> None:
    """Let no name of a file and no closed stream be the end of the work.

    What a console cannot show is escaped. Where nobody listens any more, as after "| head", the
    work is as good without. A stream that was closed before the start gets a replacement that
    leads nowhere, or the next file that is opened would take its number, and what some library
    prints would end up in that file.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            try:
                os.fstat(number)
            except OSError:
                os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free
            setattr(sys, name, open(os.devnull, "r" if number == 0 else "w"))
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
        if stream is getattr(sys, f"__{name}__"):  # and not a test's
            setattr(sys, name, _Unfailing(stream))


class _Unfailing:
    """A stream that leads nowhere once it cannot be written to; it is said once."""

    def __init__(self, stream: "TextIO") -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> object:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """As of a stream."""
        try:
            return self._stream.write(text)
        except OSError as error:
            self._give_up(error)
            return len(text)

    def flush(self) -> None:
        """As of a stream."""
        try:
            self._stream.flush()
        except OSError as error:
            self._give_up(error)

    def _give_up(self, error: OSError) -> None:
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), self._stream.fileno())
            self._stream.flush()  # what was left of it
        if not isinstance(error, BrokenPipeError) and self is sys.stdout:
            complain(f"cannot write to stdout: {error.strerror}")


@contextlib.contextmanager
def stopping_at_once() -> Iterator[None]:
    """For the time of imports, before anything is begun: Ctrl-C ends the process there and then.

    An exception in the middle of an import leaves modules in pieces, over which others then stumble
    with errors of their own.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # signals are the main thread's
        return
    before = signal.signal(signal.SIGINT, _stop_at_once)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _stop_at_once(*_: object) -> None:
    shown = b"\x1b[?25h\r" if os.isatty(2) else b""  # the cursor, which a spinner had hidden
    with contextlib.suppress(OSError):
        os.write(2, shown + b"srlib: stopped\n")
    os._exit(STOPPED)


def exit_code(work: Callable[[], int], as_json: bool = False) -> int:
    """Do the work of a command, and say in one line why it could not be done.

    One line is for what the user or the machine can mend: ``Error``, ``OSError``, a lack of memory.
    Whatever else is raised is a bug: its traceback is shown, and how to report it.

    Args:
        as_json: whether programs listen: then stdout has the line too, in JSON.
    """
    try:
        return work()
    except KeyboardInterrupt:
        complain("stopped")
        return STOPPED
    except (Error, OSError) as error:
        return _not_done(_in_words(error), as_json)
    except Exception as error:
        if is_lack_of_memory(error):
            return _not_done(
                "out of memory: try smaller images or, in a training, a smaller batch", as_json
            )
        import traceback  # here, as json: what is imported late cannot be in the way of Ctrl-C

        traceback.print_exc()
        complain(REPORT)
        return BUG


def _not_done(why: str, as_json: bool) -> int:
    complain(why)
    if as_json:
        import json

        say(json.dumps({"error": why}))
    return NOT_DONE


def _in_words(error: Error | OSError) -> str:
    """On one line, and of the system's errors what they say without their number."""
    if isinstance(error, OSError) and not isinstance(error, Error) and error.strerror:
        file = "" if error.filename is None else f"cannot use {str(error.filename)!r}: "
        return f"{file}{error.strerror}"
    return " ".join(str(error).splitlines())
