"""Everything from the command line to the weights: set up, train SRResNet, then SRGAN from it."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from srlib.errors import ArgumentError
from srlib.networks.srgan import SRResNet
from srlib.training.losses import NormalisedPerceptualLoss
from srlib.training.srgan import pretrained_generator
from tools.gpu.data import FlatPatches, read_all, split
from tools.gpu.fast import Wide
from tools.gpu.recipe import RUN, TRIAL
from tools.gpu.srgan import train_srgan
from tools.gpu.srresnet import train_srresnet
from tools.gpu.stage import Clock, Setting, make_folder
from tools.gpu.validation import Validation

if TYPE_CHECKING:
    from tools.gpu.__main__ import GPUTraining


def train(asked: "GPUTraining", seconds: float) -> None:
    """Both trainings, in ``seconds`` altogether.

    Raises:
        ArgumentError: without a GPU.
        ImageError, CheckpointError, WeightsUnavailable: see the parts.
    """
    device = device_of(asked.device)
    clock = Clock()
    clock.say(f"SRResNet and SRGAN in {seconds:.0f} s on {name_of(device)}; Ctrl-C stops")
    folders = [asked.out / name for name in ("srresnet", "srgan")]
    for folder in folders:
        make_folder(folder)
    network = pretrained_generator(asked.init)
    network.to(device, memory_format=torch.channels_last)
    content = content_on(device, asked.vgg)
    setting = prepare(asked, network, content, clock, device)
    psnr, distance = setting.validate(network)
    clock.say(f"to begin with: {psnr:.3f} dB, VGG distance {distance:.4f}")
    network = train_srresnet(network, (seconds - clock()) * asked.share, setting)
    left = seconds - clock() - setting.recipe.reserve
    train_srgan(network, left, content, asked.weight, setting)
    clock.say(f"done: {folders[0]} and {folders[1]}")


def device_of(name: str) -> torch.device:
    """The device, made ready.

    Raises:
        ArgumentError: when it is a GPU, and there is none.
    """
    if name == "cuda" and not torch.cuda.is_available():
        raise ArgumentError(
            "no GPU: this training needs one that PyTorch can use as 'cuda'. To see the programs "
            "at work on tiny sizes, give --device cpu --seconds 30"
        )
    if name == "cuda":
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
        torch.backends.cudnn.benchmark = True  # sizes are few and stay
    return torch.device(name)


def name_of(device: torch.device) -> str:
    """Such as "NVIDIA H200"."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else "a processor, for trial"


def content_on(device: torch.device, vgg: Path) -> NormalisedPerceptualLoss:
    """The content loss, whose distance is what is validated by as well."""
    content = NormalisedPerceptualLoss(vgg)
    features = content.distance.vgg.features
    features[0] = Wide(features[0])
    return content.to(device, memory_format=torch.channels_last)


def prepare(
    asked: "GPUTraining",
    network: SRResNet,
    content: NormalisedPerceptualLoss,
    clock: Clock,
    device: torch.device,
) -> Setting:
    """Read all images, and bring together what both trainings are given."""
    recipe = RUN if device.type == "cuda" else TRIAL
    scale = network.scale
    training, held_out = split(asked.data)
    pairs = read_all(training, scale, recipe.smaller, recipe.smallest)
    patches = FlatPatches(_counted(pairs, training, clock), scale, device)
    validate = Validation(held_out, scale, content.distance, device)
    clock.say(
        f"{len(training)} files: {len(patches)} images with their smaller copies, "
        f"{patches.megapixels:.0f} megapixels; {len(held_out)} files are held out"
    )
    about = {
        "batch_size": recipe.batch_size,
        "average": recipe.average,
        "precision": "bf16",
        "data": " ".join(Path(folder).name for folder in asked.data),
        "images": len(training),
        "init": asked.init.name,
        "device": name_of(device),
        "torch": torch.__version__,
    }
    return Setting(recipe, patches, validate, clock, asked.out, device, about)


def _counted(pairs: Iterator[list], training: Sequence[Path], clock: Clock) -> Iterator[tuple]:
    """All pairs, one after the other, with a line now and then."""
    for number, each in enumerate(pairs, start=1):
        yield from each
        clock.say_now_and_then(f"{number} of {len(training)} files are read")
