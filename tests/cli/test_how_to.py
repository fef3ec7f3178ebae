"""The practitioner's page: its commands are run as they stand, on small images."""

import json
import re
import shlex
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from skimage.data import astronaut

from srlib.cli.commands import SRLIB
from srlib.data.dead_leaves import dead_leaves
from srlib.images.reading import read
from srlib.images.writing import write
from tests.helpers.command import ROOT, run

PAGE = (ROOT / "book" / "how_to.md").read_text("utf-8")
SHORTER = {"--steps": "2"}  # all that is changed: a training of 4000 steps takes its time


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.M | re.S)


def commands() -> list[list[str]]:
    lines = "".join(blocks("bash")).replace("\\\n", " ").splitlines()
    return [shlex.split(line, comments=True) for line in lines]


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """All that the page speaks of, in small."""
    monkeypatch.chdir(tmp_path)
    for name in ("photo.jpg", "scan.png", "holiday/a.jpg", "holiday/b.png", "holiday/c.webp"):
        Path(name).parent.mkdir(exist_ok=True)
        write(name, astronaut()[100:148, 200:260])
    for name, count in (("my_photos", 12), ("my_test_photos", 2)):
        (tmp_path / name).mkdir()
        for seed in range(count):
            write(tmp_path / name / f"{seed}.png", dead_leaves(96, seed))
    return tmp_path


def shortened(words: list[str]) -> list[str]:
    before = [None, *words]
    return [SHORTER.get(last, word) for last, word in zip(before, words, strict=False)]


def test_the_commands(folder):
    said = {}
    for words in commands():
        assert words[0] == "srlib"
        command = " ".join(words)
        resumed = "--resume" in words
        code, out, err = run(*shortened(words[1:]))
        # a training that came to its end says so
        assert code == 0 or (resumed and "steps" in err), f"{command}: {err}"
        said[command] = out
    made = {
        "photo_x2.png": (96, 120),
        "photo_x4.png": (192, 240),
        "photo_x1.5.png": (72, 90),
        "photo_w300.png": (240, 300),
        "photo_s400.png": (320, 400),
        "large.webp": (144, 180),
        "large.jpg": (144, 180),
        "crisp.png": (192, 240),
        "quick.png": (96, 120),
        "scan_x2.png": (96, 120),
        "by_mine.png": (96, 120),
        "holiday_x2/a.jpg": (96, 120),
        "holiday_x2/b.png": (96, 120),
        "web/c.jpg": (320, 400),
        "enlarged/c.webp": (144, 180),
        "small/b.png": (72, 90),
    }
    for name, shape in made.items():
        assert read(name).shape[:2] == shape, name
    for name in ("runs/mine/best.safetensors", "tables/table.md", "srgan.pt", "mine.pt"):
        assert Path(name).stat().st_size > 0
    lines = [
        json.loads(line)
        for line in said["srlib upscale holiday/ --scale 1.5 --out small/ --json"].splitlines()
    ]
    assert [line["out"] for line in lines] == [
        f"small/{name}" for name in ("a.jpg", "b.png", "c.webp")
    ]
    named = re.search(r"With `--json` .*?\.", PAGE, re.S)[0]
    assert all(f"`{key}`" in named for key in lines[0])


def test_the_python(folder):
    (code,) = blocks("python")
    names: dict = {}
    exec(compile(code, "how_to.md", "exec"), names)
    assert names["sr"].shape == (72, 90, 3) and names["sr"].dtype == np.uint8
    assert read("large.tif").shape == (96, 120, 3)
    assert sorted(path.name for path in Path("out").iterdir()) == ["a.jpg", "b.png", "c.webp"]


def test_every_command_is_on_the_page():
    used = {words[1] for words in commands()}
    assert set(SRLIB.commands) - used == {"download"}


def test_what_is_linked_is_there():
    for page in re.findall(r"\{doc\}`(?:[^`<]*<)?([\w/]+)>?`", PAGE):
        there = [ROOT / "book" / f"{page}{suffix}" for suffix in (".md", ".ipynb")]
        assert any(path.exists() for path in there), page


def test_a_jpeg_is_what_the_page_says(folder):
    run("upscale", "photo.jpg", "--out", "x.jpg", "--quality", "85")
    with Image.open("x.jpg") as image:
        assert image.format == "JPEG"
