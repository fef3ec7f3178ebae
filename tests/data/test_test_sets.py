"""The sets a benchmark is made on, read once before the work."""

import os
import sys
from types import SimpleNamespace

import numpy as np
import psutil
import pytest

from srlib.data import test_sets as sets
from srlib.data.dead_leaves import dead_leaves
from srlib.data.pairs import Pair, degrade
from srlib.data.photographs import photographs
from srlib.data.test_sets import check, other_meaning, test_set
from srlib.errors import ArgumentError, ImageError
from srlib.images.values import digest
from srlib.images.writing import write


def leaves(number: int = 3, scale: int = 2, size: int = 48) -> list[Pair]:
    return [
        Pair(f"leaves{seed}", dead_leaves(size, seed)[:, : size - 7], scale=scale)
        for seed in range(number)
    ]


# test_set


def test_the_photographs():
    pairs = test_set("Photographs", 3)
    assert [pair.name for pair in pairs] == [photo.name for photo in photographs()]
    lr, hr = degrade(photographs()[1].image, 3)
    assert np.array_equal(pairs[1].hr, hr) and np.array_equal(pairs[1].lr, lr)


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_a_published_set_has_its_published_small_versions(set5, scale):
    pairs = test_set("set5", scale)
    assert [pair.name for pair in pairs] == [f"img_{k:03}" for k in range(1, 6)]
    assert all(pair.lr_source.name.endswith("_LR.png") for pair in pairs)
    for pair in pairs:
        hr, lr = pair.pixels(scale)
        assert np.array_equal(hr, pair.hr) and np.array_equal(lr, pair.lr)


def test_a_folder(tmp_path):
    colour, grey = dead_leaves(48, 0), dead_leaves(48, 1)[..., 0]
    write(tmp_path / "b.png", colour)
    write(tmp_path / "a.png", grey)
    pairs = test_set(str(tmp_path), 2)
    assert [pair.name for pair in pairs] == ["a.png", "b.png"]
    assert np.array_equal(pairs[0].hr, np.stack([grey] * 3, axis=2))
    assert np.array_equal(pairs[1].lr, degrade(colour, 2)[0])


def test_what_is_no_set(tmp_path):
    with pytest.raises(ArgumentError, match="no set 'Set6': choose photographs, Set5, Set14, BSD"):
        test_set("Set6", 2)
    with pytest.raises(ArgumentError, match="Urban100 was published at x2, x4, not at x3"):
        test_set("Urban100", 3)
    with pytest.raises(ImageError, match="no image in the folder"):
        test_set(str(tmp_path), 2)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere all names are Unicode")
def test_names_that_are_no_unicode(tmp_path):
    """Linux takes any bytes for a name; tables are UTF-8."""
    write(tmp_path / "a.png", dead_leaves(48, 0))
    os.rename(os.fsencode(tmp_path / "a.png"), os.fsencode(tmp_path) + b"/caf\xe9.png")
    (pair,) = test_set(str(tmp_path), 2)
    assert pair.name == "caf\\xe9.png"
    assert len(check([pair], 2)[0]) == 64


def test_a_folder_that_is_called_like_a_set(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "set5").mkdir()
    write(tmp_path / "set5" / "a.png", dead_leaves(48, 0))
    said = other_meaning("set5")
    assert said.startswith("set5 is the published set here, not the folder") and "./set5" in said
    assert other_meaning("./set5") is None and other_meaning("Set14") is None
    assert [pair.name for pair in test_set("./set5", 2)] == ["a.png"]


# check


def test_the_digest_is_of_all_names_and_pixels():
    pairs = leaves()
    expected = digest(
        (pair.name, plane) for pair in pairs for plane in degrade(pair.hr_source, 2)[::-1]
    )
    assert check(pairs, 2)[0] == expected
    assert len({expected, check(pairs[:2], 2)[0], check(pairs[::-1], 2)[0]}) == 3


def test_what_was_read_is_kept():
    pairs = leaves()
    _, kept = check(pairs, 2)
    assert list(kept) == [pair.name for pair in pairs]
    for pair in pairs:
        for found, expected in zip(kept[pair.name], (pair.hr, pair.lr), strict=True):
            assert np.array_equal(found, expected)


def test_no_more_is_kept_than_a_quarter_of_the_free_memory(monkeypatch):
    small, large = leaves(2), Pair("large", dead_leaves(96, 0), scale=2)
    pairs = [small[0], large, small[1]]
    one = sum(plane.nbytes for plane in small[0].pixels(2))
    expected, _ = check(pairs, 2)
    for room, names in [
        (2 * one, ["leaves0", "leaves1"]),  # what is too large is passed over
        (2 * one - 1, ["leaves0"]),
        (one - 1, []),
    ]:
        monkeypatch.setattr(sets, "WORK", 0)
        free = SimpleNamespace(available=4 * room)
        monkeypatch.setattr(psutil, "virtual_memory", lambda free=free: free)
        found, kept = check(pairs, 2)
        assert list(kept) == names and found == expected


def test_what_does_not_fit_into_memory_is_named(monkeypatch):
    free = SimpleNamespace(available=10**5)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: free)
    with pytest.raises(ImageError, match="'leaves0' has 0 megapixels, of which scores take about"):
        check(leaves(1), 2)


def test_what_cannot_be_benchmarked_is_named(tmp_path):
    with pytest.raises(ArgumentError, match="no image"):
        check([], 2)
    with pytest.raises(ArgumentError, match="two images are called 'leaves0'"):
        check(leaves(1) * 2, 2)
    with pytest.raises(ImageError, match="'t' has 16x14 pixels, too few"):
        check(leaves(1) + [Pair("t", dead_leaves(16, 0)[:14], scale=2)], 2)
    write(tmp_path / "a.png", np.full((40, 40, 4), 7, np.uint8))
    with pytest.raises(ImageError, match="a.png' is partly transparent"):
        check(test_set(str(tmp_path), 2), 2)
