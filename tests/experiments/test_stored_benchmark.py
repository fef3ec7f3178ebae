"""The stored benchmark is what the shipped weights give, so that a stale table fails."""

import argparse
import json
import math
import sys
from pathlib import Path

import pytest
import torch

from experiments import cost, sweep, tables, vgg_sees
from srlib.benchmarking.compare import benchmark
from srlib.benchmarking.perception import Perception
from srlib.benchmarking.report import ACCURACY, EFFICIENCY, SUMMARY
from srlib.book.distortions import equal_mse
from srlib.data.photographs import photograph, photographs
from srlib.data.test_sets import test_set
from srlib.images.niqe import niqe
from srlib.images.values import centre_crop
from srlib.networks import pretrained
from srlib.networks.vgg import VGGDistance
from srlib.networks.weights import interpolate
from srlib.upscaling.method import load, names
from tests.helpers.tables import rows

# Another processor may sum in another order, which changes far less than new weights do.
PSNR, SSIM, VGG, NIQE = 0.01, 0.001, 0.003, 0.02
CASES = [(name, scale) for name in tables.SETS for scale in tables.SCALES]


def stored(file: Path) -> list[dict[str, str]]:
    if not file.is_file():
        pytest.fail(f"no {file}: make results")
    return rows(file)


def of(name: str, scale: int, table: str) -> list[dict[str, str]]:
    return stored(tables.RESULTS / f"{name.lower()}_x{scale}" / f"{table}.csv")


@pytest.mark.parametrize("name, scale", CASES)
def test_tables_are_whole_and_agree(name, scale):
    accuracy, efficiency, summary = (
        of(name, scale, table) for table in ("accuracy", "efficiency", "summary")
    )
    for table, columns in ((accuracy, ACCURACY), (efficiency, EFFICIENCY), (summary, SUMMARY)):
        assert tuple(table[0]) == columns
    images = 5 if name == "Set5" else len(photographs())
    assert [row["method"] for row in summary] == tables.methods(scale)
    assert len(accuracy) == len(efficiency) == images * len(summary)
    for row in summary:
        for column in ("psnr", "ssim", "vgg", "niqe"):
            mine = [float(each[column]) for each in accuracy if each["method"] == row["method"]]
            assert float(row[column]) == pytest.approx(math.fsum(mine) / images, abs=2e-6)


def record_of(name: str, scale: int) -> dict:
    return json.loads((tables.RESULTS / f"{name.lower()}_x{scale}" / "record.json").read_text())


@pytest.mark.parametrize("name, scale", CASES)
def test_the_weights_are_those_that_ship(name, scale):
    for method, about in record_of(name, scale)["methods"].items():
        assert about["sha256"] == load(method, scale).digest, method
        assert about["precision"] == "fp32"  # so that no number depends on the processor


def test_srgan_at_a_strength_is_among_them_at_x4_alone():
    assert [scale for scale in tables.SCALES if "srgan@0.7" in tables.methods(scale)] == [4]
    assert tables.methods(4)[-2:] == ["srgan", "srgan@0.7"]


@pytest.mark.parametrize("name, scale", CASES)
def test_the_truths_niqe_is_on_record(name, scale, request):
    if name == "Set5":
        request.getfixturevalue("set5")
    pairs = [each.pixels(scale) for each in test_set(name, scale)]
    expected = math.fsum(float(niqe(hr, border=scale)) for hr, _ in pairs) / len(pairs)
    record = record_of(name, scale)
    assert record["truth"]["niqe"] == pytest.approx(expected, abs=1e-4)
    assert "niqe" not in record["empty"]


def test_all_distances_are_by_one_file_of_vgg_19():
    said = {record_of(name, scale)["perception"]["vgg"] for name, scale in CASES}
    assert len(said) == 1 and said.pop().startswith("VGG-19 relu1_2 relu2_2 relu3_1; ")


def one_image(name: str) -> str:
    """The smallest, which is soon done."""
    return "img_003" if name == "Set5" else "coins"


@pytest.mark.parametrize("name, scale", CASES)
def test_one_image_is_what_the_weights_give(name, scale, request):
    if name == "Set5":
        request.getfixturevalue("set5")
    (image,) = (each for each in test_set(name, scale) if each.name == one_image(name))
    report = benchmark(tables.methods(scale), [image], scale, repeats=0)
    kept = [row for row in of(name, scale, "accuracy") if row["image"] == image.name]
    for fresh, row in zip(report.records, kept, strict=True):
        assert fresh["method"] == row["method"]
        close = 1e-5 if row["method"] == "bicubic" else PSNR
        assert float(row["psnr"]) == pytest.approx(fresh["psnr"], abs=close), row["method"]
        assert float(row["ssim"]) == pytest.approx(fresh["ssim"], abs=SSIM), row["method"]
        assert float(row["niqe"]) == pytest.approx(fresh["niqe"], abs=NIQE), row["method"]


@pytest.mark.parametrize("name, scale", [("photographs", 4), ("Set5", 2)])
def test_distances_are_those_of_the_trained_vgg(name, scale, request, vgg_file):
    if name == "Set5":
        request.getfixturevalue("set5")
    (image,) = (each for each in test_set(name, scale) if each.name == one_image(name))
    report = benchmark(tables.methods(scale), [image], scale, vgg=vgg_file, repeats=0)
    kept = [row for row in of(name, scale, "accuracy") if row["image"] == image.name]
    for fresh, row in zip(report.records, kept, strict=True):
        assert float(row["vgg"]) == pytest.approx(fresh["vgg"], abs=VGG), row["method"]


@pytest.mark.parametrize("scale", tables.SCALES)
def test_means_are_those_of_the_cards(scale):
    """The cards' scores were taken when the weights were shipped, by other code."""
    for name, on_card in (("photographs", "ten photographs"), ("Set5", "Set5")):
        for row in of(name, scale, "summary"):
            method = row["method"]
            if method in pretrained.SHIPPED:
                card = pretrained.card(method, scale)
                scores = card.scores[on_card]
                assert float(row["psnr"]) == pytest.approx(scores[method], abs=PSNR)
                if card.niqe:
                    known = card.niqe[on_card]
                    assert float(row["niqe"]) == pytest.approx(known[method], abs=NIQE)


# other weights of VGG-19


def a_record(folder: Path, perception: dict) -> None:
    (folder / "photographs_x4").mkdir(parents=True)
    (folder / "photographs_x4" / "record.json").write_text(json.dumps({"perception": perception}))


def test_tables_by_other_weights_of_vgg_are_refused(tmp_path, monkeypatch, random_vgg):
    monkeypatch.setattr(tables, "RESULTS", tmp_path)
    tables.refuse_other_weights(random_vgg)  # nothing is stored
    a_record(tmp_path, {"niqe": "photographs", "vgg": "VGG-19 relu1_2; vgg19.safetensors, 0123"})
    with pytest.raises(SystemExit) as caught:
        tables.refuse_other_weights(random_vgg)
    for part in ("photographs_x4 was made with", "0123", str(random_vgg), "--anew"):
        assert part in str(caught.value)


def test_tables_by_the_same_weights_are_not(tmp_path, monkeypatch, random_vgg):
    """By their values, whatever the file's name; as a benchmark records them."""
    monkeypatch.setattr(tables, "RESULTS", tmp_path)
    renamed = tmp_path / "renamed.safetensors"
    renamed.write_bytes(random_vgg.read_bytes())
    a_record(tmp_path, Perception(4, random_vgg).about)
    tables.refuse_other_weights(renamed)


def test_tables_without_distances_can_be_made_with_any(tmp_path, monkeypatch, random_vgg):
    monkeypatch.setattr(tables, "RESULTS", tmp_path)
    a_record(tmp_path, {"niqe": "photographs"})
    tables.refuse_other_weights(random_vgg)


@pytest.mark.parametrize("anew", [False, True])
def test_anew_makes_them_with_others(tmp_path, monkeypatch, random_vgg, anew):
    """Without it nothing is begun."""
    made = []

    def benchmark_of(methods: list, images: list, scale: int, **how: object) -> str:
        made.append((how["name"], scale, how["vgg"], methods))
        return ""

    for name, fake in (("benchmark", benchmark_of), ("as_rich", str), ("RESULTS", tmp_path)):
        monkeypatch.setattr(tables, name, fake)
    monkeypatch.delenv("SRLIB_DATA", raising=False)
    a_record(tmp_path, {"vgg": "other.safetensors, 0123"})
    words = ["tables", "--vgg", str(random_vgg), *(["--anew"] if anew else [])]
    monkeypatch.setattr(sys, "argv", words)
    if anew:
        tables.main()
        assert made == [
            ("photographs", scale, str(random_vgg), tables.methods(scale)) for scale in (2, 3, 4)
        ]
    else:
        with pytest.raises(SystemExit, match="--anew"):
            tables.main()
        assert not made


def test_the_stored_tables_can_be_made_again_with_the_shared_weights(vgg_file):
    tables.refuse_other_weights(vgg_file)


# the sweep


def test_the_sweep_goes_from_srresnet_to_srgan():
    found = stored(sweep.RESULT)
    assert tuple(found[0]) == sweep.COLUMNS
    for name in ("photographs", "Set5"):
        mine = [row for row in found if row["set"] == name]
        assert [float(row["alpha"]) for row in mine] == list(sweep.ALPHAS)
        summary = {row["method"]: row for row in of(name, 4, "summary")}
        for row, end in ((mine[0], "srresnet"), (mine[7], "srgan@0.7"), (mine[-1], "srgan")):
            for column, close in (("psnr", PSNR), ("ssim", SSIM), ("vgg", VGG), ("niqe", NIQE)):
                assert float(row[column]) == pytest.approx(float(summary[end][column]), abs=close)
        psnr, unlike = ([float(row[column]) for row in mine] for column in ("psnr", "niqe"))
        assert psnr[0] > psnr[-1] and unlike[0] > unlike[-1]  # fidelity is given for looks


def test_half_way_is_half_of_each_weight():
    ends = [pretrained.load(name, 4) for name in ("srresnet", "srgan")]
    between = interpolate(*ends, 0.25).state_dict()
    for name, value in ends[0].state_dict().items():
        if value.is_floating_point():
            expected = 0.75 * value + 0.25 * ends[1].state_dict()[name]
            torch.testing.assert_close(between[name], expected)
    with pytest.raises(ValueError, match="one shape"):
        interpolate(ends[0], pretrained.load("srcnn", 4), 0.5)


def test_a_sweep_is_of_strengths(monkeypatch):
    asked = []

    def benchmark_of(methods: dict, images: list, scale: int, **how: object) -> object:
        asked.append((methods, scale, how["vgg"]))
        summary = [{"method": name, "images": 1, "psnr": 30.0} for name in methods]
        return argparse.Namespace(summary=summary)

    monkeypatch.setattr(sweep, "benchmark", benchmark_of)
    made = sweep.sweep("photographs", "file")
    ((methods, scale, vgg),) = asked
    assert (scale, vgg) == (4, "file") and list(methods) == [str(alpha) for alpha in sweep.ALPHAS]
    assert [load(word, 4).name for word in methods.values()] == [
        *(f"srgan@{alpha:g}" for alpha in sweep.ALPHAS[:-1]),
        "srgan",
    ]
    assert [(row["set"], row["alpha"]) for row in made] == [
        ("photographs", str(alpha)) for alpha in sweep.ALPHAS
    ]


# what VGG sees of images that are equally far in MSE


@pytest.fixture(scope="module")
def seen(random_vgg) -> list[dict]:
    """The table by random weights."""
    return vgg_sees.table(VGGDistance(random_vgg))


def test_what_vgg_sees_is_of_these_images(seen):
    """The MSE needs no VGG: it shows that the table is of this photograph and these networks."""
    kept = {row["name"]: row for row in stored(vgg_sees.RESULT)}
    assert list(kept) == [row["name"] for row in seen]
    for row in seen:
        assert float(kept[row["name"]]["mse"]) == pytest.approx(row["mse"], rel=0.002), (
            f"{row['name']} has changed: python -m experiments.vgg_sees"
        )


def test_what_vgg_sees_has_a_distance_for_each_layer_and_their_mean(seen):
    layers = ("relu1_2", "relu2_2", "relu3_1")
    for table, close in ((seen, 1e-6), (stored(vgg_sees.RESULT), 1e-4)):
        for row in table:
            assert tuple(row) == ("name", "mse", "vgg", *layers)
            found = [float(row[layer]) for layer in layers]
            assert all(0 < value < 2 for value in found)
            assert float(row["vgg"]) == pytest.approx(sum(found) / 3, rel=close)
    assert [row["name"] for row in seen][5:] == names(4)


def test_what_vgg_sees_is_as_far_in_mse_in_five_ways(seen):
    spoilt = [row["mse"] for row in seen[:5]]
    assert max(spoilt) == pytest.approx(min(spoilt), rel=0.01)


def test_trained_vgg_sees_them_as_it_is_stored(vgg_file):
    hr = centre_crop(photograph(vgg_sees.SPOILT).image, vgg_sees.SIZE)
    distance, kept = VGGDistance(vgg_file), stored(vgg_sees.RESULT)
    for row, (kind, image) in zip(kept, equal_mse(hr).items(), strict=False):
        pair = [vgg_sees.tensor(each) for each in (image, hr)]
        assert row["name"] == kind
        assert float(row["vgg"]) == pytest.approx(float(distance(*pair)), rel=1e-3)


# the cost


def test_the_exponent_is_a_slope():
    made = [
        {"method": "m", "lr_width": side, "lr_height": side, "cpu_seconds": 3e-9 * side**3}
        for side in (64, 128, 256, 512)
    ]
    made[0]["cpu_seconds"] = 1.0  # too small a size to count
    assert cost.exponent(made, "m") == pytest.approx(1.5)
    assert cost.exponent(made[:2], "m") is None


def test_a_measurement_has_all_columns():
    row = cost.measure_here("bicubic", 96, 80)
    assert set(row) == set(cost.COLUMNS) and row["peak_mb"] >= row["before_mb"] > 50
    assert row["seconds"] > 0 and (row["lr_width"], row["lr_height"]) == (96, 80)


def test_stored_costs_are_near_linear():
    if not cost.RESULT.is_file():
        pytest.skip("no costs are stored: python -m experiments.cost --full --store")
    found = stored(cost.RESULT)
    assert tuple(found[0]) == cost.COLUMNS
    sizes = [*((side, side) for side in cost.SIDES), cost.FRAME]
    assert [(int(row["lr_width"]), int(row["lr_height"]), row["method"]) for row in found] == [
        (*size, name) for size in sizes for name in cost.METHODS
    ]
    numbers = [{k: v if k == "method" else float(v) for k, v in row.items()} for row in found]
    for name in cost.METHODS:
        # bicubic on small images works in the processor's cache, which bends its line upwards
        highest = 1.3 if name == "bicubic" else 1.15
        assert 0.85 < cost.exponent(numbers, name) < highest, name
