"""Many images side by side: in order, in bounded memory, and stopped with whole files only."""

import os
import threading
import time

import numpy as np
import pytest

from srlib.errors import ImageError, UpscaleError, UpscaleStopped
from srlib.images.reading import read
from srlib.images.resize import imresize
from srlib.images.writing import write
from srlib.upscaling import files, pipeline
from srlib.upscaling.files import upscale_files
from srlib.upscaling.method import Method
from tests.helpers.photos import PHOTO, folder_of


def test_many_results_are_in_the_order_of_the_inputs(tmp_path, monkeypatch):
    """However long each takes to write, and whatever fails on the way."""
    names = [f"{number:02}.png" for number in range(12)]
    folder = folder_of(tmp_path / "in", *names)
    (folder / "03.png").write_bytes(b"")
    encode = pipeline.encode

    def slow(path, *what, **how):
        time.sleep(0.1 if path.name in ("00.png", "05.png") else 0)
        if path.name == "04.png":
            raise ImageError("04.png is unlucky")
        return encode(path, *what, **how)

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
    steps = {"read_photo": pipeline, "pieces": Method, "encode": pipeline}
    does = {step: getattr(room, step) for step, room in steps.items()}
    computed = []

    def read_it(path, **how):
        if path.name == "b.png":
            read_b.set()
        return does["read_photo"](path, **how)

    def compute(*how):
        assert computed or read_b.wait(30)
        computed.append(None)
        if len(computed) == 2:
            computed_b.set()
        return does["pieces"](*how)

    def encode(path, *what, **how):
        assert path.name != "a.png" or computed_b.wait(30)
        return does["encode"](path, *what, **how)

    for (step, room), replaced in zip(steps.items(), (read_it, compute, encode), strict=True):
        monkeypatch.setattr(room, step, replaced)
    assert len(upscale_files([folder], tmp_path / "out", 2)) == 3


@pytest.mark.parametrize("room, together", [(0, 1), (10**12, 2 * pipeline.WRITERS + 1)])
def test_results_that_wait_are_bounded(tmp_path, monkeypatch, room, together):
    """By their number, and by the memory that they take; but one there must be."""
    folder = folder_of(tmp_path / "in", *(f"{number:02}.png" for number in range(20)))
    monkeypatch.setattr(pipeline.memory, "at_hand", lambda: 2 * room)
    alive, counts, lock = [], [], threading.Lock()
    encode, enlarge_it = pipeline.encode, pipeline.enlarge

    def make(*how):
        with lock:
            alive.append(None)
            counts.append(len(alive))
        return enlarge_it(*how)

    def slow(path, *what, **how):
        time.sleep(0.02)
        lost = encode(path, *what, **how)
        with lock:
            alive.pop()
        return lost

    monkeypatch.setattr(pipeline, "enlarge", make)
    monkeypatch.setattr(pipeline, "encode", slow)
    assert len(upscale_files([folder], tmp_path / "out", 2)) == 20
    assert len(counts) == 20 and max(counts) <= together
    assert room == 0 or max(counts) > 1


def test_ctrl_c_stops_with_whole_files_and_says_which(tmp_path, monkeypatch):
    folder = folder_of(tmp_path / "in", *(f"{number:02}.png" for number in range(20)))
    computed, pieces = [], Method.pieces

    def interrupted(*how):
        computed.append(None)
        if len(computed) == 6:
            raise KeyboardInterrupt
        return pieces(*how)

    monkeypatch.setattr(Method, "pieces", interrupted)
    with pytest.raises(UpscaleStopped, match="stopped: . of 20 images are done") as caught:
        upscale_files([folder], tmp_path / "out", 2)
    written = sorted((tmp_path / "out").iterdir())
    assert written == caught.value.outcome.written and len(written) <= 5
    assert all(np.array_equal(read(path), imresize(PHOTO, 2)) for path in written)
    monkeypatch.setattr(Method, "pieces", pieces)
    assert len(upscale_files([folder], tmp_path / "out", 2, existing="skip")) == 20 - len(written)


# What one of them meets


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
    room = Method if step == "pieces" else pipeline
    does = getattr(room, step)

    def greedy(first, *more, **named):
        image = first if step == "read_photo" else more[0]
        name = getattr(image, "name", None)
        if name == "a.png" or getattr(image, "size", 0) in ((64, 2), PHOTO[:1].size):
            raise error
        return does(first, *more, **named)

    monkeypatch.setattr(room, step, greedy)
    with pytest.raises(UpscaleError, match="a.png' is too large for this machine's memory"):
        upscale_files([folder], tmp_path / "out", 2)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["b.png"]


def test_a_mistake_of_ours_is_not_a_bad_file(tmp_path, monkeypatch):
    folder = folder_of(tmp_path / "in", "a.png")
    monkeypatch.setattr(Method, "pieces", lambda *how: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        upscale_files([folder], tmp_path / "out", 2)


def seldom(image: np.ndarray, scale: int) -> np.ndarray:
    """A function of someone else's that has trouble with dark images."""
    if image.max() < 10:
        raise ValueError("far\ntoo dark")
    return imresize(image, scale) if image.max() < 100 else imresize(image, scale) / 255


def test_a_function_that_fails_on_one_does_not_stop_the_others(tmp_path):
    folder = folder_of(tmp_path / "in", "a.png")
    write(folder / "b.png", PHOTO // 50)
    write(folder / "c.png", PHOTO // 3)
    with pytest.raises(UpscaleError) as caught:
        upscale_files([folder], tmp_path / "out", 2, seldom)
    assert [path.name for path in caught.value.written] == ["c.png"]
    assert np.array_equal(read(tmp_path / "out" / "c.png"), imresize(PHOTO // 3, 2))
    first, *failures = str(caught.value).splitlines()
    assert first == "2 of 3 images failed:" and failures == [
        f"  '{folder}/a.png': seldom turned an image of 32x24, uint8, into float64 (48, 64, 3): "
        "expected uint8 (48, 64, 3), 2 times as large, rounded and clipped to 0..255 as a file "
        "would be",
        f"  '{folder}/b.png': seldom failed on an image of 32x24: ValueError: far too dark",
    ]


def test_ctrl_c_in_a_function_stops_all(tmp_path):
    def stop(image: np.ndarray, scale: int) -> np.ndarray:
        raise KeyboardInterrupt

    folder = folder_of(tmp_path / "in", "a.png", "b.png")
    with pytest.raises(UpscaleStopped, match="stopped: 0 of 2 images are done"):
        upscale_files([folder], tmp_path / "out", 2, stop)
    assert list((tmp_path / "out").iterdir()) == []


def test_a_place_that_cannot_be_written_to_is_refused_before_the_work(tmp_path, monkeypatch):
    source = write(tmp_path / "a.png", PHOTO)
    (tmp_path / "folder.png").mkdir()
    os.mkfifo(tmp_path / "pipe.png")

    def work(*how):
        raise AssertionError("it was begun")

    monkeypatch.setattr(pipeline, "enlarge", work)
    monkeypatch.setattr(files, "enlarge", work)
    for name, why in [
        ("none/a.png", "its folder does not exist"),
        ("a.png/b.png", "its folder does not exist"),
        ("folder.png", "Is a directory"),
        ("pipe.png", "File exists"),
        (f"{'n' * 252}.png", "too long"),
    ]:
        with pytest.raises(ImageError, match=f"cannot write .*{why}"):
            files.upscale_file(source, tmp_path / name, 2)
    monkeypatch.setattr(pipeline.os, "access", lambda *how: False)
    with pytest.raises(ImageError, match="may not write to"):
        files.upscale_file(source, tmp_path / "b.png", 2)
