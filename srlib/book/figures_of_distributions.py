"""Figures of the game between generator and discriminator, on axes that stay fixed.

Fixed, so that the frames of a training can be shown one after another by
:func:`srlib.book.widgets.stack`.
"""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure


def densities(
    x: np.ndarray,
    p: np.ndarray,
    q: np.ndarray,
    judged: Mapping[str, np.ndarray],
    title: str = "",
    top: float = 1.1,
    dpi: int = 100,
) -> Figure:
    """Two densities, filled, and what discriminators say about each place.

    Args:
        x: places ``(n,)``, rising.
        p: density of the real samples ``(n,)``.
        q: density of the generated ones ``(n,)``.
        judged: name -> probability of "real" ``(n,)``, in [0, 1]: at most two.
        title: above the legend.
        top: end of the upright axis, above the highest density of all frames.
        dpi: dots an inch; the figure is 5.6 by 3 inches, so that a phone can show it.
    """
    fig, ax = plt.subplots(figsize=(5.6, 3), dpi=dpi)
    ax.fill_between(x, p, color="C0", alpha=0.35, lw=0, label="real, $p$")
    ax.fill_between(x, q, color="C1", alpha=0.35, lw=0, label="generated, $q$")
    ax.plot(x, p, "C0", lw=1)
    ax.plot(x, q, "C1", lw=1)
    for (name, d), style in zip(judged.items(), ("k-", "k:"), strict=False):
        ax.plot(x, d, style, lw=1.6, label=name)
    ax.set(xlim=(x[0], x[-1]), ylim=(0, top), xlabel="$x$")
    fig.suptitle(title, fontsize=12)
    place = {"loc": "lower left", "bbox_to_anchor": (0, 1), "ncols": 4, "frameon": False}
    ax.legend(fontsize=10, columnspacing=1, handlelength=1.4, **place)
    return fig


def points(
    panels: Mapping[str, tuple[np.ndarray, np.ndarray]],
    half_width: float = 1.7,
    columns: int = 2,
    dpi: int = 100,
) -> Figure:
    """Real and generated points of the plane, one panel a name.

    Args:
        panels: name -> real points ``(n, 2)``, drawn as blue dots, and generated ones ``(m, 2)``,
            drawn as orange crosses. Points outside the panel sit on its border.
        half_width: the panel shows the square of this half-width around 0.
        columns: panels in a row.
        dpi: dots an inch; a panel is 2.8 inches wide.
    """
    rows = -(-len(panels) // columns)
    size = (2.8 * columns, 2.95 * rows)
    fig, axes = plt.subplots(rows, columns, figsize=size, dpi=dpi, squeeze=False)
    for ax, (name, (real, generated)) in zip(axes.flat, panels.items(), strict=False):
        ax.plot(*real.T, "o", color="C0", ms=2, alpha=0.5, label="real")
        inside = np.clip(generated, -half_width, half_width)
        ax.plot(*inside.T, "x", color="C1", ms=4, alpha=0.8, clip_on=False, label="generated")
        _square(ax, half_width)
        ax.set(xticks=[], yticks=[])
        ax.spines[:].set(visible=True, color="0.8")
        ax.set_title(name, fontsize=12)
    for ax in axes.flat[len(panels) :]:
        ax.set_axis_off()
    return fig


def paths(
    lines: Mapping[str, Sequence[tuple[float, float]]], xlabel: str, ylabel: str, half_width: float
) -> Figure:
    """Paths of two numbers, one panel a name, from a dot to a square; a plus marks 0.

    Args:
        lines: name -> the points passed, in order.
        xlabel, ylabel: what the two numbers are.
        half_width: a panel shows the square of this half-width around 0.
    """
    fig, axes = plt.subplots(1, len(lines), figsize=(2.6 * len(lines), 2.9), squeeze=False)
    for ax, (name, line) in zip(axes[0], lines.items(), strict=True):
        first, second = np.array(line).T
        ax.plot(first, second, "C2", lw=0.9)
        ax.plot(first[0], second[0], "ko", ms=5)
        ax.plot(first[-1], second[-1], "ks", ms=5)
        ax.plot(0, 0, "k+", ms=9)
        _square(ax, half_width)
        ax.set_xlabel(xlabel)
        ax.set_title(name, fontsize=12)
    axes[0, 0].set_ylabel(ylabel)
    return fig


def _square(ax: plt.Axes, half_width: float) -> None:
    ax.set(xlim=(-half_width, half_width), ylim=(-half_width, half_width), aspect="equal")
