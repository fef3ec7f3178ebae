"""Networks in other people's files: weights by spandrel, ONNX by its runtime.

Neither comes with srlib: ``pip install 'srlib[spandrel]'`` and ``pip install 'srlib[onnx]'``.
"""

import hashlib
import io
import json
import math
import pickle
import warnings
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from torch import nn

from srlib.errors import ArgumentError, CheckpointError
from srlib.images.values import to_tensor, to_uint8
from srlib.networks.vgg import fitting_torchvision
from srlib.networks.weights import digest_of, other_kind, read_bytes, read_tensors

ONNX, PICKLES = ".onnx", (b"PK", b"\x80")

# How far a network sees is known of srlib's own, and written into what srlib exports. Others are
# enlarged whole up to a tile's size, and larger images in tiles that overlap by so many LR pixels.
OVERLAP = 48
BYTES_PER_PIXEL = 15_000  # of the work, for each LR pixel: six planes of 64 features, and the end

_KNOWS = "spandrel, which knows ESRGAN, Real-ESRGAN, SPAN, SwinIR and some forty more"


@dataclass(frozen=True)
class Opened:
    """A network from a file.

    Attributes:
        scale: its factor.
        function: uint8 RGB ``(h, w, 3)`` and the scale -> the same, larger.
        source: what it is, in words.
        digest: SHA-256 of its weights, or of the file.
        margin: LR pixels on each side that a tile needs; None: the image is enlarged whole.
        bytes_per_pixel: of memory for each LR pixel, about.
        network: where it is one of PyTorch's.
    """

    scale: int
    function: Callable[[np.ndarray, int], np.ndarray]
    source: str
    digest: str
    margin: int | None
    bytes_per_pixel: int = BYTES_PER_PIXEL
    network: nn.Module | None = None


def opened(path: Path) -> Opened | None:
    """The network in a file of another kind than srlib's own; None for those.

    Raises:
        CheckpointError: a file that cannot be read, or holds no network that enlarges RGB.
        ArgumentError: what reads it is not installed; gives the command that does.
    """
    if not path.is_file():
        return None
    if path.suffix.lower() == ONNX:
        return _onnx(path)
    with open(path, "rb") as file:
        start = file.read(9)
    # A safetensors file begins with 8 bytes of length, which can look like anything, and a brace.
    if start[8:] == b"{":
        foreign = _is_of_another_tool(path)
        return _state_dict(path, lambda file: read_tensors(file)[0]) if foreign else None
    if start.startswith(PICKLES):
        return _state_dict(path, _tensors)
    return None


# ------------------------------------------------------------------------------------- state dicts


def _state_dict(path: Path, read: Callable[[Path], Any]) -> Opened:
    """A file that holds tensors alone, of an architecture that spandrel knows."""
    spandrel = _spandrel(path)
    tensors = read(path)
    try:
        found = spandrel.ModelLoader().load_from_state_dict(
            spandrel.canonicalize_state_dict(tensors)
        )
    except Exception as error:  # whatever the tensors' names and shapes make it raise
        raise CheckpointError(
            f"{str(path)!r} holds no network that is known ({_one_line(error)}): expected one for "
            f"{_KNOWS}; it holds no network of srlib train either"
        ) from error
    name = found.architecture.name
    if not isinstance(found, spandrel.ImageModelDescriptor) or found.input_channels != 3:
        raise CheckpointError(
            f"{str(path)!r} is {name}, which does not enlarge RGB images by itself"
        )
    if found.output_channels != 3 or found.scale < 2:
        raise CheckpointError(
            f"{str(path)!r} is {name} of scale {found.scale}: it does not enlarge"
        )
    network = found.eval().float().model.requires_grad_(False)

    @torch.inference_mode()
    def function(image: np.ndarray, _: int) -> np.ndarray:
        return to_uint8(found(to_tensor(image)).float().clamp(0, 1))

    tiled = found.tiling is spandrel.ModelTiling.SUPPORTED
    return Opened(
        found.scale,
        function,
        f"{name} from {path}",
        digest_of(network),
        OVERLAP if tiled else None,
        BYTES_PER_PIXEL,
        network,
    )


def _is_of_another_tool(path: Path) -> bool:
    """Whether a safetensors file lacks the facts that srlib writes; False if it is damaged."""
    try:
        with safe_open(path, "pt") as file:
            return "srlib" not in (file.metadata() or {})
    except (SafetensorError, OSError):
        return False


def _tensors(path: Path) -> Any:
    """What is in a PyTorch file, opened without running any code in it."""
    data = read_bytes(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of kinds of pickle: what is not understood is refused
            return torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except Exception as error:  # the bytes may be anything
        if b"/code/__torch__" in data:
            raise CheckpointError(
                f"{str(path)!r} is TorchScript, a network with its code, which is not run here: "
                "give the network that it was made from, or an export to ONNX"
            ) from error
        if isinstance(error, pickle.UnpicklingError) or "weights_only" in str(error).lower():
            said = "holds more than tensors, and opening that could run code"
        elif zipfile.is_zipfile(io.BytesIO(data)):
            said = f"holds no weights that can be read ({_one_line(error)})"
        else:
            said = f"is damaged or cut off ({_one_line(error)})"
        raise CheckpointError(f"{str(path)!r} {said}: give a file of a state dict alone") from error


def _spandrel(path: Path) -> Any:
    try:
        import spandrel
    except ImportError as error:
        kind = other_kind(read_bytes(path)) or "a safetensors file of another tool"
        raise ArgumentError(
            f"{str(path)!r} is {kind}. The weights in it can be read safely: "
            f"pip install 'srlib[spandrel]' adds {_KNOWS}. Or give a .safetensors file of srlib "
            "train"
        ) from error
    except Exception:
        fitting_torchvision()  # which spandrel needs; says so when that is the trouble
        raise
    return spandrel


# -------------------------------------------------------------------------------------------- ONNX


def _onnx(path: Path) -> Opened:
    """A network in ONNX: RGB in [0, 1], ``(1, 3, h, w)`` of any size, in and out."""
    runtime = _onnxruntime(path)
    data = read_bytes(path)
    options = runtime.SessionOptions()
    options.log_severity_level = 4  # errors come as exceptions
    options.intra_op_num_threads = torch.get_num_threads()
    try:
        session = runtime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # the bytes may be anything
        kind = other_kind(data)
        said = f"it is {kind}" if kind else _one_line(error)
        raise CheckpointError(
            f"{str(path)!r} is no network in ONNX that can be used here: {said}"
        ) from error
    about = about_export(session.get_modelmeta().custom_metadata_map)
    function = _through_session(session, path)
    scale = _measured_scale(function, path)
    margin = about["margin"] if about.get("scale") == scale else OVERLAP
    source = f"{about['kind']} in ONNX from {path}" if about else f"ONNX from {path}"
    return Opened(scale, function, source, hashlib.sha256(data).hexdigest(), margin)


def about_export(metadata: Mapping[str, str]) -> dict[str, Any]:
    """What ``srlib export`` wrote into a file's metadata; empty for files of others."""
    try:
        about = json.loads(metadata.get("srlib", "{}"))
        known = type(about["margin"]) is int and 0 <= about["margin"] <= 1000
        return about if known and isinstance(about["kind"], str) else {}
    except (ValueError, TypeError, KeyError):
        return {}


def _through_session(session: Any, path: Path) -> Callable[[np.ndarray, int], np.ndarray]:
    inputs, outputs = session.get_inputs(), session.get_outputs()
    if len(inputs) != 1 or len(outputs) != 1 or len(inputs[0].shape) != 4:
        raise CheckpointError(
            f"{str(path)!r} takes {len(inputs)} inputs and gives {len(outputs)} outputs: expected "
            "one of each, RGB (1, 3, h, w)"
        )
    sides = inputs[0].shape[2:]
    if any(isinstance(side, int) for side in sides):
        raise CheckpointError(
            f"{str(path)!r} takes images of {sides[1]}x{sides[0]} only: export it with dynamic "
            "height and width"
        )
    kind = np.float16 if inputs[0].type == "tensor(float16)" else np.float32

    def function(image: np.ndarray, _: int) -> np.ndarray:
        lr = to_tensor(image).numpy().astype(kind)
        (sr,) = session.run([outputs[0].name], {inputs[0].name: lr})
        return to_uint8(torch.from_numpy(np.asarray(sr, np.float32)).clamp(0, 1))

    return function


def _measured_scale(function: Callable[[np.ndarray, int], np.ndarray], path: Path) -> int:
    """By what factor a small grey image is enlarged."""
    height, width = 32, 48
    try:
        sr = function(np.full((height, width, 3), 128, np.uint8), 0)
        down, across = sr.shape[0] / height, sr.shape[1] / width
    except Exception as error:
        raise CheckpointError(
            f"{str(path)!r} does not work on an RGB image of {width}x{height} ({_one_line(error)})"
        ) from error
    if sr.ndim != 3 or down != across or down != math.floor(down) or down < 2:
        raise CheckpointError(
            f"{str(path)!r} makes {sr.shape[1]}x{sr.shape[0]} of {width}x{height} pixels: expected "
            "an enlargement by a whole factor"
        )
    return int(down)


def _onnxruntime(path: Path) -> Any:
    try:
        import onnxruntime
    except ImportError as error:
        raise ArgumentError(
            f"{str(path)!r} needs ONNX Runtime: pip install 'srlib[onnx]'"
        ) from error
    return onnxruntime


def _one_line(error: object) -> str:
    return " ".join(str(error).split())[:160] or type(error).__name__
