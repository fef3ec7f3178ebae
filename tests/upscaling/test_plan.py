"""Where results go: one file for each image, never an input, and nothing replaced unasked."""

import os
from pathlib import Path

import numpy as np
import pytest

from srlib.errors import ImageError
from srlib.images.reading import read
from srlib.images.writing import write
from srlib.upscaling.files import upscale_files
from srlib.upscaling.plan import Job, identity, plan_outputs, refusal, set_aside
from tests.helpers.photos import PHOTO, folder_of


@pytest.fixture
def photo(tmp_path) -> Path:
    return write(tmp_path / "photo.png", PHOTO)


@pytest.mark.parametrize("names", [("a.png", "a.jpg"), ("A.png", "a.webp")])
def test_two_inputs_for_one_output(tmp_path, names):
    folder = folder_of(tmp_path / "in", *names)
    with pytest.raises(ImageError, match="' and '.* would both be saved as .*different folders"):
        upscale_files([folder], tmp_path / "out", 2)
    assert not (tmp_path / "out").exists()


def test_the_same_file_twice_is_once(photo, monkeypatch):
    monkeypatch.chdir(photo.parent)
    assert plan_outputs([photo, "photo.png", "./photo.png", photo.parent], "out") == [
        (photo, Path("out/photo.png"))
    ]


def test_an_output_never_replaces_an_input(tmp_path, monkeypatch):
    folder = folder_of(tmp_path / "in", "a.png", "b.png")
    monkeypatch.chdir(folder)
    for inputs, out in [
        ([folder], folder),
        ([folder], "."),
        (["b.png", "../in/a.png"], tmp_path / "in"),
    ]:
        with pytest.raises(ImageError, match="would replace the input"):
            upscale_files(inputs, out, 2)
    assert all(np.array_equal(read(folder / name), PHOTO) for name in ("a.png", "b.png"))


def test_no_such_way(photo, tmp_path):
    with pytest.raises(ValueError, match="existing must be .* not 'ask'"):
        upscale_files([photo], tmp_path / "out", 2, existing="ask")


def test_inputs_stand_in_their_order_and_folders_for_their_images(tmp_path):
    folder = folder_of(tmp_path / "in", "b.tif", "a.webp", ".hidden.png")
    (folder / "c.gif").touch()  # of a format that is not read: it will be reported
    (folder / "notes.txt").touch()
    single = write(tmp_path / "z.jpg", PHOTO)
    jobs = plan_outputs([single, folder], "out")
    assert [job.source.name for job in jobs] == ["z.jpg", "a.webp", "b.tif", "c.gif"]
    assert [job.target.name for job in jobs] == ["z.png", "a.png", "b.png", "c.png"]
    assert {job.target.parent for job in jobs} == {Path("out")}


def test_a_file_that_is_not_read_takes_no_others_place(tmp_path):
    folder = folder_of(tmp_path / "in", "a.png")
    (folder / "a.gif").touch()
    assert len(plan_outputs([folder], tmp_path / "out")) == 2
    assert "ends in .gif" in refusal(folder / "a.gif") and refusal(folder / "a.png") is None


@pytest.mark.parametrize(
    "existing, todo, left", [("skip", "ac", "b"), ("overwrite", "abc", ""), ("refuse", None, None)]
)
def test_what_is_there_already(tmp_path, existing, todo, left):
    jobs = [Job(tmp_path / f"{name}.jpg", tmp_path / "out" / f"{name}.png") for name in "abc"]
    for job in jobs:
        write(job.source, PHOTO)
    folder_of(tmp_path / "out", "b.png")
    if existing == "refuse":
        with pytest.raises(ImageError, match="1 of 3 outputs are there already: .*b.png'. Skip"):
            set_aside(jobs, existing)
        assert set_aside(jobs[:1], existing) == (jobs[:1], [])
        return
    doing, aside = set_aside(jobs, existing)
    assert [job.source.stem for job in doing] == list(todo)
    assert [target.stem for target in aside] == list(left)


def test_one_file_has_one_identity(photo):
    os.link(photo, photo.with_name("link.png"))
    assert identity(photo) == identity(photo.with_name("link.png")) != identity(photo.parent)
    assert identity(photo.with_name("none.png")) is None
