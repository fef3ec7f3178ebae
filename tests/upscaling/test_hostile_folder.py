"""``srlib upscale`` on a folder with all that goes wrong: the good are done, the bad are named."""

import io
import os
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from srlib.images.reading import read
from srlib.images.resize import imresize
from srlib.images.writing import write
from tests.helpers.command import as_ordinary_user, finish, start
from tests.helpers.photos import PHOTO

THIN = np.random.default_rng(0).integers(0, 256, (1, 30000, 3), dtype=np.uint8)
GOOD = {  # name -> what is in it
    "one pixel.png": PHOTO[:1, :1],
    "wide.png": THIN,
    "high.png": THIN.swapaxes(0, 1),
    "line\nbreak.png": PHOTO,
    "-rf.png": PHOTO,
    "--scale.png": PHOTO,
    "a b  c.tif": PHOTO,
    "Grüße.PNG": PHOTO,
    "1.2.3.png": PHOTO,
}
BAD = {  # name -> the reason that is given
    "cut.jpg": "is damaged or cannot be read: .*truncated",
    "empty.png": r"is empty \(0 bytes\)",
    "x.png": "is a folder: give an image file",
    "pipe.png": "is not a file but a pipe or a device",
    "moving.gif": "holds .*image",
    "moving.webp": "holds .*image",
    "text.png": "is not an image",
    "loop.png": "cannot be read: Too many levels of symbolic links",
    "gone.png": "does not exist",
}


@pytest.fixture
def hostile(tmp_path) -> Path:
    """A folder with the good and the bad, and with what is none of our business."""
    folder = tmp_path / "in"
    folder.mkdir()
    for name, image in GOOD.items():
        write(folder / name, image)
    Image.new("CMYK", (32, 24), (255, 0, 0, 0)).save(folder / "cmyk.jpg", icc_profile=b"CMYK" * 99)
    buffer = io.BytesIO()
    Image.effect_noise((64, 64), 50).save(buffer, "JPEG")
    (folder / "cut.jpg").write_bytes(buffer.getvalue()[:1000])
    (folder / "empty.png").touch()
    (folder / "x.png").mkdir()
    os.mkfifo(folder / "pipe.png")
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    for name in ("moving.gif", "moving.webp"):
        frames[0].save(folder / name, save_all=True, append_images=frames[1:])
    (folder / "text.png").write_text("not at all")
    os.symlink("loop.png", folder / "loop.png")
    os.symlink("nowhere", folder / "gone.png")
    (folder / "sixteen.png").write_bytes(SIXTEEN)
    (folder / ".hidden.png").touch()
    (folder / "notes.txt").write_text("no image")
    os.symlink(".", folder / "loop")  # a folder that holds itself
    return folder


# 1x1, RGB with alpha, 16 bits, by the PNG specification
SIXTEEN = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000110060000004f8518ca0000001149444154789c63"
    "60646266616563e70000008100259875d09f0000000049454e44ae426082"
)


def upscale(folder: Path, *words: str) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of the command in that folder."""
    return finish(start("upscale", *words, cwd=folder))


def test_a_hostile_folder(hostile):
    words = ("--scale", "4", "--out", "out", "--method", "bicubic", "--format", "png")
    code, out, err = upscale(hostile.parent, "in", *words)
    assert (code, out) == (1, "")
    left, *lines = err.splitlines()
    assert (
        left == "srlib: left alone: 'in/loop' is a folder, 'in/notes.txt' is no image by its name"
    )
    lines = [line for line in lines if "cmyk.jpg" not in line]  # of which something is said
    assert lines[0] == f"srlib: {len(BAD)} of {len(BAD) + len(GOOD) + 2} images failed:"
    assert len(lines) == 1 + len(BAD)
    for line, name in zip(lines[1:], sorted(BAD), strict=True):
        assert re.match(rf"  'in/{name}' {BAD[name]}", line), line
    out = hostile.parent / "out"
    expected = {f"{Path(name).stem}.png": imresize(image, 4) for name, image in GOOD.items()}
    there = {path.name for path in out.iterdir()}
    assert there == {*expected, "cmyk.png", "sixteen.png"}  # and no parts
    for name, image in expected.items():
        assert np.array_equal(read(out / name), image), name
    assert np.array_equal(read(out / "cmyk.png")[0, 0], [0, 255, 255])


def test_hostile_names_as_words(hostile):
    """Each file named in turn, as a shell would do for *."""
    names = sorted(GOOD)
    code, out, err = upscale(
        hostile, "--scale", "2", "--out", "../out", "--", *names, "x.png/", "loop.png"
    )
    assert code == 2 and "no image in the folder 'x.png'" in err
    code, out, err = upscale(hostile, "--scale", "2", "--out", "../out", "--", *names, "loop.png")
    assert code == 1 and err.splitlines()[0].endswith(f"1 of {len(names) + 1} images failed:")
    assert len(list((hostile.parent / "out").iterdir())) == len(names)


def test_a_file_without_read_permission(tmp_path):
    write(tmp_path / "x.png", PHOTO).chmod(0)
    write(tmp_path / "y.png", PHOTO)
    words = ("upscale", "x.png", "y.png", "--scale", "2", "--out", "out")
    code, out, err = finish(start(*words, cwd=tmp_path, wrapper=as_ordinary_user()))
    assert code == 1 and "'x.png' cannot be read: Permission denied" in err
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["y.png"]


def test_folders_without_permission(tmp_path):
    write(tmp_path / "y.png", PHOTO)
    for name, rights in (("unwritable", 0o555), ("unreadable", 0o333)):
        (tmp_path / name).mkdir()
        write(tmp_path / name / "x.png", PHOTO)
        (tmp_path / name).chmod(rights)
    for words, why in {
        ("y.png", "--out", "unwritable"): "may not write to",
        ("unwritable/x.png",): "may not write to",
        ("unreadable",): "Permission denied",
    }.items():
        words = ("upscale", *words, "--method", "bicubic")
        code, out, err = finish(start(*words, cwd=tmp_path, wrapper=as_ordinary_user()))
        assert code == 2 and why in err and err.count("\n") == 1, words
    assert [path.name for path in (tmp_path / "unwritable").iterdir()] == ["x.png"]


@pytest.mark.parametrize("suffix, limit", [("jpg", 65500), ("webp", 16383)])
def test_too_long_for_the_format(hostile, suffix, limit):
    for name, size in [("wide", "120000x4"), ("high", "4x120000")]:
        code, out, err = upscale(hostile, f"{name}.png", "--scale", "4", "--out", f"x.{suffix}")
        assert code == 2 and out == ""
        kind = {"jpg": "JPEG", "webp": "WEBP"}[suffix]
        assert err == (
            f"srlib: '{name}.png': cannot write 'x.{suffix}': {kind} stores at most {limit} pixels "
            f"a side, not this image of {size}. Save as PNG\n"
        )
        assert not (hostile / f"x.{suffix}").exists()


@pytest.mark.parametrize("method, length", [("srcnn", 30000), ("srresnet", 600), ("srgan", 600)])
def test_networks_on_thin_images(tmp_path, method, length):
    folder = tmp_path / "in"
    folder.mkdir()
    write(folder / "one.png", PHOTO[:1, :1])
    write(folder / "wide.png", THIN[:, :length])
    write(folder / "high.png", THIN[:, :length].swapaxes(0, 1))
    code, out, err = upscale(tmp_path, "in", "--scale", "4", "--method", method, "--out", "out")
    assert (code, err) == (0, "")
    shapes = {
        name: read(tmp_path / "out" / f"{name}.png").shape for name in ("one", "wide", "high")
    }
    assert shapes == {"one": (4, 4, 3), "wide": (4, 4 * length, 3), "high": (4 * length, 4, 3)}
