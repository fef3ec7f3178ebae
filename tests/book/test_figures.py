"""Figures show the pixels they were given."""

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt  # noqa: E402
import numpy as np  # noqa: E402
import pytest  # noqa: E402

from srlib.book import figures  # noqa: E402

NAME = figures.NAME_HEIGHT


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def test_tile_repeats_pixels_and_nothing_else():
    small = np.array([[0.0, 99.6], [254.4, 300.0]])
    picture = figures.tile({"": small, " ": np.full((4, 4), 7)}, height=4)
    assert picture.dtype == np.uint8 and picture.shape == (4 + NAME, 4 + 12 + 4)  # " " is a name
    assert picture[0, :4].tolist() == [0, 0, 100, 100]
    assert picture[3, :4].tolist() == [254, 254, 255, 255]
    assert (picture[:, 4:16] == 255).all() and (picture[NAME:, 16:] == 7).all()
    with pytest.raises(ValueError, match="3 rows"):
        figures.tile({"": np.zeros((3, 3))}, height=4)


def test_tile_writes_names_and_wraps():
    red = np.zeros((40, 40, 3), np.uint8) + np.array([255, 0, 0], np.uint8)
    picture = figures.tile({"one": red, "two": red[..., 0], "three": red}, height=80, columns=2)
    row = NAME + 80
    assert picture.shape == (2 * row + 12, 2 * 80 + 12, 3)
    assert (picture[NAME:row, :80] == [255, 0, 0]).all()
    assert (picture[row + 12 + NAME :, :80] == [255, 0, 0]).all()
    assert (picture[row + 12 :, 80:] == 255).all()
    assert picture[:NAME, :80].min() < 50 < picture[:NAME, :80].max()  # black letters on white
    assert not np.array_equal(picture[:NAME, :80], picture[:NAME, 92:])


def test_a_name_that_is_wider_than_its_tile_is_written_smaller():
    grey = np.full((30, 60), 128)
    said = figures.tile({"a long name for this": grey}, height=30)[:NAME]
    assert said.min() < 100 and (said[:, 0] == 255).all() and (said[:, -1] == 255).all()
    assert figures.tile({"a long name for this": grey[:2, :2]}, height=2).shape == (NAME + 2, 2)


def test_learning_curves_put_the_loss_above_and_every_named_curve_below():
    fig = figures.learning_curves(
        ([1, 2, 3], [0.3, 0.2, 0.1]),
        {"discs": ([1, 3], [0, 2.0]), "photographs": ([1, 3], [0, 1.5])},
        marks={"knee": 2},
    )
    upper, lower = fig.axes
    assert upper.get_yscale() == "log"
    np.testing.assert_array_equal(upper.lines[0].get_ydata(), [0.3, 0.2, 0.1])
    np.testing.assert_array_equal(lower.lines[1].get_ydata(), [0, 1.5])
    assert [text.get_text() for text in lower.get_legend().get_texts()] == ["discs", "photographs"]
    assert list(lower.lines[2].get_xdata()) == [2, 2]  # the mark


def test_curves_draw_every_line_dot_and_mark():
    x = np.arange(4.0)
    ax = figures.curves(x, {"a": x, "b": 2 * x}, "u", "v", dots=(x, x), marks={"here": 1.5})
    drawn = {line.get_label(): line for line in ax.lines}
    assert np.array_equal(drawn["b"].get_ydata(), 2 * x)
    assert drawn["a"].get_linestyle() != drawn["b"].get_linestyle()  # legible without colour
    assert len(ax.lines) == 4 and ax.lines[2].get_marker() == "o"
    assert list(ax.lines[3].get_xdata()) == [1.5, 1.5] and ax.texts[0].get_text() == "here"
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["a", "b"]


def test_pixel_grids_draw_cells_around_their_centres():
    small, large = np.arange(2.0), np.arange(4) / 2 - 0.25
    ax = figures.pixel_grids({"input": (small, 1), "output": (large, 0.5)})
    cells = [patch.get_bbox() for patch in ax.patches[::2]]  # one filled, one outlined
    assert [(cell.x0, cell.x1) for cell in cells[:2]] == [(-0.5, 0.5), (0.5, 1.5)]
    assert (cells[2].x0, cells[-1].x1) == (-0.5, 1.5)  # both rows span the same stretch
    assert [text.get_text() for text in ax.get_yticklabels()] == ["input", "output"]


def test_kernel_cards_share_their_axes():
    x, grey = np.linspace(-2.5, 2.5, 9), np.full((4, 4), 90, np.uint8)
    cards = [figures.kernel_card((x, a * x), (abs(x), x), grey) for a in (0.1, 5)]
    assert cards[0].axes[0].get_ylim() == cards[1].axes[0].get_ylim()
    assert np.array_equal(cards[1].axes[0].lines[0].get_ydata(), 5 * x)
    drawn = cards[0].axes[1].images[0]
    assert np.array_equal(drawn.get_array(), grey) and drawn.get_clim() == (0, 255)
