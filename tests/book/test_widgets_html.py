"""Style sheets and handlers are commented files, and reach the page whole, on one line."""

import re
from importlib.resources import files
from pathlib import Path

import numpy as np

from srlib.book import widgets_html

ASSETS = files("srlib.book") / "assets"


def test_every_asset_is_shown_without_its_comments():
    grey = [np.zeros((4, 4), np.uint8)] * 2
    html = widgets_html.compared(grey, "ab", "two", 100, (0, 1), zoom=4)
    html += widgets_html.frames(grey, {"n": (1, 2)}, "two", 100, None, start=0, play=True)
    assert {Path(asset.name).suffix for asset in ASSETS.iterdir()} == {".css", ".js"}
    for asset in ASSETS.iterdir():
        name, kind = asset.name.split(".")
        shorten = widgets_html.style_sheet if kind == "css" else widgets_html.handler
        assert shorten(name) and shorten(name) in html, asset.name
        assert "/*" in asset.read_text("utf-8") and not re.search(r"/\*|\*/|\n", shorten(name))
        assert len(shorten(name)) < len(asset.read_text("utf-8"))


def test_a_style_sheet_and_a_handler_fit_their_places():
    for asset in ASSETS.iterdir():
        name, kind = asset.name.split(".")
        if kind == "js":
            code = widgets_html.handler(name)
            assert '"' not in code and "//" not in code  # one line, in double quotes
        else:
            style = widgets_html.style_sheet(name)
            assert "<" not in style and style.count("{") == style.count("}")


def test_what_holds_in_a_style_sheet_survives_on_one_line():
    """Spaces within a value matter to CSS: those of calc(), and those between selectors."""
    both = widgets_html.style_sheet("widgets", "compare")
    assert ".srlib label:has([type=range]) { flex: 1 1 9em; }" in both
    assert ".srlib .srlib-end { max-width: calc(50% - .5em); }" in both
    assert both.startswith(".srlib { max-width: var(--width);") and "content: '◂ ▸';" in both
