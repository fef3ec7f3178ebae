"""A method for results of any size: its own whole factor first, then the exact resizer.

upscaler = Upscaler("srgan", Sizes(scale=2.5))
sr = upscaler(lr)
"""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from torch import nn

from srlib.errors import ArgumentError, Error, ImageError, ScaleError, is_lack_of_memory
from srlib.networks import pretrained
from srlib.networks.pretrained import card
from srlib.upscaling.functions import Function
from srlib.upscaling.memory import at_hand, in_words
from srlib.upscaling.method import SCALES, Method, Precision, Slices, load, names
from srlib.upscaling.resizing import resized
from srlib.upscaling.sizes import Size, Sizes
from srlib.upscaling.tiles import SMALLEST, tile_side, windows

Entry = str | Path | nn.Module | Function | Method

PROBE = 64  # pixels a side, of an image, to see how fast a method is

NEAR = 0.995  # a factor so little too small will do: the rounding of a side asks for as much


@dataclass(frozen=True)
class Stages:
    """How one image gets to its size.

    Attributes:
        size: of the result.
        method: what enlarges by a whole factor; None where the resizer does all.
    """

    size: Size
    method: Method | None

    @property
    def resize(self) -> bool:
        """Whether the resizer has anything to do."""
        return self.method is None or self.size[2:] != (self.method.scale,) * 2

    @property
    def name(self) -> str:
        """Of the method."""
        return "bicubic" if self.method is None else self.method.name

    def __str__(self) -> str:
        """Such as "srcnn x2", or "srgan x4, then resized to x2.5"."""
        scale = f"x{self.size.scale:.4g}"
        if self.method is None:
            return f"bicubic {scale}"
        own = f"{self.name} x{self.method.scale}"
        return f"{own}, then resized to {scale}" if self.resize else own


class Upscaler:
    """A method, made fit for results of any size.

    Of a network's factors the smallest that suffices is taken, and MATLAB's resizer makes the
    result exactly as large as asked; where the largest does not suffice it does the rest.

    Args:
        entry: as for :func:`srlib.upscaling.method.load`; None for the shipped network that comes
            nearest to the truth, and for bicubic where that cannot be used.
        sizes: of the results.
        strength, precision: as for ``load``.

    Raises:
        ArgumentError, CheckpointError: for a method that there is not.
    """

    def __init__(
        self,
        entry: Entry | None,
        sizes: Sizes,
        *,
        strength: float | None = None,
        precision: Precision = "auto",
    ) -> None:
        self.entry, self.sizes = entry, sizes
        self._options = {"strength": strength, "precision": precision}
        self._loaded: dict[tuple[str, int], Method] = {}
        self._method(Size(2, 2, 2, 2) if sizes.scale is None else sizes.of(1, 1), deep=False)

    def stages(self, image: np.ndarray) -> Stages:
        """How this image gets to its size.

        Raises:
            ImageError: when it would be enlarged too much.
        """
        size = self.sizes.of(*image.shape[:2])
        return Stages(size, self._method(size, image.dtype == np.uint16))

    def pieces(
        self,
        image: np.ndarray,
        stages: Stages,
        tile: int | None = None,
        computed: Callable[[int], object] = lambda pixels: None,
    ) -> Iterator[tuple[Slices, np.ndarray]]:
        """The result, piece by piece: rows and columns of it, and the pixels there.

        Where memory does not suffice, tiles become smaller.

        Args:
            computed: is told of each step, in pixels of the result that it is worth.
        """
        if stages.method is None:
            yield from _told(resized(image, stages.size), computed)
            return
        pieces = _in_smaller_tiles(stages.method, image, tile)
        if not stages.resize:
            yield from _told(pieces, computed)
            return
        factor = stages.method.scale
        shape = (image.shape[0] * factor, image.shape[1] * factor, *image.shape[2:])
        large = np.empty(shape, image.dtype)
        share = stages.size.height * stages.size.width / (shape[0] * shape[1])
        for target, block in _told(pieces, computed, share):
            large[target] = block
        yield from resized(large, stages.size, factor)

    def __call__(self, image: np.ndarray, tile: int | None = None) -> np.ndarray:
        """The whole image, enlarged."""
        stages = self.stages(image)
        check_memory(stages, image)
        sr = np.empty((stages.size.height, stages.size.width, *image.shape[2:]), image.dtype)
        for target, block in self.pieces(image, stages, tile):
            sr[target] = block
        return sr

    def _method(self, size: Size, deep: bool) -> Method | None:
        """What enlarges by a whole factor before the resizer; None for the resizer alone."""
        if isinstance(self.entry, Method):
            return self.entry
        if size.scale <= 1 or (self.entry is None and deep):  # networks work with 8 bits
            return None
        if self.entry == "bicubic":
            whole = size.down == size.across and size.scale in SCALES
            return self._load("bicubic", int(size.scale)) if whole else self._checked_bicubic()
        factor = _sufficient(_factors(self.entry), size.scale)
        return self._load(best(factor) if self.entry is None else self.entry, factor)

    def _load(self, entry: Entry, factor: int) -> Method:
        """The method; with the factor that it has, if it has but one."""
        key = (str(entry), factor)
        if key not in self._loaded:
            try:
                self._loaded[key] = load(entry, factor, **self._options)
            except ScaleError as error:
                if error.has not in SCALES:
                    raise ArgumentError(f"{error}; methods of srlib enlarge by 2, 3 or 4") from None
                self._loaded[key] = load(entry, error.has, **self._options)
        return self._loaded[key]

    def _checked_bicubic(self) -> None:
        self._load("bicubic", 2)  # which refuses a strength


def best(factor: int) -> str:
    """The shipped network that comes nearest to the truth of photographs at a whole factor.

    >>> best(2), best(4)
    ('srcnn', 'srresnet')
    """
    measured = {
        name: card(name, factor).scores["ten photographs"][name]
        for name in names(factor)
        if name != "bicubic"
    }
    return max(measured, key=measured.get)


def own_factors(entry: Entry | None) -> tuple[int, ...]:
    """The factors that a method has itself; for others its result is resized.

    >>> own_factors("srgan@0.7"), own_factors("srcnn")
    ((4,), (2, 3, 4))
    """
    if isinstance(entry, Method):
        return (entry.scale,)
    try:
        load(entry, 2) if entry is not None else None
    except ScaleError as error:
        return (error.has,)
    except ArgumentError:
        pass  # a shipped one without x2
    return _factors(entry)


def check_memory(stages: Stages, image: np.ndarray) -> None:
    """Refuse, before any work, a result that does not fit into the memory at hand.

    Raises:
        ImageError: which says how much there is.
    """
    needed, there, size = bytes_of(stages, image), at_hand(), stages.size
    if needed > there:
        raise ImageError(
            f"the result of {size.width}x{size.height} needs {in_words(needed)} of memory, and "
            f"{in_words(there)} are free: ask for a smaller one, or cut the image into parts"
        )


def bytes_of(stages: Stages, image: np.ndarray) -> int:
    """Of the result in memory, and of what it is made from: about, and not of the work itself.

    Pillow takes four bytes a pixel for all 8-bit images but grey.
    """
    pixels = stages.size.height * stages.size.width
    plane = image.itemsize if image.ndim == 2 else image.itemsize * image.shape[2]
    result = pixels * (4 if image.ndim == 3 and image.itemsize == 1 else plane)
    if stages.method is None or not stages.resize:
        return result
    return result + image.shape[0] * image.shape[1] * stages.method.scale**2 * plane


def _factors(entry: Entry | None) -> tuple[int, ...]:
    if isinstance(entry, str):
        return pretrained.SHIPPED.get(entry.partition("@")[0], SCALES)
    return SCALES


def _sufficient(factors: tuple[int, ...], scale: float) -> int:
    """The smallest that suffices, or the largest."""
    return next((each for each in sorted(factors) if each >= NEAR * scale), max(factors))


def _told(
    pieces: Iterable[tuple[Slices, np.ndarray]],
    computed: Callable[[int], object],
    share: float = 1.0,
) -> Iterator[tuple[Slices, np.ndarray]]:
    for target, block in pieces:
        computed(round(share * block.shape[0] * block.shape[1]))
        yield target, block


def _in_smaller_tiles(
    method: Method, image: np.ndarray, tile: int | None
) -> Iterator[tuple[Slices, np.ndarray]]:
    """What the method makes, in tiles half as large whenever there was too little memory.

    A piece that was handed on before is handed on again.
    """
    while True:
        try:
            yield from method.pieces(image, tile)
            return
        except (MemoryError, RuntimeError) as error:
            if not is_lack_of_memory(error) or method.margin is None:
                raise
            tile = (tile or tile_side(method.bytes_per_pixel, method.margin)) // 2
            if tile < SMALLEST:
                raise


def expected_seconds(stages: Stages, image: np.ndarray, tile: int | None) -> float:
    """About how long a large image will take, by a small part of it; 0 where that is soon done."""
    method, part = stages.method, image[:PROBE, :PROBE]
    if method is None or method.margin is None or image.size < 16 * part.size:
        return 0.0
    try:
        method(part)  # the first time takes longer
        began = time.monotonic()
        method(part)
    except Error:  # the work itself will tell
        return 0.0
    rate = (time.monotonic() - began) / (part.shape[0] * part.shape[1])
    tile = tile or tile_side(method.bytes_per_pixel, method.margin)
    areas = (
        (min(rows.stop, image.shape[0]) - rows.start)
        * (min(columns.stop, image.shape[1]) - columns.start)
        for (rows, columns), *_ in windows(*image.shape[:2], 1, method.margin, tile)
    )
    return rate * sum(areas)
