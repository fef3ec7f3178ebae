"""The size of an upright image, by its header alone."""

import numpy as np
import pytest
from PIL import Image

from srlib.images.reading import read
from srlib.images.writing import write
from srlib.upscaling.headers import size_of
from tests.helpers.photos import PHOTO


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.tif"])
def test_it_is_the_size_of_what_is_read(tmp_path, name, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(PHOTO).save(tmp_path / name, exif=exif)
    assert size_of(tmp_path / name) == read(tmp_path / name).shape[:2]


def test_where_it_cannot_be_told(tmp_path):
    (tmp_path / "text.png").write_text("no image")
    (tmp_path / "empty.png").touch()
    for name in ("text.png", "empty.png", "none.png", "."):
        assert size_of(tmp_path / name) is None


def test_a_damaged_image_has_a_header(tmp_path):
    data = write(tmp_path / "a.png", np.tile(PHOTO, (9, 9, 1))).read_bytes()
    (tmp_path / "cut.png").write_bytes(data[:500])
    assert size_of(tmp_path / "cut.png") == (216, 288)
