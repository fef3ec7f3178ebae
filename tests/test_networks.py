"""The networks on whole images: tiles, folded BatchNorm, bfloat16 change nothing one can see."""

from functools import partial

import numpy as np
import pytest
import torch
from torch import nn

from srlib import networks, pretrained
from srlib.images import rgb_to_ycbcr, to_tensor, ycbcr_to_rgb
from srlib.models.srgan import SRResNet
from srlib.networks import ForInference, Sharpened, fold_batch_norm
from srlib.photographs import photograph
from srlib.resize import imresize
from srlib.tiles import in_tiles


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


def sharpened(scale: int, bfloat16: bool = False) -> Sharpened:
    return Sharpened(pretrained.load("srcnn", scale), scale, bfloat16)


def srresnet(name: str) -> ForInference:
    return ForInference(pretrained.load(name, 4), bfloat16=False)


SHIPPED = [
    *(pytest.param(partial(sharpened, scale), id=f"srcnn x{scale}") for scale in (2, 3, 4)),
    *(pytest.param(partial(srresnet, name), id=name) for name in ("srresnet", "srgan")),
]


@pytest.mark.parametrize("make", SHIPPED)
def test_tiles_of_the_shipped_networks_change_nothing(make):
    """In float32, with tiles that do not divide the image, and a margin as large as it must be."""
    network = make()
    lr = to_tensor(photograph("chelsea").image[100:163, 120:171])  # (1, 3, 63, 51)
    whole = network(lr)
    for tile in (25, 40):
        tiled = in_tiles(network, lr, network.scale, network.margin, tile)
        assert (tiled - whole).abs().max() < 1e-5
    too_little = 1 if isinstance(network, Sharpened) else 2
    tiled = in_tiles(network, lr, network.scale, too_little, 25)
    assert (tiled - whole).abs().max() > 1e-4


@pytest.mark.parametrize("make", SHIPPED)
@pytest.mark.parametrize("size", [(1, 1), (1, 90), (90, 1), (3, 5)])
def test_images_smaller_than_the_margin(make, size):
    network, (height, width) = make(), size
    lr = to_tensor(photograph("chelsea").image[100 : 100 + height, 120 : 120 + width])
    whole = network(lr)
    assert whole.shape == (1, 3, network.scale * height, network.scale * width)
    assert torch.isfinite(whole).all()
    assert (whole - lr.mean()).abs().max() < 0.5  # something like the image, not noise
    tiled = in_tiles(network, lr, network.scale, network.margin, tile=32)
    assert (tiled - whole).abs().max() < 1e-5


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_sharpened_is_srcnn_on_luma(scale):
    """As the papers have it, and in bfloat16 nearly so."""
    lr = to_tensor(photograph("chelsea").image[100:131, 120:147])
    ycbcr = imresize(rgb_to_ycbcr(lr), scale)
    with torch.no_grad():
        ycbcr[:, :1] = pretrained.load("srcnn", scale)(ycbcr[:, :1])
    expected = ycbcr_to_rgb(ycbcr.clamp(0, 1)).clamp(0, 1)
    assert (sharpened(scale)(lr) - expected).abs().max() < 1e-5
    assert (sharpened(scale, bfloat16=True)(lr) - expected).abs().max() < 0.02


def test_grey_goes_in_and_comes_out():
    """With a network that only repeats pixels, grey comes back as it was."""

    def nearest(lr: torch.Tensor) -> torch.Tensor:
        return lr.repeat_interleave(4, dim=2).repeat_interleave(4, dim=3)

    grey = np.arange(256, dtype=np.uint8).reshape(8, 32)
    assert np.array_equal(networks.enlarge(nearest, grey), nearest_of(grey))
    colour = photograph("chelsea").image[:8, :8]
    assert np.array_equal(networks.enlarge(nearest, colour), nearest_of(colour))


def nearest_of(image: np.ndarray) -> np.ndarray:
    return image.repeat(4, axis=0).repeat(4, axis=1)


def test_load_gives_each_its_form():
    assert isinstance(networks.load("srcnn", 3), networks.Sharpened)
    for name in ("srresnet", "srgan"):
        assert isinstance(networks.load(name, 4), ForInference)
        assert networks.load(name, 4) is networks.load(name, 4)
    with pytest.raises(ValueError, match="srgan"):
        networks.load("srgan", 2)
