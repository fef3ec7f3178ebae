"""The site, the browser, one visit for several checks, and the figures of all visits at the end."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.browser.site import pages, serve
from tests.browser.visit import Visit, visit

ROOT = Path(__file__).parents[2]
SITE = Path(os.environ.get("BOOK_HTML", ROOT / "_build" / "strict" / "_build" / "html"))
AXE = Path(__file__).parent / "_vendor" / "axe.min.js"
WIDTHS = (1280, 390)
NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = next(filter(None, map(shutil.which, NAMES)), None)


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)
            if "seen" in getattr(getattr(item, "callspec", None), "params", {}):
                name, width = item.callspec.params["seen"]
                item.add_marker(pytest.mark.xdist_group(f"{name} {width}"))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "seen" in metafunc.fixturenames:
        built = (SITE / "search.html").is_file()
        names = pages(SITE) if built else ["search.html"]
        pairs = [(name, width) for name in names for width in WIDTHS]
        ids = [f"{Path(name).stem}-{width}" for name, width in pairs]
        metafunc.parametrize("seen", pairs, indirect=True, ids=ids, scope="module")


@pytest.fixture
def measured(seen: Visit, record_property: Callable[[str, object], None]) -> dict:
    """The figures of a visit, which are printed at the end."""
    record_property("figures", [Path(seen.name).stem, seen.width, seen.figures])
    return seen.figures


@pytest.fixture(scope="session")
def base() -> Iterator[str]:
    if not (SITE / "search.html").is_file():
        pytest.skip(f"the book is not built ({SITE}): make test-browser builds it")
    with serve(SITE) as address:
        yield address


@pytest.fixture(scope="session")
def browser() -> Iterator[object]:
    if not CHROMIUM:
        pytest.skip("Chromium is not installed: apt-get install chromium")
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    quiet = ["quic", "background-networking", "component-update", "sync", "gpu"]
    arguments = ["--no-sandbox", "--no-first-run", *(f"--disable-{each}" for each in quiet)]
    with sync_api.sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield found
        found.close()


@pytest.fixture(scope="module")
def seen(request: pytest.FixtureRequest, browser: object, base: str) -> Iterator[Visit]:
    """A page, loaded and read to its end."""
    name, width = request.param
    with visit(browser, base, name, width) as found:
        yield found


@pytest.fixture(scope="session")
def vendored() -> None:
    if not (SITE / "_static" / "mathjax").is_dir():
        pytest.skip("MathJax was not vendored (no npm when the book was built): pages ask a CDN")


@pytest.fixture(scope="session")
def axe() -> str:
    if not AXE.is_file():
        pytest.skip("axe-core was not fetched (no npm): tools/vendor.sh")
    return AXE.read_text()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = terminalreporter.getreports("passed") + terminalreporter.getreports("failed")
    rows = [value for each in reports for key, value in each.user_properties if key == "figures"]
    if not rows:
        return
    terminalreporter.section("pages, served compressed from localhost and read to their end")
    write = terminalreporter.write_line
    write(f"{'page':<28}{'width':>6}{'kB':>7}{'requests':>10}{'first paint':>13}{'shift':>8}")
    for name, width, each in sorted(rows, key=lambda row: (-row[1], row[0])):
        size, paint, shift = each["bytes"] / 1000, each["paint"], each["shift"]
        write(
            f"{name:<28}{width:>6}{size:>7.0f}{each['requests']:>10}{paint:>10.0f} ms{shift:>8.3f}"
        )
