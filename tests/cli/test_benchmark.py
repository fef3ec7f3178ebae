"""srlib benchmark: its tables, what it refuses, and that it can be stopped and started again."""

import json
import os
import signal
import time
from pathlib import Path

import numpy as np
import pytest

from srlib.data.dead_leaves import dead_leaves
from srlib.images.resize import imresize
from srlib.images.writing import write
from tests.helpers.command import finish, run, start, two_processes, wait_for


def slow(image: np.ndarray, scale: int) -> np.ndarray:
    """A method of ours that leaves time to be stopped."""
    time.sleep(0.1)
    return (imresize(image, scale).astype(int) + 1).clip(0, 255).astype(np.uint8)


def test_hostile_folders(tmp_path):
    words = ["--scale", 2, "--method", "bicubic", "--out", tmp_path / "out"]
    for name, files, says in (
        ("empty", {}, "no image in the folder"),
        ("small", {"a.png": dead_leaves(16, 0)[:13]}, "'a.png' has 16x12 pixels, too few"),
        ("clear", {"a.png": np.full((40, 40, 4), 7, np.uint8)}, "partly transparent"),
    ):
        (tmp_path / name).mkdir()
        for file, pixels in files.items():
            write(tmp_path / name / file, pixels)
        code, out, err = run("benchmark", "--set", tmp_path / name, *words)
        assert code == 2 and says in err and err.count("\n") == 1, err
    code, out, err = run("benchmark", "--set", "Set6", *words)
    assert code == 2 and "no set 'Set6': choose photographs, Set5" in err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "words, says",
    [
        (["--set", "photographs"], "missing from srlib benchmark: --scale"),
        (["--scale", 2], "missing from srlib benchmark: --set NAME|FOLDER"),
        (["--set", "photographs", "--scale", 5], "invalid choice '5'"),
        (["--set", "photographs", "--scale", 2, "--method", "no"], "no method 'no'"),
        (["--set", "photographs", "--scale", 2, "--repeats", "x"], "error parsing --repeats"),
        (
            ["--set", "photographs", "--scale", 2, "--method", "srcnn", "--method", "bicubic"],
            "--method stands there twice",
        ),
    ],
)
def test_bad_calls_end_in_one_line(words, says):
    code, out, err = run("benchmark", *words)
    assert (code, out) == (2, "") and says in err and err.count("\n") == 1, err


def test_a_folder_named_like_a_method_is_not_meant(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("bicubic", "set"):
        (tmp_path / name).mkdir()
    write(tmp_path / "set" / "a.png", dead_leaves(40, 0))
    words = ["--set", "set", "--scale", 2, "--repeats", 0, "--method", "bicubic"]
    code, _, err = run("benchmark", *words)
    assert code == 0 and "srlib: bicubic is srlib's own here, not the folder of that name" in err
    assert err.rstrip().endswith(f"for the folder give {os.path.join('.', 'bicubic')}")


def test_the_tables(tmp_path, random_vgg):
    (tmp_path / "mine").mkdir()
    for seed in range(2):
        write(tmp_path / "mine" / f"{seed}.png", dead_leaves(50, seed))
    words = ["--scale", 2, "--vgg", random_vgg, "--repeats", 1, "--out", tmp_path / "out"]
    methods = ["bicubic", "srcnn", f"{__name__}:slow"]
    code, out, err = run("benchmark", "--set", tmp_path / "mine", "--method", *methods, *words)
    assert code == 0, err
    assert "mine, x2, 2 images" in out and "srcnn" in out and "Wrote the tables" in out
    record = json.loads((tmp_path / "out" / "record.json").read_text())
    assert record["images"] == ["0.png", "1.png"] and record["set"] == "mine"
    assert list(record["methods"]) == methods
    assert str(tmp_path) not in json.dumps(record)


def test_without_methods_those_of_the_scale(tmp_path, random_vgg):
    write(tmp_path / "a.png", dead_leaves(48, 0))
    words = ["--set", tmp_path, "--scale", 3, "--vgg", random_vgg, "--repeats", 0]
    code, out, err = run("benchmark", *words)
    assert code == 0 and "srcnn" in out and "srgan" not in out, err


# stopped and started again


def begin(folder: Path, out: Path, random_vgg: Path, launch: list[str] | tuple = ()):
    words = ["--scale", "2", "--method", "bicubic", "tests.cli.test_benchmark:slow", "srcnn"]
    words += ["--vgg", random_vgg, "--repeats", "0", "--set", folder, "--out", out]
    return start("benchmark", *words, launch=launch)


def images_done(out: Path) -> int:
    """Of how many images there are records on the disk, while not all are done."""
    return len(list(out.glob("unfinished/[0-9]*.json")))


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("images")
    for seed in range(8):
        write(path / f"{seed}.png", dead_leaves(40 + 3 * seed, seed))
    return path


@pytest.fixture(scope="module")
def undisturbed(folder, tmp_path_factory, random_vgg) -> bytes:
    out = tmp_path_factory.mktemp("undisturbed")
    code, _, err = finish(begin(folder, out, random_vgg))
    assert code == 0, err
    return (out / "accuracy.csv").read_bytes()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")
@pytest.mark.parametrize("how", [getattr(signal, "SIGKILL", None), signal.SIGINT])
def test_killed_and_started_again_it_gives_the_same_table(
    folder, undisturbed, tmp_path, random_vgg, how
):
    process = begin(folder, tmp_path, random_vgg)
    wait_for(lambda: images_done(tmp_path), process)
    process.send_signal(how)
    code, _, err = finish(process)
    assert code == (-9 if how == signal.SIGKILL else 130) and "Traceback" not in err
    assert not (tmp_path / "accuracy.csv").exists()
    assert 0 < images_done(tmp_path) < 8
    code, _, err = finish(begin(folder, tmp_path, random_vgg))
    assert code == 0, err
    assert (tmp_path / "accuracy.csv").read_bytes() == undisturbed


def test_two_processes_give_the_same_table(folder, undisturbed, tmp_path, random_vgg):
    process = begin(folder, tmp_path, random_vgg, two_processes())
    wait_for(lambda: images_done(tmp_path), process)
    code, out, err = finish(process)
    assert code == 0, err
    assert (tmp_path / "accuracy.csv").read_bytes() == undisturbed
    record = json.loads((tmp_path / "record.json").read_text())
    assert record["processes"] == 2 and len(record["machines"]) == 1
    assert out.count("8 images") == 1 and not (tmp_path / "unfinished").exists()
