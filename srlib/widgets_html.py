"""The markup behind :mod:`srlib.widgets`: one style sheet, three handlers, pictures as data.

Notebooks and pages drop script tags but keep attributes of trusted outputs, so the handlers are
attributes, one for each kind of event, on the figure that holds the controls: events bubble up to
it. Nothing has an id, so any number of widgets fits on a page. Where neither style nor script
survives, what is left is a list of pictures, each under its name.
"""

import base64
import io
import json
from collections.abc import Mapping, Sequence
from html import escape
from itertools import product

import numpy as np
from PIL import Image

STYLE = """
.srlib { max-width: var(--width); margin: 0 auto 1em; }
.srlib img { display: block; width: 100%; height: auto; margin: 0 !important;
  padding: 0 !important; border-radius: 0 !important; user-select: none; }
.srlib small { display: block; font-size: .9em; }
.srlib .srlib-move { display: flex !important; flex-wrap: wrap; gap: .3em 1em; align-items: center;
  justify-content: space-between; margin: .3em 0 0; color: inherit; font: inherit;
  font-size: .9em; }
.srlib label { display: flex; flex: 0 1 auto; gap: .5em; align-items: center; margin: 0;
  min-height: 2em; }
.srlib label:has([type=range]) { flex: 1 1 9em; }
.srlib label.srlib-row { flex: 1 1 100%; }
.srlib .srlib-end { max-width: calc(50% - .5em); }
.srlib-move [type=range] { flex: 1 1 6em; min-width: 5em; height: 2em; margin: 0;
  accent-color: #0a7d91; }
.srlib-move :is(select, button) { min-width: 0; min-height: 2em; font: inherit; color: inherit;
  background: transparent; border: 1px solid; border-radius: .3em; }
.srlib-move option { color: #000; background: #fff; }
.srlib-move [type=checkbox] { width: 1.4em; height: 1.4em; margin: 0; }
.srlib :focus-visible, .srlib-stage:has(> :focus-visible) { outline: 3px solid #0a7d91;
  outline-offset: 2px; }
"""

# Frames lie on each other; one of them is seen.
FRAMES_STYLE = """
.srlib-frames { display: grid; }
.srlib-frame { grid-area: 1 / 1; visibility: hidden; }
.srlib-frame[data-on="1"] { visibility: visible; }
@media print, (scripting: none) { .srlib .srlib-move { display: none !important; } }
"""

# The layers lie on each other in a box that scrolls when they are enlarged, so both always show the
# same place. --cut is where the line stands, in widths of the box; --x how far it is scrolled.
COMPARE_STYLE = """
.srlib-stage { position: relative; overflow: hidden; }
.srlib-pan { overflow: hidden; scrollbar-width: none; }
.srlib:not([data-zoom="1"]) .srlib-pan { overflow: auto; cursor: grab; }
.srlib-layers { display: grid; width: calc(100% * var(--zoom)); }
.srlib-layer { grid-area: 1 / 1; visibility: hidden; }
.srlib-layer small { display: none; }
.srlib-layer[data-side] { visibility: visible; }
.srlib-layer[data-side=left] { z-index: 1;
  clip-path: inset(0 calc(100% - 100% * (var(--x) + var(--cut)) / var(--zoom)) 0 0); }
.srlib:not([data-zoom="1"]) .srlib-layer img, .srlib-small img { image-rendering: pixelated; }
.srlib-line { position: absolute; inset: 0 auto 0 calc(100% * var(--cut)); z-index: 2; width: 2px;
  margin-left: -1px; background: #fff; box-shadow: 0 0 3px #000; pointer-events: none; }
.srlib-line::after { content: '◂ ▸'; position: absolute; top: 50%; width: 34px; margin: -17px -16px;
  font: 15px/34px sans-serif; text-align: center; color: #000; background: #fff;
  border-radius: 50%; box-shadow: 0 0 3px #000; }
.srlib .srlib-cut { display: block !important; position: absolute; z-index: 3; top: 0; left: -22px;
  width: calc(100% + 44px); max-width: none; height: 100%; margin: 0; opacity: 0;
  appearance: none; cursor: ew-resize; touch-action: pan-y; }
.srlib:not([data-zoom="1"]) .srlib-cut { pointer-events: none; }
.srlib-cut::-webkit-slider-thumb { appearance: none; width: 44px; height: 44px;
  pointer-events: auto; }
.srlib-cut::-moz-range-thumb { width: 44px; height: 44px; border: 0; pointer-events: auto; }
@media print, (scripting: none) {
  .srlib .srlib-pan { aspect-ratio: auto !important; overflow: visible; }
  .srlib-layers { width: 100%; gap: .5em;
    grid-template-columns: repeat(auto-fit, minmax(9em, 1fr)); }
  .srlib .srlib-layer { grid-area: auto; visibility: visible; clip-path: none; }
  .srlib .srlib-layer small { display: block; }
  .srlib .srlib-move, .srlib-line, .srlib .srlib-cut { display: none !important; } }
"""

SHOW_FRAME = """
let i = 0;
for (const c of this.querySelectorAll('[data-values]')) {
  const values = JSON.parse(c.dataset.values);
  const k = c.type == 'checkbox' ? +c.checked : +c.value;
  i = i * values.length + k;
  if (c.type == 'range') c.setAttribute('aria-valuetext', values[k]); }
this.querySelectorAll('.srlib-frame').forEach((frame, j) => { frame.dataset.on = +(i == j); });
"""

PLAY = """
const b = event.target.closest('button'), r = this.querySelector('[type=range]');
if (!b) return;
const rest = () => { clearInterval(b.timer); b.timer = 0; b.textContent = 'play'; };
const go = (step) => { r.value = +r.value + step;
  r.dispatchEvent(new Event('input', {bubbles: true})); };
if (b.timer) return rest();
if (r.value == r.max) go(-r.max);
b.textContent = 'stop';
b.timer = setInterval(() => { if (!b.isConnected || r.value == r.max) rest(); else go(1); }, 600);
"""

COMPARE = """
const c = event.target, pan = this.querySelector('.srlib-pan');
const layers = [...this.querySelectorAll('.srlib-layer')];
if (c.name == 'cut') this.style.setProperty('--cut', c.value / 100);
if (c.name == 'zoom') {
  const x = (pan.scrollLeft + pan.clientWidth / 2) / pan.scrollWidth;
  const y = (pan.scrollTop + pan.clientHeight / 2) / pan.scrollHeight;
  this.dataset.zoom = c.value;
  this.style.setProperty('--zoom', c.value);
  pan.tabIndex = c.value > 1 ? 0 : -1;
  pan.scrollLeft = x * pan.scrollWidth - pan.clientWidth / 2;
  pan.scrollTop = y * pan.scrollHeight - pan.clientHeight / 2;
  c.setAttribute('aria-valuetext', c.value + ' times'); }
if (c.tagName == 'SELECT') {
  const [left, right] = this.querySelectorAll('select');
  layers.forEach((layer, i) => {
    if (i == right.value) layer.dataset.side = 'right';
    else if (i == left.value) layer.dataset.side = 'left';
    else delete layer.dataset.side; }); }
const cut = this.querySelector('[name=cut]'), first = layers.find(l => l.dataset.side == 'left');
if (first) cut.setAttribute('aria-valuetext', cut.value + ' % ' + first.innerText);
"""

# JupyterLab takes the arrow keys for itself, unless what has the focus says this.
OWN_KEYS = 'data-lm-suppress-shortcuts="true"'

SCROLLED = "this.closest('.srlib').style.setProperty('--x', this.scrollLeft / this.clientWidth)"
DRAGGED = """
if (event.buttons && event.pointerType == 'mouse')
  this.scrollBy(-event.movementX, -event.movementY)
"""


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
    shown = []
    for index, (picture, values) in enumerate(zip(pictures, product(*axes.values()), strict=True)):
        pairs = zip(axes, values, strict=True)
        name = ", ".join(f"{axis}: {said(value)}" for axis, value in pairs)
        img = picture_tag(picture, f"{alt} ({name})", width, colours)
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
        style=STYLE + FRAMES_STYLE,
        attributes=f'style="--width:{width}px" oninput="{handler(SHOW_FRAME)}"'
        + (f' onclick="{handler(PLAY)}"' if play else ""),
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
        f'onscroll="{handler(SCROLLED)}" onpointermove="{handler(DRAGGED)}">'
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
        style=STYLE + COMPARE_STYLE,
        attributes=f'style="--width:{width}px;--cut:.5;--zoom:1;--x:0" data-zoom="1" '
        f'oninput="{handler(COMPARE)}"',
        body=stage,
        controls="".join(ends),
    )


def png(image: np.ndarray, colours: int | None = None) -> bytes:
    """A PNG; with ``colours`` of a palette of so many, without dots, so that white stays white."""
    return _encoded(image, colours, "png", optimize=True)


def picture_tag(image: np.ndarray, alt: str, width: int, colours: int | None = None) -> str:
    """An ``<img>`` with the picture in it, as lossless WebP: a quarter to a half below PNG."""
    data = _encoded(image, colours, "webp", lossless=True, quality=75, method=4)
    height = round(width * image.shape[0] / image.shape[1])
    return (
        f'<img class="dark-light" draggable="false" width="{width}" height="{height}" '
        f'alt="{escape(alt)}" src="data:image/webp;base64,{base64.b64encode(data).decode()}">'
    )


def handler(code: str) -> str:
    """JavaScript on one line, for an attribute in double quotes."""
    return escape(" ".join(code.split()), quote=False)


def said(value: object) -> str:
    """A value as a reader hears it."""
    return {"True": "on", "False": "off"}.get(str(value), str(value))


def _encoded(image: np.ndarray, colours: int | None, kind: str, **options) -> bytes:
    buffer = io.BytesIO()
    picture = Image.fromarray(image)
    if colours:
        picture = picture.quantize(colours, dither=Image.Dither.NONE)
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def _figure(style: str, attributes: str, body: str, controls: str) -> str:
    """``hidden`` is undone by the style sheet: without that, dead controls stay away.

    JupyterLab drops both from a notebook it does not trust, and shows the controls disabled.
    """
    return (
        f'<figure class="srlib" {attributes}>'
        f"<style>{' '.join(style.split())}</style>{body}"
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
