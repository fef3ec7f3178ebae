"""Right and wrong answers to the exercises of chapter 1: sampling, PSNR, SSIM."""

import math

import numpy as np
import pytest
import torch
from scipy.ndimage import uniform_filter
from skimage.metrics import structural_similarity

from srlib.book.exercises import pixels
from srlib.images import metrics
from tests.helpers.exercises import answered, covered, named


def bits(
    b, step=lambda b: 255 / (2**b - 1), of=lambda step: 10 * math.log10(255**2 * 12 / step**2)
):
    return of(step(b))


def flat_ssim(sr, hr, correction=49 / 48, margin=3):
    def mean(plane):
        filtered = uniform_filter(plane, 7)
        return filtered[margin:-margin, margin:-margin] if margin else filtered

    x, y = hr.astype(float), sr.astype(float)
    mx, my = mean(x), mean(y)
    vx, vy, c = mean(x * x) - mx**2, mean(y * y) - my**2, mean(x * y) - mx * my
    vx, vy, c = (correction * moment for moment in (vx, vy, c))
    c1, c2 = 2.55**2, 7.65**2
    return ((2 * mx * my + c1) * (2 * c + c2) / ((mx**2 + my**2 + c1) * (vx + vy + c2))).mean()


def ways(pixels, total):
    counts, ones = np.array([1], dtype=object), np.ones(256, dtype=object)
    for _ in range(pixels):
        counts = np.convolve(counts, ones)
    return counts[total]


FOUR, SIXTEEN = ways(4, 400), ways(16, 1600)
wrapped_sixteen = (SIXTEEN + 2**63) % 2**64 - 2**63

PEAKS = 48.13, -6.02, -1.32

CASES = [
    ("stripes", (5,), "right: the stripes repeat"),
    ("stripes", (np.float64(4.999),), "right: "),
    ("stripes", (np.array([5.0]),), "right: "),
    ("stripes", (torch.tensor([[5.0]]),), "right: "),
    ("stripes", (np.array([5.0, 5.0]),), "not yet: the period: expected one number, got 2 of"),
    ("stripes", (2.5,), "not yet: the period: that is the period in old pixels"),
    ("stripes", (0.2,), "not yet: the period: that is the frequency"),
    ("stripes", (7,), "not yet: the period: 7 is too large. How far"),
    ("stripes", (...,), "not yet: the period: still to come"),
    ("few_large", (42.11, 42.1103), "right: both"),
    ("few_large", (42.1, 42.11), "not yet: off by 2 everywhere: 42.1 is right but rounded"),
    ("few_large", (42.11, 42), "not yet: off by 20 rarely: 42 is right but rounded: it is asked"),
    ("few_large", (4, 4), "not yet: off by 2 everywhere: that is the MSE"),
    ("few_large", (42.11, 22.11), "not yet: off by 20 rarely: that counts the wrong pixels only"),
    ("few_large", (42.11, 62.11), "not yet: off by 20 rarely: that squares the mean error"),
    ("few_large", (96.96, 42.11), "not yet: off by 2 everywhere: that has the natural logarithm"),
    ("bits", (bits,), "right: the PSNR of 2 to 10 bits"),
    ("bits", (lambda b: bits(b, of=lambda s: s**2 / 12),), "not yet: 2 bits: that is the MSE"),
    (
        "bits",
        (lambda b: bits(b, of=lambda s: 10 * math.log(255**2 * 12 / s**2)),),
        "not yet: 2 bits: that has the natural logarithm",
    ),
    ("bits", (lambda b: bits(b, lambda b: 256 / 2**b),), "not yet: 2 bits: that has a step of 256"),
    ("bits", (lambda b: bits(b, lambda b: 255 / 2**b),), "not yet: 2 bits: that has a step of 255"),
    ("bits", (lambda b: 6.02 * b + 10.8,), "not yet: 2 bits: that has a step of 255 / 2^b"),
    ("bits", (lambda b: np.array([bits(b)]),), "right: "),
    ("bits", (lambda b: torch.tensor([bits(b)]),), "right: "),
    ("bits", (lambda b: 6.02 * b,), "not yet: 2 bits: expected about 20.33, got 12.04"),
    ("bits", (lambda b: None,), "not yet: 2 bits: your function returned nothing: is there a ret"),
    ("bits", (bits(3),), "not yet: expected a function, got a float: give its name"),
    ("bits", (lambda b: 1 / 0,), "not yet: 2 bits: your function raised ZeroDivisionError: div"),
    ("bits", (lambda b: math.nan,), "not yet: 2 bits: got NaN"),
    ("bits", (lambda b: round(bits(b)),), "not yet: 2 bits: expected fractions (float), got whole"),
    ("bits", (lambda b: f"{bits(b)} dB",), "not yet: 2 bits: expected numbers, got a str"),
    ("bits", (lambda b: [bits(b)],), "not yet: 2 bits: expected one number, got shape (1,)"),
    ("flat_ssim", (flat_ssim,), "right: SSIM with a flat window"),
    ("flat_ssim", (lambda sr, hr: structural_similarity(hr, sr),), "right: "),
    ("flat_ssim", (lambda *a: flat_ssim(*a, 1),), "not yet: planes of 40 by 40: that has N in the"),
    ("flat_ssim", (metrics.ssim,), "not yet: planes of 40 by 40: that is the Gaussian window's"),
    ("flat_ssim", (lambda *a: flat_ssim(*a, margin=0),), "not yet: planes of 40 by 40: windows"),
    ("count", (FOUR, SIXTEEN), "right: both numbers"),
    ("count", (np.int64(FOUR), SIXTEEN), "right: "),
    ("count", (FOUR, float(SIXTEEN)), "not yet: 4 by 4: expected a whole number, got a float"),
    ("count", (FOUR, wrapped_sixteen), "not yet: 4 by 4: that has overflown"),
    ("count", (256**4, SIXTEEN), "not yet: 2 by 2: those are all blocks"),
    ("count", (ways(4, 100), SIXTEEN), "not yet: 2 by 2: that is a sum of 100"),
    ("count", (201, SIXTEEN), "not yet: 2 by 2: expected a number of 7 digits, got one of 3"),
    ("count", (torch.tensor(FOUR), SIXTEEN), "right: "),
    ("count", (np.array([FOUR]), np.array([SIXTEEN], dtype=object)), "right: "),
    (
        "count",
        (np.array([FOUR, FOUR]), SIXTEEN),
        "not yet: 2 by 2: expected a whole number, got a",
    ),
    ("count", (torch.tensor(float(FOUR)), 1), "not yet: 2 by 2: expected a whole number, got a T"),
    ("half_pixel", (1.5,), "right: that is how far"),
    ("half_pixel", (2,), "not yet: the displacement: that is half a block"),
    ("peaks", PEAKS, "right: all three"),
    ("peaks", tuple(torch.tensor(peak) for peak in PEAKS), "right: "),
    ("peaks", (-48.13, -6.02, -1.32), "not yet: (a): right but for the sign"),
    ("peaks", (24.07, -6.02, -1.32), "not yet: (a): that takes 10 log10"),
    ("peaks", (48, -6.02, -1.32), "not yet: (a): 48 is right but rounded: it is asked for to 0.01"),
    ("peaks", (48.13, -6.0, -1.32), "not yet: (b): -6 is right but rounded"),
    ("peaks", (48.13, 6.02, -1.32), "not yet: (b): right but for the sign"),
    ("peaks", (48.13, 0.5, -1.32), "not yet: (b): that is a factor"),
    ("peaks", (48.13, -6.02, -3.04), "not yet: (c): that has the natural logarithm"),
    ("peaks", (48.13, -6.02, 5), "not yet: (c): 5 is too large. Which of the peak"),
    ("half_pixel", (0.375,), "not yet: the displacement: that is in pixels of the small image"),
]


@pytest.mark.parametrize("name, given, line", CASES, ids=named)
def test_the_answer_is_known_for_what_it_is(name, given, line, capsys):
    answered(pixels, name, given, line, capsys)


def test_every_check_has_a_right_answer_and_two_wrong_ones():
    covered(pixels, CASES)
