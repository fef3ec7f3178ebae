"""Images in files, as 8-bit arrays and as float tensors; luma; crops; and the errors for all that.

8-bit ``(H, W[, C])`` arrays live at the edges, in files and in the 8-bit path of ``imresize``. Inside,
an image is a float tensor ``(B, C, H, W)`` in [0, 1].
"""

import io
import os
import secrets
import warnings
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageCms, ImageOps

Pixels = np.ndarray | torch.Tensor

# What can be read and written, by the end of the name. The content decides when reading.
SUFFIXES = {
    ".png": "PNG",
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".webp": "WEBP",
    ".tif": "TIFF",
    ".tiff": "TIFF",
    ".bmp": "BMP",
}
_FORMATS = sorted(set(SUFFIXES.values()))
_SETTINGS = {
    "JPEG": {"quality": 95, "subsampling": 0},  # colour at full resolution
    "WEBP": {"lossless": True, "exact": True},  # exact: keeps colours under transparent pixels
}
_ALPHA = {1: None, 2: 1, 3: None, 4: 3}  # number of planes -> which one is alpha

# ITU-R BT.601, studio range: R, G, B in 0..255 -> Y in 16..235, Cb and Cr in 16..240. The digits are
# those of MATLAB's rgb2ycbcr.
_TO_YCBCR = (
    np.array([[65.481, 128.553, 24.966], [-37.797, -74.203, 112.0], [112.0, -93.786, -18.214]])
    / 255
)
_YCBCR_OFFSET = np.array([16.0, 128.0, 128.0])  # black, no colour
_TO_RGB = np.linalg.inv(_TO_YCBCR)
_RGB_OFFSET = -_TO_RGB @ _YCBCR_OFFSET


class ImageError(ValueError):
    """A file, an array or a tensor that cannot be used as an image; the message says why."""


def read(path: str | os.PathLike) -> np.ndarray:
    """The pixels of a PNG, JPEG, WebP, TIFF or BMP file, upright.

    Values are taken as stored: an ICC profile is not applied, except to turn CMYK into RGB (without
    a profile by Pillow's plain formula). EXIF orientation is applied. A palette becomes the colours
    it stands for, 1 bit becomes 0 and 255, and a colour declared transparent becomes an alpha plane.

    Returns:
        uint8 ``(H, W)`` grey, ``(H, W, 2)`` grey and alpha, ``(H, W, 3)`` RGB or ``(H, W, 4)`` RGBA.

    Raises:
        ImageError: no such file, another or a damaged format, more than 8 bits a value (reducing
            them would lose what super-resolution is after), more than one image in the file, or
            more pixels than Pillow holds to be safe (``PIL.Image.MAX_IMAGE_PIXELS``).
    """
    path = Path(path)
    if not path.is_file():
        raise ImageError(f"{str(path)!r} {'is a folder' if path.is_dir() else 'does not exist'}")
    if path.stat().st_size == 0:
        raise ImageError(f"{str(path)!r} is empty (0 bytes)")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path, formats=_FORMATS) as image:
                _check_depth(image)
                image.load()
                return np.array(_to_8bit(ImageOps.exif_transpose(image)))
    except ImageError as error:
        raise ImageError(f"{str(path)!r} {error}") from None
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise ImageError(
            f"{str(path)!r} is too large: {error}. Cut it into parts, or raise "
            "PIL.Image.MAX_IMAGE_PIXELS if you trust the file"
        ) from error
    except Image.UnidentifiedImageError as error:
        raise ImageError(
            f"{str(path)!r} is no PNG, JPEG, WebP, TIFF or BMP image that can be read, whatever "
            "its name says: convert it to PNG first"
        ) from error
    except Exception as error:  # a damaged file makes Pillow raise almost anything
        raise ImageError(f"{str(path)!r} is damaged or cut off: {error}") from error


def read_rgb(path: str | os.PathLike) -> np.ndarray:
    """As :func:`read`, but always uint8 ``(H, W, 3)``: grey is repeated, opaque alpha is dropped.

    Raises:
        ImageError: as :func:`read`, and for an image that is transparent somewhere, since its colour
            there depends on what is behind it.
    """
    image = read(path)
    planes = image[..., None] if image.ndim == 2 else image
    alpha = _ALPHA[planes.shape[2]]
    if alpha is not None:
        if planes[..., alpha].min() < 255:
            raise ImageError(f"{str(path)!r} is partly transparent: put it on a background first")
        planes = planes[..., :alpha]
    return np.repeat(planes, 3, axis=2) if planes.shape[2] == 1 else planes


def write(path: str | os.PathLike, image: np.ndarray) -> Path:
    """Save an 8-bit image, all of it or nothing; the end of the name chooses the format.

    PNG, TIFF, BMP and WebP are lossless (WebP stores grey as RGB), JPEG has quality 95 with colour
    at full resolution. An existing file is replaced once the new one is whole.

    Args:
        path: ends in .png, .jpg, .jpeg, .webp, .tif, .tiff or .bmp; its folder must exist.
        image: uint8 ``(H, W)``, or ``(H, W, C)`` with C = 1 to 4 as :func:`read` returns them.

    Raises:
        ImageError: another suffix, another kind of array, transparency in a format without it, or a
            file that cannot be written, such as on a full disk.
    """
    path = Path(path)
    kind = file_format(path)
    _check_uint8(image)
    if image.ndim == 3 and _ALPHA[image.shape[2]] is not None and kind in ("JPEG", "BMP"):
        raise ImageError(
            f"cannot write {str(path)!r}: {kind} stores no transparency. Save as PNG, or drop the "
            "alpha plane: image[..., :-1]"
        )
    buffer = io.BytesIO()  # encoded in memory first, so that disk errors are told from others
    try:
        pixels = image[..., 0] if image.ndim == 3 and image.shape[2] == 1 else image
        Image.fromarray(np.ascontiguousarray(pixels)).save(buffer, kind, **_SETTINGS.get(kind, {}))
    except (OSError, ValueError) as error:
        raise ImageError(f"cannot write {str(path)!r} as {kind}: {error}") from error
    _write_whole(path, buffer.getbuffer())
    return path


def file_format(path: str | os.PathLike) -> str:
    """The format that :func:`write` uses for this name, such as ``"PNG"``.

    Raises:
        ImageError: for a suffix it does not know.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in SUFFIXES:
        raise ImageError(
            f"cannot write {str(path)!r}: its name should end in one of {', '.join(SUFFIXES)}"
        )
    return SUFFIXES[suffix]


def to_tensor(image: np.ndarray) -> torch.Tensor:
    """uint8 ``(H, W)`` or ``(H, W, C)`` -> float32 ``(1, C, H, W)`` in [0, 1].

    >>> to_tensor(np.array([[0, 51]], np.uint8))
    tensor([[[[0.0000, 0.2000]]]])
    """
    _check_uint8(image)
    planes = image[..., None] if image.ndim == 2 else image
    values = planes.transpose(2, 0, 1)[None].astype(np.float32, order="C")
    return torch.from_numpy(values / np.float32(255))


def to_uint8(tensor: torch.Tensor) -> np.ndarray:
    """Float ``(1, C, H, W)`` or ``(C, H, W)`` in [0, 1] -> uint8 ``(H, W, C)``, ``(H, W)`` for C = 1.

    Rounds half up, so that it undoes :func:`to_tensor` exactly.

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


def rgb_to_luma(rgb: Pixels) -> Pixels:
    """Luma Y of ITU-R BT.601 in studio range, as MATLAB's ``rgb2ycbcr``: black is 16, white 235.

    Args:
        rgb: uint8 ``(H, W, 3)``; or a float array ``(H, W, 3)`` on 0..255; or a float tensor
            ``(B, 3, H, W)`` in [0, 1].

    Returns:
        For these: uint8 ``(H, W)``, rounded half up; float64 ``(H, W)`` on 16..235, not rounded; a
        tensor ``(B, 1, H, W)`` in [16/255, 235/255], differentiable.

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


def modulo_crop(image: Pixels, scale: int) -> Pixels:
    """Drop rows at the bottom and columns at the right until both sizes are multiples of ``scale``.

    Args:
        image: array ``(H, W[, C])`` or tensor ``(..., H, W)`` of any type; the result is a view.

    Raises:
        ImageError: when the image is smaller than ``scale`` on a side.
        ValueError: when ``scale`` is not a whole number of at least 1.
    """
    height, width = _size(image)
    if not _is_whole(scale) or scale < 1:
        raise ValueError(f"scale must be a whole number >= 1, not {scale!r}")
    if min(height, width) < scale:
        raise ImageError(f"an image of {width}x{height} pixels is too small for scale {scale}")
    return _window(image, 0, height - height % scale, 0, width - width % scale)


def shave(image: Pixels, border: int) -> Pixels:
    """Drop ``border`` pixels on each of the four sides; the result is a view.

    Args:
        image: array ``(H, W[, C])`` or tensor ``(..., H, W)`` of any type.

    Raises:
        ImageError: when nothing would be left.
        ValueError: when ``border`` is not a whole number of at least 0.
    """
    height, width = _size(image)
    if not _is_whole(border) or border < 0:
        raise ValueError(f"border must be a whole number >= 0, not {border!r}")
    if min(height, width) <= 2 * border:
        raise ImageError(f"border {border} leaves nothing of {width}x{height} pixels")
    return _window(image, border, height - border, border, width - border)


def _check_depth(image: Image.Image) -> None:
    """Refuse what Pillow would silently cut down to 8 bits, or to the first of several images."""
    # Pillow opens 16-bit RGB as 8-bit "RGB"; only the decoder's raw mode, "RGB;16B", tells.
    raw = [
        tile.args if isinstance(tile.args, str) else (tile.args or ("",))[0] for tile in image.tile
    ]
    if image.mode.startswith("I") or any(";16" in str(mode) for mode in raw):
        raise ImageError("has 16 bits or more a value: convert it to 8 bit first")
    if image.mode == "F":
        raise ImageError("has floating-point values: scale them to 0..255 and save in 8 bit first")
    # A phone's MPO is a JPEG followed by previews or depth maps: its first image is the photograph.
    if getattr(image, "n_frames", 1) > 1 and image.format != "MPO":
        raise ImageError(
            f"holds {image.n_frames} images: save the one you want in a file of its own"
        )


def _to_8bit(image: Image.Image) -> Image.Image:
    """Any 8-bit mode of Pillow's as one of L, LA, RGB, RGBA."""
    if image.mode == "CMYK":
        return _cmyk_to_rgb(image)
    if image.mode in ("1", "L", "LA", "La"):
        return image.convert("LA" if image.has_transparency_data else "L")
    if image.mode in ("P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "YCbCr"):
        return image.convert("RGBA" if image.has_transparency_data else "RGB")
    raise ImageError(f"has colours of the kind {image.mode!r}: convert it to RGB first")


def _cmyk_to_rgb(image: Image.Image) -> Image.Image:
    """Through the file's ICC profile to sRGB, or by Pillow's plain formula where it has none."""
    profile = image.info.get("icc_profile")
    if not profile:
        return image.convert("RGB")
    source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    return ImageCms.profileToProfile(
        image, source, ImageCms.createProfile("sRGB"), outputMode="RGB"
    )


def _write_whole(path: Path, data: memoryview) -> None:
    """Write beside the target, then rename: the target is the old file or the new, never half."""
    if path.is_dir():
        raise ImageError(f"cannot write {str(path)!r}: it is a folder")
    partial = path.parent / f".srlib-{secrets.token_hex(8)}.part"
    try:
        try:
            partial.write_bytes(data)
            os.replace(partial, path)
        except BaseException:  # Ctrl-C too
            partial.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise ImageError(f"cannot write {str(path)!r}: {error.strerror or error}") from error


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


def _recolour(image: Pixels, matrix: np.ndarray, offset: np.ndarray) -> Pixels:
    """``matrix @ colour + offset`` at each pixel, for the three kinds of :func:`rgb_to_luma`."""
    is_tensor = isinstance(image, torch.Tensor)
    if is_tensor:
        _check_tensor(image)
        offset = offset / 255
    else:
        _check_array(image)
    if image.ndim != (4 if is_tensor else 3) or image.shape[1 if is_tensor else 2] != 3:
        raise ImageError(
            "expected three colour planes, an array (H, W, 3) or a tensor (B, 3, H, W), got shape "
            f"{tuple(image.shape)}"
        )
    a, b, c = image.unbind(1) if is_tensor else np.moveaxis(image, 2, 0)
    planes = [  # plane by plane: four times as fast as a product with a 3x3 matrix
        row[0] * a + row[1] * b + row[2] * c + shift
        for row, shift in zip(matrix.tolist(), offset.tolist(), strict=True)
    ]
    if is_tensor:
        return torch.stack(planes, 1)
    result = np.stack(planes, 2, dtype=np.float64, casting="same_kind")
    return _round_to_uint8(result) if image.dtype == np.uint8 else result


def _round_to_uint8(values: np.ndarray) -> np.ndarray:
    # Halves round up. Luma meets 194 exact halves among all 8-bit colours, and float64 falls below
    # half of them; other values stay more than 1e-4 away, so the nudge decides nothing else.
    return (values + (0.5 + 1e-9)).clip(0, 255).astype(np.uint8)


def _check_uint8(image: np.ndarray) -> None:
    if not isinstance(image, np.ndarray) or image.dtype != np.uint8:
        kind = getattr(image, "dtype", type(image).__name__)
        raise ImageError(f"expected a uint8 array, got {kind}: see images.to_uint8 for tensors")
    if image.ndim not in (2, 3) or (image.ndim == 3 and image.shape[2] not in _ALPHA):
        raise ImageError(
            f"expected an image (H, W) or (H, W, C) with C = 1 to 4, got shape {image.shape}"
        )
    if image.size == 0:
        raise ImageError(f"the image has no pixels: shape {image.shape}")


def _check_array(image: np.ndarray) -> None:
    if not isinstance(image, np.ndarray) or image.dtype.kind not in "fu" or image.size == 0:
        kind = getattr(image, "dtype", type(image).__name__)
        raise ImageError(f"expected pixels as an array or tensor of uint8 or floats, got {kind}")
    if image.dtype != np.uint8:
        _check_range(float(image.min()), float(image.max()), 255, "clip it: image.clip(0, 255)")


def _check_tensor(tensor: torch.Tensor) -> None:
    if not isinstance(tensor, torch.Tensor) or not tensor.is_floating_point() or not tensor.numel():
        kind = getattr(tensor, "dtype", type(tensor).__name__)
        raise ImageError(f"expected pixels as a float tensor in [0, 1], got {kind}")
    low, high = (bound.item() for bound in torch.aminmax(tensor.detach()))
    _check_range(low, high, 1, "clamp it: tensor.clamp(0, 1), or divide by 255 first")


def _check_range(low: float, high: float, top: int, advice: str) -> None:
    if low != low or high != high:
        raise ImageError("some values are NaN: find out where they arise")
    if low < 0 or high > top:
        raise ImageError(f"values should lie in [0, {top}] but reach {low:g} to {high:g}: {advice}")


def _is_whole(number: object) -> bool:
    return isinstance(number, int | np.integer) and not isinstance(number, bool)
