"""Stored tables, read back."""

import csv
from pathlib import Path


def rows(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file by its line of column names."""
    with path.open(newline="") as file:
        return list(csv.DictReader(file))
