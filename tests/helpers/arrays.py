"""Random images, and when two are the same."""

import numpy as np

_RNG = np.random.default_rng(0)


def pixels(*shape: int) -> np.ndarray:
    """Random uint8 values."""
    return _RNG.integers(0, 256, shape, dtype=np.uint8)


def sixteen_bits(*shape: int) -> np.ndarray:
    """Random uint16 values."""
    return _RNG.integers(0, 65536, shape, dtype=np.uint16)


def equal(a: np.ndarray, b: np.ndarray) -> bool:
    """The same type and the same values."""
    return a.dtype == b.dtype and np.array_equal(a, b)
