"""The benchmark: its columns against other code, what it refuses, and that it can be stopped."""

import json
import os
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import psutil
import pytest
import torch
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from srlib.benchmarking import compare, cost
from srlib.benchmarking.compare import benchmark
from srlib.data import pairs, test_sets
from srlib.data.dead_leaves import dead_leaves
from srlib.data.pairs import Pair
from srlib.data.test_sets import test_set
from srlib.errors import BenchmarkError
from srlib.images.metrics import HIGHEST_PSNR
from srlib.images.niqe import niqe
from srlib.images.resize import imresize
from srlib.images.values import rgb_to_luma
from srlib.images.writing import write
from srlib.networks.srcnn import SRCNN
from srlib.networks.weights import save_weights
from srlib.upscaling.method import load
from tests.helpers.leaves import leaves
from tests.helpers.tables import rows


def brighter(image: np.ndarray, scale: int) -> np.ndarray:
    """A method that is wrong in a known way: one grey level too bright."""
    return (imresize(image, scale).astype(int) + 1).clip(0, 255).astype(np.uint8)


# what the columns say


def _skimage(sr: np.ndarray, hr: np.ndarray, border: int) -> tuple[float, float]:
    """PSNR and SSIM of scikit-image on rounded luma without its border."""
    inside = (slice(border, -border), slice(border, -border))
    a, b = (np.floor(rgb_to_luma(each.astype(float))[inside] + 0.5) for each in (sr, hr))
    similarity = structural_similarity(
        a,
        b,
        data_range=255,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
        full=True,
    )[1]
    return peak_signal_noise_ratio(b, a, data_range=255), similarity[5:-5, 5:-5].mean()


def test_a_single_word_is_a_method():
    report = benchmark("bicubic", leaves(1, scale=3, size=90), 3, repeats=0)
    assert [row["method"] for row in report.summary] == ["bicubic"]


def test_psnr_and_ssim_are_scikit_images(tmp_path):
    images = leaves(2, scale=3, size=90)
    benchmark(["bicubic", "srcnn"], images, 3, out=tmp_path, repeats=0)
    enlarge = {name: load(name, 3, precision="fp32") for name in ("bicubic", "srcnn")}
    stored = rows(tmp_path / "accuracy.csv")
    assert [(row["image"], row["method"]) for row in stored] == [
        (f"leaves{n}", name) for n in range(2) for name in enlarge
    ]
    for row in stored:
        image = images[int(row["image"][-1])]
        expected = _skimage(enlarge[row["method"]](image.lr), image.hr, 3)
        assert float(row["psnr"]) == pytest.approx(expected[0], abs=1e-6)
        assert float(row["ssim"]) == pytest.approx(expected[1], abs=1e-6)


def as_papers_do(image: np.ndarray, scale: int) -> np.ndarray:
    """Bicubic on MATLAB's floating point path, rounded once; ours rounds after each pass."""
    return np.floor(imresize(image.astype(float), scale).clip(0, 255) + 0.5).astype(np.uint8)


@pytest.mark.parametrize("scale, db", [(2, 33.65), (3, 30.39), (4, 28.42)])
def test_bicubic_on_set5_is_the_published(set5, scale, db):
    methods = {"bicubic": "bicubic", "rounded once": as_papers_do}
    report = benchmark(methods, test_set("Set5", scale), scale, repeats=0)
    assert report.of("rounded once")["psnr"] == pytest.approx(db, abs=0.005)
    assert report.of("bicubic")["psnr"] == pytest.approx(db, abs=0.01)  # at x2 one rounding costs
    assert report.of("bicubic")["images"] == 5


def test_the_summary_is_the_mean(random_vgg):
    report = benchmark({"up": brighter, "bicubic": "bicubic"}, leaves(), 2, vgg=random_vgg)
    for column in ("psnr", "ssim", "vgg", "seconds"):
        mine = [row[column] for row in report.records if row["method"] == "up"]
        assert len(mine) == 3 and report.of("up")[column] == pytest.approx(np.mean(mine))
    assert report.of("up")["psnr"] < report.of("bicubic")["psnr"]
    size = sum(image.hr.shape[0] * image.hr.shape[1] for image in leaves())
    up = report.of("up")
    assert up["frames_per_second"] == pytest.approx(1 / up["seconds"])
    assert up["megapixels_per_second"] == pytest.approx(size / 3e6 / up["seconds"])


def test_equal_images_have_infinite_psnr_but_no_infinite_mean(tmp_path):
    image = dead_leaves(48, 0)
    pair = Pair("same", image, image[::2, ::2])
    benchmark({"oracle": lambda lr, scale: image}, [pair], 2, out=tmp_path, repeats=0)
    row = rows(tmp_path / "accuracy.csv")[0]
    assert row["psnr"] == "inf" and float(row["ssim"]) == pytest.approx(1)
    record = json.loads((tmp_path / "record.json").read_text())
    assert record["records"][0]["psnr"] == "inf"  # JSON proper knows no Infinity
    assert record["summary"][0]["psnr"] == HIGHEST_PSNR


def test_an_empty_column_says_why(tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "empty"))
    report = benchmark(["bicubic"], leaves(1), 2, out=tmp_path / "out", repeats=0)
    assert report.records[0]["vgg"] is None and report.records[0]["lpips"] is None
    assert "--vgg" in report.about["empty"]["vgg"]
    assert "AlexNet" in report.about["empty"]["lpips"]
    assert "no timed calls" in report.about["empty"]["seconds"]
    assert rows(tmp_path / "out" / "accuracy.csv")[0]["vgg"] == ""
    said = (tmp_path / "out" / "table.md").read_text()
    assert "No vgg:" in said and "No lpips:" in said and str(tmp_path) not in said


# NIQE, which needs 96x96 pixels twice, and no truth


def test_niqe_is_of_results_and_of_the_truth(tmp_path):
    images = leaves(2, size=200)
    methods = {"up": brighter, "bicubic": "bicubic"}
    report = benchmark(methods, images, 2, out=tmp_path, repeats=0)
    for row in report.records:
        (image,) = (each for each in images if each.name == row["image"])
        sr = (brighter if row["method"] == "up" else imresize)(image.lr, 2)
        assert row["niqe"] == pytest.approx(niqe(sr, border=2))
        assert row["niqe_of_truth"] == pytest.approx(niqe(image.hr, border=2))
    of_truth = np.mean([float(niqe(image.hr, border=2)) for image in images])
    assert report.about["truth"] == {"niqe": pytest.approx(of_truth)}
    assert report.of("up")["niqe"] == pytest.approx(
        np.mean([row["niqe"] for row in report.records if row["method"] == "up"])
    )
    assert "niqe" not in report.about["empty"]
    stored = json.loads((tmp_path / "record.json").read_text())
    assert stored["truth"]["niqe"] == pytest.approx(of_truth)
    said = (tmp_path / "table.md").read_text()
    assert " NIQE |" in said and f"NIQE of the truth: {of_truth:.2f}." in said
    assert all(float(row["niqe"]) > 0 for row in rows(tmp_path / "accuracy.csv"))


def test_images_too_small_or_flat_do_not_break_the_means(tmp_path):
    """NIQE is of the others, and PSNR, infinite on a white page, counts for 58.9 dB there."""
    white = np.full((90, 90, 3), 255, np.uint8)
    images = [*leaves(1, size=200), Pair("tiny", dead_leaves(90, 5), scale=2)]
    images += [Pair("white", white, scale=2)]
    report = benchmark(["bicubic"], images, 2, out=tmp_path, repeats=0)
    large, tiny, page = report.records
    assert page["psnr"] == np.inf and tiny["niqe"] is None is page["niqe"]
    row = report.of("bicubic")
    assert row["niqe"] == large["niqe"] > 0 and row["images"] == 3
    assert row["psnr"] == pytest.approx((large["psnr"] + tiny["psnr"] + HIGHEST_PSNR) / 3)
    assert report.about["truth"]["niqe"] == large["niqe_of_truth"]
    said = (tmp_path / "table.md").read_text()
    assert " NIQE |" in said and "NIQE is without 'tiny', 'white': too small or too flat" in said
    assert "'white': a method met the truth as closely as 8 bits can tell" in said


def test_without_any_image_that_niqe_can_judge_its_column_is_empty(tmp_path):
    report = benchmark(["bicubic"], [Pair("tiny", dead_leaves(90, 5), scale=2)], 2, out=tmp_path)
    assert report.of("bicubic")["niqe"] is None and report.of("bicubic")["psnr"] > 0
    assert report.about["empty"]["niqe"] == "'tiny' is too small or too flat for it"
    assert "truth" not in report.about
    assert rows(tmp_path / "accuracy.csv")[0]["niqe"] == ""
    assert rows(tmp_path / "summary.csv")[0]["niqe"] == ""
    said = (tmp_path / "table.md").read_text()
    assert " NIQE |" not in said and "No niqe: 'tiny' is too small or too flat for it." in said
    assert "NIQE of the truth" not in said


def test_a_method_whose_results_are_flat_has_no_niqe():
    methods = {"flat": constant, "bicubic": "bicubic"}
    report = benchmark(methods, leaves(1, size=200), 2, repeats=0)
    assert report.of("flat")["niqe"] is None and report.of("bicubic")["niqe"] > 0
    assert report.records[0]["niqe_of_truth"] > 0
    assert "'leaves0' is too" in report.about["empty"]["niqe"]


# the work


def test_methods_take_turns():
    calls = []

    def recording(name: str):
        def enlarge(image: np.ndarray, scale: int) -> np.ndarray:
            calls.append(name)
            return imresize(image, scale)

        return enlarge

    functions = {name: recording(name) for name in "ab"}
    report = benchmark(functions, leaves(2), 2, repeats=2)
    one_image = [*"ab", *"abab"]  # to score and warm up; then the turns
    counted = [*"ab"]  # watched once, to count its work
    assert calls == one_image + counted + one_image
    assert all(row["seconds"] > 0 for row in report.records)


def test_the_record_says_how(tmp_path, random_vgg):
    report = benchmark(["bicubic", "srcnn"], leaves(1), 2, out=tmp_path, vgg=random_vgg, name="Two")
    about = json.loads((tmp_path / "record.json").read_text())
    assert about["set"] == "Two" and about["scale"] == 2 and about["protocol"] == "Y, border 2"
    assert about["threads"] == torch.get_num_threads() and about["repeats"] == 3
    assert about["machines"][0]["cores"] == os.cpu_count()
    assert set(about["versions"]) >= {"python", "torch", "numpy", "srlib"}
    assert len(about["methods"]["srcnn"]["sha256"]) == 64
    assert "; random.safetensors, " in about["perception"]["vgg"]
    assert about["methods"]["srcnn"]["precision"] == "fp32"
    row = report.of("srcnn")
    assert row["parameters"] == 57281 and report.of("bicubic")["parameters"] == 0
    assert row["peak_mb"] >= row["before_mb"] > 50
    assert [path.name for path in sorted(tmp_path.iterdir())] == [
        *("accuracy.csv", "efficiency.csv", "record.json", "summary.csv", "table.md")
    ]


# your own


def constant(image: np.ndarray, scale: int) -> np.ndarray:
    return np.full((image.shape[0] * scale, image.shape[1] * scale, 3), 128, np.uint8)


def test_functions_checkpoints_and_networks_can_be_entered(tmp_path):
    torch.manual_seed(0)
    network = SRCNN("9-1-5", residual=True).eval()
    (tmp_path / "run").mkdir()
    about = {"model": "srcnn", "scale": 2, "variant": "9-1-5", "residual": True}
    save_weights(tmp_path / "run" / "best.safetensors", network, about)
    methods = {
        "function": constant,
        "by name": f"{__name__}:constant",
        "run": tmp_path / "run",
        "file": str(tmp_path / "run" / "best.safetensors"),
        "network": network,
    }
    report = benchmark(methods, leaves(1), 2, repeats=0)
    assert report.of("function")["psnr"] == report.of("by name")["psnr"] < 20
    assert report.of("run")["psnr"] == report.of("file")["psnr"] == report.of("network")["psnr"]
    assert report.of("run")["parameters"] == 8129
    assert len({report.about["methods"][name]["sha256"] for name in ("run", "network")}) == 1


def test_entries_without_names_go_by_their_own(tmp_path):
    about = {"model": "srcnn", "scale": 2, "variant": "9-1-5", "residual": True}
    network = SRCNN("9-1-5", residual=True)
    save_weights(tmp_path / "best.safetensors", network, about)
    entries = ["bicubic", constant, network, tmp_path, load("srcnn", 2), load("srcnn", 2, "again")]
    report = benchmark(entries, leaves(1), 2, repeats=0)
    names = ["bicubic", "constant", "SRCNN", str(tmp_path), "srcnn", "again"]
    assert [row["method"] for row in report.summary] == names
    assert report.of("srcnn")["psnr"] == report.of("again")["psnr"]
    assert report.of("SRCNN")["psnr"] == report.of(str(tmp_path))["psnr"]


def test_grey_images_are_three_equal_planes():
    grey = dead_leaves(48, 0)[..., 1]
    planes = np.stack([grey] * 3, axis=2)
    report = benchmark(["bicubic"], [Pair("grey", grey, scale=2), Pair("rgb", planes, scale=2)], 2)
    assert report.records[0]["psnr"] == report.records[1]["psnr"]


# what is refused, before any work


def never(image: np.ndarray, scale: int) -> np.ndarray:
    raise AssertionError("no work should be done")


@pytest.mark.parametrize(
    "methods, images, scale, says",
    [
        ({}, leaves(1), 2, "no method"),
        (["bicubic", "bicubic"], leaves(1), 2, "'bicubic' is given twice"),
        ([load("bicubic", 2), "bicubic"], leaves(1), 2, "'bicubic' is given twice"),
        ([load("bicubic", 3)], leaves(1), 2, "'bicubic' enlarges by 3, not by 2"),
        (["lanczos"], leaves(1), 2, "no method 'lanczos': choose among bicubic"),
        (["no_module:f"], leaves(1), 2, "cannot import"),
        (["srresnet"], leaves(1), 3, "shipped for scale 4, not 3"),
        (["bicubic"], leaves(1), 5, "scale must be 2, 3 or 4"),
        ({"never": never}, [], 2, "no image"),
        ({"never": never}, leaves(1) * 2, 2, "two images are called 'leaves0'"),
        (
            {"never": never},
            leaves(1) + [Pair("t", dead_leaves(16, 0)[:14], scale=2)],
            2,
            "'t' has 16x14 pixels, too few",
        ),
        (
            {"never": never},
            [Pair("odd", np.zeros((40, 40, 3), np.uint8), np.zeros((20, 19, 3), np.uint8))],
            2,
            "not 2 times smaller",
        ),
        (
            {"never": never},
            [Pair("f", np.zeros((40, 40, 3)), np.zeros((20, 20, 3)))],
            2,
            "'f': expected a uint8",
        ),
    ],
)
def test_bad_input_is_refused_before_any_work(methods, images, scale, says):
    with pytest.raises(ValueError, match=says):
        benchmark(methods, images, scale)


def test_a_network_of_another_scale_is_refused(tmp_path):
    about = {"model": "srcnn", "scale": 3, "variant": "9-1-5", "residual": True}
    save_weights(tmp_path / "w.safetensors", SRCNN("9-1-5", residual=True), about)
    with pytest.raises(ValueError, match="enlarges by 3, not by 2"):
        benchmark([str(tmp_path / "w.safetensors")], leaves(1), 2)


@pytest.mark.parametrize(
    "function, says",
    [
        (
            lambda image, scale: image,
            r"^leaves0: mine turned an image of 20x24, uint8, into uint8 \(24, 20, 3\): expected "
            r"uint8 \(48, 40, 3\)",
        ),
        (lambda image, scale: imresize(image, scale) / 255, "^leaves0: mine .* into float64"),
        (lambda image, scale: None, "^leaves0: mine .* into NoneType"),
        (
            lambda image, scale: 1 // 0,
            "leaves0: mine failed on an image of 20x24: ZeroDivisionError: ",
        ),
    ],
)
def test_a_bad_function_is_named(function, says):
    with pytest.raises(BenchmarkError, match=says):
        benchmark({"mine": function}, leaves(1), 2)


def test_a_function_that_fails_later_is_named_too():
    calls = []

    def tires(image: np.ndarray, scale: int) -> np.ndarray:
        calls.append(None)
        return constant(image, scale) if len(calls) < 3 else None

    with pytest.raises(BenchmarkError, match="^leaves0: tires turned .* into NoneType"):
        benchmark([tires], leaves(2), 2)


def test_a_fault_of_ours_is_no_fault_of_a_method(monkeypatch):
    monkeypatch.setattr(compare, "psnr", lambda *how: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        benchmark(["bicubic"], leaves(1), 2)


def test_memory_that_cannot_be_measured(monkeypatch):
    """The process that measures it ends badly, after all else is done."""
    monkeypatch.setattr(cost.sys, "executable", "/bin/false")
    with pytest.raises(BenchmarkError, match="memory of 'bicubic' could not be measured"):
        benchmark(["bicubic"], leaves(1), 2, repeats=1)


@pytest.mark.parametrize("repeats", [-1, 1.0, True, "3", None])
def test_no_number_of_calls(repeats):
    with pytest.raises(ValueError, match="repeats must be a whole number of 0 or more, not"):
        benchmark({"never": never}, leaves(1), 2, repeats=repeats)


def test_a_function_cannot_change_the_image_for_others():
    def vandal(image: np.ndarray, scale: int) -> np.ndarray:
        sr = imresize(image, scale)
        image[:] = 0
        return sr

    both = benchmark({"vandal": vandal, "bicubic": "bicubic"}, leaves(1), 2, repeats=0)
    assert both.of("vandal")["psnr"] == both.of("bicubic")["psnr"]


# stopped and started again


def test_another_setting_is_refused(tmp_path):
    def stop(image: np.ndarray, scale: int) -> np.ndarray:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        benchmark({"m": stop}, leaves(2), 2, out=tmp_path)
    for change, says in (
        ({"methods": {"n": stop}}, "methods"),
        ({"images": leaves(3)}, "images"),
        ({"scale": 3, "images": leaves(2, scale=3)}, "scale 2, not 3"),
        ({"repeats": 1}, "repeats 3, not 1"),
        ({"name": "other"}, "set '', not 'other'"),
    ):
        asked = {"methods": {"m": stop}, "images": leaves(2), "scale": 2} | change
        with pytest.raises(BenchmarkError, match=says):
            benchmark(out=tmp_path, **asked)
    benchmark({"m": brighter}, leaves(2), 2, out=tmp_path)  # the same settings go on
    benchmark({"n": brighter}, leaves(3), 2, out=tmp_path)  # a finished one is made anew
    assert not (tmp_path / "unfinished").exists()


def test_what_is_done_is_not_done_again(tmp_path, monkeypatch):
    calls = []

    def count(image: np.ndarray, scale: int) -> np.ndarray:
        if len(calls) == 2:
            calls.append("stopped")
            raise KeyboardInterrupt
        calls.append(image.shape)
        return brighter(image, scale)

    with pytest.raises(KeyboardInterrupt):
        benchmark({"m": count}, leaves(4), 2, out=tmp_path / "a", repeats=0)
    done = [path.name for path in sorted((tmp_path / "a" / "unfinished").iterdir())]
    assert done == ["00000.json", "settings.json"]
    calls.clear()
    calls += ["again"] * 3
    benchmark({"m": count}, leaves(4), 2, out=tmp_path / "a", repeats=0)
    assert len(calls) - 3 == 3 + 1  # the three images left; one call more, to count the work
    benchmark({"m": brighter}, leaves(4), 2, out=tmp_path / "b", repeats=0)
    same = [(tmp_path / each / "accuracy.csv").read_bytes() for each in "ab"]
    assert same[0] == same[1]


def test_tables_that_cannot_be_written_lose_nothing(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(compare, "write", full)
        with pytest.raises(BenchmarkError, match="No space left"):
            benchmark({"m": brighter}, leaves(2), 2, out=tmp_path)
    benchmark({"m": brighter}, leaves(2), 2, out=tmp_path)
    assert len(rows(tmp_path / "accuracy.csv")) == 2


# how often it looks


def folder_of_leaves(path: Path, number: int = 4) -> Path:
    path.mkdir()
    for seed in range(number):
        write(path / f"{seed}.png", dead_leaves(48, seed))
    return path


def decoded(monkeypatch) -> list[str]:
    """The name of each file as it is decoded from now on."""
    names, read_rgb = [], pairs.read_rgb
    monkeypatch.setattr(pairs, "read_rgb", lambda path: names.append(path.name) or read_rgb(path))
    return names


def test_each_file_is_decoded_once(tmp_path, monkeypatch):
    folder, names = folder_of_leaves(tmp_path / "in"), decoded(monkeypatch)
    benchmark(["bicubic", "srcnn"], test_set(str(folder), 2), 2, repeats=0)
    assert names == ["0.png", "1.png", "2.png", "3.png"]


def test_what_does_not_fit_into_memory_is_decoded_again(tmp_path, monkeypatch):
    folder = folder_of_leaves(tmp_path / "in")
    images = test_set(str(folder), 2)
    expected = benchmark(["bicubic", "srcnn"], images, 2, repeats=0).records
    one = sum(plane.nbytes for plane in images[0].pixels(2))
    free = SimpleNamespace(available=4 * (2 * one + 1))
    monkeypatch.setattr(psutil, "virtual_memory", lambda: free)
    monkeypatch.setattr(test_sets, "WORK", 0)
    names = decoded(monkeypatch)
    found = benchmark(["bicubic", "srcnn"], images, 2, repeats=0).records
    assert names == ["0.png", "1.png", "2.png", "3.png", "2.png", "3.png"]
    for mine, theirs in zip(found, expected, strict=True):
        assert mine["psnr"] == pytest.approx(theirs["psnr"], abs=0.01)  # in other tiles


def test_a_published_pair_is_decoded_once(set5, monkeypatch):
    names = decoded(monkeypatch)
    benchmark(["bicubic"], test_set("Set5", 4)[:2], 4, repeats=0)
    assert len(names) == len(set(names)) == 4  # two truths, two small versions
