"""Degradations: shapes, sources of chance, and what each of them does."""

from dataclasses import replace

import pytest
import torch

from srlib.data.accidents import to_levels
from srlib.data.degradations import (
    BSRGAN,
    PHONE,
    REAL_ESRGAN,
    SCAN,
    VIDEO,
    Degradation,
    Draw,
    Round,
)
from srlib.errors import ArgumentError
from srlib.images.metrics import Protocol, psnr
from srlib.images.resize import imresize

ALL = {"BSRGAN": BSRGAN, "REAL_ESRGAN": REAL_ESRGAN, "PHONE": PHONE, "SCAN": SCAN, "VIDEO": VIDEO}
each = pytest.mark.parametrize("degradation", ALL.values(), ids=ALL)


@pytest.fixture(scope="module")
def hr():
    """Smooth patches with edges, ``(6, 3, 96, 64)``."""
    line = torch.arange(96.0)
    waves = 0.5 + 0.4 * torch.sin(line[:, None] / 9) * torch.cos(line[None, :64] / 6)
    waves[40:] = 1 - waves[40:]
    return torch.stack([waves.roll(shift, 0) for shift in range(6)])[:, None].repeat(1, 3, 1, 1)


@each
@pytest.mark.parametrize("scale", [2, 4])
def test_the_result_is_an_lr_image_in_8_bit(degradation, scale, hr):
    lr = degradation(hr, scale, seed=0)
    assert lr.shape == (6, 3, 96 // scale, 64 // scale) and lr.dtype == torch.float32
    assert torch.equal(lr, to_levels(lr))


@each
def test_seed_and_step_say_all(degradation, hr):
    torch.manual_seed(1)
    first = degradation(hr, 4, 0, 7)
    torch.manual_seed(2)
    assert torch.equal(first, degradation(hr, 4, 0, 7))
    assert not torch.equal(first, degradation(hr, 4, 0, 8))
    assert not torch.equal(first, degradation(hr, 4, 1, 7))


@each
def test_it_still_shows_the_picture(degradation, hr):
    """Far nearer to its own picture than to the next one."""
    lr = degradation(hr, 4, 0)
    shrunk = imresize(hr, 1 / 4)
    own, other = (lr - shrunk).pow(2).mean(), (lr - shrunk.roll(3, 0)).pow(2).mean()
    assert 0 < own < 0.5 * other


def test_with_no_round_doing_anything_it_is_a_resizer(hr):
    nothing = Degradation(rounds=(Round(resizers=("area",)),))
    blocks = hr.reshape(6, 3, 24, 4, 16, 4).mean((3, 5))
    assert torch.allclose(nothing(hr, 4, 0), to_levels(blocks), atol=1 / 255 + 1e-6)


def test_a_share_is_only_shrunk(hr):
    clean = to_levels(imresize(hr, 1 / 4))
    assert torch.equal(replace(BSRGAN, clean=1.0)(hr, 4, 0), clean)
    half, counted = replace(BSRGAN, clean=0.5), 0
    for step in range(40):
        counted += sum(torch.equal(a, b) for a, b in zip(half(hr, 4, 0, step), clean, strict=True))
    assert 90 < counted < 150  # of 240; the standard deviation is 8


def test_a_round_happens_with_its_chance(hr):
    always = Round(resizers=("area",), gaussian=(20, 20))
    sometimes = Degradation(rounds=(replace(always, chance=0.25),))
    still = Degradation(rounds=(replace(always, gaussian=None),))(hr, 4, 0)
    noisy = 0
    for step in range(40):
        lr = sometimes(hr, 4, 0, step)
        noisy += sum(not torch.equal(a, b) for a, b in zip(lr, still, strict=True))
    assert 35 < noisy < 85  # of 240; the standard deviation is 6.7


def test_shuffling_changes_the_order(hr):
    """Noise before shrinking is averaged away, after it it stays: both happen."""
    steps = Round(resizers=("area",), gaussian=(20, 20), grey=0)
    shuffled = Degradation(rounds=(steps,), shuffle=True)
    clean = Degradation(rounds=(Round(resizers=("area",)),))(hr, 4, 0)
    found = [float((shuffled(hr, 4, 0, step) - clean).std() * 255) for step in range(12)]
    assert any(4 < each < 7 for each in found) and any(17 < each < 21 for each in found)


def test_one_plane_is_taken_too(hr):
    assert REAL_ESRGAN(hr[:, :1], 4, 0).shape == (6, 1, 24, 16)


@pytest.mark.parametrize("shape", [(3, 96, 64), (1, 2, 96, 64), (1, 3, 94, 64)])
def test_other_tensors_are_refused(shape):
    with pytest.raises(ArgumentError, match="multiples of 4"):
        PHONE(torch.rand(shape), 4, 0)


def test_what_is_drawn_is_even():
    draw = Draw(20_000, 3)
    values = draw.between((2.0, 6.0))
    assert float(values.mean()) == pytest.approx(4, abs=0.05)
    assert float(values.var()) == pytest.approx(16 / 12, rel=0.05)


def test_a_phone_costs_what_it_was_measured_to_cost(hr):
    """Noise of 3 levels alone is 38.6 dB; JPEG takes some of it away and adds its own."""
    lr, clean = PHONE(hr, 4, 0), to_levels(imresize(hr, 1 / 4))
    array = [(each[0].permute(1, 2, 0) * 255).round().byte().numpy() for each in (lr, clean)]
    assert 30 < float(psnr(*array, Protocol("RGB"))) < 42
