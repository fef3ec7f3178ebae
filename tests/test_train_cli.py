"""srlib train srcnn: from folders and from DIV2K, in one process and in two; what it refuses."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from accelerate.state import AcceleratorState
from typer.testing import CliRunner

from srlib import recipes
from srlib.checkpoint import load_state, load_weights, save_weights
from srlib.cli import app
from srlib.datasets import dead_leaves
from srlib.history import History
from srlib.images import image_folder, write
from srlib.metrics import Protocol, psnr
from srlib.models.srcnn import SRCNN
from srlib.recipes import LumaPatches, check_pairs, split
from srlib.resize import imresize
from srlib.training import Plan, Supervised, TrainingError, train

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def leaves(tmp_path_factory) -> Path:
    """A folder of 12 images of 96x100 pixels."""
    folder = tmp_path_factory.mktemp("leaves")
    for seed in range(12):
        write(folder / f"{seed:02}.png", dead_leaves(100, seed)[:96])
    return folder


def command(leaves: Path, out: Path, *more: object, scale: int = 2, steps: int = 4) -> list[str]:
    words = ["train", "srcnn", "--scale", scale, "--data", leaves, "--steps", steps, "--out", out]
    small = ["--variant", "9-1-5", "--batch-size", 4, "--interval", 2]
    return [str(word) for word in [*words, *small, *more]]


def run(*arguments: str) -> tuple[int, str, str]:
    """Exit code, stdout, stderr of the command in this process."""
    result = CliRunner().invoke(app, list(arguments))
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.stdout, " ".join(result.stderr.split())


def test_it_trains_and_resumes_and_says_what_came_of_it(leaves, tmp_path):
    code, said, _ = run(*command(leaves, tmp_path / "run"))
    history = History.load(tmp_path / "run" / "history.csv")
    assert code == 0 and history.column("step") == [2, 4]
    assert said.startswith(f"Best: {history.best.psnr:.2f} dB at step {history.best.step}")
    about = load_weights(tmp_path / "run" / "best.safetensors", SRCNN("9-1-5", residual=True))
    for key, value in {"model": "srcnn", "scale": 2, "seed": 0, "images": 10}.items():
        assert about[key] == value
    code, _, said = run(*command(leaves, tmp_path / "run"))
    assert code == 2 and "already holds a training" in said
    assert run(*command(leaves, tmp_path / "run", "--resume"))[0] == 0
    code, _, said = run(*command(leaves, tmp_path / "run", "--resume", scale=3))
    assert code == 2 and "scale 2, not 3" in said


def test_a_killed_command_goes_on_to_the_same_weights(leaves, tmp_path, monkeypatch):
    assert run(*command(leaves, tmp_path / "whole"))[0] == 0
    batch = LumaPatches.batch

    def stop(self, step, rank=0, world=1):
        if step == 3:
            raise RuntimeError("pulled the plug")
        return batch(self, step, rank, world)

    monkeypatch.setattr(LumaPatches, "batch", stop)
    assert run(*command(leaves, tmp_path / "cut"))[0] == 2
    monkeypatch.undo()
    assert load_state(tmp_path / "cut" / "last.pt")["step"] == 2
    assert run(*command(leaves, tmp_path / "cut", "--resume"))[0] == 0
    assert weights(tmp_path / "cut") == weights(tmp_path / "whole")


def weights(folder: Path) -> bytes:
    return (folder / "best.safetensors").read_bytes()


def test_it_learns(leaves, tmp_path):
    """A hundred small steps already sharpen images of the kind it saw."""
    arguments = command(leaves, tmp_path / "run", "--interval", 60, steps=120)
    assert run(*arguments)[0] == 0
    _, held_out = split([leaves])
    validate = recipes.validation(held_out, 2)
    bicubic = torch.nn.Identity()
    bicubic.register_parameter("device", torch.nn.Parameter(torch.zeros(1)))
    history = History.load(tmp_path / "run" / "history.csv")
    assert history.best.psnr > validate(bicubic) + 0.3


def test_seeds(leaves, tmp_path):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        assert run(*command(leaves, tmp_path / name, "--seed", seed, steps=2))[0] == 0
    assert weights(tmp_path / "a") == weights(tmp_path / "b")
    assert weights(tmp_path / "a") != weights(tmp_path / "c")


def test_init(leaves, tmp_path):
    torch.manual_seed(5)
    start = SRCNN("9-1-5", residual=True)
    save_weights(tmp_path / "x3.safetensors", start, {"model": "srcnn", "variant": "9-1-5"})
    more = ["--init", tmp_path / "x3.safetensors", "--learning-rate", 1e-9]
    assert run(*command(leaves, tmp_path / "run", *more, steps=2))[0] == 0
    end = SRCNN("9-1-5", residual=True)
    load_weights(tmp_path / "run" / "best.safetensors", end)
    assert torch.allclose(start.map.weight, end.map.weight, atol=1e-6)
    code, _, said = run(*command(leaves, tmp_path / "other", *more, "--variant", "9-5-5"))
    assert code == 2 and "variant '9-1-5', not '9-5-5'" in said


def test_div2k(tmp_path, monkeypatch):
    """640 of its 800 training images are trained on, 160 validated on; here they are tiny."""
    folder = tmp_path / "DIV2K" / "DIV2K_train_HR"
    folder.mkdir(parents=True)
    image = dead_leaves(76, 0)
    first = write(folder / "0001.png", image[:70, :72])
    for number in range(2, 801):
        os.link(first, folder / f"{number:04}.png")
    (folder / "0640.png").unlink()
    write(folder / "0640.png", image)
    monkeypatch.setenv("SRLIB_DATA", str(tmp_path))
    training, held_out = split(["DIV2K"])
    assert (training[0].name, training[-1].name, len(training)) == ("0001.png", "0640.png", 640)
    assert (held_out[0].name, held_out[-1].name, len(held_out)) == ("0641.png", "0800.png", 160)
    monkeypatch.setattr(recipes, "DOWNSCALES", ())
    code, _, said = run(*command("DIV2K", tmp_path / "run", steps=2))
    assert code == 0, said
    about = load_state(tmp_path / "run" / "last.pt")["settings"]
    assert about["images"] == 640 and about["data"] == "DIV2K"


def test_folders_are_split_evenly(leaves):
    training, held_out = split([leaves, leaves])
    assert [path.name for path in held_out] == ["00.png", "10.png", "08.png"]
    assert len(training) == 24 - 2 * 3  # each held-out image is in both folders here


# two processes


def test_two_processes_learn_what_one_with_the_doubled_batch_learns(leaves, tmp_path):
    """Each of the two sees two patches a step, the one sees all four."""
    processes = start(leaves, tmp_path / "two", tmp_path / "command of two")
    plain_sgd(leaves, tmp_path / "one")
    assert run(*command(leaves, tmp_path / "command of one", steps=6))[0] == 0
    assert processes.wait(100) == 0, processes.stderr.read().decode()
    losses = {
        name: History.load(tmp_path / name / "history.csv").column("loss")
        for name in ("one", "two", "command of one", "command of two")
    }
    assert losses["one"] == pytest.approx(losses["two"], rel=1e-5)
    assert losses["one"][-1] < 0.9 * losses["one"][0]  # it learned, so gradients counted
    # SOAP's first steps divide gradients that are nearly 0 by themselves, which magnifies rounding.
    assert losses["command of one"] == pytest.approx(losses["command of two"], rel=0.01)
    assert load_state(tmp_path / "two" / "last.pt")["settings"]["processes"] == 2


def start(leaves: Path, out: Path, out_of_command: Path) -> subprocess.Popen:
    """This file's last lines, in two processes on the CPU which talk through gloo."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    launch = ["--nproc_per_node=2", "--master_addr=127.0.0.1", f"--master_port={port}"]
    program = [__file__, str(leaves), str(out), str(out_of_command)]
    return subprocess.Popen(
        [sys.executable, "-m", "torch.distributed.run", *launch, *program],
        env={**os.environ, "ACCELERATE_USE_CPU": "1", "OMP_NUM_THREADS": "1"},
        cwd=ROOT,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
    )


def plain_sgd(leaves: Path, out: Path) -> None:
    """SGD, through which rounding errors do not grow, so that curves can be compared closely."""
    torch.manual_seed(0)
    model = SRCNN("9-1-5", residual=True)
    for layer in (model.extract, model.map):
        torch.nn.init.kaiming_normal_(layer.weight)
    learner = Supervised(model, recipes.centre_mse, torch.optim.SGD(model.parameters(), lr=3e-3))
    batches = LumaPatches(image_folder(leaves), 2, batch_size=4, seed=0)
    train(learner, batches, lambda model: 0.0, out, Plan(steps=8, interval=2), progress=False)


# losses


def test_losses_count_only_pixels_with_a_full_neighbourhood():
    model = SRCNN("9-1-5", residual=True)
    for parameter in model.parameters():
        torch.nn.init.zeros_(parameter)  # the network is bicubic
    hr = torch.rand(2, 1, 30, 30)
    bicubic = hr.clone()
    bicubic[..., :6] = 9  # within 6 pixels of the border
    bicubic[0, 0, 6:-6, 6:-6] += 0.1
    bicubic[1, 0, 6:-6, 6:-6] += 0.3
    mse = recipes.centre_mse(model, bicubic, hr)
    assert float(mse.detach()) == pytest.approx((0.01 + 0.09) / 2, rel=1e-3)
    rmse = recipes.centre_rmse(model, bicubic, hr)
    assert float(rmse.detach()) == pytest.approx((0.1 + 0.3) / 2, rel=1e-3)
    assert recipes.centre_rmse(model, hr, hr).isfinite()
    recipes.centre_rmse(model, hr, hr).backward()
    assert all(parameter.grad.isfinite().all() for parameter in model.parameters())


# data that do not fit


def test_true_pairs_pass_shuffled_and_misaligned_ones_do_not():
    images = [dead_leaves(128, seed) for seed in range(4)]
    bicubic, hr = LumaPatches(images, 3, batch_size=8, seed=0).batch(0)
    check_pairs(bicubic, hr)
    with pytest.raises(TrainingError, match="do not belong together"):
        check_pairs(bicubic.roll(1, dims=0), hr)
    for shift in ((0, 1), (1, 0), (-1, -1)):
        with pytest.raises(TrainingError, match="fits best moved by"):
            check_pairs(bicubic.roll(shift, dims=(2, 3)), hr)


def test_batches_have_no_seams(monkeypatch):
    """Bicubic of a patch is that of the same place of the whole image."""
    monkeypatch.setattr(recipes, "DOWNSCALES", ())
    batches = LumaPatches([dead_leaves(128, 1)], 2, batch_size=3, seed=0)
    bicubic, hr = batches.batch(0)
    assert bicubic.shape == hr.shape == (3, 1, 60, 60)
    lr, _ = batches.patches.pairs[0]
    whole = imresize(torch.from_numpy(lr)[None].float() / 255, 2)[0, 0]
    places = whole.unfold(0, 60, 2).unfold(1, 60, 2).reshape(-1, 60, 60)
    for patch in bicubic[:, 0]:
        turned = [t for k in range(4) for t in (patch.rot90(k), patch.rot90(k).T)]
        assert min(float((places - t).abs().amax((1, 2)).min()) for t in turned) < 1e-5


def test_validation_is_the_papers_protocol(tmp_path):
    image = dead_leaves(100, 3)[:95]
    write(tmp_path / "a.png", image)
    bicubic = torch.nn.Identity()
    bicubic.register_parameter("device", torch.nn.Parameter(torch.zeros(1)))
    hr = image[:93, :99]
    expected = psnr(imresize(imresize(hr, 1 / 3), 3), hr, Protocol.paper(3))
    assert recipes.validation([tmp_path / "a.png"], 3)(bicubic) == pytest.approx(expected, abs=0.1)


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
            "8-bit PNG",
        ),
    ],
)
def test_folders_that_cannot_be_trained_on(tmp_path, make, message):
    (tmp_path / "data").mkdir()
    make(tmp_path / "data")
    code, _, said = run(*command(tmp_path / "data", tmp_path / "run"))
    assert code == 2 and message in said, said
    assert not (tmp_path / "run").exists()


def test_no_such_folder(tmp_path):
    code, _, said = run(*command(tmp_path / "none", tmp_path / "run"))
    assert code == 2 and "No such file" in said


@pytest.mark.parametrize(
    "wrong, message",
    [
        (["--scale", "5"], "scale must be 2, 3 or 4, not 5"),
        (["--variant", "9-3-5"], "variant must be one of 9-1-5, 9-5-5"),
        (["--precision", "fp8"], "precision must be fp32 or bf16"),
        (["--loss", "l1"], "loss must be one of mse, rmse, not 'l1'"),
        (["--learning-rate", "0"], "learning_rate must be above 0"),
        (["--batch-size", "0"], "batch_size must be at least 1"),
        (["--steps", "0"], "steps must be at least 1"),
        (["--init", "none.safetensors"], "cannot read the weights"),
    ],
)
def test_options_that_make_no_sense(leaves, tmp_path, wrong, message):
    code, _, said = run(*command(leaves, tmp_path / "run", *wrong))
    assert code == 2 and message in said, said
    assert not (tmp_path / "run").exists()


def test_div2k_and_folders_do_not_mix(leaves):
    with pytest.raises(ValueError, match="give it alone"):
        split(["DIV2K", leaves])


def test_bf16(leaves, tmp_path):
    AcceleratorState._reset_state(reset_partial_state=True)  # which fixes the precision once
    code, _, said = run(*command(leaves, tmp_path / "run", "--precision", "bf16", steps=2))
    AcceleratorState._reset_state(reset_partial_state=True)
    assert code == 0, said
    assert load_state(tmp_path / "run" / "last.pt")["settings"]["precision"] == "bf16"
    assert np.isfinite(History.load(tmp_path / "run" / "history.csv").column("psnr")).all()


if __name__ == "__main__":
    leaves, out, out_of_command = map(Path, sys.argv[1:])
    plain_sgd(leaves, out)
    app(command(leaves, out_of_command, steps=6), standalone_mode=False)
