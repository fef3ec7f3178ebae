"""Checks of the exercises of chapter 6: work, paired differences, the price of realism."""

import math
from collections.abc import Callable

import numpy as np

from srlib.book.exercises.answers import NotYet, answer, call, check, kind, same


@check("nine times as much")
def check_work(work: float) -> None:
    """Multiply-adds for each LR pixel of SRResNet x4 with all its layers at the large size."""
    head, block, tail = 81 * 3 * 64, 9 * 64 * 64, 81 * 64 * 3
    answer(
        *(work, 16 * (head + 33 * block + tail), "the work", 0.5),
        {
            "that is for each pixel of the large image": head + 33 * block + tail,
            "the convolution after the blocks is missing": 16 * (head + 32 * block + tail),
            "a block has two convolutions": 16 * (head + 17 * block + tail),
            "the two sub-pixel convolutions go": 16 * (head + 33 * block + 8 * block + tail),
            "the last layer works at the large size too": 16 * (head + 33 * block) + tail,
            "that is SRResNet as it is": head + 33 * block + 20 * block + 16 * tail,
        },
    )


@check("mean and standard error of the differences")
def check_paired(paired: Callable[[np.ndarray, np.ndarray], tuple[float, float]]) -> None:
    """``paired(a, b)``: the mean of a - b, and its standard error, of scores by image."""
    rng = np.random.default_rng(8)
    for count in (5, 24):
        b = rng.normal(30, 5, count)
        a = b + rng.normal(0.7, 0.4, count)
        at = f"for {count} images"
        came = call(paired, a, b, at=at)
        if not isinstance(came, tuple | list | np.ndarray) or len(came) != 2:
            raise NotYet(f"{at} expected two numbers, mean and standard error, got {kind(came)}")
        difference, root = a - b, math.sqrt(count)
        deviation = difference.std(ddof=1)
        same(
            *(came[0], difference.mean(), f"{at}, the mean:", 1e-6),
            {"that is the median": np.median(difference)},
        )
        same(
            *(came[1], deviation / root, f"{at}, the standard error:", 1e-6),
            {
                "that is the standard deviation; divide by the root of the number": deviation,
                "divide by the root of the number, not by the number": deviation / count,
                "the deviation of a sample divides by N - 1 (ddof=1)": difference.std() / root,
                "that is of unpaired scores: take the differences first": math.sqrt(
                    (a.var(ddof=1) + b.var(ddof=1)) / count
                ),
            },
        )


@check("and never the other way round")
def check_means(difference: float) -> None:
    """Mean of PSNRs less PSNR of the mean MSE, in dB, for MSEs of 10 and 1000."""
    right = 10 * math.log10(505 / 100)  # arithmetic over geometric mean
    answer(
        *(difference, right, "the difference", 0.01),
        {
            "the sign is turned round: the mean of the PSNRs is higher": -right,
            "that is with a natural logarithm": 10 * math.log(505 / 100),
            "that is of the root mean squared errors": 20 * math.log10(505 / 100),
        },
        "The mean of two PSNRs is that of the geometric mean of their MSEs",
    )


@check("here realism costs the full 3 dB; a method that answers one truth gains nothing by it")
def check_realism(least: float, realistic: float, w2: float) -> None:
    """For truths 0, 3 and 6: error of the mean, least error of perfect realism, W2 of always 6."""
    answer(
        *(least, 6, "the error of the mean", 0.01),
        {
            "that is the mean itself": 3,
            "that is the sum of the squares: divide by three": 18,
            "that is its root": math.sqrt(6),
            "a sample's variance divides by N - 1; here all truths are known": 9,
        },
    )
    answer(
        *(realistic, 12, "the error of perfect realism", 0.01),
        {
            "that is without P_m, which is not 0: the mean is always 3": 6,
            "P_m is squared": 6 + math.sqrt(6),
            "that is P_m squared twice: only at P = 0, and once": 18,
        },
    )
    answer(
        *(w2, math.sqrt(15), "W2 of always 6", 0.01),
        {
            "W2 is the root of the mean square": 15,
            "the squares are averaged over three truths": math.sqrt(45),
            "that is the mean distance; squares come first": 3,
        },
    )
