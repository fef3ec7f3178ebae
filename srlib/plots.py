"""Figures that more than one chapter needs."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

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


def side_by_side(*planes: np.ndarray, height: int = 192, gap: int = 12) -> np.ndarray:
    """Planes of different sizes as one picture of whole pixels, for :func:`widgets.stack`.

    Unlike a figure, nothing is resampled on the way: each pixel becomes a square of whole pixels,
    so that fine patterns do not alias.

    Args:
        planes: ``(h, w)`` on 0..255; ``h`` must divide ``height``.
        height: of the picture, to which each plane is enlarged by repeating pixels.
        gap: of white between two planes, in pixels.

    Returns:
        uint8 ``(height, W)``.
    """
    parts = []
    for plane in planes:
        if height % plane.shape[0]:
            raise ValueError(f"a plane of {plane.shape[0]} rows does not fill {height} evenly")
        times = height // plane.shape[0]
        enlarged = plane.repeat(times, axis=0).repeat(times, axis=1)
        parts += [np.full((height, gap), 255.0), np.clip(np.floor(enlarged + 0.5), 0, 255)]
    return np.hstack(parts[1:]).astype(np.uint8)
