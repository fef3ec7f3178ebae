"""Networks on whole 8-bit images, as fast as this machine's processor allows."""

import copy
import math
from collections.abc import Callable
from functools import partial
from typing import Protocol

import numpy as np
import torch
from torch import nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_eval

from srlib.images.resize import imresize
from srlib.images.values import rgb_to_ycbcr, to_tensor, to_uint8, ycbcr_to_rgb
from srlib.networks.srcnn import SRCNN
from srlib.networks.srgan import SRResNet
from srlib.upscaling.tiles import in_tiles

Network = Callable[[torch.Tensor], torch.Tensor]

STRIP = 256  # rows at a time, so that memory does not grow with an image's height
BICUBIC_MARGIN = 2  # LR pixels on each side that an enlarged pixel depends on
LAST_TILE = 64  # LR pixels: side of what its last layers, at the large size, compute at a time


class Enlarger(Protocol):
    """A network on colour images.

    Attributes:
        scale: of the enlargement.
        margin: LR pixels on each side that an output pixel depends on.
        bytes_per_pixel: of memory that the work takes for each LR pixel, about.
    """

    scale: int
    margin: int
    bytes_per_pixel: int

    def __call__(self, lr: torch.Tensor) -> torch.Tensor:
        """float32 ``(1, 3, h, w)`` -> float32 ``(1, 3, h * scale, w * scale)``, in [0, 1]."""


def fast(network: SRCNN | SRResNet, scale: int, bfloat16: bool = False) -> Enlarger:
    """A network in its fastest form for this processor.

    Args:
        network: in evaluation mode; stays as it is.
        scale: the one it is made for.
        bfloat16: whether products may be rounded to 8 bits of precision. Where the processor does
            not multiply bfloat16 it would only imitate it, slowly.
    """
    if isinstance(network, SRCNN):
        return Sharpened(network, scale, bfloat16)
    return ForInference(network, bfloat16)


@torch.inference_mode()
def enlarge(network: Enlarger, image: np.ndarray) -> np.ndarray:
    """A network on an 8-bit image, or on a tile of one, in one go.

    Args:
        network: such as :func:`fast` gives.
        image: uint8 ``(H, W)`` or ``(H, W, 3)``; grey goes in as RGB, and comes out as its luma.

    Returns:
        uint8 ``(H * scale, W * scale[, 3])``.

    Raises:
        ImageError: for another kind of array.
    """
    sr = network(to_tensor(image).expand(1, 3, -1, -1))
    if image.ndim == 3:
        return to_uint8(sr)
    return to_uint8(rgb_to_ycbcr(sr)[:, :1].sub_(16 / 255).mul_(255 / 219).clamp_(0, 1))


class ForInference:
    """SRResNet as fast as the processor allows: BatchNorm folded into the convolutions.

    The layers at the large size, which see 3 LR pixels far only, work in small tiles: their
    features would not fit into the processor's cache.

    Args:
        network: in evaluation mode; stays as it is.
        bfloat16: compute in bfloat16, but for the first and the last layer: the pixels of the one
            and the sums of the other are images, and in those 8 bits of precision would show.
    """

    def __init__(self, network: SRResNet, bfloat16: bool = False) -> None:
        self.scale, self.margin, self.last_margin = network.scale, network.margin, 3
        network = fold_batch_norm(network).to(memory_format=torch.channels_last)
        self.dtype = torch.bfloat16 if bfloat16 else torch.float32
        self.bytes_per_pixel = 800 if self.dtype == torch.bfloat16 else 1100  # measured
        self.head, self.body = network.head, network.body.to(self.dtype)
        self.upscale, self.tail = network.upscale.to(self.dtype), network.tail

    @torch.inference_mode()
    def __call__(self, lr: torch.Tensor) -> torch.Tensor:
        """float32 ``(1, 3, h, w)`` -> float32 ``(1, 3, h * scale, w * scale)`` in [0, 1]."""
        features = self.head(lr.contiguous(memory_format=torch.channels_last)).to(self.dtype)
        features = features + self.body(features)
        return in_tiles(self._enlarge, features, self.scale, self.last_margin, LAST_TILE)

    def _enlarge(self, features: torch.Tensor) -> torch.Tensor:
        features = features.contiguous(memory_format=torch.channels_last)
        return self.tail(self.upscale(features).float())


def fold_batch_norm(network: SRResNet) -> SRResNet:
    """A copy in which each BatchNorm is part of the convolution before it: the same function."""
    network = copy.deepcopy(network).eval()
    for layers in network.modules():
        if not isinstance(layers, nn.Sequential):
            continue
        for index in range(len(layers) - 1):
            if isinstance(layers[index + 1], nn.BatchNorm2d):
                layers[index] = fuse_conv_bn_eval(layers[index], layers[index + 1])
                layers[index + 1] = nn.Identity()
    return network


class Sharpened:
    """SRCNN on colour: luma through the network, colour by bicubic interpolation.

    Args:
        network: for the luma of an image that was enlarged by ``scale``.
        bfloat16: compute in bfloat16 what is added to the bicubic image.
    """

    def __init__(self, network: SRCNN, scale: int, bfloat16: bool = False) -> None:
        self.scale, self.luma_margin = scale, network.margin
        self.margin = BICUBIC_MARGIN + math.ceil(network.margin / scale)
        self.bytes_per_pixel = 150 * scale**2  # measured: the planes, and the strip of features
        if bfloat16 and network.residual:
            self.network = InBfloat16(network)
        else:
            network = copy.deepcopy(network).to(memory_format=torch.channels_last)
            self.network = partial(network, pad=False)

    @torch.inference_mode()
    def __call__(self, lr: torch.Tensor) -> torch.Tensor:
        """float32 ``(1, 3, h, w)`` -> float32 ``(1, 3, h * scale, w * scale)``, in [0, 1]."""
        ycbcr = imresize(rgb_to_ycbcr(lr), self.scale)  # not rounded in between
        ycbcr[:, :1] = sharpen(self.network, self.luma_margin, ycbcr[:, :1])
        return ycbcr_to_rgb(ycbcr.clamp_(0, 1)).clamp_(0, 1)


@torch.inference_mode()
def sharpen(
    network: Network, margin: int, bicubic: torch.Tensor, strip: int = STRIP
) -> torch.Tensor:
    """A network's result on an image of any height, strip by strip: the same as in one go.

    Args:
        network: luma ``(1, 1, h + 2 margin, W + 2 margin)`` -> ``(1, 1, h, W)``.
        margin: pixels that the network needs around each.
        bicubic: luma ``(1, 1, H, W)`` in [0, 1]; its border is replicated.
        strip: rows at a time.
    """
    m = margin
    padded = functional.pad(bicubic, (m, m, m, m), mode="replicate")
    tops = range(0, bicubic.shape[2], strip)
    return torch.cat([network(padded[:, :, t : t + strip + 2 * m]) for t in tops], dim=2)


class InBfloat16:
    """SRCNN with bfloat16 products, about twice as fast where the processor has them.

    The last layer has one channel, of which a matrix product makes poor use. So its kernel is laid
    down ``TOGETHER`` times, each a pixel further right, as that many channels which are computed
    for every 16th pixel only. The input is added in float32, so that what is rounded to 8 bits of
    precision is the small difference alone: PSNR changes by some thousandths of a dB.

    Args:
        network: a residual SRCNN.
    """

    TOGETHER = 16

    def __init__(self, network: SRCNN) -> None:
        self.margin = network.margin
        layers = (network.extract, network.map, network.reconstruct)
        self.kernels = [_bfloat16(layer.weight) for layer in layers]
        self.biases = [_bfloat16(layer.bias) for layer in layers]
        self.kernels[2] = _side_by_side(self.kernels[2], self.TOGETHER)
        self.biases[2] = self.biases[2].repeat(self.TOGETHER)

    def __call__(self, luma: torch.Tensor) -> torch.Tensor:
        """float32 ``(1, 1, H + 2m, W + 2m)`` -> ``(1, 1, H, W)``, m being the margin."""
        features = luma.bfloat16()
        for kernel, bias in zip(self.kernels[:2], self.biases[:2], strict=True):
            features = functional.conv2d(features, kernel, bias).relu_()
        m, n = self.margin, self.TOGETHER
        centre = luma[..., m:-m, m:-m]
        height, width = centre.shape[2:]
        # To a whole number of groups, of which there are two: oneDNN's AMX errs in a single column.
        features = functional.pad(features, (0, max(-width % n, 2 * n - width)))
        groups = functional.conv2d(features, self.kernels[2], self.biases[2], stride=(1, n))
        difference = groups.permute(0, 2, 3, 1).reshape(1, 1, height, -1)[..., :width]
        return centre + difference


def _side_by_side(kernel: torch.Tensor, times: int) -> torch.Tensor:
    """Kernel ``(1, C, k, k)`` -> ``(times, C, k, k + times - 1)``, each one pixel further right."""
    _, channels, height, width = kernel.shape
    wide = kernel.new_zeros(times, channels, height, width + times - 1)
    for shift in range(times):
        wide[shift, :, :, shift : shift + width] = kernel[0]
    return wide.contiguous(memory_format=torch.channels_last)


def _bfloat16(values: torch.Tensor) -> torch.Tensor:
    layout = torch.channels_last if values.ndim == 4 else torch.contiguous_format
    return values.detach().bfloat16().contiguous(memory_format=layout)


def has_bfloat16() -> bool:
    """Whether the processor multiplies bfloat16 (AVX-512 BF16, AMX) rather than imitating it."""
    has = getattr(torch.cpu, "get_capabilities", dict)()  # not in every supported torch
    return bool(has.get("avx512_bf16") or has.get("amx_bf16"))
