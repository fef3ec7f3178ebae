"""Blur, resizing, noise and JPEG against closed forms, and against Pillow itself."""

import io
import math

import numpy as np
import pytest
import torch
from PIL import Image

from srlib.data.accidents import (
    blur,
    gaussian_kernels,
    gaussian_noise,
    jpeg,
    poisson_noise,
    resize,
    sinc_kernels,
    to_levels,
)
from srlib.errors import ArgumentError

FLAT = torch.full((4, 3, 128, 128), 0.5)
COLOURED, GREY = torch.zeros(4, dtype=torch.bool), torch.ones(4, dtype=torch.bool)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def second_moments(kernel):
    """The 2x2 covariance of a kernel as a distribution over (column, row) offsets."""
    line = torch.arange(len(kernel), dtype=torch.float64) - len(kernel) // 2
    rows, columns, kernel = line[:, None], line[None], kernel.double()
    means = [(kernel * each).sum() for each in (columns, rows)]
    assert all(abs(float(mean)) < 1e-6 for mean in means)
    cross = (kernel * rows * columns).sum()
    return torch.stack(
        [
            torch.stack([(kernel * columns**2).sum(), cross]),
            torch.stack([cross, (kernel * rows**2).sum()]),
        ]
    )


@pytest.mark.parametrize(
    ("across", "along", "angle"), [(1.5, 1.5, 0.3), (2.5, 1.0, 0), (2.5, 1.0, 0.7), (0.8, 2, 2)]
)
def test_a_gaussian_has_the_moments_that_are_asked_for(across, along, angle):
    (kernel,) = gaussian_kernels(*(torch.tensor([each]) for each in (across, along, angle)))
    turn = torch.tensor(
        [[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]], dtype=float
    )
    wanted = turn @ torch.diag(torch.tensor([across**2, along**2], dtype=float)) @ turn.T
    assert torch.allclose(second_moments(kernel), wanted, atol=0.01)
    assert float(kernel.sum()) == pytest.approx(1, abs=1e-6)


def test_a_sinc_passes_what_lies_below_its_cutoff_and_stops_the_rest():
    (kernel,) = sinc_kernels(torch.tensor([math.pi / 2]), size=61)
    offsets = torch.arange(61.0) - 30
    along = kernel.sum(0)  # what it does to waves along the rows

    def response(frequency):  # radians per pixel
        return float((along * torch.cos(frequency * offsets)).sum())

    assert response(0.2 * math.pi) == pytest.approx(1, abs=0.03)  # cut off at the rim
    assert response(0.8 * math.pi) == pytest.approx(0, abs=0.03)
    assert float(kernel.min()) < -1e-3  # it rings


def test_blurring_convolves_each_image_with_its_own_kernel():
    images = torch.zeros(2, 3, 31, 31)
    images[:, :, 15, 15] = 1
    kernels = torch.rand(2, 5, 5, generator=generator())
    spread = blur(images, kernels)
    for image, kernel in zip(spread, kernels, strict=True):
        for channel in image:  # a point becomes the kernel: a convolution, not a correlation
            assert torch.allclose(channel[13:18, 13:18], kernel)
    assert spread[:, :, :13].abs().max() == 0


def test_blurring_keeps_a_flat_image_to_its_border_however_small():
    kernels = gaussian_kernels(*(torch.tensor([2.0]) for _ in range(3)))
    for side in (4, 64):
        assert torch.allclose(blur(FLAT[:1, :, :side, :side], kernels), FLAT[:1, :, :side, :side])


@pytest.mark.parametrize("resizer", ["area", "bilinear", "bicubic"])
def test_resizing_has_the_size_and_keeps_the_mean(resizer):
    images = torch.rand(2, 3, 48, 64, generator=generator())
    small = resize(images, (12, 16), resizer)
    assert small.shape == (2, 3, 12, 16)
    assert torch.allclose(small.mean((2, 3)), images.mean((2, 3)), atol=0.01)


def test_another_resizer_is_refused():
    with pytest.raises(ArgumentError, match="area, bilinear, bicubic, not 'lanczos'"):
        resize(FLAT, (2, 2), "lanczos")


def test_gaussian_noise_has_the_deviation_that_is_asked_for():
    sigma = torch.tensor([1.0, 5.0, 10.0, 20.0])
    noise = 255 * (gaussian_noise(FLAT, sigma, COLOURED, generator()) - FLAT)
    found = noise.std((1, 2, 3))
    assert torch.allclose(found, sigma, rtol=0.02)
    assert abs(float(torch.corrcoef(noise[3].reshape(3, -1))[0, 1])) < 0.03


@pytest.mark.parametrize("value", [0.1, 0.5, 0.9])
def test_poisson_noise_has_the_variance_of_counting(value):
    photons = torch.tensor([50.0, 100.0, 500.0, 1000.0])
    flat = torch.full((4, 3, 128, 128), value)
    noise = poisson_noise(flat, photons, COLOURED, generator()) - flat
    assert torch.allclose(noise.var((1, 2, 3)), value / photons, rtol=0.03)
    assert torch.allclose(noise.mean((1, 2, 3)), torch.zeros(4), atol=0.003)


def test_grey_noise_is_one_in_all_channels():
    for noisy in (
        gaussian_noise(FLAT, torch.full((4,), 9.0), GREY, generator()),
        poisson_noise(FLAT, torch.full((4,), 100.0), GREY, generator()),
    ):
        noise = noisy - FLAT
        assert torch.equal(noise[:, 0], noise[:, 1]) and torch.equal(noise[:, 0], noise[:, 2])
        assert noise.std() > 0.01


def test_grey_poisson_noise_counts_the_luma():
    red = torch.zeros(1, 3, 256, 256)
    red[:, 0] = 1
    noise = poisson_noise(red, torch.tensor([100.0]), GREY[:1], generator()) - red
    assert float(noise[0, 0].var()) == pytest.approx(0.299 / 100, rel=0.05)


def picture(channels):
    """A smooth picture with an edge, in [0, 1]."""
    rows, columns = torch.meshgrid(torch.arange(40.0), torch.arange(56.0), indexing="ij")
    plane = 0.5 + 0.4 * torch.sin(rows / 5) * torch.cos(columns / 7)
    plane[:, 30:] = 1 - plane[:, 30:]
    return to_levels(torch.stack([plane, plane.flip(0), plane.flip(1)][:channels])[None])


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("quality", [20, 75, 95])
def test_jpeg_is_pillows(channels, quality):
    image = picture(channels)
    array = np.uint8((image[0] * 255).round().permute(1, 2, 0).numpy())
    file = io.BytesIO()
    Image.fromarray(array.squeeze()).save(file, "JPEG", quality=quality)
    with Image.open(file) as decoded:
        wanted = np.array(decoded).reshape(array.shape)
    found = jpeg(image, [quality])[0].permute(1, 2, 0).mul(255).round().numpy()
    assert np.array_equal(found, wanted) and not np.array_equal(wanted, array)


def test_the_blocks_of_jpeg_move_with_the_corner():
    """At the lowest quality a block is nearly flat: the steps show where blocks begin."""
    ramp = torch.linspace(0.2, 0.8, 64).expand(1, 1, 64, 64).contiguous()

    def steps(corner):
        row = jpeg(ramp, [1], [corner])[0, 0, 32]
        return set((torch.nonzero((row.diff().abs() > 0.04))[:, 0] + 1).tolist())

    assert steps((0, 0)) and all(step % 8 == 0 for step in steps((0, 0)))
    assert steps((0, 3)) and all((step + 3) % 8 == 0 for step in steps((0, 3)))


def test_levels_round_half_up_and_clip():
    values = torch.tensor([-1.0, 0.5 / 255, 1.49 / 255, 2.0])
    assert torch.allclose(to_levels(values) * 255, torch.tensor([0.0, 1.0, 1.0, 255.0]))
