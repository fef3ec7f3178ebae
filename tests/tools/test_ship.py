"""The release check: no network ships that is not better than the method before it."""

import argparse
import importlib.util
import json
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.torch import load_file

from srlib.data.dead_leaves import dead_leaves
from srlib.images.resize import imresize
from srlib.networks import pretrained
from srlib.networks.srgan import SRResNet
from srlib.networks.weights import read_about, save_weights
from srlib.training.history import History, Row

FILE = Path(__file__).parents[2] / "tools" / "ship.py"
spec = importlib.util.spec_from_file_location("ship", FILE)
ship = importlib.util.module_from_spec(spec)
spec.loader.exec_module(ship)

SCORES = {
    "srcnn": 30.5,
    "srresnet": 32.0,
    "srresnet-vgg": 31.0,
    "srgan": 29.9,
    "bicubic": 28.4,
}
DISTANCES = {"bicubic": 0.4, "srcnn": 0.3, "srresnet": 0.2, "srresnet-vgg": 0.16, "srgan": 0.2}
NIQE = {"bicubic": 8.0, "srresnet": 7.0, "srresnet-vgg": 7.0, "srgan": 4.5, "truth": 4.0}


def measured(**changed: dict[str, float]) -> dict:
    """As a good release has it, on two sets, but for what is changed on the second."""
    known = {"scores": SCORES, "distances": DISTANCES, "niqe": NIQE}
    return {
        aim: {"ten photographs": row, "Set5": row | changed.get(aim, {})}
        for aim, row in known.items()
    }


@pytest.fixture
def patterns(monkeypatch) -> list[str]:
    """What is found of patterns; nothing, unless it is put in."""
    found: list[str] = []
    monkeypatch.setattr(ship, "pattern", lambda name, scale: list(found))
    return found


# what is better than what came before


@pytest.mark.parametrize("name", ship.BEFORE)
def test_what_is_better_ships(name, patterns):
    assert ship.shortfalls(name, 4, measured()) == []


@pytest.mark.parametrize(
    "name, changed, complaint",
    [
        ("srcnn", {"scores": {"srcnn": 28.4}}, "Set5: scores 28.4 of srcnn, 28.4 of bicubic"),
        ("srresnet", {"scores": {"srresnet": 30.5}}, "scores 30.5 of srresnet, 30.5 of srcnn"),
        ("srresnet-vgg", {"distances": {"srresnet-vgg": 0.2}}, "distances 0.2 of srresnet-vgg"),
        ("srresnet-vgg", {"distances": {"srresnet-vgg": 0.3}}, "0.3 of srresnet-vgg, 0.2 of srr"),
        ("srresnet-vgg", {"scores": {"srresnet-vgg": 28.3}}, "Set5: 28.3 dB, less than bicubic"),
        ("srgan", {"niqe": {"srgan": 7.0}}, "Set5: niqe 7.0 of srgan, 7.0 of srresnet"),
        ("srgan", {"niqe": {"srgan": 7.5}}, "Set5: niqe 7.5 of srgan, 7.0 of srresnet"),
        ("srgan", {"scores": {"srgan": 28.3}}, "Set5: 28.3 dB, less than bicubic"),
    ],
)
def test_what_is_no_better_does_not_ship(name, changed, complaint, patterns):
    """On one of the sets is enough."""
    (found,) = ship.shortfalls(name, 4, measured(**changed))
    assert complaint in found


@pytest.mark.parametrize(
    "name, changed",
    [
        ("srgan", {"distances": {"srgan": 0.9}}),
        ("srgan", {"scores": {"srgan": 28.4}}),
        ("srresnet-vgg", {"niqe": {"srresnet-vgg": 9.0}}),
        ("srresnet", {"niqe": {"srresnet": 9.0}}),
    ],
)
def test_what_it_is_not_for_does_not_matter(name, changed, patterns):
    """SRGAN may be far off for VGG: a network that is near lays a weave that NIQE sees."""
    assert ship.shortfalls(name, 4, measured(**changed)) == []


def test_without_distances_what_is_for_them_does_not_ship(patterns):
    (found,) = ship.shortfalls("srresnet-vgg", 4, measured() | {"distances": {}})
    assert found == "no distances: give --vgg"
    assert ship.shortfalls("srgan", 4, measured() | {"distances": {}}) == []


def test_a_pattern_does_not_ship_in_srgan(patterns):
    patterns.append("a pattern at (0.25, 0.25)")
    assert ship.shortfalls("srgan", 4, measured()) == patterns
    assert ship.shortfalls("srresnet-vgg", 4, measured()) == []
    both = ship.shortfalls("srgan", 4, measured(niqe={"srgan": 8.0}))
    assert len(both) == 2 and patterns[0] in both


def test_all_that_is_shipped_has_something_before_it():
    assert set(ship.BEFORE) == set(pretrained.SHIPPED)


# patterns that repeat


@pytest.fixture
def images(monkeypatch) -> dict[str, list[np.ndarray]]:
    """``truths``, and ``results``, which are theirs made smaller and larger again."""
    truths = [dead_leaves(256, seed) for seed in range(3)]
    smooth = [imresize(imresize(each, 1 / 2), 2) for each in truths]
    mixed = [(0.5 * a + 0.5 * b).astype(np.uint8) for a, b in zip(truths, smooth, strict=True)]
    kept = {"truths": truths, "results": mixed}
    pairs = [(hr, imresize(hr, 1 / 4)) for hr in truths]
    monkeypatch.setattr(ship, "pairs", lambda data, scale: pairs)
    monkeypatch.setattr(ship, "results", lambda data, name, scale: kept["results"])
    return kept


def test_clean_images_have_no_pattern(images):
    assert ship.pattern("srgan", 4) == []
    images["results"] = images["truths"]
    assert ship.pattern("srgan", 4) == []


@pytest.mark.parametrize("size, refused", [(0.3, False), (3, True)])
def test_a_lattice_is_refused_and_named(images, size, refused):
    y, x = np.ogrid[:256, :256]
    dots = sum(np.cos(2 * np.pi * (2 * y + sign * x) / 8) for sign in (1, -1))
    images["results"] = [
        (each + size * dots[..., None]).clip(0, 255).round().astype(np.uint8)
        for each in images["results"]
    ]
    found = ship.pattern("srgan", 4)
    assert len(found) == refused
    if refused:
        assert "a pattern at (0.25, 0.12) cycles per pixel" in found[0]
        assert "at most 6 is allowed" in found[0]


# the old weights stay


@pytest.fixture
def release(monkeypatch, tmp_path) -> Path:
    """A folder to ship into, with a run of SRResNet to ship; measurements take no time."""
    monkeypatch.setattr(ship, "WEIGHTS", tmp_path / "shipped")
    (tmp_path / "shipped").mkdir()
    about = {"model": "srresnet", "scale": 4, "blocks": 1, "channels": 4, "step": 7}
    (tmp_path / "run").mkdir()
    save_weights(tmp_path / "run" / "best.safetensors", SRResNet(4, 1, 4), about)
    History([Row(5, 1.0, 1e-3, 0.1, 30.0)]).save(tmp_path / "run" / "history.csv")
    monkeypatch.setattr(ship.pretrained, "load", lambda name, scale: SRResNet(4, 1, 4))
    monkeypatch.setattr(ship, "measure", lambda *how: measured() | {"bfloat16": {"Set5": -0.001}})
    words = ["--images", "some", "--device", "one", "--remarks", "none", "--command", "train it"]
    monkeypatch.setattr(sys, "argv", ["ship.py", str(tmp_path / "run"), *words])
    return tmp_path / "shipped"


def test_what_is_good_is_shipped_with_its_card(release, capsys):
    ship.main()
    assert sorted(path.name for path in release.iterdir()) == [
        f"srresnet_x4.{suffix}" for suffix in ("csv", "json", "safetensors")
    ]
    card = json.loads((release / "srresnet_x4.json").read_text())
    assert json.loads(capsys.readouterr().out) == card
    assert pretrained.Card(**card).fast_enough
    assert (card["steps"], card["best_step"], card["seed"]) == (7, 7, None)
    assert card["commands"] == ["train it"] and card["niqe"]["Set5"]["truth"] == 4.0
    assert read_about(release / "srresnet_x4.safetensors")["model"] == "srresnet"
    tensors = load_file(release / "srresnet_x4.safetensors")
    assert {str(each.dtype) for each in tensors.values() if each.ndim == 4} == {"torch.float16"}


def no_better(*how: object) -> dict:
    return measured(scores={"srresnet": 1.0})


def fails(*how: object) -> dict:
    raise RuntimeError("no VGG there")


def stopped(*how: object) -> dict:
    raise KeyboardInterrupt


@pytest.mark.parametrize("old", [b"the old weights", None])
@pytest.mark.parametrize(
    "measure, error", [(no_better, SystemExit), (fails, RuntimeError), (stopped, KeyboardInterrupt)]
)
def test_what_is_no_better_or_not_measured_leaves_the_old(
    release, monkeypatch, measure, error, old
):
    """The same if there was nothing of that name."""
    if old is not None:
        (release / "srresnet_x4.safetensors").write_bytes(old)
    monkeypatch.setattr(ship, "measure", measure)
    with pytest.raises(error) as caught:
        ship.main()
    if error is SystemExit:
        assert "Not shipped, the old weights stay: Set5: scores 1.0" in str(caught.value)
    left = {path.name: path.read_bytes() for path in release.iterdir()}
    assert left == ({} if old is None else {"srresnet_x4.safetensors": old})


def test_another_name_than_the_models(release, monkeypatch):
    monkeypatch.setattr(sys, "argv", [*sys.argv, "--name", "srresnet-vgg"])
    ship.main()
    assert json.loads((release / "srresnet-vgg_x4.json").read_text())["name"] == "srresnet-vgg"


# words and histories


def test_histories_are_joined_and_steps_counted_on():
    one = History([Row(10, 5.0, 1e-3, 0.1, 30.0), Row(20, 9.0, 1e-3, 0.1, 31.0)])
    other = History([Row(10, 4.0, 1e-4, 0.1, 32.0)])
    found = ship.joined([one, other])
    assert found.column("step") == [10, 20, 30] and found.column("seconds") == [5.0, 9.0, 13.0]


def test_the_step_of_a_run_that_went_on_is_counted_on(release, tmp_path, monkeypatch):
    History([Row(4, 1.0, 1e-3, 0.1, 30.0)]).save(tmp_path / "run" / "history.csv")
    monkeypatch.setattr(sys, "argv", [*sys.argv[:2], *sys.argv[1:]])  # it twice
    ship.main()
    card = json.loads((release / "srresnet_x4.json").read_text())
    assert (card["steps"], card["best_step"]) == (4 + 7, 4 + 7)


def test_commands_are_those_of_the_runs():
    about = [
        {"model": "srresnet", "scale": 4, "loss": "l1", "vgg": None},
        {"model": "srgan", "scale": 4, "content": "normalised", "weight": 1e-3, "average": 0.99},
    ]
    shared = {"steps": 9, "interval": 3, "seed": 0, "precision": "bf16", "learning_rate": 1e-3}
    given = argparse.Namespace(data="T91", vgg="/somewhere/vgg.safetensors")
    runs = [Path("/a/srresnet"), Path("/a/srgan")]
    first, second = ship.commands(runs, [each | shared for each in about], given, [])
    same = "--steps 9 --interval 3 --seed 0 --precision bf16 --learning-rate 0.001"
    assert first == (
        f"srlib train srresnet --scale 4 --data T91 {same} --loss l1 --out runs/srresnet"
    )
    assert second == (
        f"srlib train srgan --data T91 {same} --content normalised --weight 0.001 --average 0.99 "
        "--vgg vgg.safetensors --init runs/srresnet/best.safetensors --out runs/srgan"
    )


# what is measured


def test_the_cost_of_bfloat16_is_the_difference(monkeypatch):
    found = {"fp32": [np.full((40, 40, 3), 120, np.uint8)]}
    found["bf16"] = [found["fp32"][0] + np.uint8(1)]
    truth = np.full((40, 40, 3), 110, np.uint8)
    monkeypatch.setattr(ship, "pairs", lambda data, scale: [(truth, truth)])
    monkeypatch.setattr(ship, "results", lambda data, name, scale, precision: found[precision])
    cost = ship.cost_of_bfloat16("srresnet", "Set5", 4)
    luma = [round(16 + 219 * value / 255) for value in (110, 120, 121)]
    expected = 20 * np.log10((luma[1] - luma[0]) / (luma[2] - luma[0]))
    assert cost == pytest.approx(expected, abs=1e-4) and cost < 0
