"""The lab's injected faults are faults, and its stored tables are what the chapter reads."""

import math

import pytest
import torch
from safetensors.torch import save_file

from experiments import broken_gan, vgg_sees
from srlib.networks.vgg import VGGFeatures, _features
from srlib.training.history import History
from srlib.training.loop import Plan
from tests.helpers.tables import rows

RUNS = ["pretraining", *broken_gan.RUNS]


@pytest.fixture
def vgg(tmp_path):
    """A file with random weights of VGG-19 up to relu3_1; stands for the real one."""
    torch.manual_seed(0)
    weights = _features(11).state_dict()
    path = tmp_path / "vgg.safetensors"
    save_file({f"features.{name}": tensor for name, tensor in weights.items()}, path)
    return path


@pytest.mark.parametrize("name", RUNS)
def test_stored_histories(name):
    history = History.load(broken_gan.RESULTS / f"{name}.csv")
    steps = broken_gan.PRETRAINING if name == "pretraining" else broken_gan.GAME
    assert history.rows[-1].step == steps and "detail" in history.columns
    assert all(math.isfinite(value) for row in history.rows for value in row.terms.values())
    if name != "pretraining":
        assert len(history) == broken_gan.GAME // broken_gan.INTERVAL
        assert {"content", "adversarial", "discriminator", "d_real", "d_fake"} <= set(
            history.columns
        )


def test_stored_learning_rates_are_those_of_the_faults():
    for name, fault in broken_gan.RUNS.items():
        history = History.load(broken_gan.RESULTS / f"{name}.csv")
        assert set(history.column("learning_rate")) == {fault.learning_rate}


def test_content_does_not_depend_on_how_a_file_scales_its_channels(vgg, tmp_path):
    """Channels made 1 to 8 times as loud, and the next layer's weights made up for it."""
    plain = VGGFeatures(["relu2_2"], vgg).features.state_dict()
    factors = torch.linspace(1, 8, 128)
    plain["7.weight"] *= factors.view(-1, 1, 1, 1)  # of relu2_2 itself: nothing makes up for it
    plain["7.bias"] *= factors
    other = tmp_path / "scaled.safetensors"
    save_file({f"features.{name}": tensor for name, tensor in plain.items()}, other)
    sr, hr = torch.rand(2, 2, 3, 32, 32)
    losses = [broken_gan.Content(file, hr)(sr, hr).item() for file in (vgg, other)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-4) and losses[0] > 0


def test_detached_content_is_the_same_number_without_a_gradient(vgg):
    sr, hr = torch.rand(2, 1, 3, 32, 32)
    sr.requires_grad_()
    content = broken_gan.Content(vgg, hr)
    attached, detached = content(sr, hr), broken_gan.detached(content)(sr, hr)
    assert attached.item() == detached.item()
    assert attached.requires_grad and not detached.requires_grad


def test_all_runs_are_written(vgg, tmp_path, monkeypatch):
    results = tmp_path / "results"
    monkeypatch.setattr(broken_gan, "RESULTS", results)
    for name, value in (("PRETRAINING", 40), ("GAME", 1), ("INTERVAL", 1), ("LEAVES", 1)):
        monkeypatch.setattr(broken_gan, name, value)
    monkeypatch.setattr("sys.argv", ["broken_gan", "--vgg", str(vgg)])
    assert broken_gan.main() == 0
    assert sorted(path.stem for path in results.iterdir()) == sorted(RUNS)
    first = {name: History.load(results / f"{name}.csv").rows[0].terms for name in broken_gan.RUNS}
    healthy = first["healthy"]
    for name in ("detached_content", "high_learning_rate", "saturated_discriminator"):
        for term in ("content", "d_real", "d_fake"):  # of the first batch, before any fault tells
            assert first[name][term] == pytest.approx(healthy[term], rel=1e-4), (name, term)
    assert first["no_pretraining"]["content"] != pytest.approx(healthy["content"], rel=0.05)
    assert first["unnormalised_vgg"]["content"] != pytest.approx(healthy["content"], rel=0.05)
    assert first["saturated_discriminator"]["adversarial"] < 0 < healthy["adversarial"]


def test_what_a_breakdown_leaves_is_kept(monkeypatch, capsys):
    monkeypatch.setattr(broken_gan, "LEAVES", 1)
    model = broken_gan.generator()
    steps = []

    def loss(model, lr, hr):
        steps.append(1)
        value = (model(lr) - hr).square().mean()
        return value * math.nan if len(steps) > 2 else value

    learner = broken_gan.Supervised(model, loss, torch.optim.SGD(model.parameters(), lr=1e-3))
    history = broken_gan.run(learner, broken_gan.batches(0), Plan(steps=9, interval=1))
    assert [row.step for row in history.rows] == [1, 2]
    assert "detail" in history.columns and "became nan" in capsys.readouterr().err


def test_what_vgg_sees_is_of_these_images(vgg):
    """The MSE needs no VGG: it shows that the table is of this photograph and these networks."""
    fresh = {row["name"]: row for row in vgg_sees.table(VGGFeatures(vgg_sees.LAYERS, vgg))}
    stored = {row["name"]: row for row in rows(vgg_sees.RESULT)}
    assert list(stored) == list(fresh)
    for name, row in fresh.items():
        assert float(stored[name]["mse"]) == pytest.approx(row["mse"], rel=0.01), (
            f"{name} has changed: python -m experiments.vgg_sees"
        )
        assert all(0 < float(stored[name][layer]) < 3 for layer in vgg_sees.LAYERS)


def test_distances_do_not_depend_on_the_scale_of_a_channel():
    torch.manual_seed(0)
    wanted, seen = torch.rand(2, 1, 4, 8, 8)
    factors = torch.tensor([1.0, 2, 5, 0.1]).view(1, 4, 1, 1)
    found = []
    for factor in (torch.ones(1), factors):
        a, b = wanted * factor, seen * factor
        found.append(vgg_sees.distances([a], [b], vgg_sees.loudness([[a]])))
    assert found[0] == pytest.approx(found[1])
    scale = vgg_sees.loudness([[wanted]])
    assert vgg_sees.distances([wanted], [wanted], scale) == [0]
    nothing = torch.zeros_like(wanted)
    assert vgg_sees.distances([wanted], [nothing], scale) == pytest.approx([1])


def test_a_silent_channel_does_not_drown_the_others():
    wanted = torch.ones(1, 2, 4, 4)
    wanted[:, 1] = 0
    seen = wanted.clone()
    seen[:, 1] = 0.5
    scale = vgg_sees.loudness([[wanted]])
    assert vgg_sees.distances([wanted], [seen], scale) == pytest.approx([0.25])
