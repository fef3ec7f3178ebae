"""Checkpoints of a training, and weights: written whole, read without running any code in them.

A pickle can run code when it is opened. So weights are safetensors, and the state of a training,
which holds more than tensors, is read with ``torch.load(weights_only=True)``.
"""

import hashlib
import io
import json
import pickle
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import nn

from srlib.files import write_whole

Settings = Mapping[str, str | int | float | bool | None]


class CheckpointError(RuntimeError):
    """A checkpoint that cannot be written, read, or used here; says why and what to do."""


def save_weights(path: Path, model: nn.Module, about: Settings) -> None:
    """Write a model's weights as safetensors, with a few facts in the file's header.

    Raises:
        CheckpointError: when the file cannot be written; an older one stays as it was.
    """
    tensors = {name: value.detach().cpu().contiguous() for name, value in _state(model).items()}
    _write(path, save(tensors, metadata={"srlib": json.dumps(dict(about), sort_keys=True)}))


def load_weights(path: Path, model: nn.Module, expected: Settings | None = None) -> Settings:
    """Read weights into a model of the same shape, and return the facts saved with them.

    Args:
        path: a file of :func:`save_weights`.
        model: is changed only when everything fits.
        expected: facts that must be as given, such as ``{"scale": 3}``.

    Raises:
        CheckpointError: when the file is missing, damaged, or of another model or scale.
    """
    try:
        data = path.read_bytes()
        tensors, about = load(data), read_about(data)
    except OSError as error:
        raise CheckpointError(f"cannot read the weights {path}: {error.strerror}") from error
    except (SafetensorError, ValueError, KeyError) as error:
        raise CheckpointError(
            f"{path} holds no whole weights ({error}): copy or train it again"
        ) from error
    _compare(path, about, expected or {})
    _fit(path, tensors, model)
    return about


def read_about(data: bytes) -> dict:
    """The facts in the header of a safetensors file: 8 bytes of length, then JSON."""
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    return json.loads(header.get("__metadata__", {}).get("srlib", "{}"))


def save_state(path: Path, state: Mapping) -> None:
    """Write the state of a training: tensors, numbers, strings, and lists and dicts of them.

    The SHA-256 of what follows comes first, so that damage is always seen.

    Raises:
        CheckpointError: when the file cannot be written; an older one stays as it was.
    """
    buffer = io.BytesIO()
    torch.save(dict(state), buffer)
    data = buffer.getvalue()
    _write(path, hashlib.sha256(data).digest() + data)


def load_state(path: Path) -> dict:
    """Read what :func:`save_state` wrote.

    Raises:
        CheckpointError: when the file is missing or damaged.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise CheckpointError(f"cannot read the checkpoint {path}: {error.strerror}") from error
    digest, data = data[:32], data[32:]
    try:
        if hashlib.sha256(data).digest() != digest:
            raise ValueError("its SHA-256 differs from the one it was saved with")
        return torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except (RuntimeError, ValueError, EOFError, pickle.UnpicklingError) as error:
        raise CheckpointError(
            f"the checkpoint {path} is damaged ({error}). Nothing was changed; train into another "
            "folder, from best.safetensors beside it if that is there"
        ) from error


def check_settings(path: Path, saved: Settings, wanted: Settings) -> None:
    """Refuse to go on with other settings than a training began with.

    Raises:
        CheckpointError: names each setting that differs, with both values.
    """
    _compare(path, saved, wanted, "Give the same settings, or train into another folder")


def _compare(path: Path, saved: Settings, wanted: Settings, advice: str = "") -> None:
    differing = [name for name in wanted if saved.get(name) != wanted[name]]
    if differing:
        said = "; ".join(f"{name} {saved.get(name)!r}, not {wanted[name]!r}" for name in differing)
        raise CheckpointError(f"{path} was made with {said}. {advice or 'Choose another file'}")


def _fit(path: Path, tensors: Mapping[str, torch.Tensor], model: nn.Module) -> None:
    """Load the tensors, or say which do not fit."""
    have = {name: tuple(value.shape) for name, value in tensors.items()}
    want = {name: tuple(value.shape) for name, value in _state(model).items()}
    if have != want:
        names = sorted(name for name in have | want if have.get(name) != want.get(name))
        said = ", ".join(f"{n} is {have.get(n)}, expected {want.get(n)}" for n in names[:3])
        raise CheckpointError(f"{path} holds the weights of another model: {said}")
    model.load_state_dict(dict(tensors))


def _state(model: nn.Module) -> dict[str, torch.Tensor]:
    return model.state_dict()


def _write(path: Path, data: bytes) -> None:
    try:
        write_whole(path, data)
    except OSError as error:
        raise CheckpointError(
            f"cannot save {path}: {error.strerror or error}. What was saved before is still whole; "
            "make room and go on with --resume"
        ) from error
