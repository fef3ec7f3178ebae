"""SRCNN: three convolutions, the first deep network that enlarged better than its predecessors.

Dong, Loy, He, Tang, "Image Super-Resolution Using Deep Convolutional Networks", IEEE TPAMI 38(2),
2016.
"""

import torch
from torch import nn
from torch.nn import functional

from srlib.errors import ArgumentError

VARIANTS = {"9-1-5": (9, 1, 5), "9-5-5": (9, 5, 5)}  # kernel sizes of the three layers


class SRCNN(nn.Module):
    """Sharpens luma that bicubic interpolation has already brought to its final size.

    Each layer is one step of sparse coding (section 3 of the paper): extract a patch around every
    pixel as 64 features, map them to 32 features of the sharp patch, and lay the patches over each
    other. 9-1-5 has 8,129 parameters, 9-5-5 has 57,281.

    What differs from the paper:

    - ``residual=True`` makes the network predict what the bicubic image lacks, and adds it (as VDSR
      does: Kim, Lee, Lee, CVPR 2016). The parameters are the same; it trains in fewer steps. The
      shipped weights are of this kind.
    - The border is replicated once, at the input, and every convolution is without padding, so that
      the result has the input's size. The paper's code does the same at test time.

    The weights begin as in the paper, normal with standard deviation 0.001, and biases at 0.

    Args:
        variant: ``"9-5-5"`` or ``"9-1-5"``, the three kernel sizes.
        residual: whether the input is added to the last layer's output.

    Attributes:
        margin: pixels on each side that an output pixel depends on: 8 for 9-5-5, 6 for 9-1-5.

    >>> SRCNN("9-1-5")(torch.zeros(2, 1, 40, 30)).shape
    torch.Size([2, 1, 40, 30])
    """

    def __init__(self, variant: str = "9-5-5", *, residual: bool = False) -> None:
        super().__init__()
        if variant not in VARIANTS:
            raise ArgumentError(f"variant must be one of {', '.join(VARIANTS)}, not {variant!r}")
        first, second, third = VARIANTS[variant]
        self.variant, self.residual = variant, residual
        self.margin = first // 2 + second // 2 + third // 2
        self.extract = nn.Conv2d(1, 64, first)
        self.map = nn.Conv2d(64, 32, second)
        self.reconstruct = nn.Conv2d(32, 1, third)
        for layer in (self.extract, self.map, self.reconstruct):
            nn.init.normal_(layer.weight, std=0.001)
            nn.init.zeros_(layer.bias)

    def forward(self, bicubic: torch.Tensor, pad: bool = True) -> torch.Tensor:
        """Luma ``(B, 1, H, W)`` in [0, 1], upscaled by bicubic -> the same, sharper.

        With ``pad=False`` the result is the centre alone, ``(B, 1, H - 2m, W - 2m)`` with m the
        ``margin``: for training, where only pixels with a full neighbourhood should count.

        The result is not clamped: do that before it is saved, never before the loss, since a
        clamped pixel has no gradient.

        Raises:
            ValueError: for another kind of tensor.
        """
        _check_luma(bicubic)
        m = self.margin
        if pad:
            bicubic = functional.pad(bicubic, (m, m, m, m), mode="replicate")
        features = torch.relu(self.extract(bicubic))  # (B, 64, ...), smaller by 8
        features = torch.relu(self.map(features))  # (B, 32, ...), by 4 more for 9-5-5
        sr = self.reconstruct(features)  # (B, 1, ...), by 4 more
        return sr + bicubic[..., m:-m, m:-m] if self.residual else sr


def _check_luma(image: torch.Tensor) -> None:
    if image.ndim != 4 or image.shape[1] != 1 or not image.is_floating_point():
        raise ArgumentError(
            "SRCNN takes luma as a float tensor (B, 1, H, W) in [0, 1], not "
            f"{image.dtype} of shape {tuple(image.shape)}: srlib.rgb_to_luma makes it from RGB"
        )
