"""What the recipes for SRResNet and SRGAN are asked for."""

from dataclasses import dataclass
from pathlib import Path

from srlib.losses import ADVERSARIAL_WEIGHT
from srlib.recipes import check_options
from srlib.vgg import LAYERS

PIXEL_LOSSES = ("mse", "l1")


@dataclass(frozen=True)
class ResNetOptions:
    """What ``srlib train srresnet`` asks for.

    Attributes:
        scale: 2 or 4.
        steps: batches to learn from.
        seed: of weights, batches and everything else random.
        blocks: residual blocks, 16 in the paper.
        channels: of the features, 64 in the paper.
        batch_size: patches a step, over all processes together; 16 in the paper.
        learning_rate: the highest, after the warm-up.
        interval: steps between two validations.
        patience: stop after so many validations without a new best.
        precision: ``"fp32"``, or ``"bf16"``, about twice as fast where the processor has it.
        loss: ``"mse"`` as in the paper, ``"l1"``, or what :class:`GANOptions` takes for content: a
            layer of VGG-19, with ``"relu2_2"`` the paper's SRResNet-VGG22, or ``"normalised"``.
        vgg: ``"torchvision"``, or a file of its weights; not read for a loss of pixels.
        mesh: weight of :func:`srlib.losses.mesh_loss` beside a loss of features.
        pixels: likewise of the mean absolute error. ``"normalised"`` needs it in a long training,
            since it does not see contrast, which then drifts.
    """

    scale: int
    steps: int
    seed: int = 0
    blocks: int = 16
    channels: int = 64
    batch_size: int = 16
    learning_rate: float = 2e-3
    interval: int = 250
    patience: int | None = None
    precision: str = "fp32"
    loss: str = "mse"
    vgg: str | Path = "torchvision"
    mesh: float = 0.0
    pixels: float = 0.0

    def __post_init__(self) -> None:
        check_options(self)
        if self.scale not in (2, 4):
            raise ValueError(f"scale must be 2 or 4, not {self.scale!r}")
        if self.loss not in (*PIXEL_LOSSES, "normalised", *LAYERS):
            raise ValueError(
                f"loss must be {', '.join(PIXEL_LOSSES)}, normalised, or a layer of VGG-19, such "
                f"as relu2_2, not {self.loss!r}"
            )
        _check_weights(mesh=self.mesh, pixels=self.pixels)
        if self.loss in PIXEL_LOSSES and (self.mesh or self.pixels):
            raise ValueError(
                f"mesh and pixels go with a loss of features, and {self.loss} is one of pixels"
            )


@dataclass(frozen=True)
class GANOptions:
    """What ``srlib train srgan`` asks for; scale, blocks and channels come with the generator.

    Attributes:
        steps: batches to learn from; the second half at a tenth of the learning rate.
        seed: of the discriminator's weights, batches and everything else random.
        content: ``"relu2_2"`` or ``"relu5_4"``, squared error of these features of VGG-19, as in
            the paper; or ``"normalised"`` (:class:`srlib.losses.NormalisedPerceptualLoss`), which
            learns in fewer steps.
        vgg: ``"torchvision"``, or a file of its weights.
        weight: of the adversarial loss beside the content; 0.001 in the paper.
        batch_size: patches a step, over all processes together; 16 in the paper.
        learning_rate: of both networks, 0.0001 in the paper.
        average: decay of the moving average of the generator that is saved.
        interval: steps between two validations.
        precision: ``"fp32"``, or ``"bf16"``.
        mesh: weight of :func:`srlib.losses.mesh_loss` beside the content.
        pixels: likewise of the mean absolute error; 0 in the paper, 0.01 in ESRGAN's (Wang et al.,
            ECCV workshops 2018).
    """

    steps: int
    seed: int = 0
    content: str = "relu2_2"
    vgg: str | Path = "torchvision"
    weight: float = ADVERSARIAL_WEIGHT
    batch_size: int = 16
    learning_rate: float = 1e-4
    average: float = 0.99
    interval: int = 100
    precision: str = "fp32"
    mesh: float = 0.0
    pixels: float = 0.0

    def __post_init__(self) -> None:
        check_options(self)
        if self.content != "normalised" and self.content not in LAYERS:
            raise ValueError(
                f"content must be a layer of VGG-19, such as relu2_2, or normalised, not "
                f"{self.content!r}"
            )
        _check_weights(weight=self.weight, mesh=self.mesh, pixels=self.pixels)


def _check_weights(**weights: float) -> None:
    for name, value in weights.items():
        if not value >= 0:
            raise ValueError(f"{name} must be 0 or more, not {value!r}")
