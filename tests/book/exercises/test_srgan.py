"""Right and wrong answers to the exercises of chapter 5: losses, faults, mixtures, projections."""

import copy

import numpy as np
import pytest
import torch
from torch.nn import functional

from srlib.book.exercises import srgan
from srlib.images.resize import imresize
from srlib.training import losses
from tests.helpers.exercises import answered, covered, named

BATCH_NORM_KEYS = ("running_mean", "running_var")


@torch.no_grad()
def mix(first, second, alpha, into=copy.deepcopy, statistics=True):
    mixed = into(first)
    states = [net.state_dict() for net in (mixed, first, second)]
    for key, value in states[0].items():
        if value.is_floating_point() and (statistics or not key.endswith(BATCH_NORM_KEYS)):
            value.copy_(torch.lerp(states[1][key], states[2][key], alpha))
    return mixed


def project(sr, lr, rounds=3, sign=1):
    for _ in range(rounds):
        sr = sr + sign * imresize(lr - imresize(sr, 1 / 4), 4)
    return sr


def of_probabilities(fake):
    return -torch.log(fake.clamp_min(1e-12)).mean()


def naive(fake):
    return -torch.log(torch.sigmoid(fake)).mean()


OUTCOME = {0: (26.1, 0.4), 1e-3: (26.0, 0.42), 1: (20.0, 1.4)}

UNTRAINED = {
    "brighter": 0.68,
    "more contrast": 0.31,
    "shifted": 0.53,
    "blurred": 1,
    "noisy": 0.89,
}
CASES = [
    ("count_srgan", (1_401_749, 38_245_569), "right: both"),
    (
        "count_srgan",
        (1_549_462, 38_245_569),
        "not yet: the generator: that is the generator for x4",
    ),
    (
        "count_srgan",
        (1_401_749, 23_565_505),
        "not yet: the discriminator: that is the discriminator",
    ),
    ("count_srgan", (1_401_749, 1), "not yet: the discriminator: 1 is too small. Only the dense"),
    ("guess", (1.39, 0.69, -0.69, 0.33), "right: the three"),
    ("guess", (0.69, 0.69, -0.69, 0.33), "not yet: the discriminator's loss: it has two terms"),
    ("guess", (1.39, 0.69, 0.69, 0.33), "not yet: log(1 - D): the sign"),
    ("guess", (1.39, 0.69, -0.69, 1.715), "not yet: the run's loss: for what is fake"),
    ("verdict", (dict(zip("ABCDE", (3, 2, 4, 1, 5), strict=True)),), "right: all five"),
    ("verdict", (dict.fromkeys("ABCDE", 3),), "not yet: run B: content is too small at the very"),
    ("verdict", (dict.fromkeys("ABCDE", ...),), "not yet: run A: still to come"),
    ("verdict", (dict.fromkeys("ABCDE", 6),), "not yet: run A: expected the number of a fault"),
    ("verdict", ({"A": 3},), 'not yet: expected {"A": ...'),
    ("realism_price", (3.01, 0.10), "right: twice the error"),
    ("realism_price", (2, 0.10), "not yet: the draw: that is the factor"),
    ("realism_price", (3.01, 0.207), "not yet: the fixed answer: that is 20 log10"),
    ("realism_price", (3.01, 3.01), "not yet: the fixed answer: that is the draw's"),
    ("slopes", (-0.000999, -0.999, 0), "right: both slopes"),
    ("slopes", (-1, -0.999, 0), "not yet: 1 - D: that is the slope by D"),
    ("slopes", (-0.000999, -0.999, 0.8), "not yet: the clamped pixel: that is the slope without"),
    ("generator_loss", (losses.non_saturating_loss,), "right: -log D"),
    (
        "generator_loss",
        (lambda f: functional.binary_cross_entropy_with_logits(f, torch.ones_like(f)),),
        "right: ",
    ),
    ("generator_loss", (naive,), "not yet: a logit of -200: not finite"),
    ("generator_loss", (of_probabilities,), "not yet: logits around 0: that takes logits for prob"),
    (
        "generator_loss",
        (lambda f: losses.non_saturating_loss(f.sigmoid()),),
        "not yet: logits around 0: the sigmoid is taken twice",
    ),
    ("generator_loss", (losses.minimax_loss,), "not yet: logits around 0: that is log(1 - D)"),
    (
        "generator_loss",
        (lambda f: losses.non_saturating_loss(f.detach()),),
        "not yet: logits around 0: the loss is detached",
    ),
    (
        "generator_loss",
        (lambda f: losses.non_saturating_loss(f).item(),),
        "not yet: logits around 0: expected a tensor, got a float",
    ),
    (
        "generator_loss",
        (lambda f: functional.softplus(-f),),
        "not yet: logits around 0: expected one number, got shape (8, 1)",
    ),
    (
        "generator_loss",
        (lambda f: functional.softplus(-f).sum(),),
        "not yet: logits around 0: that is the sum over the batch",
    ),
    (
        "generator_loss",
        (lambda f: functional.softplus(-f.detach()).mean() + 0 * f.mean(),),
        "not yet: logits around 0: the slope: expected about",
    ),
    ("weight", (OUTCOME,), "right: the weight trades"),
    ("weight", (dict.fromkeys(OUTCOME, (..., ...)),), "not yet: weight 0: still to come"),
    ("guess", (None, 0, 0, 0), "not yet: the discriminator's loss: expected numbers, got nothing"),
    ("weight", (OUTCOME | {1: (26.0, 0.5)},), "not yet: weight 1 costs less than 1 dB"),
    ("weight", (OUTCOME | {1: (20.0, 0.3)},), "not yet: weight 1 brings no detail"),
    ("weight", (OUTCOME | {0: (0.4, 26.1)},), "not yet: weight 0: expected a PSNR in dB and"),
    ("weight", ({0: (26.1, 0.4)},), "not yet: expected {0: (PSNR, detail), 0.001: ..., 1: ...}"),
    ("mixed", (mix,), "right: the mixture"),
    ("mixed", (lambda a, b, t: mix(a, b, 1 - t),), "not yet: alpha = 0.25: 0.weight: alpha is the"),
    (
        "mixed",
        (lambda a, b, t: mix(a, b, t, into=lambda n: n),),
        "not yet: alpha = 0.25: the first",
    ),
    (
        "mixed",
        (lambda a, b, t: mix(a, b, t, statistics=False),),
        "not yet: alpha = 0.25: 1.running_mean: that is the first network's",
    ),
    (
        "mixed",
        (lambda a, b, t: a.state_dict(),),
        "not yet: alpha = 0.25: expected a network, got a",
    ),
    ("back_projection", (project,), "right: three rounds"),
    (
        "back_projection",
        (lambda *a: project(*a, rounds=1),),
        "not yet: lr of 12 by 12: that is one",
    ),
    (
        "back_projection",
        (lambda *a: project(*a, sign=-1),),
        "not yet: lr of 12 by 12: the correctio",
    ),
    (
        "back_projection",
        (lambda sr, lr: lr,),
        "not yet: lr of 12 by 12: expected shape (48, 48), got",
    ),
    (
        "back_projection",
        (lambda *a: project(*a).round().astype(int),),
        "not yet: lr of 12 by 12: that is rounded",
    ),
    (
        "back_projection",
        (lambda *a: project(*a).clip(0, 200).astype(np.uint8),),
        "not yet: lr of 12 by 12: expected fractions (float), got whole numbers of type uint8",
    ),
    ("untrained", (UNTRAINED,), "right: an untrained network"),
    ("untrained", (UNTRAINED | {"noisy": ...},), "not yet: noisy: still to come"),
    ("untrained", (UNTRAINED | {"blurred": 0.3},), "not yet: blurred: divide all five"),
    ("untrained", (UNTRAINED | {"brighter": 0.01},), "not yet: brighter: that is VGG as it was"),
    ("untrained", (UNTRAINED | {"more contrast": 0.9},), "not yet: more contrast: too large"),
    ("untrained", (UNTRAINED | {"noisy": 0.36},), "not yet: noisy: 0.36 is not among"),
    ("untrained", ([0.7, 0.3, 0.5, 1, 0.9],), "not yet: expected a dictionary with the keys"),
]


@pytest.mark.parametrize("name, given, line", CASES, ids=named)
def test_the_answer_is_known_for_what_it_is(name, given, line, capsys):
    answered(srgan, name, given, line, capsys)


def test_every_check_has_a_right_answer_and_two_wrong_ones():
    covered(srgan, CASES)
