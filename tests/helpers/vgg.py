"""VGG-19 written out, and two images for it."""

from pathlib import Path

import torch
from safetensors.torch import load_file
from torch.nn import functional
from torchvision import transforms


def two_images() -> tuple[torch.Tensor, torch.Tensor]:
    """Random, each ``(2, 3, 16, 20)``."""
    generator = torch.Generator().manual_seed(3)
    return tuple(torch.rand(2, 3, 16, 20, generator=generator) for _ in range(2))


def by_hand(image: torch.Tensor, file: Path, layers: tuple[int, ...]) -> torch.Tensor:
    """VGG's features, layer for layer; a pool stands before position 5 and 10."""
    weights = load_file(file)
    normalise = transforms.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    features = normalise(image)
    for position in layers:
        if position in (5, 10):
            features = functional.max_pool2d(features, 2)
        names = (f"features.{position}.weight", f"features.{position}.bias")
        features = functional.conv2d(features, *(weights[name] for name in names), padding=1)
        features = features.clamp(min=0)
    return features
