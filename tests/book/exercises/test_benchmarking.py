"""Right and wrong answers to the exercises of chapter 6: work, means, pairs, a budget ..."""

import numpy as np
import pytest

from srlib.book.exercises import benchmarking
from tests.helpers.exercises import answered, covered, named

HEAD, BLOCK = 81 * 3 * 64, 9 * 64 * 64

WORK = [
    (16 * (2 * HEAD + 33 * BLOCK), "right: nine times"),
    (2 * HEAD + 33 * BLOCK, "not yet: the work: that is for each pixel of the large image"),
    (16 * (2 * HEAD + 32 * BLOCK), "not yet: the work: the convolution after the blocks"),
    (16 * (HEAD + 33 * BLOCK) + HEAD, "not yet: the work: the last layer works at the large"),
    (17 * HEAD + 53 * BLOCK, "not yet: the work: that is SRResNet as it is"),
    (2e7, "not yet: the work: 2e+07 is too large"),
    (..., "not yet: the work: still to come"),
]


def paired(a, b, ddof=1, power=0.5, middle=np.mean):
    difference = a - b
    return middle(difference), difference.std(ddof=ddof) / len(difference) ** power


def unpaired(a, b):
    return np.mean(a - b), np.sqrt((a.var(ddof=1) + b.var(ddof=1)) / len(a))


PAIRED = [
    (paired, "right: mean and standard error"),
    (lambda a, b: paired(b, a), "not yet: for 5 images, the mean: right but for the sign"),
    (lambda a, b: paired(a, b, ddof=0), "not yet: for 5 images, the standard error: the dev"),
    (lambda a, b: paired(a, b, power=0), "not yet: for 5 images, the standard error: that is"),
    (lambda a, b: paired(a, b, power=1), "not yet: for 5 images, the standard error: divide"),
    (lambda a, b: paired(a, b, middle=np.median), "not yet: for 5 images, the mean: that is"),
    (unpaired, "not yet: for 5 images, the standard error: that is of unpaired scores"),
    (lambda a, b: np.mean(a - b), "not yet: for 5 images expected two numbers"),
    (lambda a, b: None, "not yet: for 5 images your function returned nothing"),
]
MEANS = [
    (28.13 - 21.10, "right: and never"),
    (-7.03, "not yet: the difference: the sign is turned round"),
    (16.19, "not yet: the difference: that is with a natural logarithm"),
    (20, "not yet: the difference: 20 is too large"),
]
REALISM = [
    ((6, 12, 15**0.5), "right: here realism costs"),
    ((3, 12, 15**0.5), "not yet: the error of the mean: that is the mean itself"),
    ((9, 12, 15**0.5), "not yet: the error of the mean: a sample's variance"),
    ((6, 6, 15**0.5), "not yet: the error of perfect realism: that is without P_m"),
    ((6, 8.45, 15**0.5), "not yet: the error of perfect realism: P_m is squared"),
    ((6, 12, 15), "not yet: W2 of always 6: W2 is the root"),
    ((6, 12, 3), "not yet: W2 of always 6: that is the mean distance"),
    ((..., ..., ...), "not yet: the error of the mean: still to come"),
]
BUDGET = [
    ((0.5, 0.430, 0.669), "right: the budget holds"),
    ((0.6, 0.430, 0.669), "not yet: alpha: at 0.6 more than 0.5 dB"),
    ((0.4, 0.430, 0.669), "not yet: alpha: a larger one than 0.4"),
    ((0.55, 0.430, 0.669), "not yet: alpha: expected one of the sweep's"),
    ((0.5, 43, 0.669), "not yet: the share: that is in percent"),
    ((0.5, 0.242, 0.669), "not yet: the share: that is the share of the loss in PSNR"),
    ((0.5, 0.376, 0.669), "not yet: the share: that is the share on Set5"),
    ((0.5, 0.430, 0.481), "not yet: the loss on Set5: that is on the photographs"),
    ((0.5, 0.430, 31.35), "not yet: the loss on Set5: that is the PSNR there"),
    ((..., ..., ...), "not yet: alpha: still to come"),
]
SEEN, UNSEEN = benchmarking._sharpened_gains()[1.0]
ENTER = [
    ((1.0, UNSEEN), "right: the strength chosen"),
    ((2.0, UNSEEN), "not yet: the strength: another one than 2 does better"),
    ((0.7, UNSEEN), "not yet: the strength: expected one of 0.5, 1, 1.5, 2, got 0.7"),
    ((1.0, SEEN), "not yet: the gain: that is on `seen`"),
    ((1.0, (SEEN + UNSEEN) / 2), "not yet: the gain: that is on all ten"),
    ((1.0, 27.0), "not yet: the gain: 27 is too large"),
    ((..., ...), "not yet: the strength: still to come"),
]
CASES = [
    *(("budget", given, line) for given, line in BUDGET),
    *(("enter", given, line) for given, line in ENTER),
    *(("realism", given, line) for given, line in REALISM),
    *(("work", (work,), line) for work, line in WORK),
    *(("means", (number,), line) for number, line in MEANS),
    *(("paired", (function,), line) for function, line in PAIRED),
]


@pytest.mark.parametrize("name, given, line", CASES, ids=named)
def test_the_answer_is_known_for_what_it_is(name, given, line, capsys):
    answered(benchmarking, name, given, line, capsys)


def test_every_check_has_a_right_answer_and_two_wrong_ones():
    covered(benchmarking, CASES)
