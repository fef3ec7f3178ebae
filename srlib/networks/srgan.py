"""SRResNet, which is SRGAN's generator, and SRGAN's discriminator.

Ledig, Theis, Huszár, Caballero, Cunningham, Acosta, Aitken, Tejani, Totz, Wang, Shi,
"Photo-Realistic Single Image Super-Resolution Using a Generative Adversarial Network", CVPR 2017,
section 2.1 and figure 4.
"""

import math

import torch
from torch import nn

from srlib.errors import ArgumentError

SCALES = (2, 4)


class SRResNet(nn.Module):
    """From a low-resolution RGB image to a large one; nearly all work is done at the small size.

    With the paper's 16 blocks and 64 channels it has 1,549,462 parameters at x4.

    What differs from the paper:

    - Images are RGB in [0, 1] on both sides, and nothing squashes the output. Clamp it before it is
      saved, never before the loss, since a clamped pixel has no gradient.
    - Sub-pixel convolutions begin as nearest-neighbour enlargement (:func:`icnr`), without the
      checkerboard that independent random filters lay over the first images.
    - Each block begins as the identity: its second BatchNorm has weight 0 (Goyal et al., "Accurate,
      Large Minibatch SGD", 2017, section 5.1). It trains in fewer steps.

    Args:
        scale: 2 or 4.
        blocks: residual blocks.
        channels: of the features between all layers.

    >>> SRResNet(scale=2, blocks=1, channels=8).eval()(torch.zeros(1, 3, 12, 10)).shape
    torch.Size([1, 3, 24, 20])
    """

    def __init__(self, scale: int = 4, blocks: int = 16, channels: int = 64) -> None:
        super().__init__()
        if scale not in SCALES:
            raise ArgumentError(f"SRResNet enlarges by 2 or 4, not {scale!r}")
        if blocks < 1 or channels < 1:
            raise ArgumentError(
                f"blocks and channels must be at least 1, not {blocks!r} and {channels!r}"
            )
        self.scale, self.blocks, self.channels = scale, blocks, channels
        self.head = nn.Sequential(nn.Conv2d(3, channels, 9, padding=4), nn.PReLU())
        self.body = nn.Sequential(
            *(ResidualBlock(channels) for _ in range(blocks)),
            nn.Conv2d(channels, channels, 3, padding=1),
            nn.BatchNorm2d(channels),
        )
        self.upscale = nn.Sequential(*(SubPixel(channels) for _ in range(int(math.log2(scale)))))
        self.tail = nn.Conv2d(channels, 3, 9, padding=4)

    @property
    def margin(self) -> int:
        """How many LR pixels on each side an output pixel depends on; 40 for 16 blocks at x4."""
        upscaled = sum(1 / 2**stage for stage in range(len(self.upscale)))
        return math.ceil(4 + 2 * self.blocks + 1 + upscaled + 4 / self.scale)

    def forward(self, lr: torch.Tensor) -> torch.Tensor:
        """RGB ``(B, 3, h, w)`` in [0, 1] -> ``(B, 3, h * scale, w * scale)``.

        Raises:
            ValueError: for another kind of tensor.
        """
        if lr.ndim != 4 or lr.shape[1] != 3 or not lr.is_floating_point():
            raise ArgumentError(
                "SRResNet takes RGB as a float tensor (B, 3, h, w) in [0, 1], not "
                f"{lr.dtype} of shape {tuple(lr.shape)}: srlib.to_tensor makes it from 8 bit"
            )
        features = self.head(lr)  # (B, C, h, w)
        features = features + self.body(features)  # the long skip
        return self.tail(self.upscale(features))  # (B, 3, h * scale, w * scale)


class ResidualBlock(nn.Module):
    """Two convolutions that compute what is to be added to their input, ``(B, C, h, w)``."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.residual = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=1),
            nn.BatchNorm2d(channels),
            nn.PReLU(),
            nn.Conv2d(channels, channels, 3, padding=1),
            nn.BatchNorm2d(channels),
        )
        nn.init.zeros_(self.residual[-1].weight)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return features + self.residual(features)


class SubPixel(nn.Module):
    """A convolution that computes four values for each pixel, laid out as 2x2 pixels.

    ``(B, C, h, w)`` -> ``(B, C, 2h, 2w)`` (Shi et al., CVPR 2016).
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, 4 * channels, 3, padding=1)  # -> (B, 4C, h, w)
        self.shuffle = nn.PixelShuffle(2)  # -> (B, C, 2h, 2w)
        self.act = nn.PReLU()
        icnr(self.conv.weight, factor=2)
        nn.init.zeros_(self.conv.bias)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return self.act(self.shuffle(self.conv(features)))


@torch.no_grad()
def icnr(weight: torch.Tensor, factor: int) -> None:
    """Give the kernels that make one output plane's ``factor ** 2`` sub-pixels the same values.

    A sub-pixel convolution then begins as a convolution followed by nearest-neighbour enlargement
    (Aitken et al., "Checkerboard artifact free sub-pixel convolution", 2017).

    Args:
        weight: ``(C * factor ** 2, C_in, k, k)`` of the convolution before the shuffle; changed in
            place.
        factor: of the enlargement.

    Raises:
        ValueError: when the number of kernels is no multiple of ``factor ** 2``.
    """
    if weight.shape[0] % factor**2:
        raise ArgumentError(
            f"{weight.shape[0]} kernels cannot make the sub-pixels of a {factor}x{factor} shuffle: "
            f"their number must be a multiple of {factor**2}"
        )
    one_each = torch.empty_like(weight[:: factor**2])
    nn.init.kaiming_normal_(one_each, nonlinearity="relu")
    weight.copy_(one_each.repeat_interleave(factor**2, dim=0))


class Discriminator(nn.Module):
    """How real an image looks: a logit, of which the sigmoid is the probability of being real.

    Eight convolutions that double the features whenever they halve the size, then two dense layers.
    For 96x96 pixels and 64 channels it has 23,565,505 parameters. The paper's last layer is a
    sigmoid; here it is part of the loss, where its logarithm cannot become that of 0.

    Args:
        size: side of the images in pixels, a multiple of 16: the dense layer has to know.
        channels: of the first layer, 64 in the paper.
        dense: width of the first dense layer, 1024 in the paper.

    >>> Discriminator(size=32, channels=4, dense=16)(torch.zeros(2, 3, 32, 32)).shape
    torch.Size([2, 1])
    """

    def __init__(self, size: int = 96, channels: int = 64, dense: int = 1024) -> None:
        super().__init__()
        if size < 16 or size % 16:
            raise ArgumentError(f"size must be a multiple of 16 pixels, not {size!r}")
        if channels < 1 or dense < 1:
            raise ArgumentError(
                f"channels and dense must be at least 1, not {channels!r} and {dense!r}"
            )
        self.size = size
        layers = [nn.Conv2d(3, channels, 3, padding=1), nn.LeakyReLU(0.2)]
        into = channels
        for factor, stride in ((1, 2), (2, 1), (2, 2), (4, 1), (4, 2), (8, 1), (8, 2)):
            out = channels * factor
            layers += [
                nn.Conv2d(into, out, 3, stride=stride, padding=1),
                nn.BatchNorm2d(out),
                nn.LeakyReLU(0.2),
            ]
            into = out
        self.features = nn.Sequential(*layers)  # -> (B, 8 channels, size / 16, size / 16)
        self.judge = nn.Sequential(
            nn.Flatten(),
            nn.Linear(into * (size // 16) ** 2, dense),
            nn.LeakyReLU(0.2),
            nn.Linear(dense, 1),
        )

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """RGB ``(B, 3, size, size)`` in [0, 1] -> logits ``(B, 1)``.

        Raises:
            ValueError: for another kind of tensor.
        """
        wanted = (3, self.size, self.size)
        if image.ndim != 4 or tuple(image.shape[1:]) != wanted or not image.is_floating_point():
            raise ArgumentError(
                f"this discriminator takes a float tensor (B, {', '.join(map(str, wanted))}) in "
                f"[0, 1], not {image.dtype} of shape {tuple(image.shape)}: its dense layer is made "
                "for one size"
            )
        return self.judge(self.features(image))


def freeze_statistics(network: nn.Module) -> None:
    """Let BatchNorm keep the mean and variance of its pretraining, in training as in use.

    A pretrained network has settled on them. With those of each batch, its running statistics trail
    behind weights that move, and the averaged weights are used with statistics that are not theirs.
    """
    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.eval()
