"""The broken-GAN lab: one healthy training of a small SRGAN, and five with a fault injected.

    python -m experiments.broken_gan                          # VGG-19 from torchvision (a download)
    python -m experiments.broken_gan --vgg vgg19.safetensors  # or from a file

writes ``results/broken_gan/<run>.csv``, a history (:mod:`srlib.training.history`) each. All six
play against a discriminator that begins with the same weights, and see the same batches of dead
leaves. All but one begin with the same generator, trained for fidelity first (``pretraining.csv``).
About six minutes on one core.

Chapter 5 shows the curves, lets the reader find the faults, and asserts what gives each away.
"""

import argparse
import copy
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
import torch
from accelerate import Accelerator
from rich.console import Console
from rich.table import Table
from torch import nn

from srlib.data.dead_leaves import dead_leaves
from srlib.data.pairs import degrade
from srlib.data.patches import Patches
from srlib.data.photographs import photographs
from srlib.errors import TrainingError
from srlib.images.metrics import Protocol, fine_detail
from srlib.images.values import centre_crop, to_tensor, to_uint8
from srlib.networks.srgan import Discriminator, SRResNet
from srlib.training.history import History
from srlib.training.learners import Adversarial, Supervised
from srlib.training.loop import Plan, train
from srlib.training.losses import PerceptualLoss, minimax_loss, non_saturating_loss, pixel_mse
from srlib.training.schedules import cosine
from srlib.training.soap import SOAP
from srlib.training.validation import mean_psnr

RESULTS = Path(__file__).parents[1] / "results" / "broken_gan"
SCALE, PATCH, BATCH = 4, 48, 8
PRETRAINING, GAME, INTERVAL = 800, 200, 10
LEAVES = 40  # pictures of 256x256 to learn from
CROP = 128  # side of the photographs' centres that are validated on


@dataclass(frozen=True)
class Fault:
    """What is done to a run; the defaults are the healthy one.

    Attributes:
        pretrained: the generator was first trained on the pixels' MSE.
        normalised: VGG gets images with ImageNet's mean and standard deviation taken off, as it
            was trained.
        attached: the content loss passes its gradient on to the generator.
        learning_rate: of both networks.
        sure: the discriminator learns ten times as fast, and the generator minimises
            log(1 - D) instead of -log D.
    """

    pretrained: bool = True
    normalised: bool = True
    attached: bool = True
    learning_rate: float = 1e-4
    sure: bool = False


RUNS = {
    "healthy": Fault(),
    "no_pretraining": Fault(pretrained=False),
    "unnormalised_vgg": Fault(normalised=False),
    "detached_content": Fault(attached=False),
    "high_learning_rate": Fault(learning_rate=0.05),
    "saturated_discriminator": Fault(sure=True),
}


class Content(PerceptualLoss):
    """The perceptual loss, with each channel of the features divided by its mean over ``images``.

    So its size does not depend on how the weights in a file are scaled: files differ in that.

    Args:
        weights: of VGG-19.
        images: ``(B, 3, H, W)`` in [0, 1].
    """

    def __init__(self, weights: str | Path, images: torch.Tensor) -> None:
        super().__init__("relu2_2", weights)
        with torch.no_grad():
            (features,) = self.vgg(images)
            mean = features.mean(dim=(0, 2, 3))  # (C,)
            mean[mean == 0] = 1  # a channel that these images leave silent stays as it is
            last = self.vgg.features[-2]  # ReLU commutes with positive factors
            last.weight /= mean.view(-1, 1, 1, 1)
            last.bias /= mean


class Watch:
    """Validation on photographs' centres: PSNR, and fine detail compared with the truth's."""

    def __init__(self) -> None:
        self.pairs = []
        for photo in photographs():
            lr, hr = degrade(centre_crop(photo.image, CROP), SCALE)
            self.pairs.append((to_tensor(lr), hr))
        self.psnr = mean_psnr(self.pairs, Protocol.paper(SCALE))
        self.details: list[float] = []

    def __call__(self, model: nn.Module) -> float:
        shares = []
        for lr, hr in self.pairs:
            sr = to_uint8(model(lr).nan_to_num().clamp(0, 1))
            shares.append(fine_detail(sr, SCALE) / fine_detail(hr, SCALE))
        self.details.append(float(np.mean(shares)))
        return self.psnr(model)

    def added_to(self, history: History) -> History:
        """The history with a column ``detail``: 1 where there is as much as in the truth."""
        return History(
            [
                replace(row, terms=row.terms | {"detail": detail})
                for row, detail in zip(history.rows, self.details, strict=False)
            ]
        )


@cache
def leaves(count: int) -> list[np.ndarray]:
    return [dead_leaves(256, seed=seed) for seed in range(count)]


def batches(seed: int) -> Patches:
    return Patches(leaves(LEAVES), SCALE, PATCH, BATCH, seed)


def generator() -> SRResNet:
    torch.manual_seed(0)
    return SRResNet(SCALE, blocks=4, channels=32)


def pretrain(model: SRResNet) -> History:
    """Train it on the pixels' mean squared error."""
    optimizer = SOAP(model.parameters(), lr=3e-3)
    plan = Plan(PRETRAINING, interval=100, schedule=cosine(PRETRAINING, 30))
    return run(Supervised(model, pixel_mse, optimizer), batches(1), plan)


def play(fault: Fault, pretrained: SRResNet, vgg: str | Path) -> History:
    """The game of the two networks, with a fault."""
    patches = batches(2)
    content = Content(vgg, patches.batch(0)[1])
    if not fault.normalised:
        content.vgg.mean.zero_()
        content.vgg.std.fill_(1)
    model = copy.deepcopy(pretrained) if fault.pretrained else generator()
    torch.manual_seed(1)
    discriminator = Discriminator(PATCH, channels=16, dense=128)
    faster = 10 if fault.sure else 1
    learner = Adversarial(
        model,
        discriminator,
        content if fault.attached else detached(content),
        torch.optim.Adam(model.parameters(), lr=fault.learning_rate),
        torch.optim.Adam(discriminator.parameters(), lr=fault.learning_rate * faster),
        adversarial=minimax_loss if fault.sure else non_saturating_loss,
    )
    return run(learner, patches, Plan(GAME, interval=INTERVAL, average=0.9))


def detached(content: Callable) -> Callable:
    """The same number without a gradient: a loss that was computed anew from the SR's values."""
    return lambda sr, hr: content(sr.detach(), hr)


def run(learner: Supervised | Adversarial, patches: Patches, plan: Plan) -> History:
    """Train on the CPU, and keep what there is when a training breaks down."""
    watch = Watch()
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        try:
            train(
                learner,
                patches,
                watch,
                out,
                plan,
                accelerator=Accelerator(cpu=True),
                progress=False,
            )
        except TrainingError as error:
            print(error, file=sys.stderr)
        return watch.added_to(History.load(out / "history.csv"))


def show(histories: dict[str, History]) -> None:
    names = ("content", "d_real", "d_fake", "psnr", "detail")
    shown = Table("run", *(f"{name}: first, last" for name in names))
    for run_name, history in histories.items():
        ends = ((history.column(name)[0], history.column(name)[-1]) for name in names)
        shown.add_row(run_name, *(f"{first:.3g}, {last:.3g}" for first, last in ends))
    Console().print(shown)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--vgg", default="torchvision", help="torchvision, or a .safetensors file")
    vgg = parser.parse_args().vgg
    RESULTS.mkdir(parents=True, exist_ok=True)
    start = generator()
    histories = {"pretraining": pretrain(start)}
    for name, fault in RUNS.items():
        histories[name] = play(fault, start, vgg)
    for name, history in histories.items():
        history.save(RESULTS / f"{name}.csv")
    histories.pop("pretraining")
    show(histories)
    return 0


if __name__ == "__main__":
    sys.exit(main())
