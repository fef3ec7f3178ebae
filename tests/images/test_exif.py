"""EXIF and XMP: the same bytes in the result, but for what would no longer be true."""

import struct

import numpy as np
import pytest
from PIL import Image
from skimage.data import astronaut

from srlib.images import exif as exif_module
from srlib.images.about import About, Density
from srlib.images.reading import Photo, read, read_photo
from srlib.images.writing import encode, write
from tests.helpers import noted
from tests.helpers.arrays import equal, sixteen_bits

PHOTO = astronaut()[100:104, 200:206]  # (4, 6, 3)
GREY_PROFILE = noted.SRGB[:16] + b"GRAY" + noted.SRGB[20:]
SUFFIXES = [".png", ".jpg", ".webp", ".avif", ".tif"]  # of formats that hold EXIF and profiles


def source(path, order: str, orientation: int) -> None:
    """A file of that format with a camera's EXIF."""
    block = noted.exif(order, orientation)
    if path.suffix == ".tif":
        path.write_bytes(noted.tiff_with(PHOTO, block))
    elif path.suffix == ".png":
        path.write_bytes(noted.png(PHOTO, (b"eXIf", block)))
    else:
        Image.fromarray(PHOTO).save(path, exif=b"Exif\0\0" + block)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("given", SUFFIXES)
@pytest.mark.parametrize("target", SUFFIXES)
def test_every_value_keeps_its_bytes(tmp_path, given, target, order):
    if given == ".avif":  # in which Pillow would write it anew for its orientation
        Image.fromarray(PHOTO).save(
            tmp_path / "in.avif", exif=exif_module.without_orientation(noted.exif(order))
        )
    else:
        source(tmp_path / f"in{given}", order, 1)
    photo = read_photo(tmp_path / f"in{given}")
    large = Image.new("RGB", (12, 8))
    assert encode(tmp_path / f"x{target}", large, photo.about, scale=2) == ()
    before, after = (
        noted.raw_tags(noted.exif(order)),
        noted.raw_tags(noted.stored_exif(tmp_path / f"x{target}")),
    )
    changed = {
        "main": {0x011A, 0x011B, 0x0112, 0x8769, 0x8825, -1},
        "details": {0xA002, 0xA003, 0xA20E},
    }
    for name, tags in before.items():
        for tag in set(tags) - changed.get(name, {-1}) - {-1}:
            assert after[name][tag] == tags[tag], (name, hex(tag))
    assert noted.whole(after["details"][0xA002], order) == 12
    assert noted.whole(after["details"][0xA003], order) == 8
    assert struct.unpack(f"{order}II", after["main"][0x011A]) == (600, 1)  # inches stay inches
    assert struct.unpack(f"{order}II", after["details"][0xA20E]) == (8000, 1)
    if target != ".tif":
        assert after["main"][-1] == bytes(4)  # no preview
    stored = (tmp_path / f"x{target}").read_bytes()
    assert b"preview of the small image" not in stored


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("given", [".png", ".jpg", ".webp", ".tif", ".avif"])
def test_the_orientation_is_that_of_the_upright_image(tmp_path, given, order):
    source(tmp_path / f"in{given}", order, 6)
    photo = read_photo(tmp_path / f"in{given}")
    assert photo.pixels.shape == (6, 4, 3)
    if given in (".png", ".tif"):
        assert equal(photo.pixels, np.rot90(PHOTO, -1))
    for target in SUFFIXES:
        encode(tmp_path / f"x{target}", Image.fromarray(photo.pixels), photo.about)
        assert read(tmp_path / f"x{target}").shape == (6, 4, 3)  # not turned twice
        with Image.open(tmp_path / f"x{target}") as image:
            assert image.getexif().get(0x0112, 1) == 1


def test_a_maker_note_does_not_move():
    """Its pointers count from the start of the block."""
    before = noted.exif()
    after = exif_module.resized(exif_module.upright(before), (12, 8), 2)
    assert after.index(noted.MAKER_NOTE) == before.index(noted.MAKER_NOTE)
    noted_more = exif_module.with_density(after, Density(70, 70))
    assert noted_more.index(noted.MAKER_NOTE) == before.index(noted.MAKER_NOTE)
    assert struct.unpack("<II", noted.raw_tags(noted_more)["main"][0x011A]) == (70, 1)


def test_a_tiff_has_the_layout_of_its_own_pixels(tmp_path):
    """Not what a camera's EXIF says of its JPEG."""
    block = noted.exif()
    entry = block.index(struct.pack("<HHI", 0x0128, 3, 1))
    jpegs = block[:entry] + struct.pack("<HHIHH", 0x0213, 3, 1, 2, 0) + block[entry + 12 :]
    encode(tmp_path / "x.tif", Image.fromarray(PHOTO), About(exif=jpegs))
    tags = noted.raw_tags((tmp_path / "x.tif").read_bytes())["main"]
    assert 0x0213 not in tags and tags[0x010E] == noted.TEXTS[0x010E]


def test_a_size_beyond_two_bytes():
    after = exif_module.resized(noted.exif(), (70000, 80000), 1)
    tags = noted.raw_tags(after)["details"]
    assert noted.whole(tags[0xA002], "<") == 70000
    assert noted.whole(tags[0xA003], "<") == 80000  # which was a SHORT


def test_two_entries_that_share_a_density_are_scaled_once():
    block = bytearray(noted.exif())
    entries = [block.index(struct.pack("<HHI", tag, 5, 1)) for tag in (0x011A, 0x011B)]
    block[entries[1] + 8 : entries[1] + 12] = block[entries[0] + 8 : entries[0] + 12]
    tags = noted.raw_tags(exif_module.resized(bytes(block), (12, 8), 3))["main"]
    assert struct.unpack("<II", tags[0x011A]) == struct.unpack("<II", tags[0x011B]) == (900, 1)


def test_orientation_by_xmp_alone(tmp_path):
    xmp = noted.XMP.replace(b"tiff:Orientation='1'", b"tiff:Orientation='6'")
    text = (b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp)
    (tmp_path / "x.png").write_bytes(noted.png(PHOTO, text))
    photo = read_photo(tmp_path / "x.png")
    assert equal(photo.pixels, np.rot90(PHOTO, -1))
    assert photo.about.xmp == noted.XMP
    assert b"exif:PixelXDimension='12'" in exif_module.resized_xmp(photo.about.xmp, (12, 8))


def test_exif_as_imagemagick_writes_it(tmp_path):
    block = b"Exif\0\0" + noted.exif(orientation=6)
    text = b"Raw profile type exif\0\nexif\n%8d\n%s\n" % (len(block), block.hex().encode())
    (tmp_path / "x.png").write_bytes(noted.png(PHOTO, (b"tEXt", text)))
    photo = read_photo(tmp_path / "x.png")
    assert photo.pixels.shape == (6, 4, 3) and photo.about.texts == ()
    assert noted.raw_tags(photo.about.exif)["main"][0x010E] == noted.TEXTS[0x010E]


def test_a_format_without_them(tmp_path):
    about = About(noted.exif(), noted.SRGB)
    with pytest.warns(UserWarning, match="BMP holds no (EXIF|ICC profile): left out") as caught:
        write(tmp_path / "x.bmp", PHOTO, about=about)
    assert len(caught) == 2
    assert read_photo(tmp_path / "x.bmp").about.exif is None


def test_a_file_without_them(tmp_path):
    photo = read_photo(write(tmp_path / "x.png", PHOTO))
    assert isinstance(photo, Photo) and photo.about == About() and photo.warnings == ()


def test_more_than_a_jpeg_holds(tmp_path):
    exif = Image.Exif()
    exif[0x010E] = "a" * 70000
    about = About(exif=exif.tobytes(), xmp=b"x" * 70000)
    lost = encode(tmp_path / "x.jpg", Image.fromarray(PHOTO), about)
    assert lost == (
        "JPEG holds at most 64 kB of EXIF: left out",
        "JPEG holds at most 64 kB of XMP: left out",
    )
    assert read_photo(tmp_path / "x.jpg").about.exif is None
    assert encode(tmp_path / "y.png", Image.fromarray(PHOTO), about) == ()
    with Image.open(tmp_path / "y.png") as image:
        assert len(image.getexif()[0x010E]) == 70000
    profile = noted.SRGB + bytes(200000)  # over several segments
    encode(tmp_path / "z.jpg", Image.fromarray(PHOTO), About(icc_profile=profile))
    with Image.open(tmp_path / "z.jpg") as image:
        assert image.info["icc_profile"] == profile
    assert read_photo(tmp_path / "z.jpg").about.icc_profile == profile


@pytest.mark.parametrize("damaged", [b"II*\0\xff\xff\xff\x7f", b"no exif", b"II*\0"])
def test_damaged_exif_is_left_out_and_named(tmp_path, damaged):
    (tmp_path / "x.png").write_bytes(noted.png(PHOTO, (b"eXIf", damaged)))
    photo = read_photo(tmp_path / "x.png")
    assert photo.about.exif is None and photo.warnings == ("the EXIF is damaged and left out",)
    assert equal(photo.pixels, PHOTO)


def test_exif_cut_anywhere_is_no_traceback(tmp_path):
    block = noted.exif()
    for cut in range(0, len(block), 7):
        upright = exif_module.upright(block[:cut])
        if upright:
            exif_module.resized(upright, (12, 8), 2)
            encode(tmp_path / "x.tif", Image.fromarray(PHOTO), About(exif=upright))
            assert equal(read(tmp_path / "x.tif"), PHOTO)


@pytest.mark.parametrize("place", [0, 4, 10, 30])
def test_a_value_that_lies_on_a_directory_counts_as_damage(tmp_path, place):
    """Else the density of the result would be written over it."""
    block = bytearray(noted.exif())
    entry = block.index(struct.pack("<HHI", 0x011A, 5, 1))
    block[entry + 8 : entry + 12] = struct.pack("<I", place)
    assert exif_module.upright(bytes(block)) is None


def test_odd_exif_is_no_reason_to_refuse_or_to_warn(tmp_path, recwarn):
    Image.new("RGB", (4, 4)).save(tmp_path / "x.png", exif=b"Exif\0\0II*\0\xff\xff\xff\x7f")
    assert read(tmp_path / "x.png").shape == (4, 4, 3)
    assert not recwarn.list


# Profiles


@pytest.mark.filterwarnings("ignore:.*ICC profile is not for")
@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_a_profile_stays_with_the_colours_it_is_for(tmp_path, suffix):
    path, grey = tmp_path / f"x{suffix}", PHOTO[..., 0]
    for pixels, profile, kept in [
        (PHOTO, noted.SRGB, True),
        (PHOTO, GREY_PROFILE, False),
        (PHOTO, b"damaged", False),
        (grey, GREY_PROFILE, True),
        (grey, noted.SRGB, False),
        (np.dstack([grey, grey]), GREY_PROFILE, True),
        (np.dstack([PHOTO, grey]), noted.SRGB, True),
    ]:
        write(path, pixels, about=About(icc_profile=profile))
        with Image.open(path) as image:
            assert (image.info.get("icc_profile") == profile) is kept
        Image.fromarray(pixels).save(path, icc_profile=profile)
        photo = read_photo(path)
        assert (photo.about.icc_profile == profile) is kept
        assert any("ICC profile" in each for each in photo.warnings) is not kept
    write(tmp_path / "x.webp", grey, about=About(icc_profile=GREY_PROFILE))  # which stores RGB
    assert read_photo(tmp_path / "x.webp").about.icc_profile is None


def test_sixteen_bits_keep_the_profile(tmp_path):
    for name, pixels, profile in [
        ("x.tif", sixteen_bits(5, 7, 3), noted.SRGB),
        ("x.png", sixteen_bits(5, 7), GREY_PROFILE),
        ("y.png", sixteen_bits(5, 7, 4), noted.SRGB),
        ("y.tif", sixteen_bits(5, 7), GREY_PROFILE),
    ]:
        path = write(tmp_path / name, pixels, about=About(icc_profile=profile))
        assert read_photo(path).about.icc_profile == profile


def test_what_was_cmyk_has_no_profile(tmp_path):
    for profile in (b"\0" * 16 + b"CMYK" + b"\0" * 200, noted.SRGB):
        Image.new("CMYK", (8, 8)).save(tmp_path / "x.jpg", icc_profile=profile)
        photo = read_photo(tmp_path / "x.jpg")
        assert photo.about.icc_profile is None
        assert "CMYK was converted to RGB" in photo.warnings
