"""What happens to a photograph before one gets it: blur, resizing, noise, JPEG, in rounds.

A network that was trained on exactly shrunk images takes noise for texture and the blocks of JPEG
for edges. These are the accidents to train it against, drawn anew for each patch: BSRGAN (Zhang,
Liang, Van Gool, Timofte, "Designing a Practical Degradation Model for Deep Blind Image
Super-Resolution", ICCV 2021) draws the order of the steps too; Real-ESRGAN (Wang, Xie, Dong, Shan,
"Real-ESRGAN: Training Real-World Blind Super-Resolution with Pure Synthetic Data", ICCV workshops
2021) goes through them twice and adds the ringing of sharpened images.

All that is random is drawn on the processor from one generator, so a seed and a step give the same
images on every device. The single steps are in :mod:`srlib.data.accidents`.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from srlib.data.accidents import (
    RESIZERS,
    blur,
    gaussian_kernels,
    gaussian_noise,
    jpeg,
    poisson_noise,
    resize,
    sinc_kernels,
    to_levels,
)
from srlib.errors import ArgumentError
from srlib.images.resize import imresize

Range = tuple[float, float]  # lowest and highest, drawn evenly between


@dataclass(frozen=True, kw_only=True)
class Round:
    """One way through camera, program and file, in ranges to draw from.

    Attributes:
        blur: standard deviation in pixels of the image that enters; None for no blur.
        round_blur: chance that both axes have the same.
        ringing: chance of a low-pass filter with ringing instead of the Gaussian.
        size: of what leaves, over what entered; None in the last round, which leaves the LR size.
        resizers: of which one is drawn.
        gaussian: standard deviation in grey levels; None for no such noise.
        poisson: particles that white stands for; None for no such noise. With both, one is drawn.
        grey: chance that the noise is the same in all channels.
        quality: of JPEG; None for no file.
        chance: that each of blur, noise and file happens at all.
    """

    blur: Range | None = None
    round_blur: float = 0.5
    ringing: float = 0.0
    size: Range | None = None
    resizers: tuple[str, ...] = RESIZERS
    gaussian: Range | None = None
    poisson: Range | None = None
    grey: float = 0.4
    quality: tuple[int, int] | None = None
    chance: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Degradation:
    """HR patches -> the LR patches that somebody may be given, through one round or more.

    ``BSRGAN`` shuffles the steps of a round, ``REAL_ESRGAN`` goes through two; ``PHONE``, ``SCAN``
    and ``VIDEO`` are three narrow ones, to measure with.

    Attributes:
        rounds: one after the other; the last one leaves the LR size.
        shuffle: whether the steps of a round come in an order drawn for each batch, the file last.
        clean: share of the patches that are only shrunk, by MATLAB's ``imresize``.
    """

    rounds: tuple[Round, ...]
    shuffle: bool = False
    clean: float = 0.0

    def __call__(self, hr: torch.Tensor, scale: int, seed: int, step: int = 0) -> torch.Tensor:
        """``(B, C, H, W)`` -> ``(B, C, H / scale, W / scale)`` in 8-bit levels.

        Raises:
            ArgumentError: for sides that are no multiples of ``scale``, or another kind of tensor.
        """
        if hr.ndim != 4 or hr.shape[1] not in (1, 3) or hr.shape[2] % scale or hr.shape[3] % scale:
            raise ArgumentError(
                f"expected a batch (B, 1 or 3, H, W) with sides that are multiples of {scale}, "
                f"not a tensor of shape {tuple(hr.shape)}"
            )
        draw = Draw(len(hr), np.random.SeedSequence([seed, step]).generate_state(1, np.uint64)[0])
        target = hr.shape[2] // scale, hr.shape[3] // scale
        images = hr
        for each in self.rounds:
            images = _through(images, each, target, draw, self.shuffle)
        lr = to_levels(images)
        if not self.clean:
            return lr
        shrunk = to_levels(imresize(hr, 1 / scale))
        return torch.where(draw.chance(self.clean).to(hr.device)[:, None, None, None], shrunk, lr)


class Draw:
    """What is random about a batch of ``count`` images, all from one seed."""

    def __init__(self, count: int, seed: int) -> None:
        self.count, self.generator = count, torch.Generator().manual_seed(int(seed) % 2**63)

    def between(self, limits: Range) -> torch.Tensor:
        """``(B,)`` float32, evenly between the limits."""
        low, high = limits
        return low + (high - low) * torch.rand(self.count, generator=self.generator)

    def chance(self, share: float) -> torch.Tensor:
        """``(B,)`` bool, each True with that chance."""
        return torch.rand(self.count, generator=self.generator) < share

    def below(self, end: int, count: int | None = None) -> list[int]:
        """Whole numbers from 0, as many as there are images or as are asked for."""
        size = (self.count if count is None else count,)
        return torch.randint(end, size, generator=self.generator).tolist()


def _through(
    images: torch.Tensor, each: Round, target: tuple[int, int], draw: Draw, shuffle: bool
) -> torch.Tensor:
    """One round: blur, resize, noise, in that order unless it is drawn; then the file."""
    size = target
    if each.size is not None:
        low, high = each.size
        factor = low + (high - low) * float(torch.rand(1, generator=draw.generator))
        size = tuple(max(8, round(side * factor)) for side in images.shape[2:])
    resizer = each.resizers[draw.below(len(each.resizers), 1)[0]]
    steps: list[Callable[[torch.Tensor], torch.Tensor]] = [
        lambda images: _maybe(images, _blurred(images, each, draw), each, draw),
        lambda images: resize(images, size, resizer),
        lambda images: _maybe(images, _noisy(images, each, draw), each, draw),
    ]
    order = torch.randperm(3, generator=draw.generator).tolist() if shuffle else range(3)
    for index in order:
        images = steps[index](images)
    if each.quality is None:
        return images
    low, high = each.quality
    quality = [low + drawn for drawn in draw.below(high - low + 1)]
    corner = list(zip(draw.below(8), draw.below(8), strict=True))
    return _maybe(images, jpeg(images, quality, corner), each, draw)


def _maybe(before: torch.Tensor, after: torch.Tensor, each: Round, draw: Draw) -> torch.Tensor:
    """Each image after the step, with the round's chance; as it was otherwise."""
    if each.chance >= 1:
        return after
    return torch.where(
        draw.chance(each.chance).to(before.device)[:, None, None, None], after, before
    )


def _blurred(images: torch.Tensor, each: Round, draw: Draw) -> torch.Tensor:
    if each.blur is None:
        return images
    across, along = draw.between(each.blur), draw.between(each.blur)
    along = torch.where(draw.chance(each.round_blur), across, along)
    kernels = gaussian_kernels(across, along, draw.between((0, math.pi)))
    if each.ringing:
        ringing = sinc_kernels(draw.between((math.pi / 3, math.pi)))
        kernels = torch.where(draw.chance(each.ringing)[:, None, None], ringing, kernels)
    return blur(images, kernels)


def _noisy(images: torch.Tensor, each: Round, draw: Draw) -> torch.Tensor:
    grey = draw.chance(each.grey)
    noisy = [
        make(images, draw.between(limits), grey, draw.generator)
        for make, limits in ((gaussian_noise, each.gaussian), (poisson_noise, each.poisson))
        if limits is not None
    ]
    if not noisy:
        return images
    if len(noisy) == 1:
        return noisy[0].clamp(0, 1)
    first = draw.chance(0.5).to(images.device)[:, None, None, None]
    return torch.where(first, *noisy).clamp(0, 1)


# --------------------------------------------------------------------------------- what does happen

BSRGAN = Degradation(
    rounds=(
        Round(blur=(0.2, 2.4), size=(0.5, 1.0), gaussian=(0, 12), quality=(50, 95), chance=0.7),
        Round(blur=(0.2, 1.6), gaussian=(0, 10), poisson=(200, 2000), quality=(40, 95)),
    ),
    shuffle=True,
)
REAL_ESRGAN = Degradation(
    rounds=(
        Round(
            blur=(0.2, 2.5),
            ringing=0.1,
            size=(0.4, 1.2),
            gaussian=(0, 12),
            poisson=(200, 3000),
            quality=(45, 95),
            chance=0.8,
        ),
        Round(
            blur=(0.2, 1.2),
            ringing=0.1,
            gaussian=(0, 10),
            poisson=(200, 3000),
            quality=(40, 95),
            chance=0.8,
        ),
    ),
)

# To measure with; written down before any network was trained against the two above.
PHONE = Degradation(
    rounds=(Round(resizers=("bicubic",), gaussian=(3, 3), grey=0, quality=(60, 85)),)
)
SCAN = Degradation(
    rounds=(
        Round(
            blur=(1.5, 2.5),
            round_blur=1,
            resizers=("area",),
            gaussian=(5, 8),
            grey=1,
            quality=(85, 95),
        ),
    )
)
VIDEO = Degradation(
    rounds=(
        Round(
            blur=(0.8, 2.5),
            round_blur=0,
            size=(0.5, 0.5),
            resizers=("bilinear",),
            gaussian=(2, 4),
            quality=(30, 50),
        ),
        Round(resizers=("area", "bicubic"), quality=(50, 70)),
    )
)
