"""SRCNN: what it computes, and that it and its gradients are those of the paper."""

import numpy as np
import pytest
import torch
from scipy.signal import correlate
from torch.nn import functional

from srlib.networks.srcnn import SRCNN
from srlib.training.soap import SOAP


@pytest.mark.parametrize("variant, parameters", [("9-1-5", 8_129), ("9-5-5", 57_281)])
def test_parameters(variant, parameters):
    assert sum(p.numel() for p in SRCNN(variant).parameters()) == parameters
    assert sum(p.numel() for p in SRCNN(variant, residual=True).parameters()) == parameters


def test_weights_begin_as_in_the_paper():
    torch.manual_seed(0)
    model = SRCNN()
    for layer in (model.extract, model.map, model.reconstruct):
        assert float(layer.weight.detach().std()) == pytest.approx(0.001, rel=0.1)
        assert abs(float(layer.weight.detach().mean())) < 2e-4
        assert not layer.bias.any()


@pytest.mark.parametrize("variant", ["9-1-5", "9-5-5"])
@pytest.mark.parametrize("residual", [False, True])
def test_against_scipy(variant, residual):
    model = strong(variant, residual)
    image = torch.rand(1, 1, 21, 24, generator=torch.Generator().manual_seed(1))
    m = model.margin
    features = [np.pad(image[0, 0].double().numpy(), m, mode="edge")]
    for layer in (model.extract, model.map, model.reconstruct):
        features = correlate_all(features, layer)
        if layer is not model.reconstruct:
            features = [np.maximum(each, 0) for each in features]
    expected = features[0] + residual * image[0, 0].numpy()
    with torch.no_grad():
        assert np.abs(model(image)[0, 0].numpy() - expected).max() < 1e-5


def correlate_all(features: list[np.ndarray], layer: torch.nn.Conv2d) -> list[np.ndarray]:
    weights, biases = layer.weight.detach().double().numpy(), layer.bias.detach().numpy()
    return [
        sum(correlate(x, k, "valid") for x, k in zip(features, kernels, strict=True)) + bias
        for kernels, bias in zip(weights, biases, strict=True)
    ]


def strong(variant: str = "9-5-5", residual: bool = True) -> SRCNN:
    """With weights large enough for every layer to matter."""
    torch.manual_seed(0)
    model = SRCNN(variant, residual=residual)
    with torch.no_grad():
        for layer in (model.extract, model.map, model.reconstruct):
            torch.nn.init.kaiming_normal_(layer.weight)
            torch.nn.init.normal_(layer.bias, std=0.1)
    return model


@pytest.mark.parametrize("variant, margin", [("9-1-5", 6), ("9-5-5", 8)])
def test_receptive_field(variant, margin):
    model = strong(variant, residual=False)
    assert model.margin == margin
    image = torch.rand(1, 1, 41, 41, requires_grad=True)
    model(image)[0, 0, 20, 20].backward()
    rows, columns = image.grad[0, 0].nonzero().T
    assert (rows.min(), rows.max()) == (20 - margin, 20 + margin)
    assert (columns.min(), columns.max()) == (20 - margin, 20 + margin)


def test_without_padding_it_is_the_centre():
    model, image = strong(), torch.rand(2, 1, 30, 26)
    with torch.no_grad():
        whole, centre = model(image), model(image, pad=False)
    assert centre.shape == (2, 1, 14, 10)
    assert torch.allclose(whole[..., 8:-8, 8:-8], centre, atol=1e-6)


def test_an_untrained_residual_network_is_bicubic():
    image = torch.rand(1, 1, 20, 20)
    assert torch.allclose(SRCNN(residual=True)(image), image, atol=1e-4)
    assert SRCNN()(image).abs().max() < 1e-4


def test_the_result_is_not_clamped_and_every_weight_has_a_gradient():
    model = strong()
    sr = model(torch.rand(1, 1, 20, 20) * 3)
    assert sr.max() > 1
    functional.mse_loss(sr, torch.zeros_like(sr)).backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad.abs().max() > 0, name


def test_one_batch_is_learned_by_heart():
    torch.manual_seed(0)
    hr = functional.interpolate(torch.rand(1, 1, 5, 5), size=20, mode="bicubic").clamp(0, 1)
    blurred = functional.avg_pool2d(functional.pad(hr, (1,) * 4, mode="replicate"), 3, stride=1)
    model = strong("9-1-5")
    optimizer = SOAP(model.parameters(), lr=0.01)
    for step in range(250):
        optimizer.param_groups[0]["lr"] = 0.01 * (1 - step / 250)
        optimizer.zero_grad()
        loss = functional.mse_loss(model(blurred), hr)
        loss.backward()
        optimizer.step()
    assert -10 * torch.log10(functional.mse_loss(blurred, hr)) < 35
    assert -10 * torch.log10(loss.detach()) > 45


@pytest.mark.parametrize(
    "image",
    [
        torch.zeros(1, 3, 20, 20),
        torch.zeros(20, 20),
        torch.zeros(1, 1, 20, 20, dtype=torch.uint8),
    ],
)
def test_what_is_not_luma_is_refused(image):
    with pytest.raises(ValueError, match=r"takes luma as a float tensor \(B, 1, H, W\)"):
        SRCNN()(image)


def test_unknown_variant():
    with pytest.raises(ValueError, match="variant must be one of 9-1-5, 9-5-5, not '9-3-5'"):
        SRCNN("9-3-5")
