"""What a file says of a photograph besides its pixels, in the form that goes from file to file."""

from dataclasses import dataclass
from typing import NamedTuple


class Density(NamedTuple):
    """How many pixels there are to an inch; or, if ``unit`` is "", only the ratio of the two."""

    x: float
    y: float
    unit: str = "inch"

    def scaled(self, scale: float) -> "Density":
        """Of the image enlarged: so many times more pixels on the same paper."""
        return Density(self.x * scale, self.y * scale, self.unit) if self.unit else self


class Text(NamedTuple):
    """A comment: a key such as "Author" or "Comment", and what it says.

    ``data`` holds the bytes as they were in the file: Latin-1 or UTF-8, as ``encoding`` says, which
    is "" where nobody knows. ``chunk`` is the PNG chunk that it came in, whole; else None.
    """

    key: str
    data: bytes
    encoding: str = ""
    chunk: tuple[bytes, bytes] | None = None

    def in_full(self) -> bytes:
        """With its key, unless that says no more than that it is a comment."""
        plain = self.key in ("Comment", "Description")
        return self.data if plain else self.key.encode() + b": " + self.data


@dataclass(frozen=True)
class About:
    """All that goes with the pixels of one photograph; what a file does not say is None or empty.

    Attributes:
        exif: what camera and photographer noted: a TIFF structure, for the upright image.
        icc_profile: what colours the values stand for.
        xmp: the same and more, as XML.
        iptc: captions and credits of press photographs, as Photoshop's image resources.
        density: pixels per inch.
        colour: PNG's chunks about colour (gAMA, cHRM, sRGB, cICP ...), as name and content.
        texts: comments.
    """

    exif: bytes | None = None
    icc_profile: bytes | None = None
    xmp: bytes | None = None
    iptc: bytes | None = None
    density: Density | None = None
    colour: tuple[tuple[bytes, bytes], ...] = ()
    texts: tuple[Text, ...] = ()
