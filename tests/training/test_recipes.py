"""srlib.train: the recipes by name, what they leave, and what is refused at the door."""

from pathlib import Path

import numpy as np
import pytest

import srlib
from srlib.data.dead_leaves import dead_leaves
from srlib.errors import ArgumentError
from srlib.training.history import History
from tests.helpers.trainings import FILES, GAN, RESNET, files

SRCNN = {"scale": 2, "variant": "9-1-5", "batch_size": 4}


@pytest.mark.parametrize("network", ["srcnn", "srresnet", "srgan"])
def test_what_is_trained_is_a_method(
    network, leaves, srresnet_run, random_vgg, small_discriminator, tmp_path
):
    options = {
        "srcnn": SRCNN,
        "srresnet": RESNET,
        "srgan": GAN | {"vgg": random_vgg, "init": str(srresnet_run)},
    }[network] | {"steps": 2, "interval": 2}
    out = tmp_path / "runs" / network
    history = srlib.train(network, leaves, out, progress=False, **options)
    assert isinstance(history, History) and history.column("step") == [2]
    assert files(out) == FILES
    lr = dead_leaves(40, 7)[:, :30]
    method = srlib.load(out, 2)
    sr = method(lr)
    assert sr.shape == (80, 60, 3) and sr.dtype == np.uint8 and sr.std() > 10
    assert np.array_equal(sr, srlib.load(out / "best.safetensors", 2)(lr))
    with pytest.raises(ArgumentError, match="enlarges by 2, not by 4"):
        srlib.load(out, 4)


def test_folders_in_a_list_strings_and_resume(leaves, tmp_path):
    out = str(tmp_path / "run")
    history = srlib.train("srcnn", [str(leaves)], out, progress=False, steps=1, **SRCNN)
    again = srlib.train("srcnn", leaves, out, resume=True, progress=False, steps=1, **SRCNN)
    assert again.rows == history.rows


STEPS = "steps, seed, batch_size, learning_rate, interval, precision"


@pytest.mark.parametrize(
    "network, options, message",
    [
        ("edsr", {"steps": 1}, "no recipe 'edsr': choose srcnn, srresnet, srgan"),
        (
            "srcnn",
            {"steps": 1, "scale": 2, "blocks": 3, "vgg": "x"},
            f"srcnn has no option blocks, vgg: it has {STEPS}, scale, variant, patience, loss",
        ),
        (
            "srgan",
            {"steps": 1, "init": "run", "scale": 2},
            f"srgan has no option scale: it has {STEPS}, content, vgg, weight, average, mesh, "
            "pixels",
        ),
        ("srcnn", {}, "srcnn needs steps and scale: give steps=..., scale=..."),
        ("srresnet", {"scale": 2}, "srresnet needs steps: give steps=..."),
        (
            "srgan",
            {"steps": 1},
            "srgan begins with a trained SRResNet: give its run or weights as init, such as "
            "init='runs/srresnet'",
        ),
        ("srcnn", {"steps": 1, "scale": 5}, "scale must be 2, 3 or 4, not 5"),
        ("srresnet", {"steps": "4"}, "steps must be a whole number, not '4'"),
    ],
)
def test_what_is_refused(network, options, message, tmp_path):
    with pytest.raises(ArgumentError) as caught:
        srlib.train(network, tmp_path, tmp_path / "run", progress=False, **options)
    assert str(caught.value) == message
    assert not (tmp_path / "run").exists()


def test_no_data(tmp_path):
    with pytest.raises(ArgumentError, match="no data to train on"):
        srlib.train("srcnn", [], tmp_path / "run", steps=1, scale=2)
    with pytest.raises(srlib.Error, match="cannot list the folder"):
        srlib.train("srcnn", Path("no such folder"), tmp_path / "run", steps=1, scale=2)
    assert not (tmp_path / "run").exists()
