"""Images to train on, a trained SRResNet, a short SRGAN, and accelerate as it was."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from accelerate.state import AcceleratorState

from srlib.data.dead_leaves import dead_leaves
from srlib.data.patches import Patches
from srlib.images.writing import write
from srlib.networks.srgan import Discriminator
from srlib.training import srgan
from srlib.training.history import History
from srlib.training.options import SRGANOptions
from srlib.training.srgan import train_srgan
from tests.helpers.trainings import GAN, resnet


@pytest.fixture(scope="session")
def leaves(tmp_path_factory) -> Path:
    """A folder of images of 96 to 128 pixels, one too small for a patch."""
    folder = tmp_path_factory.mktemp("leaves")
    for seed in range(12):
        write(folder / f"{seed:02}.png", dead_leaves(128, seed)[: 96 + 2 * seed, :120])
    write(folder / "small.png", dead_leaves(100, 50)[:95])
    return folder


@pytest.fixture(scope="session")
def srresnet_run(leaves, tmp_path_factory) -> Path:
    """The folder of a training of SRResNet, for all to read."""
    out = tmp_path_factory.mktemp("srresnet")
    resnet(leaves, out)
    return out


@pytest.fixture
def small_discriminator(monkeypatch) -> None:
    """The paper's has 23.6 million weights, which take seconds to save."""
    monkeypatch.setattr(srgan, "Discriminator", partial(Discriminator, channels=2, dense=8))


@pytest.fixture
def gan(leaves, srresnet_run, random_vgg, small_discriminator) -> Callable[..., History]:
    """Train SRGAN with some options changed."""

    def train(
        out: Path, init: Path = srresnet_run, resume: bool = False, **changed: object
    ) -> History:
        options = SRGANOptions(**{"vgg": random_vgg} | GAN | changed)
        return train_srgan([leaves], out, options, init=init, resume=resume, progress=False)

    return train


@pytest.fixture
def any_precision() -> Iterator[None]:
    """Accelerate fixes the precision once in a process: forget it before and after."""
    AcceleratorState._reset_state(reset_partial_state=True)
    yield
    AcceleratorState._reset_state(reset_partial_state=True)


@pytest.fixture
def shuffled_pairs(monkeypatch) -> None:
    """Patches of which each has another one's truth."""
    batch = Patches.batch

    def shuffled(self: Patches, *arguments: int) -> tuple:
        lr, hr = batch(self, *arguments)
        return lr, hr.roll(1, dims=0)

    monkeypatch.setattr(Patches, "batch", shuffled)
