"""What can be entered in a benchmark: a method of srlib's, your own network, or any function.

Each becomes a :class:`Method`, a function of a uint8 image and the scale with what is known of it.
"""

import copy
import importlib
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from srlib import networks, pretrained
from srlib.checkpoint import CheckpointError, load_weights, read_about
from srlib.enlarge import METHODS, SCALES, upscale
from srlib.models.srcnn import SRCNN
from srlib.models.srgan import SRResNet
from srlib.records import digest_of
from srlib.resize import output_size, resize_weights
from srlib.run import BEST
from srlib.tiles import tile_side, windows

Enlarge = Callable[[np.ndarray, int], np.ndarray]


@dataclass(frozen=True)
class Method:
    """One way to enlarge an image.

    Attributes:
        name: what tables call it.
        enlarge: uint8 ``(H, W, 3)`` and the scale -> uint8 ``(H * scale, W * scale, 3)``.
        source: what it is, in words.
        network: whose work is counted; None for bicubic and for plain functions.
        digest: SHA-256 of the network's weights, or "".
        entry: the word that makes it in another process; None for a function of this one.
    """

    name: str
    enlarge: Enlarge
    source: str
    network: nn.Module | None = None
    digest: str = ""
    entry: str | None = None

    @property
    def parameters(self) -> int | None:
        """How many numbers were learned; None where that is not known."""
        if self.network is not None:
            return sum(parameter.numel() for parameter in self.network.parameters())
        return 0 if self.entry == "bicubic" else None

    @property
    def defined(self) -> bool:
        """Whether its work is known from its definition, rather than by watching it."""
        return self.network is not None or self.entry == "bicubic"

    def multiply_adds(self, image: np.ndarray, scale: int) -> int | None:
        """Multiplications, each with its addition, that the method needs for such an image.

        For srlib's methods those of their definition: convolutions of the whole image, and the taps
        of bicubic interpolation; tiles computed twice and colour conversions do not count. For a
        function, those of the convolutions and matrix products that it has torch do; None if none.
        """
        height, width = image.shape[:2]
        if self.entry == "bicubic":
            return _bicubic_work(height, width, scale)
        if isinstance(self.network, SRCNN):
            size = (1, 1, height * scale, width * scale)
            return _bicubic_work(height, width, scale) + _network_work(self.network, size)
        if isinstance(self.network, SRResNet):
            return _network_work(self.network, (1, 3, height, width))
        return _function_work(self.enlarge, image, scale)


def shipped(scale: int) -> list[str]:
    """The names of srlib's own methods that exist at a scale.

    >>> shipped(3)
    ['bicubic', 'srcnn']
    """
    scales = pretrained.SHIPPED
    return [name for name in METHODS if scale in scales.get(name, SCALES)]


def method(entry: str | Path | nn.Module | Enlarge, scale: int, name: str | None = None) -> Method:
    """The method that a word, a network or a function stands for.

    Args:
        entry: one of

            * ``"bicubic"``, ``"srcnn"``, ``"srresnet"``, ``"srgan"``: as ``srlib upscale`` has it;
            * the folder of a training, such as ``runs/mine``, or a ``.safetensors`` file of one;
            * ``"package.module:function"``, looked for in the current folder too;
            * an :class:`~srlib.models.srcnn.SRCNN` or :class:`~srlib.models.srgan.SRResNet`;
            * any function of a uint8 image ``(H, W, 3)`` and the scale, with a uint8 result.
        scale: 2, 3 or 4.
        name: what tables call it; by default the word, or the function's own name.

    Raises:
        ValueError: nothing of that name, or not for this scale.
        CheckpointError: a file without whole weights of such a network.
    """
    if scale not in SCALES:
        raise ValueError(f"scale must be 2, 3 or 4, not {scale!r}")
    if isinstance(entry, SRCNN | SRResNet):
        return _of_network(entry, scale, name or type(entry).__name__, "a network in memory")
    if callable(entry):
        name = name or getattr(entry, "__name__", type(entry).__name__)
        return Method(name, entry, "a Python function")
    word = str(entry)
    if word in METHODS:
        return _of_srlib(word, scale, name or word)
    if Path(word).exists():
        network, about = read_network(Path(word))
        _check_scale(word, network, about.get("scale"), scale)
        source = f"{about['model']} from {word}"
        return _of_network(network, scale, name or word, source, os.path.abspath(word))
    if ":" in word:
        return Method(name or word, _import(word), "a Python function", entry=word)
    raise ValueError(
        f"no method {word!r}: choose among {', '.join(METHODS)}, or give the folder or the "
        ".safetensors file of a training, or package.module:function"
    )


def _of_srlib(word: str, scale: int, name: str) -> Method:
    pretrained.check_scale(word, scale)
    enlarge = partial(upscale, method=word)
    if word not in pretrained.SHIPPED:
        return Method(name, enlarge, "MATLAB's imresize", entry=word)
    network = pretrained.load(word, scale)
    return Method(name, enlarge, "shipped with srlib", network, digest_of(network), word)


def _of_network(
    network: SRCNN | SRResNet, scale: int, name: str, source: str, entry: str | None = None
) -> Method:
    _check_scale(name, network, None, scale)
    return Method(name, upscaler(network, scale), source, network, digest_of(network), entry)


def _check_scale(name: str, network: nn.Module, trained_for: int | None, scale: int) -> None:
    its = getattr(network, "scale", trained_for)
    if its is not None and its != scale:
        raise ValueError(f"{name!r} enlarges by {its}, not by {scale!r}")


def read_network(path: Path) -> tuple[SRCNN | SRResNet, dict]:
    """The network of a training, in evaluation mode, and the facts saved with its weights.

    Args:
        path: the folder of a ``srlib train``, or a file of its weights.

    Raises:
        CheckpointError: when there is none, it is damaged, or of another kind.
    """
    file = path / BEST if path.is_dir() else path
    try:
        about = read_about(file.read_bytes())
        if about["model"] == "srcnn":
            network = SRCNN(about["variant"], residual=about["residual"])
        else:
            network = SRResNet(about["scale"], about["blocks"], about["channels"])
    except (OSError, ValueError, KeyError, AttributeError, SafetensorError) as error:
        raise CheckpointError(
            f"{str(file)!r} holds no network of srlib train ({error!r}): give the folder of a "
            "training, or its best.safetensors"
        ) from error
    load_weights(file, network)
    return network.eval(), about


def upscaler(network: SRCNN | SRResNet, scale: int) -> Enlarge:
    """A network as a function of a uint8 image and the scale: in tiles and as fast as srlib's own.

    Args:
        network: in evaluation mode; stays as it is.
        scale: the one it is made for.
    """
    if isinstance(network, SRResNet):
        fast = networks.ForInference(network)
    else:
        fast = networks.Sharpened(network, scale)

    def enlarge(image: np.ndarray, scale: int) -> np.ndarray:
        height, width = image.shape[:2]
        sr = np.empty((height * scale, width * scale, *image.shape[2:]), np.uint8)
        tile = tile_side(fast.bytes_per_pixel, fast.margin)
        for window in windows(height, width, scale, fast.margin, tile):
            sr[window.target] = networks.enlarge(fast, image[window.around])[window.inside]
        return sr

    return enlarge


def interpolated(a: nn.Module, b: nn.Module, alpha: float) -> nn.Module:
    """The network whose weights are ``(1 - alpha) a + alpha b``, of two of one shape.

    Between networks of which one was trained from the other this gives all shades between both
    (Wang et al., "Deep Network Interpolation", CVPR 2019).

    Raises:
        ValueError: when the two networks are of different shapes.
    """
    first, second = a.state_dict(), b.state_dict()
    if {k: v.shape for k, v in first.items()} != {k: v.shape for k, v in second.items()}:
        raise ValueError("only two networks of one shape can be interpolated")
    state = {
        name: torch.lerp(value, second[name], alpha) if value.is_floating_point() else value
        for name, value in first.items()
    }
    between = copy.deepcopy(a)
    between.load_state_dict(state)
    return between.eval()


def _import(word: str) -> Enlarge:
    """``package.module:function``."""
    module, _, name = word.partition(":")
    if "" not in sys.path and os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())  # the srlib command does not look there by itself
    try:
        return getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise ValueError(f"cannot import the method {word!r}: {error}") from error


def _bicubic_work(height: int, width: int, scale: int, planes: int = 3) -> int:
    """Taps of both passes: rows of the small width first, then columns of the large image."""
    tall, wide = output_size(height, scale), output_size(width, scale)
    rows = resize_weights(height, tall, scale)[1].shape[1]
    columns = resize_weights(width, wide, scale)[1].shape[1]
    return planes * (tall * width * rows + tall * wide * columns)


def _network_work(network: nn.Module, size: tuple[int, ...]) -> int:
    """Of all convolutions, for an image of that size; counted without being computed."""
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        copy.deepcopy(network).to("meta")(torch.empty(size, device="meta"))
    return counter.get_total_flops() // 2  # which counts a product and its sum as two


def _function_work(enlarge: Enlarge, image: np.ndarray, scale: int) -> int | None:
    try:
        with FlopCounterMode(display=False) as counter:
            enlarge(image, scale)
    except Exception:  # a function that works may still not work while it is watched
        return None
    return counter.get_total_flops() // 2 or None
