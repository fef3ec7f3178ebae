"""The networks that come with srlib, each with a card that says how it was made and how good it is.

What the last of a card's commands leaves in its folder is shipped as it is; the histories of all
commands at that scale are joined.
"""

import json
from dataclasses import dataclass, field, fields
from functools import cache
from importlib.resources import as_file, files
from importlib.resources.abc import Traversable

from torch import nn

from srlib.errors import ArgumentError
from srlib.networks.weights import compare, load_network

SHIPPED = {  # name -> scales
    "srcnn": (2, 3, 4),
    "srresnet": (4,),
    "srresnet-vgg": (4,),
    "srgan": (4,),
}
COSTS_LITTLE = 0.01  # dB: a faster precision may cost as much


@dataclass(frozen=True)
class Card:
    """How a network was made, and how good it is.

    Attributes:
        name: ``"srcnn"``, ``"srresnet"``, ``"srresnet-vgg"`` or ``"srgan"``.
        scale: 2, 3 or 4.
        network: variant, and what differs from the paper.
        parameters: how many.
        data: the images it was trained on, and those it was validated on.
        steps: optimiser steps at this scale; ``best_step`` is the one whose weights are shipped.
        seed: of everything random in the first of the commands; None where none was set.
        seconds: wall time of all commands, validations included.
        device: what it was trained on.
        scores: data set -> mean PSNR in dB of the network and of bicubic interpolation. "float" is
            the papers' way, with LR luma that was never rounded to 8 bit.
        protocol: of the scores.
        commands: that make these weights, one after the other.
        remarks: what a reader should know besides.
        distances: data set -> mean distance to the truth in VGG-19's features of several methods
            (:class:`srlib.networks.vgg.VGGDistance`), for networks of RGB.
        niqe: data set -> mean NIQE (:func:`srlib.images.niqe.niqe`) of several methods and of the
            truth; lower is more like photographs.
        bfloat16: data set -> what products in bfloat16 do to the mean PSNR, in dB.

    >>> card("srcnn", 3).parameters
    57281
    """

    name: str
    scale: int
    network: str
    parameters: int
    data: str
    steps: int
    best_step: int
    seed: int | None
    seconds: int
    device: str
    scores: dict[str, dict[str, float]]
    protocol: str
    commands: list[str]
    remarks: str
    distances: dict[str, dict[str, float]] = field(default_factory=dict)
    niqe: dict[str, dict[str, float]] = field(default_factory=dict)
    bfloat16: dict[str, float] = field(default_factory=dict)

    @property
    def fast_enough(self) -> bool:
        """Whether bfloat16 costs so little that it may be taken unasked."""
        return bool(self.bfloat16) and min(self.bfloat16.values()) >= -COSTS_LITTLE

    def __str__(self) -> str:
        lines = [f"{self.name} x{self.scale}"]
        for name in (each.name for each in fields(self)[2:]):
            value = getattr(self, name)
            if isinstance(value, list):
                value = "".join(f"\n    {each}" for each in value)
            elif isinstance(value, dict):
                value = "; ".join(f"{data} {_said(name, found)}" for data, found in value.items())
            if value != "":
                lines.append(f"  {name.replace('_', ' ')}: {value}")
        return "\n".join(lines)


def _said(name: str, found: dict[str, float] | float) -> str:
    """What a card's field holds for one data set."""
    if isinstance(found, float):
        return f"{found:+.4f} dB"
    say = {"scores": "{:.2f} dB", "distances": "{:.3f}", "niqe": "{:.2f}"}[name].format
    return ", ".join(f"{method} {say(value)}" for method, value in found.items())


def load(name: str, scale: int) -> nn.Module:
    """A trained network, on the CPU, in evaluation mode.

    Args:
        name: ``"srcnn"``; ``"srresnet"``, trained on pixels; ``"srresnet-vgg"``, that one trained
            on for features of VGG-19; ``"srgan"``, for those and against a discriminator.
        scale: 2, 3 or 4 for SRCNN, 4 for the others.

    Returns:
        for ``"srcnn"`` an :class:`srlib.networks.srcnn.SRCNN` 9-5-5, which takes bicubic luma;
        otherwise an :class:`srlib.networks.srgan.SRResNet`, which takes low-resolution RGB.

    Raises:
        ValueError: for another name or scale.
        CheckpointError: when the installed file is missing or damaged.
    """
    with as_file(file(name, scale, "safetensors")) as path:
        network, about = load_network(path)
        compare(path, about, {"model": name.partition("-")[0], "scale": scale})
    return network


@cache
def card(name: str, scale: int) -> Card:
    """How :func:`load`'s network was made, and how good it is. Errors as there."""
    return Card(**json.loads(file(name, scale, "json").read_text("utf-8")))


def file(name: str, scale: int, suffix: str) -> Traversable:
    """One of the files of a shipped network. Errors as :func:`load`.

    Args:
        suffix: ``"safetensors"``, the weights; ``"json"``, the card; ``"csv"``, the training's
            history.
    """
    if name not in SHIPPED:
        raise ArgumentError(f"no shipped network is called {name!r}: choose {', '.join(SHIPPED)}")
    check_scale(name, scale)
    return files("srlib") / "networks" / "shipped" / f"{name}_x{scale}.{suffix}"


def check_scale(name: str, scale: int) -> None:
    """Refuse a scale at which a network is not shipped; every scale will do for other methods."""
    scales = SHIPPED.get(name)
    if scales is not None and (isinstance(scale, bool) or scale not in scales):
        said = " and ".join(filter(None, [", ".join(map(str, scales[:-1])), str(scales[-1])]))
        raise ArgumentError(f"{name} is shipped for scale {said}, not {scale!r}")
