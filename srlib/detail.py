"""How much of an image the small version could not hold: its energy above the LR Nyquist."""

import numpy as np
from scipy.fft import dctn

from srlib.images import rgb_to_luma


def fine_detail(image: np.ndarray, scale: int) -> float:
    """Root mean square, in grey levels, of all that is finer than the small image's pixels allow.

    An image shrunk by ``scale`` holds frequencies up to 1 / (2 scale) cycles a pixel of the large
    one. What lies above, across or down, can only have been added. The cosine transform mirrors the
    image at its borders, so that no jump there counts as detail.

    It says how much there is, not whether it is right.

    Args:
        image: uint8 ``(H, W)``, or ``(H, W, 3)``, of which the luma counts.
        scale: 2, 3, 4, ...

    >>> stripes = np.tile(np.uint8([[80, 120]]), (64, 32))  # 100, more or less 20
    >>> round(fine_detail(stripes, 2), 1)
    19.9
    >>> fine_detail(np.full((16, 16), 100, np.uint8), 2)
    0.0
    """
    if scale < 2:
        raise ValueError(f"scale must be at least 2, not {scale!r}: nothing was lost at 1")
    luma = rgb_to_luma(image.astype(np.float64)) if image.ndim == 3 else image.astype(np.float64)
    waves = dctn(luma, norm="ortho")
    rows, columns = (np.arange(length) / (2 * length) for length in luma.shape)  # cycles a pixel
    known = 1 / (2 * scale)
    waves[np.ix_(rows <= known, columns <= known)] = 0
    return float(np.sqrt(np.mean(waves**2)))
