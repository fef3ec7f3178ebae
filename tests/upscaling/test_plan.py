"""Where results go: one file for each image, never an input, and nothing replaced unasked."""

import os
from pathlib import Path

import numpy as np
import pytest

from srlib.errors import ImageError, UpscaleError
from srlib.images.reading import read
from srlib.images.writing import write
from srlib.upscaling.files import upscale_files
from srlib.upscaling.plan import Job, looks_like_a_file, one_output, plan_outputs, set_aside
from tests.helpers.photos import PHOTO, folder_of


@pytest.fixture
def photo(tmp_path) -> Path:
    return write(tmp_path / "photo.png", PHOTO)


def targets(*inputs: object, **how: object) -> list[str]:
    return [str(job.target) for job in plan_outputs(inputs, **how).jobs]


@pytest.mark.parametrize(
    "names, suffix, expected",
    [
        (["a.png", "a.jpg"], None, ["a.jpg", "a.png"]),  # as they are read, in order
        (["a.png", "a.jpg", "b.png"], ".png", ["a.jpg.png", "a.png.png", "b.png"]),
        (["A.png", "a.webp"], ".tif", ["A.png.tif", "a.webp.tif"]),  # some disks take A for a
    ],
)
def test_two_inputs_for_one_output_keep_their_whole_names(tmp_path, names, suffix, expected):
    folder = folder_of(tmp_path / "in", *names)
    jobs = plan_outputs([folder], tmp_path / "out", suffix=suffix).jobs
    assert [job.target.name for job in jobs] == expected
    renamed = [job for job in jobs if job.remarks]
    assert len(renamed) == (0 if suffix is None else 2)
    assert all("has the same name" in job.remarks[0] for job in renamed)


def test_two_of_one_whole_name_are_refused_and_the_others_done(tmp_path):
    first, second = (folder_of(tmp_path / name, "a.png") for name in ("in", "more"))
    write(second / "b.png", PHOTO)
    with pytest.raises(UpscaleError, match="' and '.* would both be saved as .*different folders"):
        upscale_files([first, second], tmp_path / "out", 2)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["b.png"]


def test_a_whole_name_may_be_taken_too(tmp_path):
    folder = folder_of(tmp_path / "in", "a.png", "a.jpg")
    os.link(folder / "a.png", folder / "a.jpg.webp")
    plan = plan_outputs([folder], tmp_path / "out", suffix=".png")
    assert [bool(job.problem) for job in plan.jobs] == [True, True, False]


def test_the_same_file_twice_is_once(photo, monkeypatch):
    monkeypatch.chdir(photo.parent)
    assert targets(photo, "photo.png", "./photo.png", photo.parent, out="out") == ["out/photo.png"]


@pytest.mark.parametrize("suffix", [None, ".png"])
def test_beside_its_input_an_output_has_the_tag(tmp_path, monkeypatch, suffix):
    """Without a folder, and also where the folder is the input's own."""
    monkeypatch.chdir(tmp_path)
    for name in ("a.png", "b.jpg", "c.gif"):
        write(name, PHOTO) if name != "c.gif" else Path(name).write_bytes(b"GIF")
    names = ["a.png", "b.jpg", "c.gif"]
    assert targets(*names, tag="x2", suffix=suffix) == ["a_x2.png", "b_x2.png", "c_x2.png"]
    kept = "b_x2.jpg" if suffix is None else "b_x2.png"
    for inputs, out in ((names, "."), (["."], tmp_path)):
        found = targets(*inputs, out=out, tag="x2", suffix=suffix)
        assert [Path(each).name for each in found] == ["a_x2.png", kept, "c_x2.png"]


@pytest.mark.parametrize("given", ["in", "in/", "in/../in", "."])
def test_a_folder_goes_into_one_beside_it(tmp_path, monkeypatch, given):
    folder = folder_of(tmp_path / "in", "a.jpg")
    monkeypatch.chdir(folder if given == "." else tmp_path)
    plan = plan_outputs([given], tag="x2")
    assert [os.path.realpath(each) for each in plan.folders] == [str(tmp_path / "in_x2")]
    assert plan.jobs[0].target.name == "a.jpg"


def test_results_of_an_earlier_run_are_no_inputs(tmp_path):
    folder = folder_of(tmp_path / "in", "a.png", "a_x2.png", "b_x2.png")
    plan = plan_outputs([folder], folder, tag="x2")
    assert [job.target.name for job in plan.jobs] == ["a_x2.png", "b_x2_x2.png"]
    assert plan.left == {folder / "a_x2.png": f"is the result of {str(folder / 'a.png')!r}"}
    assert not any(job.problem for job in plan.sparing_inputs())  # nobody named it
    plan = plan_outputs([folder / "a.png", folder / "a_x2.png"], folder, tag="x2")
    assert "named as an input" in plan.sparing_inputs()[0].problem


def test_an_output_never_replaces_an_input(tmp_path):
    folder, other = folder_of(tmp_path / "in", "a.png"), folder_of(tmp_path / "more", "a.png")
    before = read(folder / "a.png") // 2
    write(folder / "a.png", before)
    for existing in ("refuse", "skip", "overwrite"):
        with pytest.raises(UpscaleError, match="would replace the input .*/in/a.png"):
            upscale_files([other, folder], folder, 2, existing=existing)
        assert np.array_equal(read(folder / "a.png"), before)
        (folder / "a_x2.png").unlink()


def test_no_such_way(photo, tmp_path):
    with pytest.raises(ValueError, match="existing must be .* not 'ask'"):
        upscale_files([photo], tmp_path / "out", 2, existing="ask")


def test_one_output(photo, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert one_output(["*.png"], Path("x.tif")).jobs == [Job(Path("photo.png"), Path("x.tif"))]
    for several in (["photo.png", "b.png"], ["."]):
        with pytest.raises(ImageError, match="several images need a folder to go to"):
            one_output(several, Path("x.tif"))


@pytest.mark.parametrize(
    "name, expected",
    [
        ("x.png", True),
        ("x.pgn", True),
        ("a/x.JPG", True),
        ("x.webp", True),
        ("x.webp/", False),
        ("x", False),
        ("v1.2", False),
        ("x.2024", False),
        (".hidden", False),
        ("there.png", False),
    ],
)
def test_what_looks_like_a_file(tmp_path, monkeypatch, name, expected):
    monkeypatch.chdir(tmp_path)
    Path("there.png").mkdir()
    assert looks_like_a_file(name) is expected


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
    assert [job.target.stem for job in aside] == list(left)


def test_a_name_that_is_too_long_does_not_stop_the_others(tmp_path):
    write(tmp_path / "a.png", PHOTO)
    long = write(tmp_path / f"{'n' * 250}.png", PHOTO)
    with pytest.raises(UpscaleError, match="1 of 2.*\n.*cannot write .*too long"):
        upscale_files([tmp_path], tmp_path, 2)
    assert (tmp_path / "a_x2.png").exists() and long.exists()


def test_an_input_that_is_missing_does_not_stop_the_others(tmp_path):
    write(tmp_path / "a.png", PHOTO)
    with pytest.raises(UpscaleError, match="1 of 2.*\n.*'none.png' does not exist"):
        upscale_files([tmp_path / "a.png", "none.png"], tmp_path / "out", 2)
    assert (tmp_path / "out" / "a.png").exists()
