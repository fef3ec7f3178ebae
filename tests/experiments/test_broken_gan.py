"""The lab's injected faults are faults, and its stored tables are what the chapter reads."""

import math

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from experiments import broken_gan
from srlib.images.metrics import psnr
from srlib.images.reading import read
from srlib.networks.vgg import VGGFeatures, _features
from srlib.training.history import History
from srlib.training.loop import Plan

RUNS = ["pretraining", *broken_gan.RUNS, *broken_gan.CONTROL]
IMAGES = [*RUNS, "truth", "bicubic"]


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
    if name in broken_gan.RUNS:
        assert {"content", "adversarial", "discriminator", "d_real", "d_fake"} <= set(
            history.columns
        )


def test_stored_learning_rates_are_those_of_the_faults():
    for name, fault in (broken_gan.RUNS | broken_gan.CONTROL).items():
        rates = column(name, "learning_rate")
        assert rates[0] == fault.learning_rate
        half = len(rates) // 2
        assert set(rates[:half]) == {rates[0]} and set(rates[half:]) == {rates[0] * 0.1}


def stored(name):
    return History.load(broken_gan.RESULTS / f"{name}.csv")


def column(name, of):
    return np.array(stored(name).column(of))


@pytest.fixture(scope="module")
def watch():
    return broken_gan.Watch()


def test_the_healthy_run_is_a_norm(watch):
    """Above bicubic and near its start; detail comes, content holds, the game is alive."""
    level, detail = column("healthy", "psnr"), column("healthy", "detail")
    start = stored("pretraining").rows[-1]
    assert level[-1] > watch.psnr(watch.bicubic())
    assert level[-1] > start.psnr - 1.5
    assert level.min() > start.psnr - 3
    assert detail[-1] > 1.25 * start.terms["detail"]
    content = column("healthy", "content")
    assert content.max() < 1.2 * content[0]
    real, fake = column("healthy", "d_real"), column("healthy", "d_fake")
    assert 0.02 < fake.min() and real.max() < 0.98  # nobody is sure
    assert (real - fake)[-5:].mean() > 0.1  # nor guesses


def test_each_fault_shows_and_differs_from_the_others():
    """What chapter 5 tells them apart by."""
    start, healthy = stored("pretraining").rows[-1].psnr, column("healthy", "content")
    content = {name: column(name, "content") for name in broken_gan.RUNS}
    first = {name: values[0] / healthy[0] for name, values in content.items()}
    assert 0.7 < first["detached_content"] < 1.4
    assert content["detached_content"].max() > 10 * content["detached_content"][0]
    assert column("detached_content", "psnr").min() < start - 8
    assert (content["unnormalised_vgg"] / healthy).max() < 0.15
    assert first["high_learning_rate"] > 1e3
    assert column("high_learning_rate", "psnr").max() < start - 8
    guessing = 2 * math.log(2)
    assert column("high_learning_rate", "discriminator")[0] > 2 * guessing  # sure and wrong
    assert first["no_pretraining"] > 3
    assert content["no_pretraining"][-1] < 0.5 * content["no_pretraining"][0]
    assert column("no_pretraining", "psnr").max() < start - 5
    end = {of: column("saturated_discriminator", of)[-5:].mean() for of in ("d_real", "d_fake")}
    assert end["d_real"] > 0.97 and end["d_fake"] < 0.03
    assert abs(column("saturated_discriminator", "adversarial")[-5:].mean()) < 0.05
    detail = {name: column(name, "detail")[-5:].mean() for name in broken_gan.RUNS}
    assert detail["saturated_discriminator"] < 0.85 * detail["healthy"]


def test_the_control_has_no_judge_and_the_rest_is_the_same():
    control = stored("no_pretraining_no_judge")
    assert not {"adversarial", "d_real"} & set(control.columns)
    content, played = control.column("content"), column("no_pretraining", "content")
    assert content[0] == pytest.approx(played[0], rel=0.05)
    loss = np.add(content, control.column("anchors"))
    assert loss == pytest.approx(control.column("loss"))


def test_without_pretraining_the_game_adds_nothing():
    """As the experiment's docstring and the chapter say."""
    for of, near in (("psnr", 0.5), ("detail", 0.1), ("content", 0.002)):
        alone, played = column("no_pretraining_no_judge", of), column("no_pretraining", of)
        assert alone[-5:].mean() == pytest.approx(played[-5:].mean(), abs=near), of


@pytest.mark.parametrize("name", IMAGES)
def test_an_image_of_each_run_is_stored(name):
    path = broken_gan.RESULTS / f"{name}.png"
    assert read(path).shape == (broken_gan.TILE, 3 * broken_gan.TILE, 3)
    assert path.stat().st_size < 40_000


def test_the_stored_images_are_of_these_photographs(watch):
    """Exactly where no network is in it; else as near to the truth as the stored PSNR says."""
    truth = read(broken_gan.RESULTS / "truth.png")
    assert (truth == broken_gan.strip(watch.truths())).all()
    bicubic = read(broken_gan.RESULTS / "bicubic.png")
    assert (bicubic == broken_gan.strip(watch.bicubic())).all()
    offset = psnr(bicubic, truth) - watch.psnr(watch.bicubic())  # these are harder than most
    for name in RUNS:
        image, level = read(broken_gan.RESULTS / f"{name}.png"), stored(name).rows[-1].psnr
        near = 0.3 if level > 20 else 4.5  # ruins are not worse on harder photographs
        assert psnr(image, truth) == pytest.approx(level + offset, abs=near), name


def test_content_does_not_depend_on_how_a_file_scales_its_channels(vgg, tmp_path):
    """Channels made 1 to 8 times as loud, and the next layer's weights made up for it."""
    plain = VGGFeatures(["relu2_2"], vgg).features.state_dict()
    factors = torch.linspace(1, 8, 128)
    plain["7.weight"] *= factors.view(-1, 1, 1, 1)  # of relu2_2 itself: nothing makes up for it
    plain["7.bias"] *= factors
    other = tmp_path / "scaled.safetensors"
    save_file({f"features.{name}": tensor for name, tensor in plain.items()}, other)
    sr, hr = torch.rand(2, 2, 3, 32, 32)
    parts = []
    for file in (vgg, other):
        content = broken_gan.Content(file, hr)
        total = content(sr, hr)
        assert sum(content.parts.values()).item() == pytest.approx(total.item())
        parts.append({name: value.item() for name, value in content.parts.items()})
    assert parts[0] == pytest.approx(parts[1], rel=1e-4) and min(parts[0].values()) > 0


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
    assert sorted(path.stem for path in results.glob("*.csv")) == sorted(RUNS)
    assert sorted(path.stem for path in results.glob("*.png")) == sorted(IMAGES)
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
    outcome = broken_gan.run(learner, broken_gan.batches(0), Plan(steps=9, interval=1))
    assert [row.step for row in outcome.history.rows] == [1, 2]
    assert "detail" in outcome.history.columns and "became nan" in capsys.readouterr().err


def test_the_image_is_that_of_the_final_generator(monkeypatch, watch):
    monkeypatch.setattr(broken_gan, "LEAVES", 1)
    model = broken_gan.generator()
    learner = broken_gan.Supervised(
        model, broken_gan.pixel_mse, torch.optim.Adam(model.parameters(), lr=1e-3)
    )
    outcome = broken_gan.run(learner, broken_gan.batches(0), Plan(steps=2, interval=1))
    with torch.no_grad():
        assert watch(model.eval()) == outcome.history.rows[-1].psnr
    assert (broken_gan.strip(watch.seen) == outcome.strip).all()
