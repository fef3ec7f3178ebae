"""The PDF of a few pages: one file, with what they say and where they link to."""

import importlib.util
import io
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pypdf import PdfReader

from tests.browser.conftest import CHROMIUM, SITE

path = Path(__file__).parents[2] / "tools" / "pdf.py"
spec = importlib.util.spec_from_file_location("pdf", path)
pdf = importlib.util.module_from_spec(spec)
spec.loader.exec_module(pdf)


@pytest.fixture(scope="module")
def built(base: str) -> Path:
    return SITE.resolve()


def test_links_of_the_whole_book_lead_somewhere(built):
    book = pdf.parsed(pdf.assemble(built, pdf.page_names()))
    ids = {tag["id"] for tag in book.find_all(id=True)}
    inside = [a["href"][1:] for a in book.find_all("a", href=True) if a["href"].startswith("#")]
    assert len(inside) > 100 and sorted(set(inside) - ids) == []


def test_prints_pages_of_both(built, tmp_path):
    if not CHROMIUM:
        pytest.skip("Chromium is not installed: apt-get install chromium")
    file = tmp_path / "book.html"
    file.write_text(pdf.assemble(built, ["book/index", "book/notation"]), encoding="utf-8")
    with ThreadPoolExecutor() as pool:  # Playwright of the other tests owns this thread
        data = pool.submit(pdf.printed, file.as_uri(), CHROMIUM).result()
    html = file.read_text(encoding="utf-8")
    data = pdf.with_bookmarks(data, pdf.headings(html))
    reader = PdfReader(io.BytesIO(data))
    assert len(reader.pages) >= 4
    kinds = [note["/Subtype"] for page in reader.pages for note in page.get("/Annots", [])]
    assert kinds.count("/Link") >= 2  # contents and text
    titles = list(flat(reader.outline))
    assert titles == pdf.headings(html) and "Index of symbols" in titles


def flat(outline: list) -> Iterator[str]:
    for each in outline:
        if isinstance(each, list):
            yield from flat(each)
        else:
            yield each.title


def test_code_and_what_it_prints_stay_on_the_paper_unbroken(built, tmp_path):
    """The longest lines of a chapter, of code or printed, are one line each on paper."""
    if not CHROMIUM:
        pytest.skip("Chromium is not installed: apt-get install chromium")
    file = tmp_path / "book.html"
    page = pdf.assemble(built, ["book/06_benchmark"])
    file.write_text(page, encoding="utf-8")
    with ThreadPoolExecutor() as pool:
        data = pool.submit(pdf.printed, file.as_uri(), CHROMIUM).result()
    text = "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(data)).pages)
    printed = {" ".join(line.split()) for line in text.splitlines()}
    lines = [line for pre in pdf.parsed(page).select("pre") for line in pre.get_text().splitlines()]
    longest = sorted(lines, key=len)[-20:]
    assert 80 < len(longest[-1]) <= 100
    assert [line for line in longest if " ".join(line.split()) not in printed] == []
