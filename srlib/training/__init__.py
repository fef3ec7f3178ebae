"""Training: one loop, what one step does, and a recipe for each network.

- ``loop``, ``learners``: the loop that can be killed and go on; a network with its loss, or a game
- ``losses``, ``schedules``, ``soap``: what is minimised, and how
- ``run``, ``checkpoint``, ``history``: the files of a training, and how it is resumed
- ``options``: what each training is asked for
- ``images``, ``pairing``, ``validation``: what is learned from and held out, whether inputs and
  truths belong together, the score
- ``srcnn``, ``srresnet``, ``srgan``: the recipes, side by side
"""

from typing import TYPE_CHECKING

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules=(
        "checkpoint",
        "history",
        "images",
        "learners",
        "loop",
        "losses",
        "options",
        "pairing",
        "recipes",
        "run",
        "schedules",
        "soap",
        "srcnn",
        "srgan",
        "srresnet",
        "validation",
    ),
)

if TYPE_CHECKING:
    from srlib.training import (
        checkpoint,
        history,
        images,
        learners,
        loop,
        losses,
        options,
        pairing,
        recipes,
        run,
        schedules,
        soap,
        srcnn,
        srgan,
        srresnet,
        validation,
    )
