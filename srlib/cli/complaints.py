"""How the command says what went wrong, and how it ends."""

import sys
import traceback
from collections.abc import Callable

from srlib.errors import Error

# How the command ends: the exit codes.
DONE, SOME_FAILED, NOT_DONE, BUG, STOPPED = 0, 1, 2, 70, 130

REPORT = (
    "this is a bug of srlib, not yours. Please report it: open an issue in srlib's repository, "
    "with the command and all lines above"
)


def complain(message: str) -> None:
    """An error on stderr, without a traceback."""
    print(f"srlib: {message}", file=sys.stderr)


def exit_code(work: Callable[[], int]) -> int:
    """Do the work of a command, and say in one line why it could not be done.

    One line is for what the user or the machine can mend: ``Error``, ``OSError``, a lack of memory.
    Whatever else is raised is a bug: its traceback is shown, and how to report it.
    """
    try:
        return work()
    except KeyboardInterrupt:
        complain("stopped")
        return STOPPED
    except (Error, OSError) as error:
        complain(" ".join(str(error).splitlines()))
        return NOT_DONE
    except Exception as error:
        if _is_lack_of_memory(error):
            complain("out of memory: try smaller images or, in a training, a smaller batch")
            return NOT_DONE
        traceback.print_exc()
        complain(REPORT)
        return BUG


def _is_lack_of_memory(error: Exception) -> bool:
    """Of Python, or of a GPU; torch, whose error that is, need not be imported to see it."""
    return isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError"
