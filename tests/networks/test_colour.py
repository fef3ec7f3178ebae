"""Networks from RGB to RGB are what the parts they are made of compute."""

import pytest
import torch

from srlib.images.resize import imresize
from srlib.images.values import rgb_to_ycbcr, ycbcr_to_rgb
from srlib.networks.colour import Bicubic, Recoloured, SRCNNInColour
from srlib.networks.srcnn import SRCNN
from srlib.upscaling.fast import Sharpened


@pytest.mark.parametrize("scale", [2, 3, 4, 5])
@pytest.mark.parametrize("size", [(2, 2), (3, 7), (20, 31)])
def test_bicubic_is_imresize_of_floats(scale, size):
    image = torch.rand(2, 3, *size)
    assert torch.allclose(Bicubic(scale)(image), imresize(image, scale), atol=1e-6)


def test_colours_are_those_of_the_library():
    rgb = torch.rand(2, 3, 5, 4)
    ycbcr = rgb_to_ycbcr(rgb)
    assert torch.allclose(Recoloured(rgb_to_ycbcr)(rgb), ycbcr, atol=1e-6)
    assert torch.allclose(Recoloured(ycbcr_to_rgb)(ycbcr), rgb, atol=1e-6)


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_srcnn_in_colour_is_what_enlarges_photographs(scale):
    torch.manual_seed(0)
    network = SRCNN("9-1-5", residual=True).eval()
    torch.nn.init.normal_(network.reconstruct.weight, std=0.1)
    image = torch.rand(1, 3, 20, 31)
    with torch.no_grad():
        found = SRCNNInColour(network, scale)(image)
    assert torch.allclose(found, Sharpened(network, scale)(image), atol=1e-5)
    assert found.min() == 0 and found.max() == 1  # clamped
