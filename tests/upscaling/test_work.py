"""What is asked of the outputs' formats."""

from pathlib import Path

import pytest

from srlib.errors import ArgumentError
from srlib.images.writing import encode, write
from srlib.upscaling.work import Options, check_quality
from tests.helpers.photos import PHOTO


def check(quality: int | None, lossless: bool, *names: str) -> None:
    check_quality(quality, lossless, map(Path, names))


def test_what_some_output_knows_of_is_taken():
    check(None, False, "a.png")
    check(80, False, "a.png", "b.JPG")
    check(80, False, "a.webp")
    check(None, True, "a.webp", "b.png")


@pytest.mark.parametrize(
    "quality, lossless, names, says",
    [
        (80, False, ["a.png", "b.tif"], "PNG or TIFF has no quality to choose: with --format jpg"),
        (0, False, ["a.jpg"], "from 1 to 100, not 0"),
        (80, True, ["a.webp"], "give it, or --lossless"),
        (None, True, ["a.webp", "b.jpg"], "JPEG always loses something"),
    ],
)
def test_what_none_knows_of_is_refused(quality, lossless, names, says):
    with pytest.raises(ArgumentError, match=says):
        check(quality, lossless, *names)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".jpeg", ".webp", ".tif", ".bmp"])
@pytest.mark.parametrize("options", [Options(), Options(quality=50), Options(lossless=True)])
def test_each_format_is_told_what_it_knows_of(tmp_path, suffix, options):
    from PIL import Image

    if options.lossless and suffix in (".jpg", ".jpeg"):
        return  # refused before
    target = tmp_path / f"x{suffix}"
    encode(target, Image.fromarray(PHOTO), **options.of_writing(target))
    plain = write(tmp_path / f"y{suffix}", PHOTO)
    smaller = options.quality is not None and suffix in (".jpg", ".jpeg", ".webp")
    assert (target.stat().st_size < plain.stat().st_size) is smaller
