"""Learning-rate schedules, step by step."""

import numpy as np
import pytest

from srlib.training.schedules import constant, cosine, drop


def test_constant():
    assert [constant(step) for step in (0, 10, 10**6)] == [1, 1, 1]


def test_cosine_schedule():
    factors = [cosine(200, warmup=20, floor=0.1)(step) for step in range(200)]
    assert factors[:20] == pytest.approx(np.arange(1, 21) / 20)
    assert factors[20] == 1 and factors[110] == pytest.approx(0.55)
    assert all(a >= b for a, b in zip(factors[20:], factors[21:], strict=False))
    assert factors[-1] == pytest.approx(0.1, abs=1e-3)
    assert cosine(200, floor=0.1)(10**6) == pytest.approx(0.1)
    with pytest.raises(ValueError, match="warmup must be shorter"):
        cosine(10, warmup=10)


def test_drop():
    assert [drop(2)(step) for step in range(4)] == [1, 1, 0.1, 0.1]
    assert [drop(0, 0.5)(step) for step in range(2)] == [0.5, 0.5]
    with pytest.raises(ValueError, match="after must be at least 0 steps, not -1"):
        drop(-1)
