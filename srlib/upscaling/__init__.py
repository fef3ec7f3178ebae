"""Upscaling: methods, and images made larger by them.

- ``method``: what a name, a run, a file of weights, a network or a function stands for
- ``fast``: networks in their quickest form
- ``upscaler``, ``sizes``, ``resizing``: a method for results of any size
- ``image``, ``tiles``, ``memory``: one image, tile by tile
- ``files``, ``inputs``, ``plan``, ``pipeline``, ``work``, ``progress``, ``headers``: files and
  folders of them
"""

from typing import TYPE_CHECKING

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules=(
        "alpha",
        "export",
        "fast",
        "files",
        "foreign",
        "functions",
        "headers",
        "image",
        "inputs",
        "memory",
        "method",
        "pipeline",
        "plan",
        "progress",
        "resizing",
        "sizes",
        "tiles",
        "upscaler",
        "work",
    ),
)

if TYPE_CHECKING:
    from srlib.upscaling import (
        alpha,
        export,
        fast,
        files,
        foreign,
        functions,
        headers,
        image,
        inputs,
        memory,
        method,
        pipeline,
        plan,
        progress,
        resizing,
        sizes,
        tiles,
        upscaler,
        work,
    )
