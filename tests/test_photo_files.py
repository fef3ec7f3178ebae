"""What a photograph's file holds besides 8-bit pixels: EXIF, ICC profile, 16 bits."""

import numpy as np
import pytest
import tifffile
from PIL import ExifTags, Image, ImageCms
from skimage.data import astronaut

from srlib.images import ImageError, Photo, read, read_photo, write
from srlib.photo_files import Stopped, encode

RNG = np.random.default_rng(0)
PHOTO = astronaut()[100:116, 200:224]  # (16, 24, 3)
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
GREY_PROFILE = SRGB[:16] + b"GRAY" + SRGB[20:]
BASE, GPS = ExifTags.Base, ExifTags.GPS
SUFFIXES = [".png", ".jpg", ".webp", ".tif"]  # of formats that hold EXIF and profiles


def sixteen_bits(*shape: int) -> np.ndarray:
    return RNG.integers(0, 65536, shape, dtype=np.uint16)


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


def test_what_was_cmyk_has_no_profile(tmp_path):
    for profile in (b"\0" * 16 + b"CMYK" + b"\0" * 200, SRGB):
        Image.new("CMYK", (8, 8)).save(tmp_path / "x.jpg", icc_profile=profile)
        assert read_photo(tmp_path / "x.jpg").icc_profile is None


# 16 bits


@pytest.mark.parametrize("suffix, shape", [(".png", (5, 7)), (".tif", (5, 7)), (".tif", (5, 7, 3))])
def test_sixteen_bits_there_and_back(tmp_path, suffix, shape):
    pixels = sixteen_bits(*shape)
    photo = read_photo(write(tmp_path / f"x{suffix}", pixels))
    assert photo.pixels.dtype == np.uint16 and np.array_equal(photo.pixels, pixels)
    with pytest.raises(ImageError, match="has 16 bits or more"):
        read(tmp_path / f"x{suffix}")


def test_sixteen_bits_keep_the_profile(tmp_path):
    for name, pixels, profile in [
        ("x.tif", sixteen_bits(5, 7, 3), SRGB),
        ("x.png", sixteen_bits(5, 7), GREY_PROFILE),
        ("y.tif", sixteen_bits(5, 7), GREY_PROFILE),
    ]:
        path = write(tmp_path / name, pixels, icc_profile=profile)
        assert read_photo(path).icc_profile == profile


@pytest.mark.parametrize("byteorder", ["<", ">"])
def test_sixteen_bits_upright(tmp_path, byteorder):
    pixels = sixteen_bits(5, 7, 3)
    tag = [(274, "H", 1, 6, True)]
    options = {"photometric": "rgb", "byteorder": byteorder, "extratags": tag, "metadata": None}
    tifffile.imwrite(tmp_path / "x.tif", pixels, **options)
    assert np.array_equal(read_photo(tmp_path / "x.tif").pixels, np.rot90(pixels, -1))
    exif = Image.Exif()
    exif[BASE.Orientation] = 6
    Image.fromarray(pixels[..., 0]).save(tmp_path / "x.png", exif=exif)
    assert np.array_equal(read_photo(tmp_path / "x.png").pixels, np.rot90(pixels[..., 0], -1))


def test_sixteen_bits_of_another_kind(tmp_path):
    planes = {"planarconfig": "separate", "photometric": "rgb"}
    alpha = {"photometric": "rgb", "extrasamples": ["unassalpha"]}
    for name, pixels, options in [
        ("planes.tif", sixteen_bits(3, 5, 7), planes),
        ("alpha.tif", sixteen_bits(5, 7, 4), alpha),
        ("white.tif", sixteen_bits(5, 7), {"photometric": "miniswhite"}),
        ("signed.tif", sixteen_bits(5, 7).astype(np.int16), {}),
    ]:
        tifffile.imwrite(tmp_path / name, pixels, **options)
        with pytest.raises(ImageError, match=name):
            read_photo(tmp_path / name)


# Encoding


def test_an_encoder_that_is_stopped_leaves_nothing(tmp_path):
    asked = []

    def stopped() -> bool:
        asked.append(None)
        return len(asked) > 3

    noise = RNG.integers(0, 256, (400, 400, 3), dtype=np.uint8)
    for suffix in (".png", ".tif"):
        asked.clear()
        with pytest.raises(Stopped):
            encode(tmp_path / f"x{suffix}", Image.fromarray(noise), stopped=stopped)
    assert list(tmp_path.iterdir()) == []
