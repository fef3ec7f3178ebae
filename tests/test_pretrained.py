"""The shipped networks: that they are what their cards say, and better than bicubic everywhere."""

import json
import shutil
from functools import partial

import numpy as np
import pytest
import torch

from srlib import networks, pretrained
from srlib.checkpoint import CheckpointError
from srlib.datasets import benchmark, photographs
from srlib.images import modulo_crop, rgb_to_luma, to_tensor, to_uint8
from srlib.metrics import Protocol, psnr
from srlib.models.srcnn import SRCNN
from srlib.networks import InBfloat16, sharpen
from srlib.resize import imresize
from srlib.upscale import upscale

SCALES = (2, 3, 4)
PAPER_9_1_5 = {2: 36.28, 3: 32.37, 4: 30.08}  # Set5; the paper's smallest network on 91 images


def score(lr: np.ndarray, hr: np.ndarray, scale: int, method: str) -> float:
    return psnr(upscale(lr, scale, method), hr, Protocol.paper(scale))


@pytest.mark.parametrize("scale", SCALES)
def test_it_is_a_trained_srcnn_9_5_5(scale):
    model = pretrained.load("srcnn", scale)
    assert isinstance(model, SRCNN) and model.variant == "9-5-5" and not model.training
    assert sum(p.numel() for p in model.parameters()) == 57_281
    assert all(p.isfinite().all() for p in model.parameters())


@pytest.mark.parametrize("scale", SCALES)
def test_on_set5_it_is_as_good_as_its_card_says_and_better_than_9_1_5(scale, set5):
    pairs = benchmark("Set5", scale)
    mean = np.mean([score(pair.lr, pair.hr, scale, "srcnn") for pair in pairs])
    assert mean > PAPER_9_1_5[scale]
    assert mean == pytest.approx(pretrained.card("srcnn", scale).scores["Set5"]["srcnn"], abs=0.01)


@pytest.mark.parametrize("scale", SCALES)
def test_it_beats_bicubic_on_every_photograph(scale):
    gains = {}
    for photograph in photographs():
        hr = modulo_crop(photograph.image, scale)[: 240 // scale * scale]  # the top, to save time
        lr = imresize(hr, 1 / scale)
        gains[photograph.name] = score(lr, hr, scale, "srcnn") - score(lr, hr, scale, "bicubic")
    assert min(gains.values()) > 0, gains


@pytest.mark.parametrize("scale", SCALES)
def test_card_and_history_belong_to_the_weights(scale):
    card, history = pretrained.card("srcnn", scale), pretrained.history("srcnn", scale)
    assert (card.name, card.scale, card.parameters) == ("srcnn", scale, 57_281)
    here = [command for command in card.commands if f"--scale {scale} " in command]
    assert sum(int(command.split("--steps ")[1].split()[0]) for command in here) == card.steps
    assert card.commands[-1] == here[-1] and f"--seed {card.seed} " in card.commands[0]
    assert history.best.step == card.best_step and history.rows[-1].step == card.steps
    assert history.column("step") == sorted(set(history.column("step")))
    assert card.scores["ten photographs"]["srcnn"] > card.scores["ten photographs"]["bicubic"] + 1
    said = str(card)
    for part in (f"srcnn x{scale}", "57281", card.commands[-1], "Set5", "dB", card.device):
        assert str(part) in said


def test_files_are_small():
    folder = pretrained.files("srlib") / "weights"
    for scale in SCALES:
        assert len((folder / f"srcnn_x{scale}.safetensors").read_bytes()) < 300_000
        assert len((folder / f"srcnn_x{scale}.csv").read_bytes()) < 100_000


def test_each_call_gives_a_network_of_its_own():
    one, other = pretrained.load("srcnn", 2), pretrained.load("srcnn", 2)
    with torch.no_grad():
        one.map.weight.zero_()
    assert other.map.weight.any()


@pytest.mark.parametrize(
    "name, scale, message",
    [
        ("edsr", 2, "no shipped network is called 'edsr': choose srcnn"),
        ("srcnn", 5, "shipped for scale 2, 3 and 4, not 5"),
        ("srcnn", True, "not True"),
    ],
)
def test_what_is_not_shipped(name, scale, message):
    for function in (pretrained.load, pretrained.card, pretrained.history):
        with pytest.raises(ValueError, match=message):
            function(name, scale)


def test_damaged_or_wrong_files(tmp_path, monkeypatch):
    shutil.copytree(pretrained.files("srlib") / "weights", tmp_path / "srlib" / "weights")
    monkeypatch.setattr(pretrained, "files", lambda package: tmp_path / package)
    x2, x3 = (tmp_path / "srlib" / "weights" / f"srcnn_x{scale}.safetensors" for scale in (2, 3))
    shutil.copy(x2, x3)
    with pytest.raises(CheckpointError, match="scale 2, not 3"):
        pretrained.load("srcnn", 3)
    x2.write_bytes(x2.read_bytes()[:-100])
    with pytest.raises(CheckpointError, match="no whole weights"):
        pretrained.load("srcnn", 2)
    x2.unlink()
    with pytest.raises(CheckpointError, match="cannot read the weights"):
        pretrained.load("srcnn", 2)


# upscaling with them


@pytest.fixture(scope="module")
def photo() -> np.ndarray:
    """(60, 80, 3)"""
    return photographs()[0].image[100:160, 200:280]


def test_colour_is_that_of_bicubic(photo):
    sr, bicubic = (upscale(photo, 3, method).astype(float) for method in ("srcnn", "bicubic"))
    colour = [image - image.mean(2, keepdims=True) for image in (sr, bicubic)]
    assert np.abs(colour[0] - colour[1]).mean() < 1.0  # rounding, and clipping at edges
    assert np.abs(rgb_to_luma(sr) - rgb_to_luma(bicubic)).mean() > 1.0


def test_luma_is_the_networks(photo):
    sr = rgb_to_luma(upscale(photo, 2, "srcnn").astype(float))
    lr = torch.from_numpy(rgb_to_luma(photo.astype(float)) / 255).float()[None, None]
    with torch.no_grad():
        expected = pretrained.load("srcnn", 2)(imresize(lr, 2))[0, 0].numpy() * 255
    error = np.abs(sr - expected)
    assert np.median(error) < 0.5  # RGB is rounded
    assert (error > 3).mean() < 0.01  # and clipped where a colour cannot be that bright


def test_grey_is_the_luma_of_grey(photo):
    grey = photo[..., 1]
    sr = upscale(grey, 2, "srcnn")
    assert sr.shape == (120, 160) and sr.dtype == np.uint8
    repeated = upscale(np.stack([grey] * 3, 2), 2, "srcnn")
    assert np.abs(repeated.astype(int) - sr[..., None]).max() <= 1


@pytest.mark.parametrize("value", [0, 128, 255])
def test_flat_stays_flat(value):
    sr = upscale(np.full((20, 24, 3), value, np.uint8), 4, "srcnn")
    assert np.abs(sr.astype(int) - value).max() <= 1


def test_strips_change_nothing(photo):
    model = pretrained.load("srcnn", 3)
    bicubic = imresize(torch.from_numpy(photo[..., 1] / 255).float()[None, None], 3)
    strips = sharpen(partial(model, pad=False), model.margin, bicubic, strip=37)
    with torch.no_grad():
        assert torch.allclose(model(bicubic), strips, atol=1e-6)


@pytest.mark.parametrize("width", [5, 16, 33])
def test_bfloat16_differs_by_rounding_alone(width):
    model = pretrained.load("srcnn", 2)
    luma = torch.rand(1, 1, 7 + 16, width + 16, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        exact, fast = model(luma, pad=False), InBfloat16(model)(luma)
    change = exact - luma[..., 8:-8, 8:-8]
    assert fast.shape == exact.shape == (1, 1, 7, width)
    assert (fast - exact).norm() < 0.02 * change.norm()


@pytest.mark.parametrize("scale", SCALES)
def test_fast_products_cost_less_than_a_hundredth_of_a_decibel(scale):
    model = pretrained.load("srcnn", scale)
    losses = []
    for photograph in photographs():
        hr = rgb_to_luma(photograph.image[100:220, 100:220])
        bicubic = imresize(to_tensor(imresize(hr, 1 / scale)), scale)
        exact, fast = (
            psnr(to_uint8(sharpen(run, 8, bicubic).clamp(0, 1)), hr, Protocol.paper(scale))
            for run in (partial(model, pad=False), InBfloat16(model))
        )
        losses.append(exact - fast)
    assert abs(np.mean(losses)) < 0.01
    assert max(losses) < 0.03


def test_a_processor_without_bfloat16_gets_float32(photo, monkeypatch):
    fast = upscale(photo, 2, "srcnn").astype(int)
    monkeypatch.setattr(networks, "has_bfloat16", lambda: False)
    networks.load.cache_clear()
    assert not isinstance(networks.load("srcnn", 2).network, InBfloat16)
    assert np.abs(upscale(photo, 2, "srcnn") - fast).max() <= 3
    networks.load.cache_clear()


def test_the_smallest_image():
    assert upscale(np.full((1, 1), 7, np.uint8), 2, "srcnn").shape == (2, 2)


def test_cards_are_json_a_person_can_read():
    for scale in SCALES:
        text = (pretrained.files("srlib") / "weights" / f"srcnn_x{scale}.json").read_text("utf-8")
        assert json.loads(text)["scale"] == scale and text.count("\n") > 10
