"""Colour beside alpha: what cannot be seen does not bleed into what can, by any method."""

import math

import numpy as np
import pytest

from srlib.images.resize import imresize
from srlib.upscaling import alpha as blending
from srlib.upscaling.method import load
from tests.helpers.arrays import equal, pixels, sixteen_bits

METHODS = [("bicubic", 2), ("bicubic", 3), ("bicubic", 4), ("srcnn", 2), ("srcnn", 4)]
NETWORKS = [("srresnet", 4), ("srgan", 4)]


def two_halves(left: list[int], right: list[int], dtype: type = np.uint8) -> np.ndarray:
    image = np.empty((8, 8, len(left)), dtype)
    image[:, :4], image[:, 4:] = left, right
    return image


def on(background: float, image: np.ndarray) -> np.ndarray:
    """The image in front of a grey wall, on 0..255."""
    most = np.iinfo(image.dtype).max
    alpha = image[..., -1:] / most
    return 255 / most * alpha * image[..., :-1] + (1 - alpha) * background


@pytest.mark.parametrize("name, scale", METHODS + NETWORKS)
@pytest.mark.parametrize("planes", [1, 3])
def test_no_dark_line_between_white_and_a_shadow(name, scale, planes):
    image = two_halves([255] * planes + [255], [0] * planes + [40])
    row = on(255, load(name, scale)(image))[4 * scale, :, 0]
    near = row[2 * scale : -2 * scale]  # a network may waver elsewhere by a level
    assert np.all(np.diff(near) <= 0.5)
    off = 3 if name == "srresnet" else 2  # 3: what it makes of flat white with the oldest torch
    assert row[0] == pytest.approx(255, abs=off) and row[-1] == pytest.approx(215, abs=2)
    assert row.min() > 214 - (name in ("srresnet", "srgan"))


@pytest.mark.parametrize("name, scale", METHODS + NETWORKS)
@pytest.mark.parametrize("hidden", [0, 1])
def test_what_is_nearly_invisible_does_not_stain(name, scale, hidden):
    image = two_halves([255, 0, 0, 255], [0, 0, 0, hidden])
    sr = load(name, scale)(image)
    seen = sr[sr[..., 3] > 20]
    least = {"srgan": 220, "srresnet": 240}.get(name, 245)  # networks give red a texture
    assert seen[:, 0].min() >= least
    assert on(255, sr)[..., 0].min() >= least


@pytest.mark.parametrize("wall", [0, 128, 255])
def test_a_step_has_no_halo_on_any_wall(wall):
    image = two_halves([255, 255, 255, 255], [100, 100, 100, 40])
    row = on(wall, load("bicubic", 4)(image))[16, :, 0]
    ends = row[0], row[-1]
    assert row.min() >= min(ends) - 3 and row.max() <= max(ends) + 3


def test_sixteen_bits_too():
    image = two_halves([65535] * 3 + [65535], [0, 0, 0, 40 * 257], np.uint16)
    sr = load("bicubic", 2)(image)
    assert sr.dtype == np.uint16 and sr.shape == (16, 16, 4)
    row = on(255, sr)[8, :, 0]
    assert np.all(np.diff(row) <= 0) and row[0] == 255 and row[-1] == pytest.approx(215, abs=0.1)


# Against the definition, pixel by pixel


def keys(x: float) -> float:
    x = abs(x)
    if x <= 1:
        return 1.5 * x**3 - 2.5 * x**2 + 1
    return -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2 if x < 2 else 0.0


def by_definition(image: np.ndarray, scale: int) -> tuple[np.ndarray, np.ndarray]:
    """Colour and alpha of each enlarged pixel in floating point, by loops over its 16 taps."""
    height, width = image.shape[:2]
    colour, alpha = image[..., :-1].astype(float), image[..., -1].astype(float)
    out = np.zeros((height * scale, width * scale, colour.shape[2]))
    opacity = np.zeros((height * scale, width * scale))
    for i in range(height * scale):
        for j in range(width * scale):
            y, x = (i + 0.5) / scale - 0.5, (j + 0.5) / scale - 0.5
            above, below, plain = 0.0, 0.0, 0.0
            near = []
            for m in range(math.floor(y) - 1, math.floor(y) + 3):
                for n in range(math.floor(x) - 1, math.floor(x) + 3):
                    weight = keys(y - m) * keys(x - n)
                    p = min(max(m, 0), height - 1), min(max(n, 0), width - 1)
                    above = above + weight * alpha[p] * colour[p]
                    below = below + weight * alpha[p]
                    plain = plain + weight * colour[p]
                    if m - math.floor(y) in (0, 1) and n - math.floor(x) in (0, 1):
                        near.append(p)
            colours = np.array([colour[p] for p in near])
            alphas = [alpha[p] for p in near]
            value = above / below if below >= 0.5 else plain
            low, high = np.minimum(colours.min(0), plain), np.maximum(colours.max(0), plain)
            out[i, j] = np.clip(value, low, high)
            opacity[i, j] = min(max(below, min(alphas)), max(alphas))
    return out.clip(0, 255), opacity.clip(0, 255)


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_bicubic_is_the_definition(scale):
    image = pixels(7, 6, 4)
    image[..., 3] = np.maximum(image[..., 3], 1)  # nowhere is colour filled in
    colour, alpha = by_definition(image, scale)
    sr = load("bicubic", scale)(image).astype(float)
    assert np.abs(sr[..., 3] - alpha).max() <= 0.5 + 1e-6
    assert np.abs(sr[..., :3] - colour).max() <= 0.5 + 1e-6


def test_the_definition_would_be_missed_by_plain_interpolation():
    image = pixels(7, 6, 4)
    image[..., 3] = np.maximum(image[..., 3], 1)
    plain = imresize(image, 2).astype(float)
    assert np.abs(plain[..., :3] - by_definition(image, 2)[0]).max() > 20


# What stays as it was


@pytest.mark.parametrize("name, scale", METHODS + NETWORKS)
@pytest.mark.parametrize("level", [255, 128, 1])
def test_alpha_that_does_not_vary_changes_no_bit(name, scale, level):
    colour, method = pixels(12, 9, 3), load(name, scale)
    sr = method(np.dstack([colour, np.full((12, 9), level, np.uint8)]))
    assert equal(sr[..., :3], method(colour)) and (sr[..., 3] == level).all()


@pytest.mark.parametrize("name, scale", [("bicubic", 2), ("srcnn", 2)])
def test_far_from_where_alpha_varies_no_bit_changes(name, scale):
    colour = pixels(40, 40, 3)
    alpha = np.full((40, 40), 255, np.uint8)
    alpha[:, :4] = 0
    method = load(name, scale)
    filled = blending.fill_transparent(colour, alpha)
    sr = method(np.dstack([colour, alpha]))[:, 8 * 2 * scale :, :3]
    assert equal(sr, method(filled)[:, 8 * 2 * scale :])


def test_a_networks_detail_stays_where_alpha_changes_slowly():
    """A photograph that fades out: plain interpolation goes hardly wrong there."""
    colour = np.tile(pixels(1, 40, 3) // 2 + 60, (40, 1, 1)).astype(np.uint8)
    alpha = np.repeat(np.linspace(60, 255, 40).astype(np.uint8)[:, None], 40, axis=1)
    method = load("srcnn", 2)
    plain, sr = method(colour).astype(int), method(np.dstack([colour, alpha]))[..., :3].astype(int)
    bicubic = imresize(colour, 2).astype(int)
    inside = np.s_[10:-10, 10:-10]
    assert np.abs(sr - plain)[inside].mean() < 0.2 * np.abs(bicubic - plain)[inside].mean()


@pytest.mark.parametrize("planes, dtype", [(2, np.uint8), (4, np.uint8), (4, np.uint16)])
def test_tiles_are_the_whole(planes, dtype, monkeypatch):
    image = pixels(50, 70, planes) if dtype == np.uint8 else sixteen_bits(50, 70, planes)
    image[10:20, 10:60, -1] = 0
    for name in ("bicubic",) if dtype == np.uint16 else ("bicubic", "srcnn"):
        method = load(name, 2)
        whole = method(image, tile=1000)
        assert equal(method(image, tile=16), whole)
        monkeypatch.setattr(blending, "TILE", 17)
        assert equal(method(image, tile=1000), whole)
        monkeypatch.undo()


def test_wholly_transparent_and_one_pixel():
    for image in (np.zeros((5, 5, 4), np.uint8), pixels(1, 1, 4), pixels(1, 7, 2)):
        sr = load("bicubic", 3)(image)
        assert sr.shape == (3 * image.shape[0], 3 * image.shape[1], image.shape[2])
