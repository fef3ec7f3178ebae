"""The benchmark: its columns against other code, what it refuses, and that it can be stopped."""

import csv
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from srlib import benchmark as module
from srlib.benchmark import compare
from srlib.checkpoint import save_weights
from srlib.cli import main
from srlib.dead_leaves import dead_leaves
from srlib.images import rgb_to_luma, write
from srlib.methods import method
from srlib.models.srcnn import SRCNN
from srlib.records import BenchmarkError, Unfinished
from srlib.resize import imresize
from srlib.testsets import Case, Shrunk, test_set

ROOT = Path(__file__).parents[1]


def leaves(number: int = 3, scale: int = 2, size: int = 48) -> list[Shrunk]:
    return [
        Shrunk(f"leaves{seed}", dead_leaves(size, seed)[:, : size - 7], scale)
        for seed in range(number)
    ]


def brighter(image: np.ndarray, scale: int) -> np.ndarray:
    """A method that is wrong in a known way: one grey level too bright."""
    return (imresize(image, scale).astype(int) + 1).clip(0, 255).astype(np.uint8)


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


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


def test_psnr_and_ssim_are_scikit_images(tmp_path):
    images = leaves(2, scale=3, size=90)
    compare(["bicubic", "srcnn"], images, 3, out=tmp_path, repeats=0)
    enlarge = {name: method(name, 3).enlarge for name in ("bicubic", "srcnn")}
    stored = rows(tmp_path / "accuracy.csv")
    assert [(row["image"], row["method"]) for row in stored] == [
        (f"leaves{n}", name) for n in range(2) for name in enlarge
    ]
    for row in stored:
        image = images[int(row["image"][-1])]
        expected = _skimage(enlarge[row["method"]](image.lr, 3), image.hr, 3)
        assert float(row["psnr"]) == pytest.approx(expected[0], abs=1e-6)
        assert float(row["ssim"]) == pytest.approx(expected[1], abs=1e-6)


def as_papers_do(image: np.ndarray, scale: int) -> np.ndarray:
    """Bicubic on MATLAB's floating point path, rounded once; ours rounds after each pass."""
    return np.floor(imresize(image.astype(float), scale).clip(0, 255) + 0.5).astype(np.uint8)


@pytest.mark.parametrize("scale, db", [(2, 33.65), (3, 30.39), (4, 28.42)])
def test_bicubic_on_set5_is_the_published(set5, scale, db):
    methods = {"bicubic": "bicubic", "rounded once": as_papers_do}
    report = compare(methods, test_set("Set5", scale), scale, repeats=0)
    assert report.of("rounded once")["psnr"] == pytest.approx(db, abs=0.005)
    assert report.of("bicubic")["psnr"] == pytest.approx(db, abs=0.01)  # at x2 one rounding costs
    assert report.of("bicubic")["images"] == 5


def test_the_summary_is_the_mean(random_vgg):
    report = compare({"up": brighter, "bicubic": "bicubic"}, leaves(), 2, vgg=random_vgg)
    for column in ("psnr", "ssim", "vgg", "seconds"):
        mine = [row[column] for row in report.records if row["method"] == "up"]
        assert len(mine) == 3 and report.of("up")[column] == pytest.approx(np.mean(mine))
    assert report.of("up")["psnr"] < report.of("bicubic")["psnr"]
    size = sum(image.hr.shape[0] * image.hr.shape[1] for image in leaves())
    up = report.of("up")
    assert up["frames_per_second"] == pytest.approx(1 / up["seconds"])
    assert up["megapixels_per_second"] == pytest.approx(size / 3e6 / up["seconds"])


def test_equal_images_have_infinite_psnr(tmp_path):
    image = dead_leaves(48, 0)
    case = Case("same", image, image[::2, ::2])
    compare({"oracle": lambda lr, scale: image}, [case], 2, out=tmp_path, repeats=0)
    row = rows(tmp_path / "accuracy.csv")[0]
    assert row["psnr"] == "inf" and float(row["ssim"]) == pytest.approx(1)
    record = json.loads((tmp_path / "record.json").read_text())
    assert record["summary"][0]["psnr"] == "inf"  # JSON proper knows no Infinity


def test_an_empty_column_says_why(tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "empty"))
    report = compare(["bicubic"], leaves(1), 2, out=tmp_path / "out", repeats=0)
    assert report.records[0]["vgg"] is None and report.records[0]["lpips"] is None
    assert "--vgg" in report.about["empty"]["vgg"]
    assert "AlexNet" in report.about["empty"]["lpips"]
    assert "no timed calls" in report.about["empty"]["seconds"]
    assert rows(tmp_path / "out" / "accuracy.csv")[0]["vgg"] == ""
    said = (tmp_path / "out" / "table.md").read_text()
    assert "No vgg:" in said and "No lpips:" in said and str(tmp_path) not in said


def test_methods_take_turns():
    calls = []

    def recording(name: str):
        def enlarge(image: np.ndarray, scale: int) -> np.ndarray:
            calls.append(name)
            return imresize(image, scale)

        return enlarge

    functions = {name: recording(name) for name in "ab"}
    report = compare(functions, leaves(2), 2, repeats=2)
    one_image = [*"ab", *"abab"]  # to score and warm up; then the turns
    counted = [*"ab"]  # watched once, to count its work
    assert calls == one_image + counted + one_image
    assert all(row["seconds"] > 0 for row in report.records)


def test_the_record_says_how(tmp_path, random_vgg):
    report = compare(["bicubic", "srcnn"], leaves(1), 2, out=tmp_path, vgg=random_vgg, name="Two")
    about = json.loads((tmp_path / "record.json").read_text())
    assert about["set"] == "Two" and about["scale"] == 2 and about["protocol"] == "Y, border 2"
    assert about["threads"] == torch.get_num_threads() and about["repeats"] == 3
    assert about["machines"][0]["cores"] == os.cpu_count()
    assert set(about["versions"]) >= {"python", "torch", "numpy", "srlib"}
    assert len(about["methods"]["srcnn"]["sha256"]) == 64
    assert about["perception"]["vgg"].startswith("random.safetensors, ")
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
        "by name": "test_benchmark:constant",
        "run": tmp_path / "run",
        "file": str(tmp_path / "run" / "best.safetensors"),
        "network": network,
    }
    report = compare(methods, leaves(1), 2, repeats=0)
    assert report.of("function")["psnr"] == report.of("by name")["psnr"] < 20
    assert report.of("run")["psnr"] == report.of("file")["psnr"] == report.of("network")["psnr"]
    assert report.of("run")["parameters"] == 8129
    assert len({report.about["methods"][name]["sha256"] for name in ("run", "network")}) == 1


def test_grey_images_are_three_equal_planes():
    grey = dead_leaves(48, 0)[..., 1]
    planes = np.stack([grey] * 3, axis=2)
    report = compare(["bicubic"], [Shrunk("grey", grey, 2), Shrunk("rgb", planes, 2)], 2)
    assert report.records[0]["psnr"] == report.records[1]["psnr"]


# what is refused, before any work


def never(image: np.ndarray, scale: int) -> np.ndarray:
    raise AssertionError("no work should be done")


@pytest.mark.parametrize(
    "methods, images, scale, says",
    [
        ({}, leaves(1), 2, "no method"),
        (["bicubic", "bicubic"], leaves(1), 2, "'bicubic' is given twice"),
        (["lanczos"], leaves(1), 2, "no method 'lanczos': choose among bicubic"),
        (["no_module:f"], leaves(1), 2, "cannot import"),
        (["srresnet"], leaves(1), 3, "shipped for scale 4, not 3"),
        (["bicubic"], leaves(1), 5, "scale must be 2, 3 or 4"),
        ({"never": never}, [], 2, "no image"),
        ({"never": never}, leaves(1) * 2, 2, "two images are called 'leaves0'"),
        ({"never": never}, leaves(1) + [Shrunk("t", dead_leaves(16, 0)[:14], 2)], 2, "'t' has 16x"),
        (
            {"never": never},
            [Case("odd", np.zeros((40, 40, 3), np.uint8), np.zeros((20, 19, 3), np.uint8))],
            2,
            "not 2 times smaller",
        ),
        (
            {"never": never},
            [Case("f", np.zeros((40, 40, 3)), np.zeros((20, 20, 3)))],
            2,
            "'f': expected a uint8",
        ),
    ],
)
def test_bad_input_is_refused_before_any_work(methods, images, scale, says):
    with pytest.raises(ValueError, match=says):
        compare(methods, images, scale)


def test_a_network_of_another_scale_is_refused(tmp_path):
    about = {"model": "srcnn", "scale": 3, "variant": "9-1-5", "residual": True}
    save_weights(tmp_path / "w.safetensors", SRCNN("9-1-5", residual=True), about)
    with pytest.raises(ValueError, match="enlarges by 3, not by 2"):
        compare([str(tmp_path / "w.safetensors")], leaves(1), 2)


def test_other_files_are_no_method(tmp_path):
    (tmp_path / "text").write_text("hello")
    save_file({"x": torch.zeros(2)}, tmp_path / "other.safetensors")
    (tmp_path / "empty").mkdir()
    for name in ("text", "other.safetensors", "empty"):
        with pytest.raises(RuntimeError, match="holds no network of srlib train"):
            method(tmp_path / name, 2)


@pytest.mark.parametrize(
    "function, says",
    [
        (lambda image, scale: image, r"into uint8 \(24, 20, 3\): expected uint8 \(48, 40, 3\)"),
        (lambda image, scale: imresize(image, scale) / 255, "into float64"),
        (lambda image, scale: None, "into NoneType"),
        (lambda image, scale: 1 // 0, "mine failed on leaves0: ZeroDivisionError"),
    ],
)
def test_a_bad_function_is_named(function, says):
    with pytest.raises(BenchmarkError, match=says):
        compare({"mine": function}, leaves(1), 2)


def test_a_function_cannot_change_the_image_for_others():
    def vandal(image: np.ndarray, scale: int) -> np.ndarray:
        sr = imresize(image, scale)
        image[:] = 0
        return sr

    both = compare({"vandal": vandal, "bicubic": "bicubic"}, leaves(1), 2, repeats=0)
    assert both.of("vandal")["psnr"] == both.of("bicubic")["psnr"]


def command(*words: str, capsys) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as end:
        main(["benchmark", *words])
    out, err = capsys.readouterr()
    return end.value.code, out, err


def test_hostile_folders(tmp_path, capsys):
    words = ["--scale", "2", "--method", "bicubic", "--out", str(tmp_path / "out")]
    for name, files, says in (
        ("empty", {}, "no image in the folder"),
        ("small", {"a.png": dead_leaves(16, 0)[:13]}, "'a.png' has 16x12 pixels, too few"),
        ("clear", {"a.png": np.full((40, 40, 4), 7, np.uint8)}, "partly transparent"),
    ):
        (tmp_path / name).mkdir()
        for file, pixels in files.items():
            write(tmp_path / name / file, pixels)
        code, out, err = command("--set", str(tmp_path / name), *words, capsys=capsys)
        assert code == 2 and says in err and err.count("\n") == 1, err
    code, out, err = command("--set", "Set6", *words, capsys=capsys)
    assert code == 2 and "no set 'Set6': choose photographs, Set5" in err
    assert not (tmp_path / "out").exists()


def test_the_command(tmp_path, capsys, random_vgg):
    (tmp_path / "mine").mkdir()
    for seed in range(2):
        write(tmp_path / "mine" / f"{seed}.png", dead_leaves(50, seed))
    words = ["--scale", "2", "--vgg", str(random_vgg), "--repeats", "1"]
    folder = str(tmp_path / "mine")
    code, out, err = command(
        *("--set", folder, *words, "--method", "bicubic", "srcnn", "--out", str(tmp_path / "out")),
        capsys=capsys,
    )
    assert not code, err
    assert "mine, x2, 2 images" in out and "srcnn" in out and "Wrote the tables" in out
    record = json.loads((tmp_path / "out" / "record.json").read_text())
    assert record["images"] == ["0.png", "1.png"] and record["set"] == "mine"
    assert list(record["methods"]) == ["bicubic", "srcnn"]
    assert str(tmp_path) not in json.dumps(record)


# stopped and started again


def test_another_setting_is_refused(tmp_path):
    def stop(image: np.ndarray, scale: int) -> np.ndarray:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        compare({"m": stop}, leaves(2), 2, out=tmp_path)
    for change, says in (
        ({"methods": {"n": stop}}, "methods"),
        ({"images": leaves(3)}, "images"),
        ({"scale": 3, "images": leaves(2, scale=3)}, "scale 2, not 3"),
        ({"repeats": 1}, "repeats 3, not 1"),
        ({"name": "other"}, "set '', not 'other'"),
    ):
        asked = {"methods": {"m": stop}, "images": leaves(2), "scale": 2} | change
        with pytest.raises(BenchmarkError, match=says):
            compare(out=tmp_path, **asked)
    compare({"m": brighter}, leaves(2), 2, out=tmp_path)  # the same settings go on
    compare({"n": brighter}, leaves(3), 2, out=tmp_path)  # a finished one is made anew
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
        compare({"m": count}, leaves(4), 2, out=tmp_path / "a", repeats=0)
    assert len(list((tmp_path / "a" / "unfinished").iterdir())) == 2
    calls.clear()
    calls += ["again"] * 3
    compare({"m": count}, leaves(4), 2, out=tmp_path / "a", repeats=0)
    assert len(calls) - 3 == 3 + 1  # the three images left; one call more, to count the work
    compare({"m": brighter}, leaves(4), 2, out=tmp_path / "b", repeats=0)
    same = [(tmp_path / each / "accuracy.csv").read_bytes() for each in "ab"]
    assert same[0] == same[1]


def test_a_line_that_was_cut_off_does_not_count(tmp_path):
    store = Unfinished(tmp_path)
    assert store.begin({"a": 1}) == []
    store.append([{"image": "x"}, {"image": "y"}])
    file = tmp_path / "unfinished" / "records-0.jsonl"
    file.write_bytes(file.read_bytes()[:-4])
    assert Unfinished(tmp_path).begin({"a": 1}) == [{"image": "x"}]
    store.append([{"image": "z"}])
    assert Unfinished(tmp_path, 3).begin({"a": 1}) == [{"image": "x"}, {"image": "z"}]
    file.write_text("{\n")
    with pytest.raises(BenchmarkError, match="damaged"):
        Unfinished(tmp_path).begin({"a": 1})


def test_tables_that_cannot_be_written_lose_nothing(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(module, "write", full)
        with pytest.raises(BenchmarkError, match="No space left"):
            compare({"m": brighter}, leaves(2), 2, out=tmp_path)
    compare({"m": brighter}, leaves(2), 2, out=tmp_path)
    assert len(rows(tmp_path / "accuracy.csv")) == 2


def slow(image: np.ndarray, scale: int) -> np.ndarray:
    time.sleep(0.1)
    return brighter(image, scale)


def start(folder: Path, out: Path, random_vgg: Path, *launch: str) -> subprocess.Popen:
    words = ["--scale", "2", "--method", "bicubic", "test_benchmark:slow", "srcnn"]
    words += ["--vgg", str(random_vgg), "--repeats", "0", "--set", str(folder), "--out", str(out)]
    env = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": f"{ROOT}:{Path(__file__).parent}"}
    return subprocess.Popen(
        [sys.executable, "-m", *launch, "srlib", "benchmark", *words],
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        # tests started in the background inherit an ignored SIGINT
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


def finish(process: subprocess.Popen) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=300)
    return process.returncode, out.decode(), err.decode()


def some_are_done(out: Path, process: subprocess.Popen) -> list[Path]:
    """Once a record of the process is on the disk."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and process.poll() is None:
        found = list(out.glob("unfinished/records-*.jsonl"))
        if found and found[0].read_bytes().count(b"\n") >= 2:
            return found
        time.sleep(0.01)
    pytest.fail(f"no record: {finish(process)}")


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("images")
    for seed in range(8):
        write(path / f"{seed}.png", dead_leaves(40 + 3 * seed, seed))
    return path


@pytest.fixture(scope="module")
def undisturbed(folder, tmp_path_factory, random_vgg) -> bytes:
    out = tmp_path_factory.mktemp("undisturbed")
    code, _, err = finish(start(folder, out, random_vgg))
    assert code == 0, err
    return (out / "accuracy.csv").read_bytes()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_killed_and_started_again_it_gives_the_same_table(
    folder, undisturbed, tmp_path, random_vgg, how
):
    process = start(folder, tmp_path, random_vgg)
    some_are_done(tmp_path, process)
    process.send_signal(how)
    code, _, err = finish(process)
    assert code == (-9 if how == signal.SIGKILL else 130) and "Traceback" not in err
    assert not (tmp_path / "accuracy.csv").exists()
    (records,) = (tmp_path / "unfinished").glob("records-*")
    done = records.read_bytes().count(b"\n")
    assert 0 < done < 24
    code, _, err = finish(start(folder, tmp_path, random_vgg))
    assert code == 0, err
    assert (tmp_path / "accuracy.csv").read_bytes() == undisturbed


def test_two_processes_give_the_same_table(folder, undisturbed, tmp_path, random_vgg):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    # --multi_gpu: the only way in which accelerate starts two without MPI; no GPU is needed or used
    launch = ["accelerate.commands.launch", "--multi_gpu", "--num_processes", "2"]
    launch += ["--num_machines", "1"]
    launch += ["--main_process_port", port, "--mixed_precision", "no", "--dynamo_backend", "no"]
    launch += ["--num_cpu_threads_per_process", "1", "-m"]
    process = start(folder, tmp_path, random_vgg, *launch)
    some_are_done(tmp_path, process)
    code, out, err = finish(process)
    assert code == 0, err
    assert (tmp_path / "accuracy.csv").read_bytes() == undisturbed
    record = json.loads((tmp_path / "record.json").read_text())
    assert record["processes"] == 2 and len(record["machines"]) == 1
    assert out.count("8 images") == 1 and not (tmp_path / "unfinished").exists()
