"""Chapter 4: the ring of clusters, the two players, why one loss is flat where the other pulls."""

from collections.abc import Iterator

import numpy as np

from srlib.book.drawings.strokes import FIRST, INK, SECOND, Drawings, arrow, box, text

RING, RADIUS = (285, 122), 84  # centre and radius of the ring of clusters


def _ring() -> list[str]:
    rng = np.random.default_rng(4)
    angles = np.arange(8) * np.pi / 4
    centres = np.array(RING) + RADIUS * np.column_stack([np.cos(angles), np.sin(angles)])
    cloud = np.array([52, 122]) + 17 * np.clip(rng.normal(size=(70, 2)), -2.2, 2.2)
    points = centres.repeat(18, axis=0) + 0.05 * RADIUS * rng.normal(size=(144, 2))
    x, y = RING
    return [
        text(4, 66, "random numbers z", "start"),
        *_dots(cloud, INK),
        arrow([(100, 122), (150, 122)]),
        text(127, 112, "generator"),
        text(166, 127, "?"),
        *_dots(points, FIRST),
        text(285, 18, "points to imitate"),
        f'<path d="M{x - 6},{y - 6} l12,12 m0,-12 l-12,12" stroke="{SECOND}" stroke-width="2.5"/>',
        text(x, y + 24, "least squared error"),
    ]


def _dots(places: np.ndarray, colour: str) -> Iterator[str]:
    for x, y in places:
        yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="1.8" fill="{colour}" fill-opacity="0.75"/>'


def _players() -> list[str]:
    return [
        *_turn(18, "1. The judge's turn: the generator stands still"),
        text(196, 122, "real x"),
        arrow([(216, 117), (258, 117), (258, 76)]),
        arrow([(324, 61), (350, 61), (350, 98)]),
        box(278, 100, 118, ["log D(x) +", "log(1 − D(G(z)))"], FIRST),
        text(337, 160, "make it large"),
        arrow([(374, 98), (374, 30), (276, 30), (276, 46)], FIRST, dashed=True),
        text(208, 55, "✕"),
        *_turn(198, "2. The generator's turn: the judge stands still"),
        arrow([(324, 241), (350, 241), (350, 278)]),
        box(290, 280, 106, ["−log D(G(z))"], SECOND),
        text(343, 324, "make it small"),
        arrow([(374, 278), (374, 212), (290, 212), (290, 226)], SECOND, dashed=True),
        arrow([(258, 228), (258, 218), (92, 218), (92, 226)], SECOND, dashed=True),
        text(140, 300, "solid: computed forward"),
        text(140, 320, "dashed: gradients"),
    ]


def _turn(top: float, title: str) -> list[str]:
    """Random numbers through both players, with the name of the turn above them."""
    return [
        text(8, top, title, "start"),
        text(14, top + 47, "z"),
        arrow([(24, top + 43), (50, top + 43)]),
        box(50, top + 30, 80, ["generator"]),
        arrow([(130, top + 43), (154, top + 43)]),
        text(172, top + 47, "G(z)"),
        arrow([(192, top + 43), (226, top + 43)]),
        box(226, top + 30, 98, ["discriminator"]),
    ]


LEFT, ZERO, UNIT_X, UNIT_Y = 200, 130, 23, 13  # of the axes: units of the drawing
SURE = -5.0  # the logit of a judge who is sure that it sees a generated sample


def _saturation() -> list[str]:
    logits = np.linspace(-8, 8, 65)
    minimax, pulling = -np.logaddexp(0, logits), np.logaddexp(0, -logits)
    return [
        f'<path d="M16,{ZERO} H384 M{LEFT},20 V240" stroke="{INK}" stroke-opacity="0.4"/>',
        _curve(logits, minimax, FIRST, ""),
        _curve(logits, pulling, SECOND, "6 3"),
        *_tangent(-np.logaddexp(0, SURE), -_sigma(SURE), FIRST),
        *_tangent(np.logaddexp(0, -SURE), _sigma(SURE) - 1, SECOND),
        text(112, 40, "−log D", "start"),
        text(112, 58, "slope −0.993", "start"),
        text(20, 154, "log(1 − D)", "start"),
        text(20, 172, "slope −0.007", "start"),
        text(384, 122, "logit", "end"),
        text(16, 262, "← sure: generated", "start"),
        text(384, 262, "sure: real →", "end"),
        text(LEFT, 262, "D = ½"),
    ]


def _sigma(logit: float) -> float:
    return float(1 / (1 + np.exp(-logit)))


def _at(logit: float, loss: float) -> tuple[float, float]:
    return LEFT + UNIT_X * logit, ZERO - UNIT_Y * loss


def _curve(logits: np.ndarray, losses: np.ndarray, colour: str, dashes: str) -> str:
    places = " ".join(
        f"{x:.1f},{y:.1f}" for x, y in (_at(*pair) for pair in zip(logits, losses, strict=True))
    )
    return (
        f'<polyline points="{places}" fill="none" stroke="{colour}" stroke-width="2" '
        f'stroke-dasharray="{dashes}"/>'
    )


def _tangent(loss: float, slope: float, colour: str) -> Iterator[str]:
    """A dot on a curve at the logit SURE and the way down from there: 1.6 logits of the tangent."""
    (x, y), (x2, y2) = _at(SURE, loss), _at(SURE + 1.6, loss + 1.6 * slope)
    yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" fill="{colour}"/>'
    yield (
        f'<line x1="{x:.1f}" y1="{y:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" '
        f'stroke-width="5" stroke-opacity="0.6"/>'
    )


DRAWINGS: Drawings = {
    "ring": (
        "A cloud of random numbers on the left. An arrow, the generator, leads from it towards a "
        "ring of eight small clusters of points on the right, and ends in a question mark. A cross "
        "in the empty middle of the ring marks the answer of least squared error.",
        232,
        _ring,
    ),
    "players": (
        "Two turns. In the judge's turn random numbers z pass the generator; its sample G of z and "
        "a real sample x pass the discriminator; the sum of log D of x and log of 1 minus D of G "
        "of z is to be large, and its gradient flows back into the discriminator alone. In the "
        "generator's turn minus log D of G of z is to be small, and its gradient flows back "
        "through the discriminator into the generator.",
        334,
        _players,
    ),
    "saturation": (
        "Two falling curves over the logit. Far left the judge is sure that it sees a generated "
        "sample. There the curve of log of 1 minus D lies flat at zero, its tangent has slope "
        "minus 0.007, while that of minus log D is high and its tangent has slope minus 0.993.",
        272,
        _saturation,
    ),
}
