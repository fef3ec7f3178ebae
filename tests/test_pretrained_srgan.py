"""The shipped SRResNet and SRGAN: each better than what came before at what it was made for."""

import numpy as np
import pytest
import torch

from srlib import pretrained
from srlib.datasets import benchmark, photographs
from srlib.images import modulo_crop, to_tensor, to_uint8
from srlib.metrics import Protocol, psnr
from srlib.models.srgan import SRResNet
from srlib.networks import ForInference
from srlib.resize import imresize
from srlib.upscale import upscale
from srlib.vgg import VGGDistance

NAMES = ("srresnet", "srgan")
PROTOCOL = Protocol.paper(4)
SIDE = 192  # pixels of each photograph, to save time


@pytest.fixture(scope="module")
def set5_results(set5) -> dict[str, list[np.ndarray]]:
    """Method -> results on Set5 x4; ``hr`` is the truth."""
    pairs = benchmark("Set5", 4)
    methods = ("bicubic", "srcnn", *NAMES)
    return {"hr": [pair.hr for pair in pairs]} | {
        method: [upscale(pair.lr, 4, method) for pair in pairs] for method in methods
    }


@pytest.fixture(scope="module")
def photograph_results() -> dict[str, list[np.ndarray]]:
    """The same of the middle of each of the ten photographs."""
    results = {"hr": []}
    for photograph in photographs():
        top, left = ((length - SIDE) // 2 for length in photograph.image.shape[:2])
        results["hr"].append(photograph.image[top : top + SIDE, left : left + SIDE])
    for method in ("bicubic", "srcnn", *NAMES):
        results[method] = [upscale(imresize(hr, 1 / 4), 4, method) for hr in results["hr"]]
    return results


def mean_psnr(results: dict[str, list[np.ndarray]], method: str) -> float:
    pairs = zip(results[method], results["hr"], strict=True)
    return float(np.mean([psnr(sr, hr, PROTOCOL) for sr, hr in pairs]))


@torch.no_grad()
def mean_distance(results: dict[str, list[np.ndarray]], method: str, vgg: VGGDistance) -> float:
    pairs = zip(results[method], results["hr"], strict=True)
    rgb = [(to_tensor(sr), to_tensor(hr)) for sr, hr in pairs]
    return float(np.mean([vgg(*(x.expand(1, 3, -1, -1) for x in pair)).item() for pair in rgb]))


@pytest.mark.parametrize("name", NAMES)
def test_it_is_a_trained_generator_of_the_papers_size(name):
    model = pretrained.load(name, 4)
    assert isinstance(model, SRResNet) and not model.training
    assert sum(p.numel() for p in model.parameters()) == 1_549_462
    assert all(p.isfinite().all() for p in model.parameters())


def test_srresnet_on_set5(set5_results):
    found = {name: mean_psnr(set5_results, name) for name in set5_results if name != "hr"}
    assert found["srresnet"] >= 31.0
    assert found["srresnet"] > found["srcnn"] > found["bicubic"]


def test_srgan_on_set5(set5_results, vgg_file):
    assert mean_psnr(set5_results, "srgan") >= 28.4
    vgg = VGGDistance(vgg_file)
    found = {name: mean_distance(set5_results, name, vgg) for name in set5_results}
    assert found["hr"] == 0
    assert found["srgan"] <= 0.8 * found["srresnet"] and found["srresnet"] < found["bicubic"]


def test_srgan_lays_no_mesh(photograph_results):
    """Means by sub-pixel position differ no more than they happen to in photographs."""
    levels = {name: max(map(mesh, photograph_results[name])) for name in ("srgan", "srresnet")}
    assert levels["srgan"] < 1.5 and levels["srresnet"] < 1.5


def mesh(image: np.ndarray) -> float:
    """Standard deviation, in grey levels, of the means of the sixteen positions of x4."""
    grey = image.mean(axis=2) if image.ndim == 3 else image.astype(float)
    grey = grey[: grey.shape[0] // 4 * 4, : grey.shape[1] // 4 * 4]
    return np.std([grey[i::4, j::4].mean() for i in range(4) for j in range(4)])


@pytest.mark.parametrize("name", NAMES)
def test_cards_say_what_is_measured(name, set5_results, vgg_file):
    card = pretrained.card(name, 4)
    assert card.scores["Set5"][name] == pytest.approx(mean_psnr(set5_results, name), abs=0.01)
    distance = mean_distance(set5_results, name, VGGDistance(vgg_file))
    assert card.distances["Set5"][name] == pytest.approx(distance, rel=0.02)


def test_on_photographs(photograph_results):
    """SRResNet is nearest to the truth in PSNR; SRGAN gives some of that up, not all."""
    found = {name: mean_psnr(photograph_results, name) for name in ("bicubic", "srcnn", *NAMES)}
    assert found["srresnet"] > found["srcnn"] > found["bicubic"]
    assert found["bicubic"] - 1 < found["srgan"] < found["srresnet"]


def test_srgan_has_the_fine_detail_of_the_truth(photograph_results):
    """The energy of differences between neighbours: too little in SRResNet, nearer in SRGAN."""
    energy = {
        name: np.mean([np.diff(each.astype(float), axis=1).var() for each in images])
        for name, images in photograph_results.items()
    }
    assert energy["srresnet"] < energy["srgan"]
    assert abs(energy["srgan"] - energy["hr"]) < abs(energy["srresnet"] - energy["hr"])


@pytest.mark.parametrize("name", NAMES)
def test_card_and_history_belong_to_the_weights(name):
    card, history = pretrained.card(name, 4), pretrained.history(name, 4)
    assert (card.name, card.scale, card.parameters) == (name, 4, 1_549_462)
    own = [command for command in card.commands if command.startswith(f"srlib train {name} ")]
    assert own[-1] == card.commands[-1]
    assert sum(int(command.split("--steps ")[1].split()[0]) for command in own) == card.steps
    assert history.rows[-1].step == card.steps
    terms = {"content", "adversarial", "discriminator", "d_real", "d_fake"}
    assert terms <= set(history.columns) or name == "srresnet"


@torch.no_grad()
@pytest.mark.parametrize("name, allowed", [("srresnet", 0.01), ("srgan", 0.03)])
def test_fast_products_cost_hundredths_of_a_decibel_at_most(name, allowed):
    model = pretrained.load(name, 4)
    exact, fast = ForInference(model, bfloat16=False), ForInference(model, bfloat16=True)
    losses = []
    for photograph in photographs():
        hr = modulo_crop(photograph.image[100:228, 100:228], 4)
        lr = to_tensor(imresize(hr, 1 / 4)).expand(1, 3, -1, -1)
        hr = np.dstack([hr] * 3) if hr.ndim == 2 else hr
        found = [psnr(to_uint8(run(lr).clamp(0, 1)), hr, PROTOCOL) for run in (exact, fast)]
        losses.append(found[0] - found[1])
    assert abs(np.mean(losses)) < allowed


@pytest.mark.parametrize("name", NAMES)
def test_scales_that_are_not_shipped(name):
    with pytest.raises(ValueError, match=f"{name} is shipped for scale 4, not 2"):
        upscale(np.zeros((8, 8, 3), np.uint8), 2, name)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("value", [0, 128, 255])
def test_flat_stays_nearly_flat(name, value):
    """Less so at the border, beyond which there is nothing."""
    sr = upscale(np.full((20, 24, 3), value, np.uint8), 4, name)
    error = np.abs(sr.astype(int) - value)
    assert error.max() <= 12 and error[16:-16, 16:-16].max() <= 5
