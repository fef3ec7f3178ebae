"""srlib train: options to a recipe, what is said at the end, two processes, what is refused."""

import re
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import torch
from accelerate.state import AcceleratorState

from srlib.cli.commands import TRAIN
from srlib.cli.parsing import parse
from srlib.data.dead_leaves import dead_leaves
from srlib.images.writing import write
from srlib.networks.srcnn import SRCNN
from srlib.networks.weights import load_weights, read_about, save_weights
from srlib.training.checkpoint import load_state
from srlib.training.history import History
from srlib.training.options import SRCNNOptions, SRGANOptions, SRResNetOptions
from srlib.training.srcnn import LumaPatches
from tests.helpers.command import finish, run, start, two_processes
from tests.helpers.trainings import folder_like_div2k, folder_of_leaves


@pytest.fixture(scope="module")
def leaves(tmp_path_factory) -> Path:
    """A folder of 12 images of 96x100 pixels."""
    return folder_of_leaves(tmp_path_factory.mktemp("leaves"))


def command(leaves: Path | str, out: Path, *more: object, scale: int = 2, steps: int = 4) -> list:
    words = ["train", "srcnn", "--scale", scale, "--data", leaves, "--steps", steps, "--out", out]
    small = ["--variant", "9-1-5", "--batch-size", 4, "--interval", 2]
    return [*words, *small, *more]


def weights(folder: Path) -> bytes:
    return (folder / "best.safetensors").read_bytes()


# options


@pytest.mark.parametrize(
    "network, options, more",
    [
        (
            "srcnn",
            SRCNNOptions(
                scale=3,
                steps=7,
                seed=1,
                batch_size=2,
                learning_rate=0.5,
                interval=3,
                precision="bf16",
                variant="9-1-5",
                patience=4,
                loss="rmse",
            ),
            {},
        ),
        ("srcnn", SRCNNOptions(scale=2, steps=7), {"init": Path("run"), "resume": True}),
        (
            "srresnet",
            SRResNetOptions(
                scale=2,
                steps=7,
                blocks=2,
                channels=8,
                loss="relu2_2",
                vgg="x.safetensors",
                mesh=0.5,
                pixels=1e-2,
            ),
            {},
        ),
        (
            "srgan",
            SRGANOptions(steps=7, content="relu5_4", vgg="x", weight=0.1, average=0.9, mesh=1.0),
            {"init": Path("run")},
        ),
    ],
)
def test_words_become_the_options_of_the_recipe(network, options, more):
    words = ["--data", "a", "b", "c", "--out", "out"]
    words += [f"--init={more['init']}"] if "init" in more else []
    words += ["--resume"] if "resume" in more else []
    for name, value in asdict(options).items():
        words += [] if value is None else [f"--{name.replace('_', '-')}", str(value)]
    got = parse(TRAIN.commands[network], f"srlib train {network}", words)
    assert got.options == options and type(got.options) is type(options)
    expected = {"data": ["a", "b", "c"], "out": Path("out"), "init": None, "resume": False, **more}
    assert got.asked() == {"options": options, **expected}


def test_srgan_needs_weights_to_begin_with():
    code, _, err = run("train", "srgan", "--data", "a", "--steps", 4, "--out", "run")
    assert code == 2 and err == (
        "srlib: missing from srlib train srgan: --init RUN|FILE. Try: srlib train srgan --help\n"
    )


@pytest.mark.parametrize(
    "wrong, message",
    [
        (["--scale", "5"], "invalid choice '5' for argument '--scale'"),
        (["--variant", "9-3-5"], "invalid choice '9-3-5' for argument '--variant'"),
        (["--precision", "fp8"], "invalid choice 'fp8' for argument '--precision'"),
        (["--loss", "l1"], "Expected one of ('mse', 'rmse')"),
        (["--learning-rate", "0"], "learning_rate must be above 0"),
        (["--batch-size", "0"], "batch_size must be at least 1"),
        (["--steps", "0"], "steps must be at least 1"),
        (["--patience", "long"], "error parsing --patience"),
        (["--init", "none.safetensors"], "cannot read the weights"),
        (["--data"], "--data stands there twice"),
    ],
)
def test_options_that_make_no_sense(leaves, tmp_path, wrong, message):
    code, _, said = run(*command(leaves, tmp_path / "run", *wrong))
    assert code == 2 and message in said and said.count("\n") == 1, said
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda folder: None, "no image in the folder"),
        (lambda folder: write(folder / "a.png", dead_leaves(100, 0)), "training needs one and"),
        (
            lambda folder: [write(folder / f"{n}.png", dead_leaves(60, n)) for n in range(3)],
            "is 60x60, smaller than a patch of 68x68",
        ),
        (
            lambda folder: [(folder / f"{n}.png").write_bytes(b"\x89PNG") for n in range(3)],
            "is not an image of a format that is read",
        ),
    ],
)
def test_folders_that_cannot_be_trained_on(tmp_path, make, message):
    (tmp_path / "data").mkdir()
    make(tmp_path / "data")
    code, _, said = run(*command(tmp_path / "data", tmp_path / "run"))
    assert code == 2 and message in said and said.count("\n") == 1, said
    assert not (tmp_path / "run").exists()


def test_no_such_folder(tmp_path):
    code, _, said = run(*command(tmp_path / "none", tmp_path / "run"))
    assert code == 2 and "No such file" in said


# trainings


def test_it_trains_and_resumes_and_says_what_came_of_it(leaves, tmp_path):
    code, said, _ = run(*command(leaves, tmp_path / "run"))
    history = History.load(tmp_path / "run" / "history.csv")
    assert code == 0 and history.column("step") == [2, 4]
    best = f"Best: {history.best.psnr:.2f} dB at step {history.best.step}"
    lines = said.splitlines()
    assert lines[0] == f"{best}, in {str(tmp_path / 'run')!r}"
    scores = r"bicubic \d\d\.\d\d dB, srlib's srcnn \d\d\.\d\d dB"
    assert re.fullmatch(f"On the same held-out images: {scores}", lines[1])
    assert lines[2] == f"Next: srlib upscale photo.jpg --scale 2 --method {tmp_path / 'run'}"
    about = load_weights(tmp_path / "run" / "best.safetensors", SRCNN("9-1-5", residual=True))
    for key, value in {"model": "srcnn", "scale": 2, "seed": 0, "images": 10}.items():
        assert about[key] == value
    code, _, said = run(*command(leaves, tmp_path / "run"))
    assert code == 2 and "already holds a training" in said
    code, _, said = run(*command(leaves, tmp_path / "run", "--resume"))
    assert code == 0 and "this training is done: all 4 steps are taken" in said
    assert f"--init {tmp_path / 'run'} --out ANOTHER_FOLDER" in said
    code, _, said = run(*command(leaves, tmp_path / "run", "--resume", scale=3))
    assert code == 2 and "scale 2, not 3" in said


def test_several_folders(leaves, tmp_path):
    """--data A B: each held-out image is in both folders here."""
    words = ["train", "srcnn", "--scale", 2, "--steps", 1, "--data", leaves, leaves, "--out"]
    code, _, said = run(*words, tmp_path / "run", "--batch-size", 2, "--variant", "9-1-5")
    assert code == 0, said
    about = read_about(tmp_path / "run")
    assert about["images"] == 24 - 2 * 3 and about["data"] == f"{leaves.name} {leaves.name}"


def test_a_training_that_ends_in_a_bug_goes_on_to_the_same_weights(leaves, tmp_path, monkeypatch):
    assert run(*command(leaves, tmp_path / "whole"))[0] == 0
    batch = LumaPatches.batch

    def stop(self, step, rank=0, world=1):
        if step == 3:
            raise RuntimeError("pulled the plug")
        return batch(self, step, rank, world)

    monkeypatch.setattr(LumaPatches, "batch", stop)
    code, _, said = run(*command(leaves, tmp_path / "cut"))
    assert code == 70 and "RuntimeError: pulled the plug" in said and "report it" in said
    monkeypatch.undo()
    assert load_state(tmp_path / "cut" / "last.pt")["step"] == 2
    assert run(*command(leaves, tmp_path / "cut", "--resume"))[0] == 0
    assert weights(tmp_path / "cut") == weights(tmp_path / "whole")


def test_seeds(leaves, tmp_path):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        assert run(*command(leaves, tmp_path / name, "--seed", seed, steps=2))[0] == 0
    assert weights(tmp_path / "a") == weights(tmp_path / "b")
    assert weights(tmp_path / "a") != weights(tmp_path / "c")


def test_init(leaves, tmp_path):
    torch.manual_seed(5)
    begun = SRCNN("9-1-5", residual=True)
    save_weights(tmp_path / "x3.safetensors", begun, {"model": "srcnn", "variant": "9-1-5"})
    more = ["--init", tmp_path / "x3.safetensors", "--learning-rate", 1e-9]
    assert run(*command(leaves, tmp_path / "run", *more, steps=2))[0] == 0
    end = SRCNN("9-1-5", residual=True)
    load_weights(tmp_path / "run" / "best.safetensors", end)
    assert torch.allclose(begun.map.weight, end.map.weight, atol=1e-6)
    code, _, said = run(*command(leaves, tmp_path / "other", *more, "--variant", "9-5-5"))
    assert code == 2 and "variant '9-1-5', not '9-5-5'" in said


def test_div2k(tmp_path, monkeypatch):
    """640 of its 800 training images are trained on; here they are tiny."""
    folder_like_div2k(tmp_path, monkeypatch)
    monkeypatch.setattr("srlib.training.srcnn.DOWNSCALES", ())
    code, _, said = run(*command("DIV2K", tmp_path / "run", steps=2))
    assert code == 0, said
    about = read_about(tmp_path / "run")
    assert about["images"] == 640 and about["data"] == "DIV2K"


def test_bf16(leaves, tmp_path):
    AcceleratorState._reset_state(reset_partial_state=True)  # which fixes the precision once
    code, _, said = run(*command(leaves, tmp_path / "run", "--precision", "bf16", steps=2))
    AcceleratorState._reset_state(reset_partial_state=True)
    assert code == 0, said
    assert load_state(tmp_path / "run" / "last.pt")["settings"]["precision"] == "bf16"
    assert np.isfinite(History.load(tmp_path / "run" / "history.csv").column("psnr")).all()


def test_srresnet_and_then_srgan(tmp_path, random_vgg):
    data = tmp_path / "data"
    data.mkdir()
    for seed in range(3):
        write(data / f"{seed}.png", dead_leaves(100, seed))
    resnet, gan = tmp_path / "resnet", tmp_path / "gan"
    small = ["--data", data, "--steps", 2, "--batch-size", 2, "--interval", 2]
    size = ["--scale", 2, "--blocks", 1, "--channels", 4]
    code, said, err = run("train", "srresnet", *small, *size, "--out", resnet)
    best = History.load(resnet / "history.csv").best
    assert code == 0 and said.startswith(f"Best: {best.psnr:.2f} dB at step 2, in "), err
    words = ["train", "srgan", "--init", resnet, *small, "--content", "relu1_1", "--out", gan]
    code, said, err = run(*words, "--vgg", random_vgg)
    last = History.load(gan / "history.csv").rows[-1]
    assert code == 0 and said.startswith(f"{last.psnr:.2f} dB after step 2, in "), err
    code, _, said = run(*words, "--vgg", random_vgg)
    assert code == 2 and "already holds a training" in said and "--resume" in said
    assert run(*words, "--vgg", random_vgg, "--resume")[0] == 0
    code, _, said = run(*words, "--vgg", "none.safetensors")
    assert code == 2 and "cannot read VGG-19's weights from 'none.safetensors'" in said


# two processes


def test_two_processes_learn_what_one_does_and_speak_once(leaves, tmp_path):
    """Each of the two sees two patches a step, the one sees all four."""
    words = command(leaves, tmp_path / "two", steps=6)
    process = start(*words, launch=two_processes(), ACCELERATE_USE_CPU="1")
    assert run(*command(leaves, tmp_path / "one", steps=6))[0] == 0
    code, said, err = finish(process)
    assert code == 0 and said.count("Best: ") == 1, err
    one, two = (History.load(tmp_path / name / "history.csv") for name in ("one", "two"))
    # SOAP's first steps divide gradients that are nearly 0 by themselves, which magnifies rounding.
    assert one.column("loss") == pytest.approx(two.column("loss"), rel=0.01)
    assert load_state(tmp_path / "two" / "last.pt")["settings"]["processes"] == 2
