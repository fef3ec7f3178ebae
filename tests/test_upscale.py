"""One image, one file, many files: what is enlarged, and what is refused before it does harm."""

import io
import os
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from full_disk import files_no_larger_than
from PIL import ExifTags, Image, ImageCms
from skimage.data import astronaut

from srlib import enlarge, images, pipeline
from srlib.images import ImageError, read, read_photo, write
from srlib.resize import imresize
from srlib.upscale import (
    UpscaleError,
    UpscaleStopped,
    plan_outputs,
    upscale,
    upscale_file,
    upscale_files,
)

PHOTO = astronaut()[100:124, 200:232]  # (24, 32, 3)
GREY = PHOTO[..., 1]
SOLID = np.full(GREY.shape, 255, np.uint8)
DEEP = np.random.default_rng(0).integers(0, 65536, (13, 17, 3), dtype=np.uint16)


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


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("tile", [1, 5, 10, 31])
def test_bicubic_in_tiles_is_the_same_to_the_last_bit(scale, tile):
    image = np.dstack([PHOTO, GREY])
    for planes in (image[..., 0], image[..., :1], PHOTO, image):
        whole = upscale(planes, scale, tile=10**6)
        assert np.array_equal(upscale(planes, scale, tile=tile), whole)
    deep = DEEP if tile > 1 else DEEP[:9, :11]
    assert np.array_equal(upscale(deep, scale, tile=tile), upscale(deep, scale, tile=10**6))


def test_a_margin_of_one_would_be_too_little(monkeypatch):
    monkeypatch.setattr(enlarge, "BICUBIC_MARGIN", 1)
    assert not np.array_equal(upscale(PHOTO, 4, tile=5), imresize(PHOTO, 4))


@pytest.mark.parametrize("method, scale", [("srcnn", 2), ("srcnn", 3), ("srgan", 4)])
def test_networks_in_tiles(method, scale):
    """8 bits may round another way; bfloat16 sums too, where the processor has them."""
    for image in (PHOTO, GREY, np.dstack([GREY, SOLID]), PHOTO[:1], PHOTO[:1, :1]):
        whole = upscale(image, scale, method)
        tiled = upscale(image, scale, method, tile=13)
        assert (
            whole.shape
            == tiled.shape
            == (
                image.shape[0] * scale,
                image.shape[1] * scale,
                *image.shape[2:],
            )
        )
        assert np.abs(tiled.astype(int) - whole).max() <= 1


def test_tiles_are_used(monkeypatch):
    seen = []
    monkeypatch.setattr(
        enlarge, "imresize", lambda part, scale: seen.append(part.shape) or X4(part)
    )
    sr = upscale(PHOTO, 4, tile=8)
    assert len(seen) == 3 * 4 and max(max(shape) for shape in seen) == 8 + 2 * 2
    assert np.array_equal(sr, X4(PHOTO))


def X4(image: np.ndarray) -> np.ndarray:  # noqa: N802
    return image.repeat(4, axis=0).repeat(4, axis=1)


@pytest.mark.parametrize("tile", [0, -1, 2.5, True, "8"])
def test_no_tile(tile):
    with pytest.raises(ValueError, match="tile must be a whole number"):
        upscale(PHOTO, 2, tile=tile)


# 16 bits a value


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_sixteen_bits_are_imresize_in_floating_point_rounded_once(scale):
    for image in (DEEP, DEEP[..., 0]):
        sr, exact = upscale(image, scale), imresize(image.astype(np.float64), scale)
        assert sr.dtype == np.uint16 and sr.shape == exact.shape
        assert np.abs(sr - exact.clip(0, 65535)).max() <= 0.5 + 1e-6
    assert (exact < 0).any() and (exact > 65535).any()  # the clipping was put to the test


def test_sixteen_bits_round_half_up():
    """At a step of 1 the weights of x2 are n/128, so some results lie right between two values."""
    step = np.array([[100, 100, 100, 228, 228, 228]], np.uint16)
    exact = imresize(step.astype(np.float64), 2)
    assert np.array_equal(upscale(step, 2), np.floor(exact + 0.5).astype(np.uint16))


@pytest.mark.parametrize("method", ["srcnn", "srresnet", "srgan"])
def test_networks_refuse_sixteen_bits(method):
    with pytest.raises(ImageError, match=f"16 bits .*{method} works with 8: convert"):
        upscale(DEEP, 4, method)


@pytest.mark.parametrize("shape", [(4,), (4, 4, 2), (4, 4, 4), (0, 4), (1, 2, 3, 4)])
def test_sixteen_bits_of_another_shape(shape):
    with pytest.raises(ImageError, match="expected uint16"):
        upscale(np.zeros(shape, np.uint16), 2)


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
    monkeypatch.setattr(pipeline, "read_photo", lambda path: pytest.fail("read too early"))
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
    monkeypatch.setattr(pipeline, "pieces", lambda *how: pytest.fail("computed too early"))
    monkeypatch.setattr(pipeline, "upscale", lambda *how: pytest.fail("computed too early"))
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


@pytest.mark.parametrize(
    "step, error",
    [
        ("read_photo", MemoryError()),
        ("pieces", MemoryError()),
        ("pieces", RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried ...")),
        ("encode", MemoryError()),
    ],
)
def test_too_little_memory_for_one_does_not_stop_the_others(tmp_path, monkeypatch, step, error):
    folder = folder_of(tmp_path / "in", "b.png")
    write(folder / "a.png", PHOTO[:1])
    does = getattr(pipeline, step)

    def greedy(first, *more, **named):
        image = more[0] if step == "encode" else first
        name = getattr(image, "name", None)
        if name == "a.png" or getattr(image, "size", 0) in ((64, 2), PHOTO[:1].size):
            raise error
        return does(first, *more, **named)

    monkeypatch.setattr(pipeline, step, greedy)
    with pytest.raises(UpscaleError, match="a.png' is too large for this machine's memory"):
        upscale_files([folder], tmp_path / "out", 2)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["b.png"]


def test_a_mistake_of_ours_is_not_a_bad_file(tmp_path, monkeypatch):
    folder = folder_of(tmp_path / "in", "a.png")
    monkeypatch.setattr(pipeline, "pieces", lambda *how: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        upscale_files([folder], tmp_path / "out", 2)


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
        upscale_files([folder], tmp_path / "out", 2, existing="overwrite", progress=True)
        assert ("2/2" in stderr.getvalue()) is shown
    monkeypatch.setattr(sys, "stderr", Terminal())
    upscale_files([folder / "a.png"], tmp_path / "o1", 2, progress=True)
    upscale_files([folder], tmp_path / "o2", 2)
    assert sys.stderr.getvalue() == ""


@pytest.mark.parametrize("name", ["a b.png", "a\nb.png", "-x.png", ".hidden.png", "1.2.png"])
def test_names(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    write(name, PHOTO)
    assert upscale_files([name], "out", 2) == [Path("out") / name]
    assert images.read(Path("out") / name).shape == (48, 64, 3)


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
    (out / "b.png").write_text("mine")
    (out / "c.png").mkdir()  # which is no result
    with pytest.raises(UpscaleError, match="1 of 3 images failed:\n.*c.png': Is a dir") as caught:
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


def test_no_such_way(photo, tmp_path):
    with pytest.raises(ValueError, match="existing must be .* not 'ask'"):
        upscale_files([photo], tmp_path / "out", 2, existing="ask")


# Side by side


def test_many_results_are_in_the_order_of_the_inputs(tmp_path, monkeypatch):
    """However long each takes to write, and whatever fails on the way."""
    names = [f"{number:02}.png" for number in range(12)]
    folder = folder_of(tmp_path / "in", *names)
    (folder / "03.png").write_bytes(b"")
    encode = pipeline.encode

    def slow(path, *what):
        time.sleep(0.1 if path.name in ("00.png", "05.png") else 0)
        if path.name == "04.png":
            raise ImageError("04.png is unlucky")
        encode(path, *what)

    monkeypatch.setattr(pipeline, "encode", slow)
    with pytest.raises(UpscaleError) as caught:
        upscale_files([folder], tmp_path / "out", 2)
    expected = [name for name in names if name not in ("03.png", "04.png")]
    assert [path.name for path in caught.value.written] == expected
    assert [path.name for path in caught.value.failures] == ["03.png", "04.png"]


def test_reading_computing_and_writing_overlap(tmp_path, monkeypatch):
    """While the first image is computed, others are read; while it is written, the next computed.

    Each step waits for the other to have begun: one after the other they would wait for ever.
    """
    folder = folder_of(tmp_path / "in", "a.png", "b.png", "c.png")
    read_b, computed_b = threading.Event(), threading.Event()
    does = {step: getattr(pipeline, step) for step in ("read_photo", "pieces", "encode")}
    computed = []

    def read_it(path):
        if path.name == "b.png":
            read_b.set()
        return does["read_photo"](path)

    def compute(*how):
        assert computed or read_b.wait(30)
        computed.append(None)
        if len(computed) == 2:
            computed_b.set()
        return does["pieces"](*how)

    def encode(path, *what):
        assert path.name != "a.png" or computed_b.wait(30)
        return does["encode"](path, *what)

    for step, replaced in (("read_photo", read_it), ("pieces", compute), ("encode", encode)):
        monkeypatch.setattr(pipeline, step, replaced)
    assert len(upscale_files([folder], tmp_path / "out", 2)) == 3


@pytest.mark.parametrize("room, together", [(0, 1), (10**12, 2 * pipeline.WRITERS + 1)])
def test_results_that_wait_are_bounded(tmp_path, monkeypatch, room, together):
    """By their number, and by the memory that they take; but one there must be."""
    folder = folder_of(tmp_path / "in", *(f"{number:02}.png" for number in range(20)))
    memory = SimpleNamespace(available=2 * room)
    monkeypatch.setattr(pipeline.psutil, "virtual_memory", lambda: memory)
    alive, counts, lock = [], [], threading.Lock()
    encode, enlarge_it = pipeline.encode, pipeline.enlarge

    def make(*how):
        with lock:
            alive.append(None)
            counts.append(len(alive))
        return enlarge_it(*how)

    def slow(path, *what):
        time.sleep(0.02)
        encode(path, *what)
        with lock:
            alive.pop()

    monkeypatch.setattr(pipeline, "enlarge", make)
    monkeypatch.setattr(pipeline, "encode", slow)
    assert len(upscale_files([folder], tmp_path / "out", 2)) == 20
    assert len(counts) == 20 and max(counts) <= together
    assert room == 0 or max(counts) > 1


def test_ctrl_c_stops_with_whole_files_and_says_which(tmp_path, monkeypatch):
    folder = folder_of(tmp_path / "in", *(f"{number:02}.png" for number in range(20)))
    computed, pieces = [], pipeline.pieces

    def interrupted(*how):
        computed.append(None)
        if len(computed) == 6:
            raise KeyboardInterrupt
        return pieces(*how)

    monkeypatch.setattr(pipeline, "pieces", interrupted)
    with pytest.raises(UpscaleStopped, match="stopped: . of 20 images are done") as caught:
        upscale_files([folder], tmp_path / "out", 2)
    written = sorted((tmp_path / "out").iterdir())
    assert written == caught.value.outcome.written and len(written) <= 5
    assert all(np.array_equal(read(path), imresize(PHOTO, 2)) for path in written)
    monkeypatch.setattr(pipeline, "pieces", pieces)
    assert len(upscale_files([folder], tmp_path / "out", 2, existing="skip")) == 20 - len(written)
