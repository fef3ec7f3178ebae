"""What one step of a training does: one network with its loss, or two in a game."""

from collections.abc import Callable, Sequence
from typing import Protocol as Interface

import torch
from accelerate import Accelerator
from torch import nn

from srlib.training.losses import (
    ADVERSARIAL_WEIGHT,
    Content,
    discriminator_loss,
    generator_loss,
    non_saturating_loss,
)


class Learner(Interface):
    """What is trained. :class:`Supervised` is one; a GAN, with two of everything, is another.

    Attributes:
        models: by name; the first is the one that is validated, averaged and saved as weights.
        optimizers: by name.
    """

    models: dict[str, nn.Module]
    optimizers: dict[str, torch.optim.Optimizer]

    def step(
        self, batch: Sequence[torch.Tensor], accelerator: Accelerator
    ) -> dict[str, torch.Tensor]:
        """Learn from a batch; return what to report, each detached and of shape ``()``.

        First comes ``"loss"``. What else there is, always by the same names, becomes a column of
        the history.
        """


class Supervised:
    """One network, one loss, one optimiser.

    Args:
        model: to train.
        loss: ``loss(model, *batch)`` -> tensor of shape ``()``, a mean over the batch.
        optimizer: of the model's parameters.
    """

    def __init__(
        self,
        model: nn.Module,
        loss: Callable[..., torch.Tensor],
        optimizer: torch.optim.Optimizer,
    ) -> None:
        self.models, self.optimizers, self.loss = {"model": model}, {"optimizer": optimizer}, loss

    def step(
        self, batch: Sequence[torch.Tensor], accelerator: Accelerator
    ) -> dict[str, torch.Tensor]:
        self.optimizers["optimizer"].zero_grad()
        loss = self.loss(self.models["model"], *batch)
        accelerator.backward(loss)
        self.optimizers["optimizer"].step()
        return {"loss": loss.detach()}


class Adversarial:
    """Both networks in turn on each batch, the discriminator first (k = 1).

    Each step reports the generator's ``loss``, its ``content`` and ``adversarial`` parts, the
    ``discriminator``'s loss, and the mean probabilities ``d_real`` and ``d_fake`` that the
    discriminator gave before it learned from the batch: near 1 and 0 it wins, both near 0.5 it
    guesses.

    Args:
        generator: LR ``(B, 3, h, w)`` -> SR ``(B, 3, H, W)``; begins pretrained.
        discriminator: ``(B, 3, H, W)`` -> logits ``(B, 1)``.
        content: (SR, HR) -> ``()``, such as :class:`srlib.training.losses.PerceptualLoss`.
        generator_optimizer, discriminator_optimizer: each of its own network's parameters.
        adversarial: logits of SR -> ``()``, for the generator to minimise.
        weight: of the adversarial loss beside the content.
    """

    def __init__(
        self,
        generator: nn.Module,
        discriminator: nn.Module,
        content: Content,
        generator_optimizer: torch.optim.Optimizer,
        discriminator_optimizer: torch.optim.Optimizer,
        adversarial: Callable[[torch.Tensor], torch.Tensor] = non_saturating_loss,
        weight: float = ADVERSARIAL_WEIGHT,
    ) -> None:
        self.models = {"generator": generator, "discriminator": discriminator}
        self.optimizers = {
            "generator": generator_optimizer,
            "discriminator": discriminator_optimizer,
        }
        self.content, self.adversarial, self.weight = content, adversarial, weight

    def step(
        self, batch: Sequence[torch.Tensor], accelerator: Accelerator
    ) -> dict[str, torch.Tensor]:
        lr, hr = batch
        sr = self.models["generator"](lr).float()
        learned = self._discriminate(sr.detach(), hr, accelerator)
        return self._generate(sr, hr, accelerator) | learned

    def _discriminate(
        self, sr: torch.Tensor, hr: torch.Tensor, accelerator: Accelerator
    ) -> dict[str, torch.Tensor]:
        """The discriminator's turn. Real and fake go separately, each with its own BatchNorm."""
        discriminator, optimizer = self.models["discriminator"], self.optimizers["discriminator"]
        optimizer.zero_grad()
        real, fake = discriminator(hr).float(), discriminator(sr).float()
        loss = discriminator_loss(real, fake)
        accelerator.backward(loss)
        optimizer.step()
        return {
            "discriminator": loss.detach(),
            "d_real": real.detach().sigmoid().mean(),
            "d_fake": fake.detach().sigmoid().mean(),
        }

    def _generate(
        self, sr: torch.Tensor, hr: torch.Tensor, accelerator: Accelerator
    ) -> dict[str, torch.Tensor]:
        """The generator's turn, against the discriminator as it is now, which stays as it is."""
        judge = accelerator.unwrap_model(self.models["discriminator"])
        self.optimizers["generator"].zero_grad()
        judge.requires_grad_(False)
        content = self.content(sr, hr)
        adversarial = self.adversarial(judge(sr).float())
        loss = generator_loss(content, adversarial, self.weight)
        accelerator.backward(loss)
        judge.requires_grad_(True)
        self.optimizers["generator"].step()
        parts = {"loss": loss, "content": content, "adversarial": adversarial}
        return {name: each.detach() for name, each in parts.items()}
