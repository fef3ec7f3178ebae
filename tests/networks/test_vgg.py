"""VGG-19's features against torchvision's and by hand, its files, and the distance."""

import os
import pickle
import urllib.error
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch.nn import functional
from torchvision import models, transforms

from srlib.data.photographs import photograph
from srlib.errors import WeightsUnavailable
from srlib.images.values import to_tensor
from srlib.networks.vgg import LAYERS, VGGDistance, VGGFeatures
from tests.helpers.vgg import by_hand, two_images


@pytest.fixture(scope="module")
def images() -> tuple[torch.Tensor, torch.Tensor]:
    return two_images()


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
        VGGFeatures(["relu2_2"])
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


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes in folders here")
def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "a.safetensors")
    with pytest.raises(WeightsUnavailable, match="it is no plain file"):
        VGGFeatures(["relu1_2"], tmp_path / "a.safetensors")


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


def test_by_layer_by_hand(images, random_vgg):
    """Each layer by itself; in their order, whatever the order of depth; their mean is all."""
    positions = {"relu2_2": (0, 2, 5, 7), "relu1_2": (0, 2)}
    distance = VGGDistance(random_vgg, list(positions))
    found = distance.by_layer(*images)
    assert found.shape == (2, 2) and distance.layers == tuple(positions)
    for values, layers in zip(found, positions.values(), strict=True):
        a, b = (by_hand(image, random_vgg, layers) for image in images)
        a, b = (each / (each**2).sum(dim=1, keepdim=True).sqrt() for each in (a, b))
        expected = (2 - 2 * (a * b).sum(dim=1)).mean(dim=(1, 2))
        assert torch.allclose(values, expected, rtol=1e-3, atol=1e-6)
    assert torch.equal(distance(*images), found.mean(dim=0))


def test_a_distance_says_what_it_is(random_vgg):
    assert str(VGGDistance(random_vgg)) == "VGG-19 relu1_2 relu2_2 relu3_1"
    assert f"{VGGDistance(random_vgg, ['relu1_1'])}" == "VGG-19 relu1_1"


def test_distance_is_zero_for_equals_and_symmetric(images, random_vgg):
    distance = VGGDistance(random_vgg, ["relu1_1", "relu2_1"])
    assert distance(images[0], images[0]).tolist() == [0, 0]
    assert torch.equal(distance(*images), distance(*reversed(images)))
    assert 0 < distance(*images).min() <= distance(*images).max() < 2
    for call in (distance, distance.by_layer):
        with pytest.raises(ValueError, match="differ in shape"):
            call(images[0], images[1][..., :8])


@pytest.mark.parametrize("name", ["coffee", "chelsea"])
def test_trained_vgg_sees_blur_as_worse_than_a_change_of_brightness_of_the_same_mse(vgg_file, name):
    hr = to_tensor(photograph(name).image[100:164, 100:164])
    blurred = functional.avg_pool2d(functional.pad(hr, (2,) * 4, mode="reflect"), 5, stride=1)
    brighter = hr + torch.mean((blurred - hr) ** 2).sqrt()
    distance = VGGDistance(vgg_file)
    assert distance(blurred, hr) > 2 * distance(brighter, hr)
