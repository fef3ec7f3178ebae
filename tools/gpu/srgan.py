"""The second training: SRGAN, from the SRResNet of the first."""

import torch
from torch.nn import functional

from srlib.networks.srgan import Discriminator, SRResNet, freeze_statistics
from srlib.training.losses import (
    NormalisedPerceptualLoss,
    discriminator_loss,
    generator_loss,
    mesh_loss,
    non_saturating_loss,
)
from tools.gpu.fast import Fast, Wide, fold_biases
from tools.gpu.soap import Adam
from tools.gpu.stage import Setting, Stage

REPORTED = ("loss", "content", "adversarial", "d_real", "d_fake", "l1")


def train_srgan(
    generator: SRResNet,
    seconds: float,
    content: NormalisedPerceptualLoss,
    weight: float,
    setting: Setting,
) -> SRResNet:
    """Train a pretrained generator against a new judge, both by Adam, and return its average.

    Args:
        generator: to begin with; changed. Its BatchNorm keeps its statistics.
        seconds: for all.
        content: of SR and HR, on the device.
        weight: of the adversarial loss beside the content.
        setting: see :class:`~tools.gpu.stage.Setting`.
    """
    recipe = setting.recipe
    fold_biases(generator.requires_grad_(True).train())
    freeze_statistics(generator)
    game = Game(generator, content, weight, setting)
    about = {
        "learning_rate": recipe.game_learning_rate,
        "content": "normalised",
        "weight": weight,
        "pixels": recipe.pixels,
        "mesh": recipe.mesh,
        "patch": recipe.game_patch,
    }
    optimizers = [game.generator_optimizer, game.judge_optimizer]
    stage = Stage("srgan", generator, optimizers, REPORTED, recipe.game_interval, setting, about)

    def step() -> None:
        stage.note(*game.step())
        stage.follow()

    def rate() -> float:
        return recipe.game_learning_rate * falling(stage.elapsed() / seconds)

    stage.learn(step, seconds, rate)
    stage.record()
    return stage.average


def falling(done: float) -> float:
    """1 for half of the time, then down to a tenth, by equal factors, in the next 0.4 of it.

    >>> [round(falling(done), 3) for done in (0.2, 0.5, 0.7, 0.9, 1.0)]
    [1.0, 1.0, 0.316, 0.1, 0.1]
    """
    return 1.0 if done < 0.5 else 0.1 ** min(1.0, (done - 0.5) / 0.4)


class Game:
    """Generator and judge in turn on each batch, the judge first.

    Args: as of :func:`train_srgan`.
    """

    def __init__(
        self,
        generator: SRResNet,
        content: NormalisedPerceptualLoss,
        weight: float,
        setting: Setting,
    ) -> None:
        recipe, device = setting.recipe, setting.device
        self.generator, self.content, self.weight = generator, content, weight
        self.setting, self.forward = setting, Fast(generator)
        judge = Discriminator(recipe.game_patch, recipe.channels, recipe.dense)
        judge.features[0] = Wide(judge.features[0])
        self.judge = judge.to(device, memory_format=torch.channels_last)
        learning = (each for each in generator.parameters() if each.requires_grad)
        self.generator_optimizer = Adam(learning, device)
        self.judge_optimizer = Adam(judge.parameters(), device)

    def step(self) -> tuple[torch.Tensor, ...]:
        """Both learn from a new batch; what is :data:`REPORTED` of it."""
        recipe = self.setting.recipe
        lr, hr = self.setting.patches.batch(recipe.batch_size, recipe.game_patch)
        with self.setting.precision():
            sr = self.forward(lr)
        sr = sr.float()
        real, fake = self._judge(sr.detach(), hr)
        loss, content, adversarial, l1 = self._generate(sr, hr)
        return loss, content, adversarial, real.sigmoid().mean(), fake.sigmoid().mean(), l1

    def _judge(self, sr: torch.Tensor, hr: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The judge's turn. Real and fake go separately, each with its own BatchNorm."""
        self.judge.zero_grad()
        with self.setting.precision():
            real, fake = self.judge(hr).float(), self.judge(sr).float()  # logits (B, 1)
        discriminator_loss(real, fake).backward()
        self.judge_optimizer.step()
        return real.detach(), fake.detach()

    def _generate(self, sr: torch.Tensor, hr: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """The generator's turn, against the judge as it is now, which stays as it is."""
        recipe, scale = self.setting.recipe, self.generator.scale
        self.generator.zero_grad()
        self.judge.requires_grad_(False)
        with self.setting.precision():
            content = self.content(sr, hr)
            adversarial = non_saturating_loss(self.judge(sr).float())
        l1 = functional.l1_loss(sr, hr)
        anchors = recipe.pixels * l1 + recipe.mesh * mesh_loss(sr, hr, scale)
        loss = generator_loss(content, adversarial, self.weight) + anchors
        loss.backward()
        self.judge.requires_grad_(True)
        self.generator_optimizer.step()
        return loss, content, adversarial, l1
