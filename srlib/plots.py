"""Figures that more than one chapter needs."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from matplotlib.font_manager import findfont
from matplotlib.patches import Rectangle
from PIL import Image, ImageDraw, ImageFont

Box = tuple[int, int, int, int]  # top, left, height, width, in pixels


def show(
    images: Mapping[str, np.ndarray], crop: Box | None = None, columns: int | None = None
) -> Figure:
    """Images in a row, each under its name; with ``crop`` a second row enlarges that box.

    Args:
        images: name -> uint8 ``(H, W)`` or ``(H, W, 3)``. Pixels are drawn as squares, never
            smoothed, so that what is seen is what is there.
        crop: (top, left, height, width) in pixels of the first image. The box is taken at the same
            relative place in images of other sizes, so that an LR image can stand beside its HR.
        columns: images in a row; all by default. Not together with ``crop``.
    """
    if crop and columns:
        raise ValueError("crop draws one row of images and one of details: leave out columns")
    columns = columns or len(images)
    rows = 2 if crop else -(-len(images) // columns)
    height, width = next(iter(images.values())).shape[:2]
    cell = 9 / columns
    detail = cell * crop[2] / crop[3] if crop else 0
    total = cell * height / width * (1 if crop else rows) + detail + 0.3 * rows
    ratios = [height / width, crop[2] / crop[3]] if crop else None
    fig, axes = plt.subplots(rows, columns, figsize=(9, total), squeeze=False, height_ratios=ratios)
    for ax in axes.flat:
        ax.set_axis_off()
    for index, (name, image) in enumerate(images.items()):
        ax = axes[0, index] if crop else axes.flat[index]
        _draw(ax, image, name)
        if crop:
            box = _scaled(crop, image.shape[0] / height)
            top, left, tall, wide = box
            ax.add_patch(Rectangle((left, top), wide, tall, fill=False, color="orange", lw=1.5))
            _draw(axes[1, index], image[top : top + tall, left : left + wide], None)
    return fig


def _draw(ax: plt.Axes, image: np.ndarray, title: str | None) -> None:
    ax.imshow(image, vmin=0, vmax=255, cmap="gray", interpolation="nearest")
    if title:
        ax.set_title(title, fontsize=9)


def _scaled(box: Box, factor: float) -> Box:
    top, left, height, width = (round(value * factor) for value in box)
    return top, left, max(1, height), max(1, width)


def tile(
    images: Mapping[str, np.ndarray], height: int = 192, columns: int | None = None
) -> np.ndarray:
    """Images beside each other as one picture in which each pixel is a square of whole pixels.

    A figure resamples what it shows, so that fine patterns alias; this does not. For
    :func:`show_tiles` and :func:`widgets.stack`.

    Args:
        images: name -> ``(H, W)`` or ``(H, W, 3)`` on 0..255; ``H`` must divide ``height``. The
            name is written above; an empty one leaves no room for it.
        height: to which each image is enlarged by repeating its pixels.
        columns: images in a row; all by default.

    Returns:
        uint8 ``(H, W)`` when all are grey, else ``(H, W, 3)``.
    """
    columns = columns or len(images)
    tiles = [_enlarged(name, image, height) for name, image in images.items()]
    rows = [_joined(tiles[i : i + columns], axis=1) for i in range(0, len(tiles), columns)]
    return _joined(rows, axis=0)


def show_tiles(
    images: Mapping[str, np.ndarray], height: int = 192, columns: int | None = None
) -> None:
    """Display :func:`tile`'s picture as a PNG of just these pixels."""
    from IPython.display import display

    display(Image.fromarray(tile(images, height, columns)), include=["image/png"])


def _enlarged(name: str, image: np.ndarray, height: int) -> np.ndarray:
    """One named tile, uint8."""
    if height % image.shape[0]:
        raise ValueError(
            f"an image of {image.shape[0]} rows does not fill {height} with whole pixels: "
            "choose a height that is a multiple of it"
        )
    times = height // image.shape[0]
    pixels = np.clip(np.floor(image + 0.5), 0, 255).astype(np.uint8)
    pixels = pixels.repeat(times, axis=0).repeat(times, axis=1)
    if not name:
        return pixels
    title = Image.new("L", (pixels.shape[1], 20), 255)
    font = ImageFont.truetype(findfont("DejaVu Sans"), 13)
    ImageDraw.Draw(title).text((title.width / 2, 9), name, 0, font, anchor="mm")
    return _joined([np.asarray(title), pixels], axis=0, gap=0)


def _joined(parts: list[np.ndarray], axis: int, gap: int = 12) -> np.ndarray:
    """Parts in a row (axis 1) or a column (axis 0), white between them and where one is short."""
    if any(part.ndim == 3 for part in parts):
        parts = [p if p.ndim == 3 else p[..., None].repeat(3, axis=2) for p in parts]
    other = 1 - axis
    length = max(part.shape[other] for part in parts)
    spaced = []
    for index, part in enumerate(parts):
        missing = [(0, 0)] * part.ndim
        missing[axis] = (0, gap if index < len(parts) - 1 else 0)
        missing[other] = (0, length - part.shape[other])
        spaced.append(np.pad(part, missing, constant_values=255))
    return np.concatenate(spaced, axis=axis)
