"""``srlib train``: a command for each network."""

import os
from pathlib import Path
from typing import Annotated

import typer

from srlib.cli_errors import errors_in_one_line

train = typer.Typer(help="Train a network on your own images, or make the shipped weights anew.")

# What all trainings ask for.
Data = Annotated[
    list[str],
    typer.Option(metavar="DIV2K|FOLDER...", show_default=False, help="Images to train on."),
]
Steps = Annotated[int, typer.Option(metavar="N", show_default=False, help="Batches to see.")]
Out = Annotated[
    Path, typer.Option(metavar="RUN", show_default=False, help="Folder for what comes of it.")
]
More = Annotated[list[str] | None, typer.Argument(metavar="[FOLDER]...", hidden=True)]
Seed = Annotated[int, typer.Option(metavar="S", help="Of everything random.")]
Resume = Annotated[bool, typer.Option("--resume", help="Go on with RUN.")]
Init = Annotated[Path | None, typer.Option(metavar="FILE", help="Begin with these weights.")]
BatchSize = Annotated[int, typer.Option(metavar="B", help="Patches a step.")]
Interval = Annotated[int, typer.Option(metavar="N", help="Steps between validations.")]
Patience = Annotated[
    int | None, typer.Option(metavar="N", help="Stop after N validations without a best.")
]
VGG = Annotated[str, typer.Option(metavar="torchvision|FILE", help="VGG-19's weights; see below.")]
Mesh = Annotated[float, typer.Option(metavar="W", help="Weight against repeating patterns.")]
Pixels = Annotated[float, typer.Option(metavar="W", help="Weight of the mean absolute error.")]
Precision = Annotated[str, typer.Option(metavar="fp32|bf16", help="Of the products.")]


@train.command("srcnn")
def train_srcnn(
    scale: Annotated[
        int, typer.Option(metavar="2|3|4", show_default=False, help="The factor to enlarge by.")
    ],
    data: Data,
    steps: Steps,
    out: Out,
    more: More = None,
    seed: Seed = 0,
    resume: Resume = False,
    variant: Annotated[str, typer.Option(metavar="9-5-5|9-1-5", help="Kernel sizes.")] = "9-5-5",
    init: Init = None,
    batch_size: BatchSize = 16,
    learning_rate: Annotated[float, typer.Option(metavar="R", help="At its highest.")] = 3e-3,
    interval: Interval = 200,
    patience: Patience = None,
    precision: Precision = "fp32",
    loss: Annotated[
        str, typer.Option(metavar="mse|rmse", help="Mean squared error, or its root by patch.")
    ] = "mse",
) -> None:
    """Train SRCNN: three convolutions that sharpen bicubic luma.

    RUN then holds best.safetensors (the weights), history.csv, and last.pt, from which --resume
    goes on. The last example trains in two processes, on two GPUs or on processors.

    Examples:

    ```
    srlib train srcnn --scale 3 --data photos/ more/ --steps 7000 --out runs/x3
    srlib train srcnn --scale 2 --data DIV2K --steps 100000 --out runs/x2
    accelerate launch --multi_gpu --num_processes 2 -m srlib train srcnn --scale 2 ...
    ```
    """
    with errors_in_one_line():
        from srlib.recipes import Options, train_srcnn

        options = Options(
            scale=scale,
            steps=steps,
            seed=seed,
            variant=variant,
            batch_size=batch_size,
            learning_rate=learning_rate,
            interval=interval,
            patience=patience,
            precision=precision,
            loss=loss,
        )
        history = train_srcnn([*data, *(more or [])], out, options, resume=resume, init=init)
        _say(f"Best: {history.best.psnr:.2f} dB at step {history.best.step}, in {str(out)!r}")


@train.command("srresnet")
def train_srresnet(
    data: Data,
    steps: Steps,
    out: Out,
    scale: Annotated[int, typer.Option(metavar="2|4", help="The factor to enlarge by.")] = 4,
    more: More = None,
    seed: Seed = 0,
    resume: Resume = False,
    blocks: Annotated[int, typer.Option(metavar="N", help="Residual blocks.")] = 16,
    channels: Annotated[int, typer.Option(metavar="C", help="Features in each layer.")] = 64,
    init: Init = None,
    batch_size: BatchSize = 16,
    learning_rate: Annotated[float, typer.Option(metavar="R", help="At its highest.")] = 2e-3,
    interval: Interval = 250,
    patience: Patience = None,
    precision: Precision = "fp32",
    loss: Annotated[
        str, typer.Option(metavar="mse|l1|relu2_2|normalised", help="See below.")
    ] = "mse",
    vgg: VGG = "torchvision",
    mesh: Mesh = 0.0,
    pixels: Pixels = 0.0,
) -> None:
    """Train SRResNet, SRGAN's generator, for the smallest error.

    RUN then holds best.safetensors (the weights), history.csv, and last.pt, from which --resume
    goes on. Images smaller than 96x96 are left out. On two cores this is slow: some thousand steps
    an hour with --precision bf16, where the processor has it.

    The error is that of pixels, mean squared or mean absolute, or that of features of VGG-19 as for
    srlib train srgan: SRGAN without its game. --init with BatchNorm's statistics kept.

    Examples:

    ```
    srlib train srresnet --data photos/ --steps 20000 --out runs/srresnet
    srlib train srresnet --data DIV2K --steps 100000 --loss l1 --out runs/div2k
    ```
    """
    with errors_in_one_line():
        from srlib.gan_options import ResNetOptions
        from srlib.gan_recipes import train_srresnet

        options = ResNetOptions(
            scale=scale,
            steps=steps,
            seed=seed,
            blocks=blocks,
            channels=channels,
            batch_size=batch_size,
            learning_rate=learning_rate,
            interval=interval,
            patience=patience,
            precision=precision,
            loss=loss,
            vgg=vgg,
            mesh=mesh,
            pixels=pixels,
        )
        history = train_srresnet([*data, *(more or [])], out, options, resume=resume, init=init)
        _say(f"Best: {history.best.psnr:.2f} dB at step {history.best.step}, in {str(out)!r}")


@train.command("srgan")
def train_srgan(
    init: Annotated[
        Path,
        typer.Option(
            metavar="RUN|FILE", show_default=False, help="A trained SRResNet to begin with."
        ),
    ],
    data: Data,
    steps: Steps,
    out: Out,
    more: More = None,
    seed: Seed = 0,
    resume: Resume = False,
    vgg: VGG = "torchvision",
    content: Annotated[
        str, typer.Option(metavar="relu2_2|relu5_4|normalised", help="What to compare; see below.")
    ] = "relu2_2",
    weight: Annotated[float, typer.Option(metavar="W", help="Of the adversarial loss.")] = 1e-3,
    batch_size: BatchSize = 16,
    learning_rate: Annotated[
        float, typer.Option(metavar="R", help="Of the first half; then a tenth.")
    ] = 1e-4,
    average: Annotated[
        float, typer.Option(metavar="D", help="Decay of the weights' moving average.")
    ] = 0.99,
    interval: Interval = 100,
    precision: Precision = "fp32",
    mesh: Mesh = 0.0,
    pixels: Pixels = 0.0,
) -> None:
    """Train SRResNet further, against a discriminator, for what looks real.

    RUN then holds best.safetensors (the generator's latest weights), history.csv with each loss
    and D(real) and D(fake), and last.pt, from which --resume goes on.

    The content loss compares features of VGG-19: of one layer, as the paper does, or of three,
    each normalised, which takes fewer steps. torchvision's weights are a download of 575 MB at the
    first use; FILE is a .safetensors file with the same names.

    Examples:

    ```
    srlib train srgan --init runs/srresnet --data photos/ --steps 10000 --out runs/srgan
    srlib train srgan --init runs/srresnet --data DIV2K --content relu5_4 --steps 9000 --out runs/54
    ```
    """
    with errors_in_one_line():
        from srlib.gan_options import GANOptions
        from srlib.gan_recipes import train_srgan

        options = GANOptions(
            steps=steps,
            seed=seed,
            content=content,
            vgg=vgg,
            weight=weight,
            batch_size=batch_size,
            learning_rate=learning_rate,
            average=average,
            interval=interval,
            precision=precision,
            mesh=mesh,
            pixels=pixels,
        )
        history = train_srgan([*data, *(more or [])], out, init, options, resume=resume)
        last = history.rows[-1]
        _say(f"{last.psnr:.2f} dB after step {last.step}, in {str(out)!r}")


def _say(text: str) -> None:
    """Once, where several processes train together."""
    if os.environ.get("RANK", "0") == "0":
        print(text)
