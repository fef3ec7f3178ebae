"""What all drawings are made of: pieces of SVG, in the colours of the page."""

from collections.abc import Callable, Sequence
from html import escape

import numpy as np

SIZE = 13  # units: height of the letters
INK = "currentColor"  # of the page, light or dark
FIRST, SECOND = "#1f77b4", "#d1495b"  # of lines, seen on white and on black

# name -> what it says to who does not see it, its height, what draws it
Drawings = dict[str, tuple[str, int, Callable[[], list[str]]]]


def text(x: float, y: float, said: str, anchor: str = "middle") -> str:
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}">{escape(said)}</text>'


def box(x: float, y: float, width: float, lines: Sequence[str], colour: str = INK) -> str:
    """A box with its top left corner at (x, y) and a line of text in the middle for each line."""
    height = 17 * len(lines) + 9
    rect = (
        f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="4" fill="none" '
        f'stroke="{colour}" stroke-width="1.5"/>'
    )
    texts = (text(x + width / 2, y + 18 + 17 * i, line) for i, line in enumerate(lines))
    return rect + "".join(texts)


def arrow(points: Sequence[tuple[float, float]], colour: str = INK, dashed: bool = False) -> str:
    """A line through some points, along the axes, with a head at its last one."""
    path = " ".join(f"{x},{y}" for x, y in points)
    dashes = ' stroke-dasharray="5 3"' if dashed else ""
    (x0, y0), (x, y) = points[-2:]
    dx, dy = np.sign(x - x0), np.sign(y - y0)
    head = [(x, y)] + [(x - 7 * dx + 4 * dy * s, y - 7 * dy + 4 * dx * s) for s in (-1, 1)]
    return (
        f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.6"{dashes}/>'
        f'<polygon points="{" ".join(f"{x:g},{y:g}" for x, y in head)}" fill="{colour}"/>'
    )


def plus(x: float, y: float) -> str:
    circle = f'<circle cx="{x}" cy="{y}" r="9" fill="none" stroke="{INK}" stroke-width="1.5"/>'
    return circle + text(x, y + 4.5, "+")
