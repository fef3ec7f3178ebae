"""Pairs that belong together pass whatever they show; shuffled and misaligned ones do not."""

from collections.abc import Callable

import numpy as np
import pytest
import torch

from srlib.data.dead_leaves import dead_leaves
from srlib.errors import TrainingError
from srlib.training.pairing import check_batches, check_pairs, resemblances
from srlib.training.srcnn import LumaPatches


def code(seed: int, pixels: int, modules: int = 40) -> np.ndarray:
    """Like a QR code: random squares, three of them larger, with a white border."""
    squares = np.random.default_rng(seed).integers(0, 2, (modules, modules), np.uint8) * 255
    for top, left in ((0, 0), (0, modules - 7), (modules - 7, 0)):
        for inset, value in ((0, 0), (1, 255), (2, 0)):
            end = 7 - inset
            squares[top + inset : top + end, left + inset : left + end] = value
    large = np.pad(np.kron(squares, np.ones((pixels, pixels), np.uint8)), 16, constant_values=255)
    return np.stack([large] * 3, axis=2)


def noise(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (160, 160, 3), np.uint8)


def stripes(seed: int) -> np.ndarray:
    line = np.roll(np.uint8([0, 0, 0, 255, 255, 255]), seed)
    return np.stack([np.tile(line, (160, 30))] * 3, axis=2)


def white(seed: int) -> np.ndarray:
    return np.full((160, 160, 3), 255, np.uint8)


IMAGES = {
    "leaves": lambda seed: dead_leaves(160, seed),
    "codes of 3 pixels": lambda seed: code(seed, 3),
    "codes of 4 pixels": lambda seed: code(seed, 4),
    "codes of 5 pixels": lambda seed: code(seed, 5),
    "the same code": lambda seed: code(0, 4),
    "noise": noise,
    "stripes": stripes,
    "white": white,
}


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("name", IMAGES)
def test_true_pairs_pass(name, scale):
    for batch_size in (1, 4, 16):
        images = [IMAGES[name](seed) for seed in range(4)]
        check_batches(LumaPatches(images, scale, batch_size, seed=1))


def pairs(make: Callable[[int], np.ndarray], scale: int) -> tuple[torch.Tensor, torch.Tensor]:
    return LumaPatches([make(seed) for seed in range(4)], scale, 16, seed=0).batch(0)


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("name", ["leaves", "codes of 4 pixels", "codes of 5 pixels", "noise"])
def test_shuffled_pairs_do_not(name, scale):
    bicubic, hr = pairs(IMAGES[name], scale)
    with pytest.raises(TrainingError, match="resembles other truths more than their own"):
        check_pairs(bicubic.roll(1, dims=0), hr)


@pytest.mark.parametrize("shift", [(0, 1), (1, 0), (-1, -1)])
@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("name", ["leaves", "codes of 4 pixels"])
def test_misaligned_pairs_do_not(name, scale, shift):
    bicubic, hr = pairs(IMAGES[name], scale)
    with pytest.raises(TrainingError, match="fits best moved by .*Check how the pairs are made"):
        check_pairs(bicubic.roll(shift, dims=(2, 3)), hr)


def test_resemblance_is_correlation():
    a = torch.tensor([[0.0, 1.0], [1.0, 0.0]]).reshape(2, 1, 1, 2)
    assert resemblances(a, a) == pytest.approx([1, -1])
    assert resemblances(a, torch.full_like(a, 0.3)) == pytest.approx([0, 0])
