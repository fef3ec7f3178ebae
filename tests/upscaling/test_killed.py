"""A folder of 200 files, killed again and again: each result is there once, and whole."""

import os
import shutil
import signal
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from srlib.images.reading import read
from srlib.images.resize import imresize
from srlib.images.writing import write
from tests.helpers.command import finish, start, wait_for
from tests.helpers.photos import PHOTO

KILLS = 10
SUFFIXES = (".png", ".jpg", ".webp", ".tif", ".bmp")
BAD = {"empty.png": b"", "text.jpg": b"no image", "cut.png": None, "page.webp": b"<!DOCTYPE html>"}
WORDS = ("upscale", "in", "--scale", "4", "--method", "bicubic", "--out", "out", "--skip")


@pytest.fixture
def folder(tmp_path) -> Path:
    """190 images of five formats and many sizes, 4 that are none, and 6 other files."""
    (tmp_path / "in").mkdir()
    for number in range(190):
        image = np.tile(PHOTO, (1 + number % 9, 1 + number % 7, 1)) ^ np.uint8(number)
        write(tmp_path / "in" / f"{number:03}{SUFFIXES[number % 5]}", image)
    cut = (tmp_path / "in" / "000.png").read_bytes()[:-50]
    for name, content in BAD.items():
        (tmp_path / "in" / name).write_bytes(cut if content is None else content)
    for number in range(6):
        (tmp_path / "in" / f"{number}.txt").touch()
    return tmp_path


def test_killed_ten_times_and_gone_on_with(folder):
    random = np.random.default_rng()
    there, made = {}, 0
    for _ in range(KILLS):
        process = start(*WORDS, cwd=folder)
        before = len(there)
        wait_for(lambda n=before: len(stamps(folder / "out")) > n, process)
        time.sleep(random.uniform(0, 0.05))
        process.send_signal(signal.SIGKILL)
        assert finish(process)[0] == -signal.SIGKILL
        now = stamps(folder / "out")
        assert there.items() <= now.items()  # nothing that was done is done again
        assert all(whole(folder, name) for name in now.keys() - there.keys())
        there, made = now, made + len(now.keys() - there.keys())
    assert KILLS <= made < 190
    print(f"{made} images were made by {KILLS} runs that were killed")
    code, out, err = finish(start(*WORDS, cwd=folder))
    now = stamps(folder / "out")
    assert code == 1 and f"{len(BAD)} of 194 images failed:" in err
    assert all(f"'in/{name}'" in err for name in BAD)
    assert there.items() <= now.items() and len(now) == 190
    assert all(whole(folder, name) for name in now.keys() - there.keys())
    assert not list(folder.glob("out/.*"))  # what the killed ones left is gone
    code, out, err = finish(start(*WORDS, cwd=folder))
    assert code == 1 and stamps(folder / "out") == now


def stamps(folder: Path) -> dict[str, tuple[int, int]]:
    """Name of each result -> what changes when it is written again."""
    names = os.listdir(folder) if folder.exists() else []
    found = [folder / name for name in names if not name.startswith(".")]
    return {path.name: (path.stat().st_mtime_ns, path.stat().st_ino) for path in found}


def whole(folder: Path, name: str) -> bool:
    expected = imresize(read(folder / "in" / name), 4)
    if name.endswith(".jpg"):  # which loses a little
        with Image.open(folder / "out" / name) as image:
            image.load()
            return image.size == expected.shape[1::-1]
    return np.array_equal(read(folder / "out" / name), expected)


def test_leftovers_are_removed_and_named(folder):
    shutil.rmtree(folder / "in")
    (folder / "in").mkdir()
    write(folder / "in" / "a.png", PHOTO)
    (folder / "out").mkdir()
    for name in (".srlib-0123456789abcdef.part", ".srlib-fedcba9876543210.part"):
        (folder / "out" / name).write_bytes(b"half")
    code, _, err = finish(start(*WORDS, cwd=folder))
    assert code == 0
    assert err == "srlib: removed 2 files that a killed run had left half written\n"
    assert os.listdir(folder / "out") == ["a.png"]
