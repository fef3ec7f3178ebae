"""What an image holds at each spatial frequency: how much, how much of it is right, and patterns.

Frequencies are in cycles per pixel; 1/2 is the highest that a row of pixels can hold.
"""

from collections.abc import Iterable

import numpy as np
from scipy.ndimage import median_filter

from srlib.errors import ArgumentError
from srlib.images.values import rgb_to_luma

WINDOW = 128  # pixels: side of what is transformed at a time
RINGS = 25  # of equal width, from 0 to 1/2 cycles per pixel
HIGH = 0.15  # cycles per pixel: below it an image's own structure makes peaks
AROUND = 9  # bins: side of the neighbourhood that a peak is compared with

_TOO_SMALL = "no image has room for a window of {0}x{0} pixels"


def power(images: Iterable[np.ndarray], window: int = WINDOW) -> np.ndarray:
    """Mean power spectrum of the luma of some images, over windows that overlap by half.

    Each window is multiplied by a Hann window, so that its borders do not count as edges.

    Args:
        images: uint8 ``(H, W)`` or ``(H, W, 3)``, each with room for a window.

    Returns:
        ``(window, window)``, frequency 0 in the middle, as ``np.fft.fftshift`` has it.

    Raises:
        ArgumentError: no image that is large enough.
    """
    spectra = [np.abs(each) ** 2 for image in images for each in _transforms(image, window)]
    if not spectra:
        raise ArgumentError(_TOO_SMALL.format(window))
    return np.mean(spectra, axis=0)


def isolated_peak(
    images: Iterable[np.ndarray], truths: Iterable[np.ndarray], window: int = WINDOW
) -> tuple[float, tuple[float, float]]:
    """The strongest peak that stands alone: what a pattern that repeats leaves in a spectrum.

    Texture is spread over many frequencies; a weave or a lattice of dots is a few bright points.
    The images' power is divided by the truths', so that what repeats in a photograph does not
    count.

    Args:
        images, truths: as for :func:`power`, of the same scenes.

    Returns:
        that share at the peak, over the median of the 9x9 bins around it; and its frequency (down,
        across) in cycles per pixel. Frequencies below 0.15 do not count.
    """
    share = power(images, window) / power(truths, window)
    ratio = share / median_filter(share, AROUND, mode="wrap")
    down, across = frequencies(window)
    ratio[np.hypot(down, across) < HIGH] = 0
    place = np.unravel_index(ratio.argmax(), ratio.shape)
    return float(ratio[place]), (float(abs(down[place])), float(abs(across[place])))


def rings(
    images: Iterable[np.ndarray], truths: Iterable[np.ndarray], window: int = WINDOW
) -> dict[str, np.ndarray]:
    """By frequency: how strong images are beside their truths, and how much of that is right.

    Args:
        images, truths: pairs of one size, uint8 ``(H, W)`` or ``(H, W, 3)``.

    Returns:
        ``"frequency"`` ``(25,)``, the middle of each ring, in cycles per pixel; ``"strength"``, the
        root of the power over that of the truth; ``"agreement"``, the correlation of the Fourier
        coefficients with the truth's, 1 for equal ones and 0 where they have nothing in common.

    Raises:
        ArgumentError: a pair of different sizes, or none that is large enough for a window.
    """
    sums = {name: np.zeros(RINGS) for name in ("own", "true", "common")}
    ring = np.floor(np.hypot(*frequencies(window)) * 2 * RINGS).astype(int)
    inside = ring < RINGS
    windows = 0
    for image, truth in zip(images, truths, strict=True):
        if image.shape[:2] != truth.shape[:2]:
            raise ArgumentError(f"two images of one size, not {image.shape} and {truth.shape}")
        for a, b in zip(_transforms(image, window), _transforms(truth, window), strict=True):
            parts = {"own": np.abs(a) ** 2, "true": np.abs(b) ** 2, "common": (a * b.conj()).real}
            for name, part in parts.items():
                sums[name] += np.bincount(ring[inside], part[inside], RINGS)
            windows += 1
    if not windows:
        raise ArgumentError(_TOO_SMALL.format(window))
    return {
        "frequency": (np.arange(RINGS) + 0.5) / (2 * RINGS),
        "strength": np.sqrt(sums["own"] / sums["true"]),
        "agreement": sums["common"] / np.sqrt(sums["own"] * sums["true"]),
    }


def frequencies(size: int) -> tuple[np.ndarray, np.ndarray]:
    """Down and across, in cycles per pixel, of each bin of a spectrum of that side."""
    each = np.fft.fftshift(np.fft.fftfreq(size))
    return tuple(np.meshgrid(each, each, indexing="ij"))


def _transforms(image: np.ndarray, window: int) -> Iterable[np.ndarray]:
    """Of each window, its mean taken off, with frequency 0 in the middle."""
    luma = rgb_to_luma(image.astype(np.float64)) if image.ndim == 3 else image.astype(np.float64)
    hann = np.outer(*[np.hanning(window + 1)[:-1]] * 2)
    for top in range(0, luma.shape[0] - window + 1, window // 2):
        for left in range(0, luma.shape[1] - window + 1, window // 2):
            part = luma[top : top + window, left : left + window]
            yield np.fft.fftshift(np.fft.fft2((part - part.mean()) * hann))
