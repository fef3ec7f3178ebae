"""The recipe of SRResNet: from folders to weights; what it refuses."""

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from srlib.data.dead_leaves import dead_leaves
from srlib.errors import CheckpointError, ImageError, TrainingError
from srlib.images.writing import write
from srlib.networks.srgan import SRResNet
from srlib.networks.weights import load_weights
from srlib.training.checkpoint import load_state
from srlib.training.history import History
from tests.helpers.trainings import FILES, files, resnet, same_bits, snapshot, unplugged


def test_srresnet_trains_and_says_what_it_is(leaves, tmp_path):
    history = resnet(leaves, tmp_path / "run")
    assert files(tmp_path / "run") == FILES
    assert history.column("step") == [2, 4]
    assert History.load(tmp_path / "run" / "history.csv").rows == history.rows
    about = load_weights(tmp_path / "run" / "best.safetensors", SRResNet(2, 1, 4))
    expected = {"model": "srresnet", "scale": 2, "blocks": 1, "channels": 4, "images": 10}
    assert about == about | expected | {"seed": 0, "loss": "mse", "data": leaves.name}
    assert about["psnr"] == history.best.psnr


def test_srresnet_learns(leaves, tmp_path):
    history = resnet(leaves, tmp_path, steps=60, interval=20, channels=8)
    assert history.column("psnr")[-1] > history.column("psnr")[0] + 3
    assert history.column("loss")[-1] < history.column("loss")[0] / 2


def test_srresnet_goes_on_to_the_same_bits(leaves, srresnet_run, tmp_path, monkeypatch):
    with unplugged(monkeypatch):
        resnet(leaves, tmp_path)
    assert load_state(tmp_path / "last.pt")["step"] == 2
    resnet(leaves, tmp_path, resume=True)
    same_bits(load_state(srresnet_run / "last.pt"), load_state(tmp_path / "last.pt"))


def test_srresnet_begins_with_given_weights(leaves, srresnet_run, tmp_path):
    best = srresnet_run / "best.safetensors"
    resnet(leaves, tmp_path / "run", init=best, steps=2, learning_rate=1e-9)
    begin, end = load_file(best), load_file(tmp_path / "run" / "best.safetensors")
    for name in ("head.0.weight", "tail.weight"):
        assert torch.allclose(begin[name], end[name], atol=1e-6)
    for changed, message in (({"scale": 4}, "scale 2, not 4"), ({"blocks": 2}, "blocks 1, not 2")):
        with pytest.raises(CheckpointError, match=message):
            resnet(leaves, tmp_path / "other", init=best, **changed)
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize(
    "changed, message",
    [
        ({"scale": 4}, "scale 2, not 4"),
        ({"channels": 8}, "channels 4, not 8"),
        ({"loss": "l1"}, "loss 'mse', not 'l1'"),
        ({"learning_rate": 1e-3}, "learning_rate 0.002, not 0.001"),
        ({"steps": 6}, "steps 4, not 6"),
    ],
)
def test_srresnet_does_not_go_on_with_other_settings(leaves, srresnet_run, changed, message):
    before = snapshot(srresnet_run)
    with pytest.raises(CheckpointError, match=message):
        resnet(leaves, srresnet_run, resume=True, **changed)
    with pytest.raises(CheckpointError, match="already holds a training"):
        resnet(leaves, srresnet_run)
    assert snapshot(srresnet_run) == before


def test_srresnet_learns_what_vgg_sees(leaves, srresnet_run, random_vgg, tmp_path):
    """Features come nearer, the last weights are kept, BatchNorm keeps its statistics."""
    init = srresnet_run / "best.safetensors"
    seen = {"init": init, "vgg": random_vgg, "loss": "relu1_1", "mesh": 1.0, "pixels": 0.1}
    history = resnet(leaves, tmp_path, steps=40, interval=20, learning_rate=1e-3, **seen)
    assert history.column("loss")[1] < history.column("loss")[0]
    about = load_weights(tmp_path / "best.safetensors", SRResNet(2, 1, 4))
    assert about == about | {"step": 40, "loss": "relu1_1", "mesh": 1.0, "pixels": 0.1}
    before, after = load_file(init), load_file(tmp_path / "best.safetensors")
    running = [name for name in before if "running" in name]
    assert running and all(torch.equal(before[name], after[name]) for name in running)


def test_images_that_are_all_too_small_or_damaged(tmp_path):
    (tmp_path / "small").mkdir()
    for number in range(3):
        write(tmp_path / "small" / f"{number}.png", dead_leaves(100, number)[:95])
    (tmp_path / "small" / "1.png").write_bytes(b"\x89PNG")
    with pytest.raises(ImageError, match="0 image in .*small can be used .*small/0.png' is 100x95"):
        resnet(tmp_path / "small", tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_pairs_that_do_not_belong_together(leaves, tmp_path, shuffled_pairs):
    with pytest.raises(TrainingError, match="do not belong together"):
        resnet(leaves, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_bf16(leaves, tmp_path, any_precision):
    history = resnet(leaves, tmp_path / "run", precision="bf16", steps=2)
    assert np.isfinite(history.column("loss")).all()
    state = load_state(tmp_path / "run" / "last.pt")
    assert state["settings"]["precision"] == "bf16"
    kinds = {each.dtype for each in state["models"]["model"].values()}
    assert kinds == {torch.float32, torch.int64}  # products are short, weights are not
