"""Losses of pixels, of features and of a game, each a mean over the batch.

SRGAN's are those of Ledig et al., CVPR 2017, section 2.2.

Adversarial losses take logits: with D = sigmoid(logit), -log D is softplus(-logit) and -log(1 - D)
is softplus(logit), which stay finite where D rounds to 0 or 1.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from accelerate import Accelerator
from torch import nn
from torch.nn import functional

from srlib.images.values import shave
from srlib.networks.vgg import VGGDistance, VGGFeatures
from srlib.networks.weights import digest_of

Content = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]  # (SR, HR) -> ()

FEATURE_SCALE = 1 / 12.75  # on the features, so about 0.006 on the loss
DISTANCE_SCALE = 0.05  # brings it to the size of the loss above
ADVERSARIAL_WEIGHT = 1e-3  # equation 3


def pixel_mse(model: nn.Module, lr: torch.Tensor, hr: torch.Tensor) -> torch.Tensor:
    """Mean squared error over all pixels and colours -> ``()``."""
    return functional.mse_loss(model(lr).float(), hr)


def pixel_l1(model: nn.Module, lr: torch.Tensor, hr: torch.Tensor) -> torch.Tensor:
    """Mean absolute error over all pixels and colours -> ``()``."""
    return functional.l1_loss(model(lr).float(), hr)


def centre_mse(model: nn.Module, bicubic: torch.Tensor, hr: torch.Tensor) -> torch.Tensor:
    """Mean squared error where the network sees no border: two ``(B, 1, H, W)`` -> ``()``."""
    sr = model(bicubic.contiguous(memory_format=torch.channels_last), pad=False)
    margin = (hr.shape[-1] - sr.shape[-1]) // 2
    return torch.mean((sr.float() - shave(hr, margin)) ** 2)


def centre_rmse(model: nn.Module, bicubic: torch.Tensor, hr: torch.Tensor) -> torch.Tensor:
    """As :func:`centre_mse`, but the mean of each patch's root mean squared error.

    The mean PSNR over images counts an error in a smooth image for more than the same error in a
    textured one; so does this, halfway between MSE and the logarithm.
    """
    sr = model(bicubic.contiguous(memory_format=torch.channels_last), pad=False)
    margin = (hr.shape[-1] - sr.shape[-1]) // 2
    mse = torch.mean((sr.float() - shave(hr, margin)) ** 2, dim=(1, 2, 3))  # (B,)
    return torch.mean((mse + 1e-6).sqrt())  # no infinite slope at 0


class PerceptualLoss(nn.Module):
    """Mean squared error of VGG-19's features: equation 5, with features scaled by 1 / 12.75.

    The truth's features carry no gradient, VGG's weights do not learn.

    Args:
        layer: ``"relu2_2"`` (the paper's VGG22), ``"relu5_4"`` (its VGG54), or another.
        weights: ``"torchvision"`` or the path of a ``.safetensors`` file: see
            :class:`srlib.networks.vgg.VGGFeatures`, which also lists the errors.
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
    """Mean of :class:`srlib.networks.vgg.VGGDistance` over the batch, times 0.05.

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


@dataclass(frozen=True)
class ContentLoss:
    """A content loss, and which weights of VGG-19 it asks.

    Attributes:
        function: (SR, HR), each RGB ``(B, 3, H, W)`` in [0, 1] -> ``()``.
        vgg_sha256: of the weights of the layers it uses.
    """

    function: Content
    vgg_sha256: str

    def __call__(self, sr: torch.Tensor, hr: torch.Tensor) -> torch.Tensor:
        return self.function(sr, hr)


def content_loss(
    name: str,
    vgg: str | Path,
    accelerator: Accelerator,
    *,
    scale: int,
    mesh: float = 0.0,
    pixels: float = 0.0,
) -> ContentLoss:
    """A content loss and what keeps it in place, on the accelerator's device and in its precision.

    Args:
        name: a layer of VGG-19, such as ``"relu2_2"``, or ``"normalised"``.
        vgg: its weights, as for :class:`PerceptualLoss`.
        accelerator: its main process goes first, as it may have to download them.
        scale: of the network that is trained.
        mesh: weight of :func:`mesh_loss`.
        pixels: weight of the mean absolute error.
    """
    with accelerator.main_process_first():
        loss = NormalisedPerceptualLoss(vgg) if name == "normalised" else PerceptualLoss(name, vgg)
    digest = digest_of(loss)
    loss.to(accelerator.device, memory_format=torch.channels_last)
    function = with_anchors(in_precision_of(accelerator, loss), mesh, pixels, scale)
    return ContentLoss(function, digest)


def with_anchors(content: Content, mesh: float, pixels: float, scale: int) -> Content:
    """The content loss, ``mesh`` times the mesh of SR, ``pixels`` times the mean absolute error."""

    def loss(sr: torch.Tensor, hr: torch.Tensor) -> torch.Tensor:
        anchors = mesh * mesh_loss(sr, hr, scale) + pixels * functional.l1_loss(sr, hr)
        return content(sr, hr) + anchors

    return loss if mesh or pixels else content


def in_precision_of(accelerator: Accelerator, content: nn.Module) -> Content:
    """The content loss, its network in the accelerator's precision as the trained ones are."""

    def loss(sr: torch.Tensor, hr: torch.Tensor) -> torch.Tensor:
        with accelerator.autocast():
            return content(sr, hr)

    return loss
