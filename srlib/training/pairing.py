"""Do inputs and truths belong together? Asked before anything is learned from them."""

from collections.abc import Sequence
from typing import Protocol as Interface

import torch

from srlib.errors import TrainingError
from srlib.images.values import shave

ENOUGH = 16  # patches, so that chance does not decide
CLEARLY = 0.95  # of the error: by so much another place must fit better before it counts
FAR = 2**40  # a step
MARGIN = 1e-3  # of the correlation, likewise
ROUNDING = 1e-9  # of a squared error


class Batches(Interface):
    """Where patches come from."""

    batch_size: int

    def batch(self, step: int) -> Sequence[torch.Tensor]: ...


def check_batches(batches: Batches, enlarge=lambda lr: lr) -> None:
    """:func:`check_pairs` on batches that no training comes to, as many as hold 16 patches.

    Args:
        batches: of inputs and truths.
        enlarge: brings inputs to the truths' size.
    """
    count = -(-ENOUGH // batches.batch_size)
    steps = range(FAR, FAR + count)
    inputs, truths = zip(*(batches.batch(step) for step in steps), strict=True)
    check_pairs(enlarge(torch.cat(inputs)), torch.cat(truths))


def check_pairs(bicubic: torch.Tensor, hr: torch.Tensor) -> None:
    """Refuse inputs and truths that do not belong together.

    Each upscaled input must resemble its own truth more than it resembles another one's, on the
    mean over all, and must fit it best where it is, not moved by a pixel. How close it comes says
    little: of a QR code bicubic interpolation misses most.

    Args:
        bicubic, hr: ``(B, C, H, W)`` in [0, 1].

    Raises:
        TrainingError: for shuffled or misaligned pairs.
    """
    alike = resemblances(bicubic, hr)
    own, best_other = alike[0], max(alike[1:], default=-1.0)
    down, right = best_shift(bicubic, hr)
    if best_other > own + MARGIN:
        trouble = (
            "what bicubic makes of the inputs resembles other truths more than their own "
            f"(correlation {best_other:.2f} with those of other pairs, {own:.2f} with their own)"
        )
    elif (down, right) != (0, 0):
        trouble = (
            f"what bicubic makes of the inputs fits best moved by {down} pixels down and {right} "
            "to the right"
        )
    else:
        return
    raise TrainingError(
        f"the LR and HR patches do not belong together: {trouble}. Check how the pairs are made"
    )


def resemblances(inputs: torch.Tensor, truths: torch.Tensor) -> list[float]:
    """Mean correlation of inputs with truths: first with their own, then with those 1, 2, ... on.

    An image of one colour resembles nothing.

    Args:
        inputs, truths: ``(B, C, H, W)``.

    Returns:
        B numbers between -1 and 1.
    """
    a, b = (_without_mean(side) for side in (inputs, truths))
    count = len(a)
    alike = a @ b.T  # (B, B): of each input with each truth
    rows = torch.arange(count)
    return [float(alike[rows, (rows + shift) % count].mean()) for shift in range(count)]


def _without_mean(images: torch.Tensor) -> torch.Tensor:
    """``(B, C, H, W)`` -> ``(B, N)`` with mean 0 and length 1, or 0 where an image is flat."""
    values = images.flatten(1).float()
    values = values - values.mean(dim=1, keepdim=True)
    length = values.norm(dim=1, keepdim=True)
    return values / length.clamp_min(1e-4 * values.shape[1] ** 0.5)  # a flat one is all rounding


def best_shift(bicubic: torch.Tensor, hr: torch.Tensor) -> tuple[int, int]:
    """By how many pixels, down and right, the inputs fit clearly better than where they are."""
    centre = shave(hr, 1)
    height, width = centre.shape[-2:]
    errors = {
        (top - 1, left - 1): float(
            torch.mean((bicubic[..., top : top + height, left : left + width] - centre) ** 2)
        )
        for top in range(3)
        for left in range(3)
    }
    best = min(errors, key=errors.get)
    return best if errors[best] < CLEARLY * errors[0, 0] - ROUNDING else (0, 0)
