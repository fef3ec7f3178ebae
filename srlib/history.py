"""What happened during a training: one row each time it was validated, in memory and on disk."""

import csv
import io
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from srlib.files import write_whole


@dataclass(frozen=True)
class Row:
    """One validation.

    Attributes:
        step: optimiser steps so far.
        seconds: of training and validation so far, over all runs of a training that was resumed.
        learning_rate: of the last step.
        loss: mean over the steps since the row before, of the batch as trained on.
        psnr: in dB, over the validation images.
    """

    step: int
    seconds: float
    learning_rate: float
    loss: float
    psnr: float


class History:
    """The rows of a training, as a list and, after each :meth:`save`, as a CSV file."""

    def __init__(self, rows: list[Row] | None = None) -> None:
        self.rows = list(rows or [])

    def __len__(self) -> int:
        return len(self.rows)

    def column(self, name: str) -> list[float]:
        """All values of one column, such as ``"psnr"``, ready to plot."""
        if name not in COLUMNS:
            raise ValueError(f"a history has the columns {', '.join(COLUMNS)}, not {name!r}")
        return [getattr(row, name) for row in self.rows]

    @property
    def best(self) -> Row:
        """The row of highest PSNR, the first of equals."""
        if not self.rows:
            raise ValueError("an empty history has no best row: train first")
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
        writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(asdict(row) for row in self.rows)
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
            if reader.fieldnames is None or list(reader.fieldnames) != COLUMNS:
                raise ValueError(f"{path} is no history: its columns should be {COLUMNS}")
            return cls([_row(record) for record in reader])


COLUMNS = [field.name for field in fields(Row)]


def _row(record: dict[str, str]) -> Row:
    return Row(int(record["step"]), *(float(record[name]) for name in COLUMNS[1:]))
