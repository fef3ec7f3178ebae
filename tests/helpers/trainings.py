"""Small trainings, what is in their folders, when two are the same, and what they learn from."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from srlib.data.dead_leaves import dead_leaves
from srlib.data.patches import Patches
from srlib.images.writing import write
from srlib.training.checkpoint import load_state
from srlib.training.history import History
from srlib.training.learners import Supervised
from srlib.training.loop import Plan, train
from srlib.training.options import SRResNetOptions
from srlib.training.srresnet import train_srresnet
from tests.helpers.processes import begin, kill_after

FILES = ["best.safetensors", "history.csv", "last.pt"]

RESNET = {"scale": 2, "steps": 4, "blocks": 1, "channels": 4, "batch_size": 4, "interval": 2}
GAN = {"steps": 4, "content": "relu1_1", "batch_size": 2, "interval": 2}


class Points:
    """y = 2 x at random points: a batch depends on its number alone."""

    def __init__(self, batch_size: int = 8) -> None:
        self.batch_size = batch_size

    def batch(self, step: int, rank: int = 0, world: int = 1) -> tuple[torch.Tensor, torch.Tensor]:
        share = self.batch_size // world
        x = torch.from_numpy(np.random.default_rng(step).normal(size=(self.batch_size, 3)))
        x = x[rank * share : (rank + 1) * share].float()
        return x, 2 * x


def mse(model: nn.Module, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return torch.mean((model(x) - y) ** 2)


def learner(seed: int = 0, rate: float = 0.01, optimizer: type = torch.optim.Adam) -> Supervised:
    """Two layers and dropout, which learn from :class:`Points`."""
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Linear(3, 8), nn.Dropout(0.1), nn.Linear(8, 3))
    return Supervised(model, mse, optimizer(model.parameters(), lr=rate))


def nearness(model: nn.Module) -> float:
    """A PSNR of sorts: how near y = 2 x the model is on one batch."""
    x, y = Points().batch(10**6)
    return float(-10 * torch.log10(mse(model, x, y).detach()))


def run(out: Path, plan: Plan, who: Supervised | None = None, **options: object) -> History:
    return train(who or learner(), Points(), nearness, out, plan, progress=False, **options)


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def snapshot(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def same_bits(a: object, b: object, name: str = "") -> None:
    """All but the times."""
    if isinstance(a, dict):
        assert a.keys() == b.keys()
        for key in a.keys() - {"seconds", "history"}:
            same_bits(a[key], b[key], f"{name}.{key}")
    elif isinstance(a, list):
        assert len(a) == len(b)
        for index, (one, other) in enumerate(zip(a, b, strict=True)):
            same_bits(one, other, f"{name}[{index}]")
    elif isinstance(a, torch.Tensor):
        assert torch.equal(a, b), name
    else:
        assert a == b, name


def same_curves(a: Path, b: Path) -> None:
    """The histories in two folders, but for the times."""
    one, other = (History.load(folder / "history.csv") for folder in (a, b))
    assert one.columns == other.columns
    for name in set(one.columns) - {"seconds"}:
        assert one.column(name) == other.column(name), name


def killed_and_resumed(
    training: Callable[[Path], None], folder: Path, steps: int, most: float
) -> Path:
    """A training that is killed and goes on ends with the same bits as one that was not.

    Args:
        training: of a test module; goes on with what is in the folder that it is given.
        folder: for both.
        steps: that it takes.
        most: seconds that it surely takes after its first checkpoint.

    Returns:
        the folder of the one that was killed.
    """
    whole, killed = folder / "whole", folder / "killed"
    victim = begin(training.__module__, training.__name__, killed)
    kill_after(killed / "last.pt", victim, most)
    assert load_state(killed / "last.pt")["step"] < steps, "it was done before it was killed"
    training(whole)
    training(killed)
    same_bits(*(load_state(each / "last.pt") for each in (whole, killed)))
    assert (whole / "best.safetensors").read_bytes() == (killed / "best.safetensors").read_bytes()
    same_curves(whole, killed)
    assert files(killed) == FILES
    return killed


@contextmanager
def unplugged(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A training on patches that ends at its fourth batch."""
    batch = Patches.batch

    def stop(self: Patches, step: int, rank: int = 0, world: int = 1) -> tuple:
        if step == 3:
            raise RuntimeError("pulled the plug")
        return batch(self, step, rank, world)

    with monkeypatch.context() as patch, pytest.raises(RuntimeError, match="pulled the plug"):
        patch.setattr(Patches, "batch", stop)
        yield


def folder_of_leaves(folder: Path) -> Path:
    """12 images of 96x100 pixels, to train on."""
    folder.mkdir(exist_ok=True)
    for seed in range(12):
        write(folder / f"{seed:02}.png", dead_leaves(100, seed)[:96])
    return folder


def folder_like_div2k(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SRLIB_DATA with the 800 training images of DIV2K, which are tiny and all the same."""
    images = folder / "DIV2K" / "DIV2K_train_HR"
    images.mkdir(parents=True)
    first = write(images / "0001.png", dead_leaves(76, 0)[:70, :72])
    for number in range(2, 801):
        os.link(first, images / f"{number:04}.png")
    monkeypatch.setenv("SRLIB_DATA", str(folder))


def resnet(
    data: Path, out: Path, init: Path | None = None, resume: bool = False, **changed: object
) -> History:
    """Train a small SRResNet with some options changed."""
    options = SRResNetOptions(**RESNET | changed)
    return train_srresnet([data], out, options, resume=resume, init=init, progress=False)
