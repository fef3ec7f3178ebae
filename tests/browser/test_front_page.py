"""The landing page's photograph in Chromium: any two of six pictures, and all without a script."""

from collections.abc import Iterator

import pytest

NAMES = ["given", "bicubic", "SRCNN", "SRResNet", "SRGAN", "truth"]
SEEN = """() => [...document.querySelectorAll(".hero .srlib-layer")]
  .filter(layer => layer.checkVisibility({visibilityProperty: true}))
  .map(layer => layer.innerText.trim())"""


@pytest.fixture(params=[1280, 390])
def page(request, browser, base: str) -> Iterator[object]:
    context = browser.new_context(viewport={"width": request.param, "height": 900})
    opened = context.new_page()
    opened.goto(base + "book/index.html", wait_until="load")
    yield opened
    context.close()


def box(page, selector: str) -> dict[str, float]:
    return page.locator(selector).first.bounding_box()


def test_it_is_large_and_above_the_fold(page):
    """At 600 pixels or more where there is room, and whole in the first window of either."""
    stage, width = box(page, ".hero .srlib-stage"), page.viewport_size["width"]
    assert stage["width"] >= (600 if width > 1000 else 0.85 * width)
    assert stage["y"] + 0.75 * stage["height"] < 900


def test_it_begins_with_two_that_differ_and_shows_any_two(page):
    assert page.evaluate(SEEN) == ["bicubic", "SRGAN"]
    left, right = page.locator(".hero select").all()
    left.select_option(label="given")
    right.select_option(label="truth")
    assert page.evaluate(SEEN) == ["given", "truth"]


def test_names_stand_on_their_picture_on_their_side(page):
    stage = box(page, ".hero .srlib-stage")
    middle = stage["x"] + stage["width"] / 2
    for side in ("left", "right"):
        name = box(page, f'.hero [data-side="{side}"] small')
        assert (name["x"] + name["width"] / 2 < middle) == (side == "left")
        assert stage["y"] < name["y"] < stage["y"] + 60


def test_all_pictures_have_arrived(page):
    """The addresses in the page's own markup hold."""
    page.wait_for_load_state("networkidle")
    sizes = page.evaluate("[...document.querySelectorAll('.hero img')].map(i => i.naturalWidth)")
    assert len(sizes) == len(NAMES) and min(sizes) > 0


def test_without_scripts_all_are_shown_with_their_names(browser, base: str):
    context = browser.new_context(java_script_enabled=False)
    opened = context.new_page()
    opened.goto(base + "book/index.html", wait_until="load")
    layers = opened.locator(".hero .srlib-layer")
    assert [each.inner_text().strip() for each in layers.all()] == NAMES
    boxes = [each.bounding_box() for each in layers.all()]
    assert len({(round(each["x"]), round(each["y"])) for each in boxes}) == len(NAMES)
    assert opened.locator(".hero select").count() == 2
    assert not any(each.is_visible() for each in opened.locator(".hero select").all())
    context.close()


def test_each_card_leads_to_its_chapter(page):
    links = page.locator(".sd-card a").evaluate_all("all => all.map(a => a.href.split('/').pop())")
    assert [link[:2] for link in links] == ["01", "02", "03", "04", "05", "06"]
