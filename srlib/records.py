"""What a benchmark has done so far, kept on disk, so that one that was stopped can go on.

The folder ``unfinished`` holds ``settings.json``, what was asked for, and for each process a file
``records-<process>.jsonl`` to which it adds a line for each image and method. A line counts once it
is whole, so a process can be killed at any moment. The folder goes when the tables are written.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from srlib.files import write_whole

UNFINISHED = "unfinished"
SETTINGS = "settings.json"

Record = dict[str, Any]


class BenchmarkError(RuntimeError):
    """A benchmark that cannot begin or go on; says why and what to do."""


class Unfinished:
    """The records of one benchmark.

    Args:
        folder: of the benchmark's tables, made if need be; None keeps everything in memory.
        process: number of this process; each writes into a file of its own.
    """

    def __init__(self, folder: Path | None, process: int = 0) -> None:
        self.folder = None if folder is None else folder / UNFINISHED
        self.process = process

    def begin(self, settings: Mapping[str, Any]) -> list[Record]:
        """Make the folder, or take up what is in it: the records of all processes so far.

        Raises:
            BenchmarkError: when it was begun with other settings, is damaged, or cannot be made.
        """
        if self.folder is None:
            return []
        settings = json.loads(json.dumps(settings))  # as they will be read again
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            file = self.folder / SETTINGS
            if file.exists():
                self._compare(json.loads(file.read_bytes()), settings)
            else:
                write_whole(file, json.dumps(settings, indent=1).encode())
            return [record for path in self._files() for record in self._read(path)]
        except OSError as error:
            raise BenchmarkError(f"cannot use the folder {self.folder}: {error}") from error
        except json.JSONDecodeError as error:
            raise BenchmarkError(
                f"{self.folder} is damaged ({error}): delete it and begin again"
            ) from error

    def append(self, records: Iterable[Record]) -> None:
        """Add records for good: they are on the disk when this returns.

        Raises:
            BenchmarkError: when they cannot be written; earlier ones stay.
        """
        if self.folder is None:
            return
        lines = "".join(json.dumps(record) + "\n" for record in records).encode()
        path = self.folder / f"records-{self.process}.jsonl"
        try:
            with open(path, "ab") as file:
                whole = path.read_bytes().rfind(b"\n") + 1
                file.truncate(whole)  # a line that was cut off by the end of an earlier process
                file.write(lines)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise BenchmarkError(
                f"cannot write {path}: {error.strerror or error}. What was done is kept; make room "
                "and give the same command again"
            ) from error

    def remove(self) -> None:
        """Done: the tables hold everything."""
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _files(self) -> list[Path]:
        return sorted(self.folder.glob("records-*.jsonl"))

    @staticmethod
    def _read(path: Path) -> list[Record]:
        data = path.read_bytes()
        return [json.loads(line) for line in data[: data.rfind(b"\n") + 1].splitlines()]

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


def digest(arrays: Iterable[tuple[str, np.ndarray]]) -> str:
    """SHA-256 of named arrays: of their names, shapes, types and values."""
    found = hashlib.sha256()
    for name, array in arrays:
        found.update(f"{name} {array.shape} {array.dtype}\n".encode())
        found.update(np.ascontiguousarray(array).data)
    return found.hexdigest()


def digest_of(network: nn.Module) -> str:
    """:func:`digest` of a network's weights, wherever they were read from."""
    state = network.state_dict().items()
    return digest((name, value.detach().cpu().numpy()) for name, value in state)
