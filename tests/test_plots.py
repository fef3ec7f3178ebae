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
