"""The single accidents of a photograph on its way: blur, resizing, noise, JPEG.

Images are float32 ``(B, C, H, W)`` in [0, 1], C = 1 or 3, on any device. What is random is drawn on
the processor, so a generator's seed gives the same images on every device.
"""

import io
import math
from collections.abc import Sequence

import numpy as np
import torch
from PIL import Image
from torch.nn import functional as F  # noqa: N812 - its usual name

from srlib.errors import ArgumentError

KERNEL = 21  # pixels: side of the blur kernels, as in BSRGAN's and Real-ESRGAN's papers
RESIZERS = ("area", "bilinear", "bicubic")
_LUMA = (0.299, 0.587, 0.114)  # of R, G, B: what a grey grain is drawn for


def gaussian_kernels(
    across: torch.Tensor, along: torch.Tensor, angle: torch.Tensor, size: int = KERNEL
) -> torch.Tensor:
    """Gaussian blur kernels ``(B, size, size)``, each of sum 1.

    Args:
        across, along: ``(B,)`` standard deviations in pixels on the kernel's two axes, above 0.
        angle: ``(B,)`` in radians, from the first axis to the horizontal.
        size: odd; six standard deviations hold nearly all of a Gaussian.
    """
    rows, columns = _offsets(size)
    cosine, sine = angle.cos()[:, None, None], angle.sin()[:, None, None]
    u, v = cosine * columns + sine * rows, cosine * rows - sine * columns
    exponent = (u / across[:, None, None]) ** 2 + (v / along[:, None, None]) ** 2
    kernels = torch.exp(-exponent / 2)
    return kernels / kernels.sum((1, 2), keepdim=True)


def sinc_kernels(cutoff: torch.Tensor, size: int = KERNEL) -> torch.Tensor:
    """Ideal low-pass filters ``(B, size, size)``, cut off at the kernel's rim; they ring at edges.

    ``h(r) = c J1(c r) / (2 pi r)`` with ``J1`` Bessel's function (Real-ESRGAN, equation 6).

    Args:
        cutoff: ``(B,)`` the highest frequency that passes, in radians per pixel, at most pi.
    """
    rows, columns = _offsets(size)
    radius, cutoff = torch.hypot(rows, columns), cutoff[:, None, None]
    kernels = cutoff * torch.special.bessel_j1(cutoff * radius) / (2 * math.pi * radius)
    middle = size // 2
    kernels[:, middle, middle] = cutoff[:, 0, 0] ** 2 / (4 * math.pi)  # the limit at r = 0
    return kernels / kernels.sum((1, 2), keepdim=True)


def blur(images: torch.Tensor, kernels: torch.Tensor) -> torch.Tensor:
    """Each image convolved with a kernel of its own, ``(B, k, k)``; mirrored beyond the border."""
    count, channels, height, width = images.shape
    reach = kernels.shape[-1] // 2
    mode = "reflect" if reach < min(height, width) else "replicate"
    padded = F.pad(images, [reach] * 4, mode=mode)
    padded = padded.reshape(1, count * channels, height + 2 * reach, width + 2 * reach)
    weight = kernels.flip(1, 2).to(images).repeat_interleave(channels, 0)[:, None]
    return F.conv2d(padded, weight, groups=count * channels).reshape(images.shape)


def resize(images: torch.Tensor, size: tuple[int, int], resizer: str) -> torch.Tensor:
    """To ``(height, width)``, as programs do it: by area, bilinear or bicubic, with antialiasing.

    Raises:
        ArgumentError: for another resizer.
    """
    if resizer not in RESIZERS:
        raise ArgumentError(f"resizer must be one of {', '.join(RESIZERS)}, not {resizer!r}")
    if resizer == "area":
        return F.interpolate(images, size, mode="area")
    return F.interpolate(images, size, mode=resizer, antialias=True)


def gaussian_noise(
    images: torch.Tensor, sigma: torch.Tensor, grey: torch.Tensor, generator: torch.Generator
) -> torch.Tensor:
    """With noise of standard deviation ``sigma`` ``(B,)``, in grey levels of 255.

    Args:
        grey: ``(B,)`` whether an image's channels share one noise, as film grain does.
    """
    noise = _shared(torch.randn(images.shape, generator=generator), grey)
    return images + (noise * sigma[:, None, None, None] / 255).to(images)


def poisson_noise(
    images: torch.Tensor, photons: torch.Tensor, grey: torch.Tensor, generator: torch.Generator
) -> torch.Tensor:
    """As if white were ``photons`` ``(B,)`` counted particles: a value x has variance x / photons.

    Args:
        grey: ``(B,)`` whether the counting is of the luma, and shared by the channels.
    """
    count = photons[:, None, None, None]
    expected = images.cpu().clamp(0, 1)
    if images.shape[1] == 3:
        luma = (expected * torch.tensor(_LUMA)[:, None, None]).sum(1, keepdim=True)
        expected = torch.where(grey[:, None, None, None], luma, expected)
    noise = torch.poisson(expected * count, generator=generator) / count - expected
    return images + _shared(noise, grey).to(images)


def jpeg(
    images: torch.Tensor, quality: Sequence[int], corner: Sequence[tuple[int, int]] | None = None
) -> torch.Tensor:
    """Each image through a JPEG file of Pillow's, rounded to 8 bit before.

    Args:
        quality: of each, 1 to 95.
        corner: of each, how many rows and columns of its first 8x8 blocks lie outside of it; a
            picture that was cut after it was saved has its blocks anywhere.
    """
    corner = [(0, 0)] * len(images) if corner is None else corner
    levels = to_levels(images).mul(255).round().byte().permute(0, 2, 3, 1).cpu().numpy()
    decoded = [_through_jpeg(*each) for each in zip(levels, quality, corner, strict=True)]
    return torch.from_numpy(np.stack(decoded)).permute(0, 3, 1, 2).to(images).div(255)


def to_levels(images: torch.Tensor) -> torch.Tensor:
    """Clipped to [0, 1] and rounded (half up) to multiples of 1/255, as a file stores them."""
    return (images * 255 + 0.5).floor().clamp(0, 255) / 255


def _shared(noise: torch.Tensor, grey: torch.Tensor) -> torch.Tensor:
    """The noise of the first channel in all of them, where it is grey."""
    return torch.where(grey[:, None, None, None], noise[:, :1], noise)


def _through_jpeg(image: np.ndarray, quality: int, corner: tuple[int, int]) -> np.ndarray:
    """uint8 ``(H, W, C)`` back from a file, its blocks moved up and left by ``corner``."""
    down, across = corner
    padded = np.pad(image, ((down, 0), (across, 0), (0, 0)), mode="edge")
    file = io.BytesIO()
    Image.fromarray(padded.squeeze(2) if padded.shape[2] == 1 else padded).save(
        file, "JPEG", quality=quality
    )
    with Image.open(file) as decoded:
        return np.array(decoded).reshape(padded.shape)[down:, across:]


def _offsets(size: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Rows and columns of a kernel, 0 in the middle, ``(size, 1)`` and ``(1, size)``."""
    line = torch.arange(size, dtype=torch.float32) - size // 2
    return line[:, None], line[None]
