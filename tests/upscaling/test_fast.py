"""The networks on whole images: tiles, folded BatchNorm, bfloat16 change nothing one can see."""

from functools import partial

import numpy as np
import pytest
import torch
from torch import nn

from srlib.data.photographs import photograph
from srlib.images.resize import imresize
from srlib.images.values import rgb_to_ycbcr, to_tensor, ycbcr_to_rgb
from srlib.networks import pretrained
from srlib.networks.srgan import SRResNet
from srlib.upscaling import fast
from srlib.upscaling.fast import ForInference, InBfloat16, Sharpened, fold_batch_norm
from srlib.upscaling.tiles import in_tiles
from tests.helpers.networks import settle


@pytest.fixture(scope="module")
def network() -> SRResNet:
    """Small, with BatchNorm statistics and weights that are not those of a new network."""
    torch.manual_seed(0)
    network = SRResNet(scale=4, blocks=2, channels=8)
    settle(network)
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
    sr = ForInference(network, bfloat16)(lr)
    assert sr.dtype == torch.float32 and sr.shape == (1, 3, 228, 164)
    assert (sr - network(lr).clamp(0, 1)).abs().max() < tolerance


@torch.no_grad()
@pytest.mark.parametrize("scale", [2, 4])
@pytest.mark.parametrize("tile", [1, 7])
def test_tiles_of_the_last_layers_change_nothing(lr, scale, tile, monkeypatch):
    torch.manual_seed(1)
    network = SRResNet(scale, blocks=1, channels=8).eval()
    nn.init.constant_(network.tail.bias, 0.5)
    lr = lr[..., :15, :12]
    monkeypatch.setattr(fast, "LAST_TILE", tile)
    quick = ForInference(network, bfloat16=False)
    assert (quick(lr) - network(lr).clamp(0, 1)).abs().max() < 1e-5
    quick.last_margin = 2
    assert (quick(lr) - network(lr).clamp(0, 1)).abs().max() > 1e-5


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
    bicubic = imresize(lr, network.scale)
    assert (whole - bicubic).abs().max() < 0.5  # something like the image, not noise
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
    assert np.array_equal(fast.enlarge(nearest, grey), nearest_of(grey))
    colour = photograph("chelsea").image[:8, :8]
    assert np.array_equal(fast.enlarge(nearest, colour), nearest_of(colour))


def nearest_of(image: np.ndarray) -> np.ndarray:
    return image.repeat(4, axis=0).repeat(4, axis=1)


def test_each_has_its_form():
    assert isinstance(fast.fast(pretrained.load("srcnn", 3), 3), Sharpened)
    for name in ("srresnet", "srresnet-vgg", "srgan"):
        assert isinstance(fast.fast(pretrained.load(name, 4), 4), ForInference)


def test_bfloat16_is_taken_only_if_asked_for(network, monkeypatch):
    """Whatever the processor has."""
    monkeypatch.setattr(fast, "has_bfloat16", lambda: True)
    srcnn = pretrained.load("srcnn", 2)
    assert not isinstance(fast.fast(srcnn, 2).network, InBfloat16)
    assert isinstance(fast.fast(srcnn, 2, bfloat16=True).network, InBfloat16)
    assert fast.fast(network, 4).dtype == torch.float32
    assert fast.fast(network, 4, bfloat16=True).dtype == torch.bfloat16


@torch.inference_mode()
@pytest.mark.parametrize("width", [1, 4, 15, 16, 17, 32, 33])
def test_narrow_images_in_bfloat16(width):
    """Narrower than what the last layer computes together, where oneDNN would make up values."""
    network = pretrained.load("srcnn", 2)
    margin = 2 * network.margin
    luma = torch.rand(1, 1, 64 + margin, width + margin, generator=torch.Generator().manual_seed(0))
    found, expected = InBfloat16(network)(luma), network(luma, pad=False)
    assert found.shape == (1, 1, 64, width) and (found - expected).abs().max() < 0.03


@pytest.mark.parametrize("strip", [1, 7, 256])
def test_strips_change_nothing(strip):
    network = pretrained.load("srcnn", 2)
    luma = to_tensor(photograph("chelsea").image[100:131, 120:147, 1])
    found = fast.sharpen(partial(network, pad=False), network.margin, luma, strip)
    with torch.no_grad():
        assert (found - network(luma)).abs().max() < 1e-6
