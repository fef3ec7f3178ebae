"""Serve MathJax from the site itself when ``book/_vendor`` holds it.

``make book`` fills that folder where npm is at hand. Without it the pages use the public copy.
"""

from pathlib import Path

from sphinx.application import Sphinx
from sphinx.config import Config

VENDOR = Path(__file__).parents[1] / "_vendor"


def use_vendored(app: Sphinx, config: Config) -> None:
    if not (VENDOR / "mathjax").is_dir():
        return
    config.html_static_path.append(str(VENDOR))
    config.mathjax_path = "mathjax/tex-mml-chtml.js"


def setup(app: Sphinx) -> dict:
    app.connect("config-inited", use_vendored, priority=100)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
