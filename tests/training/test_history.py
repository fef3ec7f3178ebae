"""The rows of a training, in memory, in their file, and those that made a shipped network."""

import pytest

from srlib.networks.pretrained import SHIPPED
from srlib.training.history import COLUMNS, History, Row, shipped_history
from tests.helpers.full_disk import files_no_larger_than


def test_history_comes_back_from_its_file(tmp_path):
    history = History([Row(10, 1.5, 0.001, 0.2, 30.125), Row(20, 3.0, 1e-05, 0.1, 31.5)])
    history.save(tmp_path / "h.csv")
    again = History.load(tmp_path / "h.csv")
    assert again.rows == history.rows and type(again.rows[0].step) is int
    assert again.best.step == 20 and again.since_best() == 0
    assert (tmp_path / "h.csv").read_text().splitlines()[0].split(",") == COLUMNS
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    with pytest.raises(ValueError, match="is no history"):
        History.load(tmp_path / "other.csv")
    with pytest.raises(ValueError, match="has the columns"):
        history.column("accuracy")
    with pytest.raises(ValueError, match="train first"):
        _ = History().best


def test_terms_are_columns(tmp_path):
    rows = [Row(step, 1.0, 0.1, 0.5, 20.0, {"d_real": 0.5, "d_fake": step / 8}) for step in (1, 2)]
    History(rows).save(tmp_path / "h.csv")
    again = History.load(tmp_path / "h.csv")
    assert again.rows == rows and again.columns == [*COLUMNS, "d_real", "d_fake"]
    assert again.column("d_fake") == [0.125, 0.25]


def test_the_first_of_equals_is_the_best():
    history = History(
        [Row(step, 1.0, 0.1, 0.5, psnr) for step, psnr in enumerate((20, 30, 30, 25))]
    )
    assert history.best.step == 1 and history.since_best() == 2
    assert History().since_best() == 0 and len(History()) == 0


def test_a_full_disk_leaves_the_old_file(tmp_path):
    History([Row(1, 1.0, 0.1, 0.5, 20.0)]).save(tmp_path / "h.csv")
    before = (tmp_path / "h.csv").read_bytes()
    long = History([Row(step, 1.0, 0.1, 0.5, 20.0) for step in range(99)])
    with files_no_larger_than(1000), pytest.raises(OSError):
        long.save(tmp_path / "h.csv")
    assert (tmp_path / "h.csv").read_bytes() == before


@pytest.mark.parametrize("name", SHIPPED)
def test_those_of_the_shipped_networks(name):
    for scale in SHIPPED[name]:
        history = shipped_history(name, scale)
        assert history.column("step") == sorted(history.column("step")) and len(history) > 3
        assert 20 < history.best.psnr < 50


def test_what_is_not_shipped():
    for name, scale in (("edsr", 2), ("srcnn", 5), ("srgan", 2)):
        with pytest.raises(ValueError, match="shipped"):
            shipped_history(name, scale)
