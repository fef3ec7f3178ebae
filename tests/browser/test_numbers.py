"""Chapters, figures, equations and exercises of the built book are numbered per chapter."""

import re

import pytest
from bs4 import BeautifulSoup

from tests.browser.conftest import SITE
from tests.helpers.chapters import CHAPTERS


@pytest.fixture(scope="module")
def pages(base: str) -> dict[int, BeautifulSoup]:
    """By the number of the chapter."""
    files = {int(path.stem[:2]): SITE / "book" / f"{path.stem}.html" for path in CHAPTERS}
    return {n: BeautifulSoup(file.read_text(), "html.parser") for n, file in files.items()}


def said(tags: list) -> list[str]:
    return [" ".join(tag.get_text(" ").split()) for tag in tags]


def test_the_sidebar_and_the_titles_number_the_chapters(pages):
    titles = {n: said(page.select("article h1"))[0] for n, page in pages.items()}
    assert all(title.startswith(f"{n}. ") for n, title in titles.items())
    for page in pages.values():
        links = said(page.select(".bd-sidebar-primary nav a"))
        numbered = [link for link in links if re.match(r"\d", link)]
        assert [int(link.split(".")[0]) for link in numbered] == list(pages)
        assert "Notation" in links  # without a number


@pytest.mark.parametrize(
    ("where", "pattern"),
    [
        ("figcaption .caption-number", r"Fig\. (\d+)\.(\d+)"),
        (".eqno", r"\((\d+)\.(\d+)\)"),
        (".exercise .admonition-title", r"Exercise (\d+)\.(\d+)"),
    ],
    ids=["figures", "equations", "exercises"],
)
def test_numbers_begin_anew_in_each_chapter(pages, where, pattern):
    for chapter, page in pages.items():
        found = [re.match(pattern, text) for text in said(page.select(where))]
        assert None not in found
        pairs = [tuple(map(int, match.groups())) for match in found]
        assert pairs == [(chapter, n) for n in range(1, len(pairs) + 1)]
        assert len(pairs) >= 3 or where == ".eqno"
