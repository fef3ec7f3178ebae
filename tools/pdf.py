"""Print the built book as one PDF with Chromium: all pages in order, links between them kept.

python tools/pdf.py _build/html _build/book.pdf
"""

import io
import shutil
import sys
import tempfile
from pathlib import Path
from urllib.parse import unquote, urlsplit

import yaml
from bs4 import BeautifulSoup, Tag
from pypdf import PdfWriter
from pypdf.generic import NameObject, TextStringObject

from srlib.atomic import write_whole

ROOT = Path(__file__).parents[1]
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
HEADINGS = ["h1", "h2", "h3", "h4", "h5", "h6"]
DROPPED = ".headerlink, .viewcode-link, script, button, .onlyprint, noscript"
STYLE = """
@page { size: A4; margin: 18mm 17mm 20mm; @bottom-center { content: counter(page);
  font: 9pt sans-serif; } }
@page :first { @bottom-center { content: none; } }
body { background: #fff; display: block; }
article.bd-article { break-before: page; padding: 0 !important; max-width: none !important; }
.cover { display: flex; flex-direction: column; gap: 2em; padding-top: 35mm; text-align: center; }
.cover img { margin: 0 auto; width: 130mm; }
.contents li { list-style: none; margin: .5em 0; }
"""


def main() -> None:
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    site, target = Path(sys.argv[1]).resolve(), Path(sys.argv[2])
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if not browser:
        sys.exit("the PDF is printed by Chromium, which is not installed: apt-get install chromium")
    html = assemble(site, page_names())
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "book.html"
        page.write_text(html, encoding="utf-8")
        data = with_bookmarks(printed(page.as_uri(), browser), headings(html))
    target.parent.mkdir(parents=True, exist_ok=True)
    write_whole(target, data)
    print(f"== The PDF: {target} ({len(data) / 1e6:.1f} MB)")


def page_names() -> list[str]:
    """The pages in the order of ``_toc.yml``, such as ``book/index``."""
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text())
    chapters = [chapter["file"] for part in toc["parts"] for chapter in part["chapters"]]
    return [toc["root"], *chapters]


def printed(address: str, browser: str) -> bytes:
    """A page as PDF, when its formulas are set and its images are there."""
    from playwright.sync_api import sync_playwright

    arguments = [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--disable-background-networking",
    ]
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=browser, args=arguments)
        page = chromium.new_page()
        page.set_default_timeout(600_000)  # all formulas of the book at once
        page.emulate_media(media="print", color_scheme="light")
        page.goto(address, wait_until="load")
        page.evaluate("async () => { await window.MathJax?.startup?.promise }")
        data = page.pdf(prefer_css_page_size=True, print_background=True, outline=True, tagged=True)
        chromium.close()
    return data


def headings(html: str) -> list[str]:
    return [" ".join(tag.get_text().split()) for tag in parsed(html).find_all(HEADINGS)]


def with_bookmarks(data: bytes, titles: list[str]) -> bytes:
    """A PDF whose bookmarks read as the headings do.

    Chromium's own repeat the first line of a heading that moved to the next page, and lose the
    space where a heading is broken into lines.
    """
    writer = PdfWriter(clone_from=io.BytesIO(data))
    bookmarks = list(below(writer.root_object["/Outlines"]))
    if len(bookmarks) != len(titles):
        raise ValueError(
            f"{len(bookmarks)} bookmarks in the PDF, {len(titles)} headings in the book"
        )
    for bookmark, title in zip(bookmarks, titles, strict=True):
        bookmark[NameObject("/Title")] = TextStringObject(title)
    result = io.BytesIO()
    writer.write(result)
    return result.getvalue()


def below(bookmark):
    """All bookmarks under one, in the order of the pages."""
    child = bookmark.get("/First")
    while child:
        child = child.get_object()
        yield child
        yield from below(child)
        child = child.get("/Next")


def assemble(site: Path, names: list[str]) -> str:
    """One document with the articles of all pages.

    Args:
        site: the folder of the built pages.
        names: of the pages, in order, seen from ``site`` and without ``.html``.
    """
    pages = {
        name: BeautifulSoup((site / f"{name}.html").read_text(), "html.parser") for name in names
    }
    first = site / f"{names[0]}.html"
    book = BeautifulSoup(
        '<html lang="en" data-theme="light"><head></head><body></body>', "html.parser"
    )
    book.head.append(book.new_tag("meta", charset="utf-8"))
    title = pages[names[0]].select_one("article h1").get_text().rstrip("#")
    book.head.append(book.new_tag("title", string=title))
    for sheet in pages[names[0]].select('link[rel="stylesheet"]'):
        sheet["href"] = resolved(first, sheet["href"])
        book.head.append(sheet)
    book.head.append(book.new_tag("style", string=STYLE))
    for script in pages[names[0]].find_all("script"):
        if "mathjax" in script.get("src", "") or "window.MathJax" in (script.string or ""):
            if script.get("src"):
                script["src"] = resolved(first, script["src"])
            book.head.append(script)
    articles = [article(site, name, pages[name], set(names)) for name in names]
    book.body.extend([*front(book, site, title, articles), *articles])
    return str(book)


def parsed(html: str) -> BeautifulSoup:
    return BeautifulSoup(html, "html.parser")


def front(book: BeautifulSoup, site: Path, title: str, articles: list[Tag]) -> list[Tag]:
    """The title page with the contents."""
    cover = book.new_tag("div", attrs={"class": "cover"})
    cover.append(book.new_tag("div", string=title, style="font-size: 2.4em"))
    picture = (site / "_static" / "cover.jpg").as_uri()
    cover.append(book.new_tag("img", src=picture, alt="A motorcycle: bicubic, SRGAN, truth"))
    contents = book.new_tag("ul", attrs={"class": "contents"})
    for each in articles[1:]:
        item = book.new_tag("li")
        link = book.new_tag("a", href=f"#{each['id']}", string=each.h1.get_text())
        item.append(link)
        contents.append(item)
    cover.append(contents)
    return [cover]


def article(site: Path, name: str, page: BeautifulSoup, names: set[str]) -> Tag:
    """What a page says, its addresses and ids such that they are unique in the whole book."""
    file = site / f"{name}.html"
    body = page.select_one("article.bd-article")
    for dropped in body.select(DROPPED):
        dropped.decompose()
    for fold in body.find_all("details"):
        fold["open"] = ""
    for tag in body.find_all(id=True):
        tag["id"] = f"{name}--{tag['id']}"
    for image in body.find_all("img"):
        image.attrs.pop("loading", None)
        image["src"] = resolved(file, image["src"])
    for link in body.find_all("a", href=True):
        if (inside := place(site, file, link["href"], names)) is not None:
            link["href"] = inside
        if not link["href"]:
            link.unwrap()
    body["id"] = name
    return body


def resolved(file: Path, source: str) -> str:
    """An address on a page as one that holds from anywhere."""
    address = urlsplit(source)
    if address.scheme or address.netloc:
        return source
    return (file.parent / unquote(address.path)).resolve().as_uri()


def place(site: Path, file: Path, address: str, names: set[str]) -> str | None:
    """Where a link of a page leads in the book; None: elsewhere; empty: to a page left out."""
    parts = urlsplit(address)
    if parts.scheme or parts.netloc:
        return None
    target = (file.parent / unquote(parts.path)).resolve() if parts.path else file
    name = target.relative_to(site).with_suffix("").as_posix() if site in target.parents else ""
    if name not in names:
        return ""
    return f"#{name}--{parts.fragment}" if parts.fragment else f"#{name}"


if __name__ == "__main__":
    main()
