"""Which files of a folder are images, and what a format can hold."""

from pathlib import Path

import pytest

from srlib.errors import ImageError
from srlib.images.formats import (
    SUFFIXES,
    check_room,
    file_format,
    image_folder,
    unusable,
)


def test_image_folder(tmp_path):
    for name in ("b.png", "a.JPG", "c.txt", ".hidden.png", "d.webp", "e.jfif", "f.gif"):
        (tmp_path / name).touch()
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "e.png").touch()
    assert [file.name for file in image_folder(tmp_path)] == [
        *("a.JPG", "b.png", "d.webp", "e.jfif", "f.gif")
    ]
    (tmp_path / "empty").mkdir()
    with pytest.raises(ImageError, match="no image in the folder .*empty"):
        image_folder(tmp_path / "empty")
    assert [file.name for file in image_folder(tmp_path, [".txt"])] == ["c.txt"]
    for name in ("none", "c.txt"):
        with pytest.raises(ImageError, match=f"cannot list the folder .*{name}"):
            image_folder(tmp_path / name)


def test_the_suffix_is_the_format():
    assert {file_format(f"x{suffix}") for suffix in SUFFIXES} == set(SUFFIXES.values())
    assert file_format("a.b/X.JPeG") == "JPEG"
    with pytest.raises(ImageError, match="x.gif': its name should end in one of .png, .jpg"):
        file_format("x.gif")


def test_what_a_format_can_hold():
    """Known before any work, from shape and bits alone; what is refused is in test_writing."""
    for suffix in SUFFIXES:
        check_room(Path(f"x{suffix}"), (16383, 10, 3))
    for name in ("x.png", "x.tif", "x.webp"):
        check_room(Path(name), (10, 10, 4))
    check_room(Path("x.png"), (10, 10), bits=16)
    check_room(Path("x.tif"), (10, 10, 3), bits=16)
    with pytest.raises(ImageError, match="WEBP stores at most 16383 pixels a side, not .*10x16384"):
        check_room(Path("x.webp"), (16384, 10))


def test_what_is_no_file(tmp_path):
    (tmp_path / "empty").touch()
    (tmp_path / "text").write_text("?")
    assert unusable(tmp_path).startswith("is a folder")
    assert unusable(tmp_path / "empty") == "is empty (0 bytes)"
    assert unusable(tmp_path / "text") is None
    with pytest.raises(FileNotFoundError):
        unusable(tmp_path / "none")
