"""The recipe of SRCNN: three convolutions that sharpen bicubic luma."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import torch
from accelerate import Accelerator
from accelerate.utils import set_seed
from torch import nn

from srlib.data.patches import Patches
from srlib.images.resize import imresize
from srlib.images.values import shave
from srlib.networks.srcnn import SRCNN
from srlib.networks.weights import digest_of, load_weights
from srlib.training.history import History
from srlib.training.images import DOWNSCALES, Data, gather
from srlib.training.learners import Supervised
from srlib.training.loop import Plan, train
from srlib.training.losses import centre_mse, centre_rmse
from srlib.training.options import SRCNNOptions
from srlib.training.pairing import check_batches
from srlib.training.run import check_folder
from srlib.training.schedules import FINAL, cosine
from srlib.training.soap import SOAP
from srlib.training.validation import known_scores, validation

INPUT = 60  # pixels: side of a training patch as the network sees it; divisible by 2, 3 and 4
LOSSES = {"mse": centre_mse, "rmse": centre_rmse}


def train_srcnn(
    data: Data,
    out: Path,
    options: SRCNNOptions,
    *,
    init: Path | None = None,
    resume: bool = False,
    progress: bool = True,
) -> History:
    """Train SRCNN to enlarge luma; see :func:`srlib.training.loop.train` for what it leaves.

    Args:
        data: folders of images, or ``"DIV2K"`` for its 640 training and 160 validation images.
        out: folder of the run.
        options: scale, steps, seed and the like.
        init: a run or a file of weights to begin with instead of random ones, of any scale.
        resume: go on with the training in ``out``.
        progress: show a bar.

    Images that cannot be read or are smaller than a patch of 68x68 (x2), 72x72 (x3) or 76x76 (x4)
    are left out and named.

    Raises:
        ImageError: folders with less than two images that can be used, or more than fit into
            memory.
        TrainingError, CheckpointError, ArgumentError: see :func:`srlib.training.loop.train`.
    """
    accelerator = Accelerator(mixed_precision=options.mixed_precision)
    settings = {
        "model": "srcnn",
        "residual": True,
        "variant": options.variant,
        "scale": options.scale,
        "batch_size": options.batch_size,
        "learning_rate": options.learning_rate,
        "loss": options.loss,
    }
    set_seed(options.seed)
    model = SRCNN(options.variant, residual=True)
    initialise(model)
    if init is not None:
        load_weights(init, model, {"model": "srcnn", "variant": options.variant})
        settings["init"] = digest_of(model)
    check_folder(out, resume, {**settings, **options.course})
    model.to(memory_format=torch.channels_last)
    side = INPUT + 2 * border(options.scale)
    material = gather(data, side, options.scale, accelerator, planes=1)
    images = material.decoded(accelerator, progress)
    batches = LumaPatches(images, options.scale, options.batch_size, options.seed)
    check_batches(batches)
    validate = validation(material.crops, options.scale, channel="Y")
    plan = Plan(
        steps=options.steps,
        interval=options.interval,
        schedule=cosine(options.steps, min(50, options.steps // 10), FINAL),
        average=0.998,
        patience=options.patience,
        seed=options.seed,
        settings={**settings, "images": material.used, "images_sha256": material.digest},
        facts={"data": " ".join(Path(entry).name for entry in data)},
    )
    history = train(
        Supervised(model, LOSSES[options.loss], SOAP(model.parameters(), lr=options.learning_rate)),
        batches,
        validate,
        out,
        plan,
        resume=resume,
        accelerator=accelerator,
        progress=progress,
    )
    if accelerator.is_main_process:
        device = accelerator.device
        history.others = known_scores(validate, options.scale, "Y", "srcnn", device)
    return history


def border(scale: int) -> int:
    """Pixels cut off a patch on each side: within 2 LR pixels of its edge bicubic goes wrong."""
    return 2 * scale


class LumaPatches:
    """Batches for SRCNN: luma upscaled by bicubic, and the true luma.

    Args:
        images: paths or uint8 arrays ``(H, W, 3)``.
        scale: 2, 3 or 4, the factor between the two sides.
        batch_size: patches, over all processes together.
        seed: of the places they are cut at.
    """

    def __init__(
        self, images: Iterable[Path | np.ndarray], scale: int, batch_size: int, seed: int
    ) -> None:
        self.scale, self.batch_size = scale, batch_size
        self.border = border(scale)
        patch_size = INPUT + 2 * self.border
        self.patches = Patches(
            images, scale, patch_size, batch_size, seed, channel="Y", downscales=DOWNSCALES
        )

    def batch(self, step: int, rank: int = 0, world: int = 1) -> tuple[torch.Tensor, torch.Tensor]:
        """Both ``(B, 1, 60, 60)`` in [0, 1]."""
        lr, hr = self.patches.batch(step, rank, world)
        bicubic = imresize(lr, self.scale)
        return shave(bicubic, self.border), shave(hr, self.border)


def initialise(model: SRCNN) -> None:
    """He's initialisation; the last layer smaller, so that training begins near bicubic.

    With the paper's N(0, 0.001) the signal all but vanishes in three layers, and training spends
    its first hundreds of steps on making it larger.
    """
    for layer in (model.extract, model.map, model.reconstruct):
        nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    with torch.no_grad():
        model.reconstruct.weight.mul_(0.1)
