"""How the shipped x4 SRResNet and SRGAN were trained, on one GPU in nine minutes.

    python -m tools.gpu --data Photos296 BSDS399 T91 --init runs/srresnet \\
        --vgg vgg19_conv3_1_normalised.safetensors --out runs/gpu

from the root of a checkout; ``--init`` is what ``srlib train srresnet`` left, of 6,500 steps. Where
``srlib train`` keeps a GPU idle most of the time, these programs keep it busy: the photographs lie
in its memory and patches are cut there (:mod:`tools.gpu.data`), SOAP works on all layers of a shape
at once (:mod:`tools.gpu.soap`), the last layers are laid out anew, and each step is one CUDA graph
(:mod:`tools.gpu.fast`). Networks, losses, resizing, histories and files are the library's.

**What has been tried.** The run that made the shipped weights was made by an earlier form of these
programs, with the same settings, on one NVIDIA H200 (torch 2.11): 43,450 steps of SRResNet in 326
seconds, 12,750 of SRGAN in 196. This form has been tried on a processor only, where no graph is
captured: there, from the same bytes in float32, 200 steps of SRResNet and 30 of SRGAN gave the
earlier form's weights to 3e-8. Time ends a training, not a number of steps, so no two runs on a GPU
give the same weights.

**What differs from that earlier form.** It resized photographs on the GPU and was ready to learn
after 9 seconds; here the library's ``imresize`` does it on the processor, some five minutes of one
core's time that all cores share, and the copies at 0.7 of the size may differ in a last bit. It
validated in bfloat16 and did not round luma; here, as everywhere in the library, PSNR is of float32
results and rounded luma. Weights are saved in float32; those shipped have their convolutions in
half precision.
"""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from tyro.conf import arg

from srlib.cli.complaints import DONE, exit_code
from srlib.cli.parsing import parse
from srlib.errors import ArgumentError
from tools.gpu.recipe import SECONDS


@dataclass(frozen=True, kw_only=True)
class GPUTraining:
    """Train SRResNet for a time on one GPU, then SRGAN from it: how the x4 weights were made.

    RUN then holds srresnet/ and srgan/, each with best.safetensors (the latest moving average) and
    history.csv, as srlib train leaves them; both are written anew at each validation, so that
    Ctrl-C loses what came after it only. Images with a side under 192 pixels are left out. The
    17 images that the shipped weights were validated on are held out by their names; of data
    without them, about 16 images at equal steps.

    Without a GPU the programs can be seen at work, on tiny sizes, from which nothing is learned.

    Examples:
        python -m tools.gpu --data Photos296 BSDS399 T91 --init runs/srresnet \\
            --vgg vgg19_conv3_1_normalised.safetensors --out runs/gpu
        python -m tools.gpu --device cpu --seconds 30 ...

    Attributes:
        data: Folders of images to train on.
        init: Weights of an SRResNet to begin with: the folder of a training, or a file.
        vgg: VGG-19's weights, with torchvision's names, up to relu3_1 at least.
        out: Folder for what comes of it.
        seconds: Time for all, reading the images included.
        share: Of the time after reading, SRResNet's; SRGAN has the rest.
        weight: Of the adversarial loss beside the content.
        device: cuda, or cpu to try the programs; then --seconds must be given.
    """

    data: Annotated[list[str], arg(metavar="FOLDER...")]
    init: Annotated[Path, arg(metavar="RUN|FILE")]
    vgg: Annotated[Path, arg(metavar="FILE")]
    out: Annotated[Path, arg(metavar="RUN")]
    seconds: Annotated[float | None, arg(help_behavior_hint=f"(default: {SECONDS:g})")] = None
    share: float = 0.62
    weight: float = 1e-3
    device: Literal["cuda", "cpu"] = "cuda"

    def run(self) -> int:
        self._check()
        from tools.gpu.run import train  # imports torch, for which help need not wait

        train(self, SECONDS if self.seconds is None else self.seconds)
        return DONE

    def _check(self) -> None:
        if self.device == "cpu" and self.seconds is None:
            raise ArgumentError(
                "--device cpu is for trying the programs: say for how long, such as --seconds 30"
            )
        if self.seconds is not None and not self.seconds > 0:
            raise ArgumentError(f"seconds must be above 0, not {self.seconds!r}")
        if not 0 < self.share < 1:
            raise ArgumentError(f"share must lie between 0 and 1, not {self.share!r}")
        if not self.weight >= 0:
            raise ArgumentError(f"weight must be 0 or more, not {self.weight!r}")


def main(arguments: list[str] | None = None) -> None:
    """Run the command and exit: 0 done, 2 not done, 130 stopped, 70 a bug."""
    words = sys.argv[1:] if arguments is None else arguments
    sys.exit(exit_code(lambda: parse(GPUTraining, "python -m tools.gpu", words).run()))


if __name__ == "__main__":
    main()
