"""MATLAB's ``imresize``, to the last bit.

The published super-resolution tables shrink and enlarge their images with MATLAB's ``imresize``. It
resizes the rows first and then the columns, with the weights of :mod:`srlib.images.kernels`.

* **8-bit images** are rounded (half up) and clipped to 0..255 after each of the two passes;
  **floating point images** are not rounded.
* The **border** depends on MATLAB's release, not on the kind of image. ``imresize.m`` up to 2013
  repeats the edge pixel for every class of image, later ones mirror the image for every class.

Two sets of MATLAB's own results are met here. The published 8-bit files of Set5 need the repeated
edge pixel; an image in ``double`` needs the mirror. So the two were probably made by different
releases. Unless a caller chooses, each kind of image has the border of its own set.

``_resize_planes`` is the definition, for any scale. ``_resize_in_tiles`` has the same 8-bit result
much sooner, for scales of n and 1/n, by arithmetic that is shown to be exact there.
"""

import math
from functools import lru_cache
from typing import Literal, NamedTuple

import numpy as np
import torch
from numpy.lib.stride_tricks import sliding_window_view

from srlib.errors import ArgumentError, ImageError
from srlib.images.kernels import (
    Border,
    Kernel,
    checked_kernel,
    checked_scale,
    output_size,
    resize_weights,
    unbounded_weights,
)

# a border by its name -> what the weights and NumPy's padding call it
_BORDERS: dict[str, tuple[Border, Literal["edge", "symmetric"]]] = {
    "replicate": ("replicate", "edge"),
    "mirror": ("symmetric", "symmetric"),
}


def imresize(
    image: np.ndarray | torch.Tensor,
    scale: float,
    *,
    kernel: str | Kernel = "cubic",
    antialias: bool = True,
    border: Literal["replicate", "mirror"] | None = None,
) -> np.ndarray | torch.Tensor:
    """Resize as MATLAB's ``imresize(image, scale)`` does; each side becomes ``ceil(side * scale)``.

    Args:
        image: one of

            * uint8 array ``(H, W)`` or ``(H, W, C)``, C up to 4: the 8-bit way, bit for bit;
            * float array of the same shapes, any range: the floating point way, in float64;
            * float tensor ``(B, C, H, W)``, any range and device: the floating point way, in the
              tensor's own precision (float32 for 16-bit floats), differentiable.
        scale: output size over input size, any positive number.
        kernel: a name in ``KERNELS``, or a function of the distance in pixels, as
            :func:`~srlib.images.kernels.resize_weights` takes it.
        antialias: widen the kernel when shrinking. ``"nearest"`` then averages over boxes; MATLAB
            picks single pixels under that name, which is ``antialias=False``.
        border: what lies outside of the image. ``"replicate"`` repeats the edge pixel, as MATLAB's
            ``imresize.m`` does up to 2013; ``"mirror"`` continues with the mirror image, edge
            pixel included, as later ones do. By default 8-bit images replicate, as the published
            low-resolution files of Set5 need it, and floats mirror.

    Returns:
        An image of the same dtype and layout, on the same device.

    Raises:
        ImageError: wrong rank or dtype, an empty image, NaN or infinite values.
        ArgumentError: the scale, the kernel or the border cannot be used.
        TypeError: neither an array nor a tensor.

    >>> imresize(np.array([[0, 100], [100, 200]], dtype=np.uint8), 2)[0]
    array([  0,  19,  74, 100], dtype=uint8)
    """
    scale, kernel = checked_scale(scale), checked_kernel(kernel)
    _check_image(image)
    in_8_bit = image.dtype == np.uint8
    beyond, padding = _checked_border(border, in_8_bit)
    if isinstance(image, torch.Tensor):
        planes = image if image.dtype == torch.float64 else image.float()
        return _resize_planes(planes, scale, kernel, antialias, beyond).to(image.dtype)
    pixels = image if image.ndim == 3 else image[:, :, None]  # (H, W, C)
    strip = _exact_strip(scale, kernel, antialias) if in_8_bit else None
    if strip:
        pixels = _resize_in_tiles(pixels, scale, strip, padding)
    else:
        planes = torch.from_numpy(np.moveaxis(pixels, 2, 0).astype(np.float64, order="C"))
        planes = _resize_planes(planes, scale, kernel, antialias, beyond, in_8_bit)
        pixels = planes.permute(1, 2, 0).contiguous().numpy().astype(image.dtype)
    return pixels if image.ndim == 3 else pixels[:, :, 0]


def _checked_border(border: object, in_8_bit: bool) -> tuple[Border, Literal["edge", "symmetric"]]:
    """A row of ``_BORDERS``; ArgumentError when there is none of that name."""
    if border is None:
        return _BORDERS["replicate" if in_8_bit else "mirror"]
    if not isinstance(border, str) or border not in _BORDERS:
        raise ArgumentError(
            f"border must be one of {list(_BORDERS)} or None, which chooses by the kind of image, "
            f"got {border!r}"
        )
    return _BORDERS[border]


def _check_image(image: np.ndarray | torch.Tensor) -> None:
    if not isinstance(image, np.ndarray | torch.Tensor):
        raise TypeError(f"expected a NumPy array or a torch tensor, got {type(image).__name__}")
    shape, is_tensor = tuple(image.shape), isinstance(image, torch.Tensor)
    if is_tensor and not image.is_floating_point():
        raise ImageError(f"expected a float tensor, got {image.dtype}: convert it with .float()")
    if is_tensor and image.ndim != 4:
        raise ImageError(f"expected a tensor (B, C, H, W), got shape {shape}")
    if not is_tensor and image.dtype != np.uint8 and image.dtype.kind != "f":
        raise ImageError(
            f"expected an array of uint8 (0 to 255) or floats, got {image.dtype}: keep its range "
            "with .astype(np.float64), or bring it to 0..255 before .astype(np.uint8)"
        )
    if not is_tensor and (image.ndim not in (2, 3) or (image.ndim == 3 and shape[2] > 4)):
        raise ImageError(f"expected an array (H, W) or (H, W, C) with C up to 4, got shape {shape}")
    if 0 in shape:
        raise ImageError(f"the image has no pixels: shape {shape}")
    if image.dtype != np.uint8 and not (torch if is_tensor else np).isfinite(image).all():
        raise ImageError("some values are NaN or infinite: find out where they arise")


# ------------------------------------------------------------------------ the definition: any scale


def _resize_planes(
    planes: torch.Tensor,
    scale: float,
    kernel: Kernel,
    antialias: bool,
    border: Border,
    in_8_bit: bool = False,
) -> torch.Tensor:
    """Both passes over float planes ``(..., H, W)``, tap by tap.

    The products are added in the order of the taps, each sum rounded, as a plain loop does: for
    some scales the last bit of a float64 decides which way a tie goes. This way also keeps its
    precision under autocast and TF32, where a matrix product would not.
    """
    for _ in range(2):  # rows, then columns, which are the rows of the transposed image
        size = planes.shape[-2]
        taps = _tap_tensors(size, output_size(size, scale), scale, kernel, antialias, border)
        # A few columns at a time stay in the processor's cache; each is a sum of its own.
        columns = max(1, _BLOCK // planes[..., 0].numel())
        blocks = [_along_rows(part, *taps, in_8_bit) for part in planes.split(columns, dim=-1)]
        planes = torch.cat([block.transpose(-2, -1) for block in blocks], dim=-2)
    return planes


_BLOCK = 1 << 17  # values


def _along_rows(
    planes: torch.Tensor, indices: torch.Tensor, weights: torch.Tensor, in_8_bit: bool
) -> torch.Tensor:
    indices, weights = indices.to(planes.device), weights.to(planes)
    planes = planes.contiguous()
    total = planes.index_select(-2, indices[:, 0]) * weights[:, :1]
    for tap in range(1, indices.shape[1]):
        total += planes.index_select(-2, indices[:, tap]) * weights[:, tap, None]
    if in_8_bit:
        total = (total + 0.5).floor().clamp(0, 255)  # torch.round would take halves to even
    return total


@lru_cache(maxsize=64)
def _tap_tensors(*arguments) -> tuple[torch.Tensor, torch.Tensor]:
    indices, weights = resize_weights(*arguments)
    return torch.from_numpy(indices), torch.from_numpy(weights)


# ------------------------------------------------- 8-bit images by n and 1/n: as exact, but faster


class _Strip(NamedTuple):
    """S output rows as a matrix times T input rows; the next S need the T rows ``step`` below."""

    matrix: np.ndarray  # (S, T), float32
    step: int
    before: int  # how many of the T rows lie above the first row of the step

    def padding(self, size: int, out_size: int) -> tuple[int, int]:
        """Pixels to add before and after an axis, so that its last strip is whole as well."""
        strips = math.ceil(out_size / len(self.matrix))
        covered = (strips - 1) * self.step + self.matrix.shape[1]
        return self.before, covered - self.before - size


@lru_cache(maxsize=64)
def _exact_strip(scale: float, kernel: Kernel, antialias: bool) -> _Strip | None:
    """The strip for a scale of n or 1/n, where weights repeat; None where float32 might not do."""
    ratio = max(scale, 1 / scale)
    if ratio > 256 or not math.isclose(ratio, round(ratio), rel_tol=1e-12):
        return None
    factor = round(ratio)
    repeats = 4  # with more, zeros fill the matrix; with fewer, it is too small to be fast
    rows, step = (repeats * factor, repeats) if scale >= 1 else (repeats, repeats * factor)
    indices, weights = unbounded_weights(rows, scale, kernel, antialias)
    weights = _exact_in_float32(weights)
    if weights is None:
        return None
    before = max(0, -indices.min())
    matrix = np.zeros((rows, max(step - 1, indices.max()) + before + 1), dtype=np.float32)
    np.put_along_axis(matrix, indices + before, weights, axis=1)
    return _Strip(matrix, step, int(before))


def _exact_in_float32(weights: np.ndarray) -> np.ndarray | None:
    """The weights as fractions, if float32 sums of 8-bit pixels then round as exact sums do.

    * Multiples of 2^-15: products and sums are such multiples too, and stay below 2^9. That makes
      24 bits, which float32 holds, so nothing is ever rounded, in whatever order it adds. The cubic
      kernel at scales 2, 4, 8, 1/2 and 1/4 is a case.
    * Multiples of 1/81: sums are such multiples too, so none is closer than 1/162 to a tie, and
      float32 errs by less than 1/1000. The cubic kernel at scales 3 and 1/3 is a case.
    """
    for denominator in (2**15, 3**4):
        units = np.rint(weights * denominator)
        fits = 256 * np.abs(units).sum(axis=1).max() < 2**24
        if fits and np.allclose(units, weights * denominator, rtol=0, atol=1e-6):
            return units / denominator
    return None


def _resize_in_tiles(
    image: np.ndarray, scale: float, strip: _Strip, border: Literal["edge", "symmetric"]
) -> np.ndarray:
    """Both 8-bit passes over uint8 ``(H, W, C)``, in tiles that stay in the processor's cache."""
    height, width, channels = image.shape
    out_height, out_width = output_size(height, scale), output_size(width, scale)
    (rows, taps), step = strip.matrix.shape, strip.step
    padding = strip.padding(height, out_height), strip.padding(width, out_width), (0, 0)
    padded = np.pad(image, padding, mode=border)
    # Along a line C values make a pixel: each weight becomes a diagonal, C x C.
    across = np.kron(strip.matrix.T, np.eye(channels, dtype=np.float32))  # (T * C, S * C)
    out = np.empty((out_height, out_width, channels), dtype=np.uint8)
    # Strips in a tile. Larger matrix products would wake more threads than they keep busy.
    tall, wide = max(1, 128 // max(rows, step)), max(1, 512 // step)
    for i in range(0, math.ceil(out_height / rows), tall):
        band = padded[i * step : (i + tall - 1) * step + taps]
        for j in range(0, math.ceil(out_width / rows), wide):
            tile = band[:, j * step : (j + wide - 1) * step + taps]
            tile = _resize_tile(tile, strip.matrix, across, step)
            target = out[i * rows : (i + tall) * rows, j * rows : (j + wide) * rows]
            target[:] = tile[: target.shape[0], : target.shape[1]]
    return out


def _resize_tile(tile: np.ndarray, down: np.ndarray, across: np.ndarray, step: int) -> np.ndarray:
    """uint8 ``((n - 1) * step + T, (m - 1) * step + T, C)`` -> float32 ``(n * S, m * S, C)``.

    ``down`` is the matrix of a strip, ``(S, T)``, and ``across`` its twin for lines, as above.
    """
    channels = tile.shape[2]
    lines = tile.astype(np.float32).reshape(len(tile), -1)
    windows = sliding_window_view(lines, down.shape[1], axis=0)[::step]  # (n, line, T)
    lines = _round_half_up(down @ windows.swapaxes(1, 2)).reshape(-1, lines.shape[1])
    windows = sliding_window_view(lines, len(across), axis=1)[:, :: step * channels]
    return _round_half_up(np.ascontiguousarray(windows) @ across).reshape(len(lines), -1, channels)


def _round_half_up(values: np.ndarray) -> np.ndarray:
    """Round to whole numbers in 0..255, in place."""
    values += 0.5
    return np.clip(np.floor(values, out=values), 0, 255, out=values)
