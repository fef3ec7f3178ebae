"""Images: values and colour, files, kernels, resizing and measures. The room all others stand on.

- ``values``: 8-bit arrays and float tensors, luma, crops
- ``formats``, ``reading``, ``writing``, ``about``: photographs out of files and into them, with all
  that goes with them; one module a format (``png``, ``jpeg``, ``tiff``, ``others``), and ``exif``
- ``kernels``, ``resize``: interpolation, and MATLAB's ``imresize`` to the last bit
- ``metrics``: PSNR and SSIM under a protocol, LPIPS, fine detail
- ``spectrum``: strength and agreement by frequency, patterns that repeat
- ``niqe``: how natural an image looks, without the truth
"""

from typing import TYPE_CHECKING

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules=(
        "about",
        "exif",
        "formats",
        "kernels",
        "metrics",
        "niqe",
        "reading",
        "resize",
        "spectrum",
        "values",
        "writing",
    ),
)

if TYPE_CHECKING:
    from srlib.images import (
        about,
        exif,
        formats,
        kernels,
        metrics,
        niqe,
        reading,
        resize,
        spectrum,
        values,
        writing,
    )
