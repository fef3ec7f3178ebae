"""Right and wrong answers to the exercises of chapter 4: divergences, games."""

import math

import numpy as np
import pytest
import torch

from srlib.book.exercises import gan_theory
from tests.helpers.exercises import answered, covered, named

LOG2 = math.log(2)


def followed(mu, delta, base=1.0, times=2.0):
    x = np.linspace(-20, 20, 40001)
    p, q = (np.exp(-((x - place) ** 2) / 2) / math.sqrt(2 * math.pi) for place in (delta, mu))
    m = np.maximum((p + q) / 2, 1e-300)
    logs = [np.log(np.maximum(density, 1e-300) / m) for density in (p, q)]
    jsd = np.trapezoid(p * logs[0] + q * logs[1], x) / 2
    return ((delta - mu) ** 2 / 2 - times * jsd) / base


GAMES = {0.9: [1, 2, 1, 0], 0.0: [5, 6, 4, 8]}


def r1(judge, points, half=0.5, graph=True, power=2):
    points = points.requires_grad_()
    (slope,) = torch.autograd.grad(judge(points).sum(), points, create_graph=graph)
    return half * slope.square().sum(dim=1).pow(power / 2).mean()


def of_a_copy(judge, points):
    """The right value, with a gradient that has nothing to do with the judge."""
    return r1(judge, points).detach() * torch.ones((), requires_grad=True)


LINEAR = "a judge whose logit is 3 x1 - 4 x2:"
CASES = [
    ("boxes", ((LOG2 / 2, LOG2, LOG2), (-LOG2, 0, 0)), "right: divergence"),
    ("boxes", ((0.5, 1, 1), (-LOG2, 0, 0)), "not yet: the JSD at [1, 3]: that is in bits"),
    (
        "boxes",
        ((LOG2, LOG2, LOG2), (0, 0, 0)),
        "not yet: the JSD at [1, 3]: that is the sum of the",
    ),
    ("boxes", ((LOG2 / 2, LOG2, LOG2), (LOG2, 0, 0)), "not yet: V at [1, 3]: that is the loss"),
    ("boxes", ((LOG2 / 2, LOG2), (LOG2, 0, 0)), "not yet: the divergences: expected three numbers"),
    ("boxes", (..., ...), "not yet: the divergences: still to come"),
    ("log_file", (0.593, 0.856), "right: the bound"),
    ("log_file", (1.186, 0.86), "not yet: the bound: that is 2 JSD"),
    ("log_file", (0.79, 0.86), "not yet: the bound: the loss is -V"),
    ("log_file", (0.593, 85.6), "not yet: the share: that is in percent"),
    ("adam", (1.9, 2.1), "right: with Adam, log(1-D) comes nearly"),
    ("adam", (0.8, 2.1), "not yet: log(1-D) came less than 0.6 times as far"),
    ("adam", (2.38, 2.11), "not yet: log(1-D) came further than -log D: are the two exchanged?"),
    ("adam", (2.1, 0.8), "not yet: log(1-D) came further than -log D: are the two exchanged?"),
    ("adam", (0.02, 2.1), "not yet: log(1-D): expected a mu between"),
    ("adam", (..., ...), "not yet: log(1-D): still to come"),
    ("momentum", (GAMES,), "right: momentum loses"),
    ("momentum", ({0.9: [5, 6, 4, 5], 0.0: [1, 2, 1, 1]},), "not yet: with momentum 5.0 clusters"),
    (
        "momentum",
        ({0.9: [0.6, 0.2, 0.1, 0], 0.0: [1, 1, 1, 1]},),
        "not yet: momentum 0.9: expected how",
    ),
    (
        "momentum",
        ({0.9: [1, 2, 1], 0.0: [5, 6, 4]},),
        "not yet: momentum 0.9: expected a list of four numbers, one for each game",
    ),
    ("momentum", ({0.9: 2, 0.0: 7},), "not yet: momentum 0.9: expected a list of four numbers"),
    ("momentum", ({0.9: [...] * 4, 0.0: [...] * 4},), "not yet: momentum 0.9: still to come"),
    ("momentum", ([[1, 2, 1, 0], [5, 6, 4, 8]],), "not yet: expected {0.9: [...], 0.0: [...]}"),
    ("followed", (followed,), "right: KL(q || p) - 2 JSD"),
    (
        "followed",
        (lambda *a: followed(*a, times=1),),
        "not yet: mu = 0.0, delta = 2.0: that has the",
    ),
    ("followed", (lambda *a: followed(*a, times=0),), "not yet: mu = 0.0, delta = 2.0: that is KL"),
    (
        "followed",
        (lambda *a: followed(*a, base=LOG2),),
        "not yet: mu = 0.0, delta = 2.0: that is in",
    ),
    ("r1", (r1,), "right: half the mean squared slope"),
    ("r1", (lambda *a: r1(*a, half=1),), f"not yet: {LINEAR} that is twice R1"),
    ("r1", (lambda *a: r1(*a, half=0.25),), f"not yet: {LINEAR} that is the mean over the coord"),
    ("r1", (lambda *a: r1(*a, half=1.5),), f"not yet: {LINEAR} that is a sum over the points"),
    ("r1", (lambda *a: r1(*a, power=1),), f"not yet: {LINEAR} the slope is not squared"),
    ("r1", (lambda *a: r1(*a, graph=False),), "not yet: the value is right, but it carries no"),
    ("r1", (lambda *a: r1(*a).item(),), "not yet: the value is right, but it carries no"),
    ("r1", (of_a_copy,), "not yet: the value is right, but its gradient"),
    ("r1", (lambda judge, points: torch.tensor(12.5),), "not yet: the value is right, but it"),
    ("r1", (lambda judge, points: None,), f"not yet: {LINEAR} your function returned nothing"),
]


@pytest.mark.parametrize("name, given, line", CASES, ids=named)
def test_the_answer_is_known_for_what_it_is(name, given, line, capsys):
    answered(gan_theory, name, given, line, capsys)


def test_every_check_has_a_right_answer_and_two_wrong_ones():
    covered(gan_theory, CASES)
