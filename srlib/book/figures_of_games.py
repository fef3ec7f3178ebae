"""Figures of a game between two networks, from its history, and how a page shows them small."""

import io
from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from srlib.training.history import History

# Column -> title, and the limits where they are the same for every history.
PANELS = {
    "d_real": ("D(real) solid, D(fake) dashed", (-0.03, 1.03)),
    "content": ("content loss", None),
    "adversarial": ("adversarial loss", None),
    "discriminator": ("loss of D", None),
    "psnr": ("PSNR in dB", None),
    "detail": ("fine detail, 1 as in the truth", None),
}


def game_curves(
    history: History,
    beside: History | None = None,
    start: float | None = None,
    extra: Mapping[str, Sequence[float]] | None = None,
) -> Figure:
    """What happened in a game, two small panels in a row.

    Args:
        history: of :class:`srlib.training.learners.Adversarial`, perhaps with a column ``detail``.
        beside: another to compare with, drawn in grey.
        start: PSNR in dB before the game, a dotted line.
        extra: columns that the history has not, one value for each of its rows.
    """
    extra = dict(extra or {})
    panels = [name for name in PANELS if name in history.columns or name in extra]
    rows = -(-len(panels) // 2)
    fig, axes = plt.subplots(rows, 2, figsize=(6.6, 1.9 * rows + 0.2), squeeze=False, sharex=True)
    for ax, name in zip(axes.flat, panels, strict=False):
        title, limits = PANELS[name]
        ax.set_title(title, fontsize=11)
        ax.tick_params(which="both", labelsize=9)
        if beside is not None and name not in extra:
            _draw_column(ax, beside, name, "0.6", "0.6")
        _draw_column(ax, history, name, "C0", "C3", extra.get(name))
        if limits:
            ax.set_ylim(*limits)
            ax.axhline(0.5, color="k", lw=0.8, ls=":")
        drawn = np.concatenate([line.get_ydata() for line in ax.lines])
        if name == "content" and drawn.max() > 5 * drawn.min() > 0:
            ax.set_yscale("log")
            ax.set_title(f"{title} (logarithmic)", fontsize=11)
        if name == "psnr" and start is not None:
            ax.axhline(start, color="k", lw=0.8, ls=":")
    for ax in axes.flat[len(panels) :]:
        ax.set_axis_off()
    for ax in axes.flat[len(panels) - 2 : len(panels)]:  # the last of each column
        ax.set_xlabel("step", fontsize=10)
        ax.tick_params(labelbottom=True)
    return fig


def _draw_column(
    ax: plt.Axes,
    history: History,
    name: str,
    colour: str,
    of_fake: str,
    values: Sequence[float] | None = None,
) -> None:
    """One column over the steps; D(fake) goes with D(real). ``values`` stand in for a column."""
    steps = history.column("step")
    ax.plot(steps, history.column(name) if values is None else values, color=colour, lw=1.4)
    if name == "d_real":
        ax.plot(steps, history.column("d_fake"), "--", color=of_fake, lw=1.4)


def show_game(
    history: History,
    beside: History | None = None,
    start: float | None = None,
    extra: Mapping[str, Sequence[float]] | None = None,
) -> None:
    """Display :func:`game_curves` as a PNG of 32 colours, a quarter of the usual size."""
    show_figure(game_curves(history, beside, start, extra), 32)


def show_figure(fig: Figure, colours: int = 24) -> None:
    """Display a line drawing as a PNG of few colours, a quarter of the usual size; it is closed."""
    from IPython.display import display

    fig.canvas.draw()
    pixels = Image.fromarray(np.asarray(fig.canvas.buffer_rgba())[..., :3].copy())
    plt.close(fig)
    buffer = io.BytesIO()
    few = pixels.quantize(colours, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    few.save(buffer, "png", optimize=True)
    display({"image/png": buffer.getvalue()}, raw=True)
