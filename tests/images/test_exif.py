"""What a photograph's file says besides its pixels, EXIF and ICC profile, goes with them."""

import numpy as np
import pytest
from PIL import ExifTags, Image, ImageCms
from skimage.data import astronaut

from srlib.images.reading import Photo, read, read_photo
from srlib.images.writing import write
from tests.helpers.arrays import sixteen_bits

PHOTO = astronaut()[100:116, 200:224]  # (16, 24, 3)
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
GREY_PROFILE = SRGB[:16] + b"GRAY" + SRGB[20:]
BASE, GPS = ExifTags.Base, ExifTags.GPS
SUFFIXES = [".png", ".jpg", ".webp", ".tif"]  # of formats that hold EXIF and profiles


def camera_exif(orientation: int | None = None) -> Image.Exif:
    exif = Image.Exif()
    exif[BASE.Make] = "A camera"
    exif[BASE.Copyright] = "A photographer"
    if orientation:
        exif[BASE.Orientation] = orientation
    details = exif.get_ifd(ExifTags.IFD.Exif)
    details[BASE.ExposureTime] = 0.25
    details[BASE.ExifImageWidth], details[BASE.ExifImageHeight] = 24, 16
    exif.get_ifd(ExifTags.IFD.GPSInfo)[GPS.GPSLatitudeRef] = "N"
    return exif


@pytest.mark.parametrize("source", SUFFIXES)
@pytest.mark.parametrize("target", SUFFIXES)
def test_exif_and_profile_go_from_file_to_file(tmp_path, source, target):
    exif = camera_exif(6).tobytes()  # as bytes: of an Exif a TIFF would get a part only
    settings = {"exif": exif, "icc_profile": SRGB}
    Image.fromarray(PHOTO).save(tmp_path / f"in{source}", **settings)
    photo = read_photo(tmp_path / f"in{source}")
    large = np.zeros((48, 32, 3), np.uint8)
    write(tmp_path / f"x{target}", large, exif=photo.exif, icc_profile=photo.icc_profile)
    with Image.open(tmp_path / f"x{target}") as image:
        image.load()
        exif = image.getexif()
        assert image.size == (32, 48) and image.info["icc_profile"] == SRGB
        assert exif[BASE.Make] == "A camera" and exif[BASE.Copyright] == "A photographer"
        assert exif.get(BASE.Orientation, 1) == 1  # the pixels were made upright
        details = exif.get_ifd(ExifTags.IFD.Exif)
        assert details[BASE.ExposureTime] == 0.25
        assert (details[BASE.ExifImageWidth], details[BASE.ExifImageHeight]) == (32, 48)
        assert exif.get_ifd(ExifTags.IFD.GPSInfo)[GPS.GPSLatitudeRef] == "N"
        if target != ".tif":  # whose own tags these are
            assert BASE.StripOffsets not in exif and BASE.Compression not in exif
    assert np.array_equal(read(tmp_path / f"x{target}"), large)


def test_a_format_without_them(tmp_path):
    write(tmp_path / "x.bmp", PHOTO, exif=camera_exif().tobytes(), icc_profile=SRGB)
    assert read_photo(tmp_path / "x.bmp").exif is None


def test_a_file_without_them(tmp_path):
    photo = read_photo(write(tmp_path / "x.png", PHOTO))
    assert isinstance(photo, Photo) and photo.exif is None and photo.icc_profile is None


def test_more_exif_than_a_jpeg_holds(tmp_path):
    exif = camera_exif()
    exif[BASE.ImageDescription] = "a" * 70000
    Image.fromarray(PHOTO).save(tmp_path / "x.png", exif=exif)
    photo = read_photo(tmp_path / "x.png")
    write(tmp_path / "x.jpg", PHOTO, exif=photo.exif)
    assert read_photo(tmp_path / "x.jpg").exif is None
    write(tmp_path / "y.png", PHOTO, exif=photo.exif)
    with Image.open(tmp_path / "y.png") as image:
        assert len(image.getexif()[BASE.ImageDescription]) == 70000


def test_damaged_exif_is_left_out(tmp_path):
    for damaged in (b"Exif\0\0II*\0\xff\xff\xff\x7f", b"no exif"):
        Image.fromarray(PHOTO).save(tmp_path / "x.png", exif=damaged)
        photo = read_photo(tmp_path / "x.png")
        write(tmp_path / "y.png", photo.pixels, exif=photo.exif)
        assert np.array_equal(read(tmp_path / "y.png"), PHOTO)


def test_odd_exif_is_no_reason_to_refuse_or_to_warn(tmp_path, recwarn):
    Image.new("RGB", (4, 4)).save(tmp_path / "x.png", exif=b"Exif\0\0II*\0\xff\xff\xff\x7f")
    assert read(tmp_path / "x.png").shape == (4, 4, 3)
    assert not recwarn.list


# Profiles


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_a_profile_stays_with_the_colours_it_is_for(tmp_path, suffix):
    path, grey = tmp_path / f"x{suffix}", PHOTO[..., 0]
    for pixels, profile, kept in [
        (PHOTO, SRGB, True),
        (PHOTO, GREY_PROFILE, False),
        (PHOTO, b"damaged", False),
        (grey, GREY_PROFILE, True),
        (grey, SRGB, False),
        (np.dstack([grey, grey]), GREY_PROFILE, True),
        (np.dstack([PHOTO, grey]), SRGB, True),
    ]:
        write(path, pixels, icc_profile=profile)
        with Image.open(path) as image:
            assert (image.info.get("icc_profile") == profile) is kept
        Image.fromarray(pixels).save(path, icc_profile=profile)
        assert (read_photo(path).icc_profile == profile) is kept
    write(tmp_path / "x.webp", grey, icc_profile=GREY_PROFILE)  # which stores RGB
    assert read_photo(tmp_path / "x.webp").icc_profile is None


def test_sixteen_bits_keep_the_profile(tmp_path):
    for name, pixels, profile in [
        ("x.tif", sixteen_bits(5, 7, 3), SRGB),
        ("x.png", sixteen_bits(5, 7), GREY_PROFILE),
        ("y.tif", sixteen_bits(5, 7), GREY_PROFILE),
    ]:
        path = write(tmp_path / name, pixels, icc_profile=profile)
        assert read_photo(path).icc_profile == profile


def test_what_was_cmyk_has_no_profile(tmp_path):
    for profile in (b"\0" * 16 + b"CMYK" + b"\0" * 200, SRGB):
        Image.new("CMYK", (8, 8)).save(tmp_path / "x.jpg", icc_profile=profile)
        assert read_photo(tmp_path / "x.jpg").icc_profile is None
