"""Learning-rate schedules: functions of the step, counted from 0, that give a factor."""

import math
from collections.abc import Callable

from srlib.errors import ArgumentError

Schedule = Callable[[int], float]

FINAL = 0.003  # of the recipes: the last learning rate, as a share of the highest


def constant(step: int) -> float:
    """Always 1."""
    return 1.0


def cosine(steps: int, warmup: int = 0, floor: float = 0.0) -> Schedule:
    """Rises in a line over ``warmup`` steps, then falls from 1 to ``floor`` in half a cosine.

    >>> schedule = cosine(100, warmup=10)
    >>> [round(schedule(step), 3) for step in (0, 9, 10, 55, 99)]
    [0.1, 1.0, 1.0, 0.5, 0.0]
    """
    if not 0 <= warmup < steps:
        raise ArgumentError(f"warmup must be shorter than the {steps} steps, not {warmup}")

    def factor(step: int) -> float:
        if step < warmup:
            return (step + 1) / warmup
        done = min(1.0, (step - warmup) / (steps - warmup))
        return floor + (1 - floor) * 0.5 * (1 + math.cos(math.pi * done))

    return factor


def drop(after: int, factor: float = 0.1) -> Schedule:
    """1, and after that many steps ``factor``: SRGAN's 1e-4, then 1e-5.

    >>> [drop(100)(step) for step in (0, 99, 100)]
    [1.0, 1.0, 0.1]
    """
    if after < 0:
        raise ArgumentError(f"after must be at least 0 steps, not {after}")
    return lambda step: 1.0 if step < after else factor
