"""One file, many files: what is written, what stays as it was, and which failed."""

import io
import os
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import ExifTags, Image, ImageCms

from srlib.errors import ArgumentError, ImageError, UpscaleError
from srlib.images.reading import read, read_photo
from srlib.images.resize import imresize
from srlib.images.writing import write
from srlib.upscaling import pipeline
from srlib.upscaling.files import upscale_file, upscale_files
from srlib.upscaling.image import upscale
from srlib.upscaling.method import Method
from tests.helpers.full_disk import files_no_larger_than
from tests.helpers.photos import GREY, PHOTO, folder_of

DEEP = np.random.default_rng(0).integers(0, 65536, (13, 17, 3), dtype=np.uint16)


@pytest.fixture
def photo(tmp_path) -> Path:
    return write(tmp_path / "photo.png", PHOTO)


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
    monkeypatch.setattr(pipeline, "read_photo", lambda *how, **more: pytest.fail("read too early"))
    with pytest.raises(ImageError, match="should end in one of"):
        upscale_file(photo, photo.with_name("x.gif"), 2)


@pytest.mark.parametrize(
    "target, image, complaint",
    [
        ("x.webp", np.zeros((1, 5000), np.uint8), "WEBP stores at most 16383 pixels a side"),
        ("x.jpg", np.zeros((20000, 1), np.uint8), "JPEG stores at most 65500 pixels a side"),
        ("x.jpg", np.dstack([PHOTO, GREY]), "JPEG stores no transparency"),
        ("x.bmp", DEEP[..., 0], "BMP stores 8 bits only"),
    ],
)
def test_what_the_format_cannot_hold_is_refused_before_the_work(
    tmp_path, monkeypatch, target, image, complaint
):
    source = write(tmp_path / "photo.png", image)
    monkeypatch.setattr(Method, "pieces", lambda *how: pytest.fail("computed too early"))
    with pytest.raises(ImageError, match=f"photo.png': cannot write .*{target}': {complaint}"):
        upscale_file(source, tmp_path / target, 4)
    assert list(tmp_path.iterdir()) == [source]


@pytest.mark.parametrize("planes", [1, 2, 3, 4])
def test_a_file_in_tiles(tmp_path, planes):
    image = np.dstack([PHOTO, np.clip(GREY, 1, 255)])[..., 4 - planes :].squeeze()
    source = write(tmp_path / "in.png", image)
    upscale_file(source, tmp_path / "x.png", 3, tile=7)
    assert np.array_equal(read(tmp_path / "x.png"), upscale(image, 3))


@pytest.mark.parametrize("planes, target", [(1, "x.png"), (1, "x.tif"), (3, "x.tif")])
def test_a_file_of_sixteen_bits(tmp_path, planes, target):
    image = DEEP if planes == 3 else DEEP[..., 0]
    source = write(tmp_path / "in.tif", image)
    upscale_file(source, tmp_path / target, 2)
    assert np.array_equal(read_photo(tmp_path / target).pixels, upscale(image, 2))
    with pytest.raises(ImageError, match="in.tif': 16 bits .*srgan works with 8"):
        upscale_file(source, tmp_path / target, 4, "srgan")


def test_exif_and_profile_go_with_a_photograph(tmp_path):
    exif = Image.Exif()
    exif[ExifTags.Base.Make], exif[ExifTags.Base.Orientation] = "A camera", 6
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    Image.fromarray(PHOTO).save(tmp_path / "in.png", exif=exif, icc_profile=profile)
    for target in ("x.png", "x.jpg", "x.tif", "x.webp"):
        upscale_file(tmp_path / "in.png", tmp_path / target, 2)
        with Image.open(tmp_path / target) as image:
            assert image.size == (48, 64) and image.info["icc_profile"] == profile
            assert image.getexif()[ExifTags.Base.Make] == "A camera"
            assert image.getexif()[ExifTags.Base.Orientation] == 1
    assert np.array_equal(read(tmp_path / "x.png"), imresize(np.rot90(PHOTO, -1).copy(), 2))


# Many files


def test_files_and_folders(tmp_path):
    folder = folder_of(tmp_path / "in", "b.tif", "a.webp")
    (folder / "notes.txt").write_text("no image")
    folder_of(folder / "deeper", "c.png")
    single = write(tmp_path / "z.png", GREY)
    out = tmp_path / "new" / "out"
    written = upscale_files([single, folder, folder / "a.webp"], out, 2)
    assert written == [out / "z.png", out / "a.webp", out / "b.tif"]
    assert sorted(out.iterdir()) == sorted(written)
    assert np.array_equal(read(out / "z.png"), imresize(GREY, 2))
    assert np.array_equal(read(out / "b.tif"), imresize(PHOTO, 2))
    written = upscale_files([folder], out, 2, format="PNG")
    assert written == [out / "a.png", out / "b.png"]
    with pytest.raises(ArgumentError, match="format must be one of png, .*, not 'gif'"):
        upscale_files([folder], out, 2, format="gif")


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


def test_one_bad_file_is_one_line(tmp_path):
    with pytest.raises(UpscaleError) as caught:
        upscale_files([tmp_path / "none.png"], tmp_path / "out", 2)
    assert str(caught.value) == f"'{tmp_path}/none.png' does not exist"


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
        upscale_files([folder], tmp_path / "out", 2, existing="overwrite", progress=True)
        assert ("/0.0 MP" in stderr.getvalue()) is shown
    upscale_files([folder / "a.png"], tmp_path / "o1", 2, progress=True)
    monkeypatch.setattr(sys, "stderr", Terminal())
    upscale_files([folder], tmp_path / "o2", 2)
    assert sys.stderr.getvalue() == ""
    monkeypatch.setattr(sys, "stderr", None)  # as under pythonw, or after 2>&-
    upscale_files([folder], tmp_path / "o3", 2, progress=True)


@pytest.mark.parametrize("name", ["a b.png", "a\nb.png", "-x.png", ".hidden.png", "1.2.png"])
def test_names(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    write(name, PHOTO)
    assert upscale_files([name], "out", 2) == [Path("out") / name]
    assert read(Path("out") / name).shape == (48, 64, 3)


# Outputs that exist


def test_existing_outputs_are_refused_before_any_work(tmp_path):
    folder = folder_of(tmp_path / "in", "a.png", "b.png", "c.png")
    out = folder_of(tmp_path / "out")
    (out / "b.png").write_text("mine")
    os.symlink("nowhere", out / "c.png")
    with pytest.raises(ImageError, match="2 of 3 outputs are there already: .*b.png', .*--skip"):
        upscale_files([folder], out, 2)
    assert sorted(path.name for path in out.iterdir()) == ["b.png", "c.png"]
    assert (out / "b.png").read_text() == "mine"


def test_existing_outputs_are_skipped(tmp_path):
    folder = folder_of(tmp_path / "in", "a.png", "b.png", "c.png")
    out = folder_of(tmp_path / "out")
    (out / "b.png").write_text("mine")  # no image: its size says nothing
    (out / "c.png").mkdir()  # which is no result
    message = "1 of 3 images failed:\n.*c.png': (File exists|Is a dir)"
    with pytest.raises(UpscaleError, match=message) as caught:
        upscale_files([folder], out, 2, existing="skip")
    assert caught.value.outcome.skipped == [out / "b.png"]
    assert caught.value.outcome.written == [out / "a.png"]
    assert (out / "b.png").read_text() == "mine"
    (out / "c.png").rmdir()
    assert upscale_files([folder], out, 2, existing="skip") == [out / "c.png"]
    assert upscale_files([folder], out, 2, existing="skip") == []


def test_existing_outputs_are_overwritten(tmp_path):
    folder = folder_of(tmp_path / "in", "a.png", "b.png")
    (folder / "b.png").write_bytes(b"damaged")
    out = folder_of(tmp_path / "out")
    for name in ("a.png", "b.png"):
        (out / name).write_text("mine")
    with pytest.raises(UpscaleError, match="b.png' is not"):
        upscale_files([folder], out, 2, existing="overwrite")
    assert np.array_equal(read(out / "a.png"), imresize(PHOTO, 2))
    assert (out / "b.png").read_text() == "mine"  # there is no new one to replace it
