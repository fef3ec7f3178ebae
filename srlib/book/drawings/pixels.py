"""Chapter 1: sampling, shrinking, and the protocol of the papers."""

import numpy as np

from srlib.book.drawings.strokes import FIRST, INK, SECOND, Drawings, arrow, box, text
from srlib.book.notebook import stored_table
from srlib.images.kernels import keys

TAPS = 16  # of Keys' cubic, made four times wider


def _sampling() -> list[str]:
    """A scene of five pixels: an edge at 1.3, a bright line of 0.2 around 3.3."""
    pixel, left, floor, rise = 72, 20, 118, 90

    def at(t: float, value: float) -> tuple[float, float]:
        return left + (t + 0.5) * pixel, floor - rise * value

    steps = [(-0.5, 0.8), (1.3, 0.8), (1.3, 0.1), (3.2, 0.1), (3.2, 1), (3.4, 1), (3.4, 0.1)]
    parts = [text(200, 16, "the scene g(t), and the borders of five pixels")]
    for border in range(6):
        x = left + border * pixel
        parts.append(_line(x, 26, x, floor, dashes="2 3"))
    parts.append(_polyline([at(*step) for step in [*steps, (4.5, 0.1)]], FIRST))
    point, area = (0.8, 0.8, 0.1, 0.1, 0.1), (0.8, 0.66, 0.1, 0.28, 0.1)
    for n, value in enumerate(point):
        x, y = at(n, value)
        parts.append(f'<circle cx="{x}" cy="{y}" r="4" fill="{INK}"/>')
    parts.append(text(200, 140, "point samples: the value at the centre (dots)"))
    parts += [_shade(left + n * pixel, 148, pixel, value) for n, value in enumerate(point)]
    parts.append(text(200, 198, "area averages: the mean between the borders"))
    parts += [_shade(left + n * pixel, 206, pixel, value) for n, value in enumerate(area)]
    return parts


def _shade(x: float, y: float, width: float, value: float) -> str:
    """A pixel that is filled the more the brighter it is, with its number."""
    rect = (
        f'<rect x="{x}" y="{y}" width="{width}" height="26" fill="{FIRST}" '
        f'fill-opacity="{0.7 * value:.2f}" stroke="{INK}"/>'
    )
    return rect + text(x + width / 2, y + 18, f"{value:.2f}")


def _alias() -> list[str]:
    t = np.linspace(0, 24, 241)
    return [
        *_waves(t),
        *(_dot(t, np.cos(2 * np.pi * 0.2 * t)) for t in range(0, 25, 4)),
        text(20, 124, "solid: 0.20 cycles per pixel", "start"),
        text(20, 142, "dashed: 0.05 cycles per pixel", "start"),
        text(392, 124, "dots: every fourth", "end"),
        text(392, 142, "pixel, 0, 4, 8, ...", "end"),
    ]


def _frames() -> list[str]:
    t = np.linspace(0, 24, 241)
    fast = [(t, np.cos(2 * np.pi * 0.2 * t)) for t in np.arange(1.3, 24, 4)]
    return [
        *_waves(t),
        *(_dot(t, np.cos(2 * np.pi * 0.2 * t)) for t in range(0, 25, 4)),
        *(_square(*place) for place in fast),
        text(200, 124, "dots: the first frame, at 0, 4, 8, ..."),
        text(200, 142, "squares: the second frame, at 1.3, 5.3, ..."),
    ]


def _waves(t: np.ndarray) -> list[str]:
    fast, slow = np.cos(2 * np.pi * 0.2 * t), np.cos(2 * np.pi * 0.05 * t)
    return [
        _polyline(list(zip(20 + 15 * t, 56 - 42 * fast, strict=True)), FIRST),
        _polyline(list(zip(20 + 15 * t, 56 - 42 * slow, strict=True)), SECOND, "6 4"),
    ]


def _dot(t: float, value: float) -> str:
    return f'<circle cx="{20 + 15 * t:g}" cy="{56 - 42 * value:.1f}" r="4.5" fill="{INK}"/>'


def _square(t: float, value: float) -> str:
    return (
        f'<rect x="{16 + 15 * t:g}" y="{52 - 42 * value:.1f}" width="8" height="8" '
        f'fill="none" stroke="{INK}" stroke-width="1.8"/>'
    )


def _shrinking() -> list[str]:
    cell, left, floor = 18, 20, 96
    weights = keys((np.arange(TAPS) - 7.5) / 4) / 4
    parts = [text(200, 16, "1. blur: a weighted mean around each block")]
    for i, weight in enumerate(weights, start=2):
        height = abs(weight) * 240
        top = floor - height if weight > 0 else floor
        parts.append(
            f'<rect x="{left + cell * i + 3}" y="{top:.1f}" width="12" height="{height:.1f}" '
            f'fill="{FIRST}" fill-opacity="0.6"/>'
        )
    mean = [(164, floor), (164, floor - 60), (236, floor - 60), (236, floor)]
    parts += [
        _line(left, floor, 380, floor),
        _polyline(mean, SECOND, "5 3"),
        text(8, 56, "bars: Keys' cubic", "start"),
        text(392, 56, "dashed: mean of 4", "end"),
    ]
    parts += [_cell(left + cell * i, 108, cell) for i in range(20)]
    parts += [_line(left + 4 * cell * i, 102, left + 4 * cell * i, 132, wide=2) for i in range(6)]
    parts += [
        arrow([(200, 136), (200, 168)]),
        text(214, 157, "2. keep one per block", "start"),
        *(_cell(left + 4 * cell * i, 172, 4 * cell, 26) for i in range(5)),
    ]
    return parts


def _cell(x: float, y: float, width: float, height: float = 18) -> str:
    return (
        f'<rect x="{x}" y="{y}" width="{width}" height="{height}" fill="none" '
        f'stroke="{INK}" stroke-width="0.8"/>'
    )


def _responses() -> list[str]:
    left, width, zero, rise = 40, 340, 130, 100
    f = np.linspace(0, 0.5, 121)
    box4, cubic = _response(np.full(4, 0.25), f), _response(keys((np.arange(16) - 7.5) / 4) / 4, f)

    def curve(values: np.ndarray) -> list[tuple[float, float]]:
        return list(zip(left + 2 * width * f, zero - rise * values, strict=True))

    nyquist = left + width / 4
    parts = [
        _line(left, zero, left + width, zero),
        _line(left, 24, left, 160),
        _polyline(curve(cubic), FIRST),
        _polyline(curve(box4), SECOND, "6 4"),
        _line(nyquist, 24, nyquist, 160, dashes="2 3"),
        text(nyquist + 6, 34, "the new Nyquist, 1/8", "start"),
        text(180, 62, "solid: Keys' cubic", "start"),
        text(180, 82, "dashed: mean of 4 pixels", "start"),
        text(34, 35, "1", "end"),
        text(34, zero + 5, "0", "end"),
        text(210, 198, "frequency in cycles per pixel"),
    ]
    ticks = ("0", "1/8", "1/4", "3/8", "1/2")
    parts += [text(left + i * width / 4, 178, tick) for i, tick in enumerate(ticks)]
    return parts


def _response(kernel: np.ndarray, f: np.ndarray) -> np.ndarray:
    k = np.arange(len(kernel)) - (len(kernel) - 1) / 2
    return np.cos(2 * np.pi * np.outer(f, k)) @ kernel


def _protocol() -> list[str]:
    steps = ["4. luma of both, studio range, rounded", "5. leave out s pixels along each side"]
    steps += ["6. PSNR with a peak of 255; SSIM", "7. mean over the images of the set"]
    parts = [
        text(95, 16, "the truth, 8-bit RGB"),
        arrow([(95, 22), (95, 40)]),
        box(15, 40, 160, ["1. crop to a", "multiple of s"]),
        arrow([(175, 61), (215, 61)]),
        box(215, 40, 170, ["2. shrink by s,", "round to 8 bits"]),
        arrow([(300, 83), (300, 118)]),
        text(308, 105, "LR", "start"),
        box(215, 118, 170, ["3. enlarge by s,", "round to 8 bits"]),
        arrow([(95, 83), (95, 200)]),
        text(103, 145, "HR", "start"),
        arrow([(300, 161), (300, 200)]),
        text(308, 185, "SR", "start"),
    ]
    for row, step in enumerate(steps):
        parts.append(box(15, 200 + 42 * row, 370, [step]))
        if row:
            parts.append(arrow([(200, 184 + 42 * row), (200, 200 + 42 * row)]))
    return parts


def _changes() -> list[str]:
    """From the tables that the chapter computes or reads, and compares."""
    tables = [_psnr_of("protocol_set5.csv"), _psnr_of("protocol_photographs.csv")]
    first, *names = tables[0]
    zero, per_db = 362, 46
    parts = [_line(zero, 8, zero, 24 * len(names) + 12)]
    for row, name in enumerate(names):
        y = 10 + 24 * row
        parts.append(text(226, y + 14, name, "end"))
        for line, table in enumerate(tables):
            change = per_db * (table[name] - table[first])
            parts.append(_bar(zero + min(change, 0), y + 9 * line, abs(change), line))
    y = 24 * len(names) + 26
    for db in (-2, -1, 0):
        x = zero + per_db * db
        parts += [_line(x, y - 14, x, y - 8), text(x, y + 4, f"{db} dB".replace("-", "−"))]
    parts.append(text(200, y + 28, "filled: Set5; outlined: the ten photographs"))
    return parts


def _corners() -> list[str]:
    """Two small pixels, at 0 and 1; eight large ones, k to (k + 1/2) / 4 - 1/2 or to k / 7."""
    pixel, k = 170, np.arange(8)
    parts = []
    for n in (0, 1):
        parts += [_cell(30 + pixel * n, 84, pixel, 34), text(115 + pixel * n, 106, f"pixel {n}")]
    for y, name, places in (
        (46, "align_corners=False: from -0.375 to 1.375", (k + 0.5) / 4 - 0.5),
        (156, "align_corners=True: from 0 to 1", k / 7),
    ):
        above = y < 84
        parts.append(text(200, y - 24 if above else y + 34, name.replace("-0", "−0")))
        for number, u in enumerate(places):
            x = 115 + pixel * u
            parts += [
                text(x, y if above else y + 12, str(number)),
                _line(x, 52 if above else 118, x, 84 if above else 152, wide=1.6),
            ]
    return parts


def _psnr_of(table: str) -> dict[str, float]:
    return {row["recipe"]: float(row["psnr"]) for row in stored_table(table)}


def _bar(x: float, y: float, width: float, outlined: int) -> str:
    colour, filled = (FIRST, SECOND)[outlined], (0.7, 0)[outlined]
    return (
        f'<rect x="{x:.1f}" y="{y}" width="{max(width, 0.5):.1f}" height="7" fill="{colour}" '
        f'fill-opacity="{filled}" stroke="{colour}"/>'
    )


def _polyline(points: list[tuple[float, float]], colour: str, dashes: str = "") -> str:
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
    return f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.8"{dashed}/>'


def _line(x1: float, y1: float, x2: float, y2: float, dashes: str = "", wide: float = 0.9) -> str:
    dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
    return (
        f'<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" stroke="{INK}" '
        f'stroke-width="{wide}"{dashed}/>'
    )


DRAWINGS: Drawings = {
    "sampling": (
        "A scene of five pixels: bright up to 1.3, then dark, with a thin bright line at 3.3. "
        "Point samples read 0.80, 0.80, 0.10, 0.10, 0.10 and miss the line. Area averages read "
        "0.80, 0.66, 0.10, 0.28, 0.10: the edge is shared out and the line raises its pixel.",
        240,
        _sampling,
    ),
    "alias": (
        "A fast cosine of 0.20 cycles per pixel and a slow one of 0.05 over 24 pixels. They meet "
        "at the dots 0, 4, 8 and so on, so that every fourth pixel fits both.",
        152,
        _alias,
    ),
    "frames": (
        "The same fast and slow cosine, with two sets of samples of the fast one. The dots at 0, "
        "4, 8 lie on both cosines. The squares, 1.3 pixels to the right of them, lie on the fast "
        "one, and most of them far from the slow one.",
        152,
        _frames,
    ),
    "shrinking": (
        "Twenty pixels in five blocks of four. Around the middle block stand sixteen weights as "
        "bars, high in the middle and slightly negative at both ends; the mean of four is a box "
        "over the block itself. An arrow leads to one of five new pixels, each as wide as a block.",
        206,
        _shrinking,
    ),
    "responses": (
        "What two kernels leave of each frequency from 0 to 1/2. Both fall from 1 and have about "
        "half left at 1/8, the new Nyquist frequency. Beyond it the mean of four dips to -0.27, "
        "the cubic kernel stays close to 0 from 1/4 on.",
        206,
        _responses,
    ),
    "protocol": (
        "The truth is cropped to a multiple of the scale s, which gives HR. It is shrunk and "
        "rounded, which gives LR; LR is enlarged by the method and rounded, which gives SR. The "
        "luma of HR and SR is taken and rounded, s pixels along each side are left out, PSNR and "
        "SSIM are computed and averaged over the set.",
        360,
        _protocol,
    ),
    "corners": (
        "Two small pixels side by side, with their middles at 0 and 1, and lines to them from the "
        "eight large pixels 0 to 7. As it should be, the eight stand evenly over both, from -0.375 "
        "to 1.375. With align_corners they stand from 0 to 1: pixel 0 in the middle of the first, "
        "pixel 7 in the middle of the last.",
        200,
        _corners,
    ),
    "changes": (
        "Bars for each changed step of the protocol, for Set5 and for ten photographs: what it "
        "does to the PSNR of bicubic interpolation. Border, rounding, Pillow and antialiased torch "
        "change nothing visible. Full range, RGB, the mean MSE, align_corners and torch without "
        "antialiasing cost between 0.6 and 2.7 dB. Enlarging by torch gains up to 0.2 dB.",
        354,
        _changes,
    ),
}
