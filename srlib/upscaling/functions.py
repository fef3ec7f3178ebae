"""Functions and networks of somebody else's as methods: called with care, held to their promise."""

import importlib
import os
import sys
from collections.abc import Callable

import numpy as np
import torch
from torch import nn

from srlib.errors import ArgumentError, MethodError
from srlib.images.values import to_tensor, to_uint8

Function = Callable[[np.ndarray, int], np.ndarray]


def held_to_its_promise(
    function: Function, scale: int, name: str
) -> Callable[[np.ndarray], np.ndarray]:
    """A function that is shown RGB whatever the image, and whose result is checked.

    Args:
        function: of a uint8 image ``(H, W, 3)`` and the scale.
        name: of the method, for its errors.

    Returns:
        uint8 ``(h, w)`` or ``(h, w, 3)`` -> the same, ``scale`` times larger. It raises MethodError
        when the function fails, or returns anything else.
    """

    def enlarge(colour: np.ndarray) -> np.ndarray:
        grey = colour.ndim == 2
        rgb = np.dstack([colour] * 3) if grey else colour.copy()  # it may write into its input
        size = f"{colour.shape[1]}x{colour.shape[0]}"
        wanted = (colour.shape[0] * scale, colour.shape[1] * scale, 3)
        try:
            sr = function(rgb, scale)
        except Exception as error:  # anything may go wrong in a function of someone else's
            said = " ".join([f"{type(error).__name__}:", *str(error).split()]).rstrip(":")
            raise MethodError(f"{name} failed on an image of {size}: {said}") from error
        if not isinstance(sr, np.ndarray) or sr.dtype != np.uint8 or sr.shape != wanted:
            got = f"{getattr(sr, 'dtype', type(sr).__name__)} {getattr(sr, 'shape', '')}".strip()
            raise MethodError(
                f"{name} turned an image of {size}, uint8, into {got}: expected uint8 {wanted}, "
                f"{scale} times as large, rounded and clipped to 0..255 as a file would be"
            )
        return _luma(sr) if grey else sr

    return enlarge


def through(network: nn.Module) -> Function:
    """A network of whatever kind as a function of 8-bit RGB."""

    @torch.inference_mode()
    def function(image: np.ndarray, _: int) -> np.ndarray:
        return to_uint8(network(to_tensor(image)).float().clamp(0, 1))

    return function


def _luma(image: np.ndarray) -> np.ndarray:
    """uint8 RGB ``(H, W, 3)``, of which all planes should be equal, as grey ``(H, W)``."""
    return np.floor(image @ np.array([0.299, 0.587, 0.114]) + 0.5).astype(np.uint8)


def imported(word: str) -> Function:
    """The function that ``package.module:function`` names, looked for in the current folder too.

    Raises:
        ArgumentError: when there is none.
    """
    module, _, name = word.partition(":")
    if "" not in sys.path and os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())  # the srlib command does not look there by itself
    try:
        function = getattr(importlib.import_module(module), name)
    except (Exception, SystemExit) as error:  # their module runs while it is imported
        said = str(error).split()
        if not isinstance(error, ImportError | AttributeError):
            said.insert(0, f"{type(error).__name__}:")
        raise ArgumentError(f"cannot import the method {word!r}: {' '.join(said)}") from error
    if not callable(function):
        raise ArgumentError(f"the method {word!r} is no function: it is {function!r}")
    return function
