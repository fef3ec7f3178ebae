"""How large results shall be: factors as MATLAB rounds them, boxes that keep the shape."""

import pytest

from srlib.errors import ArgumentError, ImageError
from srlib.upscaling.sizes import Sizes, checked_scale


@pytest.mark.parametrize(
    "asked, size",
    [
        ({"scale": 2}, (200, 300)),
        ({"scale": 1}, (100, 150)),
        ({"scale": 1.501}, (151, 226)),  # up, as ceil(side * scale)
        ({"width": 300}, (200, 300)),
        ({"height": 250}, (250, 375)),
        ({"width": 300, "height": 1000}, (200, 300)),
        ({"width": 1000, "height": 300}, (300, 450)),
        ({"max_side": 1200}, (800, 1200)),
        ({"max_side": 75}, (50, 75)),
        ({"max_side": 1}, (1, 1)),
    ],
)
def test_sizes(asked, size):
    found = Sizes(**asked).of(100, 150)
    assert found[:2] == size
    if "scale" in asked:
        assert found[2:] == (asked["scale"],) * 2 and found.scale == asked["scale"]
    else:
        assert found[2:] == (size[0] / 100, size[1] / 150)


def test_more_than_eight_times_is_refused_with_what_would_do():
    assert Sizes(max_side=1200).of(100, 150).scale == 8
    with pytest.raises(ImageError, match="enlarged 8.01 times to 1201x801, but 8 times is the m"):
        Sizes(max_side=1201).of(100, 150)
    with pytest.raises(ImageError, match="ask for at most 8x8$"):
        Sizes(width=1000).of(1, 1)


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"scale": 2, "width": 100},
        {"scale": 2, "max_side": 100},
        {"height": 100, "max_side": 100},
        {"width": 0},
        {"width": 10.0},
        {"max_side": True},
        {"height": "9"},
        {"scale": 0.99},
        {"scale": float("inf")},
    ],
)
def test_no_size(asked):
    with pytest.raises(ArgumentError):
        Sizes(**asked)


@pytest.mark.parametrize("scale", [0, 8.1, True, "2", None, float("nan"), [2]])
def test_no_scale(scale):
    with pytest.raises(ArgumentError, match="scale must be a number from 1 to 8"):
        checked_scale(scale)


def test_tags_differ_where_sizes_do():
    tags = [
        Sizes(**asked).tag
        for asked in (
            {"scale": 2},
            {"scale": 2.0},
            {"scale": 2.5},
            {"width": 300},
            {"height": 300},
            {"width": 300, "height": 200},
            {"max_side": 300},
        )
    ]
    assert tags == ["x2", "x2", "x2.5", "w300", "h300", "w300h200", "s300"]
