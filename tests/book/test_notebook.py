"""What chapters begin with: the same seeds each time, and stored tables or a reason."""

import importlib.util
import random
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from srlib.book import notebook
from srlib.book.notebook import setup, stored, stored_table


def draws() -> list[float]:
    return [random.random(), np.random.rand(), torch.rand(1).item()]


def test_setup_seeds_everything():
    assert isinstance(setup(seed=3), torch.device)
    first = draws()
    assert draws() != first
    setup(seed=3)
    assert draws() == first
    setup(seed=4)
    assert all(a != b for a, b in zip(draws(), first, strict=True))


def test_stored_results_are_found_in_a_checkout_from_any_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert stored("broken_gan").is_dir()
    rows = stored_table("protocol_set5.csv")
    assert {row["recipe"] for row in rows} and float(rows[0]["psnr"]) > 20
    with pytest.raises(FileNotFoundError, match="nothing.csv.*make results"):
        stored_table("nothing.csv")


@pytest.mark.parametrize("results", ["results", "srlib/results"], ids=["checkout", "installed"])
def test_stored_results_lie_beside_the_library_or_in_it(tmp_path, results):
    """The module in a tree of its own: at the root of a checkout, or within the package."""
    (tmp_path / results / "folder").mkdir(parents=True)
    (tmp_path / results / "table.csv").write_text("a,b\n1,2\n")
    module = tmp_path / "srlib" / "book" / "notebook.py"
    module.parent.mkdir(parents=True)
    shutil.copy(notebook.__file__, module)
    spec = importlib.util.spec_from_file_location("another_notebook", module)
    another = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(another)
    assert another.stored("folder") == tmp_path / results / "folder"
    assert another.stored_table("table.csv") == [{"a": "1", "b": "2"}]
    with pytest.raises(FileNotFoundError, match="missing.csv") as error:
        another.stored("missing.csv")
    for place in (tmp_path / "results", tmp_path / "srlib" / "results"):
        assert str(place) in str(error.value)


def test_this_checkout_has_its_results_at_the_root():
    assert stored("protocol_set5.csv").parent == Path(__file__).parents[2] / "results"
