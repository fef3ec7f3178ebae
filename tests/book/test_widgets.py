"""Things to move carry their pictures with them, and refuse what they cannot show."""

import base64
import io
import re
import shutil
import subprocess
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from srlib.book import widgets


@pytest.fixture
def shown(monkeypatch):
    """What a cell would display."""
    outputs = []
    monkeypatch.setattr(widgets, "display", lambda *args, **kwargs: outputs.append(args[0]))
    return outputs


class Tags(HTMLParser):
    """All start tags of some HTML, as (name, attributes)."""

    def __init__(self, html: str):
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def all(self, tag: str, **wanted: str) -> list[dict[str, str | None]]:
        return [a for t, a in self.found if t == tag and wanted.items() <= a.items()]


def pictures_in(html: str) -> list[np.ndarray]:
    data = [img["src"].split("base64,")[1] for img in Tags(html).all("img")]
    return [np.asarray(Image.open(io.BytesIO(base64.b64decode(d))).convert("RGB")) for d in data]


def some(count: int, shape=(8, 12, 3)) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [rng.integers(0, 256, shape).astype(np.uint8) for _ in range(count)]


def show_all_kinds() -> None:
    widgets.compare(*some(2))
    widgets.compare(*some(3), labels="abc")
    widgets.stack(some(2), [1, 2], "n", play=True)
    widgets.explore(lambda a, b: some(1)[0], {"a": (1, 2), "b": (False, True)})


def test_nothing_is_loaded_and_nothing_collides(shown):
    show_all_kinds()
    for bundle in shown:
        for tag, attributes in Tags(bundle["text/html"]).found:
            assert tag not in ("script", "link", "iframe") and "id" not in attributes
            assert attributes.get("src", "data:").startswith("data:") and "href" not in attributes
            assert tag != "img" or attributes["alt"]
        assert "http" not in bundle["text/html"] and "url(" not in bundle["text/html"]


def test_every_control_has_a_name_and_says_its_value(shown):
    show_all_kinds()
    for bundle in shown:
        html = bundle["text/html"]
        for tag, control in Tags(html).found:
            if tag == "input" and control["type"] == "range":
                assert control["aria-valuetext"]
                assert control.get("aria-label") or f">{control['name']}<input" in html
            elif tag in ("input", "select"):
                assert control["aria-label"]


@pytest.mark.skipif(not shutil.which("node"), reason="needs node to read JavaScript")
def test_handlers_are_whole_javascript(shown):
    show_all_kinds()
    handlers = {
        code
        for bundle in shown
        for _, attributes in Tags(bundle["text/html"]).found
        for name, code in attributes.items()
        if name.startswith("on")
    }
    assert len(handlers) == 5
    for code in handlers:
        program = f"(function (event) {{ {code} }})"
        done = subprocess.run(["node", "--check", "-"], input=program, text=True, timeout=60)
        assert done.returncode == 0, code


def test_compare_shows_the_pictures_to_the_last_bit(shown):
    before, after = some(2)
    widgets.compare(before, after, labels=("<b>", "after"), alt='a "cat"', width=300)
    html = shown[0]["text/html"]
    assert all(map(np.array_equal, pictures_in(html), (before, after)))
    assert "&lt;b&gt;" in html and "<b>" not in html and "--width:300px" in html
    assert [img["alt"] for img in Tags(html).all("img")] == ['a "cat" (<b>)', 'a "cat" (after)']
    sides = [layer.get("data-side") for layer in Tags(html).all("div", **{"class": "srlib-layer"})]
    assert sides == ["left", "right"] and not Tags(html).all("select")


def test_compare_of_several_offers_a_choice_on_each_side(shown):
    widgets.compare(*some(3), labels=["a", "b", "c"], start=(1, 0))
    tags = Tags(shown[0]["text/html"])
    layers = tags.all("div", **{"class": "srlib-layer"})
    assert [layer.get("data-side") for layer in layers] == ["right", "left", None]
    assert len(tags.all("select")) == 2 and len(tags.all("option")) == 6
    assert [option["value"] for option in tags.all("option") if "selected" in option] == ["1", "0"]


def test_compare_falls_back_on_both_pictures(shown):
    grey, colour = some(1, (8, 12))[0], some(1)[0] // 64 * 64  # few colours, so none is lost
    widgets.compare(grey, colour)
    with Image.open(io.BytesIO(shown[0]["image/png"])) as file:
        instead = np.asarray(file.convert("RGB"))
    assert instead.shape == (8, 24, 3)
    assert np.abs(instead[:, 12:].astype(int) - colour).mean() < 8


def test_compare_enlarges_up_to_the_given_zoom(shown):
    widgets.compare(*some(2), zoom=5)
    widgets.compare(*some(2), zoom=1)
    zooms = [Tags(bundle["text/html"]).all("input", name="zoom") for bundle in shown]
    assert [zoom["max"] for zoom in zooms[0]] == ["5"] and zooms[1] == []


@pytest.mark.parametrize(
    "pictures, labels, message",
    [
        ([np.zeros((4, 4), np.uint8), np.zeros((8, 8), np.uint8)], "ab", "one shape"),
        ([np.zeros((4, 4), np.uint8)], "a", "two or more"),
        ([np.zeros((4, 4), np.uint8)] * 3, "ab", "one label each"),
    ],
)
def test_compare_says_what_it_needs(shown, pictures, labels, message):
    with pytest.raises(ValueError, match=message):
        widgets.compare(*pictures, labels=labels)
    assert not shown


@pytest.mark.parametrize("call", [widgets.compare, lambda *p: widgets.stack(p, [1, 2], "n")])
def test_pictures_are_8_bit(shown, call):
    with pytest.raises(TypeError, match="float64.*uint8"):
        call(np.zeros((4, 4)), np.zeros((4, 4)))
    assert not shown


def frames_of(bundle: dict) -> list[dict]:
    return Tags(bundle["text/html"]).all("div", **{"class": "srlib-frame"})


def test_stack_has_a_named_frame_for_each_value(shown):
    pictures = some(3)
    widgets.stack(pictures, [2, 3, "<4>"], "scale", start=-1)
    html = shown[0]["text/html"]
    assert all(map(np.array_equal, pictures_in(html), pictures))
    assert re.findall(r"<small>(.*?)</small>", html) == ["scale: 2", "scale: 3", "scale: &lt;4&gt;"]
    assert [frame["data-on"] for frame in frames_of(shown[0])] == ["0", "0", "1"]
    (slider,) = Tags(html).all("input", type="range")
    assert (slider["min"], slider["max"], slider["value"]) == ("0", "2", "2")
    assert slider["aria-valuetext"] == "<4>" and not Tags(html).all("button")


@pytest.mark.parametrize("pictures, values", [(2, 3), (0, 0)])
def test_stack_needs_a_value_for_each_picture(shown, pictures, values):
    with pytest.raises(ValueError, match="one each"):
        widgets.stack([np.zeros((4, 4), np.uint8)] * pictures, range(values), "scale")


def test_stack_keeps_few_colours_when_told(shown):
    import matplotlib.pyplot as plt

    fig = plt.figure(figsize=(3, 1.5), dpi=75)
    fig.add_subplot().plot([0, 1, 0], color="C1")
    drawing = widgets.figure_pixels(fig)
    widgets.stack([drawing], ["all"], "colours")
    widgets.stack([drawing], ["few"], "colours", colours=16)
    whole, few = (pictures_in(bundle["text/html"])[0].astype(int) for bundle in shown)
    assert np.array_equal(whole, drawing)
    assert len(np.unique(few.reshape(-1, 3), axis=0)) <= 16 and np.abs(few - whole).mean() < 1
    assert (few[drawing.min(axis=2) == 255] == 255).all()
    assert len(shown[1]["text/html"]) < len(shown[0]["text/html"])


def test_frames_of_few_colours_share_them(shown):
    """A colour that one frame has more of is not another colour in the next."""
    white = np.full((30, 40, 3), 255, np.uint8)
    first, second, grey = white.copy(), white.copy(), np.full((30, 40), 128, np.uint8)
    first[:2, :12] = second[:2, :12] = (255, 127, 14)  # a patch of the legend
    many = np.random.default_rng(0).integers(0, 256, (20, 30, 3))
    second[5:25, 5:35] = many  # colours that only one frame has
    widgets.stack([first, second, grey], [1, 2, 3], "n", colours=16)
    one, two, _ = pictures_in(shown[0]["text/html"])
    assert np.array_equal(one[:2, :12], two[:2, :12])
    assert np.abs(one[0, 0].astype(int) - (255, 127, 14)).max() < 40
    assert (one[3:] == 255).all() and (two[:2, 12:] == 255).all()


def test_controls_keep_their_keys_in_jupyterlab(shown):
    """Its shortcuts would take the arrow keys from what has the focus."""
    show_all_kinds()
    for bundle in shown:
        for tag, attributes in Tags(bundle["text/html"]).found:
            if tag in ("input", "select") or "tabindex" in attributes:
                assert attributes["data-lm-suppress-shortcuts"] == "true"


def test_explore_draws_every_combination_in_order(shown):
    calls = []

    def draw(shade, inverted):
        calls.append((shade, inverted))
        return np.full((4, 6), 255 - shade if inverted else shade, np.uint8)

    widgets.explore(draw, {"shade": (10, 20), "inverted": (False, True)}, start=2)
    assert calls == [(10, False), (10, True), (20, False), (20, True)]
    html = shown[0]["text/html"]
    assert [picture[0, 0, 0] for picture in pictures_in(html)] == [10, 245, 20, 235]
    assert "<small>shade: 20, inverted: off</small>" in html
    assert [frame["data-on"] for frame in frames_of(shown[0])] == ["0", "0", "1", "0"]
    (box,) = Tags(html).all("input", type="checkbox")
    assert "checked" not in box and box["data-values"] == '["off", "on"]'
    assert Tags(html).all("input", type="range")[0]["value"] == "1"
    with Image.open(io.BytesIO(shown[0]["image/png"])) as file:
        assert np.array_equal(np.asarray(file), np.full((4, 6), 20))


VIEW = "application/vnd.jupyter.widget-view+json"


@pytest.fixture
def box_of():
    """The widget that a bundle shows."""
    ipywidgets = pytest.importorskip("ipywidgets")
    instances = ipywidgets.widgets.widget._instances
    return lambda bundle: instances[bundle[VIEW]["model_id"]]


def test_explore_live_calls_the_function_for_any_number_between(shown, box_of):
    calls = []

    def draw(a, scale, inverted, kind):
        calls.append((a, scale, inverted, kind))
        return np.full((4, 4), round(100 * a) + scale + 100 * inverted + len(kind), np.uint8)

    axes = {"a": (0, 0.5), "scale": (2, 4), "inverted": (False, True), "kind": ("x", "yy")}
    widgets.explore(draw, axes, live=True, start=31)  # of 16: the last
    assert "<figure" in shown[0]["text/html"]  # for a front end without ipywidgets
    *controls, picture, messages = box_of(shown[0]).children
    assert [type(c).__name__ for c in controls] == [
        *("FloatSlider", "IntSlider", "Checkbox", "Dropdown")
    ]
    assert [control.value for control in controls] == [0.5, 4, True, "yy"]  # start
    assert (controls[0].min, controls[0].max, controls[1].min, controls[1].max) == (0, 0.5, 2, 4)
    before = len(calls)
    controls[1].value = 2
    assert len(calls) == before == 16  # a value of the page is drawn already
    for control, value in zip(controls, (0.25, 3, True, "yy"), strict=True):
        control.value = value
    drawn = np.asarray(Image.open(io.BytesIO(picture.value)))
    assert (drawn == 25 + 3 + 100 + 2).all() and not messages.outputs


class Kernel:
    def __init__(self, metadata: dict):
        self.metadata = metadata

    def get_parent(self, channel: str) -> dict:
        return {"metadata": self.metadata} if channel == "shell" else {}


@pytest.mark.parametrize("metadata, there", [({}, False), ({"cellId": "a1"}, True)])
def test_explore_is_live_where_a_person_runs_the_cell(monkeypatch, shown, metadata, there):
    pytest.importorskip("ipywidgets")
    shell = type("Shell", (), {"kernel": Kernel(metadata)})
    monkeypatch.setattr(widgets, "get_ipython", lambda: shell)
    widgets.explore(lambda n: some(1)[0], {"n": (1, 2)})
    assert (VIEW in shown[0]) == there
    monkeypatch.setattr(widgets, "find_spec", lambda name: None)  # ipywidgets is not installed
    widgets.explore(lambda n: some(1)[0], {"n": (1, 2)})
    assert VIEW not in shown[1]


def test_explore_is_not_live_in_a_program(shown):
    widgets.explore(lambda n: some(1)[0], {"n": (1, 2)})
    assert set(shown[0]) == {"text/html", "image/png"}


def test_figure_pixels():
    import matplotlib.pyplot as plt

    fig = plt.figure(figsize=(2, 1), dpi=100)
    assert widgets.figure_pixels(fig).shape == (100, 200, 3)
    assert not plt.fignum_exists(fig.number)
