"""SRResNet on whole images: tiles, folded BatchNorm and bfloat16 change nothing one can see."""

import numpy as np
import pytest
import torch
from torch import nn

from srlib import networks
from srlib.images import to_tensor
from srlib.models.srgan import SRResNet
from srlib.networks import ForInference, fold_batch_norm, in_tiles
from srlib.photographs import photograph


@pytest.fixture(scope="module")
def network() -> SRResNet:
    """Small, with BatchNorm statistics and weights that are not those of a new network."""
    torch.manual_seed(0)
    network = SRResNet(scale=4, blocks=2, channels=8)
    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm2d):
            nn.init.uniform_(layer.weight, 0.5, 1.5)
            nn.init.normal_(layer.bias, std=0.1)
            layer.running_mean.normal_(std=0.1)
            layer.running_var.uniform_(0.5, 2.0)
    nn.init.constant_(network.tail.bias, 0.5)
    return network.eval()


@pytest.fixture(scope="module")
def lr() -> torch.Tensor:
    return to_tensor(photograph("chelsea").image[100:157, 120:161])  # (1, 3, 57, 41)


@torch.no_grad()
@pytest.mark.parametrize("tile", [1, 10, 17, 41, 64])
def test_tiles_give_what_the_whole_image_gives(network, lr, tile):
    lr = lr[..., :23, :19] if tile == 1 else lr
    whole = network(lr).clamp(0, 1)
    assert (in_tiles(network, lr, 4, network.margin, tile) - whole).abs().max() < 1e-5


@torch.no_grad()
def test_tiles_with_too_small_a_neighbourhood_do_not(network, lr):
    whole = network(lr).clamp(0, 1)
    assert (in_tiles(network, lr, 4, 2, tile=10) - whole).abs().max() > 1e-4


def test_tiles_are_no_larger_than_asked(lr):
    seen = []

    def nearest(part: torch.Tensor) -> torch.Tensor:
        seen.append(part.shape[-2:])
        return part.repeat_interleave(2, dim=2).repeat_interleave(2, dim=3)

    sr = in_tiles(nearest, lr, 2, margin=3, tile=20)
    assert torch.equal(sr, nearest(lr)) and max(max(shape) for shape in seen[:-1]) <= 26


@torch.no_grad()
def test_folded_batch_norm_is_the_same_function(network, lr):
    folded = fold_batch_norm(network)
    assert not any(isinstance(layer, nn.BatchNorm2d) for layer in folded.modules())
    assert (folded(lr) - network(lr)).abs().max() < 1e-5
    assert any(isinstance(layer, nn.BatchNorm2d) for layer in network.modules())


@torch.no_grad()
@pytest.mark.parametrize("bfloat16, tolerance", [(False, 1e-5), (True, 0.02)])
def test_for_inference(network, lr, bfloat16, tolerance):
    fast = ForInference(network, bfloat16)(lr)
    assert fast.dtype == torch.float32 and fast.shape == (1, 3, 228, 164)
    assert (fast - network(lr).clamp(0, 1)).abs().max() < tolerance


@torch.no_grad()
@pytest.mark.parametrize("scale", [2, 4])
@pytest.mark.parametrize("tile", [1, 7])
def test_tiles_of_the_last_layers_change_nothing(lr, scale, tile, monkeypatch):
    torch.manual_seed(1)
    network = SRResNet(scale, blocks=1, channels=8).eval()
    nn.init.constant_(network.tail.bias, 0.5)
    lr = lr[..., :15, :12]
    monkeypatch.setattr(networks, "LAST_TILE", tile)
    fast = ForInference(network, bfloat16=False)
    assert (fast(lr) - network(lr).clamp(0, 1)).abs().max() < 1e-5
    fast.last_margin = 2
    assert (fast(lr) - network(lr).clamp(0, 1)).abs().max() > 1e-5


def test_grey_goes_in_and_comes_out(monkeypatch):
    """With a network that only repeats pixels, grey comes back as it was."""

    class Nearest:
        margin = 0

        def __call__(self, lr: torch.Tensor) -> torch.Tensor:
            return lr.repeat_interleave(4, dim=2).repeat_interleave(4, dim=3)

    monkeypatch.setattr(networks, "_srresnet", lambda name, scale: Nearest())
    grey = np.arange(256, dtype=np.uint8).reshape(8, 32)
    expected = grey.repeat(4, axis=0).repeat(4, axis=1)
    assert np.array_equal(networks.srgan(grey, 4), expected)
    colour = photograph("chelsea").image[:8, :8]
    assert np.array_equal(networks.srresnet(colour, 4), colour.repeat(4, axis=0).repeat(4, axis=1))
