"""Which images are learned from, which are held out, and what is left out of a folder."""

import logging
import os
import zlib
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import psutil
import pytest
from accelerate import Accelerator
from PIL import Image

from srlib.data.dead_leaves import dead_leaves
from srlib.errors import ArgumentError, ImageError
from srlib.images.writing import write
from srlib.training import images as module
from srlib.training.images import PATCH, gather, listed, memory_needed, parts, rgb_patches, split
from tests.helpers.trainings import folder_like_div2k, folder_of_leaves


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return folder_of_leaves(tmp_path_factory.mktemp("leaves"))


@pytest.fixture
def accelerator() -> Accelerator:
    return Accelerator(cpu=True)


# the split


def test_folders_are_split_evenly(folder, accelerator):
    material = gather([folder, folder], 68, 2, accelerator)
    assert [path.name for path in material.held_out] == ["00.png", "10.png", "08.png"]
    assert len(material.training) == 24 - 2 * 3  # each held-out image is in both folders here


@pytest.mark.parametrize("count, held_out", [(2, 1), (11, 2), (99, 10), (100, 10), (195, 11)])
def test_how_many_are_held_out(count, held_out):
    paths = [Path(f"{number:03}.png") for number in range(count)]
    training, others = split(paths, ["photos"])
    assert (len(training), len(others)) == (count - held_out, held_out)
    assert not set(training) & set(others)


def test_div2k(tmp_path, monkeypatch, accelerator):
    """640 of its 800 training images are trained on, 160 validated on."""
    folder_like_div2k(tmp_path, monkeypatch)
    for name in ("DIV2K", "div2k"):
        training, held_out = split(listed([name], accelerator), [name])
        assert (training[0].name, training[-1].name, len(training)) == ("0001.png", "0640.png", 640)
        assert (held_out[0].name, held_out[-1].name, len(held_out)) == ("0641.png", "0800.png", 160)


def test_div2k_and_folders_do_not_mix(folder, accelerator):
    with pytest.raises(ImageError, match="give it alone"):
        listed(["DIV2K", folder], accelerator)


def test_too_few(tmp_path, accelerator):
    with pytest.raises(ArgumentError, match="no data to train on: give a folder of images"):
        listed([], accelerator)
    write(tmp_path / "a.png", dead_leaves(70, 0))
    with pytest.raises(ImageError, match="1 image in .* can be used: training needs one and valid"):
        gather([tmp_path], 68, 2, accelerator)


# what is left out


def odd_files(folder: Path) -> dict[str, str]:
    """Files that nobody can train on, before and after those that can; name -> what is said."""
    if hasattr(os, "mkfifo"):  # not on Windows
        os.mkfifo(folder / "a pipe.png")
    (folder / "b empty.png").touch()
    (folder / "c html.jpg").write_bytes(b"<!DOCTYPE html>" * 20)
    (folder / "c lfs.png").write_bytes(b"version https://git-lfs.github.com/spec/v1")
    (folder / "c text.png").write_bytes(b"Dear all, " * 20)
    (folder / "d folder.png").mkdir()
    write(folder / "e small.png", dead_leaves(100, 50)[:95])
    huge = bytearray((folder / "00.png").read_bytes())
    huge[16:24] = (60_000).to_bytes(4, "big") * 2  # its header says 3,600 megapixels
    huge[29:33] = zlib.crc32(huge[12:29]).to_bytes(4, "big")
    (folder / "f huge.png").write_bytes(huge)
    (folder / "g cut.png").write_bytes((folder / "00.png").read_bytes()[:3000])
    see_through = np.dstack([dead_leaves(100, 1), np.full((100, 100), 7, np.uint8)])
    write(folder / "h glass.png", see_through)
    pipe = {"a pipe.png": "pipe"} if hasattr(os, "mkfifo") else {}
    return pipe | {
        "b empty.png": "empty",
        "c html.jpg": "is an HTML page, not an image: the download went wrong",
        "c lfs.png": "is a Git LFS pointer",
        "c text.png": "is not an image of a format that is read",
        "d folder.png": "folder",
        "e small.png": "is 100x95, smaller than a patch of 96x96",
        "f huge.png": "exceeds limit of 178956970 pixels",
        "g cut.png": "",
        "h glass.png": "transparent",
    }


def test_what_cannot_be_used_is_named_and_left_out(tmp_path, accelerator, caplog, monkeypatch):
    monkeypatch.setattr(module, "NAMED", 20)
    odd = odd_files(folder_of_leaves(tmp_path))
    material = gather([tmp_path], PATCH, 2, accelerator)
    images = list(material.decoded(accelerator, progress=False))
    assert len(images) == material.used == 10 and len(material.crops) == 2
    said = " ".join(caplog.messages)
    for name, why in odd.items():
        about = said.partition(f"{name}' ")[2].partition(";")[0]
        assert about and why in about, (name, about)
    assert not any(path.name in odd for path in (*material.digests, *material.held_out))


def test_what_is_read_but_no_use_is_not_called_damaged(tmp_path, accelerator, caplog):
    folder_of_leaves(tmp_path)
    write(tmp_path / "05.png", np.dstack([dead_leaves(100, 1), np.full((100, 100), 7, np.uint8)]))
    list(gather([tmp_path], PATCH, 2, accelerator).decoded(accelerator, progress=False))
    assert "left out, 1 that cannot be learned from: " in caplog.text
    assert "05.png' is partly transparent" in caplog.text


def test_folders_inside_are_named(tmp_path, accelerator, caplog):
    inside = [folder_of_leaves(tmp_path / name) for name in ("a", "b")]
    (tmp_path / "again").symlink_to(tmp_path)
    (tmp_path / ".cache").mkdir()
    with pytest.raises(ImageError, match="no image in the folder"):
        listed([tmp_path], accelerator)
    assert f"'{inside[0]}', the first of 2 folders that are inside, is not looked" in caplog.text
    caplog.clear()
    folder_of_leaves(tmp_path)
    assert len(listed([tmp_path, inside[0]], accelerator)) == 24
    assert f"'{inside[1]}', which is inside, is not looked into" in caplog.text
    caplog.clear()
    listed([tmp_path, *inside], accelerator)
    assert not caplog.messages


def test_of_many_the_first_are_named(tmp_path, accelerator, caplog):
    folder_of_leaves(tmp_path)
    for number in range(30):
        (tmp_path / f"broken {number:02}.png").touch()
    gather([tmp_path], PATCH, 2, accelerator)
    assert "left out, 30 of 42 images: " in caplog.text and "; and 25 more" in caplog.text


def test_damaged_held_out_images_are_replaced(tmp_path, accelerator, caplog):
    folder_of_leaves(tmp_path)
    for name in ("00.png", "10.png", "01.png"):  # both held out ones, and the first to replace them
        (tmp_path / name).write_bytes((tmp_path / name).read_bytes()[:3000])
    material = gather([tmp_path], PATCH, 2, accelerator)
    assert [path.name for path in material.held_out] == ["02.png"] and len(material.crops) == 1
    assert material.held_out[0] not in material.training
    assert "left out, 3 held out to validate on" in caplog.text


def test_a_held_out_image_of_one_colour_is_named(tmp_path, accelerator, caplog):
    folder_of_leaves(tmp_path)
    write(tmp_path / "00.png", np.full((100, 100, 3), 255, np.uint8))
    gather([tmp_path], PATCH, 2, accelerator)
    assert "00.png', held out to validate on, is of one colour" in caplog.text


# which images they were


def test_the_digest_is_of_contents_wherever_they_lie(tmp_path, accelerator):
    one, other = (folder_of_leaves(tmp_path / name) for name in ("one", "other"))
    assert digest(one, accelerator) == digest(other, accelerator)
    write(other / "05.png", dead_leaves(100, 99)[:96])
    assert digest(one, accelerator) != digest(other, accelerator)


def digest(folder: Path, accelerator: Accelerator) -> str:
    material = gather([folder], PATCH, 2, accelerator)
    list(material.decoded(accelerator, progress=False))
    return material.digest


# memory


def test_memory_is_estimated_and_said(folder, accelerator, caplog):
    with caplog.at_level(logging.INFO):
        gather([folder], PATCH, 2, accelerator)
    assert "10 images to learn from, 2 held out to validate on; about 0.0 GB of me" in caplog.text
    kept = memory_needed([10**6] * 1000, 2, 3) - memory_needed([10**6], 2, 3)
    assert kept == pytest.approx(999 * 10**6 * 3 * 2 * 1.25)  # at 1, 0.8, 0.6; LR is a quarter


def test_more_than_there_is_is_refused(folder, accelerator, monkeypatch):
    free = SimpleNamespace(available=10**6)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: free)
    with pytest.raises(ImageError, match="10 images of 0 megapixels take about 0.0 GB of memory"):
        gather([folder], PATCH, 2, accelerator)


def test_large_images_come_in_parts():
    image = np.arange(60 * 100, dtype=np.uint16).reshape(60, 100)
    found = list(parts(image, side=20, most=2000))
    assert [part.shape for part in found] == [(30, 50)] * 4
    assert sorted(np.concatenate([part.ravel() for part in found])) == list(range(6000))
    assert [part.shape for part in parts(image, side=40, most=2000)] == [(60, 50)] * 2
    assert [part.shape for part in parts(image, side=20, most=6000)] == [(60, 100)]


def test_an_image_that_says_more_than_it_is(tmp_path, accelerator):
    """Pillow's own limit holds in the look at headers."""
    Image.new("1", (20_000, 20_000)).save(tmp_path / "bomb.png")
    folder_of_leaves(tmp_path)
    assert "bomb.png" not in {path.name for path in gather([tmp_path], 68, 2, accelerator).sizes}


# patches


def test_patches_of_rgb_are_looked_at_before_anything_is_learned(monkeypatch):
    images = [dead_leaves(128, seed) for seed in range(4)]
    lr, hr = rgb_patches(images, 4, 8, 0).batch(0)
    assert lr.shape == (8, 3, 24, 24) and hr.shape == (8, 3, PATCH, PATCH)
    looked_at = []
    monkeypatch.setattr("srlib.training.pairing.check_pairs", lambda *pair: looked_at.append(pair))
    rgb_patches(images, 4, 8, 0)
    assert [tuple(each.shape) for each in looked_at[0]] == [(16, 3, PATCH, PATCH)] * 2
