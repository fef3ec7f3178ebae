"""The recipe of SRCNN: from folders to weights, in one process and in two."""

import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from srlib.data.dead_leaves import dead_leaves
from srlib.errors import CheckpointError, ImageError, TrainingError
from srlib.images.formats import image_folder
from srlib.images.resize import imresize
from srlib.images.writing import write
from srlib.networks import pretrained
from srlib.networks.srcnn import SRCNN
from srlib.networks.weights import load_weights, save_weights
from srlib.training.checkpoint import load_state
from srlib.training.history import History
from srlib.training.learners import Supervised
from srlib.training.loop import Plan, train
from srlib.training.losses import centre_mse
from srlib.training.options import SRCNNOptions
from srlib.training.srcnn import LumaPatches, initialise, train_srcnn
from srlib.training.validation import validation
from tests.helpers.processes import begin_two, end
from tests.helpers.trainings import (
    FILES,
    files,
    folder_of_leaves,
    same_bits,
    snapshot,
    unplugged,
)

SMALL = {"scale": 2, "steps": 4, "variant": "9-1-5", "batch_size": 4, "interval": 2}


@pytest.fixture(scope="module")
def leaves(tmp_path_factory) -> Path:
    return folder_of_leaves(tmp_path_factory.mktemp("leaves"))


def srcnn(
    leaves: Path, out: Path, init: Path | None = None, resume: bool = False, **changed: object
) -> History:
    """Train a small SRCNN with some options changed."""
    options = SRCNNOptions(**SMALL | changed)
    return train_srcnn([leaves], out, options, init=init, resume=resume, progress=False)


# trainings


def test_it_trains_and_says_what_it_is(leaves, tmp_path):
    history = srcnn(leaves, tmp_path / "run")
    assert history.column("step") == [2, 4] and files(tmp_path / "run") == FILES
    about = load_weights(tmp_path / "run", SRCNN("9-1-5", residual=True))
    expected = {"model": "srcnn", "scale": 2, "variant": "9-1-5", "residual": True, "images": 10}
    assert about == about | expected | {"loss": "mse", "seed": 0, "data": leaves.name}
    assert about["psnr"] == history.best.psnr


def test_it_learns(leaves, tmp_path):
    """A hundred small steps already sharpen images of the kind it saw."""
    history = srcnn(leaves, tmp_path / "run", steps=120, interval=60)
    assert list(history.others) == ["bicubic", "srlib's srcnn"]
    assert history.best.psnr > history.others["bicubic"] + 0.3
    assert history.others["srlib's srcnn"] > history.best.psnr


def test_bicubic_and_the_shipped_network_are_scored_on_the_same_images(leaves, tmp_path):
    history = srcnn(leaves, tmp_path / "run", steps=1)
    validate = validation([leaves / "00.png", leaves / "10.png"], 2, channel="Y")
    assert history.others == {
        "bicubic": validate(torch.nn.Identity()),
        "srlib's srcnn": validate(pretrained.load("srcnn", 2)),
    }


def test_it_goes_on_to_the_same_bits(leaves, tmp_path, monkeypatch):
    srcnn(leaves, tmp_path / "whole")
    with unplugged(monkeypatch):
        srcnn(leaves, tmp_path / "cut")
    assert load_state(tmp_path / "cut" / "last.pt")["step"] == 2
    srcnn(leaves, tmp_path / "cut", resume=True)
    same_bits(*(load_state(tmp_path / name / "last.pt") for name in ("whole", "cut")))
    whole, cut = (tmp_path / name / "best.safetensors" for name in ("whole", "cut"))
    assert whole.read_bytes() == cut.read_bytes()


@pytest.mark.parametrize(
    "changed, message",
    [
        ({"scale": 3}, "scale 2, not 3"),
        ({"variant": "9-5-5"}, "variant '9-1-5', not '9-5-5'"),
        ({"loss": "rmse"}, "loss 'mse', not 'rmse'"),
        ({"patience": 3}, "patience None, not 3"),
        ({"steps": 2}, "--steps 1; or begin another training with its weights: --init"),
    ],
)
def test_it_does_not_go_on_with_other_settings(leaves, tmp_path, changed, message):
    srcnn(leaves, tmp_path, steps=1)
    before = snapshot(tmp_path)
    with pytest.raises(CheckpointError, match=message):
        srcnn(leaves, tmp_path, resume=True, **{"steps": 1} | changed)
    with pytest.raises(CheckpointError, match="already holds a training"):
        srcnn(leaves, tmp_path, steps=1)
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize(
    "changed, message",
    [
        ({"interval": 1}, "interval 2, not 1"),
        ({"patience": 3}, "patience None, not 3"),
        ({"seed": 1}, "seed 0, not 1"),
    ],
)
def test_other_settings_are_seen_before_the_images_are_read(tmp_path, leaves, changed, message):
    srcnn(leaves, tmp_path, steps=1)
    with pytest.raises(CheckpointError, match=message):
        srcnn(tmp_path / "no images", tmp_path, resume=True, **{"steps": 1} | changed)


def test_it_begins_with_given_weights_of_any_scale(leaves, tmp_path):
    torch.manual_seed(5)
    start = SRCNN("9-1-5", residual=True)
    x3 = tmp_path / "x3.safetensors"
    save_weights(x3, start, {"model": "srcnn", "variant": "9-1-5", "scale": 3})
    srcnn(leaves, tmp_path / "run", init=x3, steps=2, learning_rate=1e-9)
    end_ = SRCNN("9-1-5", residual=True)
    load_weights(tmp_path / "run", end_)
    assert torch.allclose(start.map.weight, end_.map.weight, atol=1e-6)
    with pytest.raises(CheckpointError, match="variant '9-1-5', not '9-5-5'"):
        srcnn(leaves, tmp_path / "other", init=x3, variant="9-5-5")
    assert not (tmp_path / "other").exists()


def test_it_begins_near_bicubic_with_signals_that_live():
    torch.manual_seed(0)
    model = SRCNN("9-5-5", residual=True)
    initialise(model)
    bicubic = torch.rand(1, 1, 40, 40)
    with torch.no_grad():
        error = (model(bicubic) - bicubic).std()
    assert 1e-3 < float(error) < 0.2


def test_images_smaller_than_a_patch(tmp_path):
    (tmp_path / "data").mkdir()
    for number in range(3):
        write(tmp_path / "data" / f"{number}.png", dead_leaves(60, number))
    with pytest.raises(ImageError, match="is 60x60, smaller than a patch of 68x68"):
        srcnn(tmp_path / "data", tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_pairs_that_do_not_belong_together(leaves, tmp_path, shuffled_pairs):
    with pytest.raises(TrainingError, match="do not belong together"):
        srcnn(leaves, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_bf16(leaves, tmp_path, any_precision):
    history = srcnn(leaves, tmp_path / "run", precision="bf16", steps=2)
    assert load_state(tmp_path / "run" / "last.pt")["settings"]["precision"] == "bf16"
    assert np.isfinite(history.column("psnr")).all()


# two processes


def test_two_processes_learn_what_one_with_the_doubled_batch_learns(leaves, tmp_path):
    """Each of the two sees two patches a step, the one sees all four."""
    processes = begin_two(__name__, leaves, tmp_path / "two", tmp_path / "recipe of two")
    plain_sgd(leaves, tmp_path / "one")
    srcnn(leaves, tmp_path / "recipe of one", steps=6)
    end(processes)
    losses = {
        name: History.load(tmp_path / name / "history.csv").column("loss")
        for name in ("one", "two", "recipe of one", "recipe of two")
    }
    assert losses["one"] == pytest.approx(losses["two"], rel=1e-5)
    assert losses["one"][-1] < 0.9 * losses["one"][0]  # it learned, so gradients counted
    # SOAP's first steps divide gradients that are nearly 0 by themselves, which magnifies rounding.
    assert losses["recipe of one"] == pytest.approx(losses["recipe of two"], rel=0.01)
    assert load_state(tmp_path / "two" / "last.pt")["settings"]["processes"] == 2


def plain_sgd(leaves: Path, out: Path) -> None:
    """SGD, through which rounding errors do not grow, so that curves can be compared closely."""
    torch.manual_seed(0)
    model = SRCNN("9-1-5", residual=True)
    for layer in (model.extract, model.map):
        torch.nn.init.kaiming_normal_(layer.weight)
    learner = Supervised(model, centre_mse, torch.optim.SGD(model.parameters(), lr=3e-3))
    batches = LumaPatches(image_folder(leaves), 2, batch_size=4, seed=0)
    train(learner, batches, lambda model: 0.0, out, Plan(steps=8, interval=2), progress=False)


# batches


def test_batches_have_no_seams(monkeypatch):
    """Bicubic of a patch is that of the same place of the whole image."""
    monkeypatch.setattr("srlib.training.srcnn.DOWNSCALES", ())
    batches = LumaPatches([dead_leaves(128, 1)], 2, batch_size=3, seed=0)
    bicubic, hr = batches.batch(0)
    assert bicubic.shape == hr.shape == (3, 1, 60, 60)
    lr, _ = batches.patches.pairs[0]
    whole = imresize(torch.from_numpy(lr)[None].float() / 255, 2)[0, 0]
    places = whole.unfold(0, 60, 2).unfold(1, 60, 2).reshape(-1, 60, 60)
    for patch in bicubic[:, 0]:
        turned = [t for k in range(4) for t in (patch.rot90(k), patch.rot90(k).T)]
        assert min(float((places - t).abs().amax((1, 2)).min()) for t in turned) < 1e-5


if __name__ == "__main__":
    leaves, out, out_of_recipe = map(Path, sys.argv[1:])
    plain_sgd(leaves, out)
    srcnn(leaves, out_of_recipe, steps=6)
