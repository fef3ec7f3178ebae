"""The broken-GAN lab: one healthy training of a small SRGAN, and five with a fault injected.

    python -m experiments.broken_gan                          # VGG-19 from torchvision (a download)
    python -m experiments.broken_gan --vgg vgg19.safetensors  # or from a file

writes into ``results/broken_gan`` two files of each run: ``<run>.csv``, a history
(:mod:`srlib.training.history`), and ``<run>.png``, pieces of three photographs as its final
generator (the averaged one, which is validated) enlarges them. ``truth.png`` and ``bicubic.png``
show the same pieces. All six play against a discriminator that begins with the same weights, and
see the same batches of dead leaves. All but one begin with the same generator, trained for fidelity
first (``pretraining``). About eight minutes on one core.

Chapter 5 shows the curves, lets the reader find the faults, and asserts what gives each away.

**The settings** make the healthy run a norm: it ends above bicubic interpolation, near its start,
with more fine detail.

- BatchNorm keeps the statistics of pretraining, as in ``srlib train srgan``.
- VGG-19 hardly minds a change of colour: without an anchor PSNR fell by 1.8 dB in twenty steps. So
  0.1 times the pixels' mean absolute error is added. With 0.02 PSNR was below bicubic's after 90
  steps. The colours still drift a little: grey gravel ends slightly green.
- 30 times the mesh is added, as for the shipped SRGAN. Without it a mesh of 2.4 grey levels came
  with the new detail, even at 0.6 of the weight. A history's ``content`` is VGG's part alone;
  ``anchors`` is what these two terms come to.
- The adversarial weight is the paper's 1e-3. Without the mesh term PSNR was down at bicubic's after
  100 steps with it, and falling.
- The second half is at a tenth of the learning rate, as in the recipe, so that the game settles.
  At a constant rate PSNR went on falling.
- Longer pretraining was tried: 2000 steps on twice as many pictures led to 27.29 dB, not 27.23.

**The control** ``no_pretraining_no_judge`` trains the untrained generator for as many steps on
content and anchors alone. It ends where ``no_pretraining`` does (16.5 and 16.6 dB, detail 0.75 and
0.74): what is seen there is the missing pretraining. The game adds nothing to it.
"""

import argparse
import copy
import math
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
import torch
from accelerate import Accelerator
from rich.console import Console
from rich.table import Table
from torch import nn
from torch.nn.functional import l1_loss

from srlib.data.dead_leaves import dead_leaves
from srlib.data.pairs import degrade
from srlib.data.patches import Patches
from srlib.data.photographs import photographs
from srlib.errors import TrainingError
from srlib.images.metrics import Protocol, fine_detail, psnr
from srlib.images.resize import imresize
from srlib.images.values import centre_crop, to_tensor, to_uint8
from srlib.images.writing import write
from srlib.networks.srgan import Discriminator, SRResNet, freeze_statistics
from srlib.training.history import History
from srlib.training.learners import Adversarial, Learner, Supervised
from srlib.training.loop import Plan, train
from srlib.training.losses import (
    PerceptualLoss,
    mesh_loss,
    minimax_loss,
    non_saturating_loss,
    pixel_mse,
)
from srlib.training.schedules import cosine, drop
from srlib.training.soap import SOAP

RESULTS = Path(__file__).parents[1] / "results" / "broken_gan"
SCALE, PATCH, BATCH = 4, 48, 8
PRETRAINING, GAME, INTERVAL = 800, 180, 10
LEAVES = 40  # pictures of 256x256 to learn from
CROP = 128  # side of the photographs' centres that are validated on
TILES = {"chelsea": (0, 0), "motorcycle": (60, 60), "gravel": (32, 32)}  # shown: y, x in a centre
TILE = 64  # their side
WEIGHT, PIXELS, MESH = 1e-3, 0.1, 30.0  # of the adversarial term and of the anchors
AVERAGE = 0.95  # of the generator's weights


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
        judged: there is a discriminator at all.
    """

    pretrained: bool = True
    normalised: bool = True
    attached: bool = True
    learning_rate: float = 1e-4
    sure: bool = False
    judged: bool = True


RUNS = {
    "healthy": Fault(),
    "no_pretraining": Fault(pretrained=False),
    "unnormalised_vgg": Fault(normalised=False),
    "detached_content": Fault(attached=False),
    "high_learning_rate": Fault(learning_rate=0.05),
    "saturated_discriminator": Fault(sure=True),
}
CONTROL = {"no_pretraining_no_judge": Fault(pretrained=False, judged=False)}


class Content(PerceptualLoss):
    """The perceptual loss, with each channel of the features divided by its mean over ``images``.

    So its size does not depend on how the weights in a file are scaled: files differ in that.
    Anchors are added, as in :func:`srlib.training.losses.with_anchors`: the pixels' mean absolute
    error, which holds the colours, and the mesh.

    Args:
        weights: of VGG-19.
        images: ``(B, 3, H, W)`` in [0, 1].

    Attributes:
        parts: of the last value, without a gradient: VGG's is ``content``, the rest ``anchors``.
    """

    def __init__(self, weights: str | Path, images: torch.Tensor) -> None:
        super().__init__("relu2_2", weights)
        self.parts: dict[str, torch.Tensor] = {}
        with torch.no_grad():
            (features,) = self.vgg(images)
            mean = features.mean(dim=(0, 2, 3))  # (C,)
            mean[mean == 0] = 1  # a channel that these images leave silent stays as it is
            last = self.vgg.features[-2]  # ReLU commutes with positive factors
            last.weight /= mean.view(-1, 1, 1, 1)
            last.bias /= mean

    def forward(self, sr: torch.Tensor, hr: torch.Tensor) -> torch.Tensor:
        seen = super().forward(sr, hr)
        anchors = PIXELS * l1_loss(sr, hr) + MESH * mesh_loss(sr, hr, SCALE)
        self.parts = {"content": seen.detach(), "anchors": anchors.detach()}
        return seen + anchors


class InParts:
    """A learner that reports the content as VGG's part alone, and the anchors by themselves."""

    def __init__(self, learner: Supervised | Adversarial, content: Content) -> None:
        self.learner, self.content = learner, content
        self.models, self.optimizers = learner.models, learner.optimizers

    def step(
        self, batch: Sequence[torch.Tensor], accelerator: Accelerator
    ) -> dict[str, torch.Tensor]:
        return self.learner.step(batch, accelerator) | self.content.parts


class Watch:
    """Validation on photographs' centres: PSNR, and fine detail compared with the truth's.

    Attributes:
        pairs: of each photograph's centre by name, uint8 LR and HR.
        details: of each validation so far, the mean share of the truth's fine detail.
        seen: what came out of the last one by name, uint8.
    """

    def __init__(self) -> None:
        self.pairs = {
            photo.name: degrade(centre_crop(photo.image, CROP), SCALE) for photo in photographs()
        }
        self.details: list[float] = []
        self.seen: dict[str, np.ndarray] = {}

    def __call__(self, model: nn.Module) -> float:
        outputs = {name: model(to_tensor(lr)) for name, (lr, _) in self.pairs.items()}
        if not all(output.isfinite().all() for output in outputs.values()):
            return math.nan
        self.seen = {name: to_uint8(output.clamp(0, 1)) for name, output in outputs.items()}
        self.details.append(self.detail(self.seen))
        return self.psnr(self.seen)

    def psnr(self, images: dict[str, np.ndarray]) -> float:
        """Mean in dB over the photographs, under the papers' protocol."""
        protocol, truths = Protocol.paper(SCALE), self.truths()
        return float(np.mean([psnr(sr, truths[name], protocol) for name, sr in images.items()]))

    def detail(self, images: dict[str, np.ndarray]) -> float:
        """Mean share of the truth's fine detail: 1 where there is as much, right or wrong."""
        shares = [
            fine_detail(sr, SCALE) / fine_detail(hr, SCALE)
            for sr, hr in zip(images.values(), self.truths().values(), strict=True)
        ]
        return float(np.mean(shares))

    def truths(self) -> dict[str, np.ndarray]:
        return {name: hr for name, (_, hr) in self.pairs.items()}

    def bicubic(self) -> dict[str, np.ndarray]:
        return {name: imresize(lr, SCALE) for name, (lr, _) in self.pairs.items()}

    def added_to(self, history: History) -> History:
        """The history with a column ``detail``: 1 where there is as much as in the truth."""
        return History(
            [
                replace(row, terms=row.terms | {"detail": detail})
                for row, detail in zip(history.rows, self.details, strict=False)
            ]
        )


def strip(images: dict[str, np.ndarray]) -> np.ndarray:
    """The tiles that are shown, side by side: uint8 ``(TILE, 3 TILE, 3)``."""
    return np.hstack([images[name][y : y + TILE, x : x + TILE] for name, (y, x) in TILES.items()])


@cache
def leaves(count: int) -> list[np.ndarray]:
    return [dead_leaves(256, seed=seed) for seed in range(count)]


def batches(seed: int) -> Patches:
    return Patches(leaves(LEAVES), SCALE, PATCH, BATCH, seed)


def generator() -> SRResNet:
    torch.manual_seed(0)
    return SRResNet(SCALE, blocks=4, channels=32)


@dataclass(frozen=True)
class Outcome:
    """What a run leaves: its history, and the strip of what its generator made at the end."""

    history: History
    strip: np.ndarray

    def save(self, name: str) -> None:
        self.history.save(RESULTS / f"{name}.csv")
        write(RESULTS / f"{name}.png", self.strip)


def pretrain(model: SRResNet) -> Outcome:
    """Train it on the pixels' mean squared error."""
    optimizer = SOAP(model.parameters(), lr=3e-3)
    plan = Plan(PRETRAINING, interval=100, schedule=cosine(PRETRAINING, 30))
    return run(Supervised(model, pixel_mse, optimizer), batches(1), plan)


def play(fault: Fault, pretrained: SRResNet, vgg: str | Path) -> Outcome:
    """The game of the two networks, with a fault."""
    patches = batches(2)
    content = Content(vgg, patches.batch(0)[1])
    if not fault.normalised:
        content.vgg.mean.zero_()
        content.vgg.std.fill_(1)
    if fault.pretrained:
        model = copy.deepcopy(pretrained)
        freeze_statistics(model)
    else:
        model = generator()  # whose BatchNorm has no statistics yet that it could keep
    plan = Plan(GAME, interval=INTERVAL, schedule=drop(GAME // 2), average=AVERAGE)
    optimizer = torch.optim.Adam(model.parameters(), lr=fault.learning_rate)
    if fault.judged:
        learner = against_a_judge(fault, model, optimizer, content)
    else:
        learner = Supervised(model, alone(content), optimizer)
    return run(InParts(learner, content), patches, plan)


def against_a_judge(
    fault: Fault, model: SRResNet, optimizer: torch.optim.Optimizer, content: Content
) -> Adversarial:
    torch.manual_seed(1)
    discriminator = Discriminator(PATCH, channels=16, dense=128)
    faster = 10 if fault.sure else 1
    return Adversarial(
        model,
        discriminator,
        content if fault.attached else detached(content),
        optimizer,
        torch.optim.Adam(discriminator.parameters(), lr=fault.learning_rate * faster),
        adversarial=minimax_loss if fault.sure else non_saturating_loss,
        weight=WEIGHT,
    )


def alone(content: Callable) -> Callable:
    """The content as the only loss, in the form that supervised learning asks for."""
    return lambda model, lr, hr: content(model(lr).float(), hr)


def detached(content: Callable) -> Callable:
    """The same number without a gradient: a loss that was computed anew from the SR's values."""
    return lambda sr, hr: content(sr.detach(), hr)


def run(learner: Learner, patches: Patches, plan: Plan) -> Outcome:
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
        return Outcome(watch.added_to(History.load(out / "history.csv")), strip(watch.seen))


def show(histories: dict[str, History], bicubic: float) -> None:
    names = ("content", "d_real", "d_fake", "psnr", "detail")
    shown = Table("run", *(f"{name}: first, last" for name in names))
    for run_name, history in histories.items():
        cells = []
        for name in names:
            column = history.column(name) if name in history.columns else [math.nan]
            cells.append(f"{column[0]:.3g}, {column[-1]:.3g}")
        shown.add_row(run_name, *cells)
    Console().print(shown)
    print(f"bicubic interpolation: {bicubic:.2f} dB")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--vgg", default="torchvision", help="torchvision, or a .safetensors file")
    vgg = parser.parse_args().vgg
    RESULTS.mkdir(parents=True, exist_ok=True)
    start, watch = generator(), Watch()
    outcomes = {"pretraining": pretrain(start)}
    for name, fault in (RUNS | CONTROL).items():
        outcomes[name] = play(fault, start, vgg)
    for name, outcome in outcomes.items():
        outcome.save(name)
    write(RESULTS / "truth.png", strip(watch.truths()))
    write(RESULTS / "bicubic.png", strip(watch.bicubic()))
    show({name: outcome.history for name, outcome in outcomes.items()}, watch.psnr(watch.bicubic()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
