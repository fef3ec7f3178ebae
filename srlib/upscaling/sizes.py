"""How large a result shall be: so many times as large, or so many pixels."""

import math
from dataclasses import dataclass
from numbers import Integral, Real
from typing import NamedTuple

from srlib.errors import ArgumentError, ImageError
from srlib.images.kernels import output_size

LARGEST = 8  # times; beyond, hardly a pixel of the result would have anything to go by


class Size(NamedTuple):
    """Of a result, and how it comes about.

    Attributes:
        height, width: in pixels.
        down, across: height and width over those of the input, as they were asked for: where a
            side is rounded, the ratio of the pixels is not exactly this.
    """

    height: int
    width: int
    down: float
    across: float

    @property
    def scale(self) -> float:
        """The larger of the two ratios."""
        return max(self.down, self.across)


@dataclass(frozen=True)
class Sizes:
    """What is asked of the results of many images: one of a factor, a box, or the longest side.

    Attributes:
        scale: output size over input size, 1 to 8; each side becomes ``ceil(side * scale)``, as of
            MATLAB's ``imresize``.
        width, height: in pixels. One of the two says the other, as the shape stays; both together
            are a box that the result is to fill, in one of its sides at least.
        max_side: pixels of the longer side.
    """

    scale: float | None = None
    width: int | None = None
    height: int | None = None
    max_side: int | None = None

    def __post_init__(self) -> None:
        box = self.width is not None or self.height is not None
        asked = [self.scale is not None, box, self.max_side is not None]
        if sum(asked) != 1:
            raise ArgumentError(
                "give one size: a scale, or a width and a height or one of them, or the longest "
                f"side; got {self}"
            )
        if self.scale is not None:
            object.__setattr__(self, "scale", checked_scale(self.scale))
        for name in ("width", "height", "max_side"):
            pixels = getattr(self, name)
            if pixels is not None and not (_is(pixels, Integral) and pixels >= 1):
                words = name.replace("_", "-")
                raise ArgumentError(
                    f"{words} must be a whole number of pixels, at least 1, not {pixels!r}"
                )

    def of(self, height: int, width: int) -> Size:
        """What an image of ``height`` x ``width`` pixels becomes.

        Raises:
            ImageError: when it would be enlarged more than 8 times.
        """
        if self.scale is not None:
            sides = (output_size(side, self.scale) for side in (height, width))
            return Size(*sides, self.scale, self.scale)
        if self.max_side is not None:
            ratio = self.max_side / max(height, width)
        else:
            ratio = min((self.height or math.inf) / height, (self.width or math.inf) / width)
        sides = [max(1, round(side * ratio)) for side in (height, width)]
        if ratio > LARGEST:
            raise ImageError(
                f"this image of {width}x{height} would have to be enlarged {ratio:.3g} times to "
                f"{sides[1]}x{sides[0]}, but {LARGEST} times is the most: ask for at most "
                f"{LARGEST * width}x{LARGEST * height}"
            )
        return Size(*sides, sides[0] / height, sides[1] / width)

    def __str__(self) -> str:
        named = ((name, getattr(self, name)) for name in ("scale", "width", "height", "max_side"))
        return (
            ", ".join(f"{name}={asked:g}" for name, asked in named if asked is not None) or "none"
        )

    @property
    def tag(self) -> str:
        """For names of files: ``x2``, ``x1.5``, ``w3000``, ``w3000h2000`` or ``s4000``."""
        if self.scale is not None:
            return f"x{self.scale:g}"
        if self.max_side is not None:
            return f"s{self.max_side}"
        sides = (("w", self.width), ("h", self.height))
        return "".join(f"{letter}{pixels}" for letter, pixels in sides if pixels is not None)


def checked_scale(scale: float) -> float:
    """The scale as a float.

    Raises:
        ArgumentError: for anything but a number from 1 to 8.
    """
    if not _is(scale, Real) or not 1 <= scale <= LARGEST:
        raise ArgumentError(
            f"scale must be a number from 1 to {LARGEST}, such as 2, 1.5 or 4, not {scale!r}"
        )
    return float(scale)


def _is(number: object, kind: type) -> bool:
    return isinstance(number, kind) and not isinstance(number, bool)
