"""What both trainings share: time, averaged weights, validations, and what is left on disk."""

import copy
import math
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from srlib.atomic import remove_partial
from srlib.errors import CheckpointError, TrainingError
from srlib.networks.srgan import SRResNet
from srlib.networks.weights import BEST, Facts, save_weights
from srlib.training.history import History, Row
from srlib.training.loop import move_towards
from srlib.training.run import HISTORY
from tools.gpu.data import FlatPatches
from tools.gpu.fast import captured
from tools.gpu.recipe import Recipe
from tools.gpu.soap import Adam, StackedSOAP
from tools.gpu.validation import Validation

NEARLY_ZERO = 1e-9  # learning rate of the steps that a graph is warmed up with
AT_MOST_AHEAD = 100  # steps that may wait in the GPU's queue, so that the clock is right
SILENCE = 5.0  # seconds, at most, without a line


class Clock:
    """Seconds since the beginning, and lines that begin with them."""

    def __init__(self) -> None:
        self.began, self.said = time.monotonic(), -math.inf

    def __call__(self) -> float:
        return time.monotonic() - self.began

    def say(self, text: str) -> None:
        self.said = self()
        print(f"[{self.said:6.1f}] {text}", flush=True)

    def say_now_and_then(self, text: str) -> None:
        if self() - self.said > SILENCE:
            self.say(text)


@dataclass(frozen=True)
class Setting:
    """What both trainings are given.

    Attributes:
        recipe: the settings.
        patches: to learn from.
        validate: network -> PSNR in dB and VGG-19's distance.
        clock: of the whole run.
        out: folder, in which each training has its own.
        device: of networks and patches.
        about: facts for the header of the weights.
    """

    recipe: Recipe
    patches: FlatPatches
    validate: Validation
    clock: Clock
    out: Path
    device: torch.device
    about: Facts

    def precision(self) -> torch.autocast:
        """Products in bfloat16. Nothing is kept from cast to cast: a graph could not know it."""
        return torch.autocast(self.device.type, torch.bfloat16, cache_enabled=False)


class Stage:
    """One network that learns for a time; its folder then holds weights and history.

    Args:
        name: of the training and of its folder.
        network: learns in place.
        optimizers: all of one learning rate.
        reported: names of what each step notes, ``"loss"`` first.
        interval: steps between two validations.
        setting: what the other training is given too.
        about: facts for the header, besides those of the setting.

    Attributes:
        average: moving average of the network's weights: what is validated and saved.
        step: steps done.
    """

    def __init__(
        self,
        name: str,
        network: SRResNet,
        optimizers: Sequence[StackedSOAP | Adam],
        reported: Sequence[str],
        interval: int,
        setting: Setting,
        about: Facts,
    ) -> None:
        self.name, self.network, self.optimizers = name, network, optimizers
        self.reported, self.interval, self.setting = reported, interval, setting
        self.folder = setting.out / name
        sizes = {each: getattr(network, each) for each in ("scale", "blocks", "channels")}
        self.about = {"model": name, **sizes, **setting.about, **about}
        self.average = copy.deepcopy(network).requires_grad_(False)
        self.averaged = torch.zeros((), device=setting.device)
        self.sums = torch.zeros(len(reported), device=setting.device)
        self.step, self.since, self.history = 0, 0, History()
        self.began = setting.clock()

    def elapsed(self) -> float:
        """Seconds of this stage, validations included."""
        return self.setting.clock() - self.began

    def follow(self) -> None:
        """Part of a step: the average moves, faster at first: the beginning is forgotten."""
        self.averaged.add_(1)
        decay = torch.clamp(self.averaged / (self.averaged + 10), max=self.setting.recipe.average)
        move_towards(self.average, self.network, 1 - decay)

    def note(self, *values: torch.Tensor) -> None:
        """Part of a step: add up what is reported, each ``()``, on the device."""
        self.sums.add_(torch.stack([value.detach() for value in values]))

    def learn(
        self,
        step: Callable[[], None],
        until: float,
        rate: Callable[[], float],
        after: Callable[[], None] = lambda: None,
    ) -> None:
        """Steps until the stage is ``until`` seconds old, at least one round of them.

        Args:
            step: takes a batch and learns from it, without waiting for a result.
            rate: the learning rate of the round to come.
            after: called after each round, outside of the graph.
        """
        recipe, clock = self.setting.recipe, self.setting.clock
        self._set_rates(NEARLY_ZERO)
        replay = captured(step, self.setting.device)
        self._forget()
        while True:
            self._set_rates(rate())
            for _ in range(recipe.round):
                replay()
            self.step, self.since = self.step + recipe.round, self.since + recipe.round
            after()
            if self.step % AT_MOST_AHEAD == 0 and self.setting.device.type == "cuda":
                torch.cuda.synchronize()
            if self.step % self.interval == 0:
                self.record()
            clock.say_now_and_then(f"{self.name}: step {self.step}, {self.elapsed():.0f} s")
            if self.elapsed() >= until:
                return

    def record(self) -> None:
        """Validate, add a row to the history, save both. Nothing new since the last: do nothing.

        Raises:
            TrainingError: when a number is none; what was saved before stays.
            CheckpointError: when a file cannot be written.
        """
        if not self.since:
            return
        means = (self.sums / self.since).tolist()
        psnr, distance = self.setting.validate(self.average)
        self._require_finite([*means, psnr])
        loss, *others = means
        terms = dict(zip(self.reported[1:], others, strict=True)) | {"vgg": distance}
        seconds = round(self.elapsed(), 3)
        row = Row(self.step, seconds, float(self._rate), loss, psnr, terms)
        self.history.rows.append(row)
        reached = {"step": self.step, "seconds": seconds, "psnr": psnr, "vgg": distance}
        save_weights(self.folder / BEST, self.average, {**self.about, **reached})
        self.history.save(self.folder / HISTORY)
        said = {"loss": loss, **terms}
        parts = ", ".join(f"{name} {value:.4f}" for name, value in said.items())
        head = f"{self.name}: step {self.step}, rate {self._rate:.1e}, {psnr:.3f} dB"
        self.setting.clock.say(f"{head}, {parts}")
        self._forget()

    def _set_rates(self, rate: float) -> None:
        self._rate = rate
        for optimizer in self.optimizers:
            optimizer.learning_rate.fill_(rate)

    def _forget(self) -> None:
        self.since = 0
        self.sums.zero_()

    def _require_finite(self, values: Iterable[float]) -> None:
        if not all(map(math.isfinite, values)):
            raise TrainingError(
                f"{self.name} came to something that is no number before step {self.step}. What "
                f"{self.folder} holds is of the validation before, and whole"
            )


def make_folder(folder: Path) -> None:
    """A folder for a training, which must not hold one.

    Raises:
        CheckpointError: when it does, or cannot be made.
    """
    found = [name for name in (BEST, HISTORY) if (folder / name).exists()]
    if found:
        raise CheckpointError(
            f"{folder} already holds a training ({', '.join(found)}): choose another folder"
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CheckpointError(f"cannot make folder {folder}: {error.strerror}") from error
    remove_partial(folder)  # of a training that was killed while it wrote
