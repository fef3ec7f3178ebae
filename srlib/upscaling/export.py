"""A network as a file that runs without srlib: ONNX or TorchScript, checked before it is kept."""

import contextlib
import copy
import io
import json
import logging
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch import nn

from srlib.atomic import whole_file
from srlib.errors import ArgumentError, ExportError
from srlib.networks.colour import SRCNNInColour
from srlib.networks.srcnn import SRCNN
from srlib.networks.srgan import SRResNet
from srlib.upscaling import fast
from srlib.upscaling.method import SCALES, Method, load

KINDS = ("onnx", "torchscript")
SUFFIXES = {"onnx": ".onnx", "torchscript": ".pt"}

SIZES = ((17, 24), (40, 33), (96, 96))  # LR heights and widths that the file is tried on
BOUNDS = {"float32": 1e-4, "float16": 0.02}  # the most by which a value in [0, 1] may differ

ABOUT = (
    "RGB in [0, 1], float32 (1, 3, height, width), sides of 2 pixels or more, in and out; the "
    "output is scale times larger and clamped. An output pixel depends on margin input pixels on "
    "each side, so an image can be enlarged in tiles that overlap by as many."
)


@dataclass(frozen=True)
class Exported:
    """What came of an export.

    Attributes:
        path: the file.
        difference: the most by which its values in [0, 1] differ from PyTorch's in float32.
        size: of the file in bytes.
        about: what stands in the file's metadata under "srlib".
    """

    path: Path
    difference: float
    size: int
    about: dict[str, Any]


def export(
    entry: str | Path | nn.Module,
    to: Literal["onnx", "torchscript"],
    out: str | Path | None = None,
    *,
    scale: int | None = None,
    strength: float | None = None,
    half: bool = False,
) -> Exported:
    """Write a network into a file for ONNX Runtime, or for PyTorch without srlib.

    The file takes and gives RGB, whatever the network works on: for SRCNN the bicubic enlargement
    and the colours are part of it. Height and width are free. Before it is kept it is run on images
    of three sizes and compared with the network in PyTorch.

    Args:
        entry: as for :func:`srlib.upscaling.method.load`, but a network.
        to: ``"onnx"``, or ``"torchscript"``, which torch.jit.load opens.
        out: the file; by default named after the network, in the current folder.
        scale: 2, 3 or 4; may be left out where the network has one only.
        strength: of SRGAN.
        half: compute in float16: half the size, and fast where the hardware has it. What goes in
            and out stays float32.

    Raises:
        ArgumentError: no such network, a file that is there already, or packages that are missing.
        ExportError: the file computes something else than the network; it is not kept.
        OSError: it cannot be written.
    """
    if to not in KINDS:
        raise ArgumentError(f"an export is {' or '.join(KINDS)}, not {to!r}")
    method = _method(entry, scale, strength)
    path = Path(out) if out is not None else Path(_file_name(method) + SUFFIXES[to])
    if path.exists():
        raise ArgumentError(f"{str(path)!r} is there already: give another name, or remove it")
    if not path.parent.is_dir():
        raise ArgumentError(f"there is no folder {str(path.parent)!r}")
    network, original = alone(method.network, method.scale), as_trained(method)
    about = _about(method, half)
    if to == "onnx":
        data, run = _to_onnx(network, about, half)
    else:
        data, run = _to_torchscript(network, about, half)
    difference = largest_difference(original, run)
    bound = BOUNDS["float16" if half else "float32"]
    if not difference <= bound:
        raise ExportError(
            f"the {to} file differs from the network by {difference:.2g}, more than {bound}: it "
            "was not kept" + (". Try it without half" if half else "")
        )
    try:
        with whole_file(path, replace=False) as file:
            file.write(data)
    except OSError as error:  # which names no file, or that beside it
        raise OSError(error.errno, error.strerror or str(error), str(path)) from error
    return Exported(path, difference, len(data), about)


def alone(network: nn.Module, scale: int) -> nn.Module:
    """A network as it is used alone: RGB ``(1, 3, h, w)`` in [0, 1] -> the same, larger."""
    if isinstance(network, SRCNN):
        return SRCNNInColour(network, scale).eval()
    return _Clamped(fast.fold_batch_norm(network)).eval()


def largest_difference(network: nn.Module, run: Callable[[torch.Tensor], torch.Tensor]) -> float:
    """The most by which two values in [0, 1] differ, over images of three sizes."""
    generator = torch.Generator().manual_seed(0)
    largest = 0.0
    for height, width in SIZES:
        lr = torch.rand(1, 3, height, width, generator=generator)
        with torch.inference_mode():
            expected, found = network(lr), run(lr)
        if found.shape != expected.shape:
            return float("inf")
        largest = max(largest, float((found - expected).abs().max()))
    return largest


def as_trained(method: Method) -> nn.Module:
    """What the file is held against: the network as it is, nothing folded."""
    if isinstance(method.network, SRCNN):
        return SRCNNInColour(method.network, method.scale).eval()
    return _Clamped(method.network).eval()


class _Clamped(nn.Module):
    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, lr: torch.Tensor) -> torch.Tensor:
        return self.network(lr).clamp(0, 1)


class _InHalf(nn.Module):
    """float32 in and out, float16 between."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network.half()

    def forward(self, lr: torch.Tensor) -> torch.Tensor:
        return self.network(lr.half()).float()


def _method(entry: str | Path | nn.Module, scale: int | None, strength: float | None) -> Method:
    """The method at its scale, which may be left to it."""
    if scale is not None:
        method = load(entry, scale, strength=strength, precision="fp32")
    else:
        found, errors = [], []
        for each in SCALES:
            try:
                found.append(load(entry, each, strength=strength, precision="fp32"))
            except ArgumentError as error:
                errors.append(error)
        if not found:
            raise errors[0]
        if len(found) > 1 and _is_of_srlib(found[0]):
            scales = ", ".join(str(each.scale) for each in found)
            raise ArgumentError(f"{found[0].name} has the scales {scales}: say which")
        method = found[0]
    if not _is_of_srlib(method):
        raise ArgumentError(f"{method.name} is no network of srlib: only those are exported")
    return method


def _is_of_srlib(method: Method) -> bool:
    return isinstance(method.network, SRCNN | SRResNet)


def _file_name(method: Method) -> str:
    name = Path(method.name)
    name = name.parent.name if name.name == "best.safetensors" else name.name
    return f"{name.removesuffix('.safetensors')}_x{method.scale}"


def _about(method: Method, half: bool) -> dict[str, Any]:
    from srlib import __version__

    return {
        "kind": "SRCNN" if isinstance(method.network, SRCNN) else "SRResNet",
        "name": method.name,
        "source": method.source,
        "scale": method.scale,
        "margin": method.margin,
        "sha256": method.digest,
        "precision": "float16" if half else "float32",
        "about": ABOUT,
        "srlib": __version__,
    }


# -------------------------------------------------------------------------------------------- ONNX


def _to_onnx(
    network: nn.Module, about: dict[str, Any], half: bool
) -> tuple[bytes, Callable[[torch.Tensor], torch.Tensor]]:
    """The file, and what it computes."""
    onnxruntime = _needed_for_onnx()
    side = torch.export.Dim
    shapes = {"lr": {2: side("height", min=2, max=2**15), 3: side("width", min=2, max=2**15)}}
    with _quiet():
        program = torch.onnx.export(
            _copy(network, half),
            (torch.zeros(1, 3, 24, 32),),
            dynamo=True,
            dynamic_shapes=shapes,
            input_names=["lr"],
            output_names=["sr"],
            verbose=False,
        )
    model = program.model_proto
    for key, value in {"srlib": json.dumps(about), **_plainly(about)}.items():
        model.metadata_props.add(key=key, value=value)
    data = model.SerializeToString()
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    return data, lambda lr: torch.from_numpy(np.asarray(session.run(None, {"lr": lr.numpy()})[0]))


def _plainly(about: dict[str, Any]) -> dict[str, str]:
    """For people who look at the file in a viewer."""
    return {name: str(about[name]) for name in ("scale", "margin", "about")}


def _needed_for_onnx() -> Any:
    try:
        import onnx  # noqa: F401
        import onnxruntime
        import onnxscript  # noqa: F401
    except ImportError as error:
        raise ArgumentError(
            f"an export to ONNX needs {error.name}: pip install 'srlib[onnx]'"
        ) from error
    return onnxruntime


# ------------------------------------------------------------------------------------- TorchScript


def _to_torchscript(
    network: nn.Module, about: dict[str, Any], half: bool
) -> tuple[bytes, Callable[[torch.Tensor], torch.Tensor]]:
    """The file, and what it computes."""
    buffer = io.BytesIO()
    with _quiet(), torch.no_grad():
        traced = torch.jit.trace(_copy(network, half), torch.rand(1, 3, 24, 32), check_trace=False)
        torch.jit.save(traced, buffer, _extra_files={"srlib.json": json.dumps(about)})
        read = torch.jit.load(io.BytesIO(buffer.getvalue()))
    return buffer.getvalue(), read


def _copy(network: nn.Module, half: bool) -> nn.Module:
    network = copy.deepcopy(network)
    return (_InHalf(network) if half else network).eval()


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Exporters warn of what is meant, and of their own future."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
