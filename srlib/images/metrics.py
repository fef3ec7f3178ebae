"""How close is a super-resolved image to the truth, and under which protocol was that measured?

A PSNR without its protocol means little: the same pair of images scores 2 dB apart on RGB and on
luma. So every score here carries the :class:`Protocol` it was taken under and prints it.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from scipy.fft import dctn
from skimage.metrics import structural_similarity

from srlib.errors import ArgumentError, MetricUnavailable
from srlib.images.values import rgb_to_luma, shave, to_uint8

PEAK = 255.0
WINDOW = 11  # pixels: side of SSIM's windows
HIGHEST_PSNR = 20 * math.log10(PEAK) + 10 * math.log10(12)  # dB: 58.9, see mean_psnr

Image = np.ndarray | torch.Tensor


@dataclass(frozen=True)
class Protocol:
    """What is compared: which plane of the image, without how much of its border.

    Attributes:
        channel: ``"Y"``, the luma of BT.601, or ``"RGB"``, all three planes together.
        border: pixels left out on each side, where a method has no full neighbourhood.
        range: of the luma, ``"studio"`` (black 16, white 235, as MATLAB's ``rgb2ycbcr``) or
            ``"full"`` (0 to 255, as JPEG). Studio range shrinks every difference by 219/255, which
            alone adds 20 log10(255/219) = 1.32 dB. Without meaning for ``"RGB"``.
        rounded: luma is rounded to 8 bit before it is compared, as MATLAB does.

    The peak is 255 whatever the range, as in the papers.

    >>> print(Protocol.paper(scale=4))
    Y, border 4
    >>> print(Protocol(range="full", rounded=False))
    Y full range unrounded, border 0
    """

    channel: Literal["Y", "RGB"] = "Y"
    border: int = 0
    range: Literal["studio", "full"] = "studio"
    rounded: bool = True

    def __post_init__(self) -> None:
        if self.channel not in ("Y", "RGB"):
            raise ArgumentError(f"channel must be 'Y' or 'RGB', not {self.channel!r}")
        if self.range not in ("studio", "full"):
            raise ArgumentError(f"range must be 'studio' or 'full', not {self.range!r}")
        if not isinstance(self.border, int) or self.border < 0:
            raise ArgumentError(
                f"border must be a whole number of pixels >= 0, not {self.border!r}"
            )

    @classmethod
    def paper(cls, scale: int) -> "Protocol":
        """The protocol of SRCNN's, SRGAN's and nearly every other table: Y, ``scale`` pixels off.

        Source: the evaluation code of Timofte et al. (A+, ACCV 2014), which SRCNN's follows.
        """
        return cls(channel="Y", border=scale)

    def __str__(self) -> str:
        plane = self.channel
        if self.channel == "Y":
            plane += " full range" * (self.range == "full") + " unrounded" * (not self.rounded)
        return f"{plane}, border {self.border}"

    def plane(self, image: np.ndarray) -> np.ndarray:
        """uint8 ``(H, W[, 3])`` -> float64 ``(h, w)`` or ``(h, w, 3)`` on 0..255, border shaved.

        A grey image ``(H, W)`` is its own luma.
        """
        if self.channel == "RGB" or image.ndim == 2:
            plane = image.astype(np.float64)
        elif self.range == "full":
            plane = image @ np.array([0.299, 0.587, 0.114])
        else:
            plane = rgb_to_luma(image.astype(np.float64))
        if self.channel == "Y" and self.rounded:
            plane = np.floor(plane + 0.5)
        return shave(plane, self.border)


class Score(float):
    """A number that remembers its unit and its protocol.

    >>> score = Score(28.417, "dB", Protocol.paper(4))
    >>> print(score)
    28.42 dB (Y, border 4)
    >>> f"{score:.1f}"
    '28.4'
    """

    unit: str
    protocol: Protocol

    def __new__(cls, value: float, unit: str, protocol: Protocol) -> "Score":
        score = super().__new__(cls, value)
        score.unit, score.protocol = unit, protocol
        return score

    def __getnewargs__(self) -> tuple[float, str, Protocol]:
        return float(self), self.unit, self.protocol

    def __str__(self) -> str:
        number = f"{float(self):.2f} {self.unit}" if self.unit else f"{float(self):.4f}"
        return f"{number} ({self.protocol})"

    __repr__ = __str__


def psnr(sr: Image, hr: Image, protocol: Protocol | None = None) -> Score:
    """Peak signal-to-noise ratio, 10 log10(255^2 / MSE), in dB; infinite for equal images.

    Args:
        sr, hr: two images of one shape, either uint8 ``(H, W)`` or ``(H, W, 3)``, or float tensors
            ``(1, C, H, W)`` in [0, 1], which are rounded to 8 bit first, as a saved file would be.
        protocol: what is compared; by default luma without a border. ``Protocol.paper(scale)``
            is what published tables use.

    Raises:
        ArgumentError: shapes that differ, another type, or a border that leaves nothing.
        ImageError: a tensor with values out of range.

    >>> grey = np.full((8, 8), 100, np.uint8)
    >>> print(psnr(grey + np.uint8(1), grey))  # MSE 1: 20 log10(255)
    48.13 dB (Y, border 0)
    """
    protocol = protocol or Protocol()
    a, b = _planes(sr, hr, protocol)
    mse = np.mean((a - b) ** 2)
    value = 10 * np.log10(PEAK**2 / mse) if mse > 0 else np.inf
    return Score(value, "dB", protocol)


def mean_psnr(values: Iterable[float]) -> float:
    """The mean of PSNR over images, in dB, which no single image can make infinite.

    A method meets an image of one colour exactly, and its PSNR there is infinite. In the mean no
    image counts for more than 58.9 dB: the truth is rounded to 8 bit itself, which alone leaves a
    mean squared error of 1/12 to what was before, so a higher PSNR says nothing more.

    >>> round(mean_psnr([30.0, float("inf")]), 2)
    44.46
    """
    return float(np.mean([min(value, HIGHEST_PSNR) for value in values]))


def ssim(sr: Image, hr: Image, protocol: Protocol | None = None) -> Score:
    """Structural similarity, at most 1, averaged over all full 11x11 windows.

    Gaussian window with sigma 1.5, K1 = 0.01, K2 = 0.03, no padding, as in the authors' MATLAB
    code (Wang, Bovik, Sheikh, Simoncelli, IEEE TIP 2004). For RGB the mean of the three planes.
    scikit-image computes it.

    Args and errors: as :func:`psnr`; what the border leaves must be at least 11x11.
    """
    protocol = protocol or Protocol()
    a, b = _planes(sr, hr, protocol)
    if min(a.shape[:2]) < WINDOW:
        raise ArgumentError(
            f"SSIM needs at least {WINDOW}x{WINDOW} pixels, but border {protocol.border} leaves "
            f"{a.shape[0]}x{a.shape[1]}: compare larger images"
        )
    value = structural_similarity(
        a,
        b,
        win_size=WINDOW,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
        data_range=PEAK,
        channel_axis=2 if a.ndim == 3 else None,
    )
    return Score(float(value), "", protocol)


def lpips(sr: Image, hr: Image) -> float:
    """Learned perceptual distance (Zhang et al., CVPR 2018, AlexNet), 0 for equal images.

    torchmetrics computes it. Its AlexNet is a 233 MB download of torchvision's, which this function
    never starts by itself.

    Raises:
        MetricUnavailable: when AlexNet's weights are not in torch's cache; says how to get them.
    """
    weights = Path(torch.hub.get_dir()) / "checkpoints" / "alexnet-owt-7be5be79.pth"
    if not weights.is_file():
        raise MetricUnavailable(
            f"LPIPS needs AlexNet's weights, which are not at {weights}. With the network: "
            "python -c \"import torchvision; torchvision.models.alexnet(weights='DEFAULT')\""
        )
    try:
        import torchvision.models  # noqa: F401 - torchmetrics takes AlexNet from it
        from torchmetrics.functional.image import learned_perceptual_image_patch_similarity
    except Exception as error:  # such as RuntimeError: operator torchvision::nms does not exist
        raise MetricUnavailable(
            f"LPIPS needs a torchvision that fits torch {torch.__version__} "
            f"({' '.join(str(error).split())[:160]}): pip uninstall -y torch torchvision; "
            "pip install torch torchvision"
        ) from error

    a, b = (torch.from_numpy(_rgb(image)).permute(2, 0, 1)[None] / PEAK for image in (sr, hr))
    with torch.no_grad():
        distance = learned_perceptual_image_patch_similarity(a, b, "alex", normalize=True)
    return float(distance)


def fine_detail(image: np.ndarray, scale: int) -> float:
    """Root mean square, in grey levels, of all that is finer than the small image's pixels allow.

    An image shrunk by ``scale`` holds frequencies up to 1 / (2 scale) cycles a pixel of the large
    one. What lies above, across or down, can only have been added. The cosine transform mirrors the
    image at its borders, so that no jump there counts as detail.

    It says how much there is, not whether it is right.

    Args:
        image: uint8 ``(H, W)``, or ``(H, W, 3)``, of which the luma counts.
        scale: 2, 3, 4, ...

    Raises:
        ArgumentError: a scale below 2.

    >>> stripes = np.tile(np.uint8([[80, 120]]), (64, 32))  # 100, more or less 20
    >>> round(fine_detail(stripes, 2), 1)
    19.9
    >>> fine_detail(np.full((16, 16), 100, np.uint8), 2)
    0.0
    """
    if scale < 2:
        raise ArgumentError(f"scale must be at least 2, not {scale!r}: nothing was lost at 1")
    luma = rgb_to_luma(image.astype(np.float64)) if image.ndim == 3 else image.astype(np.float64)
    waves = dctn(luma, norm="ortho")
    rows, columns = (np.arange(length) / (2 * length) for length in luma.shape)  # cycles a pixel
    known = 1 / (2 * scale)
    waves[np.ix_(rows <= known, columns <= known)] = 0
    return float(np.sqrt(np.mean(waves**2)))


# ------------------------------------------------------------------------------------------- checks


def _rgb(image: Image) -> np.ndarray:
    array = _as_uint8(image)
    return np.stack([array] * 3, -1) if array.ndim == 2 else array


def _planes(sr: Image, hr: Image, protocol: Protocol) -> tuple[np.ndarray, np.ndarray]:
    """Both images as the protocol sees them, checked."""
    sr, hr = _as_uint8(sr), _as_uint8(hr)
    if sr.shape != hr.shape:
        raise ArgumentError(
            f"the two images differ in shape, {sr.shape} and {hr.shape}: crop the truth to a "
            "multiple of the scale (srlib.modulo_crop) before it is shrunk"
        )
    if min(hr.shape[:2]) <= 2 * protocol.border:
        raise ArgumentError(
            f"border {protocol.border} leaves nothing of an image of shape {hr.shape}"
        )
    return protocol.plane(sr), protocol.plane(hr)


def _as_uint8(image: Image) -> np.ndarray:
    if isinstance(image, torch.Tensor):
        image = to_uint8(image.detach().cpu())
    if not isinstance(image, np.ndarray) or image.dtype != np.uint8:
        kind = getattr(image, "dtype", type(image).__name__)
        raise ArgumentError(
            f"expected uint8 arrays or float tensors in [0, 1], got {kind}: papers compare "
            "images as they are saved, in 8 bit (srlib.to_uint8)"
        )
    if image.ndim != 2 and not (image.ndim == 3 and image.shape[2] == 3):
        raise ArgumentError(f"expected a grey (H, W) or an RGB (H, W, 3) image, got {image.shape}")
    return image
