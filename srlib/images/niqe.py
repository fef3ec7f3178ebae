"""How natural does an image look? NIQE knows no truth: it compares local contrasts with nature's.

Source: Mittal, Soundararajan, Bovik, "Making a 'Completely Blind' Image Quality Analyzer", IEEE SPL
20(3), 2013; equation numbers below are the paper's. Where it is silent we do as the authors' MATLAB
code does, so that with their parameters the scores are those of published tables.

The steps: luma, divided by its local contrast (eq. 1); blocks of 96x96 pixels; in each block the
shapes and widths of what is left and of its products with four neighbours (eq. 5 to 8), at full and
at half size: 36 numbers. Over many sharp blocks of natural photographs these have a mean and a
covariance, which :class:`NaturalStatistics` holds. NIQE is how far the image's own lie from them.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from itertools import chain
from pathlib import Path

import numpy as np
import torch
from scipy.ndimage import gaussian_filter
from scipy.special import gammaln

from srlib.atomic import write_whole
from srlib.errors import ArgumentError
from srlib.images.metrics import Image, Protocol, Score
from srlib.images.resize import imresize
from srlib.images.values import check_uint8, to_uint8

BLOCK = 96  # pixels: side of a block
FEATURES = 36  # of a block: 18 at full size, then 18 at half size
SHARP = 0.75  # blocks of natural photographs: at least so sharp, as a share of the sharpest one
NATURAL = Path(__file__).with_name("niqe_natural.json")

_NEIGHBOURS = ((0, 1), (1, 0), (1, 1), (1, -1))  # across, down and the two diagonals
_FLAT = 1e-10  # what rounding leaves of a normalised pixel where all around it are equal
# The shapes that a fit may have; and (mean of |x|)^2 / (mean of x^2) of a distribution of each.
_SHAPES = np.arange(200, 10_001) / 1000
_RATIOS = np.exp(2 * gammaln(2 / _SHAPES) - gammaln(1 / _SHAPES) - gammaln(3 / _SHAPES))


@dataclass(frozen=True, eq=False)
class NaturalStatistics:
    """The multivariate Gaussian of natural photographs' features (eq. 9).

    Attributes:
        mean: float64 ``(36,)``, of the features in the order of :func:`niqe_features`.
        covariance: float64 ``(36, 36)``.
        source: what they were fitted to.

    Raises:
        ArgumentError: another shape, or numbers that are not finite.
    """

    mean: np.ndarray
    covariance: np.ndarray
    source: str = ""

    def __post_init__(self) -> None:
        for name, shape in (("mean", (FEATURES,)), ("covariance", (FEATURES, FEATURES))):
            array = np.asarray(getattr(self, name), np.float64)
            if array.shape != shape or not np.isfinite(array).all():
                raise ArgumentError(
                    f"{name} must be {shape} finite numbers, got shape {array.shape}: "
                    "NaturalStatistics.fit makes them from photographs"
                )
            object.__setattr__(self, name, array)

    @classmethod
    def fit(cls, photographs: Iterable[Image], about: str) -> "NaturalStatistics":
        """Mean and covariance over the sharp blocks of photographs, read one at a time.

        A block's sharpness is the mean of its local deviations; of each photograph those blocks
        count that have more than 0.75 of its sharpest one's (eq. 4): people look at what is sharp.

        Args:
            photographs: images as :func:`niqe` takes them, as natural as can be.
            about: what they are, in words; ``source`` says how many they were as well.

        Raises:
            ArgumentError: fewer blocks than features, from which no covariance can be had.
        """
        sharp = []
        for photograph in photographs:
            features, sharpness = _features(_luma(photograph, 0))
            sharp.append(features[sharpness > SHARP * sharpness.max()])
        features = np.concatenate([np.empty((0, FEATURES)), *sharp])
        features = features[np.isfinite(features).all(axis=1)]
        if len(features) <= FEATURES:
            raise ArgumentError(
                f"{len(features)} sharp blocks of {BLOCK}x{BLOCK} pixels are too few for a "
                f"covariance of {FEATURES} features: give more or larger photographs"
            )
        source = f"{len(features)} sharp blocks of {len(sharp)} photographs: {about}"
        return cls(features.mean(axis=0), np.cov(features, rowvar=False), source)

    def save(self, path: Path) -> None:
        """Write JSON, seven digits a number: the whole file or nothing."""
        mean, *rows = (
            json.dumps([float(f"{value:.7g}") for value in row])
            for row in (self.mean, *self.covariance)
        )
        source = json.dumps(self.source, ensure_ascii=False)
        head = f'{{"source": {source},\n"mean": {mean},\n"covariance": ['
        write_whole(Path(path), (head + ",\n".join(rows) + "]}\n").encode())

    @classmethod
    def load(cls, path: Path = NATURAL) -> "NaturalStatistics":
        """Read what :meth:`save` wrote; without a path, what comes with srlib.

        Raises:
            ArgumentError: a file of something else.
        """
        try:
            stored = json.loads(Path(path).read_text("utf-8"))
            return cls(stored["mean"], stored["covariance"], stored["source"])
        except (ValueError, KeyError, TypeError) as error:
            raise ArgumentError(
                f"{str(path)!r} holds no natural statistics ({error}): "
                "NaturalStatistics.save writes them"
            ) from error


_natural = cache(NaturalStatistics.load)


def niqe(image: Image, *, border: int = 0, parameters: NaturalStatistics | None = None) -> Score:
    """Natural image quality evaluator, 0 or more; lower is more natural.

    The distance of eq. 10 between the image's blocks and nature's. It depends on the number of
    blocks, so compare images of one size, and only under the same parameters. It does not know the
    truth: an image that is wrong but looks like a photograph scores well.

    Args:
        image: uint8 ``(H, W)`` or ``(H, W, 3)``, or a float tensor ``(1, C, H, W)`` in [0, 1],
            which is rounded to 8 bit first. Colour becomes luma of BT.601 in studio range, rounded,
            as in tables of super-resolution; grey is taken as it is. What is left over by whole
            blocks of 96x96, at the right and the bottom, does not count, nor do flat blocks, of
            which the features are undefined (the authors' code counts a shape of 0.2 there).
        border: pixels left out on each side.
        parameters: of natural photographs; by default those that come with srlib, whose
            ``source`` says what they were fitted to. Scores of other parameters are other numbers.

    Raises:
        ArgumentError: fewer than two blocks, or fewer than two that are not flat: the distance
            needs a covariance.
        ImageError: neither an image nor a tensor of one, or values out of range.

    >>> noise = np.random.default_rng(0).integers(0, 256, (192, 192), np.uint8)
    >>> niqe(noise) > 20
    True
    """
    parameters = parameters or _natural()
    features = niqe_features(image, border=border)
    defined = features[np.isfinite(features).all(axis=1)]
    if len(defined) < 2:
        raise ArgumentError(
            f"NIQE needs 2 blocks of {BLOCK}x{BLOCK} pixels that are not flat, but this image has "
            f"{len(defined)} among {len(features)}: take a larger image, or one with more in it"
        )
    away = defined.mean(axis=0) - parameters.mean
    spread = (np.cov(defined, rowvar=False) + parameters.covariance) / 2
    value = float(np.sqrt(away @ np.linalg.pinv(spread) @ away))
    return Score(value, "", Protocol(border=border))


def niqe_features(image: Image, *, border: int = 0) -> np.ndarray:
    """The 36 features of each block, float64 ``(blocks, 36)``, row by row of the image.

    First 18 at full size: shape and width of the normalised luma, the width as the mean of the left
    and the right one, as the authors' code has it (the paper's eq. 5 is symmetric); then for its
    products with the neighbour to the left, above, above left and above right the shape, the mean
    (eq. 8), and the width to the left and to the right of 0 (eq. 7). Then the same at half size.
    NaN stands where a feature is undefined, as in a block that is flat.

    Args and errors: as :func:`niqe`, but one block is enough.
    """
    return _features(_luma(image, border))[0]


def _luma(image: Image, border: int) -> np.ndarray:
    """float64 ``(h, w)``, whole blocks of it, on 0..255."""
    protocol = Protocol(border=border)
    pixels = to_uint8(image) if isinstance(image, torch.Tensor) else image
    check_uint8(pixels)
    if pixels.shape[2:] not in ((), (3,)):
        raise ArgumentError(f"expected a grey (H, W) or an RGB (H, W, 3) image, got {pixels.shape}")
    height, width = (side - 2 * border for side in pixels.shape[:2])
    if min(height, width) < BLOCK:
        raise ArgumentError(
            f"NIQE needs at least {BLOCK}x{BLOCK} pixels, but of {pixels.shape[1]}x"
            f"{pixels.shape[0]} border {border} leaves {max(width, 0)}x{max(height, 0)}: take a "
            "larger image"
        )
    luma = protocol.plane(pixels)
    return luma[: height - height % BLOCK, : width - width % BLOCK]


def _features(luma: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Features ``(blocks, 36)`` and sharpness ``(blocks,)`` of luma in whole blocks."""
    normalised, deviation = _normalise(luma)
    half, _ = _normalise(imresize(luma, 0.5))
    features = [
        np.concatenate([_of_blocks(row) for row in _cut(plane, side)])
        for plane, side in ((normalised, BLOCK), (half, BLOCK // 2))
    ]
    return np.hstack(features), _cut(deviation, BLOCK).mean(axis=(2, 3)).ravel()


def _normalise(luma: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Luma without its local mean, over its local deviation + 1 (eq. 1); and that deviation."""
    mean, square = (gaussian_filter(x, 7 / 6, mode="nearest", radius=3) for x in (luma, luma**2))
    deviation = np.sqrt(np.abs(square - mean**2))
    normalised = (luma - mean) / (deviation + 1)
    normalised[np.abs(normalised) < _FLAT] = 0
    return normalised, deviation


def _cut(plane: np.ndarray, side: int) -> np.ndarray:
    """``(h, w)`` -> its blocks, ``(rows, columns, side, side)``."""
    height, width = plane.shape
    return plane.reshape(height // side, side, width // side, side).swapaxes(1, 2)


def _of_blocks(blocks: np.ndarray) -> np.ndarray:
    """18 features of each block of normalised luma ``(blocks, side, side)``."""
    shape, left, right = _fit_shape(blocks)
    columns = [(shape, (left + right) / 2)]
    for shift in _NEIGHBOURS:  # what leaves a block comes in again at its other end
        shape, left, right = _fit_shape(blocks * np.roll(blocks, shift, axis=(1, 2)))
        mean = (right - left) * np.exp(gammaln(2 / shape) - gammaln(1 / shape))
        columns.append((shape, mean, left, right))
    return np.stack(list(chain.from_iterable(columns)), axis=1)


def _fit_shape(blocks: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Asymmetric generalised Gaussian of each block's values: shape, left and right width (eq. 7).

    By moments, after Lasmar, Stitou, Berthoumieu (ICIP 2009): the squares' means left and right of
    0 give the asymmetry, the ratio of absolute mean and deviation then gives the shape. NaN where
    one side is empty.
    """
    values = blocks.reshape(len(blocks), -1)
    below, above = np.minimum(values, 0), np.maximum(values, 0)
    squares = [np.einsum("bp,bp->b", side, side) for side in (below, above)]
    counts = [np.count_nonzero(side, axis=1) for side in (values < 0, values > 0)]
    absolute, size = above.sum(axis=1) - below.sum(axis=1), values.shape[1]
    with np.errstate(divide="ignore", invalid="ignore"):
        left, right = np.sqrt(np.divide(squares, counts))
        skew = left / right
        ratio = absolute**2 / (size * sum(squares))
        ratio *= (skew**3 + 1) * (skew + 1) / (skew**2 + 1) ** 2
    between = (_RATIOS[1:] + _RATIOS[:-1]) / 2
    shape = np.where(np.isnan(ratio), np.nan, _SHAPES[np.searchsorted(between, ratio)])
    width = np.exp((gammaln(1 / shape) - gammaln(3 / shape)) / 2)
    return shape, left * width, right * width
