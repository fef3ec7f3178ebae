"""JPEGs: damage is named, and what would take minutes is refused."""

import io
import logging
import os
import struct
import subprocess
import sys

import cv2
import numpy as np
import pytest
from PIL import Image
from skimage.data import astronaut

from srlib.errors import ImageError
from srlib.images import jpeg
from srlib.images.noise import captured
from srlib.images.reading import read, read_photo
from tests.helpers import noted

PHOTO = astronaut()


def progressive() -> tuple[bytes, list[bytes]]:
    """A small progressive JPEG: what comes before its scans, and the scans."""
    data = noted.encoded(PHOTO[:16, :16], "JPEG", progressive=True)
    starts = [at for at in range(len(data)) if data[at : at + 2] == b"\xff\xda"]
    tables = [data.rfind(b"\xff\xc4", 0, start) for start in starts]
    edges = [*[max(t, 0) for t in tables], len(data) - 2]
    return data[: edges[0]], [data[a:b] for a, b in zip(edges, edges[1:], strict=False)]


def test_a_file_of_thousands_of_scans(tmp_path):
    head, scans = progressive()
    ordinary = head + b"".join(scans) + b"\xff\xd9"
    (tmp_path / "x.jpg").write_bytes(ordinary)
    assert read(tmp_path / "x.jpg").shape == (16, 16, 3)
    (tmp_path / "x.jpg").write_bytes(head + b"".join(scans) + scans[-1] * 4000 + b"\xff\xd9")
    with pytest.raises(ImageError, match=rf"comes in 40\d\d passes .*{jpeg.SCANS} are the most"):
        read(tmp_path / "x.jpg")


def test_damage_is_named(tmp_path, capfd):
    data = noted.encoded(PHOTO, "JPEG", quality=90)
    (tmp_path / "cut.jpg").write_bytes(data[: len(data) // 2] + b"\xff\xd9")
    with pytest.warns(UserWarning, match="cut.jpg': it is damaged, and some of it may look wrong"):
        read(tmp_path / "cut.jpg")
    assert "premature end" in read_photo(tmp_path / "cut.jpg").warnings[0]
    (tmp_path / "good.jpg").write_bytes(data)
    assert read_photo(tmp_path / "good.jpg").warnings == ()
    assert capfd.readouterr().err == ""


def test_damage_that_the_decoder_sees_is_named_whatever_it_is(tmp_path, capfd):
    """Against libjpeg's own lines, by another program that prints them."""
    data = noted.encoded(PHOTO[:128, :128], "JPEG", quality=90)
    random, named = np.random.default_rng(1), 0
    start = data.index(b"\xff\xda") + 14
    for _ in range(40):
        damaged = bytearray(data)
        for at in random.integers(start, len(data) - 2, 3):
            damaged[at] ^= int(random.integers(1, 255))
        (tmp_path / "x.jpg").write_bytes(damaged)
        capfd.readouterr()
        cv2.imdecode(np.frombuffer(bytes(damaged), np.uint8), cv2.IMREAD_COLOR)
        printed = "Corrupt" in capfd.readouterr().err
        try:
            notes = read_photo(tmp_path / "x.jpg").warnings
        except ImageError:
            continue
        assert any("damaged" in note for note in notes) == printed
        named += printed
    assert named > 5


def test_without_torchvision_nobody_looks(tmp_path, monkeypatch):
    monkeypatch.setattr(jpeg, "_torchvision", lambda: False)
    data = noted.encoded(PHOTO, "JPEG")
    assert jpeg.complaint(data[: len(data) // 2]) is None


def test_a_profile_in_segments_out_of_order(tmp_path):
    parts = [noted.SRGB[:300], noted.SRGB[300:]]
    segments = [(0xE2, b"ICC_PROFILE\0" + bytes([n + 1, 2]) + parts[n]) for n in (1, 0)]
    data = noted.with_segments(noted.encoded(PHOTO[:8, :8], "JPEG"), *segments)
    (tmp_path / "x.jpg").write_bytes(data)
    assert read_photo(tmp_path / "x.jpg").about.icc_profile == noted.SRGB


@pytest.mark.parametrize("unit, x, expected", [(1, 300, 300), (2, 100, 254), (0, 1, None)])
def test_the_density_of_jfif(tmp_path, unit, x, expected):
    data = bytearray(noted.encoded(PHOTO[:8, :8], "JPEG"))
    data[13:18] = struct.pack(">BHH", unit, x, x)
    (tmp_path / "x.jpg").write_bytes(data)
    density = read_photo(tmp_path / "x.jpg").about.density
    assert (density and density.x) == expected


# What decoders print


def test_lines_of_others_are_passed_on(capfd):
    with captured() as lines:
        os.write(2, b"Corrupt JPEG data: 3 extraneous bytes\n  5%|#   | 1/20\n")
        logging.getLogger("tifffile").error("never seen")
    assert lines == ["Corrupt JPEG data: 3 extraneous bytes"]
    assert capfd.readouterr().err == "  5%|#   | 1/20\n"


def test_a_closed_stderr_is_no_trouble(tmp_path):
    code = (
        "import os, io; os.close(2)\n"
        "from PIL import Image; from srlib.images.reading import read_photo\n"
        "Image.new('L', (4, 4)).save('x.tif'); read_photo('x.tif')\n"
        "Image.new('L', (4, 4)).save('x.jpg'); read_photo('x.jpg'); print('read')\n"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.stdout == "read\n"


def test_a_phones_further_pictures_are_named(tmp_path):
    buffer = io.BytesIO()
    more = {"save_all": True, "append_images": [Image.new("RGB", (8, 8))]}
    Image.fromarray(PHOTO[:32, :32]).save(buffer, "MPO", **more)
    (tmp_path / "x.jpg").write_bytes(buffer.getvalue())
    photo = read_photo(tmp_path / "x.jpg")
    assert photo.pixels.shape == (32, 32, 3) and "further pictures" in photo.warnings[0]
