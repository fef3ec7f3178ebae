"""The markup behind :mod:`srlib.book.widgets`: a style sheet, handlers, pictures as data.

Notebooks and pages drop script tags but keep attributes of trusted outputs, so the handlers are
attributes, one for each kind of event, on the figure that holds the controls: events bubble up to
it. Nothing has an id, so any number of widgets fits on a page. Where neither style nor script
survives, what is left is a list of pictures, each under its name.

The style sheets and handlers are files of ``assets/``, where ``/* ... */`` may comment on them.
"""

import base64
import io
import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from html import escape
from importlib.resources import files
from itertools import product

import numpy as np
from PIL import Image

# JupyterLab takes the arrow keys for itself, unless what has the focus says this.
OWN_KEYS = 'data-lm-suppress-shortcuts="true"'


def frames(
    pictures: Sequence[np.ndarray],
    axes: Mapping[str, Sequence[object]],
    alt: str,
    width: int,
    colours: int | None,
    start: int,
    play: bool,
) -> str:
    """One of several pictures, chosen by a control for each axis; the last axis varies fastest."""
    palette = _palette(pictures, colours) if colours else None
    shown = []
    for index, (picture, values) in enumerate(zip(pictures, product(*axes.values()), strict=True)):
        pairs = zip(axes, values, strict=True)
        name = ", ".join(f"{axis}: {said(value)}" for axis, value in pairs)
        img = picture_tag(picture, f"{alt} ({name})", width, palette)
        shown.append(
            f'<div class="srlib-frame" data-on="{int(index == start)}">'
            f"<small>{escape(name)}</small>{img}</div>"
        )
    places = np.unravel_index(start, [len(values) for values in axes.values()])
    chosen = zip(axes.items(), places, strict=True)
    controls = [_control(name, values, int(place)) for (name, values), place in chosen]
    if play:
        controls.insert(0, '<button type="button">play</button>')
    return _figure(
        style=style_sheet("widgets", "frames"),
        attributes=f'style="--width:{width}px" oninput="{handler("show_frame")}"'
        + (f' onclick="{handler("play")}"' if play else ""),
        body=f'<div class="srlib-frames">{"".join(shown)}</div>',
        controls="".join(controls),
    )


def compared(
    pictures: Sequence[np.ndarray],
    labels: Sequence[str],
    alt: str,
    width: int,
    start: tuple[int, int],
    zoom: int,
) -> str:
    """Two of several pictures on each other, the left one cut off at a line that moves."""
    sides = {start[0]: ' data-side="left"', start[1]: ' data-side="right"'}
    layers = "".join(
        f'<div class="srlib-layer"{sides.get(index, "")}>'
        f"{picture_tag(picture, f'{alt} ({label})', width)}<small>{escape(label)}</small></div>"
        for index, (picture, label) in enumerate(zip(pictures, labels, strict=True))
    )
    height, across = pictures[0].shape[:2]
    small = " srlib-small" if width >= 2 * across else ""  # enlarged anyway: show its pixels
    stage = (
        f'<div class="srlib-stage{small}">'
        f'<div class="srlib-pan" style="aspect-ratio:{across}/{height}" tabindex="-1" role="group" '
        f'{OWN_KEYS} aria-label="the enlarged picture: arrow keys or dragging move it" '
        f'onscroll="{handler("scrolled")}" onpointermove="{handler("dragged")}">'
        f'<div class="srlib-layers">{layers}</div></div>'
        f'<input class="srlib-cut" type="range" name="cut" min="0" max="100" value="50" {OWN_KEYS} '
        f'aria-label="{escape(alt)}: how much of the left picture is uncovered" '
        f'aria-valuetext="50 % {escape(labels[start[0]])}" hidden>'
        '<span class="srlib-line"></span></div>'
    )
    ends = [_end(side, labels, place) for side, place in zip(("left", "right"), start, strict=True)]
    if zoom > 1:
        ends.append(
            f'<label class="srlib-row">zoom<input type="range" name="zoom" min="1" max="{zoom}" '
            f'{OWN_KEYS} value="1" aria-valuetext="1 times"></label>'
        )
    return _figure(
        style=style_sheet("widgets", "compare"),
        attributes=f'style="--width:{width}px;--cut:.5;--zoom:1;--x:0" data-zoom="1" '
        f'oninput="{handler("compare")}"',
        body=stage,
        controls="".join(ends),
    )


def png(image: np.ndarray, colours: int | None = None) -> bytes:
    """A PNG; with ``colours`` of a palette of so many, without dots, so that white stays white."""
    picture = Image.fromarray(image)
    if colours:
        picture = picture.quantize(colours, dither=Image.Dither.NONE)
    return _encoded(picture, "png", optimize=True)


def picture_tag(image: np.ndarray, alt: str, width: int, palette: np.ndarray | None = None) -> str:
    """An ``<img>`` with the picture in it, as lossless WebP: a quarter to a half below PNG."""
    picture = Image.fromarray(image) if palette is None else _in_palette(image, palette)
    data = _encoded(picture, "webp", lossless=True, quality=75, method=4)
    height = round(width * image.shape[0] / image.shape[1])
    return (
        f'<img class="dark-light" draggable="false" width="{width}" height="{height}" '
        f'alt="{escape(alt)}" src="data:image/webp;base64,{base64.b64encode(data).decode()}">'
    )


def style_sheet(*names: str) -> str:
    """Style sheets of ``assets/`` on one line."""
    return " ".join(_asset(f"{name}.css") for name in names)


def handler(name: str) -> str:
    """JavaScript of ``assets/`` on one line, for an attribute in double quotes."""
    return escape(_asset(f"{name}.js"), quote=False)


def said(value: object) -> str:
    """A value as a reader hears it."""
    return {"True": "on", "False": "off"}.get(str(value), str(value))


@cache
def _asset(name: str) -> str:
    """A file without its comments and with a space for each stretch of white space."""
    text = (files("srlib.book") / "assets" / name).read_text("utf-8")
    return " ".join(re.sub(r"/\*.*?\*/", " ", text, flags=re.DOTALL).split())


def _palette(pictures: Sequence[np.ndarray], colours: int) -> np.ndarray:
    """At most so many colours, uint8 ``(n, 3)``, for all pictures: with a palette for each, what
    is drawn in one colour would change it from frame to frame.
    """
    pixels = np.concatenate([in_colour(picture).reshape(-1, 1, 3) for picture in pictures])
    few = Image.fromarray(pixels).quantize(colours, kmeans=1, dither=Image.Dither.NONE)
    return np.array(few.getpalette(), np.uint8).reshape(-1, 3)[:colours]


def _in_palette(picture: np.ndarray, palette: np.ndarray) -> Image.Image:
    """Each pixel in the nearest colour. (Pillow's own search is coarse: white turns grey.)"""
    rgb = in_colour(picture)
    found, place = np.unique(rgb.reshape(-1, 3), axis=0, return_inverse=True)
    distances = [((found - colour.astype(int)) ** 2).sum(axis=1) for colour in palette]
    nearest = np.argmin(distances, axis=0).astype(np.uint8)
    shown = Image.fromarray(nearest[place].reshape(rgb.shape[:2]), "P")
    shown.putpalette(palette.tobytes())
    return shown


def in_colour(picture: np.ndarray) -> np.ndarray:
    """``(H, W, 3)``, from a grey picture too."""
    return picture if picture.ndim == 3 else np.repeat(picture[..., None], 3, axis=2)


def _encoded(picture: Image.Image, kind: str, **options) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def _figure(style: str, attributes: str, body: str, controls: str) -> str:
    """``hidden`` is undone by the style sheet: without that, dead controls stay away.

    JupyterLab drops both from a notebook it does not trust, and shows the controls disabled.
    """
    return (
        f'<figure class="srlib" {attributes}>'
        f"<style>{style}</style>{body}"
        f'<figcaption class="srlib-move" hidden>{controls}</figcaption></figure>'
    )


def _control(name: str, values: Sequence[object], place: int) -> str:
    """A check box for off and on, else a slider."""
    names = [said(value) for value in values]
    data = f'data-values="{escape(json.dumps(names))}" aria-label="{escape(name)}" {OWN_KEYS}'
    if names == ["off", "on"]:
        checked = " checked" if place else ""
        return f'<label>{escape(name)}<input type="checkbox" {data}{checked}></label>'
    return (
        f'<label>{escape(name)}<input type="range" min="0" max="{len(values) - 1}" '
        f'value="{place}" {data} aria-valuetext="{escape(names[place])}"></label>'
    )


def _end(side: str, labels: Sequence[str], place: int) -> str:
    """The name of one side; with more than two pictures, a choice among them."""
    mark = '<span aria-hidden="true">{}</span>'.format("◂" if side == "left" else "▸")
    if len(labels) == 2:
        text = f"<span>{escape(labels[place])}</span>"
    else:
        options = "".join(
            f'<option value="{index}"{" selected" if index == place else ""}>{escape(label)}'
            for index, label in enumerate(labels)
        )
        text = f'<select aria-label="picture on the {side}" {OWN_KEYS}>{options}</select>'
    parts = [mark, text] if side == "left" else [text, mark]
    tag = "span" if len(labels) == 2 else "label"
    return f'<{tag} class="srlib-end">{"".join(parts)}</{tag}>'
