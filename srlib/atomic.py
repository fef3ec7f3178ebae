"""Files written whole or not at all, and folders that one process at a time works in."""

import contextlib
import errno
import os
import secrets
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO


@contextlib.contextmanager
def whole_file(path: Path, replace: bool = True) -> Iterator[BinaryIO]:
    """A file beside the target to write to; when all went well it takes the target's name.

    So the target is the old file or the new, never half. The data reach the disk before the new
    name does, so this holds for a power cut as well.

    Args:
        replace: whether a file of that name may be replaced. If not, of several processes that
            write it at the same time one succeeds, and the others fail.

    Raises:
        FileExistsError: when there is such a file and it may not be replaced.
        OSError: when it cannot be written, such as on a full disk; the target stays as it was.
    """
    partial = path.parent / f".srlib-{secrets.token_hex(8)}.part"
    try:
        with open(partial, "wb") as file:
            _mark_in_use(file)
            yield file
            file.flush()
            os.fsync(file.fileno())
            if os.name != "nt":  # while it is still marked as in use; Windows renames no open file
                _publish(partial, path, replace)
        if os.name == "nt":
            _publish(partial, path, replace)
    finally:  # after Ctrl-C too; when all went well there is nothing left of that name
        with contextlib.suppress(OSError):
            partial.unlink()


def _publish(partial: Path, path: Path, replace: bool) -> None:
    """Give the file its name, which no file may have yet unless that may be replaced."""
    if replace:
        os.replace(partial, path)
        return
    try:
        os.link(partial, path)
    except FileExistsError:
        raise
    except OSError:  # a disk without links, such as a memory card: nearly as good
        if os.path.lexists(path):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path)) from None
        os.replace(partial, path)


def _mark_in_use(file: BinaryIO) -> None:
    """As long as it is open in a process that lives, :func:`remove_partial` leaves it alone."""
    try:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except (ImportError, OSError):  # Windows removes no open file anyway; some disks have no locks
        pass


def write_whole(path: Path, data: bytes | memoryview) -> None:
    """Write all of the data or nothing, as :func:`whole_file` does."""
    with whole_file(path) as file:
        file.write(data)


def remove_partial(folder: Path) -> list[Path]:
    """Remove what :func:`whole_file` leaves in a folder when the process is killed amid it.

    What another process is writing stays.

    Returns:
        what was removed.
    """
    removed = []
    for partial in folder.glob(".srlib-*.part"):
        with contextlib.suppress(OSError):  # in use on Windows, or gone by now
            if not _is_in_use(partial):
                partial.unlink()
                removed.append(partial)
    return removed


def _is_in_use(partial: Path) -> bool:
    try:
        import fcntl
    except ImportError:  # Windows removes no open file
        return False
    with open(partial, "rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except OSError:  # a disk without locks: better a file too many
            return True
    return False


@contextlib.contextmanager
def sole_use(folder: Path, *, wait: bool = False) -> Iterator[bool]:
    """Keep other processes that ask for the same folder out of it while this one works there.

    It is the system's lock on the folder itself: it leaves no file behind and ends with the process
    however that ends. Windows locks a file in the folder instead.

    Args:
        folder: must exist.
        wait: for the other to end, rather than going on without the folder.

    Yields:
        whether it could be had; also True where the system or the disk has no such locks.
    """
    with contextlib.ExitStack() as stack:
        yield _locked(folder, wait, stack)


def _locked(folder: Path, wait: bool, stack: contextlib.ExitStack) -> bool:
    try:
        import fcntl
    except ImportError:  # Windows
        return _locked_by_file(folder / ".srlib-lock", wait, stack)
    handle = os.open(folder, os.O_RDONLY)
    stack.callback(os.close, handle)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # some network disks
        return True
    return True


def _locked_by_file(path: Path, wait: bool, stack: contextlib.ExitStack) -> bool:
    """On Windows, where an open file cannot be removed: who can remove it holds the folder."""
    while True:
        try:
            path.unlink(missing_ok=True)
            file = open(path, "xb")
        except OSError:  # it is open in another process
            if not wait:
                return False
            time.sleep(0.5)
            continue
        stack.callback(path.unlink, missing_ok=True)
        stack.callback(file.close)
        return True
