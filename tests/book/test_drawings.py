"""Drawings: well-formed, said in words, inside their frame, no two things on one place."""

import re
from xml.etree import ElementTree

import pytest

from srlib.book.drawings import DRAWINGS, drawing, show_drawing
from srlib.book.drawings.strokes import SIZE

each = pytest.mark.parametrize("name", DRAWINGS)
SVG = "{http://www.w3.org/2000/svg}"


def root(name):
    return ElementTree.fromstring(drawing(name))


def extents(name):
    """Left, top, right and bottom of each text, about."""
    for text in root(name).iter(f"{SVG}text"):
        x, y, width = float(text.get("x")), float(text.get("y")), 0.58 * SIZE * len(text.text)
        left = x - {"start": 0, "middle": width / 2}[text.get("text-anchor")]
        yield text.text, left, y - 0.8 * SIZE, left + width, y + 0.2 * SIZE


@each
def test_it_says_what_it_shows(name):
    svg = root(name)
    assert svg.get("role") == "img" and len(svg.get("aria-label")) > 80


@each
def test_nothing_leaves_the_frame(name):
    width, height = map(float, root(name).get("viewBox").split()[2:])
    for said, left, top, right, bottom in extents(name):
        assert left >= 0 and top >= 0 and right <= width and bottom <= height, said
    for points in root(name).iter(f"{SVG}polyline"):
        places = re.findall(r"([-\d.]+),([-\d.]+)", points.get("points"))
        assert all(0 <= float(x) <= width and 0 <= float(y) <= height for x, y in places)


@each
def test_no_text_stands_on_another(name):
    found = list(extents(name))
    for i, (said, left, top, right, bottom) in enumerate(found):
        for other, left2, top2, right2, bottom2 in found[:i]:
            apart = right <= left2 or right2 <= left or bottom <= top2 or bottom2 <= top
            assert apart, (said, other)


@each
def test_letters_take_the_colour_of_the_page(name):
    assert root(name).get("fill") == "currentColor"
    assert {text.get("fill") for text in root(name).iter(f"{SVG}text")} == {None}


def test_a_name_that_is_none_is_refused():
    with pytest.raises(ValueError, match="'judge': choose .*generator, discriminator, game"):
        drawing("judge")


def test_it_is_displayed_as_html(monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda data, raw: shown.append((data, raw)))
    show_drawing("kernels")
    assert shown == [({"text/html": drawing("kernels"), "text/plain": "<drawing: kernels>"}, True)]
