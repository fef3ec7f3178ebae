"""The memory bench runs the real command, and says when the limit is not kept."""

import pytest

from bench import upscale as bench
from bench.upscale import Cost


def test_each_row_is_the_command_in_its_own_process():
    costs = bench.measure((8, 6), ("bicubic",))
    assert list(costs) == ["one pixel", "bicubic"]
    assert all(each.seconds > 0 and each.file > 60 for each in costs.values())
    assert all(5e7 < each.peak < 2e9 for each in costs.values())  # Python and torch


def test_a_command_that_fails_is_no_measurement(tmp_path):
    with pytest.raises(RuntimeError, match="none.png' does not exist"):
        bench.cost(tmp_path / "none.png", "bicubic")


@pytest.mark.parametrize("peak, verdict", [(1_900_000_000, "below"), (2_000_000_000, "NOT below")])
def test_the_verdict(peak, verdict):
    costs = {"srgan": Cost(1.0, peak, 1)}
    assert f"srgan: {verdict} the limit" in bench.table(bench.LARGE, costs).caption
    assert bench.table((640, 480), costs).caption is None
