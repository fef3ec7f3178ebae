"""Chapter 3: a convolution, SRCNN as three of them, and how far it sees in the small image."""

import numpy as np

from srlib.book.drawings.strokes import FIRST, INK, SECOND, Drawings, arrow, plus, text

# The numbers of the drawing of a convolution, which the chapter computes again.
IMAGE = np.array(
    [
        [10, 10, 20, 30, 30],
        [10, 10, 20, 30, 30],
        [10, 10, 20, 30, 30],
        [10, 10, 10, 20, 30],
        [10, 10, 10, 10, 20],
    ]
)
KERNEL = np.array([[0, -1, 0], [-1, 4, -1], [0, -1, 0]])


def _convolution() -> list[str]:
    side, windows = 29, np.lib.stride_tricks.sliding_window_view(IMAGE, (3, 3))
    result = (windows * KERNEL).sum(axis=(2, 3))
    parts = [
        text(82, 18, "image"),
        text(223, 18, "kernel"),
        text(346, 18, "result"),
        *_numbers(10, 28, side, IMAGE),
        *_numbers(180, 57, side, KERNEL),
        *_numbers(303, 57, side, result),
        _frame(10 + side, 28 + side, 3 * side, FIRST),
        _frame(303 + side, 57 + side, side, FIRST),
        text(168, 105, "×"),
        arrow([(272, 100), (297, 100)]),
    ]
    window = windows[1, 1]
    terms = [f"{weight} · {value}" for weight, value in _used(window)]
    parts.append(text(200, 200, f"{' + '.join(terms)} = {result[1, 1]}".replace("+ -", "− ")))
    parts.append(text(200, 222, "the window moves on by one pixel: the next number"))
    return parts


def _used(window: np.ndarray) -> list[tuple[int, int]]:
    """(weight, value) where the kernel is not 0, the middle first."""
    pairs = [(int(w), int(v)) for w, v in zip(KERNEL.flat, window.flat, strict=True) if w]
    return sorted(pairs, key=lambda pair: -pair[0])


def _numbers(x: float, y: float, side: float, grid: np.ndarray) -> list[str]:
    """A grid of cells with a number in each, its top left corner at (x, y)."""
    parts = []
    for (row, column), value in np.ndenumerate(grid):
        left, top = x + side * column, y + side * row
        parts.append(
            f'<rect x="{left}" y="{top}" width="{side}" height="{side}" fill="none" '
            f'stroke="{INK}" stroke-opacity="0.5"/>'
        )
        said = str(value).replace("-", "−")
        parts.append(text(left + side / 2, top + side / 2 + 5, said))
    return parts


def _frame(x: float, y: float, side: float, colour: str) -> str:
    return (
        f'<rect x="{x}" y="{y}" width="{side}" height="{side}" fill="{colour}" '
        f'fill-opacity="0.2" stroke="{colour}" stroke-width="3"/>'
    )


# top edge, planes drawn, window on it in units, what stands beside it
_STAGES = (
    (14, 1, 36, ("b, enlarged by bicubic", "1 × H × W")),
    (124, 4, 5, ("features F₁: 64 × H × W", "one pixel sees 9 × 9 of b")),
    (234, 3, 20, ("features F₂: 32 × H × W", "one pixel sees 9 × 9 of b")),
    (344, 1, 5, ("the detail: 1 × H × W", "one pixel sees 13 × 13 of b")),
)
_LAYERS = ("convolution 9 × 9, ReLU", "convolution 1 × 1, ReLU", "convolution 5 × 5")


def _srcnn() -> list[str]:
    middle = 105
    parts = []
    for index, (top, planes, window, said) in enumerate(_STAGES):
        parts += [_plane(48 + 5 * i, top + 5 * i) for i in reversed(range(planes))]
        parts.append(_frame(middle - window / 2, top + 28 - window / 2, window, FIRST))
        parts += [text(196, top + 24 + 18 * i, line, "start") for i, line in enumerate(said)]
        if index < 3:
            parts.append(text(196, top + 88, _LAYERS[index], "start"))
            low, next_top = top + 28 + window / 2, _STAGES[index + 1][0] + 25
            for corner in (middle - window / 2, middle + window / 2):
                parts.append(_line(corner, low, middle, next_top))
    return [
        *parts,
        arrow([(48, 42), (18, 42), (18, 430), (96, 430)]),
        arrow([(middle, 400), (middle, 421)]),
        plus(middle, 430),
        arrow([(middle, 439), (middle, 456)]),
        text(middle, 472, "the result: 1 × H × W"),
    ]


def _plane(x: float, y: float) -> str:
    return (
        f'<rect x="{x}" y="{y}" width="114" height="56" fill="none" stroke="{INK}" '
        'stroke-width="1.2"/>'
    )


def _line(x1: float, y1: float, x2: float, y2: float) -> str:
    return (
        f'<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" stroke="{FIRST}" stroke-width="1.4" '
        'stroke-dasharray="4 3"/>'
    )


def _view() -> list[str]:
    """13 large pixels at x2 and the small ones that bicubic interpolation takes them from."""
    small, large, left = 30, 15, 20
    large_from, count = 6, 13  # the 13 large pixels are numbers 6 to 18
    centres = (np.arange(large_from, large_from + count) + 0.5) / 2 - 0.5
    seen = range(int(np.floor(centres[0])) - 1, int(np.floor(centres[-1])) + 3)
    parts = [text(200, 18, f"{len(seen)} pixels of the small image")]
    for index in range(12):
        parts.append(_pixel(left + small * index, 28, small, SECOND if index in seen else None))
    for index in range(24):
        inside = large_from <= index < large_from + count
        parts.append(_pixel(left + large * index, 108, large, FIRST if inside else None))
    ends = ((large_from, centres[0], -1), (large_from + count - 1, centres[-1], 1))
    for index, centre, side in ends:
        across = left + large * (index + 0.5)
        first = int(np.floor(centre)) - 1
        for neighbour in range(first, first + 4):
            parts.append(_thread(left + small * (neighbour + 0.5), 58, across, 108, side))
    parts.append(text(200, 142, f"{count} pixels of b, twice as fine"))
    parts.append(text(200, 164, "bicubic takes each pixel of b from 4 small ones"))
    return parts


def _pixel(x: float, y: float, side: float, colour: str | None) -> str:
    fill = f'fill="{colour}" fill-opacity="0.35"' if colour else 'fill="none"'
    return f'<rect x="{x}" y="{y}" width="{side}" height="{side}" {fill} stroke="{INK}"/>'


def _thread(x1: float, y1: float, x2: float, y2: float, side: int) -> str:
    dashes = ' stroke-dasharray="4 3"' if side > 0 else ""
    return f'<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" stroke="{INK}"{dashes}/>'


DRAWINGS: Drawings = {
    "convolution": (
        "An image of 5 by 5 numbers with an edge from 10 to 30, a kernel of 3 by 3 with 4 in the "
        "middle and minus 1 above, below, left and right of it, and the result of 3 by 3 numbers. "
        "A window of 3 by 3 lies on the middle of the image: 4 times 20, minus 20, 10, 30 and 10, "
        "makes 10, the number in the middle of the result.",
        234,
        _convolution,
    ),
    "srcnn": (
        "From top to bottom: b, the image enlarged by bicubic interpolation, one plane; a "
        "convolution of 9 by 9 with ReLU makes 64 planes of features; one of 1 by 1 with ReLU "
        "makes 32; one of 5 by 5 makes the detail, one plane, of which a pixel sees 13 by 13 "
        "pixels of b. An arrow leads b past them, and the sum of both is the result.",
        484,
        _srcnn,
    ),
    "view": (
        "A row of pixels of the small image above a row of pixels half as wide. Thirteen of the "
        "lower ones are marked. Lines lead from the first and the last of them to the four small "
        "pixels that bicubic interpolation takes each from. Ten small pixels are marked.",
        176,
        _view,
    ),
}
