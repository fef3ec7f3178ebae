"""Checks of the exercises of chapter 6: work, differences, realism, a budget, an entry."""

import math
from collections.abc import Callable
from functools import cache

import numpy as np
from scipy.ndimage import gaussian_filter

from srlib import Protocol, centre_crop, imresize, photographs, psnr
from srlib.book.exercises.answers import NotYet, answer, call, check, kind, numbers, same
from srlib.book.notebook import stored_table


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


@check("the budget holds on the photographs and not on Set5")
def check_budget(alpha: float, share: float, set5_loss: float) -> None:
    """Largest alpha within 0.5 dB on the photographs, its share of the NIQE gain, dB on Set5."""
    walks = {name: _walk(name) for name in ("photographs", "Set5")}
    here, there = walks["photographs"], walks["Set5"]
    within = max(a for a, (psnr, _) in here.items() if here[0.0][0] - psnr <= 0.5)
    if (came := numbers(alpha, "alpha:")).shape != () or float(came) not in here:
        raise NotYet(f"alpha: expected one of the sweep's, 0 to 1 in steps of 0.1, got {alpha}")
    if alpha > within:
        raise NotYet(f"alpha: at {alpha:g} more than 0.5 dB are lost")
    if alpha < within:
        raise NotYet(f"alpha: a larger one than {alpha:g} keeps to the budget as well")
    gains = {name: _shares(walk, within)[1] for name, walk in walks.items()}
    answer(
        *(share, gains["photographs"], "the share", 0.01),
        {
            "that is in percent, a share lies between 0 and 1": 100 * gains["photographs"],
            "that is the share of the loss in PSNR": _shares(here, within)[0],
            "that is the share on Set5": gains["Set5"],
            "that is NIQE itself, not a share of the gain": here[within][1],
        },
    )
    answer(
        *(set5_loss, there[0.0][0] - there[within][0], "the loss on Set5", 0.01),
        {
            "that is on the photographs": here[0.0][0] - here[within][0],
            "that is the PSNR there, not the loss": there[within][0],
        },
    )


def _walk(name: str) -> dict[float, tuple[float, float]]:
    """Of the stored sweep: alpha -> PSNR in dB and NIQE on a set."""
    rows = (row for row in stored_table("sweep.csv") if row["set"] == name)
    return {float(row["alpha"]): (float(row["psnr"]), float(row["niqe"])) for row in rows}


def _shares(walk: dict[float, tuple[float, float]], alpha: float) -> list[float]:
    """Of the way from one end of the walk to the other: in PSNR, in NIQE."""
    ends = zip(walk[0.0], walk[alpha], walk[1.0], strict=True)
    return [(here - start) / (end - start) for start, here, end in ends]


@check("the strength chosen on one half, the gain reported on the other")
def check_enter(strength: float, gain: float) -> None:
    """Best strength of an unsharp mask on half of the photographs, its gain on the others."""
    gains = _sharpened_gains()
    if (came := numbers(strength, "the strength:")).shape != () or float(came) not in gains:
        tried = ", ".join(f"{each:g}" for each in gains)
        raise NotYet(f"the strength: expected one of {tried}, got {strength}")
    best = max(gains, key=lambda each: gains[each][0])
    if strength != best:
        raise NotYet(f"the strength: another one than {strength:g} does better on `seen`")
    seen, unseen = gains[best]
    answer(
        *(gain, unseen, "the gain", 0.01),
        {
            "that is on `seen`, where the strength was chosen": seen,
            "that is on all ten": (seen + unseen) / 2,
        },
        "It is over bicubic interpolation, in dB, the mean over `unseen`",
    )


@cache
def _sharpened_gains() -> dict[float, tuple[float, float]]:
    """Strength -> mean gain over bicubic interpolation in dB, on every second photograph, others.

    As the chapter has it: the middle 256 x 256 pixels at x4, sigma 1.5, photographs by name.
    """
    found: dict[float, list[float]] = {0.5: [], 1.0: [], 1.5: [], 2.0: []}
    for photo in sorted(photographs(), key=lambda each: each.name):
        hr = centre_crop(photo.image, 256)
        bicubic = imresize(imresize(hr, 1 / 4), 4)
        lost = bicubic - gaussian_filter(bicubic.astype(float), (1.5, 1.5, 0))
        start = psnr(bicubic, hr, Protocol.paper(4))
        for strength, gains in found.items():
            sharp = np.floor((bicubic + strength * lost).clip(0, 255) + 0.5).astype(np.uint8)
            gains.append(psnr(sharp, hr, Protocol.paper(4)) - start)
    return {each: (np.mean(gains[::2]), np.mean(gains[1::2])) for each, gains in found.items()}
