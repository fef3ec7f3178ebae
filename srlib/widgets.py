"""Things to move. Both work on a page without a kernel, by mouse, touch and keyboard."""

import base64
import io
from collections.abc import Sequence
from html import escape

import numpy as np
from IPython.display import display
from PIL import Image


def compare(
    before: np.ndarray,
    after: np.ndarray,
    labels: tuple[str, str] = ("before", "after"),
    alt: str = "Before and after",
    width: int = 640,
) -> None:
    """Show two images of one size under a slider that uncovers one and covers the other.

    Plain HTML with inline styles and one ``<input type=range>``: no script to load, no kernel.
    Where HTML is not shown, a PNG of both images side by side stands in.

    Args:
        before, after: uint8 ``(H, W)`` or ``(H, W, 3)`` of one shape; ``before`` is on the left.
        labels: their names, shown under the image.
        alt: what the picture shows, for a reader who does not see it.
        width: of the picture on the page, in CSS pixels, at most.
    """
    if before.shape != after.shape:
        raise ValueError(
            f"a slider needs two images of one shape, got {before.shape} and {after.shape}: "
            "enlarge the smaller one first"
        )
    side_by_side = np.concatenate([before, after], axis=1)
    html = _slider(before, after, labels, alt, width)
    display({"text/html": html, "image/png": _png(side_by_side)}, raw=True)


def stack(
    pictures: Sequence[np.ndarray],
    values: Sequence[object],
    label: str,
    width: int = 480,
    colours: int | None = None,
) -> None:
    """Show one of several pictures, chosen by a slider over ``values``.

    Slider and pictures are linked in the browser (``jslink``), so the slider also moves them on the
    published page, where no Python runs.

    Args:
        pictures: uint8 ``(H, W)`` or ``(H, W, 3)``, best of one size.
        values: what each picture stands for; printed beside the slider.
        label: the name of what is varied.
        width: of the picture on the page, in CSS pixels, at most.
        colours: keep this many, at most 256, in each picture. A line drawing needs few, and its
            file is then less than half as large. All by default, as photographs need.
    """
    import ipywidgets

    if len(pictures) != len(values) or not pictures:
        raise ValueError(f"{len(pictures)} pictures for {len(values)} values: one each is needed")
    layout = ipywidgets.Layout(width="100%", max_width=f"{width}px", margin="0")  # fits a phone
    images = [
        ipywidgets.Image(value=_png(picture, colours), format="png", layout=layout)
        for picture in pictures
    ]
    # One layout and one style for all: their own would make up most of the stored state.
    plain, style = ipywidgets.Layout(), ipywidgets.widgets.widget_string.LabelStyle()
    names = [ipywidgets.Label(f"{label}: {value}", layout=plain, style=style) for value in values]
    pairs = zip(names, images, strict=True)
    frames = [ipywidgets.VBox(pair, layout=plain) for pair in pairs]
    slider = ipywidgets.IntSlider(
        0, 0, len(pictures) - 1, readout=False, layout=layout, description="move:"
    )
    frame = ipywidgets.Stack(frames, selected_index=0)
    ipywidgets.jslink((slider, "value"), (frame, "selected_index"))
    display(ipywidgets.VBox([slider, frame]))


def figure_pixels(fig) -> np.ndarray:
    """A matplotlib figure as uint8 ``(H, W, 3)``, for :func:`stack`; the figure is closed."""
    import matplotlib.pyplot as plt

    fig.canvas.draw()
    pixels = np.asarray(fig.canvas.buffer_rgba())[..., :3].copy()
    plt.close(fig)
    return pixels


def _png(image: np.ndarray, colours: int | None = None) -> bytes:
    buffer = io.BytesIO()
    picture = Image.fromarray(image)
    if colours:
        picture = picture.quantize(colours, dither=Image.Dither.NONE)  # white stays white
    picture.save(buffer, "png", optimize=True)
    return buffer.getvalue()


def _slider(
    before: np.ndarray, after: np.ndarray, labels: tuple[str, str], alt: str, width: int
) -> str:
    """``after`` in normal flow; ``before`` over it, clipped at ``--cut``; a range over both."""
    sources = [
        "data:image/png;base64," + base64.b64encode(_png(image)).decode()
        for image in (before, after)
    ]
    left, right, alt = escape(labels[0]), escape(labels[1]), escape(alt, quote=True)
    picture = "display:block;width:100%;margin:0;background:none;"
    over = "position:absolute;left:0;top:0;height:100%;"
    move = "this.parentElement.style.setProperty('--cut',this.value+'%')"
    return (
        f'<figure style="max-width:{width}px;margin:0 auto">'
        '<div style="position:relative;--cut:50%;touch-action:pan-y">'
        f'<img src="{sources[1]}" alt="{alt}" style="{picture}">'
        f'<img src="{sources[0]}" alt="" style="{picture}{over}'
        'clip-path:inset(0 calc(100% - var(--cut)) 0 0)">'
        '<span style="position:absolute;top:0;bottom:0;left:var(--cut);width:2px;'
        'margin-left:-1px;background:#fff;box-shadow:0 0 3px #000;pointer-events:none"></span>'
        f'<input type="range" min="0" max="100" value="50" aria-label="{alt}: uncover {left}" '
        f'oninput="{move}" style="{over}width:100%;margin:0;opacity:0;cursor:ew-resize">'
        "</div>"
        '<figcaption style="display:flex;justify-content:space-between">'
        f"<span>&#9664; {left}</span><span>drag, or use the arrow keys</span>"
        f"<span>{right} &#9654;</span></figcaption></figure>"
    )
