"""Right and wrong answers to the exercises of chapter 3: SRCNN's size, layers, symmetries."""

import numpy as np
import pytest
import torch

from srlib.book.exercises import srcnn
from tests.helpers.exercises import answered, covered, named


@torch.no_grad()
def fold(layers, turn=(2, 3), black=True):
    size = sum(layer.kernel_size[0] - 1 for layer in layers) + 1
    nothing = torch.zeros(1, 1, 2 * size - 1, 2 * size - 1)
    impulse = nothing.clone()
    impulse[..., size - 1, size - 1] = 1
    constant = layers(nothing)
    return (layers(impulse) - black * constant).flip(turn), constant[0, 0, 0, 0].item()


@torch.no_grad()
def stds(net, b, number=torch.std):
    signal, found = b, []
    for layer in net.children():
        signal = layer(signal)
        signal = torch.relu(signal) if layer.out_channels > 1 else signal
        found.append(number(signal).item())
    return found


@torch.no_grad()
def without_relu(net, b):
    signal, found = b, []
    for layer in net.children():
        found.append(layer(signal).std().item())
        signal = torch.relu(layer(signal))
    return found


def solve(compared, D, steps, tau=None, activation=lambda c: np.maximum(c, 0)):  # noqa: N803
    tau = tau or 1 / np.linalg.eigvalsh(D @ D.T)[-1]
    codes = activation(tau * compared)
    for _ in range(steps - 1):
        codes = activation(codes + tau * (compared - codes @ D @ D.T))
    return codes


def solve_with_tensors(compared, D, steps):  # noqa: N803
    tau = 1 / torch.linalg.eigvalsh(D @ D.T)[-1]
    codes = torch.relu(tau * compared)
    for _ in range(steps - 1):
        codes = torch.relu(codes + tau * (compared - codes @ D @ D.T))
    return codes


def of_arrays(function, *inputs):
    """A reader's function that gives arrays for tensors."""
    return [part.numpy() if torch.is_tensor(part) else part for part in function(*inputs)]


def eight_ways(net, b, turns=4, mirrors=(0, 1), back=True):
    results = []
    for turn in range(turns):
        for mirror in mirrors:
            image = b.rot90(turn, (2, 3))
            sr = net(image.flip(3) if mirror else image)
            if back:
                sr = (sr.flip(3) if mirror else sr).rot90(-turn, (2, 3))
            results.append(sr)
    return torch.stack(results).mean(dim=0)


CASES = [
    ("count_srcnn", (24513, 15, 24416 * 512**2), "right: parameters"),
    ("count_srcnn", (24513, 15, 6.4e9), "right: "),
    ("count_srcnn", (24416, 15, 6.4e9), "not yet: the parameters: the biases are missing"),
    ("count_srcnn", (24513, 17, 6.4e9), "not yet: the field: that adds up the kernels"),
    ("count_srcnn", (24513, 15, 24416), "not yet: the multiplications: that is for a single pixel"),
    (
        "count_srcnn",
        (24513, 15, 6_508_337_408),
        "not yet: the multiplications: the padded bor",
    ),
    ("count_srcnn", (24513, 15, 24513 * 512**2), "not yet: the multiplications: biases are added"),
    (
        "count_srcnn",
        (24513, 15, 6.4),
        "not yet: the multiplications: that is for a single pixel, or in b",
    ),
    ("worth", (0.5, 0.63, 0.27), "right: all three"),
    ("worth", (50, 0.63, 0.27), "not yet: the paper's share: that is in percent"),
    ("worth", (0.5, 0.37, 0.27), "not yet: the later share: that is what is still missing"),
    ("worth", (0.5, 0.63, 0.133), "not yet: the share of the rest: that is a share of all that b"),
    ("worth", (0.5, 0.63, 0.73), "not yet: the share of the rest: that is what is still missing"),
    ("worth", (0.29, 0.63, 0.27), "not yet: the paper's share: that is a ratio of errors"),
    ("worth", (np.float32(0.5), torch.tensor(0.63), np.array(0.27)), "right: all three"),
    ("one_filter", (fold,), "right: one filter"),
    ("one_filter", (lambda net: of_arrays(fold, net),), "right: one filter"),
    (
        "one_filter",
        (lambda net: fold(net, turn=()),),
        "not yet: sizes 9-1-5: the kernel: right, bu",
    ),
    (
        "one_filter",
        (lambda net: fold(net, black=False),),
        "not yet: sizes 9-1-5: the kernel: the b",
    ),
    (
        "one_filter",
        (lambda net: (fold(net)[0], 0),),
        "not yet: sizes 9-1-5: the constant: it is no",
    ),
    ("one_filter", (lambda net: fold(net)[0],), "not yet: sizes 9-1-5: expected a kernel and a co"),
    (
        "one_filter",
        (lambda net: (fold(net)[0][0, 0], 0),),
        "not yet: sizes 9-1-5: the kernel: expe",
    ),
    ("absolute", (0, 85), "right: both"),
    ("absolute", (85, 0), "not yet: the absolute error: the two are exchanged"),
    ("absolute", (0, 127.5), "not yet: the squared error: that is half-way"),
    ("absolute", (85, 85), "not yet: the absolute error: that is the mean"),
    ("absolute", (0, 0), "not yet: the squared error: that is the median"),
    ("absolute", (255, 85), "not yet: the absolute error: the less likely value"),
    ("absolute", (..., 85), "not yet: the answers: still to come"),
    ("absolute", (torch.tensor(0), np.int64(85)), "right: both"),
    ("signal", (stds,), "right: the standard deviations"),
    (
        "signal",
        (lambda *a: stds(*a, torch.var),),
        "not yet: network 1: relative to the right",
    ),
    (
        "signal",
        (without_relu,),
        "not yet: network 1: relative to the right ones: those are the stan",
    ),
    ("signal", (lambda *a: stds(*a)[:2],), "not yet: network 1: expected three numbers"),
    ("solver", (solve,), "right: codes"),
    (
        "solver",
        (lambda *a: solve(*a, activation=lambda c: c),),
        "not yet: 1 step: there are negativ",
    ),
    (
        "solver",
        (lambda *a: solve(*a, tau=1),),
        "not yet: 1 step: that takes steps of length 1, as the chapter's single step does",
    ),
    ("solver", (solve_with_tensors,), "right: codes"),
    ("solver", (lambda *a: solve_with_tensors(*a).numpy(),), "right: codes"),
    ("solver", (lambda *a: 1 / 0,), "not yet: 1 step: your function raised ZeroDivisionError"),
    ("solver", (lambda c, d, n: solve(c, d, 1),), "not yet: 2 steps: that is one step too few"),
    ("eight_ways", (eight_ways,), "right: the mean over all 8"),
    (
        "eight_ways",
        (lambda *a: eight_ways(*a, mirrors=(0,)),),
        "not yet: an image of 16 by 16: the f",
    ),
    (
        "eight_ways",
        (lambda *a: eight_ways(*a, back=False),),
        "not yet: an image of 16 by 16: the an",
    ),
    (
        "eight_ways",
        (lambda *a: 255 * eight_ways(*a),),
        "not yet: an image of 16 by 16: right but 255",
    ),
    (
        "eight_ways",
        (lambda *a: -eight_ways(*a),),
        "not yet: an image of 16 by 16: right but for the",
    ),
]


@pytest.mark.parametrize("name, given, line", CASES, ids=named)
def test_the_answer_is_known_for_what_it_is(name, given, line, capsys):
    answered(srcnn, name, given, line, capsys)


def test_every_check_has_a_right_answer_and_two_wrong_ones():
    covered(srcnn, CASES)
