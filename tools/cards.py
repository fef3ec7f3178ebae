"""Make the small pictures of the chapters on the landing page, each by what its chapter is about.

python tools/cards.py
"""

import csv
import io
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import matplotlib

matplotlib.use("agg")  # no window

import matplotlib.pyplot as plt
import numpy as np
from PIL import Image

import srlib
from srlib.atomic import write_whole

ROOT = Path(__file__).parents[1]
STATIC = ROOT / "book" / "_static"
HEIGHT, WIDTH = 250, 400
LABELS = {"bicubic": "bicubic", "srcnn": "SRCNN", "srresnet": "SRResNet", "srgan": "SRGAN"}
PLACES = {  # of a label from its point, in points
    "bicubic": ((9, -4), "left"),
    "srcnn": ((-8, 2), "right"),
    "srresnet": ((-8, -13), "right"),
    "srgan": ((9, -4), "left"),
}
BLUE, ORANGE = np.array([22, 96, 167.0]), np.array([222, 116, 22.0])


def main() -> None:
    for chapter, draw in CARDS.items():
        write_whole(STATIC / f"card_{chapter}.webp", webp(draw()))


def aliased() -> np.ndarray:
    """A zone plate: rings that get finer outwards, on pixels that are shown twice as large.

    At the left and right edge stand rings as coarse as the middle's, which are not in the scene:
    there one pixel is as wide as a ring, its light and dark part together.
    """
    y, x = np.mgrid[: HEIGHT // 2, : WIDTH // 2] + 0.5
    squared = (y - HEIGHT / 4) ** 2 + (x - WIDTH / 4) ** 2
    fastest = 1.0  # cycles per pixel at the left and right edge; the pixels hold 0.5
    rings = grey(0.5 + 0.5 * np.cos(2 * np.pi * fastest / (WIDTH / 2) * squared))
    return rings.repeat(2, 0).repeat(2, 1)


def interpolated() -> np.ndarray:
    """The pupil of a cat, enlarged ten times: nearest, linear and cubic, from left to right."""
    eye = srlib.photograph("chelsea").image[94:119, 162:176]
    ways = [srlib.imresize(eye, 10, kernel=kernel) for kernel in ("nearest", "linear", "cubic")]
    return side_by_side(*ways)


def sharpened() -> np.ndarray:
    """A spoon at x4, by bicubic interpolation (left) and by SRCNN (right)."""
    return two_methods("coffee", (200, 284), "bicubic", "srcnn")


def invented() -> np.ndarray:
    """The cat's fur at x4, by bicubic interpolation (left) and by SRGAN (right)."""
    return two_methods("chelsea", (28, 172), "bicubic", "srgan")


def two_methods(photograph: str, corner: tuple[int, int], *methods: str) -> np.ndarray:
    """The same part of a photograph twice, as two methods see it; its pixels twice as large."""
    lr, _ = srlib.degrade(srlib.photograph(photograph).image, 4)
    top, left = corner
    ways = [
        srlib.load(name, 4)(lr)[top : top + HEIGHT // 2, left : left + WIDTH // 4]
        for name in methods
    ]
    return side_by_side(*(way.repeat(2, 0).repeat(2, 1) for way in ways))


def best_discriminator() -> np.ndarray:
    """D* = p / (p + q): p is a ring of eight clusters (orange), q one cluster amid it (blue)."""
    y, x = np.mgrid[:HEIGHT, :WIDTH] + 0.5
    y, x = (y - HEIGHT / 2) / 100, (x - WIDTH / 2) / 100

    def cluster(centre_x: float, centre_y: float, sd: float) -> np.ndarray:
        squared = (x - centre_x) ** 2 + (y - centre_y) ** 2
        return np.exp(-squared / (2 * sd**2)) / (2 * np.pi * sd**2)

    angles = np.arange(8) * np.pi / 4
    p = sum(cluster(0.9 * np.cos(angle), 0.9 * np.sin(angle), 0.12) for angle in angles) / 8
    q = cluster(0, 0, 0.45)
    judged = (p / (p + q))[..., None]
    return np.rint(judged * ORANGE + (1 - judged) * BLUE).astype(np.uint8)


@matplotlib.rc_context(matplotlib.rcParamsDefault)  # whatever style the process has
def plane() -> np.ndarray:
    """The stored methods by PSNR and NIQE at x4: near the truth to the right, natural below."""
    table = ROOT / "results" / "benchmark" / "photographs_x4" / "summary.csv"
    with table.open() as file:
        rows = [
            (row["method"], float(row["psnr"]), float(row["niqe"])) for row in csv.DictReader(file)
        ]
    fig, axes = plt.subplots(figsize=(WIDTH / 100, HEIGHT / 100), dpi=100, layout="constrained")
    for name, x, y in rows:
        axes.scatter(x, y, s=60, color=BLUE / 255)
        if name in PLACES:
            away, align = PLACES[name]
            axes.annotate(
                LABELS[name], (x, y), away, textcoords="offset points", ha=align, fontsize=11
            )
    axes.set(xlabel="PSNR (dB)", ylabel="NIQE", xlim=(27.2, 29.9), ylim=(4, 9))
    fig.canvas.draw()
    pixels = np.asarray(fig.canvas.buffer_rgba())[..., :3].copy()
    plt.close(fig)
    return pixels


def grey(values: np.ndarray) -> np.ndarray:
    """Values in [0, 1] as uint8 ``(H, W, 3)``."""
    return np.rint(255 * values).astype(np.uint8)[..., None].repeat(3, 2)


def side_by_side(*pictures: np.ndarray) -> np.ndarray:
    """Equal upright strips, each of one of the pictures, with white lines between them."""
    edges = [round(WIDTH * i / len(pictures)) for i in range(len(pictures) + 1)]
    widths = [right - left for left, right in pairwise(edges)]
    strips = [picture[:, :width] for picture, width in zip(pictures, widths, strict=True)]
    result = np.concatenate(strips, axis=1)
    for edge in edges[1:-1]:
        result[:, edge - 1 : edge + 1] = 255
    return result


def webp(picture: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "webp", quality=85, method=6)
    return buffer.getvalue()


CARDS: dict[str, Callable[[], np.ndarray]] = {
    "01_pixels_and_fidelity": aliased,
    "02_interpolation": interpolated,
    "03_srcnn": sharpened,
    "04_gan_theory": best_discriminator,
    "05_srgan": invented,
    "06_benchmark": plane,
}

if __name__ == "__main__":
    main()
