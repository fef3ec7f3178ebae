"""How good is a network on images that it was not trained on?"""

import math
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import nn

from srlib.data.pairs import degrade
from srlib.errors import ArgumentError
from srlib.images.metrics import Protocol, psnr
from srlib.images.reading import read_rgb
from srlib.images.resize import imresize
from srlib.images.values import centre_crop, rgb_to_luma, to_tensor, to_uint8

CROP = 384  # pixels: the centre of each image is enough

Validate = Callable[[nn.Module], float]


def validation(images: Sequence[Path], scale: int, channel: str = "RGB") -> Validate:
    """PSNR under the papers' protocol, on the centres of some images.

    Args:
        images: their files.
        scale: of the enlargement.
        channel: ``"RGB"`` for a network of LR RGB; ``"Y"`` for one of luma that bicubic
            interpolation has enlarged already, such as SRCNN.
    """
    if channel not in ("RGB", "Y"):
        raise ArgumentError(f"channel must be 'RGB' or 'Y', not {channel!r}")
    pairs = []
    for path in images:
        lr, hr = degrade(centre_crop(read_rgb(path), CROP), scale)
        if channel == "Y":
            pairs.append((imresize(to_tensor(rgb_to_luma(lr)), scale), rgb_to_luma(hr)))
        else:
            pairs.append((to_tensor(lr), hr))
    return mean_psnr(pairs, Protocol.paper(scale))


def mean_psnr(pairs: Sequence[tuple[torch.Tensor, np.ndarray]], protocol: Protocol) -> Validate:
    """A validation: the mean PSNR in dB over pairs of a network's input and the truth.

    Args:
        pairs: float ``(1, C, h, w)`` in [0, 1], and the uint8 ``(H, W)`` or ``(H, W, 3)`` that
            it should become.
        protocol: what is compared.
    """
    if not pairs:
        raise ArgumentError("no images to validate on: give at least one pair")

    def validate(model: nn.Module) -> float:
        device = next(model.parameters()).device
        scores = []
        for source, hr in pairs:
            sr = model(source.to(device)).float().clamp(0, 1)
            if not sr.isfinite().all():
                return math.nan
            scores.append(psnr(to_uint8(sr), hr, protocol))
        return float(np.mean(scores))

    return validate
