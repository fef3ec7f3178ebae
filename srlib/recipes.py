"""Recipes: which data, loss, optimiser and schedule make which of the shipped weights."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from accelerate import Accelerator
from accelerate.utils import set_seed
from torch import nn

from srlib import datasets
from srlib.checkpoint import load_weights
from srlib.history import History
from srlib.images import (
    ImageError,
    image_folder,
    modulo_crop,
    read_rgb,
    rgb_to_luma,
    shave,
    to_tensor,
)
from srlib.metrics import Protocol
from srlib.models.srcnn import SRCNN
from srlib.resize import imresize
from srlib.schedules import cosine
from srlib.soap import SOAP
from srlib.training import Plan, Supervised, TrainingError, Validate, mean_psnr, train

HELD_OUT = 10  # images of a folder that are validated on, not trained on
CROP = 384  # pixels: the centre of each of these is enough
INPUT = 60  # pixels: side of a training patch as the network sees it; divisible by 2, 3 and 4
DOWNSCALES = (0.8, 0.6)  # each image is seen at these sizes too
FINAL = 0.003  # the last learning rate, as a share of the highest
MIXED_PRECISION = {"fp32": "no", "bf16": "bf16"}  # accelerate's names
LOWEST_FLOOR = 15.0  # dB; bicubic reaches 20 and more on true pairs, 10 on shuffled ones


@dataclass(frozen=True)
class Options:
    """What ``srlib train srcnn`` asks for; ``pretrained.card`` says what made the shipped weights.

    Attributes:
        scale: 2, 3 or 4.
        steps: batches to learn from.
        seed: of weights, batches and everything else random.
        variant: kernel sizes, ``"9-5-5"`` or ``"9-1-5"``.
        batch_size: patches a step, over all processes together.
        learning_rate: the highest, after the warm-up.
        interval: steps between two validations.
        patience: stop after so many validations without a new best.
        precision: ``"fp32"``, or ``"bf16"``, about twice as fast where the processor has it.
        loss: ``"mse"`` as in the paper, or ``"rmse"`` (:func:`centre_rmse`), which gained 0.03 to
            0.1 dB on Set5 when the shipped weights were trained on with it.
    """

    scale: int
    steps: int
    seed: int = 0
    variant: str = "9-5-5"
    batch_size: int = 16
    learning_rate: float = 3e-3
    interval: int = 200
    patience: int | None = None
    precision: str = "fp32"
    loss: str = "mse"

    def __post_init__(self) -> None:
        check_options(self)
        if self.scale not in (2, 3, 4):
            raise ValueError(f"scale must be 2, 3 or 4, not {self.scale!r}")
        if self.loss not in LOSSES:
            raise ValueError(f"loss must be one of {', '.join(LOSSES)}, not {self.loss!r}")


def check_options(options: object) -> None:
    """Refuse what no recipe can use: steps, precision or learning rate."""
    if options.steps < 1:
        raise ValueError(f"steps must be at least 1, not {options.steps!r}")
    if options.precision not in MIXED_PRECISION:
        raise ValueError(
            f"precision must be {' or '.join(MIXED_PRECISION)}, not {options.precision!r}"
        )
    if not options.learning_rate > 0:
        raise ValueError(f"learning_rate must be above 0, not {options.learning_rate!r}")


class LumaPatches:
    """Batches for SRCNN: luma upscaled by bicubic, and the true luma.

    Args:
        images: paths or uint8 arrays ``(H, W, 3)``.
        scale: 2, 3 or 4, the factor between the two sides.
        batch_size: patches, over all processes together.
        seed: of the places they are cut at.
    """

    def __init__(
        self, images: Sequence[Path | np.ndarray], scale: int, batch_size: int, seed: int
    ) -> None:
        self.scale, self.batch_size = scale, batch_size
        # Upscaling a patch by itself goes wrong within 2 LR pixels of its edge: they are cut off.
        self.border = 2 * scale
        patch_size = INPUT + 2 * self.border
        self.patches = datasets.Patches(
            images, scale, patch_size, batch_size, seed, channel="Y", downscales=DOWNSCALES
        )

    def batch(self, step: int, rank: int = 0, world: int = 1) -> tuple[torch.Tensor, torch.Tensor]:
        """Both ``(B, 1, 60, 60)`` in [0, 1]."""
        lr, hr = self.patches.batch(step, rank, world)
        bicubic = imresize(lr, self.scale)
        return shave(bicubic, self.border), shave(hr, self.border)


def train_srcnn(
    data: Sequence[str | Path],
    out: Path,
    options: Options,
    *,
    resume: bool = False,
    init: Path | None = None,
    progress: bool = True,
) -> History:
    """Train SRCNN to enlarge luma; see :func:`srlib.training.train` for what it leaves in ``out``.

    Args:
        data: folders of images, or ``"DIV2K"`` for its 640 training and 160 validation images.
        out: folder of the run.
        options: scale, steps, seed and the like.
        resume: go on with the training in ``out``.
        init: weights to begin with instead of random ones, of any scale.
        progress: show a bar.

    Raises:
        ImageError: a folder without images, an image that cannot be read or is smaller than a
            patch.
        TrainingError, CheckpointError, ValueError: see :func:`srlib.training.train`.
    """
    accelerator = Accelerator(mixed_precision=MIXED_PRECISION[options.precision])
    with accelerator.main_process_first():  # which may have to download DIV2K
        training, held_out = split(data)
    set_seed(options.seed)
    model = SRCNN(options.variant, residual=True)
    _initialise(model)
    if init is not None:
        load_weights(Path(init), model, {"model": "srcnn", "variant": options.variant})
    model.to(memory_format=torch.channels_last)
    batches = LumaPatches(training, options.scale, options.batch_size, options.seed)
    check_pairs(*batches.batch(0))
    plan = Plan(
        steps=options.steps,
        interval=options.interval,
        schedule=cosine(options.steps, min(50, options.steps // 10), FINAL),
        average=0.998,
        patience=options.patience,
        seed=options.seed,
        settings={
            "model": "srcnn",
            "residual": True,
            "variant": options.variant,
            "scale": options.scale,
            "batch_size": options.batch_size,
            "learning_rate": options.learning_rate,
            "loss": options.loss,
            "data": " ".join(Path(entry).name for entry in data),
            "images": len(training),
        },
    )
    validate = validation(held_out, options.scale)
    optimizer = SOAP(model.parameters(), lr=options.learning_rate)
    learner = Supervised(model, LOSSES[options.loss], optimizer)
    return train(
        learner,
        batches,
        validate,
        Path(out),
        plan,
        resume=resume,
        accelerator=accelerator,
        progress=progress,
    )


def centre_mse(model: nn.Module, bicubic: torch.Tensor, hr: torch.Tensor) -> torch.Tensor:
    """Mean squared error where the network sees no border: two ``(B, 1, H, W)`` -> ``()``."""
    sr = model(bicubic.contiguous(memory_format=torch.channels_last), pad=False)
    margin = (hr.shape[-1] - sr.shape[-1]) // 2
    return torch.mean((sr.float() - shave(hr, margin)) ** 2)


def centre_rmse(model: nn.Module, bicubic: torch.Tensor, hr: torch.Tensor) -> torch.Tensor:
    """As :func:`centre_mse`, but the mean of each patch's root mean squared error.

    The mean PSNR over images counts an error in a smooth image for more than the same error in a
    textured one; so does this, halfway between MSE and the logarithm.
    """
    sr = model(bicubic.contiguous(memory_format=torch.channels_last), pad=False)
    margin = (hr.shape[-1] - sr.shape[-1]) // 2
    mse = torch.mean((sr.float() - shave(hr, margin)) ** 2, dim=(1, 2, 3))  # (B,)
    return torch.mean((mse + 1e-6).sqrt())  # no infinite slope at 0


LOSSES = {"mse": centre_mse, "rmse": centre_rmse}


def split(data: Sequence[str | Path]) -> tuple[list[Path], list[Path]]:
    """Images to train on and to validate on.

    Of DIV2K the 640 and 160 of :func:`srlib.datasets.div2k`. Of folders, taken one after the other,
    about ten images at equal steps are held out, or a tenth when there are fewer than 100.
    """
    if [str(entry).upper() for entry in data] == ["DIV2K"]:
        return datasets.div2k("train"), datasets.div2k("val")
    if any(str(entry).upper() == "DIV2K" for entry in data):
        raise ImageError("DIV2K has its own validation images: give it alone, without folders")
    images = [path for folder in data for path in image_folder(folder)]
    if len(images) < 2:
        raise ImageError(
            f"{len(images)} image in {', '.join(map(str, data))}: training needs one and "
            "validation another, better 100 or more"
        )
    held_out = images[:: max(2, len(images) // HELD_OUT)] if len(images) >= 100 else images[::10]
    return [path for path in images if path not in held_out], held_out


def check_pairs(bicubic: torch.Tensor, hr: torch.Tensor) -> None:
    """Refuse inputs and truths that do not belong together, before anything is learned from them.

    The upscaled images must be close to the truth, and closer than when moved by a pixel.

    Raises:
        TrainingError: for shuffled or misaligned pairs.
    """
    centre = shave(hr, 1)
    height, width = centre.shape[-2:]
    errors = {
        (top, left): float(
            torch.mean((bicubic[..., top : top + height, left : left + width] - centre) ** 2)
        )
        for top in range(3)
        for left in range(3)
    }
    best = min(errors, key=errors.get)
    floor = -10 * np.log10(max(errors[1, 1], 1e-12))
    if floor < LOWEST_FLOOR or errors[best] < errors[1, 1]:
        raise TrainingError(
            f"the LR and HR patches do not belong together: bicubic alone reaches {floor:.1f} dB, "
            f"and fits best moved by {best[0] - 1}, {best[1] - 1} pixels. True pairs reach 20 dB "
            "and fit best where they are: check how the pairs are made"
        )


def _initialise(model: SRCNN) -> None:
    """He's initialisation; the last layer smaller, so that training begins near bicubic.

    With the paper's N(0, 0.001) the signal all but vanishes in three layers, and training spends
    its first hundreds of steps on making it larger.
    """
    for layer in (model.extract, model.map, model.reconstruct):
        nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    with torch.no_grad():
        model.reconstruct.weight.mul_(0.1)


def validation(images: Sequence[Path], scale: int) -> Validate:
    """PSNR under the papers' protocol, on the centres of some images, of a network on luma."""
    pairs = []
    for path in images:
        image = read_rgb(path)
        top, left = (max(0, (length - CROP) // 2) for length in image.shape[:2])
        hr = modulo_crop(image[top : top + CROP, left : left + CROP], scale)
        lr = to_tensor(rgb_to_luma(imresize(hr, 1 / scale)))
        pairs.append((imresize(lr, scale), rgb_to_luma(hr)))
    return mean_psnr(pairs, Protocol.paper(scale))
