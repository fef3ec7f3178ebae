"""Checks of the exercises of chapter 5: losses, faults, realism, mixtures, back-projection."""

import copy
import math
from collections.abc import Callable, Mapping

import numpy as np
import torch
from scipy.ndimage import gaussian_filter
from torch import nn

from srlib.book.exercises.answers import NotYet, answer, call, check, kind, numbers, same
from srlib.images.resize import imresize
from srlib.training import losses


@check("both networks")
def check_count_srgan(generator: int, discriminator: int) -> None:
    """Parameters of the generator for x2, and of the discriminator for images of 128 x 128."""
    answer(
        *(generator, 1_401_749, "the generator", 0.5),
        {
            "that is the generator for x4": 1_549_462,
            "one sub-pixel convolution goes, not both": 1_549_462 - 2 * 147_713,
            "the sub-pixel convolution's PReLU goes with it": 1_401_750,
            "its biases and its PReLU go with it": 1_549_462 - 256 * 64 * 9,
        },
    )
    answer(
        *(discriminator, 23_565_505 - 18_875_392 + 33_555_456, "the discriminator", 0.5),
        {
            "that is the discriminator for 96 x 96": 23_565_505,
            "that is its dense layer alone": 33_555_456,
            "four steps of 2 take 128 to 8, not to 16": (
                23_565_505 - 18_875_392 + 1024 * 512 * 256 + 1024
            ),
        },
        "Only the dense layer depends on the size",
    )


@check("the three losses of a guess, and the run's")
def check_guess(own: float, adversarial: float, minimax: float, run: float) -> None:
    """For D = 1/2: the discriminator's loss, -log D, log(1 - D). Then the run's, about."""
    log2 = math.log(2)
    bits = "that is in bits, the book takes natural logarithms"
    half = {"it has two terms, one for real and one for fake": log2, bits: 2}
    negative = "the sign is turned round: a logarithm of less than 1 is negative"
    answer(own, 2 * log2, "the discriminator's loss", 0.01, half | {negative: -2 * log2})
    answer(adversarial, log2, "-log D", 0.01, {negative: -log2, bits: 1})
    answer(minimax, -log2, "log(1 - D)", 0.01, {negative: log2, bits: -1})
    mistakes = {
        "that is -log D(real) alone": -math.log(0.9),
        "for what is fake it is -log(1 - D(fake)), not -log D(fake)": -math.log(0.9 * 0.2),
        "that is in decimal logarithms": -math.log10(0.9 * 0.8),
        negative: math.log(0.9 * 0.8),
    }
    answer(run, -math.log(0.9 * 0.8), "the run's loss", 0.01, mistakes)


@check("both slopes, and the clamped pixel's")
def check_slopes(one_minus_d: float, minus_log_d: float, clamped: float) -> None:
    """Slopes by the logit at D = 0.001, and of a squared error by an output clamped from 1.3."""
    by_d = "that is the slope by D; by the logit it is D (1 - D) times that"
    mistakes = {by_d: -1, "the sign is turned round: the loss falls when D rises": 0.000999}
    answer(one_minus_d, -0.000999, "1 - D", 1e-6, mistakes)
    mistakes = {by_d: -1000, "the sign is turned round: the loss falls when D rises": 0.999}
    answer(minus_log_d, -0.999, "-log D", 1e-4, mistakes)
    mistakes = {
        "that is the slope without the clamp": 0.8,
        "that is the slope by the clamped value; what is the clamp's own?": 0.2,
    }
    answer(clamped, 0, "the clamped pixel", 1e-6, mistakes)


@check("-log D with its gradient, for logits from -200 to 200")
def check_generator_loss(loss: Callable[[torch.Tensor], torch.Tensor]) -> None:
    """``loss(fake)``: the mean of -log D over a batch, from logits (B, 1)."""
    torch.manual_seed(6)
    batches = {
        "logits around 0:": torch.randn(8, 1),
        "logits around -4:": torch.randn(6, 1) - 4,
        "a logit of -200:": torch.tensor([[-200.0]]),
        "a logit of 200:": torch.tensor([[200.0]]),
    }
    for at, fake in batches.items():
        fake.requires_grad_()
        came = call(_loss_and_slope, loss, fake, at=at)
        if isinstance(came, str):
            raise NotYet(f"{at} {came}")
        d = fake.sigmoid()
        mistakes = {
            "that takes logits for probabilities: D is their sigmoid": -fake.clamp_min(1e-12).log(),
            "the sigmoid is taken twice: softplus and BCEWithLogits have it inside": (
                -d.sigmoid().log()
            ),
            "that is 1 - D, without the logarithm": 1 - d,
            "that is log(1 - D), which saturates": losses.minimax_loss(fake),
            "that is the loss for what is real turned round: -log(1 - D)": (
                -losses.minimax_loss(fake)
            ),
            "that is the sum over the batch, not the mean": (
                losses.non_saturating_loss(fake) * len(fake)
            ),
        }
        mistakes = {name: value.detach().mean() for name, value in mistakes.items()}
        if not np.all(np.isfinite(came[0])):
            raise NotYet(f"{at} not finite: D rounds to 0. Take softplus of the logit")
        same(came[0], losses.non_saturating_loss(fake), at, 1e-4, mistakes)
        same(came[1], (d - 1) / len(fake), at + " the slope:", 1e-4)


# What the first odd thing about each run is, for whoever took it for another one.
ODD = {
    "A": (
        3,
        "content begins where the healthy one does, so it is computed correctly; then it climbs",
    ),
    "B": (2, "content is too small at the very first step, with the healthy generator and batch"),
    "C": (4, "the discriminator's own loss explodes too: what do both networks share?"),
    "D": (1, "content begins too high and falls, and PSNR never was where the others began"),
    "E": (5, "content and PSNR are fine; look at D(real), D(fake) and the fine detail"),
}


@check("all five")
def check_verdict(verdict: Mapping[str, int]) -> None:
    """``verdict``: letter of a run of the lab -> number of its fault, 1 to 5."""
    if not isinstance(verdict, Mapping) or set(verdict) != set(ODD):
        raise NotYet('expected {"A": ..., "B": ..., "C": ..., "D": ..., "E": ...}')
    for run, (fault, hint) in ODD.items():
        found = numbers(verdict[run], f"run {run}:")
        if found.shape != () or found not in range(1, 6):
            raise NotYet(f"run {run}: expected the number of a fault, 1 to 5, got {verdict[run]!r}")
        if found != fault:
            raise NotYet(f"run {run}: {hint}")


@check("twice the error for the draw, a thirtieth of that price for the fixed answer")
def check_realism_price(draw: float, fixed: float) -> None:
    """Decibels above the least error: of a draw from the posterior, and of m / rho, at SNR 10."""
    rho = (1 / 1.1) ** 0.5
    mistakes = {
        "that is the factor, it is asked for in decibels": 2,
        "that is 20 log10: the error is squared already": 20 * math.log10(2),
        "that is in natural logarithms": math.log(2),
    }
    answer(draw, 10 * math.log10(2), "the draw", 0.02, mistakes)
    price = 2 / (1 + rho)
    mistakes = {
        "that is the factor, it is asked for in decibels": price,
        "that is 20 log10: the error is squared already": 20 * math.log10(price),
        "that is the price of the input y itself": 10 * math.log10(0.1 / (1 - rho**2)),
        "that is the draw's": 10 * math.log10(2),
    }
    answer(fixed, 10 * math.log10(price), "the fixed answer", 0.01, mistakes)


@check("the weight trades PSNR for detail")
def check_weight(outcome: Mapping[float, tuple[float, float]]) -> None:
    """``outcome``: weights 0, 0.001 and 1 -> PSNR in dB and fine detail after 60 steps."""
    if not isinstance(outcome, Mapping) or set(outcome) != {0, 1e-3, 1}:
        raise NotYet("expected {0: (PSNR, detail), 0.001: ..., 1: ...}")
    for weight, pair in outcome.items():
        at = f"weight {weight}:"
        if numbers(pair, at).shape != (2,):
            raise NotYet(f"{at} expected PSNR and fine detail, got shape {np.shape(pair)}")
        if not (5 < pair[0] < 50 and 0 <= pair[1] < 5):
            raise NotYet(
                f"{at} expected a PSNR in dB and the share of the truth's detail, in this order"
            )
    if outcome[0][0] < outcome[1][0] + 1:
        raise NotYet(
            "weight 1 costs less than 1 dB: did each run begin with a copy of the pretrained "
            "generator, and does the weight reach Adversarial?"
        )
    if outcome[1][1] <= outcome[0][1]:
        raise NotYet("weight 1 brings no detail: are the runs exchanged?")


@check("the mixture at alpha 0, 1/4 and 1; neither network was changed")
def check_mixed(mix: Callable[[nn.Module, nn.Module, float], nn.Module]) -> None:
    """``mix(first, second, alpha)``: a network whose weights are (1 - alpha) first + alpha second.

    Weights and running statistics; whole numbers (BatchNorm's counters) are the first's.
    """
    for alpha in (0.25, 0, 1):
        at = f"alpha = {alpha}:"
        pair = [_small_network(seed) for seed in (0, 1)]
        before = [copy.deepcopy(net.state_dict()) for net in pair]
        came = call(lambda: mix(*pair, alpha), at=at)  # noqa: B023 - called at once
        if not isinstance(came, nn.Module):
            raise NotYet(f"{at} expected a network, got {kind(came)}")
        for name, net, old in zip(("first", "second"), pair, before, strict=True):
            if any(not torch.equal(value, old[key]) for key, value in net.state_dict().items()):
                raise NotYet(f"{at} the {name} network was changed: mix into a copy")
        for key, value in came.state_dict().items():
            a, b = (old[key] for old in before)
            where = f"{at} {key}:"
            if not value.is_floating_point():
                continue
            mistakes = {
                "alpha is the share of the second network": torch.lerp(b, a, alpha),
                "that is the first network's: was it left out?": a,
                "that is the second network's: was it left out?": b,
                "that is the sum, not the mean": a + b,
                "that is the mean of the two, whatever alpha": (a + b) / 2,
            }
            same(value, torch.lerp(a, b, alpha), where, 1e-5, mistakes)


@check("three rounds of back-projection, for 2 images, to 0.01 grey levels")
def check_back_projection(project: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> None:
    """``project(sr, lr)``: sr corrected three times by what it lacks when shrunk by 4.

    Floats on 0..255, (4h, 4w) and (h, w), neither rounded nor clipped.
    """
    rng = np.random.default_rng(7)
    for size in ((12, 12), (9, 15)):
        lr = 127 + 400 * gaussian_filter(rng.normal(size=size), 1)
        sr = imresize(lr, 4) + rng.normal(3, 8, (4 * size[0], 4 * size[1]))
        at = f"lr of {size[0]} by {size[1]}:"
        came = call(project, sr, lr, at=at)
        mistakes = {
            "that is what was given: the correction is not added": sr,
            "that is one round, three were asked for": _projected(sr, lr, rounds=1),
            "that is two rounds, three were asked for": _projected(sr, lr, rounds=2),
            "that is four rounds, three were asked for": _projected(sr, lr, rounds=4),
            "the correction is subtracted": _projected(sr, lr, sign=-1),
            "the same correction three times: shrink the corrected image each time": (
                sr + 3 * imresize(lr - imresize(sr, 1 / 4), 4)
            ),
            "that is the correction, without the image": _projected(sr, lr) - sr,
            "that is rounded": np.rint(_projected(sr, lr)),
        }
        same(came, _projected(sr, lr), at, 0.01, mistakes)


def _loss_and_slope(
    loss: Callable[[torch.Tensor], torch.Tensor], fake: torch.Tensor
) -> tuple[np.ndarray, np.ndarray] | str | None:
    """The loss and its slope by each logit, or what keeps one from taking it."""
    came = loss(fake)
    if came is None or came is ...:
        return None
    if not isinstance(came, torch.Tensor):
        return f"expected a tensor, got {kind(came)}: a loss must carry its gradient"
    if came.ndim:
        return f"expected one number, got shape {tuple(came.shape)}: take the mean over the batch"
    if not came.requires_grad:
        return "the loss is detached: it carries no gradient, and nobody would learn from it"
    (slope,) = torch.autograd.grad(came, fake, allow_unused=True)
    if slope is None:
        return "the loss is detached: it carries no gradient, and nobody would learn from it"
    return came.detach().numpy(), slope.numpy()


def _small_network(seed: int) -> nn.Module:
    """A convolution and a BatchNorm that has seen something."""
    torch.manual_seed(seed)
    net = nn.Sequential(nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3))
    for _ in range(seed + 2):
        net(torch.rand(4, 1, 6, 6))
    return net.eval()


def _projected(sr: np.ndarray, lr: np.ndarray, rounds: int = 3, sign: int = 1) -> np.ndarray:
    for _ in range(rounds):
        sr = sr + sign * imresize(lr - imresize(sr, 1 / 4), 4)
    return sr


@check("an untrained network minds brightness and grain nearly as much as blur")
def check_untrained(found: Mapping[str, float]) -> None:
    """``found``: each change -> its distance in relu2_2 of random weights, blurred = 1."""
    names = ("brighter", "more contrast", "shifted", "blurred", "noisy")
    if not isinstance(found, Mapping) or set(found) != set(names):
        raise NotYet(f"expected a dictionary with the keys {', '.join(names)}")
    for name in names:
        if numbers(found[name], f"{name}:").shape != () or not found[name] > 0:
            raise NotYet(f"{name}: expected one number above 0")
    if abs(found["blurred"] - 1) > 0.01:
        raise NotYet("blurred: divide all five by the distance of the blurred image")
    if found["brighter"] < 0.1:
        raise NotYet("brighter: that is VGG as it was trained; draw the weights at random")
    if found["more contrast"] > 0.55:
        raise NotYet(
            "more contrast: too large. Did you scale the features to length 1 at each place?"
        )
    for name, low, high in (("brighter", 0.4, 1.6), ("noisy", 0.6, 1.2), ("shifted", 0.4, 0.8)):
        if not low < found[name] < high:
            raise NotYet(
                f"{name}: {found[name]:.2f} is not among what random weights give. Are the images "
                "on 0..1 and normalised, and is it the mean over all places?"
            )
