"""The first training: SRResNet, for the smallest error."""

from collections.abc import Callable

import torch
from torch.nn import functional

from srlib.networks.srgan import SRResNet
from srlib.training.schedules import FINAL, cosine
from tools.gpu.fast import Fast, fold_biases
from tools.gpu.recipe import Phase
from tools.gpu.soap import StackedSOAP
from tools.gpu.stage import Setting, Stage

WARM_UP = 100  # steps over which the learning rate rises
OFTEN, SELDOM, SETTLED = 10, 20, 500  # SOAP's bases are refreshed so often, until and from a step


def train_srresnet(network: SRResNet, seconds: float, setting: Setting) -> SRResNet:
    """Train a network on, by SOAP and in the phases of the recipe, and return its average.

    The learning rate falls in one half cosine over the time, whatever the number of steps.

    Args:
        network: to begin with; changed.
        seconds: for all phases.
        setting: see :class:`~tools.gpu.stage.Setting`.
    """
    recipe = setting.recipe
    fold_biases(network.train())
    optimizer = StackedSOAP(each for each in network.parameters() if each.requires_grad)
    about = {
        "learning_rate": recipe.learning_rate,
        "loss": ", ".join(f"{each.loss} of {each.patch}" for each in recipe.phases),
    }
    stage = Stage("srresnet", network, [optimizer], ["loss"], recipe.interval, setting, about)
    falling = cosine(steps=1, floor=FINAL)  # all of the time is its one step

    def rate() -> float:
        rising = min(1.0, (stage.step + 1) / WARM_UP)
        return recipe.learning_rate * rising * falling(stage.elapsed() / seconds)

    def refresh() -> None:
        if stage.step % (OFTEN if stage.step < SETTLED else SELDOM) == 0:
            optimizer.refresh()

    until = 0.0
    for phase in recipe.phases:
        gradients = gradients_of(phase, network, stage)
        if not stage.step:
            gradients()
            optimizer.begin()
        until += phase.share * seconds
        stage.learn(_step(gradients, optimizer, stage), until, rate, refresh)
        said = f"{phase.loss} on {phase.patch}x{phase.patch} ended"
        setting.clock.say(f"srresnet: step {stage.step}, {said}")
    stage.record()
    return stage.average


def gradients_of(phase: Phase, network: SRResNet, stage: Stage) -> Callable[[], None]:
    """A function that takes a batch and leaves the gradients of its loss."""
    setting, forward = stage.setting, Fast(network)

    def gradients() -> None:
        network.zero_grad()
        lr, hr = setting.patches.batch(setting.recipe.batch_size, phase.patch)
        with setting.precision():
            sr = forward(lr)
        loss = LOSSES[phase.loss](sr.float(), hr)
        loss.backward()
        stage.note(loss)

    return gradients


def _step(
    gradients: Callable[[], None], optimizer: StackedSOAP, stage: Stage
) -> Callable[[], None]:
    def step() -> None:
        gradients()
        optimizer.step()
        stage.follow()

    return step


def rmse(sr: torch.Tensor, hr: torch.Tensor) -> torch.Tensor:
    """Mean over the patches of the root of their mean squared error: ``(B, C, H, W)`` -> ``()``."""
    mse = (sr - hr).square().mean(dim=(1, 2, 3))  # (B,)
    return (mse + 1e-6).sqrt().mean()  # no infinite slope at 0


LOSSES = {"l1": functional.l1_loss, "rmse": rmse}
