"""Chapter 2's figures draw what they were given."""

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt  # noqa: E402
import numpy as np  # noqa: E402

from srlib import plots  # noqa: E402


def test_curves_draw_every_line_dot_and_mark():
    x = np.arange(4.0)
    ax = plots.curves(x, {"a": x, "b": 2 * x}, "u", "v", dots=(x, x), marks={"here": 1.5})
    drawn = {line.get_label(): line for line in ax.lines}
    assert np.array_equal(drawn["b"].get_ydata(), 2 * x)
    assert drawn["a"].get_linestyle() != drawn["b"].get_linestyle()  # legible without colour
    assert len(ax.lines) == 4 and ax.lines[2].get_marker() == "o"
    assert list(ax.lines[3].get_xdata()) == [1.5, 1.5] and ax.texts[0].get_text() == "here"
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["a", "b"]
    plt.close("all")


def test_pixel_grids_draw_cells_around_their_centres():
    small, large = np.arange(2.0), np.arange(4) / 2 - 0.25
    ax = plots.pixel_grids({"input": (small, 1), "output": (large, 0.5)})
    cells = [patch.get_bbox() for patch in ax.patches[::2]]  # one filled, one outlined
    assert [(cell.x0, cell.x1) for cell in cells[:2]] == [(-0.5, 0.5), (0.5, 1.5)]
    assert (cells[2].x0, cells[-1].x1) == (-0.5, 1.5)  # both rows span the same stretch
    assert [text.get_text() for text in ax.get_yticklabels()] == ["input", "output"]
    plt.close("all")


def test_kernel_cards_share_their_axes():
    x, grey = np.linspace(-2.5, 2.5, 9), np.full((4, 4), 90, np.uint8)
    cards = [plots.kernel_card((x, a * x), (abs(x), x), grey) for a in (0.1, 5)]
    assert cards[0].axes[0].get_ylim() == cards[1].axes[0].get_ylim()
    assert np.array_equal(cards[1].axes[0].lines[0].get_ydata(), 5 * x)
    drawn = cards[0].axes[2].images[0]
    assert np.array_equal(drawn.get_array(), grey) and drawn.get_clim() == (0, 255)
    plt.close("all")
