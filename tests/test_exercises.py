"""Each check of an exercise knows a right answer from wrong ones, and says what is wrong."""

import copy
import math
import re
from pathlib import Path

import nbformat
import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter, uniform_filter
from skimage.metrics import structural_similarity
from torch.nn import functional

from srlib import exercises, losses, metrics
from srlib.exercises import answers
from srlib.interpolation import keys
from srlib.resize import imresize


def hears(capsys, verdict, line):
    """The verdict's one printed line, and what it begins with."""
    printed = capsys.readouterr().out
    assert printed == verdict.line + "\n" and printed.count("\n") == 1
    assert verdict.line.startswith(line), verdict.line
    assert bool(verdict) == verdict.line.startswith("right: ")


# Chapter 1


def bits(
    b, step=lambda b: 255 / (2**b - 1), of=lambda step: 10 * math.log10(255**2 * 12 / step**2)
):
    return of(step(b))


def paper_psnr(sr, hr, scale, **changes):
    protocol = {"border": scale} | changes
    return metrics.psnr(sr, hr, metrics.Protocol(**protocol))


def mse_of_luma(sr, hr, scale):
    a, b = (metrics.Protocol.paper(scale).plane(image) for image in (sr, hr))
    return np.mean((a - b) ** 2)


def wrapping(sr, hr, scale):
    a, b = (metrics.Protocol.paper(scale).plane(image).astype(np.uint8) for image in (sr, hr))
    return 10 * np.log10(255**2 / np.mean((a - b) ** 2))


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

PIXELS = [
    ("stripes", (5,), "right: the stripes repeat"),
    ("stripes", (np.float64(4.999),), "right: "),
    ("stripes", (2.5,), "not yet: the period: that is the period in old pixels"),
    ("stripes", (0.2,), "not yet: the period: that is the frequency"),
    ("stripes", (7,), "not yet: the period: 7 is too large. How far"),
    ("stripes", (...,), "not yet: the period: still to come"),
    ("few_large", (42.11, 42.1103), "right: both"),
    ("few_large", (4, 4), "not yet: off by 2 everywhere: that is the MSE"),
    ("few_large", (42.11, 22.11), "not yet: off by 20 rarely: that counts the wrong pixels only"),
    ("few_large", (42.11, 62.11), "not yet: off by 20 rarely: that squares the mean error"),
    ("few_large", (96.96, 42.11), "not yet: off by 2 everywhere: that has the natural logarithm"),
    ("bits", (bits,), "right: the PSNR of 2 to 10 bits"),
    ("bits", (lambda b: bits(b, of=lambda s: s**2 / 12),), "not yet: 3 bits: that is the MSE"),
    (
        "bits",
        (lambda b: bits(b, of=lambda s: 10 * math.log(255**2 * 12 / s**2)),),
        "not yet: 3 bits: that has the natural logarithm",
    ),
    ("bits", (lambda b: bits(b, lambda b: 256 / 2**b),), "not yet: 3 bits: that has a step of 256"),
    ("bits", (lambda b: bits(b, lambda b: 255 / 2**b),), "not yet: 3 bits: that has a step of 255"),
    ("bits", (lambda b: 6.02 * b,), "not yet: 3 bits: expected about 27.69, got 18.06"),
    ("bits", (lambda b: None,), "not yet: 3 bits: your function returned nothing: is there a ret"),
    ("bits", (bits(3),), "not yet: expected a function, got a float: give its name"),
    ("bits", (lambda b: 1 / 0,), "not yet: 3 bits: your function raised ZeroDivisionError: div"),
    ("bits", (lambda b: math.nan,), "not yet: 3 bits: got NaN"),
    ("bits", (lambda b: round(bits(b)),), "not yet: 3 bits: expected fractions (float), got whole"),
    ("bits", (lambda b: f"{bits(b)} dB",), "not yet: 3 bits: expected numbers, got a str"),
    ("bits", (lambda b: [bits(b)],), "not yet: 3 bits: expected one number, got shape (1,)"),
    ("paper_psnr", (paper_psnr,), "right: PSNR under the papers' protocol"),
    ("paper_psnr", (mse_of_luma,), "not yet: at x4: that is the MSE"),
    ("paper_psnr", (lambda *a: paper_psnr(*a, border=0),), "not yet: at x4: the border is still"),
    (
        "paper_psnr",
        (lambda *a: paper_psnr(*a, range="full"),),
        "not yet: at x4: that luma has full",
    ),
    ("paper_psnr", (lambda *a: paper_psnr(*a, channel="RGB"),), "not yet: at x4: that is the PSNR"),
    ("paper_psnr", (lambda *a: paper_psnr(*a, rounded=False),), "not yet: at x4: the luma was not"),
    ("paper_psnr", (wrapping,), "not yet: at x4: uint8 wraps round"),
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
    ("half_pixel", (1.5,), "right: that is how far"),
    ("half_pixel", (2,), "not yet: the displacement: that is half a block"),
    ("half_pixel", (0.375,), "not yet: the displacement: that is in pixels of the small image"),
]


# Chapter 2


def mitchell(t, absolute=np.abs, beyond=False):
    t = absolute(t)
    near = (7 * t**3 - 12 * t**2 + 16 / 3) / 6
    far = (-7 / 3 * t**3 + 12 * t**2 - 20 * t + 32 / 3) / 6
    return np.where(t < 1, near, far if beyond else np.where(t < 2, far, 0))


def lanczos(t, pi=1, lobes=3):
    return np.where(np.abs(t) < lobes, np.sinc(pi * t) * np.sinc(pi * t / lobes), 0)


def saving(scale):
    taps = 4 if scale > 1 else 4 / scale
    return taps * scale / (1 + scale)


def shift(p, q, blur=5):
    p, q = (gaussian_filter(plane, blur) if blur else plane for plane in (p, q))
    inside = (slice(16, -16), slice(16, -16))
    slopes = [part[inside].ravel() for part in np.gradient((p + q) / 2)]
    return np.linalg.lstsq(np.stack(slopes, axis=1), (q - p)[inside].ravel(), rcond=None)[0]


ROW = [0, 0, 0, 0, 0, 27]
WEIGHTS = [-2, 21, 9, -1]
AT_X3 = np.array([4, 1, 2, 5]) / 3

INTERPOLATION = [
    ("weights_x3", (WEIGHTS, ROW), "right: four weights"),
    ("weights_x3", (np.array(WEIGHTS[::-1]), np.uint8(ROW)), "right: "),
    ("weights_x3", (keys(AT_X3), ROW), "not yet: the weights: those are the weights themselves"),
    ("weights_x3", (27 * keys(AT_X3, -0.75), ROW), "not yet: the weights: those are Keys' weights"),
    ("weights_x3", (WEIGHTS, [0, -90 / 27, 0, 0, 0, 27]), "not yet: pixel 1 of the row: 8 bit hol"),
    ("weights_x3", (WEIGHTS, [0, 0, 0, 0, 0, 720 / 27]), "not yet: pixel 5 of the row: 8 bit hold"),
    ("weights_x3", (WEIGHTS, ROW[:5]), "not yet: the row: expected 6 numbers, got shape (5,)"),
    ("weights_x3", (..., ...), "not yet: the weights: still to come"),
    ("mitchell", (mitchell,), "right: Mitchell"),
    ("mitchell", (keys,), "not yet: from -4 to 4 in steps of 0.01: that is Keys'"),
    (
        "mitchell",
        (lambda t: mitchell(t, lambda t: t),),
        "not yet: from -4 to 4 in steps of 0.01: t",
    ),
    (
        "mitchell",
        (lambda t: mitchell(t, beyond=True),),
        "not yet: from -4 to 4 in steps of 0.01: t",
    ),
    ("mitchell", (lambda t: 6 * mitchell(t),), "not yet: from -4 to 4 in steps of 0.01: that is s"),
    ("mitchell", (lambda t: mitchell(t)[:-1],), "not yet: from -4 to 4 in steps of 0.01: expected"),
    ("mitchell", (lambda t: 1 if abs(t) < 1 else 0,), "not yet: on an array: your function raised"),
    ("lanczos", (lanczos,), "right: Lanczos"),
    ("lanczos", (lambda t: lanczos(t, math.pi),), "not yet: from -4 to 4 in steps of 0.01: np.sin"),
    ("lanczos", (lambda t: lanczos(t, lobes=2),), "not yet: from -4 to 4 in steps of 0.01: that i"),
    ("lanczos", (np.sinc,), "not yet: from -4 to 4 in steps of 0.01: expected about"),
    ("cost", (saving,), "right: the saving"),
    ("cost", (lambda s: 1 / saving(s),), "not yet: at x2: that is the part that is left"),
    ("cost", (lambda s: 4 * s / (1 + s),), "not yet: at x0.5: when shrinking the kernel is wider"),
    ("shift", (shift,), "right: the displacement"),
    ("shift", (lambda p, q: shift(p, q)[::-1],), "not yet: pair 3: right, but with rows"),
    ("shift", (lambda p, q: -shift(p, q),), "not yet: pair 1: that is how far p is behind q"),
    ("shift", (lambda p, q: shift(p, q, blur=0),), "not yet: pair 1: expected about 0.5 at"),
    ("torch_bicubic", (-0.75,), "right: that is PyTorch's a"),
    ("torch_bicubic", (-0.5,), "not yet: a: that is Keys' own"),
    ("torch_bicubic", (0.75,), "not yet: a: that is right, but for the sign"),
]


# Chapter 3


@torch.no_grad()
def fold(layers, turn=(2, 3), black=True):
    size = sum(layer.kernel_size[0] - 1 for layer in layers) + 1
    nothing = torch.zeros(1, 1, 2 * size - 1, 2 * size - 1)
    impulse = nothing.clone()
    impulse[..., size - 1, size - 1] = 1
    constant = layers(nothing)
    return (layers(impulse) - black * constant).flip(turn), constant[0, 0, 0, 0].item()


@torch.no_grad()
def deviations(net, b, number=torch.std):
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


def solve(compared, D, steps, length=1, activation=torch.relu):  # noqa: N803
    tau = length if length != 1 else 1 / np.linalg.eigvalsh(D @ D.T)[-1]
    mix = torch.from_numpy(np.eye(len(D)) - tau * D @ D.T).float()
    codes = activation(tau * compared)
    for _ in range(steps - 1):
        codes = activation(codes @ mix + tau * compared)
    return codes


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


SRCNN = [
    ("count_srcnn", (24513, 15, 24416 * 512**2), "right: parameters"),
    ("count_srcnn", (24513, 15, 6.4e9), "right: "),
    ("count_srcnn", (24416, 15, 6.4e9), "not yet: the parameters: the biases are missing"),
    ("count_srcnn", (24513, 17, 6.4e9), "not yet: the field: that adds up the kernels"),
    ("count_srcnn", (24513, 15, 24416), "not yet: the multiplications: that is for a single pixel"),
    ("worth", (0.5, 0.63, 0.27), "right: all three"),
    ("worth", (50, 0.63, 0.27), "not yet: the paper's share: that is in percent"),
    ("worth", (0.5, 0.37, 0.27), "not yet: the later share: that is what is still missing"),
    ("worth", (0.5, 0.63, 0.13), "not yet: the share of the rest: 0.13 is too small"),
    ("one_filter", (fold,), "right: one filter"),
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
    ("signal", (deviations,), "right: the standard deviations"),
    (
        "signal",
        (lambda *a: deviations(*a, torch.var),),
        "not yet: network 1: relative to the right",
    ),
    (
        "signal",
        (without_relu,),
        "not yet: network 1: relative to the right ones: those are the devi",
    ),
    ("signal", (lambda *a: deviations(*a)[:2],), "not yet: network 1: expected three numbers"),
    ("solver", (solve,), "right: codes"),
    (
        "solver",
        (lambda *a: solve(*a, activation=lambda c: c),),
        "not yet: 1 step: there are negativ",
    ),
    (
        "solver",
        (lambda *a: solve(*a, length=1.0 + 1e-9),),
        "not yet: 1 step: that has steps of leng",
    ),
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


# Chapter 4

LOG2 = math.log(2)


def followed(mu, delta, base=1.0, times=2.0):
    x = np.linspace(-20, 20, 40001)
    p, q = (np.exp(-((x - place) ** 2) / 2) / math.sqrt(2 * math.pi) for place in (delta, mu))
    m = np.maximum((p + q) / 2, 1e-300)
    logs = [np.log(np.maximum(density, 1e-300) / m) for density in (p, q)]
    jsd = np.trapezoid(p * logs[0] + q * logs[1], x) / 2
    return ((delta - mu) ** 2 / 2 - times * jsd) / base


GAMES = {0.9: [1, 2, 1], 0.0: [5, 6, 4]}

GAN_THEORY = [
    ("boxes", ((LOG2 / 2, LOG2, LOG2), (-LOG2, 0, 0)), "right: divergence"),
    ("boxes", ((0.5, 1, 1), (-LOG2, 0, 0)), "not yet: the JSD at [1, 3]: that is in bits"),
    (
        "boxes",
        ((LOG2, LOG2, LOG2), (0, 0, 0)),
        "not yet: the JSD at [1, 3]: that is the sum of the",
    ),
    ("boxes", ((LOG2 / 2, LOG2, LOG2), (LOG2, 0, 0)), "not yet: V at [1, 3]: that is the loss"),
    ("boxes", ((LOG2 / 2, LOG2), (LOG2, 0, 0)), "not yet: the divergences: expected three numbers"),
    ("log_file", (0.593, 0.856), "right: the bound"),
    ("log_file", (1.186, 0.86), "not yet: the bound: that is 2 JSD"),
    ("log_file", (0.79, 0.86), "not yet: the bound: the loss is -V"),
    ("log_file", (0.593, 85.6), "not yet: the share: that is in percent"),
    ("adam", (1.9, 2.1), "right: the two come"),
    ("adam", (0.8, 2.1), "not yet: log(1-D) came less than 0.6 times as far"),
    ("adam", (2.1, 0.8), "not yet: log(1-D) came more than 1.7 times"),
    ("adam", (0.02, 2.1), "not yet: log(1-D): expected a mu between"),
    ("momentum", (GAMES,), "right: momentum loses"),
    ("momentum", ({0.9: [5, 6, 4], 0.0: [1, 2, 1]},), "not yet: with momentum 5.0 clusters"),
    ("momentum", ({0.9: [0.6, 0.2, 0.1], 0.0: [1, 1, 1]},), "not yet: momentum 0.9: expected how"),
    ("momentum", ([[1, 2, 1], [5, 6, 4]],), "not yet: expected {0.9: [...], 0.0: [...]}"),
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
]


# Chapter 5

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

SRGAN = [
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
    ("adam", (..., ...), "not yet: log(1-D): still to come"),
    ("boxes", (..., ...), "not yet: the divergences: still to come"),
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
]

# Chapter 6

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
BENCHMARKING = [("work", (work,), line) for work, line in WORK]
BENCHMARKING += [("means", (number,), line) for number, line in MEANS]
BENCHMARKING += [("paired", (function,), line) for function, line in PAIRED]

CASES = PIXELS + INTERPOLATION + SRCNN + GAN_THEORY + SRGAN + BENCHMARKING


@pytest.mark.parametrize("name, given, line", CASES, ids=[f"{c[0]}-{c[2][:40]}" for c in CASES])
def test_the_answer_is_known_for_what_it_is(name, given, line, capsys):
    hears(capsys, getattr(exercises, f"check_{name}")(*given), line)


def test_every_check_has_a_right_answer_and_two_wrong_ones():
    for name in exercises.__all__:
        if name != "Verdict":
            lines = [line for check, _, line in CASES if f"check_{check}" == name]
            assert sum(line.startswith("right") for line in lines) >= 1, name
            assert sum(line.startswith("not yet") for line in lines) >= 2, name


def test_a_verdict_is_said_once_in_a_notebook(capsys):
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell.instance()
    shell.run_cell("from srlib import exercises\nexercises.check_stripes(5)")
    assert capsys.readouterr().out.count("right: ") == 1


def test_the_readers_function_gets_a_copy():
    given = np.zeros(3)

    def spoils(array):
        array += 1
        return array

    assert answers.call(spoils, given, at="").sum() == 3 and given.sum() == 0


def test_an_interrupt_is_not_an_answer():
    def stopped(bits):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        exercises.check_bits(stopped)


def test_a_long_message_of_an_error_becomes_one_short_line():
    def talks(bits):
        raise ValueError("x" * 500 + "\nand more")

    line = exercises.check_bits(talks).line
    assert "\n" not in line and len(line) < 250 and "ValueError: xxx" in line


def test_a_mistake_that_the_tolerance_cannot_tell_apart_is_not_named():
    with pytest.raises(answers.NotYet, match="expected about 0, got 3"):
        answers.same(3.0, 0.0, "at 0:", 0.1, {"that is something else": 0.15})


def test_rows_and_columns_exchanged_have_a_name():
    square = np.arange(9.0).reshape(3, 3)
    with pytest.raises(answers.NotYet, match="rows and columns"):
        answers.same(square.T, square, "a square:", 0.1)


def test_the_checks_are_the_same_each_time(capsys):
    torch.manual_seed(99)
    lines = {exercises.check_eight_ways(lambda net, b: net(b) + 1).line for _ in range(3)}
    assert len(lines) == 1


def test_checks_leave_the_random_numbers_alone():
    torch.manual_seed(0)
    np.random.seed(0)
    expected = torch.rand(1), np.random.rand()
    torch.manual_seed(0)
    np.random.seed(0)
    exercises.check_mixed(mix)
    exercises.check_signal(deviations)
    assert torch.equal(torch.rand(1), expected[0]) and np.random.rand() == expected[1]


# The book

CHAPTERS = sorted((Path(__file__).parents[1] / "book").glob("0*.ipynb"))


def gated(notebook, kind):
    """Label of each exercise (or solution) with code -> its code cells."""
    found, label = {}, None
    for cell in notebook.cells:
        if cell.cell_type == "code":
            if label:
                found[label].append(cell)
            continue
        for mark in re.finditer(rf"\{{{kind}-(start|end)\}}(.*)\n(?::label: (\S+))?", cell.source):
            label = None
            if mark[1] == "start":
                label = mark[3] or mark[2].strip()
                found[label] = []
    return found


def checks(cells):
    return set(re.findall(r"exercises\.(check_\w+)", "\n".join(cell.source for cell in cells)))


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_each_exercise_with_code_ends_in_its_check_and_the_solution_passes_it(path):
    notebook = nbformat.read(path, as_version=4)
    begun, solved = (gated(notebook, kind) for kind in ("exercise", "solution"))
    assert len(begun) >= 3
    for label, cells in begun.items():
        assert cells[-1].source.splitlines()[-1].startswith("exercises.check_"), label
        said = "".join(output.text for output in cells[-1].outputs)
        assert all(line.startswith("not yet: ") for line in said.splitlines()), f"{label}: {said}"
        asserted = "\n".join(cell.source for cell in solved[label])
        for name in checks(cells):
            assert f"assert exercises.{name}(" in asserted, f"{label}: {name}"


def test_the_book_uses_every_check():
    used = set()
    for path in CHAPTERS:
        used |= checks(nbformat.read(path, as_version=4).cells)
    assert used == set(exercises.__all__) - {"Verdict"}
