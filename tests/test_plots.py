"""Figures show the pixels they were given."""

import matplotlib

matplotlib.use("Agg")

import numpy as np  # noqa: E402
import pytest  # noqa: E402

from srlib import plots  # noqa: E402


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


def test_side_by_side_repeats_pixels_and_nothing_else():
    small = np.array([[0.0, 99.6], [254.4, 300.0]])
    picture = plots.side_by_side(small, np.full((4, 4), 7), height=4, gap=3)
    assert picture.dtype == np.uint8 and picture.shape == (4, 4 + 3 + 4)
    assert picture[0].tolist() == [0, 0, 100, 100, 255, 255, 255, 7, 7, 7, 7]
    assert picture[3].tolist() == [254, 254, 255, 255, 255, 255, 255, 7, 7, 7, 7]
    with pytest.raises(ValueError, match="3 rows"):
        plots.side_by_side(np.zeros((3, 3)), height=4)
