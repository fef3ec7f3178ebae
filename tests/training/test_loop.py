"""The training loop: what it learns, what it keeps, and what it does when something goes wrong."""

import time
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from srlib.errors import TrainingError
from srlib.networks.weights import load_weights
from srlib.training.checkpoint import load_state
from srlib.training.loop import Plan, move_towards, train
from srlib.training.schedules import cosine, drop
from srlib.training.soap import SOAP
from tests.helpers.trainings import (
    FILES,
    Points,
    files,
    killed_and_resumed,
    learner,
    nearness,
    run,
)

# learning


def test_loss_falls_psnr_rises_and_all_is_written(tmp_path):
    untrained = nearness(learner().models["model"].eval())
    history = run(tmp_path / "new" / "run", Plan(steps=250, interval=100))
    assert history.column("step") == [100, 200, 250]
    assert history.column("loss")[-1] < history.column("loss")[0] / 2
    assert history.column("psnr")[-1] > untrained + 5
    assert files(tmp_path / "new" / "run") == FILES


def test_what_is_reported_is_the_mean_loss_since_the_last_row(tmp_path):
    class Counts:
        """Reports its own steps, 0, 1, 2, ..., as losses."""

        def __init__(self) -> None:
            model = nn.Linear(1, 1)
            self.models = {"model": model}
            self.optimizers = {"optimizer": torch.optim.SGD(model.parameters(), lr=0.0)}
            self.steps = 0

        def step(self, batch, accelerator):
            self.steps += 1
            return {"loss": torch.tensor(float(self.steps - 1))}

    history = train(
        Counts(), Points(), lambda model: 1.0, tmp_path, Plan(steps=4, interval=2), progress=False
    )
    assert history.column("loss") == [0.5, 2.5]


def test_frozen_layers_stay(tmp_path):
    frozen = learner()
    first, _, last = frozen.models["model"]
    first.requires_grad_(False)
    before = first.weight.clone(), last.weight.clone()
    run(tmp_path, Plan(steps=5, interval=5), frozen)
    assert torch.equal(first.weight, before[0])
    assert not torch.equal(last.weight, before[1])


def test_the_seed_decides(tmp_path):
    results = []
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        who = learner(seed=0)  # the same weights: what differs is dropout
        run(tmp_path / name, Plan(steps=5, interval=5, seed=seed), who)
        results.append(who.models["model"][0].weight)
    assert torch.equal(results[0], results[1])
    assert not torch.equal(results[0], results[2])


def test_best_weights_are_those_of_the_best_row(tmp_path):
    scores = iter([20.0, 30.0, 25.0])
    seen = []

    def validate(model: nn.Module) -> float:
        seen.append(model[0].weight.clone())
        assert not model.training and not torch.is_grad_enabled()
        return next(scores)

    who = learner()
    train(who, Points(), validate, tmp_path, Plan(steps=3, interval=1), progress=False)
    about = load_weights(tmp_path / "best.safetensors", who.models["model"])
    assert (about["step"], about["psnr"]) == (2, 30.0)
    assert torch.equal(who.models["model"][0].weight, seen[1])
    assert who.models["model"].training


@pytest.mark.parametrize("optimizer", [torch.optim.Adam, SOAP])
def test_the_learning_rate_is_what_the_schedule_says(tmp_path, optimizer):
    plan = Plan(steps=3, interval=1, schedule=lambda step: (1.0, 0.5, 0.1)[step])
    who = learner(optimizer=optimizer)
    history = run(tmp_path, plan, who)
    assert history.column("learning_rate") == pytest.approx([0.01, 0.005, 0.001])


def test_a_rate_for_each_group_is_kept(tmp_path):
    who = learner()
    first, _, last = who.models["model"]
    groups = [{"params": first.parameters()}, {"params": last.parameters(), "lr": 0.0}]
    who.optimizers["optimizer"] = torch.optim.SGD(groups, lr=0.1)
    before = first.weight.clone(), last.weight.clone()
    run(tmp_path, Plan(steps=2, interval=2, schedule=drop(1)), who)
    assert not torch.equal(first.weight, before[0])
    assert torch.equal(last.weight, before[1])


def test_average_moves_towards_the_weights():
    average, model = nn.BatchNorm1d(2), nn.BatchNorm1d(2)
    nn.init.constant_(average.weight, 0.0)
    nn.init.constant_(model.weight, 1.0)
    model.running_mean.fill_(3.0)
    move_towards(average, model, 0.25)
    assert average.weight.tolist() == [0.25, 0.25]
    assert model.weight.tolist() == [1.0, 1.0]
    assert average.running_mean.tolist() == [3.0, 3.0]


def test_average_is_what_is_validated_and_saved(tmp_path):
    seen = []

    def validate(model: nn.Module) -> float:
        seen.append(model[0].weight.clone())
        return 1.0

    who = learner()
    plan = Plan(steps=30, interval=30, average=0.9)
    train(who, Points(), validate, tmp_path, plan, progress=False)
    model = who.models["model"]
    trained = model[0].weight.clone()
    load_weights(tmp_path / "best.safetensors", model)
    assert torch.equal(model[0].weight, seen[0])
    assert not torch.equal(model[0].weight, trained)
    start = learner().models["model"][0].weight
    assert (seen[0] - trained).norm() < (start - trained).norm() / 2


def test_patience(tmp_path):
    scores = iter([20.0, 30.0, 29.0, 28.0, 31.0])
    plan = Plan(steps=5, interval=1, patience=2)
    history = train(learner(), Points(), lambda model: next(scores), tmp_path, plan, progress=False)
    assert history.column("psnr") == [20.0, 30.0, 29.0, 28.0]
    again = run(tmp_path, plan, resume=True)  # has stopped for good
    assert len(again) == 4


# killed, resumed


def test_killed_and_resumed_it_ends_with_the_same_bits(tmp_path):
    killed_and_resumed(slow_training, tmp_path, steps=300, most=0.3)


def slow_training(out: Path) -> None:
    """Two seconds of everything that has a state: SOAP, dropout, a schedule, an average."""

    class Slow(Points):
        def batch(self, step: int, rank: int = 0, world: int = 1) -> tuple:
            time.sleep(0.005)
            return super().batch(step, rank, world)

    plan = Plan(steps=300, interval=10, schedule=cosine(300, 10), average=0.99)
    who = learner(optimizer=SOAP)
    train(who, Slow(), nearness, out, plan, resume=True, progress=False)


# what cannot go on


def test_a_loss_that_is_no_number(tmp_path):
    class Poisoned(Points):
        def batch(self, step, rank=0, world=1):
            x, y = super().batch(step)
            return (x * np.nan if step == 25 else x), y

    plan = Plan(steps=100, interval=10)
    with pytest.raises(TrainingError) as caught:
        train(learner(), Poisoned(), nearness, tmp_path, plan, progress=False)
    said = str(caught.value)
    for part in ("loss became nan at step 25", "learning rate 0.01", "step 20 is kept", "Try"):
        assert part in said
    assert load_state(tmp_path / "last.pt")["step"] == 20
    assert all(
        torch.isfinite(value).all()
        for value in load_state(tmp_path / "last.pt")["models"]["model"].values()
    )


def test_weights_that_are_no_numbers_are_not_saved(tmp_path):
    with pytest.raises(TrainingError, match="validation PSNR became nan at step 10"):
        train(
            learner(), Points(), lambda model: np.nan, tmp_path, Plan(steps=20, interval=10),
            progress=False,
        )  # fmt: skip
    assert files(tmp_path) == []


@pytest.mark.parametrize(
    "wrong, message",
    [
        ({"steps": 0}, "steps must be at least 1"),
        ({"steps": 5, "interval": 0}, "interval must be at least 1"),
        ({"steps": 5, "average": 1.0}, "average must lie between 0 and 1"),
        ({"steps": 5, "patience": 0}, "patience must be at least 1"),
        ({"steps": 5, "keep": "all"}, "keep must be 'best' or 'last', not 'all'"),
    ],
)
def test_plans_that_make_no_sense(wrong, message):
    with pytest.raises(ValueError, match=message):
        Plan(**wrong)
