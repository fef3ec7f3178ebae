"""Upscaling: methods, and images made larger by them.

- ``method``: what a name, a run, a file of weights, a network or a function stands for
- ``fast``: networks in their quickest form
- ``image``, ``tiles``: one image, tile by tile
- ``files``, ``plan``, ``pipeline``: files and folders of them
"""

from typing import TYPE_CHECKING

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules=(
        "fast",
        "files",
        "image",
        "method",
        "pipeline",
        "plan",
        "tiles",
    ),
)

if TYPE_CHECKING:
    from srlib.upscaling import fast, files, image, method, pipeline, plan, tiles
