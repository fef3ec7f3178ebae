"""How good is a network on the images that were held out?"""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import nn

from srlib.data.pairs import degrade
from srlib.images.metrics import Protocol, psnr
from srlib.images.reading import read_rgb
from srlib.images.values import centre_crop, to_tensor, to_uint8
from srlib.networks.vgg import VGGDistance
from srlib.training.validation import CROP


class Validation:
    """PSNR under the papers' protocol, and VGG-19's distance, on the centres of some images.

    Args:
        images: their files.
        scale: of the enlargement.
        distance: on the device.
        device: of the networks to come.
    """

    def __init__(
        self, images: Sequence[Path], scale: int, distance: VGGDistance, device: torch.device
    ) -> None:
        self.protocol, self.distance, self.device = Protocol.paper(scale), distance, device
        self.pairs = [degrade(centre_crop(read_rgb(path), CROP), scale) for path in images]

    @torch.no_grad()
    def __call__(self, network: nn.Module) -> tuple[float, float]:
        """Mean PSNR in dB and mean distance of its 8-bit results; NaN where it makes NaN."""
        was_training = network.training
        network.eval()
        scores = []
        for lr, hr in self.pairs:
            sr = network(to_tensor(lr).to(self.device)).float().clamp(0, 1)
            if not sr.isfinite().all():
                return math.nan, math.nan
            rounded = to_uint8(sr)
            seen = self.distance(*(to_tensor(each).to(self.device) for each in (rounded, hr)))
            scores.append((psnr(rounded, hr, self.protocol), float(seen)))
        network.train(was_training)
        return tuple(np.mean(scores, axis=0).tolist())
