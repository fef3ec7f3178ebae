"""What enlarges an image: a name, a run, a file of weights, a network or a function, all one kind.

method = load("runs/mine", 4)
sr = method(lr)
"""

import copy
import importlib
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache, partial
from numbers import Integral
from pathlib import Path

import numpy as np
import torch
from scipy.ndimage import distance_transform_edt
from torch import nn

from srlib.errors import ArgumentError, ImageError, MethodError
from srlib.images.resize import imresize
from srlib.images.values import split_alpha, to_tensor, to_uint8
from srlib.networks import pretrained
from srlib.networks.srcnn import SRCNN
from srlib.networks.srgan import SRResNet
from srlib.networks.weights import digest_of, load_network
from srlib.upscaling import fast
from srlib.upscaling.tiles import tile_side, windows

METHODS = ("bicubic", *pretrained.SHIPPED)
SCALES = (2, 3, 4)

Function = Callable[[np.ndarray, int], np.ndarray]
Slices = tuple[slice, slice]


@dataclass(frozen=True)
class Method:
    """One way to enlarge an image by a whole factor; :func:`load` makes it.

    Attributes:
        name: what tables call it.
        scale: its factor.
        source: what it is, in words.
        enlarge: uint8 grey ``(h, w)`` or RGB ``(h, w, 3)`` -> the same, ``scale`` times larger:
            what is done to a tile and its neighbourhood.
        margin: LR pixels on each side that an output pixel depends on; None if not known, and then
            the image is enlarged whole.
        bytes_per_pixel: of memory that the work takes for each LR pixel, about.
        network: whose weights do the work; None for bicubic and for plain functions.
        digest: SHA-256 of the network's weights, or "".
        entry: the word that makes it in another process; None for what is in this one alone.
    """

    name: str
    scale: int
    source: str
    enlarge: Callable[[np.ndarray], np.ndarray]
    margin: int | None = None
    bytes_per_pixel: int = 0
    network: nn.Module | None = None
    digest: str = ""
    entry: str | None = None

    @property
    def parameters(self) -> int | None:
        """How many numbers were learned; None where that is not known."""
        if self.network is not None:
            return sum(parameter.numel() for parameter in self.network.parameters())
        return 0 if self.entry == "bicubic" else None

    def __call__(self, image: np.ndarray, *, tile: int | None = None) -> np.ndarray:
        """The whole image enlarged, alpha and all; see :func:`srlib.upscaling.image.upscale`."""
        sr = None
        for target, block in self.pieces(image, tile):
            if sr is None:
                height, width = (side * self.scale for side in image.shape[:2])
                sr = np.empty((height, width, *image.shape[2:]), image.dtype)
            sr[target] = block
        return sr

    def pieces(
        self, image: np.ndarray, tile: int | None = None
    ) -> Iterator[tuple[Slices, np.ndarray]]:
        """The same, piece by piece: rows and columns of the result, and the pixels there."""
        colour, alpha = self._split(image)
        margin, bytes_per_pixel = self.margin, self.bytes_per_pixel
        if image.dtype == np.uint16:  # which is computed in float64
            bytes_per_pixel *= 12
        if margin is None:
            margin, tile = 0, max(colour.shape[:2])
        tile = tile or tile_side(bytes_per_pixel, margin)
        for window in windows(*colour.shape[:2], self.scale, margin, tile):
            block = self.enlarge(colour[window.around])[window.inside]
            if alpha is not None:
                opacity = imresize(alpha[window.around], self.scale)[window.inside]
                block = np.dstack([block, opacity])
            yield window.target, block.reshape(*block.shape[:2], *image.shape[2:])

    def _split(self, image: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """Colour and alpha; 16 bits are for bicubic alone."""
        if isinstance(image, np.ndarray) and image.dtype == np.uint16:
            return _sixteen_bits(image, self), None
        colour, alpha = split_alpha(image)
        return (colour if alpha is None else _fill_transparent(colour, alpha)), alpha


def names(scale: int) -> list[str]:
    """srlib's own methods that exist at a scale.

    >>> names(3)
    ['bicubic', 'srcnn']
    """
    return [name for name in METHODS if scale in pretrained.SHIPPED.get(name, SCALES)]


def load(
    entry: str | Path | nn.Module | Function | Method, scale: int, name: str | None = None
) -> Method:
    """The method that a word, a network or a function stands for.

    Args:
        entry: one of

            * ``"bicubic"``, MATLAB's ``imresize``; ``"srcnn"``, ``"srresnet"``, ``"srgan"``, the
              shipped networks;
            * the folder of a training, such as ``runs/mine``, or a ``.safetensors`` file of one;
            * ``"package.module:function"``, looked for in the current folder too;
            * any function of a uint8 image ``(H, W, 3)`` and the scale, with a uint8 result;
            * an :class:`~srlib.networks.srcnn.SRCNN`, :class:`~srlib.networks.srgan.SRResNet`, or
              any module from RGB ``(1, 3, h, w)`` in [0, 1] to the same, larger;
            * a method that was loaded before.
        scale: 2, 3 or 4.
        name: what tables call it; by default the word, or the function's own name.

    Returns:
        the method; it works on the processor, with a network's weights as they are now.

    Raises:
        ArgumentError: nothing of that name, or not for this scale.
        CheckpointError: a file without whole weights of such a network.
    """
    check_scale(scale)
    if isinstance(entry, Method):
        _same_scale(entry.name, entry.scale, scale)
        return _renamed(entry, name)
    if isinstance(entry, nn.Module):
        network = copy.deepcopy(entry).cpu().eval()
        return _of_network(network, scale, name or type(entry).__name__, "a network in memory")
    if callable(entry):
        name = name or getattr(entry, "__name__", type(entry).__name__)
        return _of_function(entry, scale, name)
    word = str(entry)
    if word in METHODS:
        pretrained.check_scale(word, scale)
        return _renamed(_of_srlib(word, scale), name)
    if Path(word).exists():
        network, about = load_network(Path(word))
        _same_scale(word, about.get("scale"), scale)
        source = f"{about['model']} from {word}"
        return _of_network(network, scale, name or word, source, os.path.abspath(word))
    if ":" in word:
        return _of_function(_import(word), scale, name or word, word)
    raise ArgumentError(
        f"no method {word!r}: choose among {', '.join(METHODS)}, or give the folder or the "
        ".safetensors file of a training, or package.module:function"
    )


def check_scale(scale: int) -> None:
    """Refuse a factor that no method has.

    Raises:
        ArgumentError: for another scale than 2, 3 or 4.
    """
    if isinstance(scale, bool) or not isinstance(scale, Integral) or scale not in SCALES:
        raise ArgumentError(f"scale must be 2, 3 or 4, not {scale!r}")


@cache
def _of_srlib(word: str, scale: int) -> Method:
    if word == "bicubic":
        enlarge, size = partial(_bicubic, scale=scale), 12 * scale**2
        return Method(
            word, scale, "MATLAB's imresize", enlarge, fast.BICUBIC_MARGIN, size, entry=word
        )
    return _of_network(pretrained.load(word, scale), scale, word, "shipped with srlib", word)


def _renamed(method: Method, name: str | None) -> Method:
    return method if name in (None, method.name) else replace(method, name=name)


def _of_network(
    network: nn.Module, scale: int, name: str, source: str, entry: str | None = None
) -> Method:
    _same_scale(name, getattr(network, "scale", None), scale)
    if not isinstance(network, SRCNN | SRResNet):
        method = _of_function(_through(network), scale, name)
        return Method(
            name, scale, source, method.enlarge, network=network, digest=digest_of(network)
        )
    quick = fast.fast(network, scale)
    enlarge, digest = partial(fast.enlarge, quick), digest_of(network)
    return Method(
        name, scale, source, enlarge, quick.margin, quick.bytes_per_pixel, network, digest, entry
    )


def _of_function(function: Function, scale: int, name: str, entry: str | None = None) -> Method:
    """A function, which is shown RGB whatever the image, and held to its promise."""

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

    return Method(name, scale, "a Python function", enlarge, entry=entry)


def _through(network: nn.Module) -> Function:
    """A network of whatever kind as a function of 8-bit RGB."""

    @torch.inference_mode()
    def function(image: np.ndarray, _: int) -> np.ndarray:
        return to_uint8(network(to_tensor(image)).float().clamp(0, 1))

    return function


def _luma(image: np.ndarray) -> np.ndarray:
    """uint8 RGB ``(H, W, 3)``, of which all planes should be equal, as grey ``(H, W)``."""
    return np.floor(image @ np.array([0.299, 0.587, 0.114]) + 0.5).astype(np.uint8)


def _same_scale(name: str, its: int | None, scale: int) -> None:
    if its is not None and its != scale:
        raise ArgumentError(f"{name!r} enlarges by {its}, not by {scale!r}")


def _import(word: str) -> Function:
    """``package.module:function``."""
    module, _, name = word.partition(":")
    if "" not in sys.path and os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())  # the srlib command does not look there by itself
    try:
        function = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise ArgumentError(f"cannot import the method {word!r}: {error}") from error
    if not callable(function):
        raise ArgumentError(f"the method {word!r} is no function: it is {function!r}")
    return function


def _bicubic(image: np.ndarray, scale: int) -> np.ndarray:
    """MATLAB's; 16 bits in floating point, rounded once (half up) and clipped."""
    if image.dtype == np.uint8:
        return imresize(image, scale)
    sr = imresize(image.astype(np.float64), scale)
    sr += 0.5
    return np.clip(np.floor(sr, out=sr), 0, 65535, out=sr).astype(np.uint16)


def _sixteen_bits(image: np.ndarray, method: Method) -> np.ndarray:
    if method.entry != "bicubic":
        raise ImageError(
            f"16 bits a value are for bicubic, {method.name} works with 8: convert the image to "
            "8 bit first, or use bicubic"
        )
    if image.ndim not in (2, 3) or image.shape[2:] not in ((), (3,)) or 0 in image.shape:
        raise ImageError(f"expected uint16 (H, W) or (H, W, 3), got shape {image.shape}")
    return image


def _fill_transparent(colour: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """``colour`` ``(H, W[, 3])`` with that of the nearest visible pixel where alpha is 0."""
    hidden = alpha == 0
    if hidden.all() or not hidden.any():
        return colour
    rows, columns = distance_transform_edt(hidden, return_distances=False, return_indices=True)
    return colour[rows, columns]
