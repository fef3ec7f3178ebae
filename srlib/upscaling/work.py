"""What is asked of files on their way, what becomes of each, and who watches."""

from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from srlib.errors import ArgumentError
from srlib.images.formats import SUFFIXES
from srlib.upscaling.plan import Job
from srlib.upscaling.sizes import Sizes
from srlib.upscaling.upscaler import Stages

_TAKES_QUALITY = ("JPEG", "WEBP", "AVIF")
_TAKES_LOSSLESS = ("WEBP",)
_LOSSY = ("JPEG", "AVIF")  # and cannot do otherwise


@dataclass(frozen=True)
class Options:
    """How files are read and written.

    Attributes:
        tile: as for :func:`srlib.upscaling.image.upscale`.
        max_pixels: an input may have; None: as many as are safe.
        quality: 1 to 100, of formats that lose something; None: the format's own default.
        lossless: whether formats that can do either lose nothing.
        replace: whether outputs that exist may be replaced.
    """

    tile: int | None = None
    max_pixels: int | None = None
    quality: int | None = None
    lossless: bool | None = None
    replace: bool = True

    def of_writing(self, target: Path) -> dict[str, int | bool | None]:
        """What ``encode`` is told, as far as the target's format asks for it."""
        kind = SUFFIXES[target.suffix.lower()]
        return {
            "quality": self.quality if kind in _TAKES_QUALITY else None,
            "lossless": self.lossless if kind in _TAKES_LOSSLESS else None,
        }


def check_quality(quality: int | None, lossless: bool, targets: Iterable[Path]) -> None:
    """Refuse a quality, or to lose nothing, where no output's format knows of it.

    Raises:
        ArgumentError: which says what would.
    """
    kinds = {SUFFIXES.get(target.suffix.lower(), "") for target in targets}
    if quality is not None and not 1 <= quality <= 100:
        raise ArgumentError(f"quality must be a whole number from 1 to 100, not {quality}")
    if quality is not None and lossless:
        raise ArgumentError("a quality is for what loses something: give it, or --lossless")
    if quality is not None and not kinds & set(_TAKES_QUALITY):
        raise ArgumentError(
            f"{_said(kinds)} has no quality to choose: with --format jpg or webp there is one"
        )
    always = kinds & set(_LOSSY)
    if lossless and always:
        raise ArgumentError(
            f"{_said(always)} always loses something: with --format png or webp nothing is lost"
        )


def _said(kinds: set[str]) -> str:
    return " or ".join(sorted(kinds))


@dataclass
class Result:
    """What became of one image.

    Attributes:
        job: what was to be done.
        error: why it was not; None when the file was written.
        stages: how the image got to its size; None where it was not even read.
        seconds: of reading, computing and writing, together.
        peak_memory: the most bytes that this process held at a time until the end of it.
        warnings: what is not as one might expect, a sentence each.
    """

    job: Job
    error: str | None = None
    stages: Stages | None = None
    seconds: float = 0.0
    peak_memory: int = 0
    warnings: tuple[str, ...] = ()


class Watcher:
    """Who wants to know how the work goes; this one does not.

    Attributes:
        curious: whether it is worth a moment to find out how long an image will take.
    """

    curious = False

    def watching(self, jobs: list[Job], sizes: Sizes) -> AbstractContextManager[None]:
        """These are the jobs; as long as the work goes on, it goes on within this."""
        return nullcontext()

    def begins(self, result: Result) -> None:
        """An image was read, and is computed from now on."""

    def expects(self, seconds: float) -> None:
        """It will take about so long."""

    def computed(self, pixels: int) -> None:
        """So many more pixels of it are there."""

    def ends(self, result: Result) -> None:
        """It was written, or is not going to be."""
