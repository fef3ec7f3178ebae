"""One training loop, for one CPU, one GPU or many processes, that can be killed and go on.

The loop knows no model and no data. A :class:`Learner` says what one step does, ``batches`` gives
batch number n, ``validate`` gives a PSNR. Device, processes and mixed precision come from Hugging
Face accelerate: start the same program with ``accelerate launch`` or ``torchrun``.
"""

import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol as Interface

import numpy as np
import torch
from accelerate import Accelerator
from accelerate.utils import broadcast_object_list, set_seed
from torch import nn
from tqdm.auto import tqdm

from srlib.errors import ArgumentError, TrainingError
from srlib.training.history import History
from srlib.training.learners import Learner
from srlib.training.run import Run
from srlib.training.schedules import Schedule, constant
from srlib.training.validation import Validate

log = logging.getLogger(__name__)


class Batches(Interface):
    """Where batches come from; ``data.patches.Patches`` is one.

    Batch n must depend on n alone, so that a training that is resumed sees what it would have seen.
    ``rank`` and ``world`` ask for one process's share of it.
    """

    batch_size: int

    def batch(self, step: int, rank: int = 0, world: int = 1) -> Sequence[torch.Tensor]: ...


@dataclass(frozen=True)
class Plan:
    """How long to train, and what to do on the way.

    Attributes:
        steps: in all, a resumed training's earlier ones included.
        interval: steps between two validations, each with a row of history and a checkpoint.
        schedule: step (from 0) -> factor on each optimiser's own learning rate.
        average: decay of an exponential moving average of the weights, which is then what is
            validated and saved as best; None for none.
        patience: stop after this many validations without a new best; None for never.
        keep: which weights are saved as best: ``"best"``, those of the highest PSNR, or
            ``"last"``, for a GAN, whose best images are not those of the highest PSNR.
        seed: of everything random in PyTorch, NumPy and Python.
        settings: what else must be the same when the training is resumed, such as the scale. Saved
            with the weights.
        facts: what is saved with the weights besides, such as the folders' names.
    """

    steps: int
    interval: int = 500
    schedule: Schedule = constant
    average: float | None = None
    patience: int | None = None
    keep: str = "best"
    seed: int = 0
    settings: dict[str, str | int | float | bool | None] = field(default_factory=dict)
    facts: dict[str, str | int | float | bool | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("steps", "interval"):
            if getattr(self, name) < 1:
                raise ArgumentError(f"{name} must be at least 1, not {getattr(self, name)!r}")
        if self.average is not None and not 0 < self.average < 1:
            raise ArgumentError(f"average must lie between 0 and 1, not {self.average!r}")
        if self.patience is not None and self.patience < 1:
            raise ArgumentError(f"patience must be at least 1, not {self.patience!r}")
        if self.keep not in ("best", "last"):
            raise ArgumentError(f"keep must be 'best' or 'last', not {self.keep!r}")


def train(
    learner: Learner,
    batches: Batches,
    validate: Validate,
    out: Path,
    plan: Plan,
    *,
    resume: bool = False,
    accelerator: Accelerator | None = None,
    progress: bool = True,
) -> History:
    """Train, and leave in the folder ``out``:

    - ``best.safetensors``: the weights of the highest validation PSNR (or the last: ``plan.keep``),
    - ``last.pt``: all that is needed to go on, as of the last validation,
    - ``history.csv``: a row for each validation.

    A training that was killed and is resumed ends, on one CPU, with the same weights bit for bit
    as one that was not.

    Args:
        learner: its models are trained in place.
        batches: batch n for step n.
        validate: model -> PSNR in dB; called on the main process, in evaluation mode.
        out: made if need be.
        plan: see :class:`Plan`.
        resume: go on from ``out``'s last checkpoint if there is one; otherwise ``out`` must not
            hold a training.
        accelerator: for another device or precision than accelerate's defaults.
        progress: show a bar with loss, PSNR, patches a second and the time left.

    Raises:
        TrainingError: when a loss or the PSNR is no number; the checkpoints stay.
        CheckpointError: when a checkpoint cannot be written, or is damaged, or was made with other
            settings; or another training writes into the folder.
    """
    accelerator = accelerator or Accelerator()
    set_seed(plan.seed)
    run = _prepare(learner, plan, Path(out), accelerator)
    reports: list[dict[str, float]] = []
    with run.begun(resume), _Bar(run, plan, batches.batch_size, progress) as bar:
        _say_if_finished(run, plan)
        while not _finished(run, plan):
            learning_rate = run.set_learning_rates(plan.schedule(run.step))
            batch = batches.batch(run.step, accelerator.process_index, accelerator.num_processes)
            batch = [tensor.to(accelerator.device) for tensor in batch]
            reported = accelerator.reduce(learner.step(batch, accelerator), reduction="mean")
            reports.append({name: value.item() for name, value in reported.items()})
            _require_finite(reports[-1], learning_rate, run)
            run.step += 1
            if run.average is not None:  # faster at first, so that the beginning is forgotten
                decay = min(plan.average, run.step / (run.step + 10))
                move_towards(run.average, run.network, 1 - decay)
            bar.advance(reports[-1]["loss"])
            if run.step % plan.interval == 0 or run.step == plan.steps:
                psnr_in_db = _validate(run, validate)
                _require_finite({"validation PSNR": psnr_in_db}, learning_rate, run)
                run.record(_means(reports), psnr_in_db, learning_rate)
                reports.clear()
    _unwrap(learner, accelerator)
    return run.history


def _prepare(learner: Learner, plan: Plan, out: Path, accelerator: Accelerator) -> Run:
    """Hand models and optimisers to accelerate; the run keeps the models without its wrappers."""
    run = Run(
        dict(learner.models),
        learner.optimizers,
        plan.average is not None,
        {
            **plan.settings,
            "steps": plan.steps,
            "interval": plan.interval,
            "average": plan.average,
            "patience": plan.patience,
            "seed": plan.seed,
            "precision": accelerator.mixed_precision,
            "processes": accelerator.num_processes,
        },
        out,
        accelerator,
        keep_last=plan.keep == "last",
        facts=plan.facts,
    )
    for model in [*learner.models.values(), *([run.average] if run.average is not None else [])]:
        model.to(accelerator.device)
    for kind in (learner.models, learner.optimizers):
        for name, each in kind.items():
            kind[name] = accelerator.prepare(each)
    return run


def _means(reports: Sequence[dict[str, float]]) -> dict[str, float]:
    return {name: float(np.mean([each[name] for each in reports])) for name in reports[0]}


def _unwrap(learner: Learner, accelerator: Accelerator) -> None:
    for name, model in learner.models.items():
        learner.models[name] = accelerator.unwrap_model(model, keep_fp32_wrapper=False)


def _finished(run: Run, plan: Plan) -> bool:
    out_of_patience = plan.patience is not None and run.history.since_best() >= plan.patience
    return run.step >= plan.steps or out_of_patience


def _say_if_finished(run: Run, plan: Plan) -> None:
    """Resuming what is done changes nothing: say so, and what would."""
    if _finished(run, plan) and run.accelerator.is_main_process:
        why = "all" if run.step >= plan.steps else f"no better validation came in {plan.patience},"
        log.warning(
            f"this training is done: {why} {run.step} steps are taken. To train further, begin "
            f"another with its weights: --init {run.folder} --out ANOTHER_FOLDER"
        )


def _validate(run: Run, validate: Validate) -> float:
    """PSNR in dB, the same on every process. It is no tensor: some GPUs have no float64."""
    score = [0.0]
    if run.accelerator.is_main_process:
        was_training = run.result.training
        run.result.eval()
        with torch.no_grad():
            score[0] = float(validate(run.result))
        run.result.train(was_training)
    return broadcast_object_list(score)[0]


def _require_finite(values: dict[str, float], learning_rate: float, run: Run) -> None:
    """Name every term that is no number: the first one takes the others along."""
    wrong = {name: value for name, value in values.items() if not math.isfinite(value)}
    if not wrong:
        return
    rows = run.history.rows
    kept = f"The checkpoint of step {rows[-1].step} is kept." if rows else "No checkpoint yet."
    raise TrainingError(
        f"the {', '.join(wrong)} became {next(iter(wrong.values()))} at step {run.step}, "
        f"learning rate {learning_rate:.3g}. {kept} "
        "Try a third of the learning rate or a longer warm-up in a new run; with bf16, try fp32"
    )


@torch.no_grad()
def move_towards(average: nn.Module, model: nn.Module, share: float) -> None:
    """Move each weight of ``average`` by ``share`` of the way to that of ``model``.

    What is not learned, such as BatchNorm's running statistics, is copied.
    """
    for slow, fast in zip(average.parameters(), model.parameters(), strict=True):
        slow.lerp_(fast, share)
    for slow, fast in zip(average.buffers(), model.buffers(), strict=True):
        slow.copy_(fast)


class _Bar:
    """Progress: loss, PSNR, patches a second, time left."""

    def __init__(self, run: Run, plan: Plan, batch_size: int, shown: bool) -> None:
        self.run, self.batch_size = run, batch_size
        self.bar = tqdm(
            total=plan.steps * batch_size,
            initial=run.step * batch_size,
            unit="patch",
            unit_scale=True,
            disable=not (shown and run.accelerator.is_main_process),
        )

    def __enter__(self) -> "_Bar":
        return self

    def __exit__(self, *_: object) -> None:
        self.bar.close()

    def advance(self, loss: float) -> None:
        rows = self.run.history.rows
        psnr_in_db = f"{rows[-1].psnr:.2f} dB" if rows else "not yet"
        self.bar.set_postfix(loss=f"{loss:.2e}", PSNR=psnr_in_db, refresh=False)
        self.bar.update(self.batch_size)
