"""The stored benchmark is what the shipped weights give, so that a stale table fails."""

import json
import math
from pathlib import Path

import pytest
import torch

from experiments import cost, sweep, tables
from srlib.benchmarking.compare import benchmark
from srlib.benchmarking.report import ACCURACY, EFFICIENCY, SUMMARY
from srlib.data.photographs import photographs
from srlib.data.test_sets import test_set
from srlib.networks import pretrained
from srlib.networks.weights import digest_of, interpolate
from srlib.upscaling.method import names
from tests.helpers.tables import rows

# Another processor may round bfloat16 or sum in another order: far less than new weights change.
PSNR, SSIM, VGG = 0.02, 0.001, 0.005
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
    assert [row["method"] for row in summary] == names(scale)
    assert len(accuracy) == len(efficiency) == images * len(summary)
    for row in summary:
        for column in ("psnr", "ssim", "vgg"):
            mine = [float(each[column]) for each in accuracy if each["method"] == row["method"]]
            assert float(row[column]) == pytest.approx(math.fsum(mine) / images, abs=2e-6)


@pytest.mark.parametrize("name, scale", CASES)
def test_the_weights_are_those_that_ship(name, scale):
    record = json.loads((tables.RESULTS / f"{name.lower()}_x{scale}" / "record.json").read_text())
    for method, about in record["methods"].items():
        if method != "bicubic":
            assert about["sha256"] == digest_of(pretrained.load(method, scale)), method


def one_image(name: str) -> str:
    """The smallest, which is soon done."""
    return "img_003" if name == "Set5" else "coins"


@pytest.mark.parametrize("name, scale", CASES)
def test_one_image_is_what_the_weights_give(name, scale, request):
    if name == "Set5":
        request.getfixturevalue("set5")
    (image,) = (each for each in test_set(name, scale) if each.name == one_image(name))
    report = benchmark(names(scale), [image], scale, repeats=0)
    kept = [row for row in of(name, scale, "accuracy") if row["image"] == image.name]
    for fresh, row in zip(report.records, kept, strict=True):
        assert fresh["method"] == row["method"]
        close = 1e-5 if row["method"] == "bicubic" else PSNR
        assert float(row["psnr"]) == pytest.approx(fresh["psnr"], abs=close), row["method"]
        assert float(row["ssim"]) == pytest.approx(fresh["ssim"], abs=SSIM), row["method"]


@pytest.mark.parametrize("name, scale", [("photographs", 4), ("Set5", 2)])
def test_distances_are_those_of_the_trained_vgg(name, scale, request, vgg_file):
    if name == "Set5":
        request.getfixturevalue("set5")
    (image,) = (each for each in test_set(name, scale) if each.name == one_image(name))
    report = benchmark(names(scale), [image], scale, vgg=vgg_file, repeats=0)
    kept = [row for row in of(name, scale, "accuracy") if row["image"] == image.name]
    for fresh, row in zip(report.records, kept, strict=True):
        assert float(row["vgg"]) == pytest.approx(fresh["vgg"], abs=VGG), row["method"]


@pytest.mark.parametrize("scale", tables.SCALES)
def test_means_are_those_of_the_cards(scale):
    """The cards' scores were taken when the weights were shipped, by other code."""
    for name, on_card in (("photographs", "ten photographs"), ("Set5", "Set5")):
        for row in of(name, scale, "summary"):
            if row["method"] != "bicubic":
                scores = pretrained.card(row["method"], scale).scores[on_card]
                assert float(row["psnr"]) == pytest.approx(scores[row["method"]], abs=PSNR)


# the sweep


def test_the_sweep_goes_from_srresnet_to_srgan():
    found = stored(sweep.RESULT)
    assert tuple(found[0]) == sweep.COLUMNS
    for name in ("photographs", "Set5"):
        mine = [row for row in found if row["set"] == name]
        assert [float(row["alpha"]) for row in mine] == list(sweep.ALPHAS)
        summary = {row["method"]: row for row in of(name, 4, "summary")}
        for row, end in ((mine[0], "srresnet"), (mine[-1], "srgan")):
            for column, close in (("psnr", PSNR), ("ssim", SSIM), ("vgg", VGG)):
                assert float(row[column]) == pytest.approx(float(summary[end][column]), abs=close)


def test_half_way_is_half_of_each_weight():
    ends = [pretrained.load(name, 4) for name in ("srresnet", "srgan")]
    between = interpolate(*ends, 0.25).state_dict()
    for name, value in ends[0].state_dict().items():
        if value.is_floating_point():
            expected = 0.75 * value + 0.25 * ends[1].state_dict()[name]
            torch.testing.assert_close(between[name], expected)
    with pytest.raises(ValueError, match="one shape"):
        interpolate(ends[0], pretrained.load("srcnn", 4), 0.5)


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
        (*size, name) for size in sizes for name in names(cost.SCALE)
    ]
    numbers = [{k: v if k == "method" else float(v) for k, v in row.items()} for row in found]
    for name in names(cost.SCALE):
        # bicubic on small images works in the processor's cache, which bends its line upwards
        highest = 1.3 if name == "bicubic" else 1.15
        assert 0.85 < cost.exponent(numbers, name) < highest, name
