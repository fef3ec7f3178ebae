"""The shipped networks: each is what its card says, and better than what came before it."""

import json
import math
import shutil
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch

from srlib.data.photographs import photographs
from srlib.data.test_sets import test_set as pairs_of
from srlib.errors import CheckpointError
from srlib.images.metrics import Protocol, psnr
from srlib.images.niqe import niqe
from srlib.images.resize import imresize
from srlib.images.values import centre_crop, modulo_crop, rgb_to_luma, to_tensor, to_uint8
from srlib.networks import pretrained
from srlib.networks.srcnn import SRCNN
from srlib.networks.srgan import SRResNet
from srlib.networks.vgg import VGGDistance
from srlib.networks.weights import digest_of
from srlib.training.history import shipped_history
from srlib.upscaling import fast
from srlib.upscaling.fast import InBfloat16, sharpen
from srlib.upscaling.image import upscale
from srlib.upscaling.method import _of_srlib
from srlib.upscaling.method import load as load_method

FOLDER = pretrained.files("srlib") / "networks" / "shipped"
SCALES = (2, 3, 4)
PAPER_9_1_5 = {2: 36.28, 3: 32.37, 4: 30.08}  # Set5; the paper's smallest network on 91 images
GENERATORS = ("srresnet", "srresnet-vgg", "srgan")
PROTOCOL = Protocol.paper(4)
SIDE = 256  # pixels of each photograph, to save time; NIQE needs 200
CARD_SETS = {"Set5", "ten photographs"}


# SRCNN


def score(lr: np.ndarray, hr: np.ndarray, scale: int, method: str) -> float:
    sr = load_method(method, scale, precision="fp32")(lr)
    return psnr(sr, hr, Protocol.paper(scale))


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
    assert mean == pytest.approx(pretrained.card("srcnn", scale).scores["Set5"]["srcnn"], abs=0.005)


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


# SRResNet, the same for VGG's features, and SRGAN: scored in float32, as their cards say

Images = list[np.ndarray]


def enlarged(images: Images) -> dict[str, Images]:
    """Method -> results of small images."""
    methods = ("bicubic", "srcnn", *GENERATORS)
    return {name: [load_method(name, 4, precision="fp32")(lr) for lr in images] for name in methods}


@pytest.fixture(scope="module")
def set5_results(set5) -> dict[str, Images]:
    """Method -> results on Set5 x4; ``hr`` is the truth."""
    pairs = [pair.pixels(4) for pair in pairs_of("Set5", 4)]
    return {"hr": [hr for hr, _ in pairs]} | enlarged([lr for _, lr in pairs])


@pytest.fixture(scope="module")
def photograph_results() -> dict[str, Images]:
    """The same of the middle of each of the ten photographs."""
    truths = [centre_crop(each.image, SIDE) for each in photographs()]
    truths = [np.dstack([hr] * 3) if hr.ndim == 2 else hr for hr in truths]
    return {"hr": truths} | enlarged([imresize(hr, 1 / 4) for hr in truths])


def mean_psnr(results: dict[str, Images], method: str) -> float:
    pairs = zip(results[method], results["hr"], strict=True)
    return float(np.mean([psnr(sr, hr, PROTOCOL) for sr, hr in pairs]))


def mean_niqe(results: dict[str, Images], method: str) -> float:
    return float(np.mean([niqe(each, border=4) for each in results[method]]))


@torch.no_grad()
def mean_distance(results: dict[str, Images], method: str, vgg: VGGDistance) -> float:
    pairs = zip(results[method], results["hr"], strict=True)
    return float(np.mean([vgg(to_tensor(sr), to_tensor(hr)).item() for sr, hr in pairs]))


@pytest.fixture(scope="module")
def set5_distances(set5_results, vgg_file) -> dict[str, float]:
    """Method -> mean distance on Set5 to the truth, as the trained VGG-19 sees it."""
    vgg = VGGDistance(vgg_file)
    return {name: mean_distance(set5_results, name, vgg) for name in ("bicubic", *GENERATORS)}


@pytest.mark.parametrize("name", GENERATORS)
def test_it_is_a_trained_generator_of_the_papers_size(name):
    model = pretrained.load(name, 4)
    assert isinstance(model, SRResNet) and not model.training
    assert sum(p.numel() for p in model.parameters()) == 1_549_462
    assert all(p.isfinite().all() for p in model.parameters())


def test_the_generators_are_three():
    assert len({digest_of(pretrained.load(name, 4)) for name in GENERATORS}) == 3


def test_psnr_on_set5_is_the_papers(set5_results):
    """The paper: 32.05 dB for SRResNet, 29.84 for SRGAN with VGG22."""
    found = {name: mean_psnr(set5_results, name) for name in set5_results if name != "hr"}
    assert found["srresnet"] >= 32.0
    assert found["srgan"] == pytest.approx(29.9, abs=0.1)
    assert found["srresnet"] > found["srresnet-vgg"] > found["srgan"] > found["bicubic"]
    assert found["srresnet"] > found["srcnn"] > found["bicubic"]


def test_each_is_best_at_what_it_is_for(set5_results, set5_distances):
    """In features the one that was trained for nothing else; SRGAN in looking like photographs."""
    seen = set5_distances
    assert 0 < seen["srresnet-vgg"] < 0.85 * seen["srresnet"]
    assert seen["srresnet-vgg"] < 0.85 * seen["srgan"] and seen["srresnet"] < seen["bicubic"]
    unlike = {name: mean_niqe(set5_results, name) for name in set5_results}
    assert unlike["srgan"] < min(unlike[name] for name in unlike if name not in ("srgan", "hr"))


def test_srgan_looks_like_photographs(photograph_results):
    """NIQE, which knows no truth: SRGAN's is near that of the truth, the others' far above it."""
    found = {name: mean_niqe(photograph_results, name) for name in photograph_results}
    assert found["srgan"] < found["srresnet"] < found["bicubic"]
    assert abs(found["srgan"] - found["hr"]) < 0.5 * (found["srresnet"] - found["hr"])
    assert abs(found["srgan"] - found["hr"]) < 0.5 * abs(found["srresnet-vgg"] - found["hr"])


def test_cards_say_that_srgan_looks_like_photographs():
    on_card = pretrained.card("srgan", 4).niqe["ten photographs"]
    assert on_card["srgan"] < on_card["srresnet"] < on_card["bicubic"]
    assert abs(on_card["srgan"] - on_card["truth"]) < 0.5


def test_srgan_lays_no_mesh(photograph_results):
    """Means by sub-pixel position differ no more than they happen to in photographs."""
    levels = {name: max(map(mesh, photograph_results[name])) for name in ("srgan", "srresnet")}
    assert levels["srgan"] < 1.5 and levels["srresnet"] < 1.5


def mesh(image: np.ndarray) -> float:
    """Standard deviation, in grey levels, of the means of the sixteen positions of x4."""
    grey = image.mean(axis=2)
    return np.std([grey[i::4, j::4].mean() for i in range(4) for j in range(4)])


@pytest.mark.parametrize("name", GENERATORS)
def test_cards_say_what_is_measured(name, set5_results, set5_distances):
    card = pretrained.card(name, 4)
    assert card.scores["Set5"][name] == pytest.approx(mean_psnr(set5_results, name), abs=0.005)
    for each in (name, "bicubic"):
        assert card.distances["Set5"][each] == pytest.approx(set5_distances[each], rel=0.002)
    for each, method in ((name, name), ("truth", "hr"), ("bicubic", "bicubic")):
        assert card.niqe["Set5"][each] == pytest.approx(mean_niqe(set5_results, method), abs=0.02)


def test_on_photographs(photograph_results):
    """SRResNet is nearest to the truth in PSNR; SRGAN gives much of that up."""
    found = {
        name: mean_psnr(photograph_results, name) for name in ("bicubic", "srcnn", *GENERATORS)
    }
    assert found["srresnet"] > found["srcnn"] > found["bicubic"]
    assert found["bicubic"] - 1 < found["srgan"] < found["srresnet-vgg"] < found["srresnet"]


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
    """What is shipped is the end of a training, which may lie after the last validation."""
    card, history = pretrained.card(name, 4), shipped_history(name, 4)
    assert (card.name, card.scale, card.parameters) == (name, 4, 1_549_462)
    assert card.steps == card.best_step >= history.rows[-1].step > 0.9 * card.steps
    assert history.column("step") == sorted(set(history.column("step")))
    assert all(math.isfinite(value) for value in history.column("psnr"))
    unknown = [row.step for row in history.rows if math.isnan(row.loss)]
    assert unknown in ([], [history.rows[-1].step])  # its last steps were not counted
    assert all(math.isfinite(value) for row in history.rows for value in row.terms.values())
    if name == "srgan":
        assert {"content", "adversarial", "d_real", "d_fake"} <= set(history.columns)
    assert card.commands[0].startswith("srlib train srresnet --scale 4 ")
    said = str(card)
    for part in (f"{name} x4", "1549462", card.commands[-1], "truth", "bfloat16", card.device):
        assert part in said


@pytest.mark.parametrize("name", GENERATORS)
def test_cards_of_the_generators_tell_all(name):
    card = pretrained.card(name, 4)
    for table in (card.scores, card.distances, card.niqe):
        assert set(table) == CARD_SETS
        assert all({name, "bicubic"} <= set(row) for row in table.values())
    assert all("truth" in row for row in card.niqe.values())


# bfloat16, which may be taken unasked where it costs at most 0.01 dB

EACH = [(name, scale) for name, scales in pretrained.SHIPPED.items() for scale in scales]


@pytest.mark.parametrize("name, scale", EACH)
def test_cards_tell_what_bfloat16_costs(name, scale):
    card = pretrained.card(name, scale)
    assert set(card.bfloat16) == CARD_SETS
    assert card.fast_enough == all(cost >= -0.01 for cost in card.bfloat16.values())


@pytest.mark.parametrize(
    "costs, enough",
    [
        ({}, False),  # nobody knows
        ({"Set5": -0.01, "ten photographs": 0.02}, True),
        ({"Set5": -0.0101, "ten photographs": 0.02}, False),
        ({"Set5": 0.0, "ten photographs": -0.02}, False),
    ],
)
def test_what_is_fast_enough(costs, enough):
    assert replace(pretrained.card("srcnn", 2), bfloat16=costs).fast_enough is enough


@pytest.fixture
def with_bfloat16(monkeypatch) -> None:
    """A processor that has it; one that has not imitates it to the same bits, or nearly."""
    monkeypatch.setattr(fast, "has_bfloat16", lambda: True)
    _of_srlib.cache_clear()
    yield
    _of_srlib.cache_clear()


@pytest.mark.parametrize("name, scale", EACH)
def test_what_is_taken_unasked_costs_at_most_a_hundredth_of_a_decibel(name, scale, with_bfloat16):
    """On the mean of the photographs' crops; the cards hold it to whole images."""
    unasked, exact = load_method(name, scale), load_method(name, scale, precision="fp32")
    assert unasked.precision == ("bf16" if pretrained.card(name, scale).fast_enough else "fp32")
    if unasked.precision == "fp32":
        assert min(pretrained.card(name, scale).bfloat16.values()) < -0.01
        return
    changes = []
    for each in photographs():
        hr = modulo_crop(each.image[100:228, 100:228], scale)
        lr = imresize(hr, 1 / scale)
        found = [psnr(run(lr), hr, Protocol.paper(scale)) for run in (unasked, exact)]
        changes.append(found[0] - found[1])
    assert any(changes), "these are the same computation"
    assert np.mean(changes) >= -0.01


@pytest.mark.parametrize("name", GENERATORS)
def test_scales_that_are_not_shipped(name):
    with pytest.raises(ValueError, match=f"{name} is shipped for scale 4, not 2"):
        load_method(name, 2)


@pytest.mark.parametrize("name", GENERATORS)
@pytest.mark.parametrize("value", [0, 128, 255])
def test_flat_stays_nearly_flat(name, value):
    """Less so at the border, beyond which there is nothing."""
    sr = upscale(np.full((20, 24, 3), value, np.uint8), 4, name)
    error = np.abs(sr.astype(int) - value)
    at_the_border = 20 if name == "srgan" else 12  # the game lets it be off by 18 there
    assert error.max() <= at_the_border and error[16:-16, 16:-16].max() <= 5


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


def test_the_smallest_image():
    assert upscale(np.full((1, 1), 7, np.uint8), 2, "srcnn").shape == (2, 2)


def test_cards_are_json_a_person_can_read():
    for scale in SCALES:
        text = (
            pretrained.files("srlib") / "networks" / "shipped" / f"srcnn_x{scale}.json"
        ).read_text("utf-8")
        assert json.loads(text)["scale"] == scale and text.count("\n") > 10
