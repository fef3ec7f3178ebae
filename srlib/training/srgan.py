"""The recipe of SRGAN: a pretrained generator against a discriminator."""

from pathlib import Path

import torch
from accelerate import Accelerator
from accelerate.utils import set_seed

from srlib.errors import CheckpointError
from srlib.networks.srgan import Discriminator, SRResNet, freeze_statistics
from srlib.networks.weights import digest_of, load_network
from srlib.training.history import History
from srlib.training.images import PATCH, Data, gather, rgb_patches
from srlib.training.learners import Adversarial
from srlib.training.loop import Plan, train
from srlib.training.losses import content_loss
from srlib.training.options import SRGANOptions
from srlib.training.run import check_folder
from srlib.training.schedules import drop
from srlib.training.srresnet import OWN_STATISTICS
from srlib.training.validation import known_scores, validation


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
            Images that cannot be read or are smaller than a patch of 96x96 are left out and named.
        out: folder of the run.
        options: steps, seed and the like.
        init: a run of SRResNet or SRGAN, or a file of its weights.
        resume: go on with the training in ``out``.
        progress: show a bar.

    Raises:
        ImageError: folders with less than two images that can be used, or more than fit into
            memory.
        TrainingError, CheckpointError, ArgumentError: see :func:`srlib.training.loop.train`.
        WeightsUnavailable: VGG-19's weights are not at hand.
    """
    accelerator = Accelerator(
        mixed_precision=options.mixed_precision, kwargs_handlers=[OWN_STATISTICS]
    )
    set_seed(options.seed)
    generator = pretrained_generator(init)
    scale = generator.scale
    discriminator = Discriminator(PATCH)
    freeze_statistics(generator)
    for network in (generator, discriminator):
        network.to(memory_format=torch.channels_last)
    content = content_loss(
        options.content,
        options.vgg,
        accelerator,
        scale=scale,
        mesh=options.mesh,
        pixels=options.pixels,
    )
    settings = {
        "model": "srgan",
        "scale": scale,
        "blocks": generator.blocks,
        "channels": generator.channels,
        "batch_size": options.batch_size,
        "learning_rate": options.learning_rate,
        "content": options.content,
        "weight": options.weight,
        "mesh": options.mesh,
        "pixels": options.pixels,
        "init": digest_of(generator),
        "vgg": content.vgg_sha256,
    }
    check_folder(out, resume, {**settings, **options.course})
    material = gather(data, PATCH, scale, accelerator)
    images = material.decoded(accelerator, progress)
    batches = rgb_patches(images, scale, options.batch_size, options.seed)
    validate = validation(material.crops, scale)
    plan = Plan(
        steps=options.steps,
        interval=options.interval,
        schedule=drop(options.steps // 2),
        average=options.average,
        keep="last",
        seed=options.seed,
        settings={**settings, "images": material.used, "images_sha256": material.digest},
        facts={"data": " ".join(Path(entry).name for entry in data)},
    )
    learner = Adversarial(
        generator,
        discriminator,
        content,
        torch.optim.Adam(generator.parameters(), lr=options.learning_rate),
        torch.optim.Adam(discriminator.parameters(), lr=options.learning_rate),
        weight=options.weight,
    )
    history = train(
        learner,
        batches,
        validate,
        out,
        plan,
        resume=resume,
        accelerator=accelerator,
        progress=progress,
    )
    if accelerator.is_main_process:
        history.others = known_scores(validate, scale, "RGB", "srgan", accelerator.device)
    return history


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
