"""Drawings: well-formed, said in words, inside their frame, no two things on one place."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest

from srlib.book.drawings import DRAWINGS, drawing, show_drawing
from srlib.book.drawings.strokes import SIZE
from srlib.images.kernels import resize_weights
from srlib.images.resize import imresize

each = pytest.mark.parametrize("name", DRAWINGS)
SVG = "{http://www.w3.org/2000/svg}"
ROW = np.array([[50, 50, 200, 200]], np.uint8)


def root(name):
    return ElementTree.fromstring(drawing(name))


def extents(name):
    """Left, top, right and bottom of each text, about."""
    for text in root(name).iter(f"{SVG}text"):
        x, y, width = float(text.get("x")), float(text.get("y")), 0.58 * SIZE * len(text.text)
        left = x - {"start": 0, "middle": width / 2, "end": width}[text.get("text-anchor")]
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


@pytest.mark.parametrize(
    "border, row", [("replicate", [137, -9, 0, 0]), ("symmetric", [140, -12, 0, 0])]
)
def test_the_resizer_has_the_numbers_that_are_drawn(border, row):
    indices, weights = resize_weights(4, 8, 2.0, border=border)
    matrix = np.zeros((8, 4))
    np.add.at(matrix, (np.arange(8)[:, None], indices), 128 * weights)
    assert matrix[0].tolist() == row and matrix[3].tolist() == [-9, 111, 29, -3]
    for name, drawn in (("border-pixel", row), ("output-pixel", [-9, 111, 29, -3])):
        said = [text.text.replace("\N{MINUS SIGN}", "-") for text in root(name).iter(f"{SVG}text")]
        shown = " ".join(said)
        assert " ".join(map(str, drawn)) in shown
    assert "rounded 80" in shown and imresize(ROW, 2)[0, 3] == 80


def test_a_name_that_is_none_is_refused():
    with pytest.raises(ValueError, match="'judge': choose .*generator, discriminator, game"):
        drawing("judge")


def test_it_is_displayed_as_html(monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda data, raw: shown.append((data, raw)))
    show_drawing("kernels")
    assert shown == [({"text/html": drawing("kernels"), "text/plain": "<drawing: kernels>"}, True)]
