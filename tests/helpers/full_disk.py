"""A disk that fills, played by the limit that the system puts on the size of a process's files."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest


@contextmanager
def files_no_larger_than(size: int) -> Iterator[None]:
    """Writing a file beyond ``size`` bytes raises OSError.

    Only around the call that should fail: the limit also holds for what pytest prints, if that goes
    to a file, and pytest stops for good when it cannot print.
    """
    resource = pytest.importorskip("resource", reason="Windows has no such limit")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
