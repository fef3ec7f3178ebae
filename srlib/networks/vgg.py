"""What VGG-19 sees: its features after chosen layers, for losses and for distances.

Simonyan, Zisserman, "Very Deep Convolutional Networks for Large-Scale Image Recognition", ICLR
2015.
"""

import pickle
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn

from srlib.errors import ArgumentError, WeightsUnavailable

STAGES = ((64, 64), (128, 128), (256,) * 4, (512,) * 4, (512,) * 4)  # channels; a pool after each

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet's photographs, RGB in [0, 1]

IN_CACHE = "vgg19-dcbb9e9d.pth"  # torchvision's file in torch's cache


def _names() -> dict[str, int]:
    """relu1_1 ... relu5_4 -> position in torchvision's ``vgg19().features``."""
    names, position = {}, 0
    for stage, channels in enumerate(STAGES, start=1):
        for layer in range(1, len(channels) + 1):
            names[f"relu{stage}_{layer}"] = position + 1  # after the convolution
            position += 2
        position += 1  # the pool
    return names


LAYERS = _names()


class VGGFeatures(nn.Module):
    """RGB ``(B, 3, H, W)`` in [0, 1] -> a list of features, one for each layer asked for.

    Images are normalised by ImageNet's mean and standard deviation inside. The weights never learn,
    while gradients pass through to the images.

    Args:
        layers: such as ``("relu1_2", "relu2_2")``; each is taken after the ReLU.
        weights: ``"torchvision"``, a download of 575 MB at its first use; or the path of a
            ``.safetensors`` file with torchvision's names, ``features.0.weight`` and so on.

    Raises:
        ValueError: for a layer that VGG-19 does not have.
        WeightsUnavailable: when the weights cannot be read or do not fit.
    """

    def __init__(self, layers: Sequence[str], weights: str | Path = "torchvision") -> None:
        super().__init__()
        unknown = [name for name in layers if name not in LAYERS]
        if unknown or not layers:
            raise ArgumentError(
                f"layers must be among {', '.join(LAYERS)}, not {', '.join(unknown)}"
            )
        self.positions = [LAYERS[name] for name in layers]
        self.features = _features(max(self.positions))
        self.register_buffer("mean", torch.tensor(MEAN).view(3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(STD).view(3, 1, 1), persistent=False)
        _fill(self.features, _read(weights), weights)
        self.requires_grad_(False)

    def forward(self, image: torch.Tensor) -> list[torch.Tensor]:
        if image.ndim != 4 or image.shape[1] != 3 or not image.is_floating_point():
            raise ArgumentError(
                "VGG-19 takes RGB as a float tensor (B, 3, H, W) in [0, 1], not "
                f"{image.dtype} of shape {tuple(image.shape)}"
            )
        features, found = (image - self.mean) / self.std, {}
        for position, layer in enumerate(self.features):
            features = layer(features)
            if position in self.positions:
                found[position] = features
        return [found[position] for position in self.positions]


def _features(last: int) -> nn.Sequential:
    """torchvision's ``vgg19().features`` up to and with position ``last``, untrained."""
    layers, into = [], 3
    for channels in STAGES:
        for out in channels:
            layers += [nn.Conv2d(into, out, 3, padding=1), nn.ReLU()]
            into = out
        layers.append(nn.MaxPool2d(2))
    return nn.Sequential(*layers[: last + 1])


def _read(weights: str | Path) -> Mapping[str, torch.Tensor]:
    if str(weights) == "torchvision":
        return _from_torchvision()
    try:
        if Path(weights).exists() and not Path(weights).is_file():  # a pipe would be waited for
            raise OSError("it is no plain file")
        return load_file(weights)
    except (OSError, SafetensorError) as error:
        raise WeightsUnavailable(
            f"cannot read VGG-19's weights from {str(weights)!r} ({error}): give a .safetensors "
            "file with torchvision's names, or 'torchvision' to download them"
        ) from error


def fitting_torchvision() -> ModuleType:
    """torchvision, which fails as a whole beside a torch that it was not built for.

    Raises:
        WeightsUnavailable: it does not fit, or is not installed; gives the commands that mend it.
    """
    try:
        import torchvision.models
    except Exception as error:  # such as RuntimeError: operator torchvision::nms does not exist
        said = " ".join(str(error).split())[:160]
        raise WeightsUnavailable(
            f"torchvision cannot be used ({said}): it has to fit torch, {torch.__version__} here. "
            "Two commands mend it: pip uninstall -y torch torchvision; then "
            "pip install torch torchvision"
        ) from error
    return torchvision


def _from_torchvision() -> Mapping[str, torch.Tensor]:
    """From torch's cache, or by download into it."""
    weights = fitting_torchvision().models.VGG19_Weights.IMAGENET1K_V1
    file = Path(torch.hub.get_dir()) / "checkpoints" / IN_CACHE
    try:  # weights_only: a pickle may not run code
        return weights.get_state_dict(check_hash=True, weights_only=True)
    except (OSError, RuntimeError, EOFError, KeyError, pickle.UnpicklingError) as error:
        if file.exists():
            said = f"{file} is damaged or holds other things than weights: delete it and try again"
        else:
            said = (
                f"VGG-19's weights could not be had from torchvision ({error}): try again with "
                f"the network, or put {file.name} into {file.parent}"
            )
        raise WeightsUnavailable(said) from error


def _fill(features: nn.Sequential, weights: Mapping[str, torch.Tensor], source: str | Path) -> None:
    """Copy what these layers need; a file may hold more, such as the classifier."""
    wanted = features.state_dict()
    found = {name: weights.get(f"features.{name}") for name in wanted}
    for name, tensor in found.items():
        if tensor is None or tensor.shape != wanted[name].shape:
            have = "missing" if tensor is None else tuple(tensor.shape)
            raise WeightsUnavailable(
                f"{str(source)!r} does not fit VGG-19: features.{name} is {have}, expected "
                f"{tuple(wanted[name].shape)}. Choose earlier layers or a file with all of them"
            )
    features.load_state_dict(found)


class VGGDistance(nn.Module):
    """How differently VGG-19 sees two images; 0 for equal ones.

    At each pixel of each layer the features are scaled to length 1, as in LPIPS (Zhang et al., "The
    Unreasonable Effectiveness of Deep Features as a Perceptual Metric", CVPR 2018, equation 1), but
    with no learned weights: the squared distance is averaged over pixels, then over layers. It is a
    distance to the truth, and in that like the mean squared error.

    Numbers are comparable within one file of weights only: torchvision's VGG-19 is another training
    than Simonyan and Zisserman's own, and a factor on a channel, as in the file of Gatys et al.
    ("Image Style Transfer Using Convolutional Neural Networks", CVPR 2016), changes them too.

    Args:
        weights: as for :class:`VGGFeatures`.
        layers: likewise.
    """

    def __init__(
        self,
        weights: str | Path = "torchvision",
        layers: Sequence[str] = ("relu1_2", "relu2_2", "relu3_1"),
    ) -> None:
        super().__init__()
        self.layers, self.vgg = tuple(layers), VGGFeatures(layers, weights)

    def forward(self, sr: torch.Tensor, hr: torch.Tensor) -> torch.Tensor:
        """Two RGB ``(B, 3, H, W)`` in [0, 1] -> distances ``(B,)``, between 0 and 2."""
        return self.by_layer(sr, hr).mean(dim=0)

    def by_layer(self, sr: torch.Tensor, hr: torch.Tensor) -> torch.Tensor:
        """Likewise, ``(L, B)``: of each layer by itself."""
        if sr.shape != hr.shape:
            raise ArgumentError(
                f"the two images differ in shape, {tuple(sr.shape)} and {tuple(hr.shape)}"
            )
        distances = []
        for a, b in zip(self.vgg(sr), self.vgg(hr), strict=True):
            a, b = (nn.functional.normalize(each.float(), dim=1, eps=1e-10) for each in (a, b))
            distances.append((a - b).square().sum(dim=1).mean(dim=(1, 2)))
        return torch.stack(distances)

    def __str__(self) -> str:
        return f"VGG-19 {' '.join(self.layers)}"
