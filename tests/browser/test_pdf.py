"""The PDF of a few pages: one file, with what they say and where they link to."""

import importlib.util
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

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
    assert data.startswith(b"%PDF") and len(re.findall(rb"/Type\s*/Page\b", data)) >= 4
    assert len(re.findall(rb"/Subtype\s*/Link", data)) >= 2  # contents and text
