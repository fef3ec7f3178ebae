"""srlib upscale: what it writes, what it says, and how it ends."""

import io
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from skimage.data import astronaut

from srlib.images.metrics import psnr
from srlib.images.niqe import niqe
from srlib.images.reading import read, read_photo
from srlib.images.resize import imresize
from srlib.images.writing import write
from srlib.networks.srcnn import SRCNN
from srlib.networks.weights import save_weights
from srlib.upscaling.image import upscale
from srlib.upscaling.method import load
from tests.helpers.command import ROOT, finish, run, start, wait_for

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


def wrote(name: str, size: str, how: str) -> str:
    """A pattern for what is said of one file."""
    return rf"Wrote '{name}': {size}, [0-9.]+ (MP|pixels), by {how}, in [0-9.]+ s\n"


BICUBIC = ("--method", "bicubic")


def test_one_file_to_a_file(folder):
    words = ("upscale", "photo.png", "--scale", 3, "--out", "x.tif")
    code, out, err = run(*words, *BICUBIC)
    assert (code, err) == (0, "") and re.fullmatch(wrote("x.tif", "96x72", "bicubic x3"), out)
    assert np.array_equal(read("x.tif"), imresize(PHOTO, 3))


def test_one_file_to_a_folder(folder):
    code, out, _ = run("upscale", "photo.png", "--scale", 2, "--out", "a/b", "--method", "bicubic")
    assert code == 0 and out.startswith("Wrote 'a/b/photo.png': 64x48")
    assert np.array_equal(read("a/b/photo.png"), imresize(PHOTO, 2))
    (folder / "c.png").mkdir()
    assert run("upscale", "photo.png", "--scale", 2, "--out", "c.png")[0] == 0
    assert files(folder) == ["a/b/photo.png", "c.png/photo.png", "photo.png"]


def test_several(folder):
    (folder / "in").mkdir()
    write("in/second.jpg", PHOTO)
    code, out, err = run("upscale", "photo.png", "in", "--scale", 2, "--out", "out", *BICUBIC)
    assert (code, err) == (0, "")
    assert re.fullmatch(r"Wrote 2 images into 'out': 6144 pixels, by bicubic x2, in .* s\n", out)
    assert files(folder / "out") == ["photo.png", "second.jpg"]


def test_outputs_that_exist(folder):
    arguments = ("upscale", "photo.png", "--scale", 2, *BICUBIC, "--out")
    assert run(*arguments, "x.png")[0] == 0
    mine = imresize(PHOTO[::-1], 2)
    write("x.png", mine)
    code, out, err = run(*arguments, "x.png")
    assert (code, out) == (2, "") and err.startswith("srlib: the output is there already: 'x.png'")
    assert "--skip" in err and "--overwrite" in err
    assert run(*arguments, "x.png", "--skip") == (
        0,
        "Nothing to do: the output is there\n",
        "",
    )
    assert np.array_equal(read("x.png"), mine)
    code, _, err = run(*arguments, "x.png", "--skip", "--overwrite")
    assert code == 2 and "exclude each other" in err
    assert run(*arguments, "x.png", "--overwrite")[0] == 0
    assert np.array_equal(read("x.png"), imresize(PHOTO, 2))


def test_an_interrupted_folder_goes_on(folder):
    (folder / "in").mkdir()
    for name in ("a.png", "b.png", "c.png"):
        write(f"in/{name}", PHOTO)
    arguments = ("upscale", "in", "--scale", 2, *BICUBIC, "--out", "out")
    assert run(*arguments)[0] == 0
    (folder / "out" / "b.png").unlink()
    code, _, err = run(*arguments)
    assert code == 2 and "2 of 3 outputs are there already: 'out/a.png', ..." in err
    assert files(folder / "out") == ["a.png", "c.png"]
    code, out, err = run(*arguments, "--skip")
    assert (code, err) == (0, "") and out.startswith("Wrote 'out/b.png': 64x48, ")
    assert out.endswith("; left 2 alone that were there\n")
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
    (["photo.png", "--scale", 0], "scale must be a number from 1 to 8, such as 2, 1.5 or 4, not 0"),
    (["photo.png", "--scale", -2], "scale must be a number from 1 to 8"),
    (["photo.png", "--scale", 8.01], "scale must be a number from 1 to 8"),
    (["photo.png", "--scale", "nan"], "scale must be a number from 1 to 8"),
    (["photo.png", "--scale", "big"], "error parsing --scale"),
    (["photo.png", "--scale", 2, "--width", 100], "give one size"),
    (["photo.png", "--width", 0], "width must be a whole number of pixels, at least 1, not 0"),
    (["photo.png", "--width", 257], "enlarged 8.03 times to 257x193, but 8 times is the most"),
    (["photo.png", "--max-side", 1e9], "error parsing --max-side"),
    (["photo.png", "--format", "gif"], "format must be one of png, jpg, "),
    (["photo.png", "--format", "jpg", "--out", "x.png"], "--format jpg and --out 'x.png': choose"),
    (["photo.png", "--quality", 90], "PNG has no quality to choose: with --format jpg or webp"),
    (["photo.png", "--quality", 101, "--format", "jpg"], "whole number from 1 to 100, not 101"),
    (["photo.png", "--lossless", "--format", "jpg"], "JPEG always loses something: with --format"),
    (["photo.png", "--quality", 9, "--lossless", "--format", "webp"], "give it, or --lossless"),
    (["photo.png", "--max-megapixels", 0], "--max-megapixels must be a positive number, not 0"),
    (["no/*.png"], "no file fits the pattern 'no/*.png'"),
    (["photo.png", "--out", "x.pgn"], "'x.pgn' ends in .pgn, a format that is not written: choose"),
    (["photo.png", "--out", "x.pgn"], "if it is to be a folder, write 'x.pgn/'"),
    ([*X4, "--method", "srgan", "--strength", 1.5], "strength must be a number between 0 and 1"),
    ([*X4, "--method", "srgan", "--strength", -0.1], "between 0 and 1, not -0.1"),
    ([*X4, "--method", "srgan", "--strength", "much"], "--strength"),
    ([*X4, "--method", "srgan@0.5", "--strength", 0.5], "names a strength already"),
    ([*X4, "--method", "srgan@much"], "no method 'srgan@much': a strength is a number"),
    ([*X4, "--method", "srresnet", "--strength", 0.5], "goes with srgan, not with 'srresnet'"),
    ([*X4, "--method", "bicubic", "--strength", 0.5], "goes with srgan, not with 'bicubic'"),
    ([*X4, "--precision", "fp16"], "invalid choice 'fp16' for argument '--precision'"),
    (["photo.png", "--scale", 2, "--out", "x.png", "--method", "none:none"], "cannot import"),
    (["photo.png", "--scale", 2, "--out", "x.png", "--method", "nothing"], "nothing/best.safe"),
    (
        ["photo.png", "--scale", 2, "--out", "x.png", "--method", "no"],
        "no method 'no': choose",
    ),
    (["photo.png", "--scale", 2, "--out", "photo.png"], "'photo.png' is the input"),
    (["photo.png", "photo.jpg", "--scale", 2, "--out", "x.png"], "several images need a folder"),
    (["nothing", "--scale", 2, "--out", "x.png"], "several images need a folder"),
    (["photo.png", "--scale", 2, "--out", "none/x.png"], "its folder does not exist"),
    (["photo.png", "--scale", 2, "--out", "empty.png/out"], "cannot make folder 'empty.png/out'"),
    (["photo.png", "--scale", 2, "--out", "/proc/out"], "cannot make folder '/proc/out'"),
    (["photo.png", "--scale", 2, "--out", "/proc/x.png"], "cannot write '/proc/x.png'"),
    (["--scale", 2, "--out", "x.png"], "missing: inputs"),
    (["", "--scale", 2], "an input has an empty name"),
    (["photo.png", "--scale", 2, "--out", ""], "--out has an empty name"),
    (["photo.png", "--sale", 2, "--out", "x.png"], "unrecognized options: --sale"),
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


# without options: what the defaults are


def test_a_photograph_alone(folder):
    """Twice as large, beside it, without loss, by the network nearest to the truth."""
    write("photo.jpg", PHOTO)
    code, out, err = run("upscale", "photo.jpg")
    assert (code, err) == (0, "")
    first, second = out.splitlines()
    assert re.fullmatch(wrote("photo_x2.png", "64x48", "srcnn x2"), first + "\n")
    for other in ("srresnet", "srgan", "bicubic"):
        assert f"--method {other}" in second
    assert np.array_equal(read("photo_x2.png"), load("srcnn", 2)(read("photo.jpg")))
    code, out, err = run("upscale", "photo.jpg", *BICUBIC, "--overwrite")
    assert code == 0 and out.count("\n") == 1  # who names a method knows the others


@pytest.mark.parametrize("name", ["photo.png", "photo.tif", "photo.webp", "photo.bmp"])
def test_a_format_that_loses_nothing_stays(folder, name):
    write(name, PHOTO)
    assert run("upscale", name, *BICUBIC)[0] == 0
    target = f"photo_x2{Path(name).suffix}"
    assert np.array_equal(read(target), imresize(PHOTO, 2))


def test_a_folder_alone(folder):
    """Beside it, and everything in its format under its name; what is left alone is named."""
    (folder / "in").mkdir()
    for name in ("IMG_1.jpg", "IMG_1.png", "c.webp", "d.JPG"):
        write(f"in/{name}", PHOTO)
    (folder / "in" / "notes.txt").touch()
    (folder / "in" / "more").mkdir()
    (folder / "in" / ".hidden").touch()
    code, out, err = run("upscale", "in/", *BICUBIC)
    assert code == 0 and out.startswith("Wrote 4 images into 'in_x2': ")
    assert err == (
        "srlib: left alone: 'in/more' is a folder, 'in/notes.txt' is no image by its name\n"
    )
    assert files(folder / "in_x2") == ["IMG_1.jpg", "IMG_1.png", "c.webp", "d.JPG"]
    with Image.open("in_x2/IMG_1.jpg") as image:
        assert image.format == "JPEG"
    code, out, err = run("upscale", "in", *BICUBIC, "--format", "png", "--scale", 3)
    assert files(folder / "in_x3") == ["IMG_1.jpg.png", "IMG_1.png.png", "c.png", "d.png"]
    assert code == 0 and err.splitlines()[1:] == [
        "srlib: 'in/IMG_1.jpg': saved as 'IMG_1.jpg.png', since 'in/IMG_1.png' has the same name",
        "srlib: 'in/IMG_1.png': saved as 'IMG_1.png.png', since 'in/IMG_1.jpg' has the same name",
    ]


def test_the_default_method_by_scale(folder):
    for scale, how in [
        (1.5, "srcnn x2, then resized to x1.5"),
        (2.5, "srcnn x3, then"),
        (3.5, "srresnet x4, then resized to x3.5"),
        (8, "srresnet x4, then"),
    ]:
        code, out, _ = run(
            "upscale", "photo.png", "--scale", scale, "--out", "x.png", "--overwrite"
        )
        assert code == 0 and f"by {how}" in out, out
        assert read("x.png").shape[:2] == (24 * scale, 32 * scale)
    assert "Others are sharper" in out  # nothing is nearer than srresnet


def test_strength_alone_means_srgan(folder):
    assert "by srgan@0.5 x4" in run("upscale", "photo.png", "--strength", 0.5)[1]
    assert files(folder) == ["photo.png", "photo_x4.png"]


@pytest.mark.parametrize(
    "words, name, shape",
    [
        (["--width", 90], "photo_w90.png", (68, 90)),
        (["--height", 60], "photo_h60.png", (60, 80)),
        (["--width", 100, "--height", 60], "photo_w100h60.png", (60, 80)),
        (["--max-side", 50], "photo_s50.png", (38, 50)),
        (["--max-side", 16], "photo_s16.png", (12, 16)),
    ],
)
def test_sizes_in_pixels(folder, words, name, shape):
    code, out, err = run("upscale", "photo.png", *words)
    assert (code, err) == (0, "") and read(name).shape[:2] == shape
    smaller = shape[0] < 24
    assert ("bicubic" if smaller else "srcnn") in out.splitlines()[0]


# what the hints claim


def test_the_hints_hold():
    """On a photograph shrunk to half: of clean pixels, and after JPEG with visible blocks."""
    hr = astronaut()[:256, 100:356]
    lr = imresize(hr, 0.5)
    buffer = io.BytesIO()
    Image.fromarray(lr).save(buffer, "JPEG", quality=30)
    blocks = np.array(Image.open(buffer))
    clean = {name: psnr(upscale(lr, 2, name), hr) for name in ("bicubic", "srcnn", "srresnet")}
    assert clean["srresnet"] > clean["srcnn"] + 0.3 > clean["bicubic"] + 1
    noise = np.random.default_rng(0).normal(0, 10, lr.shape)
    noisy = np.clip(lr + noise, 0, 255).astype(np.uint8)
    for worse in (blocks, noisy):
        assert psnr(upscale(worse, 2), hr) > psnr(upscale(worse, 2, "srcnn"), hr)
    assert niqe(upscale(lr, 2, "srgan")) < niqe(upscale(lr, 2, "srcnn"))


# names of outputs


def test_a_pattern_that_the_shell_did_not_expand(folder):
    for name in ("b.png", "a.png", "[1].png"):
        write(name, PHOTO)
    assert run("upscale", "?.png", "[1].png", *BICUBIC, "--out", "out")[0] == 0
    assert files(folder / "out") == ["[1].png", "a.png", "b.png"]


def test_a_second_run_takes_no_results_for_inputs(folder):
    write("b.png", PHOTO)
    for more in ([], ["--skip"]):
        code, out, err = run("upscale", ".", "--out", ".", *BICUBIC, *more)
        assert code == 0
        assert files(folder) == ["b.png", "b_x2.png", "photo.png", "photo_x2.png"]
    assert out == "Nothing to do: all outputs are there\n"
    assert "left alone: 'b_x2.png' is the result of 'b.png'" in err


def test_inputs_are_not_replaced_even_by_their_own_results(folder):
    write("photo_x2.png", PHOTO)
    words = ("upscale", "photo.png", "photo_x2.png", "--out", ".", *BICUBIC)
    code, _, err = run(*words, "--overwrite")
    assert code == 2 and "named as an input: name the inputs without it" in err
    assert np.array_equal(read("photo_x2.png"), PHOTO)


def test_one_would_replace_the_other(folder):
    (folder / "deep").mkdir()
    write("deep/photo.png", PHOTO[::-1])
    code, _, err = run("upscale", "deep/photo.png", "photo.png", "--out", ".", *BICUBIC)
    assert code == 1 and "'photo.png' would replace the input 'photo.png': choose" in err
    assert files(folder) == ["deep/photo.png", "photo.png", "photo_x2.png"]
    code, _, err = run("upscale", "deep/photo.png", "photo.png", "--out", "out", *BICUBIC)
    assert code == 2 and err.count("would both be saved as 'out/photo.png.png'") == 2


def test_a_folder_that_ends_like_a_file(folder):
    assert run("upscale", "photo.png", *BICUBIC, "--out", "x.pgn/")[0] == 0
    assert run("upscale", "photo.png", *BICUBIC, "--out", "v1.2")[0] == 0
    assert files(folder) == ["photo.png", "v1.2/photo.png", "x.pgn/photo.png"]


# outputs of another run


def test_a_result_of_another_size_is_not_left_alone(folder):
    write("b.png", PHOTO)
    words = ("upscale", "photo.png", "b.png", *BICUBIC, "--out", "out")
    assert run(*words)[0] == 0
    (folder / "out" / "b.png").unlink()
    code, _, err = run(*words, "--scale", 3, "--skip")
    assert code == 1 and read("out/b.png").shape == (72, 96, 3)
    assert "'out/photo.png' is there, with 64x48 pixels instead of 96x72: the result of an" in err
    assert read("out/photo.png").shape == (48, 64, 3)


def test_two_runs_into_the_same_file_at_once(folder):
    """One wins, the other says so: x2 and x3, both begun before there was an output."""
    words = ("photo.png", *BICUBIC, "--out", "x.png")
    hold = "import srlib.upscaling.pipeline as p, os, time, sys; does = p.encode\n"
    hold += "def slow(*a, **k):\n    open(sys.argv[-1] + '.there', 'w')\n"
    hold += (
        "    while not (os.path.exists('2.there') and os.path.exists('3.there')): time.sleep(.01)"
    )
    hold += "\n    return does(*a, **k)\np.encode = slow\n"
    hold += (
        f"from srlib.cli.main import main; main(['upscale', *{words!r}, '--scale', sys.argv[-1]])"
    )
    both = [
        subprocess.Popen(
            [sys.executable, "-c", hold, scale],
            stderr=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        for scale in "23"
    ]
    ends = [finish(each) for each in both]
    assert sorted(code for code, *_ in ends) == [0, 2], ends
    winner, loser = sorted(range(2), key=lambda each: ends[each][0])
    assert read("x.png").shape == (24 * (winner + 2), 32 * (winner + 2), 3)
    assert "another srlib writes into the same place. Its file was left alone" in ends[loser][2]
    assert files(folder) == ["2.there", "3.there", "photo.png", "x.png"]


# for programs


def test_json(folder):
    (folder / "bad.png").write_text("no photo")
    words = ("upscale", "bad.png", "photo.png", "--scale", 1.5, "--out", "out", "--json")
    code, out, err = run(*words, "--method", "srgan")
    assert code == 1
    bad, good = map(json.loads, out.splitlines())
    assert bad["in"] == "bad.png" and bad["error"].startswith("'bad.png' is not an image")
    assert good.pop("seconds") > 0 and good.pop("peak_memory") > 10**8
    assert good == {
        "in": "photo.png",
        "out": "out/photo.png",
        "method": "srgan",
        "how": "srgan x4, then resized to x1.5",
        "scale": 1.5,
        "size": [48, 36],
        "warnings": [],
    }
    code, out, _ = run("upscale", "photo.png", "--scale", 1.5, "--out", "out", "--json", "--skip")
    assert code == 0
    assert json.loads(out) == {"in": "photo.png", "out": "out/photo.png", "skipped": True}


@pytest.mark.parametrize("words", [["--scale", 9], ["--sale", 2], ["--out", "x.pgn"]])
def test_json_when_nothing_is_done(folder, words):
    code, out, err = run("upscale", "photo.png", *words, "--json")
    assert code == 2 and err == f"srlib: {json.loads(out)['error']}\n"


def test_quiet(folder):
    assert run("upscale", "photo.png", "--quiet", *BICUBIC) == (0, "", "")
    code, out, err = run("upscale", "none.png", "--quiet")
    assert (code, out) == (2, "") and "does not exist" in err


def test_warnings_are_said_once(folder):
    """Of reading and of writing: a comment that JPEG can hold, and BMP cannot."""
    image = Image.fromarray(PHOTO)
    image.save("noted.jpg", comment=b"made by hand", quality=95)
    code, out, err = run("upscale", "noted.jpg", "--out", "x.bmp", *BICUBIC)
    lines = err.splitlines()
    assert code == 0 and len(lines) == 1 and lines[0].startswith("srlib: 'noted.jpg': ")
    code, out, err = run("upscale", "noted.jpg", "--out", "y.bmp", "--json", *BICUBIC)
    assert [f"srlib: 'noted.jpg': {each}" for each in json.loads(out)["warnings"]] == lines


def test_quality_and_lossless(folder):
    sizes = {}
    for name, words in [
        ("a.jpg", ["--quality", 20]),
        ("b.jpg", []),
        ("c.webp", []),
        ("d.webp", ["--quality", 20]),
        ("e.webp", ["--lossless"]),
    ]:
        assert run("upscale", "photo.png", *BICUBIC, "--out", name, *words)[0] == 0
        sizes[name[0]] = (folder / name).stat().st_size
    assert sizes["a"] < sizes["b"] and sizes["d"] < sizes["c"] == sizes["e"]
    assert np.array_equal(read("e.webp"), imresize(PHOTO, 2))


def test_max_megapixels(folder):
    code, _, err = run("upscale", "photo.png", "--max-megapixels", 0.0005)
    assert code == 2 and "photo.png" in err
    assert run("upscale", "photo.png", "--max-megapixels", 0.001)[0] == 0


def test_sixteen_bits_by_default_and_by_a_network(folder):
    deep = np.random.default_rng(0).integers(0, 65536, (24, 32, 3), dtype=np.uint16)
    write("deep.tif", deep)
    code, out, _ = run("upscale", "deep.tif")
    assert code == 0 and out.count("\n") == 1 and "by bicubic x2" in out
    assert np.array_equal(read_photo("deep_x2.tif").pixels, upscale(deep, 2))
    code, _, err = run("upscale", "deep.tif", "--method", "srcnn", "--out", "y.tif")
    assert code == 2 and "16 bits a value are for bicubic" in err


# the methods of srlib benchmark


def brighter(image: np.ndarray, scale: int) -> np.ndarray:
    """A function that is a method."""
    return (imresize(image, scale).astype(int) + 1).clip(0, 255).astype(np.uint8)


def test_a_function_as_method(folder):
    words = ["upscale", "photo.png", "--scale", 2, "--out", "x.png"]
    code, out, err = run(*words, "--method", f"{__name__}:brighter")
    assert (code, err) == (0, "") and out.startswith("Wrote 'x.png': 64x48, ")
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
    assert run(*words, "run", "--out", "a.png")[0] == 0
    assert run(*words, "run/best.safetensors", "--out", "b.png")[0] == 0
    assert np.array_equal(read("a.png"), read("b.png"))
    assert np.abs(read("a.png").astype(int) - imresize(PHOTO, 3)).mean() < 1
    code, out, _ = run("upscale", "photo.png", "--method", "run")  # by its own factor
    assert code == 0 and out.startswith("Wrote 'photo_x3.png': 96x72")
    code, out, _ = run("upscale", "photo.png", "--scale", 2, "--method", "run")
    assert code == 0 and "by run x3, then resized to x2, in" in out
    assert read("photo_x2.png").shape == (48, 64, 3)


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
        code, out, err = run(*words, *end, "--out", name)
        assert (code, err) == (0, "") and out.startswith(f"Wrote '{name}': 48x40, ")
    expected = load("srgan", 4, strength=0.3, precision="fp32")(small)
    assert np.array_equal(read("a.png"), expected) and np.array_equal(read("b.png"), expected)
    assert np.array_equal(read("c.png"), load("srresnet", 4, precision="fp32")(small))


@pytest.mark.parametrize("precision", ["fp32", "bf16", None])
def test_precision(folder, precision):
    words = ["upscale", "photo.png", "--scale", 2, "--method", "srcnn", "--out", "x.png"]
    asked = [] if precision is None else ["--precision", precision]
    assert run(*words, *asked)[0] == 0
    expected = load("srcnn", 2, precision=precision or "auto")(PHOTO)
    assert np.array_equal(read("x.png"), expected)


# as a process of its own


def test_as_a_process(folder):
    names = ["-dash.png", "a b.png", "line\nbreak.png"]
    for name in names:
        write(name, PHOTO)
    words = ("--scale", "2", *BICUBIC, "--out=-out", "--", *names, "none.png")
    process = start("upscale", *words)
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
    process = start("upscale", "in", "--scale", "4", *BICUBIC, "--out", "out")
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
