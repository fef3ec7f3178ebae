"""The training loop: what it learns, what it keeps, and what it does when something goes wrong."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from full_disk import files_no_larger_than
from torch import nn

from srlib import checkpoint
from srlib.checkpoint import CheckpointError, load_state, load_weights, save_state, save_weights
from srlib.history import COLUMNS, History, Row
from srlib.metrics import Protocol
from srlib.schedules import cosine, halving
from srlib.soap import SOAP
from srlib.training import Plan, Supervised, TrainingError, mean_psnr, move_towards, train

FILES = ["best.safetensors", "history.csv", "last.pt"]


class Points:
    """y = 2 x at random points: a batch depends on its number alone."""

    def __init__(self, batch_size: int = 8) -> None:
        self.batch_size = batch_size

    def batch(self, step: int, rank: int = 0, world: int = 1) -> tuple[torch.Tensor, torch.Tensor]:
        share = self.batch_size // world
        x = torch.from_numpy(np.random.default_rng(step).normal(size=(self.batch_size, 3)))
        x = x[rank * share : (rank + 1) * share].float()
        return x, 2 * x


def mse(model: nn.Module, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return torch.mean((model(x) - y) ** 2)


def learner(seed: int = 0, rate: float = 0.01, optimizer: type = torch.optim.Adam) -> Supervised:
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Linear(3, 8), nn.Dropout(0.1), nn.Linear(8, 3))
    return Supervised(model, mse, optimizer(model.parameters(), lr=rate))


def nearness(model: nn.Module) -> float:
    """A PSNR of sorts: how near y = 2 x the model is on one batch."""
    x, y = Points().batch(10**6)
    return float(-10 * torch.log10(mse(model, x, y).detach()))


def run(out: Path, plan: Plan, who: Supervised | None = None, **options: object) -> History:
    return train(who or learner(), Points(), nearness, out, plan, progress=False, **options)


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


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
    run(tmp_path, Plan(steps=2, interval=2, schedule=halving(1)), who)
    assert not torch.equal(first.weight, before[0])
    assert torch.equal(last.weight, before[1])


def test_cosine_schedule():
    factors = [cosine(200, warmup=20, floor=0.1)(step) for step in range(200)]
    assert factors[:20] == pytest.approx(np.arange(1, 21) / 20)
    assert factors[20] == 1 and factors[110] == pytest.approx(0.55)
    assert all(a >= b for a, b in zip(factors[20:], factors[21:], strict=False))
    assert factors[-1] == pytest.approx(0.1, abs=1e-3)
    assert cosine(200, floor=0.1)(10**6) == pytest.approx(0.1)
    with pytest.raises(ValueError, match="warmup must be shorter"):
        cosine(10, warmup=10)


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


def test_soap_learns_a_badly_conditioned_problem_faster_than_adam():
    scales = torch.logspace(0, -2, 20)  # inputs as unequal as those of a filter on smooth images
    torch.manual_seed(0)
    rotation = torch.linalg.qr(torch.randn(20, 20)).Q
    losses = {}
    for optimizer in (torch.optim.Adam, SOAP):
        torch.manual_seed(1)
        model = nn.Linear(20, 4)
        target = nn.Linear(20, 4)
        steps = optimizer(model.parameters(), lr=0.02)
        for _ in range(300):
            x = (torch.randn(64, 20) * scales) @ rotation
            loss = torch.mean((model(x) - target(x).detach()) ** 2)
            steps.zero_grad()
            loss.backward()
            steps.step()
        weights = (model.weight - target.weight).detach() @ rotation.T
        losses[optimizer] = float(torch.mean((weights * scales) ** 2))
    assert losses[SOAP] < losses[torch.optim.Adam] / 3


# validation


def test_mean_psnr_is_the_mean_over_images():
    hr = [np.full((8, 8), value, np.uint8) for value in (100, 200)]
    grey = [torch.full((1, 1, 8, 8), value / 255) for value in (101, 210)]  # errors of 1 and 10
    pairs = list(zip(grey, hr, strict=True))
    model = nn.Conv2d(1, 1, 1)
    nn.init.ones_(model.weight), nn.init.zeros_(model.bias)
    with torch.no_grad():
        score = mean_psnr(pairs, Protocol())(model)
    assert score == pytest.approx((48.1308 + 28.1308) / 2, abs=1e-3)


def test_mean_psnr_clamps_and_sees_nan():
    pairs = [(torch.zeros(1, 1, 4, 4), np.full((4, 4), 255, np.uint8))]
    model = nn.Conv2d(1, 1, 1)
    nn.init.constant_(model.bias, 1.5)
    with torch.no_grad():
        assert mean_psnr(pairs, Protocol())(model) == np.inf
        nn.init.constant_(model.bias, np.nan)
        assert np.isnan(mean_psnr(pairs, Protocol())(model))
    with pytest.raises(ValueError, match="no images to validate on"):
        mean_psnr([], Protocol())


# killed, resumed


def test_killed_and_resumed_it_ends_with_the_same_bits(tmp_path):
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    victim = slow_process(killed)
    slow_training(whole)
    wait = np.random.default_rng().uniform(0.0, 0.3)  # a random moment, after the first checkpoint
    deadline = time.monotonic() + 60
    while not (killed / "last.pt").exists() and time.monotonic() < deadline:
        time.sleep(0.001)
    time.sleep(wait)
    victim.send_signal(signal.SIGKILL)
    assert victim.wait() == -signal.SIGKILL, victim.stderr.read().decode()
    assert load_state(killed / "last.pt")["step"] < 300, "it was done before it was killed"
    slow_training(killed)
    same_bits(load_state(whole / "last.pt"), load_state(killed / "last.pt"))
    assert (whole / "best.safetensors").read_bytes() == (killed / "best.safetensors").read_bytes()
    curves = [History.load(folder / "history.csv") for folder in (whole, killed)]
    for name in ("step", "learning_rate", "loss", "psnr"):
        assert curves[0].column(name) == curves[1].column(name)
    assert files(killed) == FILES


def slow_training(out: Path) -> None:
    """Two seconds of everything that has a state: SOAP, dropout, a schedule, an average."""

    class Slow(Points):
        def batch(self, step: int, rank: int = 0, world: int = 1) -> tuple:
            time.sleep(0.005)
            return super().batch(step, rank, world)

    plan = Plan(steps=300, interval=10, schedule=cosine(300, 10), average=0.99)
    who = learner(optimizer=SOAP)
    train(who, Slow(), nearness, out, plan, resume=True, progress=False)


def slow_process(out: Path) -> subprocess.Popen:
    code = (
        f"from pathlib import Path; import test_training as t; t.slow_training(Path({str(out)!r}))"
    )
    return subprocess.Popen(
        [sys.executable, "-c", code], cwd=Path(__file__).parent, stderr=subprocess.PIPE
    )


def same_bits(a: object, b: object, name: str = "") -> None:
    """All but the times."""
    if isinstance(a, dict):
        assert a.keys() == b.keys()
        for key in a.keys() - {"seconds", "history"}:
            same_bits(a[key], b[key], f"{name}.{key}")
    elif isinstance(a, list):
        assert len(a) == len(b)
        for index, (one, other) in enumerate(zip(a, b, strict=True)):
            same_bits(one, other, f"{name}[{index}]")
    elif isinstance(a, torch.Tensor):
        assert torch.equal(a, b), name
    else:
        assert a == b, name


def test_a_history_that_ran_ahead_of_the_checkpoint_is_cut_back(tmp_path):
    run(tmp_path / "short", Plan(steps=20, interval=10))
    state = load_state(tmp_path / "short" / "last.pt")
    ahead = History([Row(*row) for row in state["history"]] + [Row(30, 1.0, 1.0, 1.0, 99.0)])
    ahead.save(tmp_path / "short" / "history.csv")
    run(tmp_path / "short", Plan(steps=20, interval=10), resume=True)
    assert History.load(tmp_path / "short" / "history.csv").column("step") == [10, 20]


def test_what_a_kill_left_half_written_is_removed(tmp_path):
    run(tmp_path, Plan(steps=10, interval=10))
    (tmp_path / ".srlib-0123.part").write_bytes(b"half")
    (tmp_path / "notes.txt").write_text("mine")
    run(tmp_path, Plan(steps=10, interval=10), resume=True)
    assert files(tmp_path) == sorted([*FILES, "notes.txt"])


def test_resuming_what_never_saved_begins_anew(tmp_path):
    assert len(run(tmp_path, Plan(steps=10, interval=10), resume=True)) == 1


# refused, and nothing lost


def snapshot(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_folder_that_holds_a_training_is_not_overwritten(tmp_path):
    run(tmp_path, Plan(steps=10, interval=10))
    before = snapshot(tmp_path)
    with pytest.raises(CheckpointError, match="already holds a training .*--resume"):
        run(tmp_path, Plan(steps=10, interval=10))
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize(
    "changed, message",
    [
        ({"steps": 30}, "steps 20, not 30"),
        ({"seed": 1}, "seed 0, not 1"),
        ({"settings": {"scale": 3}}, "scale 2, not 3"),
        ({"average": 0.9}, "average None, not 0.9"),
    ],
)
def test_resume_with_other_settings(tmp_path, changed, message):
    plan = {"steps": 20, "interval": 10, "settings": {"scale": 2}}
    run(tmp_path, Plan(**plan))
    before = snapshot(tmp_path)
    with pytest.raises(CheckpointError, match=message):
        run(tmp_path, Plan(**plan | changed), resume=True)
    assert snapshot(tmp_path) == before


def test_resume_with_another_model(tmp_path):
    run(tmp_path, Plan(steps=20, interval=10))
    before = snapshot(tmp_path)
    model = nn.Linear(3, 3)
    other = Supervised(model, mse, torch.optim.Adam(model.parameters()))
    with pytest.raises(CheckpointError, match="of another model"):
        run(tmp_path, Plan(steps=20, interval=10), other, resume=True)
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize("damage", ["truncated", "one byte", "empty", "a pickle"])
def test_resume_from_a_damaged_checkpoint(tmp_path, damage):
    run(tmp_path, Plan(steps=20, interval=10))
    path = tmp_path / "last.pt"
    data = bytearray(path.read_bytes())
    if damage == "one byte":
        data[len(data) // 2] ^= 1
    path.write_bytes(
        {"truncated": data[:-100], "one byte": data, "empty": b"", "a pickle": b"\x80\x04N."}[
            damage
        ]
    )
    before = snapshot(tmp_path)
    with pytest.raises(CheckpointError, match="damaged"):
        run(tmp_path, Plan(steps=20, interval=10), resume=True)
    assert snapshot(tmp_path) == before


def test_a_checkpoint_runs_no_code(tmp_path):
    class Evil:
        def __reduce__(self):
            return os.system, ("touch " + str(tmp_path / "ran"),)

    save_state(tmp_path / "last.pt", {"step": Evil()})
    with pytest.raises(CheckpointError, match="damaged"):
        load_state(tmp_path / "last.pt")
    assert not (tmp_path / "ran").exists()


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


def test_a_full_disk(tmp_path):
    run(tmp_path, Plan(steps=20, interval=10))
    state = load_state(tmp_path / "last.pt")
    before = snapshot(tmp_path)
    message = "cannot save .*last.pt.*still whole"
    with files_no_larger_than(1000), pytest.raises(CheckpointError, match=message):
        save_state(tmp_path / "last.pt", state)
    assert snapshot(tmp_path) == before


def test_a_full_disk_while_training_keeps_the_last_checkpoint(tmp_path, monkeypatch):
    real = checkpoint.write_whole
    saved = []

    def full(path: Path, data: bytes) -> None:
        saved.append(path.name)
        if saved.count("last.pt") == 2:
            raise OSError(28, "No space left on device")
        real(path, data)

    monkeypatch.setattr(checkpoint, "write_whole", full)
    with pytest.raises(CheckpointError, match="No space left on device"):
        run(tmp_path, Plan(steps=50, interval=10))
    monkeypatch.undo()
    assert load_state(tmp_path / "last.pt")["step"] == 10
    assert run(tmp_path, Plan(steps=50, interval=10), resume=True).column("step")[-1] == 50
    assert files(tmp_path) == FILES


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(CheckpointError, match="cannot make folder"):
        run(tmp_path / "file" / "run", Plan(steps=10))


@pytest.mark.parametrize(
    "wrong, message",
    [
        ({"steps": 0}, "steps must be at least 1"),
        ({"steps": 5, "interval": 0}, "interval must be at least 1"),
        ({"steps": 5, "average": 1.0}, "average must lie between 0 and 1"),
        ({"steps": 5, "patience": 0}, "patience must be at least 1"),
    ],
)
def test_plans_that_make_no_sense(wrong, message):
    with pytest.raises(ValueError, match=message):
        Plan(**wrong)


# weights and histories in files


def test_weights_of_another_model_or_scale(tmp_path):
    path = tmp_path / "a.safetensors"
    save_weights(path, nn.Linear(2, 3), {"scale": 2})
    model = nn.Linear(2, 3)
    assert load_weights(path, model, {"scale": 2}) == {"scale": 2}
    with pytest.raises(CheckpointError, match="scale 2, not 3"):
        load_weights(path, model, {"scale": 3})
    with pytest.raises(CheckpointError, match=r"another model: bias is \(3,\), expected None"):
        load_weights(path, nn.Linear(2, 2, bias=False))


@pytest.mark.parametrize("size", [0, 5, 60, -4])
def test_truncated_weights(tmp_path, size):
    path = tmp_path / "a.safetensors"
    save_weights(path, nn.Linear(2, 3), {})
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(CheckpointError, match="no whole weights"):
        load_weights(path, nn.Linear(2, 3))


def test_missing_files(tmp_path):
    with pytest.raises(CheckpointError, match="cannot read the weights"):
        load_weights(tmp_path / "none", nn.Linear(1, 1))
    with pytest.raises(CheckpointError, match="cannot read the checkpoint"):
        load_state(tmp_path / "none")


def test_history_comes_back_from_its_file(tmp_path):
    history = History([Row(10, 1.5, 0.001, 0.2, 30.125), Row(20, 3.0, 1e-05, 0.1, 31.5)])
    history.save(tmp_path / "h.csv")
    again = History.load(tmp_path / "h.csv")
    assert again.rows == history.rows and type(again.rows[0].step) is int
    assert again.best.step == 20 and again.since_best() == 0
    assert (tmp_path / "h.csv").read_text().splitlines()[0].split(",") == COLUMNS
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    with pytest.raises(ValueError, match="is no history"):
        History.load(tmp_path / "other.csv")
    with pytest.raises(ValueError, match="has the columns"):
        history.column("accuracy")
    with pytest.raises(ValueError, match="train first"):
        _ = History().best
