"""What all tables of speed share: turns, medians, shares, and ways that do not exist."""

import io
import time

import pytest
import torch
from rich.console import Console
from rich.table import Table

from bench import ways
from bench.ways import Unavailable, Way


def waits(seconds: float):
    def run(data: torch.Tensor) -> torch.Tensor:
        time.sleep(seconds)
        return data * seconds

    return lambda: run


def missing():
    raise Unavailable("not today")


def text(table: Table) -> str:
    console = Console(width=100, file=io.StringIO())
    console.print(table)
    return console.file.getvalue()


def test_the_table(monkeypatch):
    monkeypatch.setattr(ways, "PRODUCT_SIDE", 64)
    three = [Way("slow", waits(0.08)), Way("fast", waits(0.02)), Way("none", missing)]
    said = text(
        ways.table(
            "a job",
            three,
            torch.ones(2),
            work=8e7,
            rounds=3,
            more={"sum": lambda name, results: f"{results[name].sum():.2f}"},
        )
    )
    rows = {name: said.split(name)[1].splitlines()[0].split("│") for name in ("slow", "fast")}
    assert rows["slow"][2].strip() == "1.00" and rows["slow"][5].strip() == "0.16"
    assert 0.2 < float(rows["fast"][2]) < 0.5 and rows["fast"][5].strip() == "0.04"
    assert 0.5 < float(rows["slow"][3]) <= 1 < float(rows["fast"][3])  # GFLOP/s
    assert "none: not today" in said and "a matrix product in bfloat16" in said


def test_a_compiler_that_fails_is_a_reason():
    with (
        pytest.raises(Unavailable, match="C\\+\\+ compiler"),
        torch._dynamo.config.patch(suppress_errors=False),
    ):
        ways.compiled(torch.nn.Linear(3, 3), torch.zeros(1, 4))


def test_memory_in_words():
    assert (ways.megabytes(12_300_000), ways.megabytes(None)) == ("12 MB", "unknown")
