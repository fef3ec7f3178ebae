"""One page in a real browser, watched: what it asked for, what went wrong, how much it moved."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:  # not to be needed where the tests are only collected
    from playwright.sync_api import Browser, Page, Route


WATCH = """
window.shifts = [];
new PerformanceObserver(list => {
  for (const entry of list.getEntries())
    if (!entry.hadRecentInput) window.shifts.push({value: entry.value, what: entry.sources.map(
      s => s.node && (s.node.id || s.node.className || s.node.nodeName)).slice(0, 3)});
}).observe({type: "layout-shift", buffered: true});
"""
# Every fold is opened and every lazy image asked for, as a reader who sees all of the page does.
SCROLL = """async () => {
  const step = window.innerHeight;
  for (let y = 0; y < document.documentElement.scrollHeight; y += step) {
    window.scrollTo({top: y, behavior: "instant"});
    await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
  }
  const late = [...document.images].filter(image => !image.complete && image.offsetParent);
  await Promise.all(late.map(image => new Promise(done => {
    image.onload = image.onerror = done; setTimeout(done, 5000);
  })));
  window.scrollTo({top: 0, behavior: "instant"});
}"""
FIGURES = """() => {
  const entries = [...performance.getEntriesByType("navigation"),
                   ...performance.getEntriesByType("resource")];
  const paint = performance.getEntriesByName("first-contentful-paint")[0];
  return {
    bytes: entries.reduce((sum, entry) => sum + entry.transferSize, 0),
    requests: entries.filter(entry => !entry.name.startsWith("data:")).length,
    paint: paint ? paint.startTime : -1,
    shift: window.shifts.reduce((sum, shift) => sum + shift.value, 0),
    shifts: window.shifts.filter(shift => shift.value > 0.01),
  };
}"""


@dataclass
class Visit:
    """A page that was loaded and read to its end.

    Attributes:
        errors: of the console, of scripts and of requests.
        foreign: addresses elsewhere that the page asked for; none of them was let through.
        figures: bytes transferred, requests, milliseconds to the first contentful paint, layout
            shift, as of the end of reading.
    """

    name: str
    width: int
    page: "Page"
    errors: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)
    figures: dict = field(default_factory=dict)

    def dark(self, on: bool) -> None:
        """Switch the system's colours, which the page follows."""
        scheme = "dark" if on else "light"
        self.page.emulate_media(color_scheme=scheme)
        self.page.wait_for_function(f"document.documentElement.dataset.theme === '{scheme}'")


@contextmanager
def visit(browser: "Browser", base: str, name: str, width: int) -> Iterator[Visit]:
    """Load a page with the network cut, scroll to its end and back."""
    context = browser.new_context(
        viewport={"width": width, "height": 900}, has_touch=True, color_scheme="light"
    )
    context.set_default_timeout(120_000)  # a slow machine is no fault of the page
    page = context.new_page()
    seen = Visit(name, width, page)

    def only_here(route: "Route") -> None:
        if urlsplit(route.request.url).hostname == "127.0.0.1":
            route.continue_()
        else:
            seen.foreign.append(route.request.url)
            route.abort()

    context.route(lambda url: not url.startswith(base), only_here)
    page.add_init_script(WATCH)
    page.on("console", lambda m: seen.errors.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda error: seen.errors.append(str(error)))
    page.on("requestfailed", lambda r: seen.errors.append(f"{r.url}: {r.failure}"))
    page.on("response", lambda r: seen.errors.append(f"{r.url}: {r.status}") if not r.ok else None)
    page.goto(base + name, wait_until="load")
    page.evaluate("async () => { await window.MathJax?.startup?.promise }")
    page.evaluate(SCROLL)
    page.wait_for_load_state("networkidle")
    seen.figures = page.evaluate(FIGURES)
    yield seen
    context.close()
