"""What only the chapters need, in one line: ``from srlib.book import compare, setup, ...``.

- ``notebook``: what a chapter begins with, and the stored results
- ``figures``, ``figures_of_distributions``, ``figures_of_games``: what is drawn
- ``widgets``, ``widgets_html``, ``assets/``: what can be moved on a page
- ``distortions``: one image spoilt in different ways
- ``drawings``: of networks and of what flows in them
- ``exercises``: the checks, a module a chapter

Nobody else in srlib imports this room. A name is loaded when it is asked for, so that a chapter
waits for nothing that it does not use.
"""

from typing import TYPE_CHECKING

import lazy_loader

if TYPE_CHECKING:  # for editors; the table below says the same, and a test holds them together
    from srlib.book import exercises
    from srlib.book.distortions import equal_mse
    from srlib.book.drawings import show_drawing
    from srlib.book.figures import (
        curves,
        kernel_card,
        learning_curves,
        pixel_grids,
        show_tiles,
        tile,
    )
    from srlib.book.figures_of_distributions import densities, paths, points
    from srlib.book.figures_of_games import game_curves, show_figure, show_game
    from srlib.book.notebook import setup, stored, stored_table
    from srlib.book.widgets import compare, explore, figure_pixels, stack

__all__ = [
    "compare",
    "curves",
    "densities",
    "equal_mse",
    "exercises",
    "explore",
    "figure_pixels",
    "game_curves",
    "kernel_card",
    "learning_curves",
    "paths",
    "pixel_grids",
    "points",
    "setup",
    "show_drawing",
    "show_figure",
    "show_game",
    "show_tiles",
    "stack",
    "stored",
    "stored_table",
    "tile",
]

__getattr__, __dir__, _ = lazy_loader.attach(
    __name__,
    submodules=["exercises"],
    submod_attrs={
        "distortions": ["equal_mse"],
        "drawings": ["show_drawing"],
        "figures": [
            "curves",
            "kernel_card",
            "learning_curves",
            "pixel_grids",
            "show_tiles",
            "tile",
        ],
        "figures_of_distributions": ["densities", "paths", "points"],
        "figures_of_games": ["game_curves", "show_figure", "show_game"],
        "notebook": ["setup", "stored", "stored_table"],
        "widgets": ["compare", "explore", "figure_pixels", "stack"],
    },
)
