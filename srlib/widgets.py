"""Things to move. All work on a page without a kernel, by mouse, touch and keyboard.

A cell shows plain HTML with its pictures inside (``srlib.widgets_html``): no script to load and
nothing to run. Where HTML is not shown, a PNG stands in.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import product

import numpy as np
from IPython.display import display

from srlib import widgets_html

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
    both = [_in_colour(pictures[index]) for index in (left, right)]
    _show(html, np.concatenate(both, axis=1))


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
        colours: keep this many, at most 256, in each picture. A line drawing needs few, and its
            file is then less than half as large. All by default, as photographs need.
        alt: what the pictures show, for a reader who does not see them.
        start: which is shown first.
        play: whether a button shows all in turn.

    Raises:
        ValueError: when there is not one picture for each value.
        TypeError: when a picture is not uint8.
    """
    _frames(pictures, {label: values}, alt, width, colours, start, play)


def explore(
    draw: Callable,
    axes: Mapping[str, Sequence[object]],
    width: int = 480,
    colours: int | None = None,
    alt: str = "",
    start: int = 0,
    live: bool = False,
) -> None:
    """Show what a function draws, over the values of one or more arguments.

    The pictures for all combinations are drawn now, so that the page can show them without a
    kernel. With ``live``, in a running notebook, ipywidgets' sliders call the function instead, and
    numbers between the given ones can be chosen too.

    Args:
        draw: takes one value of each axis, in their order; returns a picture, uint8 ``(H, W)`` or
            ``(H, W, 3)``, or a matplotlib figure.
        axes: name -> values. ``(False, True)`` makes a check box, all else a slider.
        width, colours, alt: as for :func:`stack`.
        start: number of the combination shown first; the last axis varies fastest.
        live: draw on demand, which takes a running kernel.
    """
    if live:
        return _live(draw, axes)
    pictures = [_drawn(draw(*values)) for values in product(*axes.values())]
    _frames(pictures, axes, alt, width, colours, start, play=False)


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
) -> None:
    combinations = len(list(product(*axes.values())))
    if len(pictures) != combinations or not combinations:
        raise ValueError(f"{len(pictures)} pictures for {combinations} values: one each is needed")
    _check(pictures)
    start %= combinations
    alt = alt or f"A picture for each {' and '.join(axes)}"
    html = widgets_html.frames(pictures, axes, alt, width, colours, start, play)
    _show(html, pictures[start])


def _show(html: str, instead: np.ndarray) -> None:
    colours = FALLBACK_COLOURS if instead.ndim == 3 else None
    bundle = {"text/html": html, "image/png": widgets_html.png(instead, colours)}
    display(bundle, raw=True)


def _live(draw: Callable, axes: Mapping[str, Sequence[object]]) -> None:
    """The same by ipywidgets, for a running kernel."""
    import ipywidgets

    picture = ipywidgets.Image(format="png")
    controls = [_live_control(name, values) for name, values in axes.items()]

    def redraw(_=None):
        drawn = _drawn(draw(*(control.value for control in controls)))
        picture.value = widgets_html.png(drawn)

    for control in controls:
        control.observe(redraw, "value")
    redraw()
    display(ipywidgets.VBox([*controls, picture]))


def _live_control(name: str, values: Sequence[object]):
    """Numbers get a slider from the least to the greatest; whole ones, one without fractions."""
    import ipywidgets

    if list(values) == [False, True]:
        return ipywidgets.Checkbox(False, description=name)
    if all(isinstance(value, int) for value in values):
        return ipywidgets.IntSlider(values[0], min(values), max(values), description=name)
    if all(isinstance(value, int | float) for value in values):
        low, high = min(values), max(values)
        return ipywidgets.FloatSlider(values[0], min=low, max=high, step=0.01, description=name)
    return ipywidgets.Dropdown(options=list(values), description=name)


def _drawn(result) -> np.ndarray:
    return result if isinstance(result, np.ndarray) else figure_pixels(result)


def _check(pictures: Sequence[np.ndarray]) -> None:
    for picture in pictures:
        if picture.dtype != np.uint8:
            raise TypeError(
                f"a picture of {picture.dtype} cannot be shown: uint8 on 0..255 is expected; "
                "srlib.images.to_uint8 converts a tensor"
            )


def _in_colour(picture: np.ndarray) -> np.ndarray:
    return picture if picture.ndim == 3 else np.repeat(picture[..., None], 3, axis=2)
