"""Figures that more than one chapter needs."""

import io
from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from matplotlib.font_manager import findfont
from matplotlib.patches import Rectangle
from PIL import Image, ImageDraw, ImageFont

NAME_HEIGHT = 24  # rows of pixels that the name above a tile takes


def tile(
    images: Mapping[str, np.ndarray], height: int = 192, columns: int | None = None
) -> np.ndarray:
    """Images beside each other as one picture in which each pixel is a square of whole pixels.

    A figure resamples what it shows, so that fine patterns alias; this does not. For
    :func:`show_tiles` and :func:`srlib.book.widgets.stack`.

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

    buffer = io.BytesIO()
    Image.fromarray(tile(images, height, columns)).save(buffer, "png", optimize=True)
    display({"image/png": buffer.getvalue()}, raw=True)


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
    title = Image.new("L", (pixels.shape[1], NAME_HEIGHT), 255)
    font = ImageFont.truetype(findfont("DejaVu Sans"), 17)
    if font.getlength(name) > title.width:  # a long name on a narrow tile
        size = 17 * title.width // int(font.getlength(name) + 1)
        font = font.font_variant(size=max(size, 1))
    ImageDraw.Draw(title).text((title.width / 2, 11), name, 0, font, anchor="mm")
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


def curves(
    x: np.ndarray,
    lines: Mapping[str, np.ndarray],
    xlabel: str,
    ylabel: str,
    dots: tuple[np.ndarray, np.ndarray] | None = None,
    marks: Mapping[str, float] | None = None,
) -> plt.Axes:
    """Named curves over one axis, told apart by their dashes as well as their colour.

    Args:
        x: positions ``(n,)``.
        lines: name -> values ``(n,)``; not a number leaves a gap.
        dots: positions and values of samples, drawn as black dots.
        marks: name -> position of a dotted vertical line.

    Returns:
        the axes, for a title or a limit.
    """
    dashes = ("-", "--", "-.", (0, (1, 1)), (0, (5, 1, 1, 1, 1, 1)), (0, (8, 2)), (0, (3, 3)))
    _, ax = plt.subplots(figsize=(7, 3))
    for index, (name, y) in enumerate(lines.items()):
        ax.plot(x, y, ls=dashes[index % len(dashes)], lw=1.6, label=name)
    if dots:
        ax.plot(*dots, "ko", ms=5, zorder=3)
    for name, position in (marks or {}).items():
        ax.axvline(position, color="k", ls=":", lw=1)
        ax.annotate(name, (position, 1.0), (3, -9), ("data", "axes fraction"), "offset points")
    ax.set(xlabel=xlabel, ylabel=ylabel)
    ax.legend(fontsize=10)
    return ax


def pixel_grids(rows: Mapping[str, tuple[np.ndarray, float]]) -> plt.Axes:
    """Rows of pixels over one axis, each pixel a cell with a dot at its centre.

    Args:
        rows: name -> (centres ``(n,)``, width of a pixel), drawn from top to bottom. Dotted lines
            mark the borders of the first row's pixels, dashed ones lead down from their centres.
    """
    _, ax = plt.subplots(figsize=(7, 0.8 * len(rows) + 0.5))
    for level, (centres, width) in enumerate(rows.values()):
        colour = f"C{level}"
        for u in centres:
            corner = (u - width / 2, -level - 0.3)
            ax.add_patch(Rectangle(corner, width, 0.6, fc=colour, alpha=0.2, ec="none"))
            ax.add_patch(Rectangle(corner, width, 0.6, fill=False, ec=colour, lw=1))
        ax.plot(centres, np.full(len(centres), -level), "o", color=colour, ms=5)
    for u in next(iter(rows.values()))[0]:
        ax.axvline(u, color="k", ls="--", lw=0.6, zorder=0)
    ax.set(ylim=(-len(rows) + 0.5, 0.75), xlabel="position $u$ in pixels of the input")
    ax.set_yticks([-level for level in range(len(rows))], list(rows))
    ax.tick_params(axis="y", length=0)
    ax.grid(False)
    ax.spines["left"].set_visible(False)
    return ax


def kernel_card(
    kernel: tuple[np.ndarray, np.ndarray],
    response: tuple[np.ndarray, np.ndarray],
    picture: np.ndarray,
) -> Figure:
    """A kernel and its frequency response above each other, and beside them what they make.

    Axes are fixed, so that several cards can be compared, as in :func:`srlib.book.widgets.stack`.

    Args:
        kernel: positions in pixels, within 2.5, and values.
        response: frequencies in cycles per pixel, 0 to 2, and values.
        picture: uint8 ``(H, W)`` or ``(H, W, 3)``.
    """
    fig, axes = plt.subplot_mosaic(
        [["kernel", "picture"], ["response", "picture"]],
        figsize=(7.2, 4.2),
        width_ratios=(1, 2),
        dpi=90,
        layout="constrained",
    )
    axes["kernel"].plot(*kernel)
    axes["kernel"].set(xlim=(-2.5, 2.5), ylim=(-0.4, 1.1), title="kernel")
    axes["kernel"].set_xlabel("distance in pixels")
    axes["response"].plot(*response, color="C1")
    axes["response"].plot([0, 0.5, 0.5, 2], [1, 1, 0, 0], "k:", lw=1)  # the ideal
    axes["response"].set(xlim=(0, 2), ylim=(-0.25, 1.5), title="response")
    axes["response"].set_xlabel("cycles per pixel")
    axes["picture"].imshow(picture, vmin=0, vmax=255)
    axes["picture"].set_axis_off()
    return fig


def learning_curves(
    loss: tuple[Sequence[float], Sequence[float]],
    psnr: Mapping[str, tuple[Sequence[float], Sequence[float]]],
    ylabel: str = "PSNR in dB",
    marks: Mapping[str, float] | None = None,
) -> Figure:
    """Loss and PSNR over the steps of a training, one below the other.

    Args:
        loss: steps and losses, all above 0; drawn on a logarithmic axis.
        psnr: name -> steps and values.
        ylabel: what the values are.
        marks: name -> step of a dotted vertical line in the lower panel.
    """
    fig, (upper, lower) = plt.subplots(2, 1, figsize=(5, 5.2))
    upper.semilogy(*loss, lw=1.2)
    upper.set(xlabel="step", ylabel="mean squared error")
    for style, (name, points) in zip(("-", "--", "-.", ":"), psnr.items(), strict=False):
        lower.plot(*points, style, lw=1.6, label=name)
    for name, step in (marks or {}).items():
        lower.axvline(step, color="k", ls=":", lw=1)
        place, above = ("data", "axes fraction"), "offset points"
        lower.annotate(name, (step, 1.0), (0, 3), place, above, ha="center", fontsize=10)
    lower.set(xlabel="step", ylabel=ylabel)
    lower.legend(fontsize=10)
    return fig
