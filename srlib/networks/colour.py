"""Networks as they are used alone: RGB of an LR image in, RGB of the large one out.

All is made of convolutions, so that it can be exported for images of any size.
"""

from collections.abc import Callable

import torch
from torch import nn
from torch.nn import functional

from srlib.images.kernels import KERNELS, unbounded_weights
from srlib.images.values import rgb_to_ycbcr, ycbcr_to_rgb
from srlib.networks.srcnn import SRCNN


class Bicubic(nn.Module):
    """Bicubic enlargement by a whole factor, as :func:`srlib.images.resize.imresize` of floats.

    At a whole factor the weights repeat from pixel to pixel. So each of the ``scale ** 2`` pixels
    that come of one is a convolution of its neighbourhood, and a shuffle lays them side by side.

    Args:
        scale: 2, 3, 4, ...

    >>> Bicubic(3)(torch.zeros(1, 3, 5, 4)).shape
    torch.Size([1, 3, 15, 12])
    """

    REACH = 2  # LR pixels on each side that a pixel depends on

    def __init__(self, scale: int) -> None:
        super().__init__()
        self.scale = scale
        indices, weights = unbounded_weights(scale, scale, KERNELS["cubic"], True)
        taps = torch.zeros(scale, 2 * self.REACH + 1, dtype=torch.float64)
        taps.scatter_(1, torch.from_numpy(indices) + self.REACH, torch.from_numpy(weights))
        kernels = torch.einsum("ia,jb->ijab", taps, taps).flatten(0, 1)  # (scale ** 2, 5, 5)
        self.register_buffer("kernels", kernels[:, None].float(), persistent=False)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """``(B, C, h, w)`` -> ``(B, C, h * scale, w * scale)``; sides of 2 pixels or more."""
        channels = image.shape[1]
        kernels = self.kernels.repeat(channels, 1, 1, 1)
        large = functional.conv2d(_mirrored(image), kernels, groups=channels)
        return functional.pixel_shuffle(large, self.scale)


def _mirrored(image: torch.Tensor) -> torch.Tensor:
    """Two more pixels on each side: the mirror image, the edge pixel included."""
    for axis in (2, 3):
        first, second = image.narrow(axis, 0, 1), image.narrow(axis, 1, 1)
        last, before = (_from_end(image, axis, position) for position in (1, 2))
        image = torch.cat([second, first, image, last, before], dim=axis)
    return image


def _from_end(image: torch.Tensor, axis: int, position: int) -> torch.Tensor:
    size = image.shape[axis]
    return image.narrow(axis, size - position, 1)


class Recoloured(nn.Module):
    """Another colour space at each pixel, as a convolution of one pixel.

    Args:
        recolour: tensors ``(B, 3, h, w)`` in [0, 1] -> the same shape, ``matrix @ colour + offset``
            at each pixel.
    """

    def __init__(self, recolour: Callable[[torch.Tensor], torch.Tensor]) -> None:
        super().__init__()
        offset = recolour(torch.zeros(1, 3, 1, 1, dtype=torch.float64)).flatten()
        units = recolour(torch.eye(3, dtype=torch.float64)[:, :, None, None])  # one colour each
        matrix = (units[:, :, 0, 0] - offset).T
        self.register_buffer("matrix", matrix[:, :, None, None].float(), persistent=False)
        self.register_buffer("offset", offset.float(), persistent=False)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return functional.conv2d(image, self.matrix, self.offset)


class SRCNNInColour(nn.Module):
    """SRCNN on RGB: bicubic enlargement, luma through the network, colour as it is.

    Args:
        network: for the luma of an image that was enlarged by ``scale``.
        scale: 2, 3 or 4.
    """

    def __init__(self, network: SRCNN, scale: int) -> None:
        super().__init__()
        self.scale, self.bicubic, self.network = scale, Bicubic(scale), network
        self.to_ycbcr, self.to_rgb = Recoloured(rgb_to_ycbcr), Recoloured(ycbcr_to_rgb)

    def forward(self, lr: torch.Tensor) -> torch.Tensor:
        """RGB ``(B, 3, h, w)`` in [0, 1] -> ``(B, 3, h * scale, w * scale)``, likewise."""
        ycbcr = self.bicubic(self.to_ycbcr(lr))
        luma = self.network(ycbcr[:, :1])
        return self.to_rgb(torch.cat([luma, ycbcr[:, 1:]], dim=1).clamp(0, 1)).clamp(0, 1)
