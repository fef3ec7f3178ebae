"""The state of a training in a file: whole or refused, and never code."""

import os

import pytest
import torch

from srlib.errors import CheckpointError
from srlib.training.checkpoint import check_settings, load_state, save_state
from tests.helpers.full_disk import files_no_larger_than
from tests.helpers.trainings import same_bits, snapshot

STATE = {
    "step": 20,
    "settings": {"scale": 2, "average": None},
    "history": [[10, 0.5, {"d_real": 0.25}]],
    "models": {"model": {"weight": torch.rand(40, 40)}},
}


def test_what_was_saved_comes_back(tmp_path):
    save_state(tmp_path / "last.pt", STATE)
    found = load_state(tmp_path / "last.pt")
    same_bits(STATE, found)
    assert found["history"] == STATE["history"]


@pytest.mark.parametrize("at", range(0, 6000, 500))
def test_a_byte_that_changed_is_seen_wherever_it_is(tmp_path, at):
    save_state(tmp_path / "last.pt", STATE)
    data = bytearray((tmp_path / "last.pt").read_bytes())
    data[at] ^= 1
    (tmp_path / "last.pt").write_bytes(data)
    with pytest.raises(CheckpointError, match="damaged"):
        load_state(tmp_path / "last.pt")


def test_other_settings():
    check_settings("last.pt", {"scale": 2, "steps": 9}, {"scale": 2})
    message = "last.pt was made with scale 2, not 3; loss None, not 'l1'. Give the same settings"
    with pytest.raises(CheckpointError, match=message):
        check_settings("last.pt", {"scale": 2}, {"scale": 3, "loss": "l1"})


def test_a_checkpoint_runs_no_code(tmp_path):
    class Evil:
        def __reduce__(self):
            return os.system, ("touch " + str(tmp_path / "ran"),)

    save_state(tmp_path / "last.pt", {"step": Evil()})
    with pytest.raises(CheckpointError, match="damaged"):
        load_state(tmp_path / "last.pt")
    assert not (tmp_path / "ran").exists()


def test_a_full_disk(tmp_path):
    save_state(tmp_path / "last.pt", STATE)
    before = snapshot(tmp_path)
    message = "cannot save .*last.pt.*still whole"
    with files_no_larger_than(1000), pytest.raises(CheckpointError, match=message):
        save_state(tmp_path / "last.pt", STATE)
    assert snapshot(tmp_path) == before


def test_a_missing_file(tmp_path):
    with pytest.raises(CheckpointError, match="cannot read the checkpoint"):
        load_state(tmp_path / "none")
