"""How good is a network on images that it was not trained on?"""

import math
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import nn

from srlib.data.pairs import degrade
from srlib.errors import ArgumentError
from srlib.images import metrics
from srlib.images.metrics import Protocol, psnr
from srlib.images.reading import read_rgb
from srlib.images.resize import imresize
from srlib.images.values import centre_crop, rgb_to_luma, to_tensor, to_uint8
from srlib.networks import pretrained
from srlib.networks.colour import Bicubic, SRCNNInColour
from srlib.networks.srcnn import SRCNN
from srlib.training.images import CROP

Validate = Callable[[nn.Module], float]


def validation(images: Sequence[Path | np.ndarray], scale: int, channel: str = "RGB") -> Validate:
    """PSNR under the papers' protocol, on the centres of some images.

    Args:
        images: their files, or uint8 arrays ``(H, W, 3)``.
        scale: of the enlargement.
        channel: ``"RGB"`` for a network of LR RGB; ``"Y"`` for one of luma that bicubic
            interpolation has enlarged already, such as SRCNN.
    """
    if channel not in ("RGB", "Y"):
        raise ArgumentError(f"channel must be 'RGB' or 'Y', not {channel!r}")
    pairs = []
    for image in images:
        image = image if isinstance(image, np.ndarray) else read_rgb(image)
        lr, hr = degrade(centre_crop(image, CROP), scale)
        if channel == "Y":
            pairs.append((imresize(to_tensor(rgb_to_luma(lr)), scale), rgb_to_luma(hr)))
        else:
            pairs.append((to_tensor(lr), hr))
    return mean_psnr(pairs, Protocol.paper(scale))


def mean_psnr(pairs: Sequence[tuple[torch.Tensor, np.ndarray]], protocol: Protocol) -> Validate:
    """A validation: the mean PSNR in dB over pairs of a network's input and the truth.

    No image counts for more than 58.9 dB (:func:`srlib.images.metrics.mean_psnr`), so one of a
    single colour, which any network meets exactly, does not make the mean infinite.

    Args:
        pairs: float ``(1, C, h, w)`` in [0, 1], and the uint8 ``(H, W)`` or ``(H, W, 3)`` that
            it should become.
        protocol: what is compared.
    """
    if not pairs:
        raise ArgumentError("no images to validate on: give at least one pair")

    def validate(model: nn.Module) -> float:
        device = next((each.device for each in model.parameters()), None)
        scores = []
        for source, hr in pairs:
            sr = model(source if device is None else source.to(device)).float().clamp(0, 1)
            if not sr.isfinite().all():
                return math.nan
            scores.append(psnr(to_uint8(sr), hr, protocol))
        return metrics.mean_psnr(scores)

    return validate


@torch.no_grad()
def known_scores(
    validate: Validate, scale: int, channel: str, shipped: str, device: torch.device | str = "cpu"
) -> dict[str, float]:
    """What bicubic interpolation and a shipped network score in a validation, in dB.

    Args:
        validate: of :func:`validation`, with the same scale and channel.
        shipped: name of the network; where it is not shipped at that scale, SRCNN takes its place.
        device: to compute on.
    """
    name = shipped if scale in pretrained.SHIPPED[shipped] else "srcnn"
    network = pretrained.load(name, scale)
    if channel == "Y":
        bicubic = nn.Identity()
    else:
        bicubic = Bicubic(scale)
        network = SRCNNInColour(network, scale) if isinstance(network, SRCNN) else network
    found = {"bicubic": bicubic, f"srlib's {name}": network}
    return {each: validate(model.to(device)) for each, model in found.items()}
