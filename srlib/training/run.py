"""The state of a training, and the files it is kept in.

``last.pt`` holds all that is needed to go on, ``best.safetensors`` the best weights,
``history.csv`` a row for each validation.
"""

import contextlib
import copy
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import torch
from accelerate import Accelerator
from torch import nn
from torch.optim import Optimizer

from srlib.atomic import remove_partial, sole_use
from srlib.errors import CheckpointError
from srlib.networks.weights import BEST, Facts, read_about, save_weights
from srlib.training.checkpoint import check_settings, load_training, save_state
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
        facts: what is saved with the weights besides.

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
        facts: Facts | None = None,
    ) -> None:
        self.models, self.optimizers, self.settings = models, optimizers, dict(settings)
        self.facts = dict(facts or {})
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

    @contextlib.contextmanager
    def begun(self, resume: bool) -> Iterator[None]:
        """Make the folder, or take up what is in it, and keep other trainings out meanwhile.

        Raises:
            CheckpointError: when it holds a training and ``resume`` is False, or one that cannot be
                resumed, or another training writes into it, or it cannot be made.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise CheckpointError(f"cannot make folder {self.folder}: {error.strerror}") from error
        with contextlib.ExitStack() as stack:
            if self.accelerator.is_main_process:
                if not stack.enter_context(sole_use(self.folder)):
                    raise CheckpointError(
                        f"another training is writing into {self.folder}: wait for its end, or "
                        "choose another folder"
                    )
                remove_partial(self.folder)  # of a training that was killed while it wrote
            if check_folder(self.folder, resume):
                self._restore(self.folder / LAST)
            yield

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
                about = {**self.settings, **self.facts, "step": self.step, "psnr": psnr}
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
        state = load_training(path)
        check_settings(path, state["settings"], self.settings)
        self.settings = {**state["settings"], **self.settings}  # what was not asked for again
        try:
            for name, model in self.models.items():
                model.load_state_dict(state["models"][name])
            for name, optimizer in self.optimizers.items():
                optimizer.load_state_dict(state["optimizers"][name])
            if self.average is not None:
                self.average.load_state_dict(state["average"])
            torch.set_rng_state(state["random"])
        except Exception as error:  # what is in the file may be anything
            said = f"{type(error).__name__}: {' '.join(str(error).split())}"
            raise CheckpointError(
                f"{path} is of another model ({said[:200]}). No file was changed; train into "
                "another folder"
            ) from error
        self.step, self.seconds = state["step"], state["seconds"]
        self.history = History([Row(*row) for row in state["history"]])
        if self.accelerator.is_main_process:
            self._save_history()

    def _save_history(self) -> None:
        path = self.folder / HISTORY
        try:
            self.history.save(path)
        except OSError as error:
            raise CheckpointError(f"cannot save {path}: {error.strerror or error}") from error


def check_folder(folder: Path, resume: bool, settings: Facts | None = None) -> bool:
    """Whether there is a training to resume; asked before the images are read, which takes long.

    Args:
        settings: those that are known already, to be held against its own.

    Raises:
        CheckpointError: it holds a training and ``resume`` is False, or one of other settings; or
            it is a file.
    """
    if folder.exists() and not folder.is_dir():
        raise CheckpointError(f"cannot make folder {folder}: a file of that name is there")
    found = [name for name in (LAST, BEST, HISTORY) if (folder / name).exists()]
    if found and not resume:
        raise CheckpointError(
            f"{folder} already holds a training ({', '.join(found)}): go on with it (--resume), or "
            "choose another folder"
        )
    if LAST in found:
        if settings:
            check_settings(folder / LAST, load_training(folder / LAST)["settings"], settings)
        return True
    if found:
        _check_nothing_is_lost(folder, found, settings or {})
    return False


def _check_nothing_is_lost(folder: Path, found: list[str], settings: Facts) -> None:
    """Begin anew over weights only if the same training left them: killed in its first saving.

    Raises:
        CheckpointError: they are of another one.
    """
    about = read_about(folder) if found == [BEST] else {}
    step, *others = (about.get(name) for name in ("step", "interval", "steps"))
    if [*map(type, others)] != [int, int] or step != min(others):
        init = f", from these weights: --init {folder}" if BEST in found else ""
        raise CheckpointError(
            f"{folder} holds {', '.join(found)} but no {LAST}, without which no training can go "
            f"on. Bring it back, or train into another folder{init}"
        )
    check_settings(folder / BEST, about, settings)
