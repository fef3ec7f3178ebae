"""The directive ``{hero}``: the landing page's photograph through all methods, two at a time.

The markup is that of the chapters' ``compare`` (two choices, a slider, all pictures side by side
where nothing can be moved). The pictures are files, which ``tools/hero.py`` makes, and are asked
for at once, since they are the first thing on the page.
"""

import re
from pathlib import Path

import numpy as np
from docutils import nodes
from docutils.parsers.rst import Directive
from PIL import Image
from sphinx.application import Sphinx

from srlib.book import widgets_html

STATIC = Path(__file__).parents[1] / "_static"
LABELS = {
    "given": "given",
    "bicubic": "bicubic",
    "srcnn": "SRCNN",
    "srresnet": "SRResNet",
    "srgan": "SRGAN",
    "truth": "truth",
}
START = ("bicubic", "srgan")
WIDTH = 704  # CSS pixels at most: twice the pictures' own
ALT = "The engine of a motorcycle below its red tank"


def html(static: Path = STATIC) -> str:
    """The markup, with addresses of files in place of pictures."""
    names = list(LABELS)
    pictures = [picture(static, name) for name in names]
    start = tuple(map(names.index, START))
    widget = widgets_html.compared(pictures, list(LABELS.values()), ALT, WIDTH, start, zoom=1)
    left = iter(names)
    widget = re.sub("<img[^>]*>", lambda tag: of_file(tag[0], next(left)), widget)
    return f'<div class="hero">{widget}</div>'


def of_file(tag: str, name: str) -> str:
    """An ``<img>`` that asks for the file; the two that are seen first come first."""
    priority = "high" if name in START else "low"
    attributes = f'src="../_static/hero_{name}.webp" loading="eager" fetchpriority="{priority}"'
    return re.sub(r'src="[^"]*"', attributes, tag)


def picture(static: Path, name: str) -> np.ndarray:
    """A picture of the common size; what is given has each pixel repeated."""
    pixels = np.asarray(Image.open(static / f"hero_{name}.webp").convert("RGB"))
    return pixels.repeat(4, 0).repeat(4, 1) if name == "given" else pixels


class Hero(Directive):
    def run(self) -> list[nodes.Node]:
        environment = self.state.document.settings.env
        for name in LABELS:
            environment.note_dependency(str(STATIC / f"hero_{name}.webp"))
        return [nodes.raw("", html(), format="html")]


def setup(app: Sphinx) -> dict:
    app.add_directive("hero", Hero)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
