"""The recipe of SRResNet: SRGAN's generator alone."""

from collections.abc import Callable
from pathlib import Path

import torch
from accelerate import Accelerator
from accelerate.utils import DistributedDataParallelKwargs, set_seed
from torch import nn

from srlib.networks.srgan import SRResNet, freeze_statistics
from srlib.networks.weights import digest_of, load_weights
from srlib.training.history import History
from srlib.training.images import PATCH, Data, gather, rgb_patches
from srlib.training.learners import Supervised
from srlib.training.loop import Plan, train
from srlib.training.losses import ContentLoss, content_loss, pixel_l1, pixel_mse
from srlib.training.options import PIXEL_LOSSES, SRResNetOptions
from srlib.training.run import check_folder
from srlib.training.schedules import FINAL, cosine
from srlib.training.soap import SOAP
from srlib.training.validation import known_scores, validation


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
            Images that cannot be read or are smaller than a patch of 96x96 are left out and named.
        out: folder of the run.
        options: scale, steps, seed and the like.
        init: a run or a file of weights to begin with instead of random ones; BatchNorm then keeps
            their statistics.
        resume: go on with the training in ``out``.
        progress: show a bar.

    Raises:
        ImageError: folders with less than two images that can be used, or more than fit into
            memory.
        TrainingError, CheckpointError, ArgumentError: see :func:`srlib.training.loop.train`.
        WeightsUnavailable: VGG-19's weights are asked for and not at hand.
    """
    accelerator = Accelerator(
        mixed_precision=options.mixed_precision, kwargs_handlers=[OWN_STATISTICS]
    )
    set_seed(options.seed)
    model = SRResNet(options.scale, options.blocks, options.channels)
    about = {
        "model": "srresnet",
        "scale": options.scale,
        "blocks": options.blocks,
        "channels": options.channels,
    }
    settings = {
        **about,
        "batch_size": options.batch_size,
        "learning_rate": options.learning_rate,
        "loss": options.loss,
        "mesh": options.mesh,
        "pixels": options.pixels,
    }
    if init is not None:
        load_weights(init, model, about)
        settings["init"] = digest_of(model)
        freeze_statistics(model)
    loss = loss_of(options, accelerator)
    if isinstance(loss, ContentLoss):
        settings["vgg"] = loss.vgg_sha256
    check_folder(out, resume, {**settings, **options.course})
    model.to(memory_format=torch.channels_last)
    material = gather(data, PATCH, options.scale, accelerator)
    images = material.decoded(accelerator, progress)
    batches = rgb_patches(images, options.scale, options.batch_size, options.seed)
    validate = validation(material.crops, options.scale)
    plan = Plan(
        steps=options.steps,
        interval=options.interval,
        schedule=cosine(options.steps, min(100, options.steps // 10), FINAL),
        average=0.998,
        patience=options.patience,
        keep="best" if options.loss in PIXEL_LOSSES else "last",
        seed=options.seed,
        settings={**settings, "images": material.used, "images_sha256": material.digest},
        facts={"data": " ".join(Path(entry).name for entry in data)},
    )
    history = train(
        Supervised(model, by_pairs(loss), SOAP(model.parameters(), lr=options.learning_rate)),
        batches,
        validate,
        out,
        plan,
        resume=resume,
        accelerator=accelerator,
        progress=progress,
    )
    if accelerator.is_main_process:
        shipped = "srresnet" if options.loss in PIXEL_LOSSES else "srresnet-vgg"
        device = accelerator.device
        history.others = known_scores(validate, options.scale, "RGB", shipped, device)
    return history


# Each process keeps BatchNorm's statistics of its own share: to copy them between two passes
# through SRGAN's discriminator would overwrite what its gradient needs.
OWN_STATISTICS = DistributedDataParallelKwargs(broadcast_buffers=False)


Loss = Callable[[nn.Module, torch.Tensor, torch.Tensor], torch.Tensor]


def loss_of(options: SRResNetOptions, accelerator: Accelerator) -> Loss | ContentLoss:
    """The loss that is asked for: of the model, LR and HR; or of SR and HR, by features."""
    if options.loss in PIXEL_LOSSES:
        return {"mse": pixel_mse, "l1": pixel_l1}[options.loss]
    return content_loss(
        options.loss,
        options.vgg,
        accelerator,
        scale=options.scale,
        mesh=options.mesh,
        pixels=options.pixels,
    )


def by_pairs(loss: Loss | ContentLoss) -> Loss:
    """Any of the losses as a function of the model, LR and HR."""
    if isinstance(loss, ContentLoss):
        return lambda model, lr, hr: loss(model(lr).float(), hr)
    return loss
