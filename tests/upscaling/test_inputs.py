"""Which files are meant: in their order, each once, folders and patterns for what they hold."""

import os
from pathlib import Path

import pytest

from srlib.errors import ImageError
from srlib.images.writing import write
from srlib.upscaling.inputs import expanded, found_inputs, identity, refusal
from tests.helpers.photos import PHOTO, folder_of


def test_inputs_stand_in_their_order_and_folders_for_their_images(tmp_path):
    folder = folder_of(tmp_path / "in", "b.tif", "a.webp", ".hidden.png")
    (folder / "c.jfif").touch()  # empty: it will be reported
    (folder / "notes.txt").touch()
    (folder / "more").mkdir()
    (folder / "x.png").mkdir()  # named like an image: it will be reported
    single = write(tmp_path / "z.jpg", PHOTO)
    found, left = found_inputs([single, folder])
    assert [each.file.name for each in found] == ["z.jpg", "a.webp", "b.tif", "c.jfif", "x.png"]
    assert [each.folder for each in found] == [None, *[folder] * 4]
    assert {path.name: why for path, why in left.items()} == {
        "notes.txt": "is no image by its name",
        "more": "is a folder",
    }


def test_patterns(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder_of(tmp_path / "in", "b.png", "a.png", "c.jpg")
    (tmp_path / "in" / "d.png").mkdir()
    assert expanded("in/*.png") == [Path("in/a.png"), Path("in/b.png")]
    assert expanded("in/[ab].*") == [Path("in/a.png"), Path("in/b.png")]
    assert expanded("none.png") == [Path("none.png")]  # no pattern: reading it will tell
    write("[1].png", PHOTO)  # a file of that very name is meant
    assert expanded("[1].png") == [Path("[1].png")]
    with pytest.raises(ImageError, match=r"no file fits the pattern 'in/\*.tif'"):
        expanded("in/*.tif")


def test_what_cannot_be_an_image(tmp_path):
    (tmp_path / "empty.png").touch()
    (tmp_path / "x.png").mkdir()
    assert "is empty" in refusal(tmp_path / "empty.png")
    assert "is a folder" in refusal(tmp_path / "x.png")
    assert refusal(write(tmp_path / "a.png", PHOTO)) is None
    assert refusal(tmp_path / "none.png") is None  # reading it will tell


def test_one_file_has_one_identity(tmp_path):
    photo = write(tmp_path / "photo.png", PHOTO)
    os.link(photo, photo.with_name("link.png"))
    assert identity(photo) == identity(photo.with_name("link.png")) != identity(photo.parent)
    assert identity(photo.with_name("none.png")) is None
