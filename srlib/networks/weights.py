"""Weights of networks: files written whole, read without running any code in them, and mixed.

A pickle can run code when it is opened. So weights are safetensors, whose header also holds a few
facts: which network they are of, and how it was trained.
"""

import copy
import json
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import nn

from srlib.atomic import write_whole
from srlib.errors import ArgumentError, CheckpointError
from srlib.images.values import digest
from srlib.networks.srcnn import SRCNN
from srlib.networks.srgan import SRResNet

BEST = "best.safetensors"  # the weights in the folder of a training

Facts = Mapping[str, str | int | float | bool | None]

# How files begin that people take for weights.
_OTHER_KINDS = {
    b"PK": "a PyTorch file (.pth, .pt), which can run code when it is opened",
    b"\x80": "a pickle (.pth, .pt), which can run code when it is opened",
    b"<": "a web page",
    b"version https://git-lfs": "a pointer of Git LFS, not the file itself: run git lfs pull",
    b"\xff\xd8": "a JPEG image",
    b"\x89PNG": "a PNG image",
}


def save_weights(path: Path, model: nn.Module, about: Facts) -> None:
    """Write a model's weights as safetensors, with a few facts in the file's header.

    Raises:
        CheckpointError: when the file cannot be written; an older one stays as it was.
    """
    state = model.state_dict()
    tensors = {name: value.detach().cpu().contiguous() for name, value in state.items()}
    write(path, save(tensors, metadata={"srlib": json.dumps(dict(about), sort_keys=True)}))


def load_weights(path: Path, model: nn.Module, expected: Facts | None = None) -> dict:
    """Read weights into a model of the same shape, and return the facts saved with them.

    Args:
        path: the folder of a training, or a file of :func:`save_weights`.
        model: is changed only when everything fits.
        expected: facts that must be as given, such as ``{"scale": 3}``.

    Raises:
        CheckpointError: when the file is missing, damaged, or of another model or scale.
    """
    file = weights_file(path)
    tensors, about = read_tensors(file)
    compare(file, about, expected or {})
    _fit(file, tensors, model)
    return about


def load_network(path: Path) -> tuple[SRCNN | SRResNet, dict]:
    """The network that was saved, in evaluation mode, and the facts saved with its weights.

    Args:
        path: the folder of a ``srlib train``, or a file of its weights.

    Raises:
        CheckpointError: when there is none, it is damaged, or of another kind.
    """
    file = weights_file(path)
    tensors, about = read_tensors(file)
    try:
        network = _built(tensors, about)
    except (KeyError, IndexError, ValueError, TypeError) as error:
        said = f"{error} is missing" if isinstance(error, KeyError) else _short(error)
        raise CheckpointError(
            f"{str(file)!r} holds no network of srlib train ({said}): give the folder of a "
            "training, or its best.safetensors"
        ) from error
    _fit(file, tensors, network)
    return network.eval(), about


def read_about(path: Path) -> dict:
    """The facts saved with weights. Errors as :func:`load_weights`."""
    return read_tensors(weights_file(path))[1]


def weights_file(path: Path) -> Path:
    """``best.safetensors`` of a training's folder; a file itself."""
    return Path(path) / BEST if Path(path).is_dir() else Path(path)


def interpolate(a: nn.Module, b: nn.Module, alpha: float) -> nn.Module:
    """The network whose weights are ``(1 - alpha) a + alpha b``, of two of one shape.

    Between networks of which one was trained from the other this gives all shades between both
    (Wang et al., "Deep Network Interpolation", CVPR 2019).

    Raises:
        ArgumentError: when the two networks are of different shapes.
    """
    first, second = a.state_dict(), b.state_dict()
    if {k: v.shape for k, v in first.items()} != {k: v.shape for k, v in second.items()}:
        raise ArgumentError("only two networks of one shape can be interpolated")
    state = {
        name: torch.lerp(value, second[name], alpha) if value.is_floating_point() else value
        for name, value in first.items()
    }
    between = copy.deepcopy(a)
    between.load_state_dict(state)
    return between.eval()


def digest_of(network: nn.Module) -> str:
    """:func:`srlib.images.values.digest` of a network's weights, wherever they were read from."""
    state = network.state_dict().items()
    return digest((name, value.detach().cpu().numpy()) for name, value in state)


def compare(path: Path, saved: Facts, wanted: Facts, advice: str = "Choose another file") -> None:
    """Refuse a file whose facts are not the wanted ones.

    Raises:
        CheckpointError: names each that differs, with both values.
    """
    differing = [name for name in wanted if saved.get(name) != wanted[name]]
    if differing:
        said = "; ".join(f"{name} {saved.get(name)!r}, not {wanted[name]!r}" for name in differing)
        raise CheckpointError(f"{path} was made with {said}. {advice}")


def write(path: Path, data: bytes) -> None:
    """Write a checkpoint, all of it or nothing.

    Raises:
        CheckpointError: when it cannot be written; says what is left.
    """
    try:
        write_whole(path, data)
    except OSError as error:
        raise CheckpointError(
            f"cannot save {path}: {error.strerror or error}. What was saved before is still whole; "
            "make room and go on with --resume"
        ) from error


def read_bytes(file: Path, kind: str = "weights") -> bytes:
    """All of a file.

    Raises:
        CheckpointError: when it cannot be read, or is no plain file: a pipe would be waited for.
    """
    try:
        if file.exists() and not file.is_file() and not file.is_dir():
            raise CheckpointError(f"cannot read the {kind} {file}: it is a pipe or a device")
        return file.read_bytes()
    except OSError as error:
        raise CheckpointError(f"cannot read the {kind} {file}: {error.strerror}") from error


def other_kind(data: bytes) -> str | None:
    """What people take for weights, by how it begins; None if nothing is known of it."""
    return next((kind for start, kind in _OTHER_KINDS.items() if data.startswith(start)), None)


def read_tensors(file: Path) -> tuple[dict[str, torch.Tensor], dict]:
    """The tensors of a file and the facts in its header: 8 bytes of length, then JSON.

    Files that other tools have made hold no such facts. Errors as :func:`load_weights`.
    """
    data = read_bytes(file)
    try:
        tensors = load(data)
        header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
        about = json.loads((header.get("__metadata__") or {}).get("srlib", "{}"))
    except (SafetensorError, ValueError, KeyError, RecursionError) as error:
        # Only now: a header's length, which comes first, can look like any of them.
        kind = other_kind(data)
        if data[32:36] == b"PK\3\4":  # after its SHA-256
            said = f"{file} is the state of a training: give its folder, {file.parent}"
        elif kind:
            said = f"{file} is {kind}: give a .safetensors file of srlib train"
        else:
            said = f"{file} holds no whole weights ({_short(error)}): copy or train it again"
        raise CheckpointError(said) from error
    return tensors, about if isinstance(about, dict) else {}


def _short(said: object) -> str:
    """One line: a decoder's words may hold the whole file."""
    return " ".join(str(said).split())[:160]


def _built(tensors: Mapping[str, torch.Tensor], about: Facts) -> SRCNN | SRResNet:
    """An untrained network of the kind; sizes are believed when the tensors bear them out."""
    if "model" not in about:
        raise ArgumentError("its header names no network")
    if about["model"] == "srcnn":
        network = SRCNN(about["variant"], residual=about["residual"])
        for name, kind in (("residual", bool), ("scale", int)):
            if name in about and type(about[name]) is not kind:
                raise ArgumentError(f"its header says {name} {about[name]!r}")
        return network
    if about["model"] not in ("srresnet", "srgan"):
        raise ArgumentError(f"it is of a model {about['model']!r}")
    channels = tensors["tail.weight"].shape[1]
    blocks = sum(  # so nothing is built that is much larger than the file
        name.endswith(".residual.0.weight") and value.shape == (channels, channels, 3, 3)
        for name, value in tensors.items()
    )
    if type(about["scale"]) is not int:
        raise ArgumentError(f"its header says scale {about['scale']!r}")
    if (about["blocks"], about["channels"]) != (blocks, channels):
        raise ArgumentError(
            f"its header says {about['blocks']!r} blocks of {about['channels']!r} channels, its "
            f"weights have {blocks} of {channels}"
        )
    return SRResNet(about["scale"], blocks, channels)


def _fit(path: Path, tensors: Mapping[str, torch.Tensor], model: nn.Module) -> None:
    """Load the tensors, or say which do not fit."""
    have = {name: tuple(value.shape) for name, value in tensors.items()}
    want = {name: tuple(value.shape) for name, value in model.state_dict().items()}
    if have != want:
        names = sorted(name for name in have | want if have.get(name) != want.get(name))
        said = ", ".join(f"{n} is {have.get(n)}, expected {want.get(n)}" for n in names[:3])
        raise CheckpointError(f"{path} holds the weights of another model: {_short(said)}")
    broken = [name for name, value in tensors.items() if not torch.isfinite(value).all()]
    if broken:
        raise CheckpointError(
            f"{path} holds weights that are no numbers ({broken[0]}): its training failed; copy or "
            "train it again"
        )
    model.load_state_dict(tensors)
