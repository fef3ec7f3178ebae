"""Checks of the exercises of chapter 3: SRCNN's size, its layers, its symmetries."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from srlib.book.exercises.answers import (
    NotYet,
    agree,
    answer,
    call,
    check,
    numbers,
    same,
)
from srlib.networks.srcnn import SRCNN


@check("parameters, field and multiplications")
def check_count_srcnn(parameters: int, field: int, products: float) -> None:
    """Of 9-3-5: parameters with biases; pixels across; multiplications for 512 x 512 pixels."""
    answer(
        *(parameters, 24_513, "the parameters", 0.5),
        {
            "the biases are missing": 24_416,
            "that is 9-1-5, whose middle layer has kernels of 1 x 1": 8_129,
            "that is 9-5-5, whose middle layer has kernels of 5 x 5": 57_281,
            "the middle layer's kernels have 3 x 3 numbers, not 3": 24_513 - 32 * 64 * 6,
        },
        "A layer has C' C k^2 weights and C' biases",
    )
    answer(
        *(field, 15, "the field", 0.1),
        {
            "that adds up the kernels; a kernel of k widens the view by k - 1": 17,
            "that is the margin on one side": 7,
            "the middle pixel itself is missing": 14,
        },
    )
    answer(
        *(products, 24_416 * 512**2, "the multiplications", 1e7),
        {
            # 6.4 and 24,416 are alike beside billions
            "that is for a single pixel, or in billions; asked is the number for the image": 24_416,
            "biases are added, not multiplied": 24_513 * 512**2,
            "the padded border makes the first two layers' results larger: leave that out, and use "
            "each weight once for each of the 512 x 512 pixels": (
                64 * 81 * 518**2 + 32 * 64 * 9 * 516**2 + 32 * 25 * 512**2
            ),
        },
    )


@check("all three shares, to 0.01")
def check_worth(paper: float, later: float, of_the_rest: float) -> None:
    """Shares between 0 and 1: found at 36.66 dB, found at 38 dB, and of what the first left."""
    left = [10 ** (-gain / 10) for gain in (36.66 - 33.66, 38 - 33.66)]
    for name, came, missing in (("paper's", paper, left[0]), ("later", later, left[1])):
        roots = {"that is a ratio of errors, not of squared errors": 1 - missing**0.5}
        answer(came, 1 - missing, f"the {name} share", 0.01, _of_shares(1 - missing) | roots)
    # No word of roots here: theirs is too close to the share of the whole to be told from it.
    whole = {
        "that is a share of all that bicubic interpolation lacked; asked is the share of what "
        "SRCNN left missing": left[0] - left[1]
    }
    share = 1 - left[1] / left[0]
    answer(of_the_rest, share, "the share of the rest", 0.01, _of_shares(share) | whole)


def _of_shares(share: float) -> dict[str, float]:
    """What one may say of a wrong share -> the wrong share."""
    return {
        "that is what is still missing": 1 - share,
        "that is in percent, a share lies between 0 and 1": 100 * share,
    }


@check("one filter and one constant, for 2 networks, to 0.0001")
def check_one_filter(fold: Callable[[nn.Sequential], tuple[torch.Tensor, float]]) -> None:
    """``fold(layers)``: the kernel (1, 1, k, k) and the constant that convolutions amount to.

    ``layers`` has three convolutions without padding and nothing between them.
    """
    for sizes in ((9, 1, 5), (5, 3, 3)):
        layers = _three_layers(sizes)
        k = sum(sizes) - 2
        at = "sizes {}-{}-{}:".format(*sizes)
        came = call(fold, layers, at=at)
        if not isinstance(came, list | tuple) or len(came) != 2:
            raise NotYet(f"{at} expected a kernel and a constant, got something else")
        kernel, constant = _impulse_answer(layers, k)
        same(
            *(came[0], kernel, at + " the kernel:", 1e-4),
            {
                "right, but turned round: PyTorch compares without turning the kernel": (
                    kernel.flip(2, 3)
                ),
                "the biases are still in it: subtract what comes out for black": kernel + constant,
                "turned round, and the biases are still in it": kernel.flip(2, 3) + constant,
            },
        )
        wrong = {"that is the last bias alone": layers[2].bias[0], "it is not zero": 0.0}
        same(np.squeeze(numbers(came[1], at)), constant, at + " the constant:", 1e-4, wrong)


@check("both answers")
def check_absolute(absolute: float, squared: float) -> None:
    """The answers of least expected absolute and squared error: 0 with 2/3, 255 with 1/3."""
    halfway = {"that is half-way: do the two have the same chance?": 127.5}
    both = [numbers(came, "the answers:") for came in (absolute, squared)]
    if agree(both[0], 85, 0.5) and agree(both[1], 0, 0.5):
        raise NotYet("the absolute error: the two are exchanged")
    mean = {"that is the mean; is a step towards 0 not worth more than it costs?": 85}
    most = {"the less likely value costs more on average": 255}
    answer(absolute, 0, "the absolute error", 0.5, mean | most | halfway)
    median = {"that is the median, which large errors move as little as small ones": 0}
    answer(squared, 85, "the squared error", 0.5, median | halfway)


@check("the standard deviations of 2 networks, to 1 %")
def check_signal(stds: Callable[[nn.Module, torch.Tensor], Sequence[float]]) -> None:
    """``stds(net, b)``: of all values after each layer, ReLU included where there is one.

    Three numbers, for the library's SRCNN, without padding.
    """
    for seed in (0, 1):
        torch.manual_seed(seed)
        net = SRCNN("9-1-5")
        for layer in net.children():
            nn.init.normal_(layer.weight, 0.01 * seed, 0.05)
        b = torch.rand(1, 1, 40, 36)
        before, after = _signals(net, b)
        expected = np.array([before_or_after.std().item() for before_or_after in after])
        at = f"network {seed + 1}:"
        came = numbers(call(stds, net, b, at=at), at)
        if came.shape != (3,):
            raise NotYet(f"{at} expected three numbers, got shape {came.shape}")
        wrong = {
            "those are the variances, a standard deviation is the root": [
                v.var().item() for v in after
            ],
            "those are the standard deviations before the ReLUs": [v.std().item() for v in before],
            "the last layer has no ReLU": [*expected[:2], after[2].relu().std().item()],
            "those are the means": [v.mean().item() for v in after],
        }
        mistakes = {name: np.array(values) / expected for name, values in wrong.items()}
        same(came / expected, np.ones(3), at + " relative to the right ones:", 0.01, mistakes)


@check("codes after 1, 2 and 20 steps, to 0.0001")
def check_solver(solve: Callable[..., np.ndarray | torch.Tensor]) -> None:
    """``solve(compared, entries, steps)``: codes (N, K) after steps from 0.

    ``compared`` is D p - lambda for each patch, (N, K); ``entries`` is D, (K, n). The step is one
    over the largest eigenvalue of D D^T. Asked with arrays, and with tensors where those fail.
    """
    rng = np.random.default_rng(4)
    entries = rng.normal(size=(12, 9)).astype(np.float32)  # the book's D
    entries /= np.linalg.norm(entries, axis=1, keepdims=True)
    compared = rng.normal(size=(30, 9)).astype(np.float32) @ entries.T - np.float32(0.1)
    tau = 1 / np.linalg.eigvalsh(entries @ entries.T)[-1]
    for steps in (1, 2, 20):
        at = f"{steps} step{'s' * (steps > 1)}:"
        came = _arrays_or_tensors(solve, compared, entries, steps, at)
        mistakes = {
            "there are negative codes: the ReLU is missing": _codes(
                compared, entries, steps, tau, False
            ),
            "that takes steps of length 1, as the chapter's single step does; here tau is one over "
            "the largest eigenvalue": _codes(compared, entries, steps, 1),
            "that is one step too many": _codes(compared, entries, steps + 1, tau),
            "the price is paid twice: it is in `compared` already": (
                _codes(compared - 0.1, entries, steps, tau)
            ),
            "the step is one over the largest eigenvalue, not over its root": (
                _codes(compared, entries, steps, tau**0.5)
            ),
        }
        if steps > 1:
            mistakes["that is one step too few"] = _codes(compared, entries, steps - 1, tau)
        same(came, _codes(compared, entries, steps, tau), at, 1e-4, mistakes)


def _arrays_or_tensors(
    solve: Callable[..., object], compared: np.ndarray, entries: np.ndarray, steps: int, at: str
) -> np.ndarray:
    """What a function written for arrays or for tensors answers, as an array."""
    try:
        came = call(solve, compared, entries, steps, at=at)
    except NotYet as with_arrays:
        tensors = (torch.from_numpy(compared), torch.from_numpy(entries))
        try:
            came = call(solve, *tensors, steps, at=at)
        except NotYet:
            raise with_arrays from None
    return numbers(came, at)


@check("the mean over all 8 symmetries, square or not, to 0.00001")
def check_eight_ways(eight_ways: Callable[[nn.Module, torch.Tensor], torch.Tensor]) -> None:
    """``eight_ways(net, b)``: (1, 1, H, W) -> the same, the mean of a network's eight answers."""
    torch.manual_seed(5)
    net = nn.Sequential(nn.Conv2d(1, 3, 3, padding=1), nn.ReLU(), nn.Conv2d(3, 1, 3, padding=1))
    for size in ((16, 16), (12, 17)):
        b = torch.rand(1, 1, *size)
        at = f"an image of {size[0]} by {size[1]}:"
        came = call(eight_ways, net, b, at=at)
        with torch.no_grad():
            mistakes = {
                "that is the network's one answer": net(b),
                "that is the sum of the eight, not their mean": 8 * _symmetries(net, b),
                "the four turns are there, the mirror is not": _symmetries(
                    net, b, mirrors=(False,)
                ),
                "the mirror is there, the turns are not": _symmetries(net, b, turns=(0,)),
                "the turns by a quarter are missing": _symmetries(net, b, turns=(0, 2)),
            }
            if size[0] == size[1]:
                mistakes["the answers are not turned back"] = _symmetries(net, b, back=False)
                mistakes["turned back first and then mirrored: undo the last change first"] = (
                    _symmetries(net, b, last_first=False)
                )
            same(came, _symmetries(net, b), at, 1e-5, mistakes)


def _three_layers(sizes: Sequence[int]) -> nn.Sequential:
    torch.manual_seed(sum(sizes))
    channels = (1, 6, 4, 1)
    pairs = zip(channels[:-1], channels[1:], sizes, strict=True)
    return nn.Sequential(*(nn.Conv2d(into, out, size) for into, out, size in pairs))


@torch.no_grad()
def _impulse_answer(layers: nn.Module, k: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Kernel (1, 1, k, k) and constant () of layers that are a single convolution."""
    black = torch.zeros(1, 1, 2 * k - 1, 2 * k - 1)
    impulse = black.clone()
    impulse[..., k - 1, k - 1] = 1
    constant = layers(black)
    return (layers(impulse) - constant).flip(2, 3), constant[0, 0, 0, 0]


@torch.no_grad()
def _signals(net: SRCNN, b: torch.Tensor) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
    """What leaves each layer, before and after its ReLU."""
    before, after = [], []
    for layer in (net.extract, net.map, net.reconstruct):
        before.append(functional.conv2d(after[-1] if after else b, layer.weight, layer.bias))
        after.append(before[-1] if layer is net.reconstruct else before[-1].relu())
    return before, after


def _codes(
    compared: np.ndarray,
    entries: np.ndarray,
    steps: int,
    tau: float,
    positive: bool = True,
) -> np.ndarray:
    """``steps`` times a step against the gradient, and the ReLU."""
    gram = entries @ entries.T
    codes = np.zeros_like(compared)
    for _ in range(steps):
        codes = codes + tau * (compared - codes @ gram)
        codes = np.maximum(codes, 0) if positive else codes
    return codes


def _symmetries(
    net: nn.Module,
    b: torch.Tensor,
    turns: Sequence[int] = (0, 1, 2, 3),
    mirrors: Sequence[bool] = (False, True),
    back: bool = True,
    last_first: bool = True,
) -> torch.Tensor:
    """Mean of the answers to b turned, then mirrored; changed back in the opposite order."""
    results = []
    for turn in turns:
        for mirror in mirrors:
            image = b.rot90(turn, (2, 3))
            sr = net(image.flip(3) if mirror else image)
            if back and last_first:
                sr = sr.flip(3) if mirror else sr
            sr = sr.rot90(-turn, (2, 3)) if back else sr
            if back and not last_first:
                sr = sr.flip(3) if mirror else sr
            results.append(sr)
    return torch.stack(results).mean(dim=0)
