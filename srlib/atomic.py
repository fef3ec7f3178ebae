"""Files written whole or not at all."""

import contextlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO


@contextlib.contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """A file beside the target to write to; when all went well it takes the target's name.

    So the target is the old file or the new, never half. The data reach the disk before the new
    name does, so this holds for a power cut as well.

    Raises:
        OSError: when it cannot be written, such as on a full disk; the target stays as it was.
    """
    partial = path.parent / f".srlib-{secrets.token_hex(8)}.part"
    try:
        with open(partial, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    finally:  # after Ctrl-C too; when all went well there is nothing left of that name
        with contextlib.suppress(OSError):
            partial.unlink()


def write_whole(path: Path, data: bytes | memoryview) -> None:
    """Write all of the data or nothing, as :func:`whole_file` does."""
    with whole_file(path) as file:
        file.write(data)


def remove_partial(folder: Path) -> None:
    """Remove what :func:`whole_file` leaves in a folder when the process is killed amid it."""
    for partial in folder.glob(".srlib-*.part"):
        partial.unlink(missing_ok=True)
