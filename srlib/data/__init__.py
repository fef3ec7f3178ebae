"""Data: images to look at, to learn from and to measure with, and where each comes from.

- ``photographs``, ``dead_leaves``: free, and need no download
- ``published``, ``download``: Set5, Set14, BSD100, Urban100, DIV2K
- ``pairs``: a large image and its small version, made as the published ones were
- ``test_sets``: the sets a benchmark is made on
- ``patches``: batches to learn from
"""

from typing import TYPE_CHECKING

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules=(
        "dead_leaves",
        "download",
        "pairs",
        "patches",
        "photographs",
        "published",
        "test_sets",
    ),
)

if TYPE_CHECKING:
    from srlib.data import dead_leaves, download, pairs, patches, photographs, published, test_sets
