"""The same numbers in fewer and fuller launches: SRResNet's forward pass, and CUDA graphs.

At 32 patches of 96x96 a GPU of today is done with each layer sooner than Python can ask for the
next: an eager step was some 1,300 launches and 24 to 33 ms, as one graph 7.2 ms, with the last
layers written as :class:`Fast` has them 5.7 ms.
"""

from collections.abc import Callable

import torch
from torch import nn
from torch.nn import functional

from srlib.networks.srgan import SRResNet


@torch.no_grad()
def fold_biases(network: SRResNet) -> None:
    """Move each bias before a BatchNorm into its running mean, and keep it 0: the same function.

    In training BatchNorm subtracts the mean, and whatever a bias added goes with it.
    """
    for layers in network.modules():
        if not isinstance(layers, nn.Sequential):
            continue
        for layer, after in zip(layers, layers[1:], strict=False):
            if isinstance(layer, nn.Conv2d) and isinstance(after, nn.BatchNorm2d):
                after.running_mean.sub_(layer.bias)
                layer.bias.zero_()
                layer.bias.requires_grad_(False)


class Fast:
    """SRResNet's forward pass, with its last layers at half the size.

    The last convolution reads 64 planes of the large image, which the shuffle before it has just
    laid out, and has only 3 kernels of 9x9. The same sums can be had before the shuffle, from 256
    planes of a quarter of the pixels and with 12 kernels of 5x5: a matrix product four times as
    wide, and nothing large to lay out but the result.

    Args:
        network: whose parameters are used, and learn; its biases before BatchNorm are 0
            (:func:`fold_biases`).
    """

    def __init__(self, network: SRResNet) -> None:
        self.network = network
        self.taps = polyphase_taps(network.tail.kernel_size[0]).to(network.tail.weight.device)

    def __call__(self, lr: torch.Tensor) -> torch.Tensor:
        """RGB ``(B, 3, h, w)`` in [0, 1] -> ``(B, 3, h * scale, w * scale)``."""
        network = self.network
        shallow = deep = network.head(lr)  # (B, C, h, w)
        *blocks, last, norm = network.body
        for block in blocks:
            first, norm1, act, second, norm2 = block.residual
            deep = deep + norm2(_unbiased(second, act(norm1(_unbiased(first, deep)))))
        features = shallow + norm(_unbiased(last, deep))
        *earlier, sub_pixel = network.upscale
        for stage in earlier:
            features = stage(features)
        features = sub_pixel.act(sub_pixel.conv(features))  # (B, 4C, H / 2, W / 2), not shuffled
        return polyphase(features, network.tail, self.taps)


def _unbiased(layer: nn.Conv2d, features: torch.Tensor) -> torch.Tensor:
    return functional.conv2d(features, layer.weight, None, padding=layer.padding)


def polyphase(features: torch.Tensor, tail: nn.Conv2d, taps: torch.Tensor) -> torch.Tensor:
    """``tail(pixel_shuffle(features, 2))``, computed before the shuffle.

    Args:
        features: ``(B, 4C, h, w)``.
        tail: a convolution ``(3, C, k, k)`` that keeps the size.
        taps: :func:`polyphase_taps` of k.

    Returns:
        ``(B, 3, 2h, 2w)``.
    """
    out, side = tail.out_channels, taps.shape[-1]
    weight = functional.pad(tail.weight.flatten(2), (0, 1))  # (3, C, k * k + 1): a 0 at the end
    weight = weight[:, :, taps.flatten()].unflatten(2, taps.shape)  # (3, C, p, p, r, r, q, q)
    weight = weight.permute(0, 2, 3, 1, 4, 5, 6, 7).reshape(4 * out, -1, side, side)
    bias = tail.bias.repeat_interleave(4)
    return functional.pixel_shuffle(  # (B, 12, h, w) -> (B, 3, 2h, 2w)
        functional.conv2d(features, weight, bias, padding=side // 2), 2
    )


def polyphase_taps(size: int) -> torch.Tensor:
    """Which of a kernel's ``size * size`` taps each weight before the shuffle is.

    Along one axis, output pixel 2 y + p reads input pixel 2 (y + q) + r through tap
    2 q + r - p + size // 2. Before the shuffle p and r are planes, q is the place in the kernel. A
    weight that falls beside the kernel gets the number ``size * size``, where there is a 0.

    Returns:
        ``(2, 2, 2, 2, s, s)`` for p, r and q, each down and across: p, p, r, r, q, q.

    >>> polyphase_taps(9).shape
    torch.Size([2, 2, 2, 2, 5, 5])
    """
    reach = (size // 2 + 1) // 2
    p, r = torch.arange(2)[:, None, None], torch.arange(2)[None, :, None]
    tap = 2 * torch.arange(-reach, reach + 1) + r - p + size // 2  # (2, 2, s) of p, r, q
    down, across = tap[:, None, :, None, :, None], tap[None, :, None, :, None, :]
    inside = (down >= 0) & (down < size) & (across >= 0) & (across < size)
    return torch.where(inside, down * size + across, size * size)


class Wide(nn.Module):
    """A convolution of 3 planes as one of 8, of which 5 are 0: the width that a GPU's units have.

    Args:
        layer: whose parameters are used.
    """

    def __init__(self, layer: nn.Conv2d) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        more = (0, 0, 0, 0, 0, -image.shape[1] % 8)
        weight = functional.pad(self.layer.weight, more)
        image = functional.pad(image, more)
        return functional.conv2d(image, weight, self.layer.bias, padding=self.layer.padding)


def captured(
    step: Callable[[], None], device: torch.device, warm_up: int = 3
) -> Callable[[], None]:
    """A step as one CUDA graph, which a replay launches at once; on a processor the step itself.

    Args:
        step: works on tensors that stay where they are, and waits for no result. It is called
            ``warm_up`` times first, as PyTorch asks, and once more to be captured.
    """
    if device.type != "cuda":
        return step
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(warm_up):
            step()
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        step()
    return graph.replay
