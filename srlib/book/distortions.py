"""One image spoilt in different ways by the same amount, for measures to be tried on."""

from collections.abc import Callable

import numpy as np
from scipy.ndimage import gaussian_filter
from scipy.optimize import brentq


def equal_mse(image: np.ndarray, seed: int = 0) -> dict[str, np.ndarray]:
    """Five images that are equally far from the given one in the mean squared error.

    The amount is that of a shift by one pixel. Values are not rounded or clipped, so that the
    errors are equal exactly.

    Args:
        image: uint8 ``(H, W, 3)`` with some structure.
        seed: of the noise.

    Returns:
        name -> float64 ``(H, W, 3)`` on about 0..255: ``"brighter"``, ``"more contrast"``,
        ``"shifted"``, ``"blurred"``, ``"noisy"``.

    Raises:
        ValueError: when a shift changes nothing, or blurring cannot change as much as it.
    """
    hr = image.astype(np.float64)
    shifted = np.concatenate([hr[:, :1], hr[:, :-1]], axis=1)  # to the right
    mse = np.mean((shifted - hr) ** 2)
    if mse == 0:
        raise ValueError("a shift leaves this image as it is: give one with some structure")
    noise = np.random.default_rng(seed).standard_normal(hr.shape)
    return {
        "brighter": hr + np.sqrt(mse),
        "more contrast": _scaled(hr, hr - hr.mean(), mse),
        "shifted": shifted,
        "blurred": _blurred(hr, mse),
        "noisy": _scaled(hr, noise, mse),
    }


def _scaled(hr: np.ndarray, change: np.ndarray, mse: float) -> np.ndarray:
    """``hr`` plus as much of ``change`` as makes that error."""
    return hr + change * np.sqrt(mse / np.mean(change**2))


def _blurred(hr: np.ndarray, mse: float) -> np.ndarray:
    def blur(sigma: float) -> np.ndarray:
        return gaussian_filter(hr, (sigma, sigma, 0))

    excess: Callable[[float], float] = lambda sigma: np.mean((blur(sigma) - hr) ** 2) - mse  # noqa: E731
    widest = max(hr.shape)
    if excess(widest) < 0:
        raise ValueError("no blur changes this image as much as a shift by one pixel does")
    return blur(brentq(excess, 0.01, widest, xtol=1e-10))
