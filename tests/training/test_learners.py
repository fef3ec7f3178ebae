"""The game of two networks: each term's gradient reaches its own network and no other."""

import copy
import math
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from accelerate import Accelerator
from safetensors.torch import load_file
from torch import nn
from torch.nn import functional

from srlib.errors import TrainingError
from srlib.networks.srgan import Discriminator, SRResNet
from srlib.networks.weights import save_weights
from srlib.training import learners, loop
from srlib.training.checkpoint import load_state
from srlib.training.history import COLUMNS, History
from srlib.training.learners import Adversarial
from srlib.training.loop import Plan, train
from srlib.training.losses import Content, PerceptualLoss, discriminator_loss, non_saturating_loss
from srlib.training.srresnet import OWN_STATISTICS
from tests.helpers.processes import begin_two, end
from tests.helpers.trainings import FILES, files, killed_and_resumed, same_bits

TERMS = ["content", "adversarial", "discriminator", "d_real", "d_fake"]
RATE = 0.05  # of plain gradient descent, so that what moved is the gradient
Spoil = Callable[[torch.Tensor], torch.Tensor]


class Pairs:
    """Random HR images of 32x32 and their LR at x2: a batch depends on its number alone."""

    batch_size = 4

    def batch(self, step: int, rank: int = 0, world: int = 1) -> tuple[torch.Tensor, torch.Tensor]:
        share = self.batch_size // world
        noise = np.random.default_rng(step).random((self.batch_size, 3, 32, 32), dtype=np.float32)
        hr = torch.from_numpy(noise)[rank * share : (rank + 1) * share]
        hr = functional.avg_pool2d(functional.pad(hr, (2,) * 4, mode="reflect"), 5, stride=1)
        return functional.avg_pool2d(hr, 2), hr


def networks() -> tuple[SRResNet, Discriminator]:
    torch.manual_seed(0)
    generator = SRResNet(scale=2, blocks=1, channels=4)
    nn.init.ones_(generator.body[0].residual[-1].weight)  # at 0 it hides what stands before it
    return generator, Discriminator(size=32, channels=2, dense=8)


def game(content: Content, optimizer: type = torch.optim.SGD, **options) -> Adversarial:
    generator, discriminator = networks()
    rates = {"lr": RATE} if optimizer is torch.optim.SGD else {"lr": 1e-3}
    optimizers = [optimizer(each.parameters(), **rates) for each in (generator, discriminator)]
    return Adversarial(generator, discriminator, content, *optimizers, **options)


def pixels(sr: torch.Tensor, hr: torch.Tensor) -> torch.Tensor:
    return functional.mse_loss(sr, hr)


@pytest.fixture(scope="module")
def vgg_loss(random_vgg) -> PerceptualLoss:
    return PerceptualLoss("relu2_2", random_vgg)


# who moves, and when


class Witness:
    """Watches both optimisers: which network moved at each step, and D's gradients then."""

    def __init__(self, learner: Adversarial) -> None:
        self.learner, self.moved, self.gradients = learner, [], []
        for optimizer in learner.optimizers.values():
            self._watch(optimizer)

    def _watch(self, optimizer: torch.optim.Optimizer) -> None:
        step = optimizer.step

        def watched() -> None:
            before = self._weights()
            step()
            after = self._weights()
            self.moved.append(
                [name for name in before if not torch.equal(before[name], after[name])]
            )
            self.gradients.append(self.discriminator_gradients())

        optimizer.step = watched

    def _weights(self) -> dict[str, torch.Tensor]:
        models = self.learner.models.items()
        return {name: nn.utils.parameters_to_vector(m.parameters()) for name, m in models}

    def discriminator_gradients(self) -> torch.Tensor:
        parameters = self.learner.models["discriminator"].parameters()
        return torch.cat([each.grad.flatten().clone() for each in parameters])


def step(learner: Adversarial, number: int = 0) -> dict[str, torch.Tensor]:
    return learner.step(Pairs().batch(number), Accelerator(cpu=True))


def content_alone(vgg: PerceptualLoss, spoil: Spoil) -> Adversarial:
    return game(lambda sr, hr: spoil(vgg(sr, hr)), weight=0.0)


def adversarial_alone(vgg: PerceptualLoss, spoil: Spoil) -> Adversarial:
    nothing = lambda sr, hr: 0 * sr.sum()  # noqa: E731
    return game(nothing, adversarial=lambda fake: spoil(non_saturating_loss(fake)), weight=1.0)


def each_moves_in_its_own_turn(learner: Adversarial) -> None:
    """One update each (k = 1), the discriminator first, and neither moves the other."""
    witness = Witness(learner)
    step(learner)
    assert witness.moved == [["discriminator"], ["generator"]]
    own, after = witness.gradients
    assert own.abs().max() > 0
    assert torch.equal(own, after), "the generator's turn left gradients on the discriminator"


ALONE = pytest.mark.parametrize("alone", [content_alone, adversarial_alone])


@ALONE
def test_each_term_alone_moves_the_generator_and_only_it(alone, vgg_loss):
    each_moves_in_its_own_turn(alone(vgg_loss, lambda loss: loss))


def detached(loss: torch.Tensor) -> torch.Tensor:
    """What a term is worth when its gradient is lost, here of a loss that has another term."""
    return loss.detach()


def rebuilt(loss: torch.Tensor) -> torch.Tensor:
    """The fault of ``torch.tensor(loss.item(), requires_grad=True)``."""
    return torch.tensor(loss.item(), requires_grad=True)


@ALONE
@pytest.mark.parametrize("fault", [detached, rebuilt])
def test_a_term_without_gradient_would_be_seen(alone, fault, vgg_loss):
    learner = alone(vgg_loss, fault)
    with pytest.raises(AssertionError):
        each_moves_in_its_own_turn(learner)


def test_a_discriminator_that_also_learns_in_the_generators_turn_would_be_seen(monkeypatch):
    monkeypatch.setattr(Discriminator, "requires_grad_", lambda self, value: self)
    with pytest.raises(AssertionError, match="left gradients on the discriminator"):
        each_moves_in_its_own_turn(game(pixels, weight=1.0))


def test_vgg_stays_as_it_is(vgg_loss):
    learner = game(vgg_loss)
    before = copy.deepcopy(vgg_loss.state_dict())
    for number in range(2):
        step(learner, number)
    same_bits(before, vgg_loss.state_dict())
    assert all(each.grad is None for each in vgg_loss.parameters())


def test_every_weight_of_both_learns(vgg_loss):
    """So the discriminator's are switched on again after the generator's turn."""
    learner = game(vgg_loss, weight=1.0)
    step(learner)
    before = copy.deepcopy(learner.models)
    step(learner, 1)
    for name, model in learner.models.items():
        pairs = zip(before[name].named_parameters(), model.parameters(), strict=True)
        for (weight, old), new in pairs:
            assert new.requires_grad
            assert weight in without_effect(model) or not torch.equal(old, new), (name, weight)


def without_effect(model: nn.Module) -> set[str]:
    """Biases before a BatchNorm, which subtracts them again."""
    names = set()
    for name, layers in model.named_modules():
        if isinstance(layers, nn.Sequential):
            kinds = [type(layer) for layer in layers]
            names |= {
                f"{name}.{index}.bias"
                for index in range(len(kinds) - 1)
                if kinds[index : index + 2] == [nn.Conv2d, nn.BatchNorm2d]
            }
    return names


def test_gradients_do_not_pile_up():
    """After a first step, a second one moves as a fresh start from the same weights would."""
    old, new = game(pixels, weight=0.01), game(pixels, weight=0.01)
    step(old)
    for name, model in old.models.items():
        new.models[name].load_state_dict(copy.deepcopy(model.state_dict()))
    for learner in (old, new):
        step(learner, 1)
    for name, model in old.models.items():
        same_bits(dict(model.state_dict()), dict(new.models[name].state_dict()))


# the gradients, against losses made by hand


def turns_by_hand(vgg: PerceptualLoss, weight: float) -> dict[str, object]:
    """One step from the networks' first weights: equations 2, 3, 5 and 6, literally."""
    generator, discriminator = networks()
    lr, hr = Pairs().batch(0)
    sr = generator(lr)
    real, fake = discriminator(hr).sigmoid(), discriminator(sr.detach()).sigmoid()
    d_loss = -real.log().mean() - (1 - fake).log().mean()
    descend(discriminator, d_loss)
    content = torch.mean((vgg.vgg(sr)[0] - vgg.vgg(hr)[0].detach()) ** 2) / 12.75**2
    term = -discriminator(sr).sigmoid().log().mean()
    loss = content + weight * term
    descend(generator, loss)
    reported = {
        "loss": loss,
        "content": content,
        "adversarial": term,
        "discriminator": d_loss,
        "d_real": real.mean(),
        "d_fake": fake.mean(),
    }
    numbers = {name: float(value.detach()) for name, value in reported.items()}
    return {"generator": generator, "discriminator": discriminator, "reported": numbers}


def descend(model: nn.Module, loss: torch.Tensor) -> None:
    gradients = torch.autograd.grad(loss, list(model.parameters()))
    with torch.no_grad():
        for parameter, gradient in zip(model.parameters(), gradients, strict=True):
            parameter -= RATE * gradient


def is_the_papers_step(vgg: PerceptualLoss, learner: Adversarial) -> None:
    expected = turns_by_hand(vgg, learner.weight)
    old_ones = dict(zip(("generator", "discriminator"), networks(), strict=True))
    found = {name: float(value) for name, value in step(learner).items()}
    assert found == pytest.approx(expected["reported"], rel=1e-4)
    for name, model in learner.models.items():
        trio = zip(
            old_ones[name].parameters(),
            model.parameters(),
            expected[name].parameters(),
            strict=True,
        )
        for old, new, by_hand in trio:
            moved, wanted = (new - old).detach(), (by_hand - old).detach()
            assert torch.allclose(moved, wanted, rtol=1e-2, atol=1e-5 * RATE), name


def test_a_step_by_hand(vgg_loss):
    """What is reported, and how every weight moves; the terms weigh about the same here."""
    is_the_papers_step(vgg_loss, game(vgg_loss, weight=0.01))


LOSES = {
    "content": lambda vgg, spoil, patch: game(lambda sr, hr: spoil(vgg(sr, hr)), weight=0.01),
    "adversarial": lambda vgg, spoil, patch: game(
        vgg, weight=0.01, adversarial=lambda fake: spoil(non_saturating_loss(fake))
    ),
    "real": lambda vgg, spoil, patch: patch(
        lambda real, fake: discriminator_loss(spoil(real), fake), vgg
    ),
    "fake": lambda vgg, spoil, patch: patch(
        lambda real, fake: discriminator_loss(real, spoil(fake)), vgg
    ),
}


@pytest.mark.parametrize("term", LOSES)
def test_any_term_that_is_lost_would_be_seen(term, vgg_loss, monkeypatch):
    def patch(loss, vgg: PerceptualLoss) -> Adversarial:
        monkeypatch.setattr(learners, "discriminator_loss", loss)
        return game(vgg, weight=0.01)

    is_the_papers_step(vgg_loss, LOSES[term](vgg_loss, lambda loss: loss, patch))
    learner = LOSES[term](vgg_loss, torch.Tensor.detach, patch)
    with pytest.raises(AssertionError):
        is_the_papers_step(vgg_loss, learner)


FAULTS = {
    "1 - D": lambda vgg: game(vgg, weight=0.01, adversarial=lambda f: (1 - f.sigmoid()).mean()),
    "another weight": lambda vgg: game(
        vgg, weight=0.01, adversarial=lambda fake: 2 * non_saturating_loss(fake)
    ),
    "pixels instead of features": lambda vgg: game(pixels, weight=0.01),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_faults_of_other_implementations_would_be_seen(fault, vgg_loss):
    with pytest.raises(AssertionError):
        is_the_papers_step(vgg_loss, FAULTS[fault](vgg_loss))


def test_a_generator_that_clamps_would_be_seen(vgg_loss, monkeypatch):
    forward = SRResNet.forward
    learner = game(vgg_loss, weight=0.01)
    clamped = type("Clamped", (SRResNet,), {"forward": lambda s, x: forward(s, x).clamp(0, 1)})
    learner.models["generator"].__class__ = clamped
    with pytest.raises(AssertionError):
        is_the_papers_step(vgg_loss, learner)


def test_d_is_reported_as_it_was_before_it_learned():
    learner = game(pixels)
    lr, hr = Pairs().batch(0)
    with torch.no_grad():
        d_real = learner.models["discriminator"](hr).sigmoid().mean()
    reported = step(learner)
    assert torch.equal(reported["d_real"], d_real)
    assert all(value.shape == () and not value.requires_grad for value in reported.values())


# the loop


def learner_of_loop() -> Adversarial:
    return game(pixels, torch.optim.Adam, weight=0.01)


def brightness(model: nn.Module) -> float:
    """A PSNR of sorts, which falls."""
    brightness.calls += 1
    return 30.0 - brightness.calls


brightness.calls = 0

PLAN = Plan(steps=4, interval=2, average=0.9, keep="last")


def run(out: Path, plan: Plan = PLAN, who: Adversarial | None = None, **options) -> History:
    return train(
        who or learner_of_loop(), Pairs(), brightness, out, plan, progress=False, **options
    )


def test_history_keeps_every_term(tmp_path):
    history = run(tmp_path)
    assert history.columns == [*COLUMNS, *TERMS]
    for name in ("loss", *TERMS):
        assert all(map(math.isfinite, history.column(name)))
    for name in ("d_real", "d_fake"):
        assert all(0 < value < 1 for value in history.column(name))
    again = History.load(tmp_path / "history.csv")
    assert again.rows == history.rows and again.columns == history.columns
    assert (tmp_path / "history.csv").read_text().splitlines()[0].split(",") == history.columns
    assert files(tmp_path) == FILES


def test_terms_are_means_over_the_steps_since_the_row_before(tmp_path):
    learner, reports = learner_of_loop(), []
    original = learner.step

    def watched(batch, accelerator):
        reports.append({name: float(value) for name, value in original(batch, accelerator).items()})
        return {name: torch.tensor(value) for name, value in reports[-1].items()}

    learner.step = watched
    history = run(tmp_path, who=learner)
    for name in ("loss", *TERMS):
        values = [report[name] for report in reports]
        assert history.column(name) == pytest.approx(
            [(values[0] + values[1]) / 2, (values[2] + values[3]) / 2], rel=1e-6
        )


@pytest.mark.parametrize("keep, row", [("last", 2), ("best", 1)])
def test_the_last_weights_are_kept_although_psnr_falls(tmp_path, keep, row):
    scores = iter([25.0, 24.0])
    seen = []

    def validate(model: nn.Module) -> float:
        seen.append(copy.deepcopy(model.state_dict()))
        return next(scores)

    plan = Plan(steps=4, interval=2, average=0.9, keep=keep)
    train(learner_of_loop(), Pairs(), validate, tmp_path, plan, progress=False)
    same_bits(load_file(tmp_path / "best.safetensors"), dict(seen[row - 1]))


def saves_the_average(folder: Path) -> None:
    """Of the generator: after steps 1 and 2 it has come 10/11 and 1 - 2/12 of the way to it."""
    learner, weights = learner_of_loop(), []
    original = learner.step

    def watched(batch, accelerator):
        reported = original(batch, accelerator)
        weights.append(learner.models["generator"].head[0].weight.detach().clone())
        return reported

    learner.step = watched
    first = learner.models["generator"].head[0].weight.detach().clone()
    run(folder, Plan(steps=2, interval=2, average=0.9, keep="last"), learner)
    average = first.lerp(weights[0], 10 / 11).lerp(weights[1], 10 / 12)
    saved = load_file(folder / "best.safetensors")["head.0.weight"]
    assert torch.allclose(saved, average, rtol=1e-5, atol=1e-7)
    assert not torch.allclose(saved, weights[1], rtol=1e-5, atol=1e-7)
    trained = load_state(folder / "last.pt")["models"]["generator"]["head.0.weight"]
    assert torch.equal(trained, weights[1]), "training went on from the average"


def test_the_average_of_the_generator_is_saved_and_the_generator_trains_on(tmp_path):
    saves_the_average(tmp_path)


def test_an_average_that_is_swapped_would_be_seen(tmp_path, monkeypatch):
    move = loop.move_towards
    monkeypatch.setattr(loop, "move_towards", lambda a, model, share: move(a, model, 1 - share))
    with pytest.raises(AssertionError):
        saves_the_average(tmp_path / "decay and share")
    monkeypatch.setattr(loop, "move_towards", lambda a, model, share: move(model, a, share))
    with pytest.raises(AssertionError):
        saves_the_average(tmp_path / "average and network")


def test_a_discriminators_loss_that_is_no_number(tmp_path, monkeypatch):
    """Its name is in the error, although the generator's loss is no number either by then."""
    calls = []

    def poisoned(real: torch.Tensor, fake: torch.Tensor) -> torch.Tensor:
        calls.append(1)
        return discriminator_loss(real, fake) * (math.nan if len(calls) == 4 else 1)

    monkeypatch.setattr(learners, "discriminator_loss", poisoned)
    with pytest.raises(TrainingError) as caught:
        run(tmp_path, Plan(steps=9, interval=2, keep="last"))
    said = str(caught.value)
    for part in ("discriminator", "nan at step 3", "checkpoint of step 2 is kept"):
        assert part in said, said
    state = load_state(tmp_path / "last.pt")
    assert state["step"] == 2
    for weights in state["models"].values():
        assert all(each.isfinite().all() for each in weights.values())


# killed, resumed, in two processes


def test_killed_and_resumed_it_ends_with_the_same_bits(tmp_path):
    killed = killed_and_resumed(slow_training, tmp_path, steps=45, most=0.2)
    state = load_state(killed / "last.pt")
    assert set(state["models"]) == set(state["optimizers"]) == {"generator", "discriminator"}
    assert all(optimizer["state"] for optimizer in state["optimizers"].values())
    assert History.load(killed / "history.csv").columns == [*COLUMNS, *TERMS]


def slow_training(out: Path) -> None:
    """A second and more of both networks, both Adams and an average."""

    class Slow(Pairs):
        def batch(self, step: int, rank: int = 0, world: int = 1) -> tuple:
            time.sleep(0.015)
            return super().batch(step, rank, world)

    def validate(model: nn.Module) -> float:
        lr, hr = Pairs().batch(10**6)
        return float(-10 * torch.log10(pixels(model(lr), hr)))

    plan = Plan(steps=45, interval=3, average=0.99, keep="last")
    train(learner_of_loop(), Slow(), validate, out, plan, resume=True, progress=False)


def test_two_processes_end_with_equal_weights(tmp_path):
    end(begin_two(__name__, tmp_path))
    first_ones = dict(zip(("generator", "discriminator"), networks(), strict=True))
    for name, model in first_ones.items():
        ranks = [load_file(tmp_path / f"{name}{rank}.safetensors") for rank in range(2)]
        for weight, first in model.named_parameters():
            assert torch.equal(ranks[0][weight], ranks[1][weight]), (name, weight)
            assert weight in without_effect(model) or not torch.equal(ranks[0][weight], first)
    assert load_state(tmp_path / "run" / "last.pt")["settings"]["processes"] == 2


def one_of_two_processes(folder: Path) -> None:
    learner = learner_of_loop()
    accelerator = Accelerator(kwargs_handlers=[OWN_STATISTICS])
    run(folder / "run", who=learner, accelerator=accelerator)
    for name, model in learner.models.items():
        save_weights(folder / f"{name}{accelerator.process_index}.safetensors", model, {})


if __name__ == "__main__":
    one_of_two_processes(Path(sys.argv[1]))
