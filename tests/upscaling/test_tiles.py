"""Tiles: they cover the image once, see what they need, and are as large as the memory allows."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch.nn import functional

from srlib.upscaling import tiles
from srlib.upscaling.tiles import in_tiles, tile_side, windows

SIZES = [(1, 1), (1, 50), (37, 1), (20, 20), (41, 23)]


@pytest.mark.parametrize("height, width", SIZES)
@pytest.mark.parametrize("margin", [0, 3, 100])
@pytest.mark.parametrize("tile", [1, 7, 20, 64])
def test_windows(height, width, margin, tile):
    scale = 3
    covered = np.zeros((height * scale, width * scale), int)
    for window in windows(height, width, scale, margin, tile):
        covered[window.target] += 1
        rows, columns = np.mgrid[:height, :width]
        part = np.stack([rows, columns])[(slice(None), *window.around)]
        large = part.repeat(scale, axis=1).repeat(scale, axis=2)[(slice(None), *window.inside)]
        whole = np.stack([rows, columns]).repeat(scale, axis=1).repeat(scale, axis=2)
        assert np.array_equal(large, whole[(slice(None), *window.target)])
        sides = [(each.stop - each.start) // scale for each in window.target]
        assert max(sides) <= tile and max(part.shape[1:]) <= tile + 2 * margin
    assert (covered == 1).all()


def test_tiles_are_about_equal():
    rows = [window.target[0] for window in windows(1025, 10, 2, 5, 512)]
    assert sorted((each.stop - each.start) // 2 for each in rows) == [341, 342, 342]


@pytest.mark.parametrize("grid, tile", [(1, 8), (4, 8), (8, 8), (4, 12), (6, 36)])
@pytest.mark.parametrize("size", [*range(1, 40), 71, 72, 73, 100])
def test_tiles_on_a_grid(size, grid, tile):
    """Each begins at a multiple of it, none is empty or too large, and together they are all."""
    spans = [window.target[0] for window in windows(size, 1, 1, 3, tile, grid)]
    starts = [each.start for each in spans]
    assert starts[0] == 0 and all(start % grid == 0 for start in starts)
    assert [each.stop for each in spans] == [*starts[1:], size]
    assert all(0 < each.stop - each.start <= tile for each in spans)
    assert len(spans) == -(-size // tile)


def test_a_grid_of_whole_tiles():
    """As the perceptual distances walk: full tiles, then what is left."""
    spans = [window.target[0] for window in windows(1000, 1, 1, 16, 384, grid=384)]
    assert spans == [slice(0, 384), slice(384, 768), slice(768, 1000)]
    assert list(windows(384, 384, 1, 16, 384, grid=384))[0].target == (slice(0, 384),) * 2


@pytest.mark.parametrize("height, width", SIZES)
@pytest.mark.parametrize("tile", [1, 7, 20, 64])
def test_a_convolution_in_tiles(height, width, tile):
    """What padding does at the image's border must not happen at a tile's."""
    generator = torch.Generator().manual_seed(0)
    kernel = torch.rand(2, 2, 7, 7, generator=generator) / 98
    image = torch.rand(1, 2, height, width, generator=generator)

    def network(part: torch.Tensor) -> torch.Tensor:
        blurred = functional.conv2d(part, kernel, padding=3)
        return blurred.repeat_interleave(2, 2).repeat_interleave(2, 3)

    whole = network(image)
    assert (in_tiles(network, image, 2, 3, tile) - whole).abs().max() < 1e-6
    if max(height, width) > tile > 1:
        assert (in_tiles(network, image, 2, 2, tile) - whole).abs().max() > 1e-4


def test_the_result_is_clamped():
    lr = torch.tensor([[[[-1.0, 0.5, 2.0]]]])
    assert in_tiles(lambda part: part, lr, 1, 0, 2).tolist() == [[[[0.0, 0.5, 1.0]]]]


@pytest.mark.parametrize(
    "available, side",
    [
        (40_000_000, 100 - 10),  # a quarter, at 1000 bytes a pixel: 100 x 100, margins included
        (10_000, tiles.SMALLEST),
        (10**15, int((tiles.MOST / 1000) ** 0.5) - 10),
    ],
)
def test_the_side_follows_the_memory(monkeypatch, available, side):
    memory = SimpleNamespace(available=available)
    monkeypatch.setattr(tiles.psutil, "virtual_memory", lambda: memory)
    assert tile_side(1000, margin=5) == side
