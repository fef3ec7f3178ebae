"""What happened during a training: one row each time it was validated, in memory and on disk."""

import csv
import io
from dataclasses import dataclass, field, fields
from importlib.resources import as_file
from pathlib import Path

from srlib.atomic import write_whole
from srlib.errors import ArgumentError
from srlib.networks import pretrained


@dataclass(frozen=True)
class Row:
    """One validation.

    Attributes:
        step: optimiser steps so far.
        seconds: of training and validation so far, over all runs of a training that was resumed.
        learning_rate: of the last step.
        loss: mean over the steps since the row before, of the batch as trained on.
        psnr: in dB, over the validation images.
        terms: what else was reported, such as a GAN's ``d_real``: means since the row before.
    """

    step: int
    seconds: float
    learning_rate: float
    loss: float
    psnr: float
    terms: dict[str, float] = field(default_factory=dict)


class History:
    """The rows of a training, as a list and, after each :meth:`save`, as a CSV file.

    Attributes:
        rows: in the order of their steps.
        others: PSNR in dB of bicubic interpolation and of a shipped network on the same validation
            images, at the end of a recipe; not in the file.
    """

    def __init__(self, rows: list[Row] | None = None) -> None:
        self.rows = list(rows or [])
        self.others: dict[str, float] = {}

    def __len__(self) -> int:
        return len(self.rows)

    def column(self, name: str) -> list[float]:
        """All values of one column, such as ``"psnr"`` or ``"d_real"``, ready to plot."""
        if name not in self.columns:
            columns = ", ".join(self.columns)
            raise ArgumentError(f"this history has the columns {columns}, not {name!r}")
        return [record[name] for record in map(_record, self.rows)]

    @property
    def columns(self) -> list[str]:
        """``step`` to ``psnr``, then the names of the terms."""
        return [*COLUMNS, *(self.rows[0].terms if self.rows else ())]

    @property
    def best(self) -> Row:
        """The row of highest PSNR, the first of equals."""
        if not self.rows:
            raise ArgumentError("an empty history has no best row: train first")
        return max(self.rows, key=lambda row: row.psnr)

    def since_best(self) -> int:
        """Validations since the best one, which early stopping compares with its patience."""
        return len(self.rows) - 1 - self.rows.index(self.best) if self.rows else 0

    def save(self, path: Path) -> None:
        """Write all rows as CSV; the file is the old one or the new one, never half of it.

        Raises:
            OSError: when it cannot be written.
        """
        text = io.StringIO()
        writer = csv.DictWriter(text, self.columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(map(_record, self.rows))
        write_whole(path, text.getvalue().encode())

    @classmethod
    def load(cls, path: Path) -> "History":
        """The rows of a CSV file that :meth:`save` wrote.

        Raises:
            ValueError: when it is another kind of file.
            OSError: when it cannot be read.
        """
        with open(path, newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file)
            if list(reader.fieldnames or [])[: len(COLUMNS)] != COLUMNS:
                raise ArgumentError(
                    f"{path} is no history: its columns should begin with {COLUMNS}"
                )
            return cls([_row(record) for record in reader])


def shipped_history(name: str, scale: int) -> History:
    """Loss and validation PSNR over the training that made a shipped network.

    Where the card's commands change ``--loss``, so does what the losses mean. Args and errors as
    :func:`srlib.networks.pretrained.load`.

    >>> set(map(type, shipped_history("srcnn", 3).column("psnr")))
    {<class 'float'>}
    """
    with as_file(pretrained.file(name, scale, "csv")) as path:
        return History.load(Path(path))


COLUMNS = [each.name for each in fields(Row) if each.name != "terms"]


def _record(row: Row) -> dict[str, float]:
    return {name: getattr(row, name) for name in COLUMNS} | row.terms


def _row(record: dict[str, str]) -> Row:
    terms = {name: float(value) for name, value in record.items() if name not in COLUMNS}
    return Row(int(record["step"]), *(float(record[name]) for name in COLUMNS[1:]), terms)
