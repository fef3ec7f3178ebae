"""Sliders work without a script file and without a kernel, and refuse what they cannot show."""

import io
import re

import numpy as np
import pytest
from PIL import Image

from srlib import widgets


@pytest.fixture
def shown(monkeypatch):
    """What a cell would display."""
    outputs = []
    monkeypatch.setattr(widgets, "display", lambda *args, **kwargs: outputs.append(args[0]))
    return outputs


def test_compare_is_plain_html_with_a_picture_to_fall_back_on(shown):
    before = np.zeros((8, 12, 3), np.uint8)
    widgets.compare(before, before + 9, labels=("<b>", "after"), alt='a "cat"', width=300)
    html = shown[0]["text/html"]
    assert "<script" not in html and " id=" not in html and "http" not in html
    assert len(re.findall(r'<input type="range"', html)) == 1
    assert html.count("data:image/png;base64,") == 2
    assert "&lt;b&gt;" in html and 'alt="a &quot;cat&quot;"' in html and "max-width:300px" in html
    assert shown[0]["image/png"].startswith(b"\x89PNG")


def test_compare_needs_one_shape(shown):
    with pytest.raises(ValueError, match="one shape"):
        widgets.compare(np.zeros((4, 4), np.uint8), np.zeros((8, 8), np.uint8))
    assert not shown


def test_stack_links_slider_and_pictures_in_the_browser(shown):
    import ipywidgets

    widgets.stack([np.zeros((4, 4), np.uint8)] * 3, [2, 3, 4], "scale")
    slider, frame = shown[0].children
    assert (slider.min, slider.max) == (0, 2) and len(frame.children) == 3
    assert [box.children[0].value for box in frame.children] == ["scale: 2", "scale: 3", "scale: 4"]
    links = (
        [w for w in ipywidgets.Widget._instances.values() if isinstance(w, ipywidgets.Link)]
        if hasattr(ipywidgets.Widget, "_instances")
        else None
    )
    if links is not None:
        assert any(link.source == (slider, "value") for link in links)


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
    widgets.stack([drawing], ["few"], "colours", colours=32)
    files = [panel.children[1].children[0].children[1].value for panel in shown]
    whole, few = (np.asarray(Image.open(io.BytesIO(f)).convert("RGB")).astype(int) for f in files)
    assert np.array_equal(whole, drawing)
    assert len(np.unique(few.reshape(-1, 3), axis=0)) <= 32 and np.abs(few - whole).mean() < 1
    assert (few[drawing.min(axis=2) == 255] == 255).all()
    assert len(files[1]) < 0.7 * len(files[0])


def test_figure_pixels():
    import matplotlib.pyplot as plt

    fig = plt.figure(figsize=(2, 1), dpi=100)
    assert widgets.figure_pixels(fig).shape == (100, 200, 3)
    assert not plt.fignum_exists(fig.number)
