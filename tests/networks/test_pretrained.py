"""The shipped networks: each is what its card says, and better than what came before it."""

import json
import shutil
from functools import partial

import numpy as np
import pytest
import torch

from srlib.data.photographs import photographs
from srlib.data.test_sets import test_set as pairs_of
from srlib.errors import CheckpointError
from srlib.images.metrics import Protocol, psnr
from srlib.images.resize import imresize
from srlib.images.values import modulo_crop, rgb_to_luma, to_tensor, to_uint8
from srlib.networks import pretrained
from srlib.networks.srcnn import SRCNN
from srlib.networks.srgan import SRResNet
from srlib.networks.vgg import VGGDistance
from srlib.training.history import shipped_history
from srlib.upscaling import fast
from srlib.upscaling.fast import ForInference, InBfloat16, sharpen
from srlib.upscaling.image import upscale
from srlib.upscaling.method import _of_srlib

FOLDER = pretrained.files("srlib") / "networks" / "shipped"
SCALES = (2, 3, 4)
PAPER_9_1_5 = {2: 36.28, 3: 32.37, 4: 30.08}  # Set5; the paper's smallest network on 91 images
GENERATORS = ("srresnet", "srgan")
PROTOCOL = Protocol.paper(4)
SIDE = 192  # pixels of each photograph, to save time


# SRCNN


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
    pairs = pairs_of("Set5", scale)
    mean = np.mean([score(pair.lr, pair.hr, scale, "srcnn") for pair in pairs])
    assert mean > PAPER_9_1_5[scale]
    assert mean == pytest.approx(pretrained.card("srcnn", scale).scores["Set5"]["srcnn"], abs=0.01)


@pytest.mark.parametrize("scale", SCALES)
def test_it_beats_bicubic_on_every_photograph(scale):
    gains = {}
    for each in photographs():
        hr = modulo_crop(each.image, scale)[: 240 // scale * scale]  # the top, to save time
        lr = imresize(hr, 1 / scale)
        gains[each.name] = score(lr, hr, scale, "srcnn") - score(lr, hr, scale, "bicubic")
    assert min(gains.values()) > 0, gains


@pytest.mark.parametrize("scale", SCALES)
def test_card_and_history_belong_to_the_weights(scale):
    card, history = pretrained.card("srcnn", scale), shipped_history("srcnn", scale)
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
    for scale in SCALES:
        assert len((FOLDER / f"srcnn_x{scale}.safetensors").read_bytes()) < 300_000
        assert len((FOLDER / f"srcnn_x{scale}.csv").read_bytes()) < 100_000


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
    for function in (pretrained.load, pretrained.card):
        with pytest.raises(ValueError, match=message):
            function(name, scale)


def test_damaged_or_wrong_files(tmp_path, monkeypatch):
    shutil.copytree(
        pretrained.files("srlib") / "networks" / "shipped",
        tmp_path / "srlib" / "networks" / "shipped",
    )
    monkeypatch.setattr(pretrained, "files", lambda package: tmp_path / package)
    x2, x3 = (
        tmp_path / "srlib" / "networks" / "shipped" / f"srcnn_x{scale}.safetensors"
        for scale in (2, 3)
    )
    shutil.copy(x2, x3)
    with pytest.raises(CheckpointError, match="scale 2, not 3"):
        pretrained.load("srcnn", 3)
    x2.write_bytes(x2.read_bytes()[:-100])
    with pytest.raises(CheckpointError, match="no whole weights"):
        pretrained.load("srcnn", 2)
    x2.unlink()
    with pytest.raises(CheckpointError, match="cannot read the weights"):
        pretrained.load("srcnn", 2)


# SRResNet and SRGAN


@pytest.fixture(scope="module")
def set5_results(set5) -> dict[str, list[np.ndarray]]:
    """Method -> results on Set5 x4; ``hr`` is the truth."""
    pairs = pairs_of("Set5", 4)
    methods = ("bicubic", "srcnn", *GENERATORS)
    return {"hr": [pair.hr for pair in pairs]} | {
        method: [upscale(pair.lr, 4, method) for pair in pairs] for method in methods
    }


@pytest.fixture(scope="module")
def photograph_results() -> dict[str, list[np.ndarray]]:
    """The same of the middle of each of the ten photographs."""
    results = {"hr": []}
    for each in photographs():
        top, left = ((length - SIDE) // 2 for length in each.image.shape[:2])
        results["hr"].append(each.image[top : top + SIDE, left : left + SIDE])
    for method in ("bicubic", "srcnn", *GENERATORS):
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


@pytest.mark.parametrize("name", GENERATORS)
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


@pytest.mark.parametrize("name", GENERATORS)
def test_cards_say_what_is_measured(name, set5_results, vgg_file):
    card = pretrained.card(name, 4)
    assert card.scores["Set5"][name] == pytest.approx(mean_psnr(set5_results, name), abs=0.01)
    distance = mean_distance(set5_results, name, VGGDistance(vgg_file))
    assert card.distances["Set5"][name] == pytest.approx(distance, rel=0.02)


def test_on_photographs(photograph_results):
    """SRResNet is nearest to the truth in PSNR; SRGAN gives some of that up, not all."""
    found = {
        name: mean_psnr(photograph_results, name) for name in ("bicubic", "srcnn", *GENERATORS)
    }
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


@pytest.mark.parametrize("name", GENERATORS)
def test_card_and_history_of_the_generators_belong_to_their_weights(name):
    card, history = pretrained.card(name, 4), shipped_history(name, 4)
    assert (card.name, card.scale, card.parameters) == (name, 4, 1_549_462)
    own = [command for command in card.commands if command.startswith(f"srlib train {name} ")]
    assert own[-1] == card.commands[-1]
    assert sum(int(command.split("--steps ")[1].split()[0]) for command in own) == card.steps
    assert history.rows[-1].step == card.steps
    terms = {"content", "adversarial", "discriminator", "d_real", "d_fake"}
    assert terms <= set(history.columns) or name == "srresnet"


@torch.no_grad()
@pytest.mark.parametrize("name, allowed", [("srresnet", 0.01), ("srgan", 0.03)])
def test_fast_products_of_the_generators_cost_hundredths_of_a_decibel_at_most(name, allowed):
    model = pretrained.load(name, 4)
    exact, fast = ForInference(model, bfloat16=False), ForInference(model, bfloat16=True)
    losses = []
    for each in photographs():
        hr = modulo_crop(each.image[100:228, 100:228], 4)
        lr = to_tensor(imresize(hr, 1 / 4)).expand(1, 3, -1, -1)
        hr = np.dstack([hr] * 3) if hr.ndim == 2 else hr
        found = [psnr(to_uint8(run(lr).clamp(0, 1)), hr, PROTOCOL) for run in (exact, fast)]
        losses.append(found[0] - found[1])
    assert abs(np.mean(losses)) < allowed


@pytest.mark.parametrize("name", GENERATORS)
def test_scales_that_are_not_shipped(name):
    with pytest.raises(ValueError, match=f"{name} is shipped for scale 4, not 2"):
        upscale(np.zeros((8, 8, 3), np.uint8), 2, name)


@pytest.mark.parametrize("name", GENERATORS)
@pytest.mark.parametrize("value", [0, 128, 255])
def test_flat_stays_nearly_flat(name, value):
    """Less so at the border, beyond which there is nothing."""
    sr = upscale(np.full((20, 24, 3), value, np.uint8), 4, name)
    error = np.abs(sr.astype(int) - value)
    assert error.max() <= 12 and error[16:-16, 16:-16].max() <= 5


# upscaling with SRCNN


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
    for each in photographs():
        hr = rgb_to_luma(each.image[100:220, 100:220])
        bicubic = imresize(to_tensor(imresize(hr, 1 / scale)), scale)
        exact, fast = (
            psnr(to_uint8(sharpen(run, 8, bicubic).clamp(0, 1)), hr, Protocol.paper(scale))
            for run in (partial(model, pad=False), InBfloat16(model))
        )
        losses.append(exact - fast)
    assert abs(np.mean(losses)) < 0.01
    assert max(losses) < 0.03


def test_a_processor_without_bfloat16_gets_float32(photo, monkeypatch):
    quick = upscale(photo, 2, "srcnn").astype(int)
    monkeypatch.setattr(fast, "has_bfloat16", lambda: False)
    _of_srlib.cache_clear()
    assert not isinstance(fast.fast(pretrained.load("srcnn", 2), 2).network, InBfloat16)
    assert np.abs(upscale(photo, 2, "srcnn") - quick).max() <= 3
    _of_srlib.cache_clear()


def test_the_smallest_image():
    assert upscale(np.full((1, 1), 7, np.uint8), 2, "srcnn").shape == (2, 2)


def test_cards_are_json_a_person_can_read():
    for scale in SCALES:
        text = (
            pretrained.files("srlib") / "networks" / "shipped" / f"srcnn_x{scale}.json"
        ).read_text("utf-8")
        assert json.loads(text)["scale"] == scale and text.count("\n") > 10
