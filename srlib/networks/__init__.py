"""Networks: one paper a module, what VGG-19 sees, and weights.

- ``srcnn``, ``srgan``: as the papers define them
- ``colour``: networks as they are used alone, RGB in and out
- ``vgg``: features and distances of VGG-19
- ``weights``: files of weights, read without running code
- ``pretrained``: the networks in ``shipped/``, each with its card
"""

from typing import TYPE_CHECKING

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules=(
        "colour",
        "pretrained",
        "srcnn",
        "srgan",
        "vgg",
        "weights",
    ),
)

if TYPE_CHECKING:
    from srlib.networks import colour, pretrained, srcnn, srgan, vgg, weights
