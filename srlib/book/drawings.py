"""Drawings of networks and of what flows in them: SVG with text, in the colours of the page.

Each is at most 400 units wide, so that its letters can be read on a phone. Colour is never the only
sign: what is told apart by it also differs by its place, its dashes or its name.
"""

from collections.abc import Callable, Sequence
from html import escape

import numpy as np

SIZE = 13  # units: height of the letters
INK = "currentColor"  # of the page, light or dark
FIRST, SECOND = "#1f77b4", "#d1495b"  # of lines, seen on white and on black


def show_drawing(name: str) -> None:
    """Display a drawing as SVG in the page.

    Args:
        name: ``"generator"``, ``"discriminator"``, ``"game"`` (one step of SRGAN's training and
            where gradients flow) or ``"kernels"`` (a transposed convolution's, interleaved).

    Raises:
        ValueError: for another name.
    """
    from IPython.display import display

    display({"text/html": drawing(name), "text/plain": f"<drawing: {name}>"}, raw=True)


def drawing(name: str) -> str:
    """The markup that :func:`show_drawing` displays."""
    if name not in DRAWINGS:
        raise ValueError(f"no drawing is called {name!r}: choose {', '.join(DRAWINGS)}")
    said, height, draw = DRAWINGS[name]
    return (
        f'<svg role="img" aria-label="{escape(said)}" viewBox="0 0 400 {height}" '
        f'style="display:block;width:100%;max-width:600px;margin:auto" font-size="{SIZE}" '
        f'font-family="sans-serif" fill="{INK}" xmlns="http://www.w3.org/2000/svg">'
        f"{''.join(draw())}</svg>"
    )


def _text(x: float, y: float, said: str, anchor: str = "middle") -> str:
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}">{escape(said)}</text>'


def _box(x: float, y: float, width: float, lines: Sequence[str], colour: str = INK) -> str:
    """A box with its top left corner at (x, y) and a line of text in the middle for each line."""
    height = 17 * len(lines) + 9
    rect = (
        f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="4" fill="none" '
        f'stroke="{colour}" stroke-width="1.5"/>'
    )
    texts = (_text(x + width / 2, y + 18 + 17 * i, line) for i, line in enumerate(lines))
    return rect + "".join(texts)


def _arrow(points: Sequence[tuple[float, float]], colour: str = INK, dashed: bool = False) -> str:
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


def _plus(x: float, y: float) -> str:
    circle = f'<circle cx="{x}" cy="{y}" r="9" fill="none" stroke="{INK}" stroke-width="1.5"/>'
    return circle + _text(x, y + 4.5, "+")


def _generator() -> list[str]:
    down = [(130, 26, 40), (130, 83, 97), (130, 178, 206), (130, 251, 264)]
    down += [(130, 282, 296), (130, 339, 353), (130, 396, 410), (130, 453, 464)]
    sizes = {60: "64 × h × w", 180: "", 318: "64 × 2h × 2w", 375: "64 × 4h × 4w"}
    return [
        _text(130, 20, "small image, 3 × h × w"),
        _box(40, 40, 180, ["convolution 9 × 9", "PReLU"]),
        _box(40, 97, 180, ["residual block 1", "residual block 2", "⋮", "residual block 16"]),
        _box(40, 208, 180, ["convolution 3 × 3", "BatchNorm"]),
        _plus(130, 273),
        _arrow([(130, 90), (22, 90), (22, 273), (121, 273)]),
        _box(40, 296, 180, ["sub-pixel × 2", "PReLU"]),
        _box(40, 353, 180, ["sub-pixel × 2", "PReLU"]),
        _box(40, 410, 180, ["convolution 9 × 9", "to RGB"]),
        _text(130, 480, "large image, 3 × 4h × 4w"),
        *(_arrow([(x, top), (x, bottom)]) for x, top, bottom in down),
        *(_text(228, y + 7, said, "start") for y, said in sizes.items() if said),
        _text(318, 104, "a residual block:"),
        _arrow([(318, 112), (318, 128)]),
        _box(258, 128, 120, ["conv 3 × 3", "BatchNorm", "PReLU", "conv 3 × 3", "BatchNorm"]),
        _arrow([(318, 120), (390, 120), (390, 249), (327, 249)]),
        _arrow([(318, 222), (318, 240)]),
        _plus(318, 249),
        _arrow([(318, 258), (318, 276)]),
    ]


def _discriminator() -> list[str]:
    rows = [(96, 64, "3 × 3"), (48, 64, "stride 2"), (48, 128, "3 × 3"), (24, 128, "stride 2")]
    rows += [(24, 256, "3 × 3"), (12, 256, "stride 2"), (12, 512, "3 × 3"), (6, 512, "stride 2")]
    parts = [
        _text(95, 20, "side of the features"),
        _text(300, 20, "convolution, channels"),
        _bar(30, 96, "image, RGB"),
    ]
    for index, (side, channels, kind) in enumerate(rows, start=1):
        norm = "" if index == 1 else ", BatchNorm"
        parts.append(_bar(30 + 27 * index, side, f"{kind}, {channels}{norm}"))
    parts += [
        _arrow([(95, 270), (95, 288)]),
        _box(15, 288, 160, ["dense, 1024"]),
        _arrow([(95, 314), (95, 330)]),
        _box(15, 330, 160, ["dense, 1: the logit ℓ"]),
        _arrow([(95, 356), (95, 372)]),
        _text(95, 388, "D = σ(ℓ)"),
    ]
    return parts


def _bar(y: float, side: int, said: str) -> str:
    width = side * 1.6
    rect = (
        f'<rect x="{95 - width / 2}" y="{y}" width="{width}" height="20" fill="{FIRST}" '
        f'fill-opacity="0.25" stroke="{INK}"/>'
    )
    return rect + _text(95, y + 15, str(side)) + _text(190, y + 15, said, "start")


def _game() -> list[str]:
    def turn(top: float, title: str) -> list[str]:
        return [
            _text(8, top, title, "start"),
            _text(25, top + 47, "LR"),
            _arrow([(38, top + 43), (60, top + 43)]),
            _box(60, top + 30, 76, ["generator"]),
            _arrow([(136, top + 43), (160, top + 43)]),
            _text(175, top + 47, "SR"),
            _arrow([(190, top + 43), (226, top + 43)]),
            _box(226, top + 30, 98, ["discriminator"]),
        ]

    return [
        *turn(18, "1. The discriminator's turn"),
        _text(175, 122, "HR"),
        _arrow([(190, 117), (252, 117), (252, 76)]),
        _arrow([(324, 61), (346, 61), (346, 98)]),
        _box(272, 100, 124, ["−log D(HR)", "−log(1 − D(SR))"], FIRST),
        _arrow([(372, 98), (372, 30), (276, 30), (276, 46)], FIRST, dashed=True),
        _text(208, 55, "✕"),
        _text(208, 88, "detach"),
        *turn(188, "2. The generator's turn"),
        _arrow([(324, 231), (346, 231), (346, 268)]),
        _box(290, 270, 106, ["−log D(SR)", "times 0.001"], SECOND),
        _text(175, 322, "HR"),
        _arrow([(175, 239), (175, 268)]),
        _arrow([(175, 308), (175, 298)]),
        _box(118, 270, 114, ["content"], SECOND),
        _arrow([(372, 268), (372, 202), (290, 202), (290, 216)], SECOND, dashed=True),
        _arrow([(258, 218), (258, 208), (100, 208), (100, 216)], SECOND, dashed=True),
        _arrow([(118, 283), (84, 283), (84, 246)], SECOND, dashed=True),
        _text(200, 350, "solid: computed forward; dashed: gradients"),
    ]


def _kernels() -> list[str]:
    cell, left = 40, 80
    parts = [_text(200, 18, "the kernel of 6 that a small pixel lays down")]
    for index in range(6):
        parts.append(_cell(left + cell * index, 28, cell, str(index), index % 2))
    for parity, (start, name) in enumerate(
        ((20, "even pixels, a = 0"), (240, "odd pixels, a = 1"))
    ):
        for place, entry in enumerate((4, 2, 0)):
            across = start + cell * place
            parts.append(_cell(across, 130, cell, str(entry + parity), parity))
            home = left + cell * (entry + parity) + cell / 2
            parts.append(_thread(home, 68, across + cell / 2, 130, parity))
        parts.append(_text(start + 1.5 * cell, 190, name))
    parts.append(_text(200, 214, "two kernels of 3, one for each sub-pixel"))
    return parts


def _cell(x: float, y: float, side: float, said: str, parity: int) -> str:
    colour = (FIRST, SECOND)[parity]
    rect = (
        f'<rect x="{x}" y="{y}" width="{side}" height="{side}" fill="{colour}" '
        f'fill-opacity="{(0.45, 0.15)[parity]}" stroke="{INK}"/>'
    )
    return rect + _text(x + side / 2, y + side / 2 + 5, said)


def _thread(x1: float, y1: float, x2: float, y2: float, parity: int) -> str:
    dashes = ' stroke-dasharray="4 3"' if parity else ""
    colour = (FIRST, SECOND)[parity]
    return f'<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" stroke="{colour}"{dashes}/>'


# name -> what it says to who does not see it, its height, what draws it
DRAWINGS: dict[str, tuple[str, int, Callable[[], list[str]]]] = {
    "generator": (
        "From top to bottom: the small image, a convolution of 9 by 9, sixteen residual blocks, a "
        "convolution with BatchNorm, the sum with what entered the blocks, two sub-pixel "
        "convolutions that double the size, a convolution of 9 by 9 to RGB. A residual block adds "
        "to its input what two convolutions with BatchNorm, a PReLU between them, make of it.",
        490,
        _generator,
    ),
    "discriminator": (
        "Bars that shrink from the top: features of side 96, 48, 48, 24, 24, 12, 12 and 6 with 64 "
        "to 512 channels, every second convolution with stride 2; then two dense layers, the logit "
        "and the probability D.",
        398,
        _discriminator,
    ),
    "game": (
        "Two turns. In the discriminator's turn, the small image LR passes the generator and "
        "becomes SR; SR and the truth HR pass the discriminator to its loss, whose gradient flows "
        "back to the discriminator and is stopped before the generator. In the generator's turn, "
        "the gradient of minus log D of SR flows through the discriminator to the generator, where "
        "that of the content loss, between SR and HR, arrives too.",
        362,
        _game,
    ),
    "kernels": (
        "Six cells, numbered 0 to 5. Cells 4, 2 and 0 make up the kernel of three for even pixels, "
        "cells 5, 3 and 1 that for odd pixels.",
        224,
        _kernels,
    ),
}
