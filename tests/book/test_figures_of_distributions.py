"""Chapter 4's figures draw what they were given, on axes that do not move between frames."""

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt  # noqa: E402
import numpy as np  # noqa: E402
import pytest  # noqa: E402

from srlib.book import figures_of_distributions as figures  # noqa: E402
from srlib.book.widgets import figure_pixels  # noqa: E402


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def test_densities_draw_both_and_every_judge():
    x = np.linspace(-1, 1, 5)
    ax = figures.densities(x, x**2, 1 - x**2, {"trained": x / 2 + 0.5, "best": 1 - x**2}).axes[0]
    assert len(ax.collections) == 2 and len(ax.lines) == 4
    drawn = {line.get_label(): line for line in ax.lines}
    assert np.array_equal(drawn["trained"].get_ydata(), x / 2 + 0.5)
    assert drawn["trained"].get_linestyle() != drawn["best"].get_linestyle()
    assert np.array_equal(ax.lines[0].get_ydata(), x**2)  # p first, as in the legend
    assert ax.get_ylim() == (0, 1.1) and ax.get_xlim() == (-1, 1)
    assert figures.densities(x, x, x, {}, top=2.5).axes[0].get_ylim() == (0, 2.5)


def test_points_keep_those_outside_on_the_border():
    real, far = np.zeros((3, 2)), np.array([[9.0, 0.5], [-0.2, -9.0]])
    fig = figures.points({"a": (real, far), "b": (real, real)}, half_width=2)
    first, second = fig.axes
    assert [ax.get_title() for ax in fig.axes] == ["a", "b"]
    assert first.lines[1].get_xydata().tolist() == [[2, 0.5], [-0.2, -2]]
    assert second.get_xlim() == (-2, 2) and second.get_ylim() == (-2, 2)
    assert first.lines[0].get_marker() != first.lines[1].get_marker()  # legible without colour


def test_points_fill_rows_and_leave_the_rest_of_the_last_one_empty():
    one = np.zeros((1, 2))
    fig = figures.points({name: (one, one) for name in "abc"}, columns=2)
    assert [ax.get_title() for ax in fig.axes] == ["a", "b", "c", ""]
    assert [ax.axison for ax in fig.axes] == [True, True, True, False]


def test_paths_run_from_a_dot_to_a_square():
    fig = figures.paths({"out": [(1, 0), (0, 2), (-3, 0)]}, "u", "v", half_width=4)
    line, start, end, _ = fig.axes[0].lines
    assert line.get_xydata().tolist() == [[1, 0], [0, 2], [-3, 0]]
    assert start.get_xydata().tolist() == [[1, 0]] and start.get_marker() == "o"
    assert end.get_xydata().tolist() == [[-3, 0]] and end.get_marker() == "s"
    assert (fig.axes[0].get_xlabel(), fig.axes[0].get_ylabel()) == ("u", "v")


def test_frames_of_one_kind_have_one_size():
    x = np.linspace(0, 1, 3)
    frames = [figure_pixels(figures.densities(x, x, x, {"D": x}, title=t)) for t in ("", "round 9")]
    assert frames[0].shape == frames[1].shape
