"""The last touch on each finished page, so that it is fast and asks nobody for anything.

The theme's templates load a megabyte of icons as a script (its style sheet has them as a font), the
search index on each page, and a live-code client that this book does not use; and they put scripts
in the head, where these hold up the first paint. Images get their size, so that nothing jumps when
they arrive, and wait until they are nearly in view. Printed sentences are marked for book.css:
they may wrap, unlike printed tables.
"""

import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote, urlsplit

import imagesize
from sphinx.application import Sphinx

SCRIPT = re.compile(r"[ \t]*<script\b([^>]*)>(.*?)</script>\n?", re.S)
UNUSED = re.compile(r"fontawesome\.js|sphinx-thebe\.js|THEBE_JS_URL|text/x-thebe-config")
SEARCH_ONLY = re.compile(r"searchtools\.js|language_data\.js|searchindex\.js")
PRINTED = re.compile(
    r'(<div class="output stream\b[^>]*>\s*<div class="highlight"><pre)>'
    r"(<span></span>)?(.*?)</pre>",
    re.S,
)
IMAGE = re.compile(r'<img\b(?![^>]*\ssrc="data:)([^>]*?)\s*/?>')
# The theme settles "auto" in a script at the end; without this a dark page would flash white.
SETTLE = """<script data-cfasync="false">
    if (document.documentElement.dataset.theme === "auto")
      document.documentElement.dataset.theme =
        matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  </script>
"""
# The theme makes code that scrolls reachable by keyboard when the window is resized; what was
# folded then has to be looked at again when it is opened.
UNFOLDED = """<script>
  for (const kind of ["toggle", "click"])
    document.addEventListener(kind, event => {
      if (kind === "toggle" || event.target.closest?.(".toggle-button, .dropdown, .toggle"))
        setTimeout(() => window.dispatchEvent(new Event("resize")), 100);
    }, true);
</script>
"""
# A formula that is wider than its page is set smaller, and what still scrolls can be reached by the
# keyboard. Both again when the window changes, or when something is unfolded.
FITTED = r"""<script>
  const fit = () => {
    for (const each of document.querySelectorAll("div.math mjx-container")) {
      each.dataset.size ??= each.style.fontSize;
      each.style.fontSize = each.dataset.size;
      const share = each.clientWidth / each.scrollWidth;
      if (!(share < 1)) continue; // it fits, or it is folded away
      const [, size, unit] = /([\d.]+)(.*)/.exec(each.dataset.size);
      each.style.fontSize = size * Math.max(0.98 * share, 0.5) + unit;
    }
    for (const each of document.querySelectorAll(".cell_output"))
      if (each.scrollWidth > each.clientWidth) each.tabIndex = 0;
      else each.removeAttribute("tabindex");
  };
  addEventListener("load", () => Promise.resolve(window.MathJax?.startup?.promise).then(fit));
  addEventListener("resize", fit);
</script>
"""


def finish(html: str, is_search: bool, file: Callable[[str], Path | None]) -> str:
    """One page as it is published. A second time changes nothing.

    Args:
        html: the page as the theme wrote it.
        is_search: whether it is the search page, the only one that needs the search index.
        file: of an image of this site by its address on the page, or None.
    """
    # A list for a screen reader has to hold list items; Docutils' references are entries.
    html = html.replace('<div role="list" class="citation-list">', '<div class="citation-list">')
    html = with_late_scripts(html, is_search)
    return with_lazy_images(PRINTED.sub(wrapped, html), file)


def wrapped(match: re.Match) -> str:
    """Printed text with a mark on what is sentences: all of it, or lines beside a table."""
    opening, mark, text = match.groups("")
    plain = re.sub(r"<[^>]+>", "", text)
    columns = re.compile(r"\S {2,}\S")
    rows = [line for line in plain.splitlines() if columns.search(line)]
    if len(rows) < 2 and not re.search("^  ", plain, re.M):
        return f'{opening} data-wraps="">{mark}{text}</pre>'
    names = {line.split()[0] for line in rows}  # "step" of "step   10": a row although "step 1000"
    lines = [
        f'<span data-wraps="">{line}</span>'
        if len(line) > 40
        and not columns.search(line)
        and line[0] not in " <"
        and "</" not in line
        and line.split()[0] not in names
        else line
        for line in text.split("\n")
    ]
    return f"{opening}>{mark}" + "\n".join(lines) + "</pre>"


def with_late_scripts(html: str, is_search: bool) -> str:
    """Scripts go to the end of the body in their order; those that no reader needs go away."""
    head, mark, rest = html.partition("</head>")
    if not mark or "</body>" not in rest:
        return html
    moved = []

    def kept_in_head(match: re.Match) -> str:
        if "data-cfasync" in match[1]:  # chooses the theme: has to come before the first paint
            return match[0]
        moved.append(match[0])
        return ""

    head = SCRIPT.sub(kept_in_head, head)
    if moved and SETTLE not in head:
        first = SCRIPT.search(head)
        head = head[: first.end()] + "  " + SETTLE + head[first.end() :] if first else head
    rest = SCRIPT.sub(lambda match: "" if UNUSED.search(match[0][:2000]) else match[0], rest)
    drop = UNUSED if is_search else re.compile(f"{UNUSED.pattern}|{SEARCH_ONLY.pattern}")
    late = "".join(script for script in moved if not drop.search(script[:2000]))
    if moved:
        late += UNFOLDED + FITTED
    body, end, tail = rest.rpartition("</body>")
    return head + mark + body + late + end + tail


def with_lazy_images(html: str, file: Callable[[str], Path | None]) -> str:
    """Each image of a file, unless it says so itself, waits for its turn and has its size."""

    def replaced(match: re.Match) -> str:
        attributes = match[1]
        source = re.search(r'\ssrc="([^"]+)"', attributes)
        if " loading=" not in attributes:
            attributes += ' loading="lazy" decoding="async"'
        if source and " width=" not in attributes and (path := file(source[1])):
            width, height = imagesize.get(path)
            if width > 0 < height:
                attributes += f' width="{round(width)}" height="{round(height)}"'
        return f"<img{attributes}>"

    return IMAGE.sub(replaced, html)


def file_on(page: Path, source: str) -> Path | None:
    """The file of an image beside ``page``; None for another site's or none."""
    address = urlsplit(source)
    file = page.parent / unquote(address.path)
    return None if address.scheme or address.netloc or not file.is_file() else file


def finish_all(app: Sphinx, exception: Exception | None) -> None:
    if exception or app.builder.format != "html":
        return
    root = Path(app.outdir)
    for page in root.rglob("*.html"):
        if "_static" in page.relative_to(root).parts:
            continue
        old = page.read_text(encoding="utf-8")
        is_search = page == root / "search.html"
        new = finish(old, is_search, lambda source, page=page: file_on(page, source))
        if new != old:
            page.write_text(new, encoding="utf-8")


def setup(app: Sphinx) -> dict:
    app.connect("build-finished", finish_all, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
