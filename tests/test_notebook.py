"""What chapters begin with: the same seeds each time, and stored tables or a reason."""

import random

import numpy as np
import pytest
import torch

from srlib.notebook import setup, stored_table


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


def test_stored_table(tmp_path):
    (tmp_path / "a.csv").write_text("recipe,psnr\nbicubic,28.42\n")
    assert stored_table("a.csv", tmp_path) == [{"recipe": "bicubic", "psnr": "28.42"}]
    with pytest.raises(FileNotFoundError, match="make results"):
        stored_table("b.csv", tmp_path)
