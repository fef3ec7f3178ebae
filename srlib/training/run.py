"""The state of a training, and the files it is kept in.

``last.pt`` holds all that is needed to go on, ``best.safetensors`` the best weights,
``history.csv`` a row for each validation.
"""

import copy
import time
from collections.abc import Mapping
from pathlib import Path

import torch
from accelerate import Accelerator
from torch import nn
from torch.optim import Optimizer

from srlib.atomic import remove_partial
from srlib.errors import CheckpointError
from srlib.networks.weights import BEST, Facts, save_weights
from srlib.training.checkpoint import check_settings, load_state, save_state
from srlib.training.history import History, Row

LAST, HISTORY = "last.pt", "history.csv"


class Run:
    """Models, optimisers, average, step and history of one training.

    Args:
        models: by name, without accelerate's wrappers; the first is validated and saved as weights.
        optimizers: by name.
        average: whether to keep an exponential moving average of the first model's weights.
        settings: what must be the same when the training is resumed.
        folder: of the files; made if need be.
        accelerator: tells which process writes.
        keep_last: save the latest weights as the best ones, whatever their PSNR.

    Attributes:
        step: steps done.
        history: its rows so far.
        average: the averaged model, or None.
    """

    def __init__(
        self,
        models: Mapping[str, nn.Module],
        optimizers: Mapping[str, Optimizer],
        average: bool,
        settings: Facts,
        folder: Path,
        accelerator: Accelerator,
        keep_last: bool = False,
    ) -> None:
        self.models, self.optimizers, self.settings = models, optimizers, settings
        self.folder, self.accelerator, self.keep_last = folder, accelerator, keep_last
        self.network = next(iter(models.values()))
        self.average = copy.deepcopy(self.network) if average else None
        self.step, self.history = 0, History()
        self.seconds, self.resumed = 0.0, time.monotonic()
        for group in self.groups():
            group.setdefault("initial_lr", group["lr"])

    @property
    def result(self) -> nn.Module:
        """What is validated and saved: the average if there is one, else the network."""
        return self.average or self.network

    def groups(self) -> list[dict]:
        """The parameter groups of all optimisers."""
        return [g for optimizer in self.optimizers.values() for g in optimizer.param_groups]

    def set_learning_rates(self, factor: float) -> float:
        """Of each group, its own times the factor; returns the first, which is the one reported."""
        for group in self.groups():
            group["lr"] = group["initial_lr"] * factor
        return self.groups()[0]["lr"]

    def begin(self, resume: bool) -> None:
        """Make the folder, or take up what is in it.

        Raises:
            CheckpointError: when it holds a training and ``resume`` is False, or one that cannot be
                resumed, or cannot be made.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise CheckpointError(f"cannot make folder {self.folder}: {error.strerror}") from error
        found = [name for name in (LAST, BEST, HISTORY) if (self.folder / name).exists()]
        if found and not resume:
            raise CheckpointError(
                f"{self.folder} already holds a training ({', '.join(found)}): go on with it "
                "(--resume), or choose another folder"
            )
        if self.accelerator.is_main_process:
            remove_partial(self.folder)  # of a training that was killed while it wrote
        if LAST in found:
            self._restore(self.folder / LAST)

    def record(self, means: Mapping[str, float], psnr: float, learning_rate: float) -> None:
        """Add a row to the history and save everything.

        ``means`` holds the loss, and what else the history keeps, since the row before.
        The best weights come first: killed between two files, the training does this step again.

        Raises:
            CheckpointError: when a file cannot be written.
        """
        seconds = self.seconds + time.monotonic() - self.resumed
        terms = {name: value for name, value in means.items() if name != "loss"}
        row = Row(self.step, round(seconds, 3), learning_rate, means["loss"], psnr, terms)
        self.history.rows.append(row)
        if self.accelerator.is_main_process:
            if self.keep_last or self.history.since_best() == 0:
                about = {**self.settings, "step": self.step, "psnr": psnr}
                save_weights(self.folder / BEST, self.result, about)
            save_state(self.folder / LAST, self._state(seconds))
            self._save_history()
        self.accelerator.wait_for_everyone()

    def _state(self, seconds: float) -> dict:
        return {
            "settings": dict(self.settings),
            "step": self.step,
            "seconds": seconds,
            "history": [list(vars(row).values()) for row in self.history.rows],
            "models": {name: model.state_dict() for name, model in self.models.items()},
            "optimizers": {name: each.state_dict() for name, each in self.optimizers.items()},
            "average": self.average.state_dict() if self.average is not None else None,
            "random": torch.get_rng_state(),
        }

    def _restore(self, path: Path) -> None:
        """Take up a checkpoint; a history that ran ahead of it is cut back."""
        state = load_state(path)
        check_settings(path, state["settings"], self.settings)
        try:
            for name, model in self.models.items():
                model.load_state_dict(state["models"][name])
            for name, optimizer in self.optimizers.items():
                optimizer.load_state_dict(state["optimizers"][name])
            if self.average is not None:
                self.average.load_state_dict(state["average"])
        except (KeyError, RuntimeError, ValueError) as error:
            raise CheckpointError(
                f"{path} is of another model: {' '.join(str(error).split())}. No file was changed; "
                "train into another folder"
            ) from error
        self.step, self.seconds = state["step"], state["seconds"]
        self.history = History([Row(*row) for row in state["history"]])
        torch.set_rng_state(state["random"])
        if self.accelerator.is_main_process:
            self._save_history()

    def _save_history(self) -> None:
        path = self.folder / HISTORY
        try:
            self.history.save(path)
        except OSError as error:
            raise CheckpointError(f"cannot save {path}: {error.strerror or error}") from error
