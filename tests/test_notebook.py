"""What chapters begin with: the same seeds each time, and stored tables or a reason."""

import random

import numpy as np
import pytest
import torch

from srlib.notebook import setup, stored, stored_table


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
