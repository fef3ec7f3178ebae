"""Checks of the exercises of chapter 4: divergences, log files, and games that were played."""

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch
from scipy.special import xlogy

from srlib.book.exercises.answers import NotYet, answer, call, check, numbers, same

LOG2 = math.log(2)


@check("divergence and value at all three places")
def check_boxes(divergences: Sequence[float], values: Sequence[float]) -> None:
    """JSD and V(D*) of [0, 2] and, in this order, [1, 3], [2, 4], [5, 7]; natural logarithms."""
    places = ("[1, 3]", "[2, 4]", "[5, 7]")
    for name, came in (("the divergences", divergences), ("the values", values)):
        if numbers(came, f"{name}:").shape != (3,):
            raise NotYet(f"{name}: expected three numbers, got shape {np.shape(came)}")
    for place, came, expected in zip(places, divergences, (LOG2 / 2, LOG2, LOG2), strict=True):
        mistakes = {
            "that is in bits, the book takes natural logarithms": expected / LOG2,
            "that is the sum of the two KL, the JSD is half of it": 2 * expected,
        }
        answer(came, expected, f"the JSD at {place}", 0.005, mistakes, "It is at most log 2")
    for place, came, expected in zip(places, values, (-LOG2, 0, 0), strict=True):
        mistakes = {
            "-log 4 belongs to densities that are equal": -2 * LOG2,
            "V = -log 4 + 2 JSD; that has the JSD once": (expected - 2 * LOG2) / 2,
            "that is the loss of the judge, V is its negative": -expected,
        }
        answer(came, expected, f"V at {place}", 0.005, mistakes, "It lies between -log 4 and 0")


@check("the bound and its share of the largest possible")
def check_log_file(bound: float, share: float) -> None:
    """The least JSD for a discriminator's loss of 0.2 on unseen samples, and its share of log 2."""
    expected = (2 * LOG2 - 0.2) / 2
    mistakes = {
        "that is 2 JSD": 2 * expected,
        "the loss is -V, so V is -0.2, not 0.2": LOG2 + 0.1,
        "that is in bits, the book takes natural logarithms": expected / LOG2,
    }
    answer(bound, expected, "the bound", 0.01, mistakes, "JSD >= (V + log 4) / 2")
    mistakes = {
        "that is in percent, a share lies between 0 and 1": 100 * expected / LOG2,
        "that is a share of log 4, the largest JSD is log 2": expected / LOG2 / 2,
    }
    answer(share, expected / LOG2, "the share", 0.01, mistakes)


@check("with Adam, log(1-D) comes nearly as far as -log D")
def check_adam(minimax: float, non_saturating: float) -> None:
    """How far mu came in 100 rounds with Adam, for each loss. (A game differs between machines.)"""
    for name, came in (("log(1-D)", minimax), ("-log D", non_saturating)):
        if numbers(came, f"{name}:").shape != () or not 0.3 < came < 7:
            raise NotYet(
                f"{name}: expected a mu between its start, 0, and a little past the goal, 5"
            )
    if minimax / non_saturating < 0.6:
        raise NotYet(
            "log(1-D) came less than 0.6 times as far, as with plain gradient steps: "
            "was it optimizer=torch.optim.Adam, learning_rate=0.02?"
        )
    if minimax > non_saturating:
        raise NotYet(
            "log(1-D) came further than -log D: are the two exchanged? First log(1-D), then -log D"
        )


@check("momentum loses clusters")
def check_momentum(found: Mapping[float, Sequence[int]]) -> None:
    """``found``: momentum 0.9 and 0.0 -> the clusters found in each of four games."""
    if not isinstance(found, Mapping) or set(found) != {0.9, 0.0}:
        raise NotYet(
            "expected {0.9: [...], 0.0: [...]}: for each momentum a list of four numbers, the "
            "clusters that the four games found"
        )
    for momentum, counts in found.items():
        at = f"momentum {momentum}:"
        counts = numbers(counts, at)
        if counts.shape != (4,):
            raise NotYet(
                f"{at} expected a list of four numbers, one for each game, got shape {counts.shape}"
            )
        if np.any((counts < 0) | (counts > 8) | (counts != np.rint(counts))):
            raise NotYet(f"{at} expected how many of the eight clusters were found, 0 to 8")
    if np.mean(found[0.0]) <= np.mean(found[0.9]):
        raise NotYet(
            f"with momentum {np.mean(found[0.9]):.1f} clusters on average, without "
            f"{np.mean(found[0.0]):.1f}: expected more without. Was it turns=(1, 3), 600 rounds?"
        )


@check("KL(q || p) - 2 JSD at 4 pairs of places, to 0.001")
def check_followed(followed: Callable[[float, float], float]) -> None:
    """``followed(mu, delta)``: KL(q || p) - 2 JSD, q normal around mu and p around delta."""
    for mu, delta in ((0.0, 2.0), (0.5, 3.0), (1.0, 0.5), (-1.0, -1.0)):
        at = f"mu = {mu}, delta = {delta}:"
        kl, jsd = (delta - mu) ** 2 / 2, _jsd_of_normals(mu, delta)
        mistakes = {
            "that is KL alone": kl,
            "that has the JSD once, it counts twice": kl - jsd,
            "that has the JSD with the wrong sign": kl + 2 * jsd,
            "that is half the KL: for two normals it is half the square of the distance": (
                kl / 2 - 2 * jsd
            ),
            "that is in bits, the book takes natural logarithms": (kl - 2 * jsd) / LOG2,
            "that is KL(p || m) taken from KL: 2 JSD is KL(p || m) + KL(q || m)": kl - jsd / 2,
        }
        same(call(followed, mu, delta, at=at), kl - 2 * jsd, at, 1e-3, mistakes)


def _jsd_of_normals(mu: float, delta: float) -> float:
    """Jensen-Shannon divergence of two normal densities of standard deviation 1."""
    x = np.linspace(-15, 15, 20001)
    p, q = (np.exp(-((x - place) ** 2) / 2) / math.sqrt(2 * math.pi) for place in (delta, mu))
    m = (p + q) / 2
    return float(np.trapezoid(xlogy(p, p) + xlogy(q, q) - 2 * xlogy(m, m), x)) / 2


@check("half the mean squared slope, with a gradient for the judge's weights")
def check_r1(penalty: Callable[[Callable, torch.Tensor], torch.Tensor]) -> None:
    """``penalty(judge, points)`` -> R1 of a judge at points ``(n, 2)``, a tensor ``()``."""
    weight = torch.tensor([[3.0], [-4.0]], requires_grad=True)
    points = torch.tensor([[1.0, 0.0], [0.5, -2.0], [0.0, 3.0]])
    judges = {
        "a judge whose logit is 3 x1 - 4 x2": lambda x: x @ weight,
        "a judge whose logit is x1^2 + x2^2": lambda x: x.square().sum(dim=1, keepdim=True),
    }
    slopes = (weight.detach().T.expand(3, 2), 2 * points)  # of the logits, (3, 2)
    for (name, judge), slope in zip(judges.items(), slopes, strict=True):
        came = call(penalty, judge, points, at=f"{name}:")
        squares = slope.square().sum(dim=1)
        mistakes = {
            "that is twice R1: take half of the mean": squares.mean(),
            "that is the mean over the coordinates: add up their squares": squares.mean() / 4,
            "that is a sum over the points: take their mean": squares.sum() / 2,
            "the slope is not squared": squares.sqrt().mean() / 2,
        }
        same(came, squares.mean() / 2, f"{name}:", 1e-4, mistakes)
        if name.endswith("4 x2"):
            _check_gradient(came, weight)


def _check_gradient(penalty: object, weight: torch.Tensor) -> None:
    """R1 of the linear judge is half its squared weights, so their gradient is the weights."""
    if not isinstance(penalty, torch.Tensor) or not penalty.requires_grad:
        raise NotYet(
            "the value is right, but it carries no gradient, so the judge cannot learn from it: "
            "torch.autograd.grad needs create_graph=True, and no .item() or .detach() after it"
        )
    (gradient,) = torch.autograd.grad(penalty, weight, allow_unused=True)
    if gradient is None or not torch.allclose(gradient, weight.detach()):
        raise NotYet("the value is right, but its gradient by the judge's weights is not")
