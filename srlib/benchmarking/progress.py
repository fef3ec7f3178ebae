"""What a benchmark has done so far, kept on disk, so that one that was stopped can go on.

The folder ``unfinished`` holds ``settings.json``, what was asked for, and a file for each image
that is done, with the records of all methods on it. Each file is written whole or not at all, so a
process can be killed at any moment. The folder goes when the tables are written.
"""

import contextlib
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from srlib.atomic import remove_partial, sole_use, write_whole
from srlib.errors import BenchmarkError

UNFINISHED = "unfinished"
SETTINGS = "settings.json"

Record = dict[str, Any]


class Unfinished:
    """The records of one benchmark.

    Args:
        folder: of the benchmark's tables, made if need be; None keeps everything in memory.
    """

    def __init__(self, folder: Path | None) -> None:
        self.folder = None if folder is None else folder / UNFINISHED

    @contextlib.contextmanager
    def kept_by_one(self, main: bool) -> Iterator[None]:
        """Keep other benchmarks out of the folder meanwhile.

        Args:
            main: of the processes of one benchmark the first does it, for all.

        Raises:
            BenchmarkError: when another one works there, or the folder cannot be made.
        """
        with contextlib.ExitStack() as stack:
            if self.folder is not None and main:
                tables = self.folder.parent
                try:
                    tables.mkdir(parents=True, exist_ok=True)
                    alone = stack.enter_context(sole_use(tables))
                    if alone:
                        remove_partial(tables)  # of a process that was killed while it wrote
                except OSError as error:
                    raise BenchmarkError(
                        f"cannot use the folder {tables}: {error.strerror or error}"
                    ) from error
                if not alone:
                    raise BenchmarkError(
                        f"another benchmark is writing into {tables}: wait for its end, or choose "
                        "another folder"
                    )
            yield

    def begin(self, settings: Mapping[str, Any]) -> dict[int, list[Record]]:
        """Make the folder, or take up what is in it: number of each finished image -> its records.

        Raises:
            BenchmarkError: when it was begun with other settings, is damaged, or cannot be made.
        """
        if self.folder is None:
            return {}
        settings = json.loads(json.dumps(settings))  # as they will be read again
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            remove_partial(self.folder)  # of a process that was killed while it wrote
            file = self.folder / SETTINGS
            if file.exists():
                self._compare(json.loads(file.read_bytes()), settings)
            else:
                write_whole(file, json.dumps(settings, indent=1).encode())
            files = sorted(self.folder.glob("[0-9]*.json"))
            return {int(path.stem): json.loads(path.read_bytes()) for path in files}
        except OSError as error:
            raise BenchmarkError(
                f"cannot use the folder {self.folder}: {error.strerror or error}"
            ) from error
        except ValueError as error:  # no JSON, or no text
            raise BenchmarkError(
                f"{self.folder} is damaged ({error}): delete it and begin again"
            ) from error

    def store(self, image: int, records: Sequence[Record]) -> None:
        """Keep the records of an image for good: they are on the disk when this returns.

        Raises:
            BenchmarkError: when they cannot be written; earlier ones stay.
        """
        if self.folder is None:
            return
        path = self.folder / f"{image:05}.json"
        try:
            write_whole(path, json.dumps(records, indent=1).encode())
        except OSError as error:
            raise BenchmarkError(
                f"cannot write {path}: {error.strerror or error}. What was done is kept; make room "
                "and give the same command again"
            ) from error

    def remove(self) -> None:
        """Done: the tables hold everything."""
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _compare(self, begun: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
        differing = [name for name in wanted if begun.get(name) != wanted[name]]
        if differing:
            said = "; ".join(
                f"{name} {_short(begun.get(name))}, not {_short(wanted[name])}"
                for name in differing
            )
            raise BenchmarkError(
                f"{self.folder} holds a benchmark that was begun with {said}. Give the same "
                "settings to go on with it, choose another folder, or delete that one"
            )


def _short(value: Any) -> str:
    """A setting as a person reads it: digests by their first digits."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{name}: {_short(each)}" for name, each in value.items()) + "}"
    return value[:12] if isinstance(value, str) and len(value) == 64 else repr(value)
