"""Which images are learned from, which are held out, and whether pairs belong together."""

from pathlib import Path

import pytest
from accelerate import Accelerator

from srlib.data.dead_leaves import dead_leaves
from srlib.errors import ArgumentError, ImageError, TrainingError
from srlib.images.writing import write
from srlib.training.images import PATCH, check_pairs, large_enough, rgb_patches, split
from srlib.training.srcnn import LumaPatches
from tests.helpers.trainings import folder_like_div2k, folder_of_leaves


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return folder_of_leaves(tmp_path_factory.mktemp("leaves"))


@pytest.fixture
def accelerator() -> Accelerator:
    return Accelerator(cpu=True)


# the split


def test_folders_are_split_evenly(folder, accelerator):
    training, held_out = split([folder, folder], accelerator)
    assert [path.name for path in held_out] == ["00.png", "10.png", "08.png"]
    assert len(training) == 24 - 2 * 3  # each held-out image is in both folders here


@pytest.mark.parametrize("count, held_out", [(2, 1), (11, 2), (99, 10), (100, 10), (195, 11)])
def test_how_many_are_held_out(tmp_path, accelerator, count, held_out):
    for number in range(count):
        (tmp_path / f"{number:03}.png").touch()
    training, others = split([tmp_path], accelerator)
    assert (len(training), len(others)) == (count - held_out, held_out)
    assert not set(training) & set(others)


def test_div2k(tmp_path, monkeypatch, accelerator):
    """640 of its 800 training images are trained on, 160 validated on."""
    folder_like_div2k(tmp_path, monkeypatch)
    for name in ("DIV2K", "div2k"):
        training, held_out = split([name], accelerator)
        assert (training[0].name, training[-1].name, len(training)) == ("0001.png", "0640.png", 640)
        assert (held_out[0].name, held_out[-1].name, len(held_out)) == ("0641.png", "0800.png", 160)


def test_div2k_and_folders_do_not_mix(folder, accelerator):
    with pytest.raises(ImageError, match="give it alone"):
        split(["DIV2K", folder], accelerator)


def test_too_few(tmp_path, accelerator):
    with pytest.raises(ArgumentError, match="no data to train on: give a folder of images"):
        split([], accelerator)
    (tmp_path / "a.png").touch()
    with pytest.raises(ImageError, match="1 image in .*: training needs one and validation anoth"):
        split([tmp_path], accelerator)


# large enough


def test_those_that_hold_a_patch(leaves):
    images = sorted(leaves.iterdir())
    assert [path.name for path in images if path not in large_enough(images, [leaves])] == [
        "small.png"
    ]


def test_none_that_holds_a_patch_and_one_that_cannot_be_read(tmp_path):
    small, damaged = tmp_path / "small.png", tmp_path / "damaged.png"
    write(small, dead_leaves(100, 0)[:95])
    with pytest.raises(ImageError, match=f"no image in photos has {PATCH} pixels on each side"):
        large_enough([small], ["photos"])
    damaged.write_bytes(b"\x89PNG")
    with pytest.raises(ImageError, match=r"cannot read .*damaged\.png"):
        large_enough([small, damaged], ["photos"])


# pairs


def test_true_pairs_pass_shuffled_and_misaligned_ones_do_not():
    images = [dead_leaves(128, seed) for seed in range(4)]
    bicubic, hr = LumaPatches(images, 3, batch_size=8, seed=0).batch(0)
    check_pairs(bicubic, hr)
    with pytest.raises(TrainingError, match="do not belong together"):
        check_pairs(bicubic.roll(1, dims=0), hr)
    for shift in ((0, 1), (1, 0), (-1, -1)):
        with pytest.raises(TrainingError, match="fits best moved by"):
            check_pairs(bicubic.roll(shift, dims=(2, 3)), hr)


def test_patches_of_rgb_are_looked_at_before_anything_is_learned(monkeypatch):
    images = [dead_leaves(128, seed) for seed in range(4)]
    lr, hr = rgb_patches(images, 4, 8, 0).batch(0)
    assert lr.shape == (8, 3, 24, 24) and hr.shape == (8, 3, PATCH, PATCH)
    looked_at = []
    monkeypatch.setattr("srlib.training.images.check_pairs", lambda *pair: looked_at.append(pair))
    rgb_patches(images, 4, 8, 0)
    assert [tuple(each.shape) for each in looked_at[0]] == [(8, 3, PATCH, PATCH)] * 2
