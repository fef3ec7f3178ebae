"""One image, one file, many files: what is enlarged, and what is refused before it does harm."""

import io
import os
import sys
from pathlib import Path

import numpy as np
import pytest
from full_disk import files_no_larger_than
from skimage.data import astronaut

from srlib import images
from srlib import upscale as module
from srlib.images import ImageError, read, write
from srlib.resize import imresize
from srlib.upscale import UpscaleError, plan_outputs, upscale, upscale_file, upscale_files

PHOTO = astronaut()[100:124, 200:232]  # (24, 32, 3)
GREY = PHOTO[..., 1]
SOLID = np.full(GREY.shape, 255, np.uint8)


@pytest.fixture
def photo(tmp_path) -> Path:
    return write(tmp_path / "photo.png", PHOTO)


# One image


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_bicubic_is_imresize(scale):
    for image in (GREY, PHOTO):
        sr = upscale(image, scale)
        assert sr.dtype == np.uint8 and np.array_equal(sr, imresize(image, scale))
    assert np.array_equal(upscale(GREY[..., None], scale), imresize(GREY, scale)[..., None])


def test_alpha_is_enlarged_beside_the_colours():
    alpha = np.clip(GREY, 1, 255)  # nowhere fully transparent
    for colour in (GREY[..., None], PHOTO):
        sr = upscale(np.dstack([colour, alpha]), 2)
        assert sr.shape == (48, 64, colour.shape[2] + 1)
        assert np.array_equal(sr[..., :-1], upscale(colour, 2))
        assert np.array_equal(sr[..., -1], imresize(alpha, 2))


@pytest.mark.parametrize("planes", [1, 3])
def test_transparent_pixels_cast_no_dark_fringe(planes):
    """A white disc on nothing, as drawing programs store it: white inside, black outside."""
    rows, columns = np.mgrid[:16, :16]
    disc = np.where((rows - 8) ** 2 + (columns - 8) ** 2 < 30, 255, 0).astype(np.uint8)
    sr = upscale(np.dstack([disc] * (planes + 1)), 4)
    assert sr[..., 0].min() == 255  # white throughout, only alpha has an edge
    assert np.array_equal(sr[..., -1], imresize(disc, 4)) and sr[..., -1].min() == 0


def test_wholly_transparent():
    sr = upscale(np.dstack([PHOTO, 0 * GREY]), 2)
    assert np.array_equal(sr, np.dstack([imresize(PHOTO, 2), np.zeros((48, 64), np.uint8)]))


def test_one_pixel():
    assert upscale(np.uint8([[[1, 2, 3]]]), 4).tolist() == [[[1, 2, 3]] * 4] * 4


@pytest.mark.parametrize("scale", [0, -2, 1, 5, 2.5, True, "2", None])
def test_no_scale(scale, photo):
    for call in (
        lambda: upscale(PHOTO, scale),
        lambda: upscale_file(photo, photo.with_name("x.png"), scale),
        lambda: upscale_files([photo], photo.parent / "out", scale),
    ):
        with pytest.raises(ValueError, match="scale must be 2, 3 or 4, not"):
            call()
    assert list(photo.parent.iterdir()) == [photo]


def test_no_method(photo):
    with pytest.raises(ValueError, match="method must be one of bicubic.*, not 'magic'"):
        upscale(PHOTO, 2, "magic")
    with pytest.raises(ValueError, match="method"):
        upscale_files([photo], photo.parent / "out", 2, "magic")
    assert list(photo.parent.iterdir()) == [photo]


@pytest.mark.parametrize("image", [PHOTO / 255, PHOTO[0, 0], PHOTO[None], PHOTO[:0], None])
def test_no_image(image):
    with pytest.raises(ImageError):
        upscale(image, 2)


# One file


def test_a_file(photo, tmp_path):
    target = upscale_file(photo, tmp_path / "x.tif", 2)
    assert target == tmp_path / "x.tif" and np.array_equal(read(target), imresize(PHOTO, 2))
    upscale_file(str(photo), str(target), 3)  # replaces an earlier result
    assert np.array_equal(read(target), imresize(PHOTO, 3))


@pytest.mark.parametrize("alias", ["photo.png", "../here/photo.png", "link.png"])
def test_a_file_is_not_its_own_output(tmp_path, monkeypatch, alias):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    write("photo.png", PHOTO)
    os.symlink("photo.png", "link.png")
    with pytest.raises(ImageError, match="is the input"):
        upscale_file("photo.png", alias, 2)
    assert np.array_equal(read("photo.png"), PHOTO)


def test_an_impossible_name_is_refused_before_the_work(photo, monkeypatch):
    monkeypatch.setattr(module, "read", lambda path: pytest.fail("read too early"))
    with pytest.raises(ImageError, match="should end in one of"):
        upscale_file(photo, photo.with_name("x.gif"), 2)


# Many files


def folder_of(path: Path, *names: str) -> Path:
    path.mkdir()
    for name in names:
        write(path / name, PHOTO)
    return path


def test_files_and_folders(tmp_path):
    folder = folder_of(tmp_path / "in", "b.tif", "a.webp")
    (folder / "notes.txt").write_text("no image")
    folder_of(folder / "deeper", "c.png")
    single = write(tmp_path / "z.png", GREY)
    out = tmp_path / "new" / "out"
    written = upscale_files([single, folder, folder / "a.webp"], out, 2)
    assert written == [out / "z.png", out / "a.png", out / "b.png"]
    assert sorted(out.iterdir()) == sorted(written)
    assert np.array_equal(read(out / "z.png"), imresize(GREY, 2))
    assert np.array_equal(read(out / "b.png"), imresize(PHOTO, 2))


def test_a_bad_file_does_not_stop_the_others(tmp_path):
    folder = folder_of(tmp_path / "in", "a.png", "d.png")
    (folder / "b.png").write_bytes(b"")
    with pytest.raises(UpscaleError) as caught:
        upscale_files([folder, tmp_path / "none.png"], tmp_path / "out", 2)
    assert caught.value.written == [tmp_path / "out" / "a.png", tmp_path / "out" / "d.png"]
    assert sorted(tmp_path.glob("out/*")) == caught.value.written
    assert list(caught.value.failures) == [folder / "b.png", tmp_path / "none.png"]
    lines = str(caught.value).splitlines()
    assert lines[0] == "2 of 4 images failed:"
    assert lines[1].endswith("b.png' is empty (0 bytes)")
    assert lines[2].endswith("none.png' does not exist") and len(lines) == 3


def test_too_little_memory_for_one_does_not_stop_the_others(tmp_path, monkeypatch):
    folder = folder_of(tmp_path / "in", "a.png", "b.png")

    def greedy(path):
        if path.name == "a.png":
            raise MemoryError
        return PHOTO

    monkeypatch.setattr(module, "read", greedy)
    with pytest.raises(UpscaleError, match="a.png' is too large for this machine's memory"):
        upscale_files([folder], tmp_path / "out", 2)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["b.png"]


def test_one_bad_file_is_one_line(tmp_path):
    with pytest.raises(UpscaleError) as caught:
        upscale_files([tmp_path / "none.png"], tmp_path / "out", 2)
    assert str(caught.value) == f"'{tmp_path}/none.png' does not exist"


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


def test_folders_that_do_not_serve(tmp_path, photo):
    (tmp_path / "empty").mkdir()
    with pytest.raises(ImageError, match="no image in the folder .*empty"):
        upscale_files([photo, tmp_path / "empty"], tmp_path / "out", 2)
    assert not (tmp_path / "out").exists()
    (tmp_path / "file").write_text("")
    for out in (tmp_path / "file", tmp_path / "file" / "below", Path("/proc/below")):
        with pytest.raises(ImageError, match=f"cannot make folder '{out}'"):
            upscale_files([photo], out, 2)


def test_a_disk_that_fills(tmp_path):
    """The small result fits, the large one does not: it is reported and leaves no part."""
    folder = folder_of(tmp_path / "in", "large.png")
    write(folder / "small.png", np.zeros((8, 8), np.uint8))
    message = "large.png': File too large"
    with files_no_larger_than(1000), pytest.raises(UpscaleError, match=message):
        upscale_files([folder], tmp_path / "out", 4)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["small.png"]


def test_a_bar_on_terminals_only(tmp_path, monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    folder = folder_of(tmp_path / "in", "a.png", "b.png")
    for stderr, shown in [(Terminal(), True), (io.StringIO(), False)]:
        monkeypatch.setattr(sys, "stderr", stderr)
        upscale_files([folder], tmp_path / "out", 2, progress=True)
        assert ("2/2" in stderr.getvalue()) is shown
    monkeypatch.setattr(sys, "stderr", Terminal())
    upscale_files([folder / "a.png"], tmp_path / "out", 2, progress=True)
    upscale_files([folder], tmp_path / "out", 2)
    assert sys.stderr.getvalue() == ""


@pytest.mark.parametrize("name", ["a b.png", "a\nb.png", "-x.png", ".hidden.png", "1.2.png"])
def test_names(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    write(name, PHOTO)
    assert upscale_files([name], "out", 2) == [Path("out") / name]
    assert images.read(Path("out") / name).shape == (48, 64, 3)
