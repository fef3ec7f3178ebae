"""Chapter 2: kernels and their spectra, slopes, and two output pixels of the resizer."""

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from srlib.book.drawings.strokes import FIRST, INK, SECOND, Drawings, arrow, text
from srlib.images.kernels import keys, linear

Point = tuple[float, float]


def _line(points: Iterable[Point], colour: str = INK, width: float = 1.6, dash: str = "") -> str:
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    dashes = f' stroke-dasharray="{dash}"' if dash else ""
    return (
        f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="{width}"{dashes}/>'
    )


def _dot(x: float, y: float, colour: str = INK) -> str:
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{colour}"/>'


def _cell(x: float, y: float, width: float, said: str, there: bool = True) -> str:
    """A pixel with its value; dashed where the image has none."""
    dashes = "" if there else ' stroke-dasharray="3 3"'
    rect = (
        f'<rect x="{x:.1f}" y="{y}" width="{width}" height="24" fill="{FIRST}" '
        f'fill-opacity="{0.2 if there else 0}" stroke="{INK}"{dashes}/>'
    )
    return rect + text(round(x + width / 2, 1), y + 17, said)


def _minus(number: float) -> str:
    return f"{number:g}".replace("-", "\N{MINUS SIGN}")


# ------------------------------------------------------------------------- bumps that add up


def _bumps() -> list[str]:
    return [
        *_laid_down(linear, 1, 20, "linear: triangles add up to straight lines"),
        *_laid_down(keys, 2, 190, "Keys: bumps with negative sides give a smooth curve"),
        _line([(60, 352), (90, 352)], FIRST, 1.2, "4 3"),
        text(96, 356, "one sample's bump", "start"),
        _line([(236, 352), (266, 352)], SECOND, 2.4),
        text(272, 356, "their sum", "start"),
    ]


def _laid_down(
    kernel: Callable[[np.ndarray], np.ndarray], reach: int, top: int, title: str
) -> list[str]:
    """Each sample's kernel, dashed, and the sum of all."""
    samples, base = (3, 5, 2, 4), top + 118

    def place(u: np.ndarray, values: np.ndarray) -> list[Point]:
        return list(zip(62 + 92 * u, base - 18 * values, strict=True))

    def bump(k: int, u: np.ndarray) -> np.ndarray:
        return samples[k] * kernel(u - k)

    everywhere = np.linspace(-0.6, 3.6, 169)
    total = sum(bump(k, everywhere) for k in range(len(samples)))
    parts = [text(200, top, title), _line([(6, base), (394, base)], width=0.8)]
    for k, value in enumerate(samples):
        u = np.linspace(max(k - reach, -0.6), min(k + reach, 3.6), 121)
        parts.append(_line(place(u, bump(k, u)), FIRST, 1.2, "4 3"))
        ((x, y),) = place(np.array([k]), np.array([value]))
        parts += [_dot(x, y), text(x, y - 8, str(value))]
    return [*parts, _line(place(everywhere, total), SECOND, 2.4)]


# ------------------------------------------------------------------------------------ slopes


def _slopes() -> list[str]:
    x, y = (50, 150, 250, 350), (140, 110, 50, 80)
    steep = [(y[k + 1] - y[k - 1]) / 200 for k in (1, 2)]  # of the chords, down per unit across
    r = np.linspace(0, 1, 41)
    curve = y[1] * (1 + 2 * r) * (1 - r) ** 2 + y[2] * r**2 * (3 - 2 * r)
    curve += 100 * (steep[0] * r * (1 - r) ** 2 - steep[1] * r**2 * (1 - r))
    parts = [
        _line([(x[0], y[0]), (x[2], y[2])], FIRST, 1.2, "5 4"),
        _line([(x[1], y[1]), (x[3], y[3])], FIRST, 1.2, "5 4"),
        _line(zip(150 + 100 * r, curve, strict=True), SECOND, 2.6),
        text(122, 152, "dashed: from neighbour to neighbour", "start"),
        text(212, 20, "solid: parallel to it, through the sample"),
    ]
    for k, slope in zip((1, 2), steep, strict=True):
        parts.append(_line([(x[k] + d, y[k] + slope * d) for d in (-34, 34)], width=2))
    for k, name in enumerate(("k \N{MINUS SIGN} 1", "k", "k + 1", "k + 2")):
        parts += [_dot(x[k], y[k]), text(x[k], 182, name)]
    return parts


# -------------------------------------------------------------------------- spectral copies


def _copies() -> list[str]:
    f = np.linspace(0, 2, 201)
    spectrum = 1 - 1.3 * np.abs(f - np.rint(f))  # of the samples: it repeats
    response = np.sinc(f) ** 2  # of linear interpolation

    def panel(top: int, values: np.ndarray, title: str, colour: str) -> list[str]:
        base = top + 72
        points = list(zip(22 + 180 * f, base - 54 * values, strict=True))
        ticks = ((22, "0"), (112, "1/2"), (202, "1"), (292, "3/2"), (382, "2"))
        return [
            text(22, top, title, "start"),
            _line([(22, base), (394, base)], width=0.8),
            *(text(x, base + 16, said) for x, said in ticks),
            _line(points[:51], colour, 3),
            _line(points[50:], colour, 1.6, "5 3"),
            _line([(112, base), (112, top + 8)], width=0.8, dash="2 3"),
        ]

    return [
        *panel(16, spectrum, "the samples: the signal, and copies of it", FIRST),
        text(50, 76, "signal"),
        *(text(x, 76, "copy") for x in (157, 247, 337)),
        *panel(132, response, "times the kernel's response", INK),
        *panel(248, spectrum * response, "the curve: signal weakened, copies left over", SECOND),
        text(208, 358, "frequency in cycles per pixel"),
    ]


# -------------------------------------------------------------------- the frequency plane


def _frequency_plane() -> list[str]:
    x, y, unit = 150, 160, 270  # of frequency 0, and units per cycle per pixel

    def square(half: float, colour: str, width: float) -> str:
        reach = half * unit
        return (
            f'<rect x="{x - reach}" y="{y - reach}" width="{2 * reach}" height="{2 * reach}" '
            f'fill="{colour}" fill-opacity="0.15" stroke="{colour}" stroke-width="{width}"/>'
        )

    ring = (
        f'<circle cx="{x}" cy="{y}" r="{0.15 * unit}" fill="none" stroke="{SECOND}" '
        f'stroke-width="{0.02 * unit}" stroke-opacity="0.7"/>'
    )
    named = (
        (44, ("1/2: the large", "image's square"), 285, 44),
        (120, ("1/8: the small", "image's square"), 183.8, 132),
        (196, ("a ring, at", "distance 0.15"), 188.5, 174),
    )
    parts = [
        square(0.5, INK, 1.2),
        square(1 / 8, FIRST, 2),
        ring,
        _line([(15, y), (285, y)], width=0.8, dash="2 3"),
        _line([(x, 25), (x, 295)], width=0.8, dash="2 3"),
        text(280, y + 16, "across", "end"),
        text(x + 6, 288, "down", "start"),
        text(x - 6, y - 8, "0", "end"),
        text(200, 316, "in cycles per pixel of the large image"),
    ]
    for top, lines, to_x, to_y in named:
        parts += [text(398, top + 16 * i, said, "end") for i, said in enumerate(lines)]
        parts.append(_line([(294, top + 4), (to_x, to_y)], width=0.8))
    return parts


# ------------------------------------------------------------- two output pixels of the resizer

LEFT, WIDE = 96, 60  # of the columns, one for each input pixel that is asked


def _rows(top: int, rows: dict[str, Sequence[str]]) -> list[str]:
    """Lines of a table: a name, then an entry in each column."""
    parts = []
    for line, (name, entries) in enumerate(rows.items()):
        y = top + 24 * line
        parts.append(text(6, y, name, "start"))
        parts += [text(_middle(column), y, said) for column, said in enumerate(entries)]
    return parts


def _middle(column: float) -> float:
    return LEFT + WIDE * (column + 0.5)


def _asked(u: float) -> tuple[np.ndarray, np.ndarray]:
    """The pixels that ``weight_matrix`` asks, and their weights in units of 1/128."""
    k = np.floor(u - 2) + np.arange(5)
    return k, np.rint(128 * keys(u - k))


def _output_pixel() -> list[str]:
    u, row = 1.25, (50, 50, 200, 200)
    k, weights = _asked(u)
    values = np.array(row)[k.astype(int).clip(0, 3)]
    there = (k >= 0) & (k < 4)
    base = 108
    t = np.linspace(-2, 1.95, 159)
    curve = zip(_middle(u - k[0] + t), base - 66 * keys(t), strict=True)
    centre = _middle(u - k[0])
    stems = [(_middle(column), base - 66 * keys(u - one)) for column, one in enumerate(k)]
    return [
        text(200, 16, "output pixel 3 of the row 50, 50, 200, 200, doubled"),
        _line([(LEFT, base), (396, base)], width=0.8),
        _line(curve, SECOND, 2),
        *(_line([(x, base), (x, float(y))]) + _dot(x, float(y)) for x, y in stems),
        text(6, 66, "kernel,", "start"),
        text(6, 82, "centred at u", "start"),
        text(centre, 34, "u = 1.25"),
        _line([(centre, 40), (centre, base)], width=0.8, dash="2 3"),
        text(6, 139, "input pixels", "start"),
        *(
            _cell(LEFT + WIDE * column, 122, WIDE, str(value), bool(inside))
            for column, (value, inside) in enumerate(zip(values, there, strict=True))
        ),
        *_rows(
            168,
            {
                "number k": [_minus(one) for one in k],
                "u \N{MINUS SIGN} k": [_minus(u - one) for one in k],
                "128 × weight": [_minus(one) for one in weights],
                "product": [_minus(one) for one in weights * values],
            },
        ),
        _line([(6, 250), (396, 250)], width=0.8),
        text(396, 270, _total(weights * values), "end"),
    ]


def _total(products: np.ndarray) -> str:
    total = products.sum()
    return f"sum {total:g}, over 128: {total / 128:.2f}, rounded {np.floor(total / 128 + 0.5):g}"


def _border_pixel() -> list[str]:
    size = 4
    k, weights = _asked(-0.25)
    places = k.astype(int)
    kept = places.clip(0, size - 1)
    mirrored = np.minimum(places % (2 * size), 2 * size - 1 - places % (2 * size))
    parts = [
        text(200, 16, "output pixel 0, which lies at u = \N{MINUS SIGN}0.25"),
        *_rows(
            44,
            {
                "number k": [_minus(one) for one in k],
                "128 × weight": [_minus(one) for one in weights],
                "replicate: to": [str(one) for one in kept],
                "mirror: to": [str(one) for one in mirrored],
            },
        ),
        text(6, 152, "row 0 of the matrix, times 128, by np.add.at:", "start"),
        arrow([(200, 158), (200, 172)]),
    ]
    for line, (name, to) in enumerate({"replicate": kept, "mirror": mirrored}.items()):
        row, y = np.zeros(size), 176 + 34 * line
        np.add.at(row, to, weights)
        parts.append(text(6, y + 17, name, "start"))
        parts += [_cell(LEFT + WIDE * i, y, WIDE, _minus(each)) for i, each in enumerate(row)]
    columns = [text(_middle(column), 258, f"pixel {column}") for column in range(size)]
    return [*parts, *columns]


DRAWINGS: Drawings = {
    "bumps": (
        "Four samples, 3, 5, 2 and 4, twice. Each lays down a dashed bump as high as itself. Above "
        "the bumps are triangles and their sum joins the samples by straight lines. Below they are "
        "bells that dip below zero at their sides, and their sum is a smooth curve through the "
        "same samples.",
        366,
        _bumps,
    ),
    "slopes": (
        "Four samples, numbers k minus 1 to k plus 2. A dashed line joins k minus 1 to k plus 1, "
        "another k to k plus 2. A short solid line through sample k is parallel to the first, one "
        "through k plus 1 to the second. A cubic runs from k to k plus 1 along these two slopes.",
        190,
        _slopes,
    ),
    "copies": (
        "Three graphs over frequencies from 0 to 2 cycles per pixel. The spectrum of the samples "
        "falls from 0 to one half, the signal, and repeats in mirror image and again beyond, the "
        "copies. The response of linear interpolation falls from 1 at 0 to 0.4 at one half and 0 "
        "at 1. In their product the signal is weakened towards one half, and low humps of the "
        "copies are left above it.",
        366,
        _copies,
    ),
    "frequency-plane": (
        "The plane of frequencies, across and down, with 0 in its middle. A large square reaches "
        "to one half in each direction: the waves of the large image. In its middle a small square "
        "reaches to one eighth: the waves of the small image. A ring at distance 0.15 passes "
        "outside of the small square's sides and inside of its corners.",
        324,
        _frequency_plane,
    ),
    "output-pixel": (
        "Output pixel 3 of the row 50, 50, 200, 200, doubled, lies at u = 1.25. Keys' kernel is "
        "centred there. It is asked at five input pixels, minus 1 to 3. Distances 2.25, 1.25, "
        "0.25, minus 0.75, minus 1.75; weights in units of 1/128: 0, minus 9, 111, 29, minus 3; "
        "products with 50, 50, 50, 200, 200: 0, minus 450, 5550, 5800, minus 600. Their sum is "
        "10300, over 128 that is 80.47, rounded 80.",
        280,
        _output_pixel,
    ),
    "border-pixel": (
        "Output pixel 0 lies at u = minus 0.25 and asks pixels minus 3 to 1, with weights 0, "
        "minus 3, 29, 111, minus 9 in units of 1/128. Replicated, pixels minus 3 to 0 all become "
        "pixel 0, and row 0 of the matrix is 137, minus 9, 0, 0. Mirrored, minus 3, minus 2 and "
        "minus 1 become 2, 1 and 0, and the row is 140, minus 12, 0, 0.",
        268,
        _border_pixel,
    ),
}
