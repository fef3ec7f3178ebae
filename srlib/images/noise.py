"""What decoders written in C print on stderr, caught while they work."""

import contextlib
import logging
import os
import re
import sys
import tempfile
import threading
from collections.abc import Iterator

_LOCK = threading.Lock()

# How libtiff and libjpeg begin their lines. What others print meanwhile, a progress bar say, is not
# theirs, and is passed on.
_THEIRS = re.compile(
    rb"^(\w*(TIFF|Tiff|Decode|Setup|Fax|JPEG|LZW|ZIP|PixarLog|LogL)\w*|[^\s:]*\.tiff?|\S+): "
    rb"|^(Corrupt JPEG|Premature end|Invalid|Unsupported|Warning|Inconsistent|Application)"
)


@contextlib.contextmanager
def captured() -> Iterator[list[str]]:
    """Collect such lines; the list is filled when the block ends. tifffile's log is kept quiet."""
    lines: list[str] = []
    log = logging.getLogger("tifffile")
    with _LOCK, tempfile.TemporaryFile() as sink, contextlib.ExitStack() as stack:
        level = log.level
        stack.callback(log.setLevel, level)
        log.setLevel(logging.CRITICAL + 1)
        try:
            if sys.stderr is not None:
                sys.stderr.flush()
            stderr = os.dup(2)
        except (OSError, ValueError):  # closed: then nothing shows anyway
            yield lines
            return
        stack.callback(os.close, stderr)
        os.dup2(sink.fileno(), 2)
        try:
            yield lines
        finally:
            os.dup2(stderr, 2)
            sink.seek(0)
            for line in sink.read().splitlines(keepends=True):
                if _THEIRS.match(line):
                    lines.append(line.decode("utf-8", "replace").strip())
                else:
                    os.write(2, line)
