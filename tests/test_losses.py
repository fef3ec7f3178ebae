"""SRGAN's losses and VGG-19's features against values made by hand and by torchvision."""

import math
import os
import pickle
import urllib.error
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch.nn import functional
from torchvision import models, transforms

from srlib.images import to_tensor
from srlib.losses import (
    NormalisedPerceptualLoss,
    PerceptualLoss,
    discriminator_loss,
    generator_loss,
    mesh_loss,
    minimax_loss,
    non_saturating_loss,
)
from srlib.photographs import photograph
from srlib.vgg import LAYERS, VGGDistance, VGGFeatures, WeightsUnavailable

LOGITS = torch.tensor([[-3.0], [-0.5], [0.0], [2.0]])
PROBABILITIES = [1 / (1 + math.exp(-logit)) for logit in (-3.0, -0.5, 0.0, 2.0)]
FARAWAY = torch.tensor([[-200.0], [200.0]])


def mean(values: list[float]) -> float:
    return sum(values) / len(values)


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


# the features


def test_torchvision_agrees_after_the_relu(tmp_path):
    with torch.device("meta"):
        theirs = models.vgg19(weights=None, init_weights=False).features
    theirs = theirs.to_empty(device="cpu").eval()
    generator = torch.Generator().manual_seed(0)
    for layer in theirs:
        if isinstance(layer, torch.nn.Conv2d):
            size = (2 / layer.weight[0].numel()) ** 0.5
            layer.weight.data.normal_(std=size, generator=generator)
            layer.bias.data.zero_()
    file = tmp_path / "all.safetensors"
    save_file({f"features.{name}": each for name, each in theirs.state_dict().items()}, file)
    image = torch.rand(1, 3, 32, 32, generator=generator)
    features = transforms.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))(image)
    expected = {}
    with torch.no_grad():
        for position, layer in enumerate(theirs):
            features = expected[position] = layer(features).clone()
        found = VGGFeatures(["relu5_4", "relu2_2"], file)(image)
    for features, position in zip(found, (35, 8), strict=True):
        assert features.min() == 0 < features.max()
        assert torch.allclose(features, expected[position], rtol=1e-4, atol=1e-5)
    assert (LAYERS["relu2_2"], LAYERS["relu5_4"]) == (8, 35)


def test_only_the_layers_that_are_needed_are_there(random_vgg):
    vgg = VGGFeatures(["relu1_1", "relu2_1"], random_vgg)
    assert [name for name, _ in vgg.named_parameters()] == [
        f"features.{position}.{kind}" for position in (0, 2, 5) for kind in ("weight", "bias")
    ]
    assert [each.shape[1] for each in vgg(torch.rand(1, 3, 8, 8))] == [64, 128]


@pytest.mark.parametrize("layers", [["relu2_3"], ["conv1_1", "relu1_1"], []])
def test_layers_that_vgg_does_not_have(layers, random_vgg):
    with pytest.raises(ValueError, match="layers must be among relu1_1, .* relu5_4"):
        VGGFeatures(layers, random_vgg)


@pytest.mark.parametrize(
    "image",
    [torch.zeros(1, 1, 8, 8), torch.zeros(3, 8, 8), torch.zeros(1, 3, 8, 8, dtype=torch.uint8)],
)
def test_what_is_not_rgb_is_refused(image, random_vgg):
    with pytest.raises(ValueError, match=r"takes RGB as a float tensor \(B, 3, H, W\)"):
        VGGFeatures(["relu1_1"], random_vgg)(image)


# where the weights come from


@pytest.fixture
def torch_cache(tmp_path, monkeypatch) -> Path:
    """torch's download folder, empty, with no network behind it."""

    def no_network(*_: object, **__: object) -> None:
        raise urllib.error.URLError("no route to host")

    monkeypatch.setattr(torch.hub, "_hub_dir", None)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr(torch.hub, "download_url_to_file", no_network)
    folder = tmp_path / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    return folder


def test_torchvisions_file_is_read_from_torchs_cache(torch_cache, random_vgg, images):
    weights = load_file(random_vgg) | {"classifier.0.weight": torch.zeros(2, 2)}
    torch.save(weights, torch_cache / "vgg19-dcbb9e9d.pth")
    found = VGGFeatures(["relu2_2"])(images[0])
    assert torch.equal(found[0], VGGFeatures(["relu2_2"], random_vgg)(images[0])[0])


def test_without_network_it_says_what_to_do(torch_cache):
    with pytest.raises(WeightsUnavailable) as caught:
        PerceptualLoss()
    for part in ("no route to host", "try again", "vgg19-dcbb9e9d.pth", str(torch_cache)):
        assert part in str(caught.value)


def test_a_pickle_with_code_in_it_is_refused(torch_cache, tmp_path):
    class Evil:
        def __reduce__(self):
            return os.system, (f"touch {tmp_path / 'ran'}",)

    torch.save({"features.0.weight": Evil()}, torch_cache / "vgg19-dcbb9e9d.pth")
    with pytest.raises(WeightsUnavailable, match="other things than weights: delete it"):
        VGGFeatures(["relu1_1"])
    (torch_cache / "vgg19-dcbb9e9d.pth").write_bytes(pickle.dumps(Evil(), protocol=2))
    with pytest.raises(WeightsUnavailable, match="other things than weights: delete it"):
        VGGFeatures(["relu1_1"])
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("damage", ["truncated", "empty", "a web page"])
def test_a_damaged_download(torch_cache, random_vgg, damage):
    file = torch_cache / "vgg19-dcbb9e9d.pth"
    torch.save(load_file(random_vgg), file)
    file.write_bytes({"truncated": file.read_bytes()[:-999], "empty": b""}.get(damage, b"<html>"))
    with pytest.raises(WeightsUnavailable, match=f"{file.name} is damaged .* delete it"):
        VGGFeatures(["relu1_1"])


def test_a_file_that_lacks_a_layer_or_has_another_shape(tmp_path, random_vgg):
    weights = load_file(random_vgg)
    with pytest.raises(WeightsUnavailable, match=r"features\.12\.weight is missing, .* earlier"):
        VGGFeatures(["relu3_2"], random_vgg)
    weights["features.2.bias"] = torch.zeros(7)
    save_file(weights, tmp_path / "other.safetensors")
    with pytest.raises(WeightsUnavailable, match=r"features\.2\.bias is \(7,\), expected \(64,\)"):
        VGGFeatures(["relu1_2"], tmp_path / "other.safetensors")


@pytest.mark.parametrize("content", [None, b"", b"\x80\x04N.", b"\xff" * 100])
def test_files_that_are_no_safetensors(tmp_path, content):
    file = tmp_path / "a.safetensors"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(WeightsUnavailable, match="cannot read VGG-19's weights from .*a.safetens"):
        VGGFeatures(["relu1_1"], file)


# the distance


def test_distance_by_hand(images, random_vgg):
    positions = {"relu1_2": (0, 2), "relu2_2": (0, 2, 5, 7), "relu3_1": (0, 2, 5, 7, 10)}
    expected = torch.zeros(2)
    for layers in positions.values():
        a, b = (by_hand(image, random_vgg, layers) for image in images)
        a, b = (each / (each**2).sum(dim=1, keepdim=True).sqrt() for each in (a, b))
        expected += (2 - 2 * (a * b).sum(dim=1)).mean(dim=(1, 2)) / 3
    found = VGGDistance(random_vgg)(*images)
    assert found.shape == (2,)
    assert torch.allclose(found, expected, rtol=1e-3, atol=1e-6)
    assert found[0] != found[1]


def test_distance_is_zero_for_equals_and_symmetric(images, random_vgg):
    distance = VGGDistance(random_vgg, ["relu1_1", "relu2_1"])
    assert distance(images[0], images[0]).tolist() == [0, 0]
    assert torch.equal(distance(*images), distance(*reversed(images)))
    assert 0 < distance(*images).min() <= distance(*images).max() < 2
    with pytest.raises(ValueError, match="differ in shape"):
        distance(images[0], images[1][..., :8])


@pytest.mark.parametrize("name", ["coffee", "chelsea"])
def test_trained_vgg_sees_blur_as_worse_than_a_change_of_brightness_of_the_same_mse(vgg_file, name):
    hr = to_tensor(photograph(name).image[100:164, 100:164])
    blurred = functional.avg_pool2d(functional.pad(hr, (2,) * 4, mode="reflect"), 5, stride=1)
    brighter = hr + torch.mean((blurred - hr) ** 2).sqrt()
    distance = VGGDistance(vgg_file)
    assert distance(blurred, hr) > 2 * distance(brighter, hr)


def test_the_normalised_loss_is_the_mean_distance(random_vgg):
    a, b = torch.rand(2, 3, 16, 16), torch.rand(2, 3, 16, 16)
    loss = NormalisedPerceptualLoss(random_vgg)
    assert loss(a, b) == pytest.approx(0.05 * float(VGGDistance(random_vgg)(a, b).mean()))
    moved = a.clone().requires_grad_()
    loss(moved, b).backward()
    assert moved.grad.abs().sum() > 0
    assert all(weight.grad is None for weight in loss.parameters())
