"""What each training is asked for: a dataclass a network, of which the command line is made.

An option is written here once: name, type, default, and what ``--help`` says. torch is not
imported, so that help comes at once.
"""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args, get_origin, get_type_hints

from srlib.errors import ArgumentError

PIXEL_LOSSES = ("mse", "l1")
MIXED_PRECISION = {"fp32": "no", "bf16": "bf16"}  # accelerate's names


@dataclass(frozen=True, kw_only=True)
class Options:
    """What all trainings are asked for.

    Attributes:
        steps: Batches to learn from.
        seed: Of weights, batches and everything else random.
        batch_size: Patches a step, over all processes together.
        learning_rate: The highest, after the warm-up.
        interval: Steps between two validations.
        precision: Of the products; bf16 is about twice as fast where the processor has it.
    """

    steps: int
    seed: int = 0
    batch_size: int = 16
    learning_rate: float = 1e-3
    interval: int = 250
    precision: Literal["fp32", "bf16"] = "fp32"

    def __post_init__(self) -> None:
        _check_choices(self)
        _check_counts(steps=self.steps, batch_size=self.batch_size, interval=self.interval)
        if type(self.seed) is not int or not 0 <= self.seed < 2**32:
            raise ArgumentError(f"seed must be whole, 0 or more and below 2**32, not {self.seed!r}")
        if not _is_number(self.learning_rate) or self.learning_rate <= 0:
            raise ArgumentError(f"learning_rate must be above 0, not {self.learning_rate!r}")

    @property
    def mixed_precision(self) -> str:
        """The precision by accelerate's name."""
        return MIXED_PRECISION[self.precision]

    @property
    def course(self) -> dict[str, str | int | None]:
        """Those that :func:`srlib.training.loop.train` holds a training to that goes on."""
        names = ("steps", "interval", "patience", "seed")
        return {name: getattr(self, name, None) for name in names} | {
            "precision": self.mixed_precision
        }


@dataclass(frozen=True, kw_only=True)
class SRCNNOptions(Options):
    """What the training of SRCNN is asked for.

    Attributes:
        scale: The factor to enlarge by.
        variant: Kernel sizes of the three layers.
        learning_rate: The highest, after the warm-up.
        interval: Steps between two validations.
        patience: Stop after so many validations without a new best.
        loss: mse, the mean squared error as in the paper; or rmse, the mean of its root over the
            patches, which gained 0.03 to 0.1 dB on Set5 when the shipped weights were trained on.
    """

    scale: Literal[2, 3, 4]
    variant: Literal["9-5-5", "9-1-5"] = "9-5-5"
    learning_rate: float = 3e-3
    interval: int = 200
    patience: int | None = None
    loss: Literal["mse", "rmse"] = "mse"

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_counts(patience=self.patience)


@dataclass(frozen=True, kw_only=True)
class SRResNetOptions(Options):
    """What the training of SRResNet is asked for.

    Attributes:
        scale: The factor to enlarge by.
        blocks: Residual blocks, 16 in the paper.
        channels: Of the features, 64 in the paper.
        learning_rate: The highest, after the warm-up.
        patience: Stop after so many validations without a new best.
        loss: Of pixels, mse as in the paper or l1; or of features of VGG-19: a layer, with relu2_2
            the paper's SRResNet-VGG22, or normalised, three layers, which learns in fewer steps.
        vgg: VGG-19's weights: torchvision, a download of 575 MB at the first use; or a file of
            safetensors with the same names. Not read for a loss of pixels.
        mesh: Weight against repeating patterns, beside a loss of features.
        pixels: Weight of the mean absolute error, beside a loss of features. normalised needs it in
            a long training: it does not see contrast, which then drifts.
    """

    scale: Literal[2, 4] = 4
    blocks: int = 16
    channels: int = 64
    learning_rate: float = 2e-3
    patience: int | None = None
    loss: str = "mse"
    vgg: str | Path = "torchvision"
    mesh: float = 0.0
    pixels: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_counts(blocks=self.blocks, channels=self.channels, patience=self.patience)
        if self.loss not in PIXEL_LOSSES:
            _check_features("loss", self.loss, f"{', '.join(PIXEL_LOSSES)}, normalised, or ")
        _check_weights(mesh=self.mesh, pixels=self.pixels)
        if self.loss in PIXEL_LOSSES and (self.mesh or self.pixels):
            raise ArgumentError(
                f"mesh and pixels go with a loss of features, and {self.loss} is one of pixels"
            )


@dataclass(frozen=True, kw_only=True)
class SRGANOptions(Options):
    """What the training of SRGAN is asked for; scale, blocks and channels come with the generator.

    Attributes:
        content: Features of VGG-19 to compare: relu2_2 or relu5_4, as in the paper, or normalised,
            three layers of which each counts as much, which learns in fewer steps.
        vgg: VGG-19's weights: torchvision, a download of 575 MB at the first use; or a file of
            safetensors with the same names.
        weight: Of the adversarial loss beside the content; 0.001 in the paper.
        learning_rate: Of both networks, 0.0001 in the paper; the second half at a tenth of it.
        average: Decay of the moving average of the generator that is saved.
        interval: Steps between two validations.
        mesh: Weight against repeating patterns, beside the content.
        pixels: Weight of the mean absolute error, beside the content; 0 in the paper, 0.01 in
            ESRGAN's (Wang et al., ECCV workshops 2018).
    """

    content: str = "relu2_2"
    vgg: str | Path = "torchvision"
    weight: float = 1e-3
    learning_rate: float = 1e-4
    average: float = 0.99
    interval: int = 100
    mesh: float = 0.0
    pixels: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_features("content", self.content, "normalised, or ")
        _check_weights(weight=self.weight, mesh=self.mesh, pixels=self.pixels)
        if not _is_number(self.average) or not 0 < self.average < 1:
            raise ArgumentError(f"average must lie between 0 and 1, not {self.average!r}")


def _check_choices(options: Options) -> None:
    """An option of a few values has one of them."""
    for name, kind in get_type_hints(type(options)).items():
        value, choices = getattr(options, name), get_args(kind)
        if get_origin(kind) is Literal and repr(value) not in map(repr, choices):  # 2.0 is not 2
            *first, last = map(str, choices)
            raise ArgumentError(f"{name} must be {', '.join(first)} or {last}, not {value!r}")


def _check_counts(**counts: int | None) -> None:
    for name, value in counts.items():
        if value is not None and type(value) is not int:
            raise ArgumentError(f"{name} must be a whole number, not {value!r}")
        if value is not None and value < 1:
            raise ArgumentError(f"{name} must be at least 1, not {value!r}")


def _check_features(option: str, value: str, others: str) -> None:
    from srlib.networks.vgg import LAYERS  # imports torch

    if value not in ("normalised", *LAYERS):
        raise ArgumentError(
            f"{option} must be {others}a layer of VGG-19, such as relu2_2, not {value!r}"
        )


def _check_weights(**weights: float) -> None:
    for name, value in weights.items():
        if not _is_number(value) or value < 0:
            raise ArgumentError(f"{name} must be 0 or more, not {value!r}")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)
