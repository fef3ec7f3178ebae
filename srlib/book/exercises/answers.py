"""What all checks of the exercises share: ask the reader's function, compare, say it in one line.

A check is a plain function under :func:`check`. It looks at the reader's answer and raises
:class:`NotYet` with a hint at the first thing that is wrong; a check that comes to its end is
passed. The reader sees no exception: one line is printed and a :class:`Verdict` returned.
"""

import copy
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps

import numpy as np
import torch

LONGEST = 160  # characters of somebody else's error message


class NotYet(Exception):  # noqa: N818 - a hint to the reader, not an error
    """Why an answer is not right yet, as a hint: it never holds the solution."""


@dataclass(frozen=True)
class Verdict:
    """True for a right answer; ``line`` is what was printed.

    >>> from srlib.book import exercises
    >>> verdict = exercises.check_stripes(2.5)
    not yet: the period: that is the period in old pixels, it is asked for in new ones
    >>> bool(verdict)
    False
    """

    right: bool
    line: str

    def __bool__(self) -> bool:
        return self.right

    def _ipython_display_(self) -> None:
        """Nothing more: as the last line of a cell it would say everything twice."""


def check(praise: str) -> Callable[[Callable[..., None]], Callable[..., Verdict]]:
    """Make a check of a function that raises :class:`NotYet`; ``praise`` says what was right."""

    def decorate(body: Callable[..., None]) -> Callable[..., Verdict]:
        @wraps(body)
        def checked(*answers, **named) -> Verdict:
            try:
                with torch.random.fork_rng(devices=[]):  # a check may sit anywhere in a chapter
                    body(*answers, **named)
            except NotYet as reason:
                verdict = Verdict(False, f"not yet: {reason}")
            else:
                verdict = Verdict(True, f"right: {praise}")
            print(verdict.line)
            return verdict

        checked.__annotations__ = body.__annotations__ | {"return": Verdict}
        return checked

    return decorate


def call(function: object, *inputs: object, at: str) -> object:
    """What the reader's function makes of copies of the inputs; ``at`` names them in a hint.

    Raises:
        NotYet: if it is no function, raises, or returns nothing.
    """
    if not callable(function):
        raise NotYet(f"expected a function, got {kind(function)}: give its name, without ()")
    try:
        result = function(*copy.deepcopy(inputs))
    except Exception as error:  # whatever it is, the reader shall see it, in one line
        said = (str(error).splitlines() or [""])[0][:LONGEST]
        raise NotYet(f"{at} your function raised {type(error).__name__}: {said}") from error
    if result is None or result is ...:
        raise NotYet(f"{at} your function returned nothing: is there a return?")
    return result


def same(
    came: object,
    expected: object,
    at: str,
    within: float,
    mistakes: Mapping[str, object] | None = None,
) -> None:
    """Compare what a function returned with what it should have.

    Args:
        came: a number, an array, a tensor or a sequence of numbers.
        expected: of the same shape; for one number, an array or a tensor of one element will do.
        at: names the inputs, as the beginning of a hint.
        within: the largest absolute difference that passes.
        mistakes: what one may say of a wrong answer -> the answer of which it is true.

    Raises:
        NotYet: if they differ; the hint shows one value that was expected.
    """
    expected = np.asarray(_plain(expected), dtype=float)
    came = numbers(came if expected.ndim else single(came), at)
    _check_form(came, expected, at)
    if agree(came, expected, within):
        return
    _name_mistake(came, expected, at, within, mistakes or {})
    if came.dtype.kind != "f" and not np.array_equal(expected, np.rint(expected)):
        raise NotYet(f"{at} expected fractions (float), got whole numbers of type {came.dtype}")
    if expected.ndim == 0:
        raise NotYet(f"{at} expected about {expected:.4g}, got {came:.4g}")
    worst = np.unravel_index(np.abs(came - expected).argmax(), expected.shape)
    place = ", ".join(str(int(index)) for index in worst)
    raise NotYet(
        f"{at} expected about {expected[worst]:.3g} at [{place}], got {came[worst]:.3g}, "
        "and that is the worst"
    )


def answer(
    came: object,
    expected: float,
    name: str,
    within: float,
    mistakes: Mapping[str, object] | None = None,
    hint: str = "",
) -> None:
    """Compare a number that the reader worked out; the hint does not show the right one.

    Args:
        came: the reader's number, or an array or a tensor of one; ``...`` if it is still to come.
        name: what the number is, as the beginning of a hint.
        within, mistakes: as for :func:`same`.
        hint: one more sentence for an answer that is none of the mistakes.
    """
    came = numbers(single(came), f"{name}:")
    if came.ndim:
        raise NotYet(f"{name}: expected one number, got {came.size} of shape {came.shape}")
    if np.isnan(came):
        raise NotYet(f"{name}: expected a number, got NaN")
    if agree(came, expected, within):
        return
    _name_mistake(came, np.asarray(expected, float), f"{name}:", within, mistakes or {})
    if _rounded_too_far(float(came), expected, within):
        raise NotYet(f"{name}: {came:.4g} is right but rounded: it is asked for to {within:g}")
    side = "too large" if came > expected else "too small"
    raise NotYet(f"{name}: {came:.4g} is {side}" + (f". {hint}" if hint else ""))


def single(came: object) -> object:
    """An array or a tensor of one element as that element; anything else as it is."""
    if (
        isinstance(came, np.ndarray | torch.Tensor)
        and len(came.shape)
        and math.prod(came.shape) == 1
    ):
        return came.reshape(-1)[0]
    return came


def numbers(came: object, at: str) -> np.ndarray:
    """The reader's answer as an array of numbers; NotYet for anything else."""
    try:
        array = np.asarray(_plain(came))
    except ValueError:
        raise NotYet(f"{at} expected numbers in one shape, got {kind(came)} of several") from None
    if array.dtype == object and any(part is ... for part in array.flat):
        raise NotYet(f"{at} still to come, put your answer in place of ...")
    if array.dtype.kind not in "iuf":
        raise NotYet(f"{at} expected numbers, got {kind(came)}")
    return array


def agree(came: np.ndarray, expected: object, within: float) -> bool:
    """Whether all numbers are that close; equal infinities are."""
    expected = np.asarray(_plain(expected), dtype=float)
    return came.shape == expected.shape and np.allclose(came, expected, rtol=1e-6, atol=within)


def kind(thing: object) -> str:
    """``a float``, ``an ndarray``, ``nothing``: what a thing is, for a hint."""
    if thing is None or thing is ...:
        return "nothing"
    name = "function" if callable(thing) else type(thing).__name__
    return f"a{'n' * (name[0].lower() in 'aeiou')} {name}"


def _plain(value: object) -> object:
    """Tensors as arrays, also within a sequence."""
    if isinstance(value, torch.Tensor):
        return value.detach().cpu().numpy()
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return value


def _rounded_too_far(came: float, expected: float, within: float) -> bool:
    """Whether a number is the right one with fewer decimals than ``within`` asks for."""
    decimals = range(math.ceil(-math.log10(within)))
    return came != 0 and any(math.isclose(came, round(expected, few)) for few in decimals)


def _check_form(came: np.ndarray, expected: np.ndarray, at: str) -> None:
    """Shape first, then NaN."""
    if came.shape != expected.shape:
        wanted = f"shape {expected.shape}" if expected.ndim else "one number"
        raise NotYet(f"{at} expected {wanted}, got {_shape(came)}")
    if np.isnan(came).any():
        share = np.isnan(came).mean()
        raise NotYet(f"{at} got NaN" + (f" in {share:.0%} of the places" if came.ndim else ""))


def _shape(came: np.ndarray) -> str:
    return f"shape {came.shape}" if came.ndim else "one number"


def _name_mistake(
    came: np.ndarray,
    expected: np.ndarray,
    at: str,
    within: float,
    mistakes: Mapping[str, object],
) -> None:
    """Raise NotYet if the wrong answer is one that has a name."""
    always = {
        "right but for the sign": -expected,
        "right but 255 times too large: is something on 0..255 that should be on 0..1?": (
            255 * expected
        ),
        "right but 255 times too small: is something on 0..1 that should be on 0..255?": (
            expected / 255
        ),
    }
    if expected.ndim > 1:
        always["right but with rows and columns exchanged"] = np.swapaxes(expected, -1, -2)
    size = np.abs(expected).max()
    for name, value in {**mistakes, **always}.items():
        value = np.asarray(_plain(value), float)
        # A share to 0.01 is a percentage to 1: the tolerance grows with the mistake.
        grown = within * max(1, np.abs(value).max() / size) if size else within
        if agree(came, value, grown) and not agree(value, expected, 2 * within):
            raise NotYet(f"{at} {name}")
