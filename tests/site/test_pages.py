"""The last touch on pages, what previews show, and the assembly for the PDF: on small pages."""

import importlib.util
import sys
from pathlib import Path

import pytest
from docutils.core import publish_doctree
from PIL import Image

ROOT = Path(__file__).parents[2]


def loaded(path: Path) -> object:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules.setdefault(path.stem, module)
    spec.loader.exec_module(module)
    return module


repository = loaded(ROOT / "book" / "_ext" / "repository.py")
pages = loaded(ROOT / "book" / "_ext" / "pages.py")
social = loaded(ROOT / "book" / "_ext" / "social.py")
pdf = loaded(ROOT / "tools" / "pdf.py")

PAGE = """<html><head>
<script data-cfasync="false">theme()</script>
<script src="a.js"></script>
<script>const b = "x";</script>
<script defer src="_static/scripts/fontawesome.js"></script>
<script>const THEBE_JS_URL = "https://example.org/thebe.js"</script>
<script src="searchindex.js"></script>
</head><body><article class="bd-article"><h1>Title<a class="headerlink" href="#t">#</a></h1>
<p id="p"><img alt="one" src="one.png" /> <img alt="two" src="data:image/png;base64,AA==">
<img alt="far" src="https://example.org/x.png"> <a href="other.html#q">q</a> <a href="#p">p</a>
<a href="genindex.html">index</a> <a href="https://example.org/">far</a></p></article>
<script type="application/json">{}</script></body></html>"""


@pytest.fixture
def site(tmp_path) -> Path:
    Image.new("L", (30, 20)).save(tmp_path / "one.png")
    return tmp_path


def finished(site: Path, html: str = PAGE, is_search: bool = False) -> str:
    return pages.finish(html, is_search, lambda source: pages.file_on(site / "x.html", source))


def test_scripts_come_last_in_their_order_and_unused_ones_go(site):
    head, body = finished(site).split("</head>")
    assert head.count("<script") == 2 and "theme()" in head and "prefers-color-scheme" in head
    assert body.index("application/json") < body.index("a.js") < body.index("const b")
    for gone in ("fontawesome", "THEBE", "searchindex"):
        assert gone not in head + body
    assert "searchindex.js" in finished(site, is_search=True)


def test_a_second_time_changes_nothing(site):
    once = finished(site)
    assert finished(site, once) == once != PAGE


def test_images_wait_and_have_their_size(site):
    html = finished(site)
    assert (
        '<img alt="one" src="one.png" loading="lazy" decoding="async" width="30" height="20">'
        in html
    )
    assert '<img alt="two" src="data:image/png;base64,AA==">' in html
    assert '<img alt="far" src="https://example.org/x.png" loading="lazy" decoding="async">' in html
    eager = '<img alt="" src="one.png" loading="eager">'
    assert 'loading="eager" width="30"' in finished(site, eager)


@pytest.mark.parametrize(
    "text, wraps",
    [
        ("one sentence, then   a number", True),
        ("two lines\nof prose", True),
        ("name     <span>x2</span>\nbicubic  30.0\n", False),
        ("a command:\n  $ srlib upscale\n", False),
        (
            "step  800: 1.0 dB\nstep  900: 1.1 dB\nstep 1000: 1.2 dB, and this goes on and on\n",
            False,
        ),
    ],
)
def test_printed_sentences_may_wrap_and_tables_not(site, text, wraps):
    start = '<div class="output stream highlight-myst-ansi notranslate"><div class="highlight"><pre'
    html = finished(site, PAGE.replace("</article>", f"{start}>{text}</pre></div></div></article>"))
    assert (f'{start} data-wraps="">' in html) == wraps
    assert finished(site, html) == html


def test_a_sentence_below_a_printed_table_may_wrap(site):
    start = (
        '<div class="output stream highlight-myst-ansi notranslate"><div class="highlight"><pre>'
    )
    table = "name     x2\nbicubic  30.0\n"
    said = "a sentence that goes on for longer than a phone is wide"
    html = f"{start}<span></span>{said}\n{table}{said}\n</pre></div></div></article>"
    once = finished(site, PAGE.replace("</article>", html))
    marked = f'<span data-wraps="">{said}</span>\n'
    assert f"{start}<span></span>{marked}{table}{marked}</pre>" in once
    assert finished(site, once) == once


def test_description_is_the_first_prose_paragraph():
    long = "This is a paragraph of the page that says in many words what the page is about. " * 5
    text = f"Title\n=====\n\nShort.\n\nWith :math:`x` in it, {long}\n\n{long}\n"
    about = social.description(publish_doctree(text, settings_overrides={"report_level": 5}))
    assert about.startswith("This is a paragraph") and about.endswith(" …") and len(about) < 205
    assert social.description(None) == ""


def test_preview_has_a_picture_where_the_site_has_an_address():
    html = social.tags('"A" & b', "about", "Book", "https://ann.github.io/book", "book/x.html")
    assert '<meta property="og:title" content="&quot;A&quot; &amp; b" />' in html
    assert 'og:image" content="https://ann.github.io/book/_static/cover.jpg"' in html
    assert 'og:url" content="https://ann.github.io/book/book/x.html"' in html
    assert "og:image" not in social.tags("A", "about", "Book", "", "x.html")
    assert (ROOT / "book" / social.PICTURE).is_file()


@pytest.mark.parametrize(
    "address, url",
    [
        ("https://github.com/Ann/book", "https://ann.github.io/book/"),
        ("https://github.com/ann/ann.github.io", "https://ann.github.io/"),
        ("https://example.org/ann/book", None),
    ],
)
def test_where_the_page_is(monkeypatch, address, url):
    monkeypatch.delenv("BOOK_URL", raising=False)
    monkeypatch.setenv("BOOK_REPOSITORY", address)
    assert repository.page_url() == url
    monkeypatch.setenv("BOOK_URL", "https://book.example.org")
    assert repository.page_url() == "https://book.example.org/"


def test_pdf_has_all_pages_with_links_between_them(site):
    names = ["one", "other"]
    for name in names:
        (site / f"{name}.html").write_text(PAGE)
    book = pdf.parsed(pdf.assemble(site, names))
    assert [each["id"] for each in book.find_all("article")] == names
    assert book.find("p", id="one--p") and book.find("p", id="other--p")
    targets = [link["href"] for link in book.select("article#one a")]
    assert targets == ["#other--q", "#one--p", "https://example.org/"]
    assert book.find("img", alt="one")["src"] == (site / "one.png").as_uri()
    assert not book.select(".headerlink") and "index" in book.find("article").get_text()
    assert [link.get_text() for link in book.select(".contents a")] == ["Title"]


def test_pdf_takes_the_pages_of_the_book():
    names = pdf.page_names()
    assert names[0] == "book/index" and "book/02_interpolation" in names
    assert all(list((ROOT / "book").glob(Path(name).name + ".*")) for name in names)
