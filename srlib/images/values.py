"""The values of an image: 8-bit arrays and float tensors, luma, crops, and the checks of them.

8-bit arrays ``(H, W[, C])`` live at the edges: in files and in the 8-bit path of ``imresize``.
Inside, an image is a float tensor ``(B, C, H, W)`` in [0, 1].
"""

import hashlib
from collections.abc import Iterable, Sequence

import numpy as np
import torch

from srlib.errors import ArgumentError, ImageError

Pixels = np.ndarray | torch.Tensor

# ITU-R BT.601, studio range: R, G, B in 0..255 -> Y in 16..235, Cb and Cr in 16..240, with the
# digits of MATLAB's rgb2ycbcr.
_TO_YCBCR = (
    np.array([[65.481, 128.553, 24.966], [-37.797, -74.203, 112.0], [112.0, -93.786, -18.214]])
    / 255
)
_YCBCR_OFFSET = np.array([16.0, 128.0, 128.0])  # black, no colour
_TO_RGB = np.linalg.inv(_TO_YCBCR)
_RGB_OFFSET = -_TO_RGB @ _YCBCR_OFFSET


def to_tensor(image: np.ndarray) -> torch.Tensor:
    """uint8 ``(H, W)`` or ``(H, W, C)`` -> float32 ``(1, C, H, W)`` in [0, 1].

    >>> to_tensor(np.array([[0, 51]], np.uint8))
    tensor([[[[0.0000, 0.2000]]]])
    """
    check_uint8(image)
    planes = image[..., None] if image.ndim == 2 else image
    values = planes.transpose(2, 0, 1)[None].astype(np.float32, order="C")
    return torch.from_numpy(values / np.float32(255))


def to_uint8(tensor: torch.Tensor) -> np.ndarray:
    """Float ``(1, C, H, W)`` or ``(C, H, W)`` in [0, 1] -> uint8 ``(H, W, C)``, or ``(H, W)``.

    Rounds half up, so that it undoes :func:`to_tensor` exactly. One plane gives ``(H, W)``. The
    tensor may be on any device and part of a graph.

    Raises:
        ImageError: another shape or type, NaN, or values outside [0, 1].

    >>> to_uint8(torch.tensor([[[0.0, 0.5, 1.0]]]))
    array([[  0, 128, 255]], dtype=uint8)
    """
    _check_tensor(tensor)
    planes = tensor.detach().cpu()
    if planes.ndim == 4 and planes.shape[0] == 1:
        planes = planes[0]
    if planes.ndim != 3 or not 1 <= planes.shape[0] <= 4:
        raise ImageError(
            f"expected one image (1, C, H, W) or (C, H, W) with C = 1 to 4, got "
            f"{tuple(tensor.shape)}: convert the images of a batch one by one"
        )
    if planes.dtype != torch.float64:
        planes = planes.float()
    values = (planes * 255 + 0.5).floor().to(torch.uint8).permute(1, 2, 0).contiguous().numpy()
    return values[..., 0] if values.shape[2] == 1 else values


def digest(arrays: Iterable[tuple[str, np.ndarray]]) -> str:
    """SHA-256 of named arrays: of their names, shapes, types and values."""
    found = hashlib.sha256()
    for name, array in arrays:
        found.update(f"{name} {array.shape} {array.dtype}\n".encode())
        found.update(np.ascontiguousarray(array).data)
    return found.hexdigest()


# ------------------------------------------------------------------------------------------- colour


def rgb_to_luma(rgb: Pixels) -> Pixels:
    """Luma Y of ITU-R BT.601 in studio range, as MATLAB's ``rgb2ycbcr``: black is 16, white 235.

    Args:
        rgb: uint8 ``(H, W, 3)``; or a float array ``(H, W, 3)`` on 0..255; or a float tensor
            ``(B, 3, H, W)`` in [0, 1].

    Returns:
        uint8 ``(H, W)``, rounded half up; for a float array float64 ``(H, W)`` on 16..235, not
        rounded; for a tensor ``(B, 1, H, W)`` in [16/255, 235/255], differentiable.

    Raises:
        ImageError: another shape or type, NaN, or values out of range.

    >>> print(rgb_to_luma(np.array([[[255, 255, 255], [0, 0, 0], [255, 0, 0]]], np.uint8)))
    [[235  16  81]]
    """
    luma = _recolour(rgb, _TO_YCBCR[:1], _YCBCR_OFFSET[:1])
    return luma if isinstance(luma, torch.Tensor) else luma[..., 0]


def rgb_to_ycbcr(rgb: Pixels) -> Pixels:
    """Y, Cb and Cr of ITU-R BT.601 in studio range, as MATLAB's ``rgb2ycbcr``.

    Takes what :func:`rgb_to_luma` takes and returns the same kind and shape: uint8 rounded, float
    arrays as float64 on 0..255, tensors in [0, 1]. Cb and Cr lie in 16..240, 128 meaning grey.
    """
    return _recolour(rgb, _TO_YCBCR, _YCBCR_OFFSET)


def ycbcr_to_rgb(ycbcr: Pixels) -> Pixels:
    """The inverse of :func:`rgb_to_ycbcr`, with the exact inverse matrix; the same three kinds.

    Not every triple is a colour: uint8 results are clipped to 0..255, float results are not, so
    clamp them before they are saved.
    """
    return _recolour(ycbcr, _TO_RGB, _RGB_OFFSET)


def split_alpha(image: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
    """uint8 ``(H, W[, C])`` -> its grey ``(H, W)`` or RGB ``(H, W, 3)`` and its alpha ``(H, W)``.

    Alpha, 0 transparent to 255 opaque, is None where the image has none (C = 1 or 3).
    """
    check_uint8(image)
    if image.ndim == 2:
        return image, None
    alpha = image[..., -1] if image.shape[2] in (2, 4) else None
    return (image[..., :3] if image.shape[2] >= 3 else image[..., 0]), alpha


def _recolour(image: Pixels, matrix: np.ndarray, offset: np.ndarray) -> Pixels:
    """``matrix @ colour + offset`` at each pixel, for the three kinds of :func:`rgb_to_luma`."""
    is_tensor = isinstance(image, torch.Tensor)
    (_check_tensor if is_tensor else _check_array)(image)
    if image.ndim != (4 if is_tensor else 3) or image.shape[1 if is_tensor else 2] != 3:
        raise ImageError(
            "expected three colour planes, an array (H, W, 3) or a tensor (B, 3, H, W), got shape "
            f"{tuple(image.shape)}"
        )
    if is_tensor:
        return torch.stack(_mix(image.unbind(1), matrix, offset / 255), 1)
    planes = np.moveaxis(image, 2, 0)
    if image.dtype == np.uint8:
        return _round_to_uint8(np.stack(_mix(planes, matrix, offset), 2))
    return np.stack(_mix(planes.astype(np.float64), matrix, offset), 2)


def _mix(planes: Sequence[Pixels], matrix: np.ndarray, offset: np.ndarray) -> list[Pixels]:
    """Row by row, a weighted sum of three planes; faster than a product of pixels and matrix."""
    a, b, c = planes
    rows = zip(matrix.tolist(), offset.tolist(), strict=True)
    return [row[0] * a + row[1] * b + row[2] * c + shift for row, shift in rows]


def _round_to_uint8(values: np.ndarray) -> np.ndarray:
    return (values + 0.5).clip(0, 255).astype(np.uint8)


# -------------------------------------------------------------------------------------------- crops


def modulo_crop(image: Pixels, scale: int) -> Pixels:
    """Drop rows at the bottom and columns at the right until both sizes are multiples of ``scale``.

    Args:
        image: array ``(H, W[, C])`` or tensor ``(..., H, W)`` of any type; the result is a view.

    Raises:
        ImageError: when the image is smaller than ``scale`` on a side.
        ArgumentError: when ``scale`` is not a whole number of at least 1.
    """
    height, width = _size(image)
    if not _is_whole(scale) or scale < 1:
        raise ArgumentError(f"scale must be a whole number >= 1, not {scale!r}")
    if min(height, width) < scale:
        raise ImageError(f"an image of {width}x{height} pixels is too small for scale {scale}")
    return _window(image, 0, height - height % scale, 0, width - width % scale)


def shave(image: Pixels, border: int) -> Pixels:
    """Drop ``border`` pixels on each of the four sides; the result is a view.

    Args:
        image: array ``(H, W[, C])`` or tensor ``(..., H, W)`` of any type.

    Raises:
        ImageError: when nothing would be left.
        ArgumentError: when ``border`` is not a whole number of at least 0.
    """
    height, width = _size(image)
    if not _is_whole(border) or border < 0:
        raise ArgumentError(f"border must be a whole number >= 0, not {border!r}")
    if min(height, width) <= 2 * border:
        raise ImageError(f"border {border} leaves nothing of {width}x{height} pixels")
    return _window(image, border, height - border, border, width - border)


def centre_crop(image: Pixels, size: int) -> Pixels:
    """The centre of an image, at most ``size`` pixels a side; the result is a view.

    A side that is shorter stays as it is. An odd rest is cut off at the bottom and the right.

    Args:
        image: array ``(H, W[, C])`` or tensor ``(..., H, W)`` of any type.

    Raises:
        ArgumentError: when ``size`` is not a whole number of at least 1.

    >>> centre_crop(np.arange(15).reshape(3, 5), 2)
    array([[1, 2],
           [6, 7]])
    """
    if not _is_whole(size) or size < 1:
        raise ArgumentError(f"size must be a whole number of pixels >= 1, not {size!r}")
    top, left = (max(0, (length - size) // 2) for length in _size(image))
    return _window(image, top, top + size, left, left + size)


def _size(image: Pixels) -> tuple[int, int]:
    """Height and width in pixels."""
    if isinstance(image, torch.Tensor) and image.ndim >= 2:
        return tuple(image.shape[-2:])
    if isinstance(image, np.ndarray) and image.ndim in (2, 3):
        return image.shape[:2]
    shape = getattr(image, "shape", type(image).__name__)
    raise ImageError(f"expected an array (H, W[, C]) or a tensor (..., H, W), got {shape}")


def _window(image: Pixels, top: int, bottom: int, left: int, right: int) -> Pixels:
    if isinstance(image, torch.Tensor):
        return image[..., top:bottom, left:right]
    return image[top:bottom, left:right]


# ------------------------------------------------------------------------------------------- checks


def check_uint8(image: np.ndarray) -> None:
    """ImageError unless it is a uint8 array ``(H, W)`` or ``(H, W, C)``, C = 1 to 4."""
    if not isinstance(image, np.ndarray) or image.dtype != np.uint8:
        kind = getattr(image, "dtype", type(image).__name__)
        raise ImageError(f"expected a uint8 array, got {kind}: see srlib.to_uint8 for tensors")
    if image.ndim not in (2, 3) or (image.ndim == 3 and not 1 <= image.shape[2] <= 4):
        raise ImageError(
            f"expected an image (H, W) or (H, W, C) with C = 1 to 4, got shape {image.shape}"
        )
    if image.size == 0:
        raise ImageError(f"the image has no pixels: shape {image.shape}")


def _check_array(image: np.ndarray) -> None:
    kind = getattr(image, "dtype", type(image).__name__)
    if not isinstance(image, np.ndarray) or (kind != np.uint8 and kind.kind != "f"):
        raise ImageError(f"expected a uint8 or float array, or a float tensor, got {kind}")
    if image.size == 0:
        raise ImageError(f"the image has no pixels: shape {image.shape}")
    if kind != np.uint8:
        _check_range(float(image.min()), float(image.max()), 255, "clip it: image.clip(0, 255)")


def _check_tensor(tensor: torch.Tensor) -> None:
    if not isinstance(tensor, torch.Tensor) or not tensor.is_floating_point():
        kind = getattr(tensor, "dtype", type(tensor).__name__)
        raise ImageError(f"expected a float tensor in [0, 1], got {kind}")
    if tensor.numel() == 0:
        raise ImageError(f"the image has no pixels: shape {tuple(tensor.shape)}")
    low, high = (bound.item() for bound in torch.aminmax(tensor.detach()))
    _check_range(low, high, 1, "clamp it: tensor.clamp(0, 1), or divide by 255 first")


def _check_range(low: float, high: float, top: int, advice: str) -> None:
    if low != low or high != high:
        raise ImageError("some values are NaN: find out where they arise")
    if low < 0 or high > top:
        raise ImageError(f"values should lie in [0, {top}] but reach {low:g} to {high:g}: {advice}")


def _is_whole(number: object) -> bool:
    return isinstance(number, int | np.integer) and not isinstance(number, bool)
