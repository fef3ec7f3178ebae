"""SRGAN's losses (Ledig et al., CVPR 2017, section 2.2), each a mean over the batch.

Adversarial losses take logits: with D = sigmoid(logit), -log D is softplus(-logit) and -log(1 - D)
is softplus(logit), which stay finite where D rounds to 0 or 1.
"""

from pathlib import Path

import torch
from torch import nn
from torch.nn import functional

from srlib.vgg import VGGDistance, VGGFeatures

FEATURE_SCALE = 1 / 12.75  # on the features, so about 0.006 on the loss
DISTANCE_SCALE = 0.05  # brings it to the size of the loss above
ADVERSARIAL_WEIGHT = 1e-3  # equation 3


class PerceptualLoss(nn.Module):
    """Mean squared error of VGG-19's features: equation 5, with features scaled by 1 / 12.75.

    The truth's features carry no gradient, VGG's weights do not learn.

    Args:
        layer: ``"relu2_2"`` (the paper's VGG22), ``"relu5_4"`` (its VGG54), or another.
        weights: ``"torchvision"`` or the path of a ``.safetensors`` file: see
            :class:`srlib.vgg.VGGFeatures`, which also lists the errors.
    """

    def __init__(self, layer: str = "relu2_2", weights: str | Path = "torchvision") -> None:
        super().__init__()
        self.vgg = VGGFeatures([layer], weights)

    def forward(self, sr: torch.Tensor, hr: torch.Tensor) -> torch.Tensor:
        """Two RGB ``(B, 3, H, W)`` in [0, 1] -> ``()``."""
        (seen,) = self.vgg(sr)
        with torch.no_grad():
            (wanted,) = self.vgg(hr)
        return functional.mse_loss(seen.float(), wanted.float()) * FEATURE_SCALE**2


class NormalisedPerceptualLoss(nn.Module):
    """Mean of :class:`srlib.vgg.VGGDistance` over the batch, times 0.05.

    A squared error of raw features is mostly that of the strongest edges. With features of length 1
    flat and textured places count as much, and a network learns from fewer steps. It is not in the
    paper; in this form it is LPIPS (Zhang et al., CVPR 2018) without its learned weights.

    Args:
        weights: as for :class:`PerceptualLoss`.
    """

    def __init__(self, weights: str | Path = "torchvision") -> None:
        super().__init__()
        self.distance = VGGDistance(weights)

    def forward(self, sr: torch.Tensor, hr: torch.Tensor) -> torch.Tensor:
        """Two RGB ``(B, 3, H, W)`` in [0, 1] -> ``()``."""
        return self.distance(sr, hr).mean() * DISTANCE_SCALE


def mesh_loss(sr: torch.Tensor, hr: torch.Tensor, period: int) -> torch.Tensor:
    """How strongly SR carries a pattern that repeats every ``period`` pixels and HR does not.

    A network that enlarges by sub-pixel convolutions makes the ``period ** 2`` pixels that come of
    one LR pixel with different kernels. Where one of them is brighter than its neighbours all over
    a place, a mesh is seen. Features of VGG-19 take a faint mesh for the grain of a photograph, so
    a loss that compares them brings it about; true detail has no reason to prefer a position.

    The error SR - HR is averaged by position, over windows of 8x8 periods; what is returned is the
    mean squared difference of these averages from that of all positions. This term is ours.

    Args:
        sr, hr: ``(B, C, H, W)``, H and W multiples of ``period``.
        period: the scale of the network.

    Returns:
        ``()``.

    >>> hr = torch.zeros(1, 1, 64, 64)
    >>> stripes = torch.tensor([0.1, -0.1]).repeat(32).expand(1, 1, 64, 64)
    >>> round(float(mesh_loss(hr + stripes, hr, 2)), 4)
    0.01
    """
    errors = functional.pixel_unshuffle(sr - hr, period)  # (B, C * period ** 2, h, w)
    window = min(8, *errors.shape[2:])
    averages = functional.avg_pool2d(errors, window, stride=max(1, window // 2))
    averages = averages.unflatten(1, (-1, period**2))  # (B, C, period ** 2, h', w')
    return (averages - averages.mean(dim=2, keepdim=True)).square().mean()


def discriminator_loss(real: torch.Tensor, fake: torch.Tensor) -> torch.Tensor:
    """-log D(real) - log(1 - D(fake)): equation 2, for the discriminator to minimise.

    Args:
        real, fake: logits of any one shape.

    >>> discriminator_loss(torch.zeros(4, 1), torch.zeros(4, 1))  # D = 1/2: 2 log 2
    tensor(1.3863)
    """
    return functional.softplus(-real).mean() + functional.softplus(fake).mean()


def minimax_loss(fake: torch.Tensor) -> torch.Tensor:
    """log(1 - D(fake)), for the generator to minimise: equation 2 as it stands.

    Its slope is -D, so it vanishes where the discriminator is sure, which is where learning begins.

    >>> minimax_loss(torch.zeros(4, 1))
    tensor(-0.6931)
    """
    return -functional.softplus(fake).mean()


def non_saturating_loss(fake: torch.Tensor) -> torch.Tensor:
    """-log D(fake), for the generator to minimise: equation 6, slope D - 1.

    >>> non_saturating_loss(torch.zeros(4, 1))
    tensor(0.6931)
    """
    return functional.softplus(-fake).mean()


def generator_loss(
    content: torch.Tensor, adversarial: torch.Tensor, weight: float = ADVERSARIAL_WEIGHT
) -> torch.Tensor:
    """What SRGAN's generator minimises: content + 0.001 adversarial, equation 3."""
    return content + weight * adversarial
