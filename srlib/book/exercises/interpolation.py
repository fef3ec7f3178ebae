"""Checks of the exercises of chapter 2: kernels, their cost, and the half-pixel mistake."""

from collections.abc import Callable, Sequence

import numpy as np

from srlib.book.exercises.answers import NotYet, answer, call, check, numbers, same
from srlib.images.kernels import keys

Kernel = Callable[[np.ndarray], np.ndarray]


@check("four weights, and the row up to its middle")
def check_weights_x3(weights: Sequence[float], row: Sequence[int]) -> None:
    """Weights of four neighbours in units of 1/27, from left to right or mirrored, and six pixels.

    The pixels are the first half of the row 0, 0, 90, 90, enlarged by 3 and saved in 8 bits. Both
    are sequences, arrays or tensors.
    """
    for name, came, size in (("the weights", weights, 4), ("the row", row, 6)):
        if numbers(came, f"{name}:").shape != (size,):
            raise NotYet(f"{name}: expected {size} numbers, got shape {np.shape(came)}")
    came = numbers(weights, "the weights:").astype(float)
    expected = np.array([-2.0, 21, 9, -1])  # at distances 4/3, 1/3, 2/3, 5/3
    came = came if abs(came[1]) > abs(came[2]) else came[::-1]  # seen from the other side
    same(
        *(came, expected, "the weights:", 0.01),
        {
            "those are the weights themselves, units of 1/27 were asked for": expected / 27,
            "those are Keys' weights for a = -1, the exercise has a = -1/2": (
                27 * keys(np.array([4, 1, 2, 5]) / 3, a=-1)
            ),
            "those are Keys' weights for a = -3/4, the exercise has a = -1/2": (
                27 * keys(np.array([4, 1, 2, 5]) / 3, a=-0.75)
            ),
            "those are the weights of linear interpolation": np.array([0, 18, 9, 0]),
            "those are right, but by distance: give them from left to right": (
                np.array([21.0, 9, -2, -1])
            ),
        },
    )
    before = np.array([0, 0, -90, -180, 0, 720]) / 27  # what is rounded and clipped
    for index, value in enumerate(before):
        expected = max(np.floor(value + 0.5), 0)
        mistakes = {
            "that is the sum itself: 8 bits hold whole numbers": value,
            "8 bits hold nothing below 0": np.floor(value + 0.5),
            "that is cut off, not rounded to the nearest": np.floor(value),
        }
        answer(row[index], expected, f"pixel {index} of the row", 0.01, mistakes)


@check("Mitchell and Netravali's kernel, on 801 places from -4 to 4")
def check_mitchell(kernel: Kernel) -> None:
    """``kernel(t)``: at an array of distances, of any sign."""
    _same_kernel(
        kernel,
        _mitchell,
        {
            "that is Keys' kernel": keys,
            "that is six times too large": lambda t: 6 * _mitchell(t),
            "that is right for positive t only: take |t| first": lambda t: np.where(
                t < 1, _polynomial_near(t), np.where(t < 2, _polynomial_far(t), 0)
            ),
            "the second piece goes on beyond 2, where the kernel is 0": lambda t: np.where(
                np.abs(t) < 1, _polynomial_near(np.abs(t)), _polynomial_far(np.abs(t))
            ),
            "that is the first piece only": lambda t: np.where(np.abs(t) < 1, _mitchell(t), 0),
        },
    )


@check("Lanczos' kernel, on 801 places from -4 to 4")
def check_lanczos(kernel: Kernel) -> None:
    """``kernel(t)``: with three lobes, at an array of distances, of any sign."""
    near = _inside
    _same_kernel(
        kernel,
        _lanczos,
        {
            "np.sinc has the pi inside: np.sinc(t) is sin(pi t) / (pi t)": lambda t: near(
                t, 3, np.sinc(np.pi * t) * np.sinc(np.pi * t / 3)
            ),
            "the kernel is not cut off: it is 0 from 3 on": lambda t: np.sinc(t) * np.sinc(t / 3),
            "the second sinc, which fades it out, is missing": lambda t: near(t, 3, np.sinc(t)),
            "that is Lanczos with two lobes, three were asked for": lambda t: near(
                t, 2, np.sinc(t) * np.sinc(t / 2)
            ),
            "that is right for positive t only: take |t| first": lambda t: np.where(
                t < 3, np.sinc(t) * np.sinc(t / 3), 0
            ),
        },
    )


@check("the saving when enlarging and when shrinking")
def check_cost(saving: Callable[[float], float]) -> None:
    """``saving(scale)``: multiplications of the direct formula over those of the two passes."""
    for scale in (2, 4, 1 / 2, 1 / 4, 3):
        taps = 4 if scale > 1 else 4 / scale
        at = f"at x{scale:.3g}:"
        expected = taps * scale / (1 + scale)
        mistakes = {
            "that is the part that is left, not how many times it is less": 1 / expected,
            "that is without the first pass, which makes n by sn values": taps,
            "that takes sn by sn values in both passes": taps / 2,
            "when shrinking the kernel is wider: it has 4/s taps": 4 * scale / (1 + scale),
            "that exchanges the scale with its inverse": taps / (1 + scale),
        }
        same(call(saving, scale, at=at), expected, at, 0.01, mistakes)


@check("the displacement of 4 pairs, to 0.07 pixels")
def check_shift(shift: Callable[[np.ndarray, np.ndarray], Sequence[float]]) -> None:
    """``shift(p, q)``: (down, right) such that q shows at each place what p shows further there.

    Both are planes (H, W) of floats on 0..255.
    """
    for index, expected in enumerate(((0.5, 0.5), (1.5, 1.5), (-0.6, 1.1), (0, -1))):
        down, right = expected
        p, q = (_waves(96, 120, *by) for by in ((0, 0), (down, right)))
        at = f"pair {index + 1}:"
        mistakes = {
            "right, but with rows and columns exchanged": (right, down),
            "that is how far p is behind q: the sign is turned round": (-down, -right),
        }
        # With the slopes of p alone, not of (p + q)/2, the second pair is measured as 1.45.
        same(call(shift, p, q, at=at), expected, at, 0.07, mistakes)


@check("those are PyTorch's a, border and way to shrink")
def check_torch_bicubic(a: float, border: str, widened: bool) -> None:
    """What ``torch.nn.functional.interpolate`` does by default, with ``mode="bicubic"``.

    Args:
        a: the parameter of Keys' kernel.
        border: ``"replicate"`` or ``"mirror"``.
        widened: whether the kernel is widened when shrinking.
    """
    mistakes = {
        "that is Keys' own, and MATLAB's": -0.5,
        "that is right, but for the sign: the kernel is negative between 1 and 2": 0.75,
        "that is the value that gives the kernel the slope of sinc": -1,
    }
    hint = "Enlarge one bright pixel and compare with the kernel for several a"
    answer(a, -0.75, "a", 0.005, mistakes, hint)
    _chosen(border, "border", ("replicate", "mirror"))
    if border == "mirror":
        raise NotYet("border: with the right a, compare the outermost rows with both borders")
    _chosen(widened, "widened", (True, False))
    if widened:
        raise NotYet("widened: shrink stripes that the small image cannot hold, and look for them")


@check("four at once, six in two steps")
def check_twice(at_once: int, in_two_steps: int) -> None:
    """On how many small pixels a pixel at x4 depends at most, along one axis, with Keys' kernel."""
    reaches = {
        "that is how far the kernel reaches to one side": 2,
        "that is for both directions: one was asked for": 16,
    }
    answer(at_once, 4, "at once", 0.01, reaches)
    mistakes = {
        "that is what one step takes": 4,
        "that counts pixels twice that two pixels of the first step share": 16,
        "that is for both directions: one was asked for": 36,
    }
    hint = "Four pixels of the first step, each made of four small ones: which ones?"
    answer(in_two_steps, 6, "in two steps", 0.01, mistakes, hint)


def _chosen(came: object, name: str, choices: tuple[object, ...]) -> None:
    """NotYet unless the answer is one of the choices."""
    if came is ...:
        raise NotYet(f"{name}: still to come, put your answer in place of ...")
    if not any(type(came) is type(choice) and came == choice for choice in choices):
        raise NotYet(f"{name}: expected {choices[0]!r} or {choices[1]!r}, got {came!r:.40}")


def _same_kernel(kernel: Kernel, right: Kernel, mistakes: dict[str, Kernel]) -> None:
    t = np.linspace(-4, 4, 801)
    found = {name: wrong(t) for name, wrong in mistakes.items()}
    same(
        call(kernel, t, at="on an array:"), right(t), "from -4 to 4 in steps of 0.01:", 1e-6, found
    )


def _mitchell(t: np.ndarray) -> np.ndarray:
    t = np.abs(t)
    return np.where(t < 1, _polynomial_near(t), np.where(t < 2, _polynomial_far(t), 0))


def _polynomial_near(t: np.ndarray) -> np.ndarray:
    return (7 * t**3 - 12 * t**2 + 16 / 3) / 6


def _polynomial_far(t: np.ndarray) -> np.ndarray:
    return (-7 / 3 * t**3 + 12 * t**2 - 20 * t + 32 / 3) / 6


def _lanczos(t: np.ndarray) -> np.ndarray:
    return _inside(t, 3, np.sinc(t) * np.sinc(t / 3))


def _inside(t: np.ndarray, reach: float, values: np.ndarray) -> np.ndarray:
    return np.where(np.abs(t) < reach, values, 0)


def _waves(height: int, width: int, down: float, right: float) -> np.ndarray:
    """A sum of waves, exact at any displacement; a lattice over it stays where it is."""
    rng = np.random.default_rng(3)
    v, u = np.mgrid[:height, :width].astype(float)
    plane = np.zeros((height, width))
    for _ in range(12):
        f, g, phase = *rng.uniform(-0.03, 0.03, 2), rng.uniform(0, 2 * np.pi)
        plane += 8 * np.cos(2 * np.pi * (f * (v + down) + g * (u + right)) + phase)
    lattice = np.cos(np.pi * v / 2) * np.cos(np.pi * u / 2)
    return 128 + plane + 10 * lattice
