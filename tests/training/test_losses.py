"""Losses against values made by hand: of pixels, of a game, of features, of a mesh."""

import math
from pathlib import Path

import pytest
import torch
from accelerate import Accelerator
from torch.nn import functional

from srlib.networks.srcnn import SRCNN
from srlib.networks.vgg import LAYERS, VGGDistance
from srlib.training.losses import (
    NormalisedPerceptualLoss,
    PerceptualLoss,
    centre_mse,
    centre_rmse,
    content_loss,
    discriminator_loss,
    generator_loss,
    mesh_loss,
    minimax_loss,
    non_saturating_loss,
    pixel_l1,
    pixel_mse,
    with_anchors,
)
from tests.helpers.vgg import by_hand, two_images

LOGITS = torch.tensor([[-3.0], [-0.5], [0.0], [2.0]])
PROBABILITIES = [1 / (1 + math.exp(-logit)) for logit in (-3.0, -0.5, 0.0, 2.0)]
FARAWAY = torch.tensor([[-200.0], [200.0]])


def mean(values: list[float]) -> float:
    return sum(values) / len(values)


# the pixels


def test_losses_are_means_over_all_pixels():
    network = torch.nn.Identity()
    lr, hr = torch.zeros(1, 3, 2, 2), torch.zeros(1, 3, 2, 2)
    hr[0, 0, 0, 0], hr[0, 1, 1, 0] = 0.6, -1.2
    assert float(pixel_mse(network, lr, hr)) == pytest.approx((0.36 + 1.44) / 12)
    assert float(pixel_l1(network, lr, hr)) == pytest.approx(1.8 / 12)


def test_losses_count_only_pixels_with_a_full_neighbourhood():
    model = SRCNN("9-1-5", residual=True)
    for parameter in model.parameters():
        torch.nn.init.zeros_(parameter)  # the network is bicubic
    hr = torch.rand(2, 1, 30, 30)
    bicubic = hr.clone()
    bicubic[..., :6] = 9  # within 6 pixels of the border
    bicubic[0, 0, 6:-6, 6:-6] += 0.1
    bicubic[1, 0, 6:-6, 6:-6] += 0.3
    mse = centre_mse(model, bicubic, hr)
    assert float(mse.detach()) == pytest.approx((0.01 + 0.09) / 2, rel=1e-3)
    rmse = centre_rmse(model, bicubic, hr)
    assert float(rmse.detach()) == pytest.approx((0.1 + 0.3) / 2, rel=1e-3)
    assert centre_rmse(model, hr, hr).isfinite()
    centre_rmse(model, hr, hr).backward()
    assert all(parameter.grad.isfinite().all() for parameter in model.parameters())


# the game


def test_values_by_hand():
    real, fake = LOGITS + 1, LOGITS
    d_real = [1 / (1 + math.exp(-float(logit))) for logit in real]
    expected = mean([-math.log(d) for d in d_real]) + mean(
        [-math.log(1 - d) for d in PROBABILITIES]
    )
    assert float(discriminator_loss(real, fake)) == pytest.approx(expected, rel=1e-6)
    expected = mean([math.log(1 - d) for d in PROBABILITIES])
    assert float(minimax_loss(fake)) == pytest.approx(expected, rel=1e-6)
    minimises_minus_log_d(non_saturating_loss)


def minimises_minus_log_d(loss) -> None:
    """Value -log D, slope D - 1: strongest where the discriminator is sure."""
    expected = mean([-math.log(d) for d in PROBABILITIES])
    assert float(loss(LOGITS)) == pytest.approx(expected, rel=1e-6)
    assert slopes(loss, LOGITS) == pytest.approx([d - 1 for d in PROBABILITIES], rel=1e-5)


def slopes(loss, logits: torch.Tensor) -> list[float]:
    """d loss / d logit of each image, times the number of images."""
    logits = logits.clone().requires_grad_()
    loss(logits).backward()
    return (logits.grad * logits.numel()).flatten().tolist()


def test_slopes():
    assert slopes(minimax_loss, LOGITS) == pytest.approx([-d for d in PROBABILITIES], rel=1e-5)
    found = slopes(lambda real: discriminator_loss(real, LOGITS), LOGITS)
    assert found == pytest.approx([d - 1 for d in PROBABILITIES], rel=1e-5)
    found = slopes(lambda fake: discriminator_loss(LOGITS, fake), LOGITS)
    assert found == pytest.approx(PROBABILITIES, rel=1e-5)


@pytest.mark.parametrize("fault", [lambda fake: (1 - fake.sigmoid()).mean(), minimax_loss])
def test_another_adversarial_term_would_be_seen(fault):
    with pytest.raises(AssertionError):
        minimises_minus_log_d(fault)


@pytest.mark.parametrize(
    "loss", [minimax_loss, non_saturating_loss, lambda x: discriminator_loss(x, x)]
)
def test_finite_where_the_discriminator_is_all_too_sure(loss):
    assert loss(FARAWAY).isfinite()
    assert all(map(math.isfinite, slopes(loss, FARAWAY)))


def test_where_the_slope_vanishes():
    """Fakes that are seen through: minimax says nothing, -log D pulls with all its force."""
    assert slopes(minimax_loss, torch.tensor([[-30.0]])) == pytest.approx([0], abs=1e-12)
    assert slopes(non_saturating_loss, torch.tensor([[-30.0]])) == pytest.approx([-1])


def test_the_weighted_sum():
    content, adversarial = torch.tensor(2.0), torch.tensor(5.0)
    assert float(generator_loss(content, adversarial)) == pytest.approx(2.005)
    assert float(generator_loss(content, adversarial, weight=0.5)) == pytest.approx(4.5)


# the mesh


def test_mesh_by_hand():
    """One of the four positions brighter by 0.4: mean 0.1, squares 0.09 and three times 0.01."""
    hr = torch.rand(2, 3, 48, 40)
    sr = hr.clone()
    sr[..., ::2, ::2] += 0.4
    assert float(mesh_loss(sr, hr, 2)) == pytest.approx((0.09 + 3 * 0.01) / 4, rel=1e-5)
    sr[1:] = hr[1:]  # half of the batch
    sr[:, 1:] = hr[:, 1:]  # one colour of three
    assert float(mesh_loss(sr, hr, 2)) == pytest.approx(0.03 / 6, rel=1e-5)


def test_mesh_is_local():
    """Two places with opposite patterns do not cancel."""
    hr = torch.zeros(1, 1, 128, 32)
    sr = hr.clone()
    sr[..., :64, ::2], sr[..., 64:, ::2] = 0.2, -0.2
    assert float(mesh_loss(sr, hr, 2)) > 0.9 * 0.01


def test_what_does_not_repeat_is_no_mesh():
    hr = torch.rand(4, 3, 96, 96, generator=torch.Generator().manual_seed(0))
    assert float(mesh_loss(hr + 0.3, hr, 4)) == pytest.approx(0, abs=1e-10)  # brighter all over
    noise = torch.randn(hr.shape, generator=torch.Generator().manual_seed(1))
    assert float(mesh_loss(hr + noise, hr, 4)) == pytest.approx(15 / 16 / 64, rel=0.1)


def test_mesh_pulls_on_sr_and_works_on_small_images():
    sr, hr = torch.rand(2, 1, 3, 8, 8).unbind()
    sr.requires_grad_()
    mesh_loss(sr, hr, 4).backward()
    assert float(sr.grad.abs().sum()) > 0


# the content


@pytest.fixture(scope="module")
def images() -> tuple[torch.Tensor, torch.Tensor]:
    return two_images()


def test_content_by_hand(images, random_vgg):
    is_equation_5(PerceptualLoss("relu2_2", random_vgg), images, random_vgg)


def is_equation_5(
    loss: PerceptualLoss, images: tuple[torch.Tensor, torch.Tensor], file: Path
) -> None:
    sr, hr = (by_hand(image, file, (0, 2, 5, 7)) for image in images)
    expected = float(torch.mean((sr - hr) ** 2)) / 12.75**2
    assert float(loss(*images)) == pytest.approx(expected, rel=1e-5)
    assert expected > 1e-4


def test_vgg_on_images_that_are_not_normalised_would_be_seen(images, random_vgg):
    loss = PerceptualLoss("relu2_2", random_vgg)
    loss.vgg.mean.zero_(), loss.vgg.std.fill_(1.0)
    with pytest.raises(AssertionError):
        is_equation_5(loss, images, random_vgg)


def test_features_before_the_relu_would_be_seen(images, random_vgg):
    loss = PerceptualLoss("relu2_2", random_vgg)
    loss.vgg.positions = [LAYERS["relu2_2"] - 1]
    with pytest.raises(AssertionError):
        is_equation_5(loss, images, random_vgg)


def test_equal_images_cost_nothing_and_only_the_result_has_a_gradient(images, random_vgg):
    loss = PerceptualLoss("relu2_2", random_vgg)
    assert float(loss(images[0], images[0])) == 0
    sr, hr = (image.clone().requires_grad_() for image in images)
    loss(sr, hr).backward()
    assert sr.grad.abs().max() > 0 and hr.grad is None
    assert all(not p.requires_grad and p.grad is None for p in loss.parameters())


def test_the_normalised_loss_is_the_mean_distance(random_vgg):
    a, b = torch.rand(2, 3, 16, 16), torch.rand(2, 3, 16, 16)
    loss = NormalisedPerceptualLoss(random_vgg)
    assert loss(a, b) == pytest.approx(0.05 * float(VGGDistance(random_vgg)(a, b).mean()))
    moved = a.clone().requires_grad_()
    loss(moved, b).backward()
    assert moved.grad.abs().sum() > 0
    assert all(weight.grad is None for weight in loss.parameters())


# what the recipes ask for


def test_anchors_have_their_weights_beside_the_content():
    sr, hr = torch.rand(2, 2, 3, 32, 32).unbind()
    content, l1 = functional.mse_loss, functional.l1_loss(sr, hr)
    for mesh, pixels in ((10.0, 0.0), (0.0, 2.0), (10.0, 2.0)):
        expected = content(sr, hr) + mesh * mesh_loss(sr, hr, 4) + pixels * l1
        found = with_anchors(content, mesh, pixels, 4)(sr, hr)
        assert float(found) == pytest.approx(float(expected), rel=1e-6)
    assert with_anchors(content, 0.0, 0.0, 4) is content


def test_content_losses_by_name(images, random_vgg):
    sr, hr = images
    accelerator = Accelerator(cpu=True)
    anchors = {"scale": 2, "mesh": 10.0, "pixels": 0.5}
    for name, plain in (
        ("relu1_2", PerceptualLoss("relu1_2", random_vgg)),
        ("normalised", NormalisedPerceptualLoss(random_vgg)),
    ):
        found = content_loss(name, random_vgg, accelerator, scale=2)(sr, hr)
        assert float(found) == pytest.approx(float(plain(sr, hr)), rel=1e-5)
        found = content_loss(name, random_vgg, accelerator, **anchors)(sr, hr)
        expected = with_anchors(plain, 10.0, 0.5, 2)(sr, hr)
        assert float(found) == pytest.approx(float(expected), rel=1e-5)
    with pytest.raises(ValueError, match="layers must be among"):
        content_loss("conv1_2", random_vgg, accelerator, scale=2)
