"""The state of a training on disk: written whole, read without running any code in it.

It holds more than tensors, so it is read with ``torch.load(weights_only=True)``.
"""

import hashlib
import io
from collections.abc import Mapping
from pathlib import Path

import torch

from srlib.errors import ArgumentError, CheckpointError
from srlib.networks.weights import Facts, compare, read_bytes, write
from srlib.training.options import MIXED_PRECISION

# What a state holds, and of which type; a file may hold anything.
KINDS = {
    "settings": dict,
    "step": int,
    "seconds": float,
    "history": list,
    "models": dict,
    "optimizers": dict,
    "random": torch.Tensor,
}
ROW = (int, (int, float), (int, float), (int, float), (int, float), dict)

# Settings that trainings before version 0.3 did not save: not compared where they are missing.
NEW = ("images_sha256", "init", "vgg")

DIFFERENCES = {
    "images_sha256": "other images (their content or order differs)",
    "init": "other weights to begin with (--init)",
    "vgg": "other weights of VGG-19 (--vgg)",
}


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
    data = read_bytes(path, "checkpoint")
    digest, data = data[:32], data[32:]
    try:
        if hashlib.sha256(data).digest() != digest:
            raise ArgumentError("its SHA-256 differs from the one it was saved with")
        return torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except Exception as error:  # the bytes may be anything, and torch then raises anything
        raise _damaged(path, error) from error


def load_training(path: Path) -> dict:
    """The state of a training: as :func:`load_state`, and all that belongs to it is there.

    Raises:
        CheckpointError: likewise, and when something is missing or of another kind.
    """
    state = load_state(path)
    try:
        _check_kinds(state)
    except ArgumentError as error:
        raise _damaged(path, error) from error
    return state


def _damaged(path: Path, error: Exception) -> CheckpointError:
    said = " ".join(str(error).split())[:200] or type(error).__name__
    return CheckpointError(
        f"the checkpoint {path} is damaged ({said}). Nothing was changed; train into another "
        "folder, from best.safetensors beside it if that is there"
    )


def _check_kinds(state: object) -> None:
    if not isinstance(state, dict):
        raise ArgumentError(f"it holds a {type(state).__name__}, not the state of a training")
    for name, kind in KINDS.items():
        if not isinstance(state.get(name), kind):
            raise ArgumentError(f"its {name} is a {type(state.get(name)).__name__}")
    for row in state["history"]:
        if not isinstance(row, list) or len(row) != len(ROW) or not all(map(isinstance, row, ROW)):
            raise ArgumentError("its history is none")
    if [row[0] for row in state["history"][-1:]] != [state["step"]]:
        raise ArgumentError("its history does not end where it does")


def check_settings(path: Path, saved: Facts, wanted: Facts) -> None:
    """Refuse to go on with other settings than a training began with.

    Raises:
        CheckpointError: names each setting that differs, with both values, and says what to do.
    """
    wanted = {name: value for name, value in wanted.items() if name in saved or name not in NEW}
    differing = [name for name in wanted if saved.get(name) != wanted[name]]
    said = {name: DIFFERENCES[name] for name in differing if name in DIFFERENCES}
    if "images" in differing:  # whose digest then differs, of course
        said["images_sha256"] = f"images {saved.get('images')!r}, not {wanted['images']!r}"
    if differing == ["steps"]:
        steps = saved.get("steps")
        raise CheckpointError(
            f"{path} was made with steps {steps!r}, not {wanted['steps']!r}: the learning "
            "rate falls towards the last step, so their number is fixed when a training begins. "
            f"Go on with --steps {steps}; or begin another training with its weights: "
            f"--init {path.parent} --out ANOTHER_FOLDER"
        )
    if said and not {*differing} - {*said, "images"}:
        raise CheckpointError(
            f"{path} was made with {' and '.join(said.values())}. Give the same ones, wherever "
            f"they lie now; or begin another training with its weights: --init {path.parent} "
            "--out ANOTHER_FOLDER"
        )
    wanted = {name: wanted[name] for name in wanted if name not in DIFFERENCES}
    compare(
        path,
        _as_typed(saved),
        _as_typed(wanted),
        "Give the same settings, or train into another folder",
    )


def _as_typed(settings: Facts) -> Facts:
    """The precision by the word that the command takes, not by accelerate's."""
    if settings.get("precision") == MIXED_PRECISION["fp32"]:
        return {**settings, "precision": "fp32"}
    return settings
