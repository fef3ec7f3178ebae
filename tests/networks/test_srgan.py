"""SRResNet and SRGAN's discriminator: sizes, how they begin, and what a pixel depends on."""

import copy

import pytest
import torch
from torch import nn
from torch.nn import functional

from srlib.networks.srgan import (
    Discriminator,
    ResidualBlock,
    SRResNet,
    SubPixel,
    freeze_statistics,
    icnr,
)
from tests.helpers.networks import settle


def parameters(model: nn.Module) -> int:
    return sum(each.numel() for each in model.parameters())


def strong(scale: int = 2, blocks: int = 1, channels: int = 8, seed: int = 0) -> SRResNet:
    """With BatchNorm weights that let every layer matter, and statistics that are not 0 and 1."""
    torch.manual_seed(seed)
    model = SRResNet(scale, blocks, channels)
    settle(model)
    return model.eval()


# sizes


def test_parameters_of_the_paper():
    assert parameters(SRResNet()) == 1_549_462
    assert parameters(Discriminator()) == 23_565_505


@pytest.mark.parametrize("scale", [2, 4])
@pytest.mark.parametrize("blocks, channels", [(1, 8), (3, 5)])
def test_shapes(scale, blocks, channels):
    model = SRResNet(scale, blocks, channels).eval()
    with torch.no_grad():
        assert model(torch.rand(2, 3, 7, 10)).shape == (2, 3, 7 * scale, 10 * scale)
    assert sum(isinstance(layer, ResidualBlock) for layer in model.modules()) == blocks
    assert model.head[0].out_channels == model.tail.in_channels == channels


@pytest.mark.parametrize(
    "wrong, message",
    [
        ({"scale": 3}, "enlarges by 2 or 4, not 3"),
        ({"blocks": 0}, "at least 1, not 0 and 64"),
        ({"channels": 0}, "at least 1, not 16 and 0"),
    ],
)
def test_networks_that_do_not_exist(wrong, message):
    with pytest.raises(ValueError, match=message):
        SRResNet(**wrong)


@pytest.mark.parametrize(
    "image",
    [
        torch.zeros(1, 1, 8, 8),
        torch.zeros(3, 8, 8),
        torch.zeros(1, 3, 8, 8, dtype=torch.uint8),
    ],
)
def test_what_is_not_rgb_is_refused(image):
    with pytest.raises(ValueError, match=r"takes RGB as a float tensor \(B, 3, h, w\)"):
        SRResNet(2, 1, 4)(image)


# how it begins


@pytest.mark.parametrize("channels", [3, 8])
def test_a_sub_pixel_convolution_begins_as_nearest_neighbour_enlargement(channels):
    torch.manual_seed(1)
    begins_as_nearest(SubPixel(channels))


@torch.no_grad()
def begins_as_nearest(layer: SubPixel) -> None:
    features = torch.rand(2, layer.conv.in_channels, 6, 5)
    small = functional.conv2d(features, layer.conv.weight[::4], padding=1)  # one kernel a plane
    expected = layer.act(small).repeat_interleave(2, dim=2).repeat_interleave(2, dim=3)
    assert torch.allclose(layer(features), expected, atol=1e-6)
    assert expected.std() > 0.1  # not all 0


def test_one_without_icnr_does_not():
    layer = SubPixel(4)
    nn.init.kaiming_normal_(layer.conv.weight)
    with pytest.raises(AssertionError):
        begins_as_nearest(layer)


def test_icnr_keeps_the_size_of_random_weights_and_says_what_it_needs():
    weight = torch.empty(9 * 20, 32, 3, 3)
    icnr(weight, factor=3)
    assert float(weight.std()) == pytest.approx((2 / (32 * 9)) ** 0.5, rel=0.05)
    assert torch.equal(weight[0], weight[8]) and not torch.equal(weight[8], weight[9])
    with pytest.raises(ValueError, match="6 kernels .* multiple of 4"):
        icnr(torch.empty(6, 3, 3, 3), factor=2)


@pytest.mark.parametrize("training", [True, False])
def test_each_block_begins_as_the_identity(training):
    model = SRResNet(2, blocks=3, channels=4).train(training)
    features = torch.randn(2, 4, 6, 6)
    for block in model.body:
        if isinstance(block, ResidualBlock):
            assert torch.equal(block(features), features)
    assert float(model.body[-1].weight.detach().min()) == 1.0  # the last BatchNorm is not muted


# what it computes


def test_the_result_is_not_clamped_and_every_weight_has_a_gradient():
    model = strong()
    learns_beyond_white(model)
    for name, parameter in model.named_parameters():
        assert parameter.grad.abs().max() > 0, name


def learns_beyond_white(model: nn.Module) -> None:
    """Where the result is far above 1 there still is a gradient that pulls it down."""
    with torch.no_grad():
        model.tail.bias.fill_(3.0)
    sr = model(torch.rand(1, 3, 9, 9))
    functional.mse_loss(sr, torch.zeros_like(sr)).backward()
    assert sr.min() > 1
    assert model.tail.bias.grad.min() > 0


def test_a_clamp_in_forward_would_be_seen():
    class Clamped(SRResNet):
        def forward(self, lr: torch.Tensor) -> torch.Tensor:
            return super().forward(lr).clamp(0, 1)

    with pytest.raises(AssertionError):
        learns_beyond_white(Clamped(2, 1, 4).eval())


@torch.no_grad()
def test_the_long_skip_carries_the_first_features_past_the_blocks():
    model, lr = strong(blocks=2), torch.rand(1, 3, 9, 9)
    nn.init.zeros_(model.body[-1].weight), nn.init.zeros_(model.body[-1].bias)
    assert torch.equal(model(lr), model.tail(model.upscale(model.head(lr))))


def test_the_papers_margin():
    assert SRResNet(4).margin == 40


@pytest.mark.parametrize("scale, blocks", [(2, 1), (2, 2), (4, 1), (4, 3)])
def test_margin_is_what_an_output_pixel_depends_on(scale, blocks):
    """Over the output pixels that lie in one LR pixel; so it is neither too small nor too large."""
    model = strong(scale, blocks, channels=4).double()
    at, reach = 22, model.margin
    lr = torch.rand(1, 3, 45, 45, dtype=torch.float64, requires_grad=True)
    here = slice(at * scale, (at + 1) * scale)
    model(lr)[0, :, here, here].sum().backward()
    rows, columns = lr.grad[0].abs().sum(dim=0).nonzero().T
    assert (rows.min(), rows.max()) == (at - reach, at + reach)
    assert (columns.min(), columns.max()) == (at - reach, at + reach)


@torch.no_grad()
def test_a_pixel_beyond_the_margin_changes_nothing():
    model = strong(scale=4, blocks=1, channels=4)
    lr = torch.rand(1, 3, 40, 9)
    changed = lr.clone()
    changed[..., 10, 4] += 1.0
    difference = (model(changed) - model(lr)).abs().amax(dim=(0, 1, 3))
    last = (10 + model.margin + 1) * 4  # first HR row of the first LR row that cannot know
    assert torch.equal(difference[last:], torch.zeros_like(difference[last:]))
    assert difference[last - 4 : last].max() > 0


@torch.no_grad()
def test_a_sub_pixel_convolution_is_a_transposed_convolution():
    """Of stride 2, with the kernels of the four sub-pixels woven into one of 6x6."""
    torch.manual_seed(2)
    channels, kernel = 3, torch.randn(12, 3, 3, 3)  # (4 C, C_in, 3, 3)
    features = torch.rand(1, 3, 5, 7)
    expected = functional.pixel_shuffle(functional.conv2d(features, kernel, padding=1), 2)
    woven = torch.zeros(3, channels, 6, 6)  # (C_in, C, 6, 6)
    for row in range(2):
        for column in range(2):
            own = kernel[2 * row + column :: 4].transpose(0, 1).flip(2, 3)  # (C_in, C, 3, 3)
            woven[:, :, row::2, column::2] = own
    found = functional.conv_transpose2d(features, woven, stride=2, padding=2)
    assert torch.allclose(found, expected, atol=1e-5)


@torch.no_grad()
def test_batch_norm_looks_at_one_image_in_evaluation_and_at_all_in_training():
    images = torch.rand(3, 3, 32, 32)
    for each in (strong(), Discriminator(32, channels=2, dense=8).eval()):
        alone, among = each(images[:1]), each(images)[:1]
        assert torch.allclose(alone, among, atol=1e-5)
        learning = copy.deepcopy(each).train()
        alone, among = learning(images[:1]), learning(images)[:1]
        assert (alone - among).abs().max() > 1e-4


# the discriminator


@pytest.mark.parametrize("size", [16, 32, 48])
def test_a_logit_for_each_image(size):
    model = Discriminator(size, channels=2, dense=4)
    nn.init.constant_(model.judge[-1].bias, 5.0)
    logits = model(torch.rand(3, 3, size, size))
    assert logits.shape == (3, 1) and logits.min() > 2  # no sigmoid at the end
    logits.sum().backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name


def test_its_layers_are_the_papers():
    layers = list(Discriminator().features)
    convolutions = [layer for layer in layers if isinstance(layer, nn.Conv2d)]
    found = [(layer.out_channels, layer.stride[0]) for layer in convolutions]
    assert found == [
        *((64, 1), (64, 2), (128, 1), (128, 2)),
        *((256, 1), (256, 2), (512, 1), (512, 2)),
    ]
    assert not isinstance(layers[1], nn.BatchNorm2d) and isinstance(layers[3], nn.BatchNorm2d)
    slopes = {layer.negative_slope for layer in layers if isinstance(layer, nn.LeakyReLU)}
    assert slopes == {0.2}


@pytest.mark.parametrize("size", [0, 8, 90])
def test_sizes_that_cannot_be_halved_four_times(size):
    with pytest.raises(ValueError, match=f"size must be a multiple of 16 pixels, not {size}"):
        Discriminator(size)


@pytest.mark.parametrize("wrong", [{"channels": 0}, {"dense": 0}])
def test_empty_layers(wrong):
    with pytest.raises(ValueError, match="channels and dense must be at least 1"):
        Discriminator(16, **wrong)


@pytest.mark.parametrize(
    "image",
    [
        torch.zeros(1, 3, 32, 16),
        torch.zeros(1, 3, 48, 48),
        torch.zeros(1, 1, 32, 32),
        torch.zeros(3, 32, 32),
        torch.zeros(1, 3, 32, 32, dtype=torch.uint8),
    ],
)
def test_images_of_another_size(image):
    with pytest.raises(ValueError, match=r"takes a float tensor \(B, 3, 32, 32\) .* one size"):
        Discriminator(32, channels=2, dense=4)(image)


# statistics of a pretraining


def test_frozen_statistics_stay_in_training_while_weights_learn():
    model = strong().train()
    freeze_statistics(model)
    assert model.training and not any(
        layer.training for layer in model.modules() if isinstance(layer, nn.BatchNorm2d)
    )
    before = copy.deepcopy(model.state_dict())
    model(torch.rand(2, 3, 9, 9)).square().mean().backward()
    for name, value in model.state_dict().items():
        assert "running" not in name or torch.equal(value, before[name]), name
    assert all(each.grad.abs().max() > 0 for each in model.parameters())
