"""``srlib train``: a command for each network; its options are those of its recipe."""

import contextlib
import logging
import shlex
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from tyro.conf import arg

from srlib.cli.complaints import DONE, stopping_at_once
from srlib.cli.shared import Flag
from srlib.training.options import SRCNNOptions, SRGANOptions, SRResNetOptions

if TYPE_CHECKING:  # torch takes seconds to import, so the library waits for the command to run
    from srlib.training.history import History

FLAT = arg(name="")  # a recipe's options stand among the others: --steps, not --options.steps


@dataclass(frozen=True, kw_only=True)
class Training:
    """What all trainings ask for, whatever their recipe.

    Attributes:
        data: Folders of images to train on, or DIV2K, which is downloaded if need be.
        out: Folder for what comes of it.
        init: Weights to begin with: the folder of a training, or a .safetensors file.
        resume: Go on with the training in RUN.
    """

    data: Annotated[list[str], arg(metavar="DIV2K|FOLDER...")]
    out: Annotated[Path, arg(metavar="RUN")]
    init: Annotated[Path | None, arg(metavar="RUN|FILE", help_behavior_hint="")] = None
    resume: Flag = False

    def asked(self) -> dict[str, object]:
        """The arguments of a recipe's function."""
        return {name: getattr(self, name) for name in ("data", "out", "options", "init", "resume")}


@dataclass(frozen=True, kw_only=True)
class TrainSRCNN(Training):
    """Train SRCNN: three convolutions that sharpen bicubic luma.

    RUN then holds best.safetensors (the weights), history.csv, and last.pt, from which --resume
    goes on. The last example trains in two processes, on two GPUs or on processors.

    Examples:
        srlib train srcnn --scale 3 --data photos/ more/ --steps 7000 --out runs/x3
        srlib train srcnn --scale 2 --data DIV2K --steps 100000 --out runs/x2
        accelerate launch --multi_gpu --num_processes 2 -m srlib train srcnn ...
    """

    options: Annotated[SRCNNOptions, FLAT]

    def run(self) -> int:
        """Train, and say what came of it; the exit code."""
        with stopping_at_once():
            from srlib.training.srcnn import train_srcnn

        with spoken():
            history = train_srcnn(**self.asked())
        return _say_end(_best(history), history, self.out)


@dataclass(frozen=True, kw_only=True)
class TrainSRResNet(Training):
    """Train SRResNet, SRGAN's generator, for the smallest error.

    RUN then holds best.safetensors (the weights), history.csv, and last.pt, from which --resume
    goes on. Images smaller than 96x96 are left out. On two cores this is slow: some thousand steps
    an hour with --precision bf16, where the processor has it.

    With a --loss of features of VGG-19 this is SRGAN without its game. With --init, the statistics
    of BatchNorm are kept as they are.

    Examples:
        srlib train srresnet --data photos/ --steps 20000 --out runs/srresnet
        srlib train srresnet --data DIV2K --steps 100000 --loss l1 --out runs/div2k
    """

    options: Annotated[SRResNetOptions, FLAT]

    def run(self) -> int:
        """Train, and say what came of it; the exit code."""
        with stopping_at_once():
            from srlib.training.srresnet import train_srresnet

        with spoken():
            history = train_srresnet(**self.asked())
        return _say_end(_best(history), history, self.out)


@dataclass(frozen=True, kw_only=True)
class TrainSRGAN(Training):
    """Train SRResNet further, against a discriminator, for what looks real.

    It begins with the weights of a trained SRResNet, --init. RUN then holds best.safetensors (the
    generator's latest weights), history.csv with each loss and D(real) and D(fake), and last.pt,
    from which --resume goes on.

    Examples:
        srlib train srgan --init runs/srresnet --data photos/ --steps 10000 \\
            --out runs/srgan
        srlib train srgan --init runs/srresnet --data DIV2K --content relu5_4 \\
            --steps 9000 --out runs/vgg54
    """

    init: Annotated[Path, arg(metavar="RUN|FILE")] = field()  # which the others can do without
    options: Annotated[SRGANOptions, FLAT]

    def run(self) -> int:
        """Train, and say what came of it; the exit code."""
        with stopping_at_once():
            from srlib.training.srgan import train_srgan

        with spoken():
            history = train_srgan(**self.asked())
        last = history.rows[-1]
        return _say_end(f"{last.psnr:.2f} dB after step {last.step}", history, self.out)


@contextlib.contextmanager
def spoken() -> Iterator[None]:
    """What the library has to say of images and memory, on stderr, while a training runs."""
    logger, handler = logging.getLogger("srlib"), logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("srlib: %(message)s"))
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)


def _best(history: "History") -> str:
    return f"Best: {history.best.psnr:.2f} dB at step {history.best.step}"


def _say_end(result: str, history: "History", out: Path) -> int:
    """The score beside those of others, and what to type next; once, of several processes."""
    from srlib.benchmarking.processes import Processes
    from srlib.networks.weights import read_about

    if Processes().rank == 0:
        print(f"{result}, in {str(out)!r}")
        known = ", ".join(f"{name} {score:.2f} dB" for name, score in history.others.items())
        print(f"On the same held-out images: {known}")
        words = ["--scale", str(read_about(out)["scale"]), "--method", shlex.quote(str(out))]
        print(f"Next: srlib upscale photo.jpg {' '.join(words)}")
    return DONE
