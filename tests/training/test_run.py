"""The files of a training: taken up again, refused with nothing lost, written on a full disk."""

import hashlib
import io
import os
from pathlib import Path

import pytest
import torch
from torch import nn

from srlib.atomic import sole_use
from srlib.errors import CheckpointError
from srlib.networks import weights
from srlib.networks.weights import read_about
from srlib.training.checkpoint import KINDS, load_state
from srlib.training.history import History, Row
from srlib.training.learners import Supervised
from srlib.training.loop import Plan
from srlib.training.options import SRCNNOptions
from srlib.training.run import check_folder
from tests.helpers.trainings import FILES, files, mse, run, same_curves, snapshot

# resumed


def test_a_history_that_ran_ahead_of_the_checkpoint_is_cut_back(tmp_path):
    run(tmp_path / "short", Plan(steps=20, interval=10))
    state = load_state(tmp_path / "short" / "last.pt")
    ahead = History([Row(*row) for row in state["history"]] + [Row(30, 1.0, 1.0, 1.0, 99.0)])
    ahead.save(tmp_path / "short" / "history.csv")
    run(tmp_path / "short", Plan(steps=20, interval=10), resume=True)
    assert History.load(tmp_path / "short" / "history.csv").column("step") == [10, 20]


def test_what_a_kill_left_half_written_is_removed(tmp_path):
    run(tmp_path, Plan(steps=10, interval=10))
    (tmp_path / ".srlib-0123.part").write_bytes(b"half")
    (tmp_path / "notes.txt").write_text("mine")
    run(tmp_path, Plan(steps=10, interval=10), resume=True)
    assert files(tmp_path) == sorted([*FILES, "notes.txt"])


def test_resuming_what_never_saved_begins_anew(tmp_path):
    assert len(run(tmp_path, Plan(steps=10, interval=10), resume=True)) == 1


# refused, and nothing lost


def test_a_folder_that_holds_a_training_is_not_overwritten(tmp_path):
    run(tmp_path, Plan(steps=10, interval=10))
    before = snapshot(tmp_path)
    with pytest.raises(CheckpointError, match="already holds a training .*--resume"):
        run(tmp_path, Plan(steps=10, interval=10))
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize(
    "changed, message",
    [
        ({"steps": 30}, "steps 20, not 30"),
        ({"seed": 1}, "seed 0, not 1"),
        ({"settings": {"scale": 3}}, "scale 2, not 3"),
        ({"average": 0.9}, "average None, not 0.9"),
    ],
)
def test_resume_with_other_settings(tmp_path, changed, message):
    plan = {"steps": 20, "interval": 10, "settings": {"scale": 2}}
    run(tmp_path, Plan(**plan))
    before = snapshot(tmp_path)
    with pytest.raises(CheckpointError, match=message):
        run(tmp_path, Plan(**plan | changed), resume=True)
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize("lost", [["last.pt"], ["last.pt", "history.csv"]])
def test_weights_without_a_checkpoint_are_not_written_over(tmp_path, lost):
    run(tmp_path, Plan(steps=20, interval=10))
    for name in lost:
        (tmp_path / name).unlink()
    before = snapshot(tmp_path)
    with pytest.raises(CheckpointError, match=r"best.safetensors.* but no last.pt.*--init"):
        run(tmp_path, Plan(steps=20, interval=10), resume=True)
    assert snapshot(tmp_path) == before


def test_a_training_killed_in_its_first_saving_begins_anew(tmp_path):
    run(tmp_path / "whole", Plan(steps=20, interval=10))
    run(tmp_path / "killed", Plan(steps=10, interval=10))
    for name in ("last.pt", "history.csv"):
        (tmp_path / "killed" / name).unlink()
    with pytest.raises(CheckpointError, match="steps 10, not 20"):
        check_folder(tmp_path / "killed", True, {"steps": 20})
    run(tmp_path / "killed", Plan(steps=20, interval=10), resume=True)
    same_curves(tmp_path / "whole", tmp_path / "killed")


def test_the_precision_is_called_as_it_is_asked_for(tmp_path):
    run(tmp_path, Plan(steps=10, interval=10))
    asked = SRCNNOptions(scale=2, steps=10, interval=10, precision="bf16").course
    with pytest.raises(CheckpointError, match="made with precision 'fp32', not 'bf16'"):
        check_folder(tmp_path, True, asked)


def test_a_file_is_no_folder_to_train_into(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(CheckpointError, match="cannot make folder .*a file of that name"):
        check_folder(tmp_path / "file", resume=False)


def test_resume_with_another_model(tmp_path):
    run(tmp_path, Plan(steps=20, interval=10))
    before = snapshot(tmp_path)
    model = nn.Linear(3, 3)
    other = Supervised(model, mse, torch.optim.Adam(model.parameters()))
    with pytest.raises(CheckpointError, match="of another model"):
        run(tmp_path, Plan(steps=20, interval=10), other, resume=True)
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize("damage", ["truncated", "one byte", "empty", "a pickle"])
def test_resume_from_a_damaged_checkpoint(tmp_path, damage):
    run(tmp_path, Plan(steps=20, interval=10))
    path = tmp_path / "last.pt"
    data = bytearray(path.read_bytes())
    if damage == "one byte":
        data[len(data) // 2] ^= 1
    path.write_bytes(
        {"truncated": data[:-100], "one byte": data, "empty": b"", "a pickle": b"\x80\x04N."}[
            damage
        ]
    )
    before = snapshot(tmp_path)
    with pytest.raises(CheckpointError, match="damaged"):
        run(tmp_path, Plan(steps=20, interval=10), resume=True)
    assert snapshot(tmp_path) == before


def changed_states(state: dict) -> dict[str, object]:
    """Name -> what a file may hold whose SHA-256 is right: anything at all."""
    found = {"a list": [1], "nothing": None, "a number": 3, "no state": {}}
    for name in KINDS:
        for other in (None, "x", [[]], {"model": 3}, 10**30):
            found[f"{name} {other!r}"[:40]] = {**state, name: other}
        found[f"without {name}"] = {key: value for key, value in state.items() if key != name}
    model = state["models"]["model"]
    found["a model of strings"] = {**state, "models": {"model": dict.fromkeys(model, "x")}}
    found["an optimizer of nothing"] = {**state, "optimizers": {"optimizer": {}}}
    found["groups of nothing"] = {
        **state,
        "optimizers": {"optimizer": {"state": [], "param_groups": None}},
    }
    found["a short row"] = {**state, "history": [[1, 2.0]]}
    found["a row of strings"] = {**state, "history": [["1", "2", "3", "4", "5", {}]]}
    found["random numbers of another kind"] = {**state, "random": torch.zeros(3)}
    return found


def test_resume_from_anything_whose_digest_is_right(tmp_path):
    run(tmp_path, Plan(steps=20, interval=10))
    path = tmp_path / "last.pt"
    for name, state in changed_states(load_state(path)).items():
        buffer = io.BytesIO()
        torch.save(state, buffer)
        path.write_bytes(hashlib.sha256(buffer.getvalue()).digest() + buffer.getvalue())
        before = snapshot(tmp_path)
        with pytest.raises(CheckpointError) as failure:
            run(tmp_path, Plan(steps=20, interval=10), resume=True)
        assert "\n" not in str(failure.value) and len(str(failure.value)) < 600, name
        assert snapshot(tmp_path) == before, name


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no pipes with names")
def test_resume_from_a_pipe(tmp_path):
    os.mkfifo(tmp_path / "last.pt")
    with pytest.raises(CheckpointError, match="it is a pipe or a device"):
        run(tmp_path, Plan(steps=20, interval=10), resume=True)


def test_another_training_in_the_same_folder(tmp_path):
    with sole_use(tmp_path), pytest.raises(CheckpointError, match="another training is writing"):
        run(tmp_path, Plan(steps=10, interval=10))
    assert files(tmp_path) == []
    run(tmp_path, Plan(steps=10, interval=10))


# other images, or the same ones elsewhere


IMAGES = {"images": 3, "images_sha256": "a" * 64}


@pytest.mark.parametrize(
    "changed, message",
    [
        ({"images_sha256": "b" * 64}, "was made with other images .*wherever they lie now"),
        ({"images": 4, "images_sha256": "b" * 64}, "images 3, not 4.* Give the same .*--init"),
        ({"init": "c"}, r"other weights to begin with \(--init\)"),
        ({"vgg": "c"}, r"other weights of VGG-19 \(--vgg\)"),
    ],
)
def test_resume_with_other_images_or_weights(tmp_path, changed, message):
    settings = {**IMAGES, "init": "i", "vgg": "v"}
    run(tmp_path, Plan(steps=20, interval=10, settings=settings))
    with pytest.raises(CheckpointError, match=message):
        run(tmp_path, Plan(steps=20, interval=10, settings=settings | changed), resume=True)


def test_what_is_not_asked_again_stays(tmp_path):
    """--init may be left out when a training is resumed; old ones know nothing of images."""
    begun = {"scale": 2, "init": "i", "images": 3}
    run(tmp_path, Plan(steps=20, interval=10, settings=begun, facts={"data": "photos"}))
    again = {"scale": 2, **IMAGES}
    run(tmp_path, Plan(steps=20, interval=10, settings=again, facts={"data": "moved"}), resume=True)
    assert read_about(tmp_path)["data"] == "photos"  # nothing was left to do


# a disk that is full


def test_a_full_disk_while_training_keeps_the_last_checkpoint(tmp_path, monkeypatch):
    real = weights.write_whole
    saved = []

    def full(path: Path, data: bytes) -> None:
        saved.append(path.name)
        if saved.count("last.pt") == 2:
            raise OSError(28, "No space left on device")
        real(path, data)

    monkeypatch.setattr(weights, "write_whole", full)
    with pytest.raises(CheckpointError, match="No space left on device"):
        run(tmp_path, Plan(steps=50, interval=10))
    monkeypatch.undo()
    assert load_state(tmp_path / "last.pt")["step"] == 10
    assert run(tmp_path, Plan(steps=50, interval=10), resume=True).column("step")[-1] == 50
    assert files(tmp_path) == FILES


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(CheckpointError, match="cannot make folder"):
        run(tmp_path / "file" / "run", Plan(steps=10))
