"""What a file is by its content, whatever its name says; and how large it may be."""

import contextlib
import importlib
import re
import threading
import warnings
from collections.abc import Iterator

import psutil
from PIL import Image

from srlib.errors import ImageError

# Formats of Pillow's that are no photographs in pixels: drawings, which it hands to another
# program; films; measurements, which have no black and white; and stubs without a decoder.
NOT_READ = {"EPS", "WMF", "PDF", "FLI", "MPEG", "FITS", "HDF5", "GRIB", "BUFR", "MCIDAS", "IPTC"}
NOT_READ |= {"SPIDER", "XVTHUMB", "PALM", "GBR", "FTEX", "BLP", "IMT", "PIXAR"}

# what the file begins with, from which byte -> Pillow's name, the plugin, the package it is in
_PLUGINS = (
    (re.compile(rb"....ftyp(heic|heix|hevc|hevx|heim|heis|mif1|msf1)", re.S), "HEIC"),
    (re.compile(rb"\xff\x0a|\0\0\0\x0cJXL \r\n\x87\n", re.S), "JPEG XL"),
)
_PACKAGES = {"HEIC": ("pillow_heif", "pillow-heif"), "JPEG XL": ("pillow_jxl", "pillow-jxl-plugin")}

_OTHERS = tuple(  # what else is found under the name of an image, and what to do about it
    (re.compile(beginning, re.S | re.I), what)
    for beginning, what in (
        (rb"version https://git-lfs", "a Git LFS pointer, not the image: run git lfs pull"),
        (
            rb"\s*(<\?xml[^>]*>\s*)?(<!--.*?-->\s*)?(<!doctype svg[^>]*>\s*)?<svg",
            "an SVG drawing, which has no pixels: export it as PNG, as large as you want it",
        ),
        (
            rb"\s*(<!doctype html|<html|<head|<body|<!--)",
            "an HTML page, not an image: the download went wrong, fetch the file again",
        ),
        (rb"\s*<\?xml", "XML, not an image: the download went wrong, fetch the file again"),
        (rb"\s*[{\[]\s*[\"{\[]", "JSON, not an image: the download went wrong, fetch it again"),
        (rb"%PDF-", "a PDF: save its picture as PNG or TIFF first"),
        (rb"%!PS|\xc5\xd0\xd3\xc6", "a PostScript drawing: export it as PNG first"),
        (rb"PK\x03\x04|Rar!|7z\xbc\xaf|\x1f\x8b", "an archive: unpack it first"),
        (
            rb"....ftyp(qt|mp4|isom|iso2|M4V|avc1|3gp)|\x1aE\xdf\xa3|RIFF....AVI ",
            "a film: save the frame that you want as PNG",
        ),
        (
            rb"FUJIFILMCCD-RAW|II\x1a\0\0\0HEAPCCDR|IIRO|IIRS|IIU\0|....ftypcrx",
            "a camera's raw file: develop it, and save it as TIFF or PNG",
        ),
        (rb"\x89PNG[\r\n]", "a PNG that a transfer as text has damaged: fetch it again"),
    )
)

_BEGINNINGS = {
    "PNG": (b"\x89PNG\r\n\x1a\n",),
    "JPEG": (b"\xff\xd8\xff",),
    "TIFF": (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"),
}

_BYTES = 10  # of memory for a pixel: Pillow's copy, ours, and one that is turned

AT_EASE = 100_000_000  # bytes of pixels that any file may become

MOST_PACKED = 400  # times: a larger file may not be more pixels than so many times its bytes


def kind_of(head: bytes) -> str:
    """PNG, JPEG, TIFF, or "" for what Pillow may know; by the first bytes of a file.

    Plugins for HEIC and JPEG XL are loaded when they are asked for.

    Raises:
        ImageError: it is no image, or none that is read; says what it is and what to do.
    """
    for kind, beginnings in _BEGINNINGS.items():
        if head.startswith(beginnings):
            return kind
    for pattern, name in _PLUGINS:
        if pattern.match(head) and b"avif" not in head[:64]:
            _load_plugin(name)
    for pattern, what in _OTHERS:
        if pattern.match(head):
            raise ImageError(f"is {what}")
    return ""


def _load_plugin(name: str) -> None:
    module, package = _PACKAGES[name]
    try:
        plugin = importlib.import_module(module)
    except ImportError:
        raise ImageError(
            f"is a {name} image, which Pillow reads with a plugin: pip install {package}, or save "
            "it as PNG first"
        ) from None
    if hasattr(plugin, "register_heif_opener"):
        plugin.register_heif_opener()


def pillows() -> list[str]:
    """The formats that Pillow is asked for, those of plugins that were loaded included."""
    Image.init()
    return [name for name in Image.ID if name not in NOT_READ]


_LOCK = threading.Lock()


@contextlib.contextmanager
def without_pillows_limit() -> Iterator[None]:
    """Pillow lets any size pass, and odd metadata without a word: `check_size` comes next.

    Both settings are the process's, so one thread at a time.
    """
    with _LOCK, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
        try:
            yield
        finally:
            Image.MAX_IMAGE_PIXELS = limit


def check_size(
    size: tuple[int, int], raw_bytes: int, file_bytes: int, max_pixels: int | None
) -> None:
    """Refuse, before it is decoded, what is larger than allowed, or than it can be in earnest.

    Without a limit of the caller's, an image must fit the memory at hand, and a large one may not
    be much larger than its file: a few kilobytes that unfold to gigabytes are no photograph.

    Args:
        size: width and height.
        raw_bytes: of the pixels as they are before compression.
        file_bytes: of the file.
        max_pixels: the most that the caller takes, whatever the file.

    Raises:
        ImageError: it is too large.
    """
    pixels = size[0] * size[1]
    what = f"is {size[0]}x{size[1]} pixels, {pixels / 1e6:.1f} megapixels"
    allow = f"allow it with --max-megapixels {-(-pixels // 1_000_000)} (max_pixels={pixels})"
    if max_pixels is not None:
        if pixels > max_pixels:
            raise ImageError(
                f"is too large: it {what}, and {max_pixels / 1e6:g} are allowed: if you trust the "
                f"file, {allow}"
            )
        return
    memory = psutil.virtual_memory().available
    if pixels * _BYTES > memory:
        raise ImageError(
            f"is too large: it {what}, for which the {memory / 1e9:.1f} GB of memory at hand are "
            f"not enough. Cut it into parts first"
        )
    if raw_bytes > max(AT_EASE, MOST_PACKED * file_bytes):
        raise ImageError(
            f"is too large: it {what} in a file of {file_bytes / 1e3:.0f} kB, as only an empty "
            f"picture or a hostile file is. If you trust it, {allow}"
        )
