"""Every page of the built book in Chromium: a wide window and a phone, light and dark."""

import re
from itertools import pairwise

import pytest

from tests.browser.conftest import WIDTHS
from tests.browser.visit import Visit

LIMIT = 1_500_000  # bytes of one page with all it needs
PLAIN = """() => {
  const walker = document.createTreeWalker(document.querySelector("main"), NodeFilter.SHOW_TEXT);
  const other = "pre, code, script, style, mjx-container";
  let text = "";
  while (walker.nextNode())
    if (!walker.currentNode.parentElement.closest(other))
      text += walker.currentNode.data;
  return text;
}"""
WIDE = """() => {
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= width) return [];
  const scrolls = node => node && (getComputedStyle(node).overflowX !== "visible"
    && node !== document.body || scrolls(node.parentElement));
  return [...document.querySelectorAll("main *")].filter(node =>
    node.getBoundingClientRect().right > width + 1 && !scrolls(node.parentElement)
  ).slice(0, 5).map(node => node.outerHTML.slice(0, 120)).concat(
    "page is " + document.documentElement.scrollWidth + " px wide");
}"""
PAPER = 665  # pixels across A4 less its margins
CLIPPED = """() => [...document.querySelectorAll("main :is(pre, table, figure, mjx-math)")]
  .filter(box => box.getBoundingClientRect().right > innerWidth + 1
    || box.tagName !== "MJX-MATH" && box.scrollWidth > box.clientWidth + 2 && box.clientWidth > 0)
  .map(box => box.tagName + " " + box.innerText.slice(0, 60))"""
# Folded code and folded solutions; the latter open when the page is printed.
UNFOLD = """async () => {
  document.querySelectorAll("main details").forEach(fold => { fold.open = true; });
  window.dispatchEvent(new Event("beforeprint"));
  window.dispatchEvent(new Event("resize")); // as opening one by hand does
  const late = () => [...document.querySelectorAll("main pre")].some(
    pre => pre.scrollWidth > pre.clientWidth && pre.clientWidth && pre.tabIndex < 0);
  for (let waits = 0; waits < 2 || waits < 20 && late(); waits++)
    await new Promise(done => setTimeout(done, 300)); // the theme waits before it looks
}"""
PICTURE = """slider => {
  const figure = slider.closest("figure");
  const height = node => node.getBoundingClientRect().height;
  const shown = [...figure.querySelectorAll("img, svg, canvas")].filter(
    node => node.checkVisibility({visibilityProperty: true}));
  const largest = shown.reduce((a, b) => height(a) < height(b) ? b : a);
  largest.scrollIntoView({block: "center", behavior: "instant"});
  const box = largest.getBoundingClientRect(), frame = figure.getBoundingClientRect();
  const x = Math.max(box.left, frame.left, 0), y = Math.max(box.top, frame.top, 0);
  const right = Math.min(box.right, frame.right, innerWidth);
  const bottom = Math.min(box.bottom, frame.bottom, innerHeight);
  return {x, y, width: right - x, height: bottom - y};
}"""
NAME = "slider => slider.ariaLabel || slider.closest('label')?.innerText"
COLOURS = ["color-contrast", "link-in-text-block"]
# Thousands of coloured words and of parts of formulas cost minutes: one word of each colour in each
# kind of box stands for all, and a formula (which MathJax describes itself) is one word.
THIN = """() => {
  document.head.append(Object.assign(document.createElement("style"),
    {textContent: "* { transition: none !important; animation: none !important; }"}));
  document.querySelectorAll("mjx-container").forEach(formula => formula.replaceWith("formula"));
  const known = new Set();
  for (const word of document.querySelectorAll(".highlight span[class]")) {
    const box = word.closest("[class*=cell_], .admonition, .highlight");
    const kind = word.className + " in " + box.className;
    if (known.has(kind)) word.replaceWith(...word.childNodes);
    known.add(kind);
  }
}"""
RULES = """async options => {
  const found = await axe.run(document, options);
  return found.violations.filter(v => ["serious", "critical"].includes(v.impact)).map(v =>
    v.id + ": " + v.nodes.length + ", such as " + v.nodes.slice(0, 3).map(n =>
      n.target.join(" ") + "  " + n.html.slice(0, 120) + "  "
      + (n.any[0]?.message || "")).join(" | "));
}"""


def test_no_error_and_no_failed_request(seen: Visit, vendored: None):
    assert seen.errors == []


def test_asks_nobody_else(seen: Visit, vendored: None):
    assert seen.foreign == []


def test_maths_is_rendered(seen: Visit, vendored: None):
    unrendered = "[...document.querySelectorAll('.math')].filter(m => !m.querySelector(%s)).length"
    assert seen.page.evaluate(unrendered % "'mjx-container'") == 0
    assert seen.page.locator("mjx-merror").count() == 0
    raw = re.findall(r".{0,20}(?:\\\(|\\\[|\$\$|\\begin\{).{0,20}", seen.page.evaluate(PLAIN))
    assert raw == []
    if re.match(r"book/(0|notation)", seen.name):
        assert seen.page.locator("mjx-container").count() > 10


def test_fits_the_window(seen: Visit):
    assert seen.page.evaluate(WIDE) == []


def test_is_light_and_holds_still(measured: dict, vendored: None):
    assert measured["bytes"] < LIMIT
    assert measured["paint"] > 0 and measured["shift"] < 0.1, measured["shifts"]


def test_images_have_alternatives(seen: Visit):
    """Also an empty one, of a picture that another one describes; none at all is a fault."""
    assert seen.page.locator("main img:not([alt])").count() == 0


def test_sliders_move_their_pictures(seen: Visit):
    """By mouse, touch and keyboard: the picture at one end differs from that at the other."""
    faults = []
    seen.page.evaluate(UNFOLD)
    sliders = seen.page.locator("main input[type=range]")
    for index in range(sliders.count()):
        slider = sliders.nth(index)
        for way in (by_keyboard, by_mouse, by_touch):
            first, second = way(seen, slider)
            if first == second:
                faults.append(f"{index} ({slider.evaluate(NAME)}): not {way.__name__}")
    assert faults == []


def test_what_has_sliders(seen: Visit):
    if re.match(r"book/(0|index)", seen.name):
        assert seen.page.locator("main input[type=range]").count() > 0


def by_keyboard(seen: Visit, slider) -> list[bytes]:
    slider.scroll_into_view_if_needed()
    slider.focus()
    return [pressed(seen, slider, key) for key in ("Home", "End")]


def pressed(seen: Visit, slider, key: str) -> bytes:
    seen.page.keyboard.press(key)
    return picture(seen, slider)


def by_mouse(seen: Visit, slider) -> list[bytes]:
    return [at(seen, slider, share, seen.page.mouse.click) for share in (0.1, 0.9)]


def by_touch(seen: Visit, slider) -> list[bytes]:
    return [at(seen, slider, share, seen.page.touchscreen.tap) for share in (0.1, 0.9)]


def at(seen: Visit, slider, share: float, touch) -> bytes:
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    y = min(box["height"] / 2, 200)
    touch(box["x"] + share * box["width"], box["y"] + y)
    return picture(seen, slider)


def picture(seen: Visit, slider) -> bytes:
    """What is seen of the picture that belongs to a slider."""
    return seen.page.screenshot(clip=slider.evaluate(PICTURE))


def test_prints_whole(seen: Visit):
    """On A4 nothing is cut off: code wraps, and what is folded on the page is open."""
    if seen.width != WIDTHS[0] or not seen.name.startswith("book/0"):
        pytest.skip("chapters are looked at once")
    seen.page.set_viewport_size({"width": PAPER, "height": 900})
    seen.page.emulate_media(media="print")
    seen.page.evaluate(UNFOLD)
    clipped = seen.page.evaluate(CLIPPED)
    folded = seen.page.locator("main .toggle-hidden").count()
    seen.page.emulate_media(media="screen")
    seen.page.set_viewport_size({"width": seen.width, "height": 900})
    assert clipped == [] and folded == 0


@pytest.mark.parametrize("width", [1280, 390])
def test_search_finds_bicubic(browser, base: str, width: int):
    """Typed into the site's own search, as a reader does it."""
    context = browser.new_context(viewport={"width": width, "height": 900})
    page = context.new_page()
    page.goto(base + "book/index.html", wait_until="load")
    page.locator(".search-button, .search-button__button").locator("visible=true").first.click()
    page.locator("input[type=search]").locator("visible=true").first.fill("bicubic")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search.html?q=bicubic*")
    found = page.locator("ul.search li a")
    found.first.wait_for()
    page.wait_for_function("document.querySelectorAll('ul.search li').length >= 3")
    assert "02_interpolation" in " ".join(link.get_attribute("href") for link in found.all())
    context.close()


def test_headings_step_down(seen: Visit):
    """One title, and no level left out: what a screen reader navigates by."""
    levels = seen.page.evaluate(
        "[...document.querySelectorAll('main article h1, main article h2, main article h3,"
        " main article h4')].filter(h => h.offsetParent).map(h => +h.tagName[1])"
    )
    if seen.name.startswith("book/"):
        assert levels.count(1) == 1 and all(b - a <= 1 for a, b in pairwise(levels))


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_accessible(seen: Visit, axe: str, theme: str):
    """No serious fault. Colours do not depend on the width, nor the rest on the theme.

    The last of the tests on a page, since it thins the page out.
    """
    if theme == "dark" and seen.width != WIDTHS[0]:
        pytest.skip("colours are looked at in the wide window")
    seen.dark(theme == "dark")
    seen.page.evaluate(UNFOLD)
    seen.page.evaluate(axe)
    seen.page.evaluate(THIN)
    options = {"resultTypes": ["violations"]}
    if theme == "dark":
        options["runOnly"] = COLOURS
    elif seen.width != WIDTHS[0]:
        options["rules"] = {rule: {"enabled": False} for rule in COLOURS}
    assert seen.page.evaluate(RULES, options) == []
