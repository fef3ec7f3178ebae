"""Checks of the exercises of chapter 1: sampling, PSNR and SSIM."""

from collections.abc import Callable
from operator import index

import numpy as np
from scipy.ndimage import gaussian_filter, uniform_filter
from skimage.metrics import structural_similarity

from srlib.book.exercises.answers import NotYet, answer, call, check, kind, same, single
from srlib.images import metrics


@check("the stripes repeat every that many new pixels")
def check_stripes(period: float) -> None:
    """The apparent period, in new pixels, of stripes of 2.5 pixels of which every third is kept."""
    mistakes = {
        "that is the period in old pixels, it is asked for in new ones": 2.5,
        "that is the true period; a wave so short appears as a longer one": 2.5 / 3,
        "that is the frequency, in cycles a new pixel": 0.2,
        "that is the frequency before it is folded": 1.2,
    }
    hint = "How far is the frequency, in cycles a new pixel, from the nearest whole number?"
    answer(period, 5, "the period", 0.01, mistakes, hint)


@check("both, to 0.01 dB")
def check_few_large(everywhere: float, rarely: float) -> None:
    """PSNR in dB of two images: each pixel off by 2; one pixel of a hundred off by 20."""
    peak = 20 * np.log10(255)
    for name, came, own in (
        ("off by 2 everywhere", everywhere, {"that is the mean error, not its square": 2}),
        (
            "off by 20 rarely",
            rarely,
            {
                "that counts the wrong pixels only: take the mean over all hundred": (
                    peak - 10 * np.log10(400)
                ),
                "that squares the mean error: take the mean of the squares": (
                    peak - 10 * np.log10(0.04)
                ),
            },
        ),
    ):
        answer(came, peak - 10 * np.log10(4), name, 0.01, _not_psnr(4) | own)


@check("the PSNR of 2 to 10 bits, to 0.01 dB")
def check_bits(predicted: Callable[[int], float]) -> None:
    """``predicted(bits)``: PSNR in dB of a photograph rounded to 2^bits levels from 0 to 255."""
    for bits in (2, 3, 5, 8, 10):
        step = 255 / (2**bits - 1)
        error = step**2 / 12
        mistakes = _not_psnr(error) | {
            "that takes the step for the error: an error lies anywhere within half a step": (
                20 * np.log10(255 / step)
            ),
            "that takes half a step for every error: most are smaller": (
                20 * np.log10(2 * 255 / step)
            ),
            "that has a step of 256 / 2^b: 2^b levels have 2^b - 1 steps between them": (
                20 * np.log10(255 * 2**bits / 256) + 10 * np.log10(12)
            ),
            "that has a step of 255 / 2^b: 2^b levels have 2^b - 1 steps between them": (
                20 * np.log10(2**bits) + 10 * np.log10(12)
            ),
        }
        expected = 10 * np.log10(255**2 / error)
        same(call(predicted, bits, at=f"{bits} bits:"), expected, f"{bits} bits:", 0.01, mistakes)


@check("SSIM with a flat window, on 3 pairs, to 0.000001")
def check_flat_ssim(ssim: Callable[[np.ndarray, np.ndarray], float]) -> None:
    """``ssim(sr, hr)``: as scikit-image has it by default, for uint8 planes (H, W).

    A flat window of 7 by 7, full windows only, variances with N - 1 in the denominator.
    """
    rng = np.random.default_rng(2)
    for size in ((40, 40), (24, 50), (33, 27)):
        hr, sr = (image[..., 1] for image in _pair(rng, size))
        at = f"planes of {size[0]} by {size[1]}:"
        mistakes = {
            "that has N in the denominator, not N - 1": _flat_ssim(sr, hr, 1),
            "that is the Gaussian window's": float(metrics.ssim(sr, hr)),
            "windows that reach over the border count in it": _flat_ssim(sr, hr, 49 / 48, margin=0),
            "that corrects by 48/49, variances grow": _flat_ssim(sr, hr, 48 / 49),
            "that corrects by 49, the side is 7 pixels and the window has N = 49": (
                _flat_ssim(sr, hr, 7 / 6)
            ),
        }
        expected = structural_similarity(hr, sr)
        same(call(ssim, sr, hr, at=at), expected, at, 1e-6, mistakes)


@check("both numbers, to the last digit")
def check_count(two_by_two: int, four_by_four: int) -> None:
    """How many blocks of 2 by 2, and of 4 by 4, 8-bit pixels have a mean of exactly 100."""
    for name, came, pixels in (("2 by 2", two_by_two, 4), ("4 by 4", four_by_four, 16)):
        if came is ... or came is None:
            raise NotYet(f"{name}: still to come, put your answer in place of ...")
        try:
            came = index(single(came))
        except TypeError:
            reason = f"expected a whole number, got {kind(came)}, which rounds"
            raise NotYet(f"{name}: {reason}") from None
        expected = _ways(pixels, 100 * pixels)
        if came == expected:
            continue
        if came == (expected + 2**63) % 2**64 - 2**63:
            raise NotYet(f"{name}: that has overflown 64 bits: use dtype=object")
        if came == 256**pixels:
            raise NotYet(f"{name}: those are all blocks, whatever their mean")
        if came == _ways(pixels, 100):
            raise NotYet(f"{name}: that is a sum of 100, the mean shall be 100")
        digits = (len(str(abs(int(number)))) for number in (expected, came))
        raise NotYet("{}: expected a number of {} digits, got one of {}".format(name, *digits))


@check("that is how far the kept samples are from where imresize takes them to be")
def check_half_pixel(displacement: float) -> None:
    """By how many pixels of ``face`` the enlarged picture is displaced if sample 0 is kept."""
    mistakes = {
        "with that only the starts 1 and 2 would be displaced; it is more for 0": 0.5,
        "that is in pixels of the small image": 1.5 / 4,
        "that is half a block; pixels 0 to 3 have their middle between 1 and 2": 2,
        "right, but give its size, without a sign": -1.5,
    }
    answer(displacement, 1.5, "the displacement", 0.01, mistakes)


@check("all three, to 0.01 dB")
def check_peaks(unit: float, signed: float, studio: float) -> None:
    """By how many dB a wrong peak raises a PSNR, or lowers it.

    ``unit``: images in [0, 1], peak 255. ``signed``: images in [-1, 1], peak 1. ``studio``: luma
    in 16..235, peak 219 instead of the papers' 255.
    """
    for name, came, factor in (
        ("(a)", unit, 255),
        ("(b)", signed, 1 / 2),
        ("(c)", studio, 219 / 255),
    ):
        mistakes = {
            "right but for the sign: is the PSNR too high or too low?": -20 * np.log10(factor),
            "that takes 10 log10 of the peak: the formula has its square": 10 * np.log10(factor),
            "that takes 40 log10 of the peak": 40 * np.log10(factor),
            "that has the natural logarithm, PSNR takes the one to base 10": 20 * np.log(factor),
            "that is a factor, it is asked for in dB": factor,
        }
        hint = "Which of the peak and the errors fits the range, and which does not?"
        answer(came, 20 * np.log10(factor), name, 0.01, mistakes, hint)


def _not_psnr(mse: float) -> dict[str, float]:
    """What else one may make of a mean squared error."""
    return {
        "that is the MSE, PSNR is made from it": mse,
        "that is the RMSE, PSNR is made from its square": np.sqrt(mse),
        "that has the natural logarithm, PSNR takes the one to base 10": 10 * np.log(255**2 / mse),
        "that is twice as much: 10 log10, not 20, of a square": 20 * np.log10(255**2 / mse),
        "that has a peak of 1, the images are on 0..255": -10 * np.log10(mse),
    }


def _pair(rng: np.random.Generator, size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """A structured uint8 RGB image and a blurred, noisy copy, whose border is worse."""
    hr = gaussian_filter(rng.normal(0, 1, (*size, 3)), (2, 2, 0))
    hr = np.clip(127 + 60 * hr / hr.std(), 0, 255)
    sr = gaussian_filter(hr, (1, 1, 0)) + rng.normal(0, 5, hr.shape)
    sr[:2] += 20
    return np.uint8(hr), np.uint8(np.clip(sr, 0, 255))


def _flat_ssim(sr: np.ndarray, hr: np.ndarray, correction: float, margin: int = 3) -> float:
    """SSIM with a flat window of 7 by 7; variances times ``correction``."""
    x, y = hr.astype(float), sr.astype(float)
    inside = (slice(margin, -margin or None),) * 2

    def mean(plane: np.ndarray) -> np.ndarray:
        return uniform_filter(plane, 7)[inside]

    mean_x, mean_y = mean(x), mean(y)
    var_x, var_y = (correction * (mean(p * p) - mean(p) ** 2) for p in (x, y))
    cov = correction * (mean(x * y) - mean_x * mean_y)
    c1, c2 = 2.55**2, 7.65**2
    luminance = (2 * mean_x * mean_y + c1) / (mean_x**2 + mean_y**2 + c1)
    return float((luminance * (2 * cov + c2) / (var_x + var_y + c2)).mean())


def _ways(pixels: int, total: int) -> int:
    """Blocks of so many 8-bit pixels with that sum."""
    counts, ones = np.array([1], dtype=object), np.ones(256, dtype=object)
    for _ in range(pixels):
        counts = np.convolve(counts, ones)
    return int(counts[total])
