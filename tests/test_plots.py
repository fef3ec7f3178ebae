"""Figures show the pixels they were given."""

import matplotlib

matplotlib.use("Agg")

import numpy as np  # noqa: E402
import pytest  # noqa: E402

from srlib import plots  # noqa: E402

NAME = plots.NAME_HEIGHT


def test_show_draws_each_image_unsmoothed_under_its_name():
    images = {"a": np.zeros((20, 30, 3), np.uint8), "b": np.full((20, 30), 200, np.uint8)}
    fig = plots.show(images)
    assert [ax.get_title() for ax in fig.axes] == ["a", "b"]
    drawn = fig.axes[1].images[0]
    assert np.array_equal(drawn.get_array(), images["b"]) and drawn.get_interpolation() == "nearest"
    assert drawn.get_clim() == (0, 255)  # a dark image stays dark


def test_crop_is_taken_at_the_same_relative_place():
    ramp = np.arange(40 * 40, dtype=np.uint8).reshape(40, 40)
    fig = plots.show({"hr": ramp, "lr": ramp[::2, ::2]}, crop=(8, 12, 16, 20))
    details = [ax.images[0].get_array() for ax in fig.axes[2:]]
    assert np.array_equal(details[0], ramp[8:24, 12:32])
    assert np.array_equal(details[1], ramp[::2, ::2][4:12, 6:16])


def test_show_wraps_after_columns():
    fig = plots.show({str(i): np.zeros((8, 8), np.uint8) for i in range(5)}, columns=3)
    assert len(fig.axes) == 6
    with pytest.raises(ValueError, match="columns"):
        plots.show({"a": np.zeros((8, 8), np.uint8)}, crop=(0, 0, 4, 4), columns=2)


def test_tile_repeats_pixels_and_nothing_else():
    small = np.array([[0.0, 99.6], [254.4, 300.0]])
    picture = plots.tile({"": small, " ": np.full((4, 4), 7)}, height=4)
    assert picture.dtype == np.uint8 and picture.shape == (4 + NAME, 4 + 12 + 4)  # " " is a name
    assert picture[0, :4].tolist() == [0, 0, 100, 100]
    assert picture[3, :4].tolist() == [254, 254, 255, 255]
    assert (picture[:, 4:16] == 255).all() and (picture[NAME:, 16:] == 7).all()
    with pytest.raises(ValueError, match="3 rows"):
        plots.tile({"": np.zeros((3, 3))}, height=4)


def test_tile_writes_names_and_wraps():
    red = np.zeros((40, 40, 3), np.uint8) + np.array([255, 0, 0], np.uint8)
    picture = plots.tile({"one": red, "two": red[..., 0], "three": red}, height=80, columns=2)
    row = NAME + 80
    assert picture.shape == (2 * row + 12, 2 * 80 + 12, 3)
    assert (picture[NAME:row, :80] == [255, 0, 0]).all()
    assert (picture[row + 12 + NAME :, :80] == [255, 0, 0]).all()
    assert (picture[row + 12 :, 80:] == 255).all()
    assert picture[:NAME, :80].min() < 50 < picture[:NAME, :80].max()  # black letters on white
    assert not np.array_equal(picture[:NAME, :80], picture[:NAME, 92:])


def test_a_name_that_is_wider_than_its_tile_is_written_smaller():
    grey = np.full((30, 60), 128)
    said = plots.tile({"a long name for this": grey}, height=30)[:NAME]
    assert said.min() < 100 and (said[:, 0] == 255).all() and (said[:, -1] == 255).all()
    assert plots.tile({"a long name for this": grey[:2, :2]}, height=2).shape == (NAME + 2, 2)


def test_learning_curves_put_the_loss_left_and_every_named_curve_right():
    fig = plots.learning_curves(
        ([1, 2, 3], [0.3, 0.2, 0.1]),
        {"discs": ([1, 3], [0, 2.0]), "photographs": ([1, 3], [0, 1.5])},
        marks={"knee": 2},
    )
    left, right = fig.axes
    assert left.get_yscale() == "log"
    np.testing.assert_array_equal(left.lines[0].get_ydata(), [0.3, 0.2, 0.1])
    np.testing.assert_array_equal(right.lines[1].get_ydata(), [0, 1.5])
    assert [text.get_text() for text in right.get_legend().get_texts()] == ["discs", "photographs"]
    assert list(right.lines[2].get_xdata()) == [2, 2]  # the mark
