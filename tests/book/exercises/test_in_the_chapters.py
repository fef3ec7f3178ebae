"""The chapters hold their exercises to the checks: begun with one, solved by one that passes."""

import re
from pathlib import Path

import nbformat
import pytest

from srlib.book import exercises

CHAPTERS = sorted((Path(__file__).parents[3] / "book").glob("0*.ipynb"))


def gated(notebook, kind):
    """Label of each exercise (or solution) with code -> its code cells."""
    found, label = {}, None
    for cell in notebook.cells:
        if cell.cell_type == "code":
            if label:
                found[label].append(cell)
            continue
        for mark in re.finditer(rf"\{{{kind}-(start|end)\}}(.*)\n(?::label: (\S+))?", cell.source):
            label = None
            if mark[1] == "start":
                label = mark[3] or mark[2].strip()
                found[label] = []
    return found


def checks(cells):
    return set(re.findall(r"exercises\.(check_\w+)", "\n".join(cell.source for cell in cells)))


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_each_exercise_with_code_ends_in_its_check_and_the_solution_passes_it(path):
    notebook = nbformat.read(path, as_version=4)
    begun, solved = (gated(notebook, kind) for kind in ("exercise", "solution"))
    assert len(begun) >= 3
    for label, cells in begun.items():
        assert cells[-1].source.splitlines()[-1].startswith("exercises.check_"), label
        said = "".join(output.text for output in cells[-1].outputs)
        assert all(line.startswith("not yet: ") for line in said.splitlines()), f"{label}: {said}"
        asserted = "\n".join(cell.source for cell in solved[label])
        for name in checks(cells):
            assert f"assert exercises.{name}(" in asserted, f"{label}: {name}"


def test_the_book_uses_every_check():
    used = set()
    for path in CHAPTERS:
        used |= checks(nbformat.read(path, as_version=4).cells)
    assert used == set(exercises.__all__) - {"Verdict"}
