"""srlib download: where the set is, or in one line why it is not."""

import pytest

from srlib.data import published
from srlib.errors import ArgumentError, DownloadError
from tests.helpers.command import run


def test_it_says_where(monkeypatch, tmp_path):
    monkeypatch.setattr(published, "download", lambda name: tmp_path / name)
    assert run("download", "Set5") == (0, f"{tmp_path}/Set5\n", "")


def test_it_finds_what_is_there(set5):
    assert run("download", "set5") == (0, f"{set5}\n", "")


@pytest.mark.parametrize(
    "error", [DownloadError("the server is gone"), ArgumentError("no such set")]
)
def test_it_fails_in_one_line(monkeypatch, error):
    def fail(name):
        raise error

    monkeypatch.setattr(published, "download", fail)
    assert run("download", "Set5") == (2, "", f"srlib: {error}\n")


def test_it_knows_its_names():
    code, _, err = run("download", "Set6")
    assert code == 2 and "'Set6'" in err and "Set5" in err and err.count("\n") == 1


def test_it_wants_a_name():
    code, _, err = run("download")
    assert (code, err.count("\n")) == (2, 1) and "NAME" in err
