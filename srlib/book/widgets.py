"""Things to move. All work on a page without a kernel, by mouse, touch and keyboard.

A cell shows plain HTML with its pictures inside (``srlib.book.widgets_html``): no script to load
and nothing to run. Where HTML is not shown, a PNG stands in. In a notebook that a person runs,
:func:`explore` shows ipywidgets' controls instead, which ask the kernel for any value.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from itertools import product
from numbers import Integral, Real

import numpy as np
from IPython import get_ipython
from IPython.display import display

from srlib.book import widgets_html

FALLBACK_COLOURS = 64  # of a stand-in in colour: half the bytes, and few will see it


def compare(
    *pictures: np.ndarray,
    labels: Sequence[str] = ("before", "after"),
    alt: str = "Before and after",
    width: int = 640,
    start: tuple[int, int] = (0, -1),
    zoom: int = 8,
) -> None:
    """Show two pictures of one size under a line that uncovers one and covers the other.

    With more than two, a choice on each side says which two. Both are enlarged together and always
    show the same place.

    Args:
        pictures: two or more, uint8 ``(H, W)`` or ``(H, W, 3)``, of one height and width.
        labels: their names, one each.
        alt: what the pictures show, for a reader who does not see them.
        width: of the picture on the page, in CSS pixels, at most.
        start: which two are shown first, on the left and on the right.
        zoom: how many times they can be enlarged; 1 for no such control.

    Raises:
        ValueError: when there are fewer than two pictures, their sizes differ, or labels are
            missing.
        TypeError: when a picture is not uint8.
    """
    if len(pictures) < 2 or len(pictures) != len(labels):
        raise ValueError(
            f"{len(pictures)} pictures and {len(labels)} labels: compare needs two or more "
            "pictures and one label each"
        )
    _check(pictures)
    if len({picture.shape[:2] for picture in pictures}) > 1:
        shapes = ", ".join(str(picture.shape) for picture in pictures)
        raise ValueError(
            f"a slider needs pictures of one shape, got {shapes}: enlarge the smaller ones first"
        )
    left, right = (index % len(pictures) for index in start)
    html = widgets_html.compared(pictures, labels, alt, width, (left, right), zoom)
    both = [widgets_html.in_colour(pictures[index]) for index in (left, right)]
    display(_bundle(html, np.concatenate(both, axis=1)), raw=True)


def stack(
    pictures: Sequence[np.ndarray],
    values: Sequence[object],
    label: str,
    width: int = 480,
    colours: int | None = None,
    alt: str = "",
    start: int = 0,
    play: bool = False,
) -> None:
    """Show one of several pictures, chosen by a slider over ``values``.

    Args:
        pictures: uint8 ``(H, W)`` or ``(H, W, 3)``, best of one size.
        values: what each picture stands for; written above it.
        label: the name of what is varied.
        width: of the picture on the page, in CSS pixels, at most.
        colours: keep this many, at most 256, the same in all pictures. A line drawing needs few,
            and its file is then less than half as large. All by default, as photographs need.
        alt: what the pictures show, for a reader who does not see them.
        start: which is shown first.
        play: whether a button shows all in turn.

    Raises:
        ValueError: when there is not one picture for each value.
        TypeError: when a picture is not uint8.
    """
    display(_frames(pictures, {label: values}, alt, width, colours, start, play), raw=True)


def explore(
    draw: Callable,
    axes: Mapping[str, Sequence[object]],
    width: int = 480,
    colours: int | None = None,
    alt: str = "",
    start: int = 0,
    live: bool | None = None,
) -> None:
    """Show what a function draws, over the values of one or more arguments.

    The pictures for all combinations are drawn now, so that the page can show them without a
    kernel. In a notebook that a person runs (JupyterLab, Notebook, VS Code, Colab) the controls are
    those of ipywidgets: they take numbers between the given ones too, which are then drawn.

    Args:
        draw: takes one value of each axis, in their order; returns a picture, uint8 ``(H, W)`` or
            ``(H, W, 3)``, or a matplotlib figure.
        axes: name -> values. ``(False, True)`` makes a check box, all else a slider.
        width, colours, alt: as for :func:`stack`.
        start: number of the combination shown first; the last axis varies fastest.
        live: whether to show ipywidgets' controls; by default, where somebody can move them.
    """
    combinations = list(product(*axes.values()))
    pictures = [_drawn(draw(*values)) for values in combinations]
    bundle = _frames(pictures, axes, alt, width, colours, start, play=False)
    if _somebody_is_there() if live is None else live:
        drawn = dict(zip(combinations, pictures, strict=True))
        bundle |= _live(draw, axes, drawn, combinations[start % len(combinations)], width)
    display(bundle, raw=True)


def figure_pixels(fig) -> np.ndarray:
    """A matplotlib figure as uint8 ``(H, W, 3)``, for :func:`stack`; the figure is closed."""
    import matplotlib.pyplot as plt

    fig.canvas.draw()
    pixels = np.asarray(fig.canvas.buffer_rgba())[..., :3].copy()
    plt.close(fig)
    return pixels


def _frames(
    pictures: Sequence[np.ndarray],
    axes: Mapping[str, Sequence[object]],
    alt: str,
    width: int,
    colours: int | None,
    start: int,
    play: bool,
) -> dict[str, str | bytes]:
    combinations = len(list(product(*axes.values())))
    if len(pictures) != combinations or not combinations:
        raise ValueError(f"{len(pictures)} pictures for {combinations} values: one each is needed")
    _check(pictures)
    start %= combinations
    alt = alt or f"A picture for each {' and '.join(axes)}"
    html = widgets_html.frames(pictures, axes, alt, width, colours, start, play)
    return _bundle(html, pictures[start])


def _bundle(html: str, instead: np.ndarray) -> dict[str, str | bytes]:
    """What a cell puts out: a front end shows the richest kind that it can."""
    colours = FALLBACK_COLOURS if instead.ndim == 3 else None
    return {"text/html": html, "image/png": widgets_html.png(instead, colours)}


def _somebody_is_there() -> bool:
    """Whether a person runs this cell, with ipywidgets at hand.

    Front ends name the cell in the metadata of their request; programs that run notebooks (nbval,
    nbclient, papermill) send none. Colab is known by its module.
    """
    kernel = getattr(get_ipython(), "kernel", None)
    if kernel is None or not find_spec("ipywidgets"):
        return False
    return "google.colab" in sys.modules or bool(kernel.get_parent("shell").get("metadata"))


def _live(
    draw: Callable,
    axes: Mapping[str, Sequence[object]],
    drawn: Mapping[tuple, np.ndarray],
    start: tuple,
    width: int,
) -> dict[str, object]:
    """A control of ipywidgets for each axis above a picture that follows them."""
    import ipywidgets

    picture = ipywidgets.Image(format="png", layout={"width": "100%", "max_width": f"{width}px"})
    controls = [
        _live_control(name, values, value)
        for (name, values), value in zip(axes.items(), start, strict=True)
    ]
    messages = ipywidgets.Output()  # an error of ``draw`` is shown, not lost in a log

    @messages.capture(clear_output=True)
    def redraw(_=None):
        values = tuple(control.value for control in controls)
        shown = drawn[values] if values in drawn else _drawn(draw(*values))
        picture.value = widgets_html.png(shown)

    for control in controls:
        control.observe(redraw, "value")
    redraw()
    box = ipywidgets.VBox([*controls, picture, messages])
    return box._repr_mimebundle_()


def _live_control(name: str, values: Sequence[object], value: object):
    """Numbers get a slider from the least to the greatest; whole ones, one without fractions."""
    import ipywidgets

    about = {"value": value, "description": name, "style": {"description_width": "initial"}}
    if list(values) == [False, True]:
        return ipywidgets.Checkbox(indent=False, **about)
    slides = {"min": min(values), "max": max(values)} if all(map(_is_number, values)) else None
    if slides and all(isinstance(value, Integral) for value in values):
        return ipywidgets.IntSlider(continuous_update=False, **slides, **about)
    if slides:
        return ipywidgets.FloatSlider(continuous_update=False, step=0.01, **slides, **about)
    return ipywidgets.Dropdown(options=list(values), **about)


def _is_number(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)


def _drawn(result) -> np.ndarray:
    return result if isinstance(result, np.ndarray) else figure_pixels(result)


def _check(pictures: Sequence[np.ndarray]) -> None:
    for picture in pictures:
        if picture.dtype != np.uint8:
            raise TypeError(
                f"a picture of {picture.dtype} cannot be shown: uint8 on 0..255 is expected; "
                "srlib.to_uint8 converts a tensor"
            )
