"""The state of a training on disk: written whole, read without running any code in it.

It holds more than tensors, so it is read with ``torch.load(weights_only=True)``.
"""

import hashlib
import io
import pickle
from collections.abc import Mapping
from pathlib import Path

import torch

from srlib.errors import ArgumentError, CheckpointError
from srlib.networks.weights import Facts, compare, write


def save_state(path: Path, state: Mapping) -> None:
    """Write the state of a training: tensors, numbers, strings, and lists and dicts of them.

    The SHA-256 of what follows comes first, so that damage is always seen.

    Raises:
        CheckpointError: when the file cannot be written; an older one stays as it was.
    """
    buffer = io.BytesIO()
    torch.save(dict(state), buffer)
    data = buffer.getvalue()
    write(path, hashlib.sha256(data).digest() + data)


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
            raise ArgumentError("its SHA-256 differs from the one it was saved with")
        return torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except (RuntimeError, ValueError, EOFError, pickle.UnpicklingError) as error:
        raise CheckpointError(
            f"the checkpoint {path} is damaged ({error}). Nothing was changed; train into another "
            "folder, from best.safetensors beside it if that is there"
        ) from error


def check_settings(path: Path, saved: Facts, wanted: Facts) -> None:
    """Refuse to go on with other settings than a training began with.

    Raises:
        CheckpointError: names each setting that differs, with both values.
    """
    compare(path, saved, wanted, "Give the same settings, or train into another folder")
