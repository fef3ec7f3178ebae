"""What a file says of a photograph besides its pixels: EXIF, and the ICC profile of its colours."""

import contextlib

from PIL import ExifTags, Image

_Base = ExifTags.Base
ORIENTATION = _Base.Orientation
BITS_PER_SAMPLE = _Base.BitsPerSample
PHOTOMETRIC = _Base.PhotometricInterpretation

# Of a file's EXIF, what is said of the photograph, not of the file. A TIFF has there how its pixels
# are laid out, which is no longer so in another file.
_KEPT = {
    *(_Base.ImageDescription, _Base.Make, _Base.Model, _Base.Software, _Base.HostComputer),
    *(_Base.XResolution, _Base.YResolution, _Base.ResolutionUnit, _Base.DateTime),
    *(_Base.Artist, _Base.Copyright, _Base.Rating, _Base.XPTitle, _Base.XPComment),
    *(_Base.XPAuthor, _Base.XPKeywords, _Base.XPSubject, _Base.Orientation),
    *(_Base.ExifOffset, _Base.GPSInfo),
}

_PLANES = {"RGB ": 3, "GRAY": 1}  # colours that an ICC profile is for -> planes without alpha


def profile_fits(profile: bytes | None, shape: tuple[int, ...]) -> bool:
    """Whether an ICC profile is one for grey, or for RGB, as an image of that shape is."""
    planes = shape[2] if len(shape) == 3 else 1
    return _PLANES.get((profile or b"")[16:20].decode("latin-1")) == (3 if planes >= 3 else 1)


def photographers_exif(image: Image.Image) -> bytes | None:
    """EXIF for the upright image; None where there is none, or it is damaged."""
    try:
        exif = Image.Exif()
        exif.load(image.getexif().tobytes())  # a copy: the file's own says how to turn the image
        for tag in set(exif) - _KEPT:
            del exif[tag]
        if ORIENTATION in exif:
            exif[ORIENTATION] = 1
        return exif.tobytes() if len(exif) else None
    except Exception:  # as for a damaged file; the pixels are what counts
        return None


def with_size(exif: bytes, size: tuple[int, int]) -> bytes | None:
    """EXIF that gives this width and height, where it gives any."""
    with contextlib.suppress(Exception):  # one that cannot be parsed is no use to anybody
        noted = Image.Exif()
        noted.load(exif)
        details = noted.get_ifd(ExifTags.IFD.Exif)
        for tag, side in zip((_Base.ExifImageWidth, _Base.ExifImageHeight), size, strict=True):
            if tag in details:
                details[tag] = side
        return noted.tobytes()
    return None
