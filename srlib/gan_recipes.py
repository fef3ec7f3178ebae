"""Recipes for SRResNet and SRGAN: first the generator alone, then the game of two networks."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from accelerate import Accelerator
from accelerate.utils import DistributedDataParallelKwargs, set_seed
from PIL import Image
from torch import nn
from torch.nn import functional

from srlib import datasets
from srlib.adversarial import Adversarial, Content
from srlib.checkpoint import CheckpointError, load_weights, read_about
from srlib.gan_options import PIXEL_LOSSES, GANOptions, ResNetOptions
from srlib.history import History
from srlib.images import ImageError, modulo_crop, read_rgb, to_tensor
from srlib.losses import (
    NormalisedPerceptualLoss,
    PerceptualLoss,
    mesh_loss,
)
from srlib.metrics import Protocol
from srlib.models.srgan import Discriminator, SRResNet
from srlib.recipes import (
    CROP,
    DOWNSCALES,
    FINAL,
    MIXED_PRECISION,
    check_pairs,
    split,
)
from srlib.resize import imresize
from srlib.run import BEST
from srlib.schedules import cosine, drop
from srlib.soap import SOAP
from srlib.training import Plan, Supervised, Validate, mean_psnr, train

PATCH = 96  # HR pixels: side of a training patch, as in the paper


def pixel_mse(model: nn.Module, lr: torch.Tensor, hr: torch.Tensor) -> torch.Tensor:
    """Mean squared error over all pixels and colours -> ``()``."""
    return functional.mse_loss(model(lr).float(), hr)


def pixel_l1(model: nn.Module, lr: torch.Tensor, hr: torch.Tensor) -> torch.Tensor:
    """Mean absolute error over all pixels and colours -> ``()``."""
    return functional.l1_loss(model(lr).float(), hr)


OF_PIXELS = dict(zip(PIXEL_LOSSES, (pixel_mse, pixel_l1), strict=True))


def train_srresnet(
    data: Sequence[str | Path],
    out: Path,
    options: ResNetOptions,
    *,
    resume: bool = False,
    init: Path | None = None,
    progress: bool = True,
) -> History:
    """Train SRResNet alone; see :func:`srlib.training.train` for what it leaves in ``out``.

    With a loss of pixels ``best.safetensors`` is that of the highest PSNR, with one of features
    that of the last validation, since PSNR falls while they come nearer.

    Args:
        data: folders of images, or ``"DIV2K"`` for its 640 training and 160 validation images.
            Images smaller than a patch of 96x96 are left out.
        out: folder of the run.
        options: scale, steps, seed and the like.
        resume: go on with the training in ``out``.
        init: weights to begin with instead of random ones; BatchNorm then keeps their statistics.
        progress: show a bar.

    Raises:
        ImageError: a folder without images that are large enough, or one that cannot be read.
        TrainingError, CheckpointError, ValueError: see :func:`srlib.training.train`.
    """
    accelerator = _accelerator(options.precision)
    training, held_out = _images(data, accelerator)
    set_seed(options.seed)
    model = SRResNet(options.scale, options.blocks, options.channels)
    about = {
        "model": "srresnet",
        "scale": options.scale,
        "blocks": options.blocks,
        "channels": options.channels,
    }
    if init is not None:
        load_weights(Path(init), model, about)
        freeze_statistics(model)
    model.to(memory_format=torch.channels_last)
    batches = _patches(training, options.scale, options.batch_size, options.seed)
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
    loss = _loss_of(options, accelerator)
    learner = Supervised(model, loss, SOAP(model.parameters(), lr=options.learning_rate))
    return train(
        learner,
        batches,
        rgb_validation(held_out, options.scale),
        Path(out),
        plan,
        resume=resume,
        accelerator=accelerator,
        progress=progress,
    )


def train_srgan(
    data: Sequence[str | Path],
    out: Path,
    init: Path,
    options: GANOptions,
    *,
    resume: bool = False,
    progress: bool = True,
) -> History:
    """Train a pretrained SRResNet on, against a discriminator: SRGAN.

    What is left in ``out`` is as :func:`srlib.training.train` says, but ``best.safetensors`` is of
    the last validation: the highest PSNR would be that of the first.

    Args:
        data: as for :func:`train_srresnet`.
        out: folder of the run.
        init: a folder of :func:`train_srresnet`, or a file of its weights.
        options: steps, seed and the like.
        resume: go on with the training in ``out``.
        progress: show a bar.

    Raises:
        ImageError, TrainingError, CheckpointError, ValueError: as :func:`train_srresnet`.
        WeightsUnavailable: VGG-19's weights are not at hand.
    """
    accelerator = _accelerator(options.precision)
    training, held_out = _images(data, accelerator)
    set_seed(options.seed)
    generator, about = pretrained_generator(init)
    discriminator = Discriminator(PATCH)
    content = _content(options.content, options, generator.scale, accelerator)
    freeze_statistics(generator)
    for network in (generator, discriminator):
        network.to(memory_format=torch.channels_last)
    batches = _patches(training, generator.scale, options.batch_size, options.seed)
    plan = Plan(
        steps=options.steps,
        interval=options.interval,
        schedule=drop(options.steps // 2),
        average=options.average,
        keep="last",
        seed=options.seed,
        settings={
            **about,
            "model": "srgan",
            "content": options.content,
            "weight": options.weight,
            "mesh": options.mesh,
            "pixels": options.pixels,
            "batch_size": options.batch_size,
            "learning_rate": options.learning_rate,
            "data": " ".join(Path(entry).name for entry in data),
            "images": len(training),
        },
    )
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
        rgb_validation(held_out, generator.scale),
        Path(out),
        plan,
        resume=resume,
        accelerator=accelerator,
        progress=progress,
    )


def content_loss(name: str, vgg: str | Path) -> nn.Module:
    """The content loss of that name: a layer of VGG-19, or ``"normalised"``."""
    return NormalisedPerceptualLoss(vgg) if name == "normalised" else PerceptualLoss(name, vgg)


def with_anchors(content: Content, mesh: float, pixels: float, scale: int) -> Content:
    """The content loss, ``mesh`` times the mesh of SR, ``pixels`` times the mean absolute error."""

    def loss(sr: torch.Tensor, hr: torch.Tensor) -> torch.Tensor:
        anchors = mesh * mesh_loss(sr, hr, scale) + pixels * functional.l1_loss(sr, hr)
        return content(sr, hr) + anchors

    return loss if mesh or pixels else content


def _content(
    name: str, options: ResNetOptions | GANOptions, scale: int, accelerator: Accelerator
) -> Content:
    """The content loss of that name with its anchors, in the networks' place and precision."""
    with accelerator.main_process_first():  # which may have to download VGG-19
        content = content_loss(name, options.vgg).to(accelerator.device)
    content = in_precision_of(accelerator, content.to(memory_format=torch.channels_last))
    return with_anchors(content, options.mesh, options.pixels, scale)


def _loss_of(
    options: ResNetOptions, accelerator: Accelerator
) -> Callable[[nn.Module, torch.Tensor, torch.Tensor], torch.Tensor]:
    """The loss that is asked for, as a function of the model, LR and HR."""
    if options.loss in PIXEL_LOSSES:
        return OF_PIXELS[options.loss]
    content = _content(options.loss, options, options.scale, accelerator)
    return lambda model, lr, hr: content(model(lr).float(), hr)


def freeze_statistics(network: nn.Module) -> None:
    """Let BatchNorm keep the mean and variance of its pretraining, in training as in use.

    A pretrained network has settled on them. With those of each batch, its running statistics trail
    behind weights that move, and the averaged weights are used with statistics that are not theirs.
    """
    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.eval()


def pretrained_generator(init: Path) -> tuple[SRResNet, dict]:
    """The network of a training of SRResNet or SRGAN, with its scale, blocks and channels.

    Args:
        init: the folder of the training, or a file of weights.

    Raises:
        CheckpointError: when there is none, or of another kind.
    """
    file = Path(init) / BEST if Path(init).is_dir() else Path(init)
    try:
        about = read_about(file.read_bytes())
        about = {name: about[name] for name in ("scale", "blocks", "channels")}
    except (OSError, ValueError, KeyError) as error:
        raise CheckpointError(
            f"{str(file)!r} holds no weights of SRResNet ({error!r}): train one first with "
            "srlib train srresnet"
        ) from error
    model = SRResNet(**about)
    load_weights(file, model)
    return model, about


def in_precision_of(accelerator: Accelerator, content: nn.Module) -> Content:
    """The content loss, its network in the accelerator's precision as the trained ones are."""

    def loss(sr: torch.Tensor, hr: torch.Tensor) -> torch.Tensor:
        with accelerator.autocast():
            return content(sr, hr)

    return loss


def _accelerator(precision: str) -> Accelerator:
    # Each process keeps BatchNorm's statistics of its own share: to copy them between two passes
    # through the discriminator would overwrite what its gradient needs.
    parallel = DistributedDataParallelKwargs(broadcast_buffers=False)
    return Accelerator(mixed_precision=MIXED_PRECISION[precision], kwargs_handlers=[parallel])


def _images(data: Sequence[str | Path], accelerator: Accelerator) -> tuple[list[Path], list[Path]]:
    """Images to train on that hold a patch, and images to validate on."""
    with accelerator.main_process_first():  # which may have to download DIV2K
        training, held_out = split(data)
    large = [path for path in training if _shorter_side(path) >= PATCH]
    if not large:
        raise ImageError(
            f"no image in {', '.join(map(str, data))} has {PATCH} pixels on each side, which a "
            "training patch needs: give larger images"
        )
    return large, held_out


def _shorter_side(path: Path) -> int:
    try:
        with Image.open(path) as image:
            return min(image.size)
    except OSError as error:
        raise ImageError(f"cannot read {str(path)!r}: {error}") from error


def _patches(
    images: Sequence[Path | np.ndarray], scale: int, batch_size: int, seed: int
) -> datasets.Patches:
    """Aligned RGB patches, refused if they do not belong together."""
    patches = datasets.Patches(images, scale, PATCH, batch_size, seed, downscales=DOWNSCALES)
    lr, hr = patches.batch(0)
    check_pairs(imresize(lr, scale), hr)
    return patches


def rgb_validation(images: Sequence[Path], scale: int) -> Validate:
    """PSNR under the papers' protocol, on the centres of some images, of a network on RGB."""
    pairs = []
    for path in images:
        image = read_rgb(path)
        top, left = (max(0, (length - CROP) // 2) for length in image.shape[:2])
        hr = modulo_crop(image[top : top + CROP, left : left + CROP], scale)
        pairs.append((to_tensor(imresize(hr, 1 / scale)), hr))
    return mean_psnr(pairs, Protocol.paper(scale))
