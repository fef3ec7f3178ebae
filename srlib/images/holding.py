"""What of a photograph's notes each format holds: kept, carried elsewhere in the file, or named."""

from dataclasses import replace

from srlib.images import exif as exif_block
from srlib.images import jpeg, png
from srlib.images.about import About

# format -> the fields of About that it holds
HOLDS = {
    "PNG": ("exif", "icc_profile", "xmp", "density", "colour", "texts"),
    "JPEG": ("exif", "icc_profile", "xmp", "iptc", "density", "texts"),
    "TIFF": ("exif", "icc_profile", "xmp", "iptc", "density", "texts"),
    "WEBP": ("exif", "icc_profile", "xmp", "density"),
    "AVIF": ("exif", "icc_profile", "xmp", "density"),
    "BMP": ("density",),
}

NAMES = {
    "exif": "EXIF",
    "icc_profile": "the ICC profile",
    "xmp": "XMP",
    "iptc": "captions of Photoshop's (IPTC)",
    "density": "the density",
    "colour": "chunks about colour",
    "texts": "comments",
}

_NOTHING = {"colour": (), "texts": ()}


def fitted(about: About, kind: str, shape: tuple[int, ...]) -> tuple[About, list[str]]:
    """What a file of that format will hold of it, for an image of that shape, and what not."""
    lost = []

    def drop(name: str, why: str) -> None:
        nonlocal about
        if getattr(about, name):
            lost.append(f"{why}: left out")
            about = replace(about, **{name: _NOTHING.get(name)})

    for name in NAMES:
        if name not in HOLDS[kind]:
            detail = _detail(about, name)
            drop(name, f"{kind} holds no {NAMES[name].removeprefix('the ')}{detail}")
    planes = (3,) if kind == "WEBP" and len(shape) == 2 else shape[2:]
    if about.icc_profile and not exif_block.profile_fits(about.icc_profile, (1, 1, *planes)):
        drop("icc_profile", f"the ICC profile is not for the colours of this {kind}")
    if kind == "JPEG":
        if len(about.exif or b"") + len(jpeg.EXIF) > jpeg.SEGMENT:
            drop("exif", "JPEG holds at most 64 kB of EXIF")
        if len(about.xmp or b"") + len(jpeg.XMP) > jpeg.SEGMENT:
            drop("xmp", "JPEG holds at most 64 kB of XMP")
        if any(len(text.in_full()) > jpeg.SEGMENT for text in about.texts):
            drop("texts", "JPEG holds at most 64 kB of a comment")
        if about.density and jpeg.density_bytes(about.density) is None:
            drop("density", "JPEG holds no density beyond 65535 pixels an inch")
    if kind == "BMP" and about.density and not about.density.unit:
        drop("density", "BMP holds no shape of its pixels")
    if kind == "PNG" and about.density and png.density_chunk(about.density) is None:
        drop("density", "PNG holds no such density")
    if kind == "TIFF" and about.texts and _described(about):
        drop("texts", "the TIFF has a description of its own, so it holds no comments")
    if kind in ("WEBP", "AVIF") and about.density and not exif_block.density_of(about.exif):
        about = replace(about, exif=exif_block.with_density(about.exif, about.density))
    if kind == "AVIF" and about.exif:
        about = replace(about, exif=exif_block.without_orientation(about.exif))
    return about, lost


def _detail(about: About, name: str) -> str:
    """Which of the chunks or comments."""
    if name == "colour":
        return f" ({', '.join(chunk.decode('latin-1') for chunk, _ in about.colour)})"
    if name == "texts":
        return f" ({', '.join(dict.fromkeys(text.key for text in about.texts))})"
    return ""


def _described(about: About) -> bool:
    try:
        return exif_block.DESCRIPTION in exif_block.Block(about.exif or b"").main.entries
    except ValueError:
        return False
