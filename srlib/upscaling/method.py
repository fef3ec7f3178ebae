"""What enlarges an image: a name, a run, a file of weights, a network or a function, all one kind.

method = load("runs/mine", 4)
sr = method(lr)
"""

import copy
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache, partial
from numbers import Integral, Real
from pathlib import Path
from typing import Literal

import numpy as np
from torch import nn

from srlib.errors import ArgumentError, ImageError, ScaleError
from srlib.images.resize import imresize
from srlib.images.values import split_alpha
from srlib.networks import pretrained
from srlib.networks.srcnn import SRCNN
from srlib.networks.srgan import SRResNet
from srlib.networks.weights import digest_of, interpolate, load_network
from srlib.upscaling import alpha as blending
from srlib.upscaling import fast
from srlib.upscaling.foreign import Opened, opened
from srlib.upscaling.functions import Function, held_to_its_promise, imported, through
from srlib.upscaling.tiles import tile_side, windows

METHODS = ("bicubic", *pretrained.SHIPPED)
SCALES = (2, 3, 4)

PRECISIONS = ("auto", "fp32", "bf16")

Precision = Literal["auto", "fp32", "bf16"]
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
        precision: of a network's products, ``"fp32"`` or ``"bf16"``.
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
    precision: str = "fp32"

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
        elif alpha is not None:
            margin = max(margin, blending.MARGIN)
        tile = tile or tile_side(bytes_per_pixel, margin)
        for window in windows(*colour.shape[:2], self.scale, margin, tile):
            block = self.enlarge(colour[window.around])
            if alpha is not None:
                near = colour[window.around], alpha[window.around]
                block = blending.with_alpha(*near, block, self.scale, self.entry == "bicubic")
            block = block[window.inside]
            yield window.target, block.reshape(*block.shape[:2], *image.shape[2:])

    def _split(self, image: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """Colour and alpha; 16 bits are for bicubic alone."""
        if isinstance(image, np.ndarray) and image.dtype == np.uint16:
            colour, alpha = _sixteen_bits(image, self)
        else:
            colour, alpha = split_alpha(image)
        return (colour if alpha is None else blending.fill_transparent(colour, alpha)), alpha


def names(scale: int) -> list[str]:
    """srlib's own methods that exist at a scale.

    >>> names(3)
    ['bicubic', 'srcnn']
    """
    return [name for name in METHODS if scale in pretrained.SHIPPED.get(name, SCALES)]


def load(
    entry: str | Path | nn.Module | Function | Method,
    scale: int,
    name: str | None = None,
    *,
    strength: float | None = None,
    precision: Precision = "auto",
) -> Method:
    """The method that a word, a network or a function stands for.

    Args:
        entry: one of

            * ``"bicubic"``, MATLAB's ``imresize``; ``"srcnn"``, ``"srresnet"``, ``"srresnet-vgg"``,
              ``"srgan"``, the shipped networks; ``"srgan@0.7"``, SRGAN at that strength;
            * the folder of a training, such as ``runs/mine``, or a ``.safetensors`` file of one;
            * an ``.onnx`` file, or ``.pth`` or ``.safetensors`` of a known architecture, with the
              packages that read them (:mod:`srlib.upscaling.foreign`);
            * ``"package.module:function"``, looked for in the current folder too;
            * any function of a uint8 image ``(H, W, 3)`` and the scale, with a uint8 result;
            * an :class:`~srlib.networks.srcnn.SRCNN`, :class:`~srlib.networks.srgan.SRResNet`, or
              any module from RGB ``(1, 3, h, w)`` in [0, 1] to the same, larger;
            * a method that was loaded before, which stays as it is.
        scale: 2, 3 or 4.
        name: what tables call it; by default the word, or the function's own name.
        strength: of ``"srgan"``, 0 to 1: its weights mixed with SRResNet's, from which it was
            trained on (:func:`srlib.networks.weights.interpolate`). 0 is SRResNet, 1 SRGAN.
        precision: of a network's products: ``"fp32"``; ``"bf16"``, about twice as fast where the
            processor has it; or ``"auto"``, bf16 where the processor has it and the network is a
            shipped one that loses at most 0.01 dB by it, on the mean of Set5 and of the ten
            photographs. Of other networks nobody has measured the cost, so they get fp32.

    Returns:
        the method; it works on the processor, with a network's weights as they are now.

    Raises:
        ArgumentError: nothing of that name, or not for this scale, strength or precision.
        CheckpointError: a file without whole weights of such a network.
    """
    check_scale(scale)
    if precision not in PRECISIONS:
        raise ArgumentError(f"precision must be {', '.join(PRECISIONS)}, not {precision!r}")
    word, strength = _at_strength(entry, strength)
    if isinstance(entry, Method):
        _same_scale(entry.name, entry.scale, scale)
        return _renamed(entry, name)
    if isinstance(entry, nn.Module):
        network, name = copy.deepcopy(entry).cpu().eval(), name or type(entry).__name__
        return _of_network(network, scale, name, "a network in memory", precision)
    if callable(entry):
        return _of_function(entry, scale, name or getattr(entry, "__name__", type(entry).__name__))
    if word in METHODS:
        pretrained.check_scale(word, scale)
        return _renamed(_of_srlib(word, scale, strength, precision), name)
    other = opened(Path(word))
    if other is not None:
        return _of_other(other, word, scale, name or word)
    if word and Path(word).exists():
        network, about = load_network(Path(word))
        _same_scale(word, about.get("scale"), scale)
        source, path = f"{about['model']} from {word}", os.path.abspath(word)
        return _of_network(network, scale, name or word, source, precision, path)
    if ":" in word:
        return _of_function(imported(word), scale, name or word, word)
    raise ArgumentError(
        f"no method {word!r}: choose among {', '.join(METHODS)}, or give the folder or the "
        ".safetensors file of a training, an .onnx or .pth file, or package.module:function"
    )


def check_scale(scale: int) -> None:
    """Refuse a factor that no method has.

    Raises:
        ArgumentError: for another scale than 2, 3 or 4.
    """
    if isinstance(scale, bool) or not isinstance(scale, Integral) or scale not in SCALES:
        raise ArgumentError(f"scale must be 2, 3 or 4, not {scale!r}")


def _at_strength(entry: object, strength: float | None) -> tuple[str, float]:
    """The word without ``@strength``, and the strength, 1 if nothing is said."""
    word = str(entry)
    if isinstance(entry, str) and word.startswith("srgan@"):
        if strength is not None:
            raise ArgumentError(f"{word!r} names a strength already: give one of the two")
        try:
            word, strength = "srgan", float(word.removeprefix("srgan@"))
        except ValueError:
            raise ArgumentError(
                f"no method {word!r}: a strength is a number, as in srgan@0.7"
            ) from None
    if strength is None:
        return word, 1.0
    if word != "srgan":
        raise ArgumentError(
            "strength mixes SRResNet's and SRGAN's weights, so it goes with srgan, not with "
            f"{word if isinstance(entry, str | Path) else type(entry).__name__!r}"
        )
    if isinstance(strength, bool) or not isinstance(strength, Real) or not 0 <= strength <= 1:
        raise ArgumentError(f"strength must be a number between 0 and 1, not {strength!r}")
    return word, float(strength)


@cache
def _of_srlib(word: str, scale: int, strength: float, precision: Precision) -> Method:
    if word == "bicubic":
        enlarge, size = partial(_bicubic, scale=scale), 12 * scale**2
        return Method(
            word, scale, "MATLAB's imresize", enlarge, fast.BICUBIC_MARGIN, size, entry=word
        )
    network, source = pretrained.load(word, scale), "shipped with srlib"
    mixed = ["srresnet"] if strength < 1 else []
    if precision == "auto":
        measured = [pretrained.card(each, scale).fast_enough for each in (word, *mixed)]
        precision = "bf16" if all(measured) and fast.has_bfloat16() else "fp32"
    if mixed:
        network = interpolate(pretrained.load("srresnet", scale), network, strength)
        word, source = f"{word}@{strength:g}", f"{source}, {1 - strength:g} of it SRResNet"
    return _of_network(network, scale, word, source, precision, word)


def _of_function(function: Function, scale: int, name: str, entry: str | None = None) -> Method:
    enlarge = held_to_its_promise(function, scale, name)
    return Method(name, scale, "a Python function", enlarge, entry=entry)


def _of_other(other: Opened, word: str, scale: int, name: str) -> Method:
    _same_scale(word, other.scale, scale)
    enlarge = held_to_its_promise(other.function, scale, name)
    about = {"network": other.network, "digest": other.digest, "entry": os.path.abspath(word)}
    size = other.bytes_per_pixel
    return Method(name, scale, other.source, enlarge, other.margin, size, **about)


def _renamed(method: Method, name: str | None) -> Method:
    return method if name in (None, method.name) else replace(method, name=name)


def _of_network(
    network: nn.Module,
    scale: int,
    name: str,
    source: str,
    precision: Precision,
    entry: str | None = None,
) -> Method:
    _same_scale(name, getattr(network, "scale", None), scale)
    about = {"network": network, "digest": digest_of(network), "entry": entry}
    if not isinstance(network, SRCNN | SRResNet):
        enlarge = held_to_its_promise(through(network), scale, name)
        return Method(name, scale, source, enlarge, **about)
    if precision == "auto" or getattr(network, "residual", None) is False:
        precision = "fp32"  # nobody has measured the cost; of SRCNN bf16 is for what is added
    quick = fast.fast(network, scale, bfloat16=precision == "bf16")
    enlarge, size = partial(fast.enlarge, quick), quick.bytes_per_pixel
    return Method(name, scale, source, enlarge, quick.margin, size, precision=precision, **about)


def _same_scale(name: str, its: int | None, scale: int) -> None:
    if its is not None and its != scale:
        raise ScaleError(f"{name!r} enlarges by {its}, not by {scale!r}", its)


def _bicubic(image: np.ndarray, scale: int) -> np.ndarray:
    """MATLAB's; 16 bits in floating point, rounded once (half up) and clipped."""
    if image.dtype == np.uint8:
        return imresize(image, scale)
    sr = imresize(image.astype(np.float64), scale)
    sr += 0.5
    return np.clip(np.floor(sr, out=sr), 0, 65535, out=sr).astype(np.uint16)


def _sixteen_bits(image: np.ndarray, method: Method) -> tuple[np.ndarray, np.ndarray | None]:
    if method.entry != "bicubic":
        raise ImageError(
            f"16 bits a value are for bicubic, {method.name} works with 8: convert the image to "
            "8 bit first, or use bicubic"
        )
    if (
        image.ndim not in (2, 3)
        or image.shape[2:] not in ((), (2,), (3,), (4,))
        or 0 in image.shape
    ):
        raise ImageError(
            f"expected uint16 (H, W), or (H, W, C) with C = 2 to 4, got shape {image.shape}"
        )
    if image.ndim == 2 or image.shape[2] == 3:
        return image, None
    return (image[..., 0] if image.shape[2] == 2 else image[..., :3]), image[..., -1]
