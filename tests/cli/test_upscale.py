"""srlib upscale: what it writes, what it says, and how it ends."""

import os
import signal
from pathlib import Path

import numpy as np
import pytest
from skimage.data import astronaut

from srlib.images.reading import read
from srlib.images.resize import imresize
from srlib.images.writing import write
from srlib.networks.srcnn import SRCNN
from srlib.networks.weights import save_weights
from srlib.upscaling.method import load
from tests.helpers.command import finish, run, start, wait_for

PHOTO = astronaut()[100:124, 200:232]  # (24, 32, 3)


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """The current folder, with photo.png in it."""
    monkeypatch.chdir(tmp_path)
    write("photo.png", PHOTO)
    return tmp_path


def files(folder: Path) -> list[str]:
    found = folder.rglob("*")
    return sorted(str(path.relative_to(folder)) for path in found if path.is_file())


def test_one_file_to_a_file(folder):
    assert run("upscale", "photo.png", "--scale", 3, "--out", "x.tif") == (0, "Wrote 'x.tif'\n", "")
    assert np.array_equal(read("x.tif"), imresize(PHOTO, 3))


def test_one_file_to_a_folder(folder):
    code, out, _ = run("upscale", "photo.png", "--scale", 2, "--out", "a/b", "--method", "bicubic")
    assert (code, out) == (0, "Wrote 'a/b/photo.png'\n")
    assert np.array_equal(read("a/b/photo.png"), imresize(PHOTO, 2))
    (folder / "c.png").mkdir()
    assert run("upscale", "photo.png", "--scale", 2, "--out", "c.png")[0] == 0
    assert files(folder) == ["a/b/photo.png", "c.png/photo.png", "photo.png"]


def test_several(folder):
    (folder / "in").mkdir()
    write("in/second.jpg", PHOTO)
    code, out, err = run("upscale", "photo.png", "in", "--scale", 2, "--out", "out")
    assert (code, out, err) == (0, "Wrote 2 images into 'out'\n", "")
    assert files(folder / "out") == ["photo.png", "second.png"]


def test_outputs_that_exist(folder):
    arguments = ("upscale", "photo.png", "--scale", 2, "--out")
    assert run(*arguments, "x.png")[0] == 0
    write("x.png", PHOTO)
    code, out, err = run(*arguments, "x.png")
    assert (code, out) == (2, "") and err.startswith("srlib: the output is there already: 'x.png'")
    assert "--skip" in err and "--overwrite" in err
    assert run(*arguments, "x.png", "--skip") == (
        0,
        "Nothing to do: the output is there\n",
        "",
    )
    assert np.array_equal(read("x.png"), PHOTO)
    code, _, err = run(*arguments, "x.png", "--skip", "--overwrite")
    assert code == 2 and "exclude each other" in err
    assert run(*arguments, "x.png", "--overwrite") == (0, "Wrote 'x.png'\n", "")
    assert np.array_equal(read("x.png"), imresize(PHOTO, 2))


def test_an_interrupted_folder_goes_on(folder):
    (folder / "in").mkdir()
    for name in ("a.png", "b.png", "c.png"):
        write(f"in/{name}", PHOTO)
    arguments = ("upscale", "in", "--scale", 2, "--out", "out")
    assert run(*arguments)[0] == 0
    (folder / "out" / "b.png").unlink()
    code, _, err = run(*arguments)
    assert code == 2 and "2 of 3 outputs are there already: 'out/a.png', ..." in err
    assert files(folder / "out") == ["a.png", "c.png"]
    expected = (0, "Wrote 'out/b.png', left 2 alone that were there\n", "")
    assert run(*arguments, "--skip") == expected
    assert run(*arguments, "--skip") == (0, "Nothing to do: all outputs are there\n", "")
    (folder / "in" / "d.png").write_text("no photo")
    code, _, err = run(*arguments, "--skip")
    assert code == 1 and err.startswith("srlib: 1 of 4 images failed:\n  'in/d.png' is not")


def test_some_failed(folder):
    (folder / "bad.png").write_text("no photo")
    code, out, err = run(
        "upscale", "bad.png", "photo.png", "none.png", "--scale", 2, "--out", "out"
    )
    assert (code, out) == (1, "") and files(folder / "out") == ["photo.png"]
    lines = err.splitlines()
    assert lines[0] == "srlib: 2 of 3 images failed:" and len(lines) == 3
    assert lines[1].startswith("  'bad.png' is not") and lines[2].startswith("  'none.png' does")


def test_all_failed(folder):
    (folder / "bad.png").write_text("no photo")
    code, _, err = run("upscale", "bad.png", "none.png", "--scale", 2, "--out", "out")
    assert code == 2 and err.startswith("srlib: 2 of 2 images failed:")


X4 = ["photo.png", "--scale", 4, "--out", "x.png"]
BAD_CALLS = [
    (["none.png", "--scale", 2, "--out", "x.png"], "'none.png' does not exist"),
    (["none.png", "--scale", 2, "--out", "out"], "'none.png' does not exist"),
    (["empty.png", "--scale", 2, "--out", "x.png"], "'empty.png' is empty"),
    (["cut.png", "--scale", 2, "--out", "x.png"], "'cut.png' is damaged"),
    (["nothing", "--scale", 2, "--out", "out"], "no image in the folder 'nothing'"),
    (["photo.png", "--scale", 0, "--out", "x.png"], "invalid choice '0' for argument '--scale'"),
    (["photo.png", "--scale", -2, "--out", "x.png"], "invalid choice '-2'"),
    (["photo.png", "--scale", 5, "--out", "x.png"], "Expected one of ('2', '3', '4')"),
    (["photo.png", "--scale", "big", "--out", "x.png"], "invalid choice 'big'"),
    (["photo.png", "--scale", 3, "--out", "x.png", "--method", "srgan"], "srgan"),
    ([*X4, "--method", "srgan", "--strength", 1.5], "strength must be a number between 0 and 1"),
    ([*X4, "--method", "srgan", "--strength", -0.1], "between 0 and 1, not -0.1"),
    ([*X4, "--method", "srgan", "--strength", "much"], "--strength"),
    ([*X4, "--method", "srgan@0.5", "--strength", 0.5], "names a strength already"),
    ([*X4, "--method", "srgan@much"], "no method 'srgan@much': a strength is a number"),
    ([*X4, "--method", "srresnet", "--strength", 0.5], "goes with srgan, not with 'srresnet'"),
    ([*X4, "--strength", 0.5], "goes with srgan, not with 'bicubic'"),
    ([*X4, "--precision", "fp16"], "invalid choice 'fp16' for argument '--precision'"),
    (["photo.png", "--scale", 2, "--out", "x.png", "--method", "none:none"], "cannot import"),
    (["photo.png", "--scale", 2, "--out", "x.png", "--method", "nothing"], "nothing/best.safe"),
    (
        ["photo.png", "--scale", 2, "--out", "x.png", "--method", "no"],
        "no method 'no': choose",
    ),
    (["photo.png", "--scale", 2, "--out", "photo.png"], "'photo.png' is the input"),
    (["photo.png", "--scale", 2, "--out", "."], "would replace the input 'photo.png'"),
    (["photo.png", "photo.jpg", "--scale", 2, "--out", "out"], "would both be saved as"),
    (["photo.png", "photo.jpg", "--scale", 2, "--out", "x.png"], "several images need a folder"),
    (["nothing", "--scale", 2, "--out", "x.png"], "several images need a folder"),
    (["photo.png", "--scale", 2, "--out", "none/x.png"], "its folder does not exist"),
    (["photo.png", "--scale", 2, "--out", "empty.png/out"], "cannot make folder 'empty.png/out'"),
    (["photo.png", "--scale", 2, "--out", "/proc/out"], "cannot make folder '/proc/out'"),
    (["photo.png", "--scale", 2, "--out", "/proc/x.png"], "cannot write '/proc/x.png'"),
    (["photo.png", "--scale", 2], "missing from srlib upscale: --out PATH"),
    (["photo.png", "--out", "x.png"], "missing from srlib upscale: --scale"),
    (["--scale", 2, "--out", "x.png"], "missing: inputs"),
    (["photo.png", "--sale", 2, "--out", "x.png"], "Unrecognized options: --sale"),
]


@pytest.mark.parametrize("arguments, complaint", BAD_CALLS)
def test_bad_calls_end_in_one_line(folder, arguments, complaint):
    (folder / "empty.png").touch()
    (folder / "cut.png").write_bytes((folder / "photo.png").read_bytes()[:500])
    (folder / "nothing").mkdir()
    write("photo.jpg", PHOTO)
    before = files(folder)
    code, out, err = run("upscale", *arguments)
    assert (code, out) == (2, "")
    assert err.startswith("srlib: ") and complaint in err and err.count("\n") == 1
    assert files(folder) == before


# the methods of srlib benchmark


def brighter(image: np.ndarray, scale: int) -> np.ndarray:
    """A function that is a method."""
    return (imresize(image, scale).astype(int) + 1).clip(0, 255).astype(np.uint8)


def test_a_function_as_method(folder):
    words = ["upscale", "photo.png", "--scale", 2, "--out", "x.png"]
    assert run(*words, "--method", f"{__name__}:brighter") == (0, "Wrote 'x.png'\n", "")
    assert np.array_equal(read("x.png"), brighter(PHOTO, 2))


def test_your_own_network_as_method(folder):
    """By the folder of its training or by the file."""
    network = SRCNN("9-1-5", residual=True)
    for parameter in network.parameters():
        parameter.data.zero_()  # so that it is bicubic interpolation
    (folder / "run").mkdir()
    about = {"model": "srcnn", "variant": "9-1-5", "scale": 3, "residual": True}
    save_weights(folder / "run" / "best.safetensors", network, about)
    words = ["upscale", "photo.png", "--scale", 3, "--method"]
    assert run(*words, "run", "--out", "a.png") == (0, "Wrote 'a.png'\n", "")
    assert run(*words, "run/best.safetensors", "--out", "b.png")[0] == 0
    assert np.array_equal(read("a.png"), read("b.png"))
    assert np.abs(read("a.png").astype(int) - imresize(PHOTO, 3)).mean() < 1
    code, _, err = run("upscale", "photo.png", "--scale", 2, "--method", "run", "--out", "c.png")
    assert code == 2 and "enlarges by 3, not by 2" in err and not (folder / "c.png").exists()


# how much of SRGAN, and how exactly


def test_strength(folder):
    small = PHOTO[:10, :12]
    write("small.png", small)
    words = ["upscale", "small.png", "--scale", 4, "--precision", "fp32", "--method"]
    for name, end in (
        ("a.png", ["srgan", "--strength", 0.3]),
        ("b.png", ["srgan@0.3"]),
        ("c.png", ["srgan", "--strength", 0]),
    ):
        assert run(*words, *end, "--out", name) == (0, f"Wrote '{name}'\n", "")
    expected = load("srgan", 4, strength=0.3, precision="fp32")(small)
    assert np.array_equal(read("a.png"), expected) and np.array_equal(read("b.png"), expected)
    assert np.array_equal(read("c.png"), load("srresnet", 4, precision="fp32")(small))


@pytest.mark.parametrize("precision", ["fp32", "bf16", None])
def test_precision(folder, precision):
    words = ["upscale", "photo.png", "--scale", 2, "--method", "srcnn", "--out", "x.png"]
    asked = [] if precision is None else ["--precision", precision]
    assert run(*words, *asked) == (0, "Wrote 'x.png'\n", "")
    expected = load("srcnn", 2, precision=precision or "auto")(PHOTO)
    assert np.array_equal(read("x.png"), expected)


# as a process of its own


def test_as_a_process(folder):
    names = ["-dash.png", "a b.png", "line\nbreak.png"]
    for name in names:
        write(name, PHOTO)
    process = start("upscale", "--scale", "2", "--out=-out", "--", *names, "none.png")
    code, out, err = finish(process)
    assert (code, out) == (1, "")
    assert err == "srlib: 1 of 4 images failed:\n  'none.png' does not exist\n"
    assert files(folder / "-out") == sorted(names)
    assert all(np.array_equal(read(folder / "-out" / name), imresize(PHOTO, 2)) for name in names)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_leaves_whole_files_only(folder, number):
    write("large.png", np.tile(PHOTO, (12, 12, 1)))
    (folder / "in").mkdir()
    for count in range(200):
        os.link("large.png", f"in/{count:03}.png")
    process = start("upscale", "in", "--scale", "4", "--out", "out")
    wait_for(lambda: list(folder.glob("out/*.png")), process)
    process.send_signal(number)
    code, _, err = finish(process)
    done = files(folder / "out")
    assert code == 130 and 0 < len(done) < 200
    assert err == (
        f"srlib: stopped: {len(done)} of 200 images are done. "
        "The same command with --skip goes on\n"
    )
    assert all(name.endswith(".png") for name in done)
    expected = (4 * 12 * 24, 4 * 12 * 32, 3)
    assert all(read(folder / "out" / name).shape == expected for name in done)
