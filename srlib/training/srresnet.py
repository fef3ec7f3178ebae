"""The recipe of SRResNet: SRGAN's generator alone."""

from collections.abc import Callable
from pathlib import Path

import torch
from accelerate import Accelerator
from accelerate.utils import DistributedDataParallelKwargs, set_seed
from torch import nn

from srlib.networks.srgan import SRResNet, freeze_statistics
from srlib.networks.weights import load_weights
from srlib.training.history import History
from srlib.training.images import Data, large_enough, rgb_patches, split
from srlib.training.learners import Supervised
from srlib.training.loop import Plan, train
from srlib.training.losses import content_loss, pixel_l1, pixel_mse
from srlib.training.options import PIXEL_LOSSES, SRResNetOptions
from srlib.training.schedules import FINAL, cosine
from srlib.training.soap import SOAP
from srlib.training.validation import validation


def train_srresnet(
    data: Data,
    out: Path,
    options: SRResNetOptions,
    *,
    init: Path | None = None,
    resume: bool = False,
    progress: bool = True,
) -> History:
    """Train SRResNet alone; see :func:`srlib.training.loop.train` for what it leaves in ``out``.

    With a loss of pixels ``best.safetensors`` is that of the highest PSNR, with one of features
    that of the last validation, since PSNR falls while they come nearer.

    Args:
        data: folders of images, or ``"DIV2K"`` for its 640 training and 160 validation images.
            Images smaller than a patch of 96x96 are left out.
        out: folder of the run.
        options: scale, steps, seed and the like.
        init: a run or a file of weights to begin with instead of random ones; BatchNorm then keeps
            their statistics.
        resume: go on with the training in ``out``.
        progress: show a bar.

    Raises:
        ImageError: a folder without images that are large enough, or one that cannot be read.
        TrainingError, CheckpointError, ArgumentError: see :func:`srlib.training.loop.train`.
        WeightsUnavailable: VGG-19's weights are asked for and not at hand.
    """
    accelerator = Accelerator(
        mixed_precision=options.mixed_precision, kwargs_handlers=[OWN_STATISTICS]
    )
    training, held_out = split(data, accelerator)
    training = large_enough(training, data)
    set_seed(options.seed)
    model = SRResNet(options.scale, options.blocks, options.channels)
    about = {
        "model": "srresnet",
        "scale": options.scale,
        "blocks": options.blocks,
        "channels": options.channels,
    }
    if init is not None:
        load_weights(init, model, about)
        freeze_statistics(model)
    model.to(memory_format=torch.channels_last)
    plan = Plan(
        steps=options.steps,
        interval=options.interval,
        schedule=cosine(options.steps, min(100, options.steps // 10), FINAL),
        average=0.998,
        patience=options.patience,
        keep="best" if options.loss in PIXEL_LOSSES else "last",
        seed=options.seed,
        settings={
            **about,
            "batch_size": options.batch_size,
            "learning_rate": options.learning_rate,
            "loss": options.loss,
            "mesh": options.mesh,
            "pixels": options.pixels,
            "data": " ".join(Path(entry).name for entry in data),
            "images": len(training),
        },
    )
    batches = rgb_patches(training, options.scale, options.batch_size, options.seed)
    optimizer = SOAP(model.parameters(), lr=options.learning_rate)
    return train(
        Supervised(model, loss_of(options, accelerator), optimizer),
        batches,
        validation(held_out, options.scale),
        out,
        plan,
        resume=resume,
        accelerator=accelerator,
        progress=progress,
    )


# Each process keeps BatchNorm's statistics of its own share: to copy them between two passes
# through SRGAN's discriminator would overwrite what its gradient needs.
OWN_STATISTICS = DistributedDataParallelKwargs(broadcast_buffers=False)


def loss_of(
    options: SRResNetOptions, accelerator: Accelerator
) -> Callable[[nn.Module, torch.Tensor, torch.Tensor], torch.Tensor]:
    """The loss that is asked for, as a function of the model, LR and HR."""
    if options.loss in PIXEL_LOSSES:
        return {"mse": pixel_mse, "l1": pixel_l1}[options.loss]
    content = content_loss(
        options.loss,
        options.vgg,
        accelerator,
        scale=options.scale,
        mesh=options.mesh,
        pixels=options.pixels,
    )
    return lambda model, lr, hr: content(model(lr).float(), hr)
