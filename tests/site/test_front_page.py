"""The landing page: its pictures are what the methods give now, and its words fit the chapters."""

import csv
import importlib.util
import io
import re
import sys
from pathlib import Path

import numpy as np
import pytest
from bs4 import BeautifulSoup
from PIL import Image

import srlib
from tests.helpers.chapters import CHAPTERS, ROOT, chapter, markdown, prose, visible_code

STATIC = ROOT / "book" / "_static"
INDEX = (ROOT / "book" / "index.md").read_text(encoding="utf-8")
LOSSY = 36  # dB between a picture and its WebP file; two methods are further apart than that


def loaded(path: Path) -> object:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules.setdefault(path.stem, module)
    spec.loader.exec_module(module)
    return module


hero = loaded(ROOT / "book" / "_ext" / "hero.py")
pictures_of_hero = loaded(ROOT / "tools" / "hero.py")
cards = loaded(ROOT / "tools" / "cards.py")


def pixels(file: Path | io.BytesIO) -> np.ndarray:
    return np.asarray(Image.open(file).convert("RGB")).astype(float)


def decibels(one: np.ndarray, other: np.ndarray) -> float:
    """PSNR of all three colours; infinite for equal pictures."""
    error = np.mean((one - other) ** 2)
    return 10 * np.log10(255**2 / error) if error else np.inf


@pytest.fixture(scope="module")
def made() -> dict[str, np.ndarray]:
    return pictures_of_hero.pictures()


@pytest.fixture(scope="module")
def committed() -> dict[str, np.ndarray]:
    return {name: pixels(STATIC / f"hero_{name}.webp") for name in hero.LABELS}


def test_pictures_are_what_the_methods_give_now(made, committed):
    assert list(made) == list(committed)
    assert np.array_equal(committed["given"], made["given"])
    for name in list(made)[1:]:
        found = {other: decibels(committed[name], made[other]) for other in list(made)[1:]}
        assert found.pop(name) > LOSSY, f"{name}: run python tools/hero.py"
        assert max(found.values()) < LOSSY, f"{name} cannot be told from another method"


def test_the_cover_is_made_of_them(made):
    cover = pictures_of_hero.cover(made).astype(float)
    assert decibels(pixels(STATIC / "cover.jpg"), cover) > LOSSY


def test_all_pictures_of_the_page_are_small():
    sizes = {path.name: path.stat().st_size for path in STATIC.glob("*.webp")}
    assert sum(size for name, size in sizes.items() if name.startswith("hero")) < 500_000
    assert max(size for name, size in sizes.items() if name.startswith("card")) < 60_000


def test_one_slider_and_two_choices_among_six_files():
    page = BeautifulSoup(hero.html(), "html.parser")
    assert len(page.select("input[type=range]")) == 1 and len(page.select("select")) == 2
    images = page.select("img")
    assert [Path(image["src"]).name for image in images] == [
        f"hero_{name}.webp" for name in hero.LABELS
    ]
    assert all((STATIC / Path(image["src"]).name).is_file() for image in images)
    assert all(image["loading"] == "eager" and image["alt"] for image in images)
    assert all(int(image["width"]) >= 600 and int(image["height"]) > 400 for image in images)
    chosen = [next(option.strings) for option in page.select("option[selected]")]
    assert chosen == [hero.LABELS[name] for name in hero.START]
    names = [layer.small.get_text() for layer in page.select(".srlib-layer")]
    assert names == list(hero.LABELS.values())


def test_the_fins_are_closer_than_a_pixel_of_what_was_given(made):
    """As the page says: three to four pixels apart in the truth, by the strongest frequency."""
    light = srlib.rgb_to_luma(made["truth"]).astype(float)[106:138, 190:200]
    spectrum = np.abs(np.fft.rfft(light - light.mean(0), 256, axis=0)).mean(1)
    period = 256 / (20 + np.argmax(spectrum[20:]))
    assert 3 <= period <= 4 == pictures_of_hero.SCALE


@pytest.mark.parametrize("name", cards.CARDS)
def test_cards_are_what_their_programs_draw(name):
    """Within what WebP, and another release of matplotlib, changes."""
    drawn = cards.CARDS[name]()
    file = pixels(STATIC / f"card_{name}.webp")
    assert file.shape == drawn.shape == (cards.HEIGHT, cards.WIDTH, 3)
    assert decibels(file, drawn) > 27


def test_each_chapter_has_a_card_with_its_number_title_and_picture():
    pattern = (
        r"\{grid-item-card\} (\d) · (.+)\n:link: (\S+)\n:link-type: doc\n"
        r":img-top: \S+card_(\S+)\.webp\n:img-alt: .{20}"
    )
    titles = [re.search("^# (.+)$", markdown(chapter(path)), re.M)[1] for path in CHAPTERS]
    names = [path.stem for path in CHAPTERS]
    numbers = [str(number) for number in range(1, len(names) + 1)]
    assert re.findall(pattern, INDEX) == list(zip(numbers, titles, names, names, strict=True))
    assert list(cards.CARDS) == names


WORDS, LINE, EXERCISE = 80, 1 / 6, 30  # words a minute; minutes for a line and for an exercise


def hours(path: Path) -> tuple[float, float]:
    """For reading a chapter's text and visible code, and for its exercises, as the page counts."""
    notebook = chapter(path)
    text = markdown(notebook)
    told = re.sub(r"\{solution-start\}.*?\{solution-end\}", "", text, flags=re.S)
    lines = sum(len(cell.source.splitlines()) for cell in visible_code(notebook))
    exercises = len(re.findall(r"^:::+ *\{exercise(?:-start)?\}", text, re.M))
    return (len(prose(told).split()) / WORDS + lines * LINE) / 60, exercises * EXERCISE / 60


def test_times_are_those_of_the_chapters():
    """Whole chapters of the table of paths: within a quarter, or half an hour, of the count."""
    table = INDEX[INDEX.index("(paths)=") :]
    rows = re.findall(r"^\|(.+)\|(.+)\| ([\d.]+) h \| ([\d.]+) h \|$", table, re.M)
    assert len(rows) >= 5
    for _, read, reading, exercises in rows:
        stems = re.findall(r"\((\d\d_\w+)\)", read) or [path.stem for path in CHAPTERS]
        counted = [hours(ROOT / "book" / f"{stem}.ipynb") for stem in stems]
        for said, parts in zip((reading, exercises), zip(*counted, strict=True), strict=True):
            right = sum(parts)
            assert abs(float(said) - right) <= max(0.5, right / 4), (read, said, round(right, 1))


def test_numbers_of_the_readme_are_those_of_the_stored_benchmark():
    text = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
    with (ROOT / "results" / "benchmark" / "photographs_x4" / "summary.csv").open() as file:
        found = {row["method"]: row for row in csv.DictReader(file)}
    psnr, niqe = ({name: float(row[of]) for name, row in found.items()} for of in ("psnr", "niqe"))
    truth = srlib.card("srgan", 4).niqe["ten photographs"]["truth"]
    assert {row["images"] for row in found.values()} == {"10"}
    assert f"SRResNet is {psnr['srresnet'] - psnr['bicubic']:.1f} dB closer" in text
    assert f"SRGAN is {psnr['srgan'] - psnr['bicubic']:.1f} dB closer" in text
    assert f"falls from {niqe['bicubic']:.1f} to {niqe['srgan']:.1f}, and is {truth:.1f}" in text


def test_readme_names_the_chapters_as_the_book_does():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    named = re.findall(r"^\| (\d [^|]+) \|", text, re.M)
    titles = [re.search("^# (.+)$", markdown(chapter(path)), re.M)[1] for path in CHAPTERS]
    assert named == [f"{number} {title}" for number, title in enumerate(titles, 1)]
