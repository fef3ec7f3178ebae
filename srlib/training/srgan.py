"""The recipe of SRGAN: a pretrained generator against a discriminator."""

from pathlib import Path

import torch
from accelerate import Accelerator
from accelerate.utils import set_seed

from srlib.errors import CheckpointError
from srlib.networks.srgan import Discriminator, SRResNet, freeze_statistics
from srlib.networks.weights import load_network
from srlib.training.history import History
from srlib.training.images import PATCH, Data, large_enough, rgb_patches, split
from srlib.training.learners import Adversarial
from srlib.training.loop import Plan, train
from srlib.training.losses import content_loss
from srlib.training.options import SRGANOptions
from srlib.training.schedules import drop
from srlib.training.srresnet import OWN_STATISTICS
from srlib.training.validation import validation


def train_srgan(
    data: Data,
    out: Path,
    options: SRGANOptions,
    *,
    init: Path,
    resume: bool = False,
    progress: bool = True,
) -> History:
    """Train a pretrained SRResNet on, against a discriminator: SRGAN.

    What is left in ``out`` is as :func:`srlib.training.loop.train` says, but ``best.safetensors``
    is of the last validation: the highest PSNR would be that of the first.

    Args:
        data: folders of images, or ``"DIV2K"`` for its 640 training and 160 validation images.
            Images smaller than a patch of 96x96 are left out.
        out: folder of the run.
        options: steps, seed and the like.
        init: a run of SRResNet or SRGAN, or a file of its weights.
        resume: go on with the training in ``out``.
        progress: show a bar.

    Raises:
        ImageError: a folder without images that are large enough, or one that cannot be read.
        TrainingError, CheckpointError, ArgumentError: see :func:`srlib.training.loop.train`.
        WeightsUnavailable: VGG-19's weights are not at hand.
    """
    accelerator = Accelerator(
        mixed_precision=options.mixed_precision, kwargs_handlers=[OWN_STATISTICS]
    )
    training, held_out = split(data, accelerator)
    training = large_enough(training, data)
    set_seed(options.seed)
    generator = pretrained_generator(init)
    discriminator = Discriminator(PATCH)
    freeze_statistics(generator)
    for network in (generator, discriminator):
        network.to(memory_format=torch.channels_last)
    plan = Plan(
        steps=options.steps,
        interval=options.interval,
        schedule=drop(options.steps // 2),
        average=options.average,
        keep="last",
        seed=options.seed,
        settings={
            "model": "srgan",
            "scale": generator.scale,
            "blocks": generator.blocks,
            "channels": generator.channels,
            "batch_size": options.batch_size,
            "learning_rate": options.learning_rate,
            "content": options.content,
            "weight": options.weight,
            "mesh": options.mesh,
            "pixels": options.pixels,
            "data": " ".join(Path(entry).name for entry in data),
            "images": len(training),
        },
    )
    content = content_loss(
        options.content,
        options.vgg,
        accelerator,
        scale=generator.scale,
        mesh=options.mesh,
        pixels=options.pixels,
    )
    batches = rgb_patches(training, generator.scale, options.batch_size, options.seed)
    learner = Adversarial(
        generator,
        discriminator,
        content,
        torch.optim.Adam(generator.parameters(), lr=options.learning_rate),
        torch.optim.Adam(discriminator.parameters(), lr=options.learning_rate),
        weight=options.weight,
    )
    return train(
        learner,
        batches,
        validation(held_out, generator.scale),
        out,
        plan,
        resume=resume,
        accelerator=accelerator,
        progress=progress,
    )


def pretrained_generator(init: Path) -> SRResNet:
    """The network of a training of SRResNet or SRGAN.

    Raises:
        CheckpointError: when there is none, or of another kind.
    """
    network, about = load_network(init)
    if not isinstance(network, SRResNet):
        raise CheckpointError(
            f"{str(init)!r} holds weights of {about['model']}, not of SRResNet: train one first "
            "with srlib train srresnet"
        )
    return network.train()
