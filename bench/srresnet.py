"""How fast does SRResNet enlarge an image and learn, and in how much memory?

    OMP_NUM_THREADS=2 python -m bench.srresnet            # under three minutes
    OMP_NUM_THREADS=2 python -m bench.srresnet --compile  # torch.compile too, some minutes more

Work is counted as two operations for each product of the convolutions, three times that for
training; it is set beside this machine's own matrix product in the same turns and precision,
which a convolution may beat. Memory is the peak of a fresh process during one call, above what it
held before: weights and the optimiser's state do not count, features and the result do.
"""

import argparse
import json
from collections.abc import Callable

import numpy as np
import torch
from rich.console import Console
from rich.table import Table
from torch import nn
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode

from bench.resize import Job
from bench.ways import (
    Run,
    Unavailable,
    Way,
    compiled,
    in_fresh_process,
    machine,
    megabytes,
    peak_of,
    table,
)
from srlib.images.metrics import Protocol, psnr
from srlib.images.resize import imresize
from srlib.images.values import to_tensor, to_uint8
from srlib.networks import pretrained
from srlib.networks.srgan import SRResNet
from srlib.training.soap import SOAP
from srlib.upscaling.fast import ForInference, fold_batch_norm, has_bfloat16
from srlib.upscaling.tiles import in_tiles

SCALE = 4
SIZES = {"small": (128, 128), "large": (510, 339)}  # width and height of the LR image
ROUNDS = {"small": 5, "large": 2, "training": 3}
BATCH, PATCH = 16, 96  # of a training step, as in the paper


# ----------------------------------------------------------------------------------------- the ways


def network() -> SRResNet:
    return pretrained.load("srresnet", SCALE)


def in_channels_last(model: nn.Module) -> Run:
    model.to(memory_format=torch.channels_last)
    return lambda lr: model(lr.contiguous(memory_format=torch.channels_last))


def folded() -> Run:
    return in_channels_last(fold_batch_norm(network()))


def bf16() -> Run:
    run = folded()

    def in_bf16(lr: torch.Tensor) -> torch.Tensor:
        with torch.autocast("cpu", dtype=torch.bfloat16):
            return run(lr).float()

    return in_bf16


def ours() -> Run:
    fast = ForInference(network(), bfloat16=has_bfloat16())
    return lambda lr: in_tiles(fast, lr, SCALE, fast.margin)


def by_compiler() -> Run:
    return compiled(fold_batch_norm(network()), torch.zeros(1, 3, 128, 128))


SMALL = (
    Way("eager float32", lambda: network()),
    Way("channels last", lambda: in_channels_last(network())),
    Way("and BatchNorm folded", folded),
    Way("and bf16", bf16, torch.bfloat16),
    Way("srlib's, bf16 if there is", ours, torch.bfloat16 if has_bfloat16() else torch.float32),
    Way("torch.compile", by_compiler),
)
LARGE = tuple(way for way in SMALL if way.name not in ("channels last", "torch.compile"))


def training_step(
    layout: torch.memory_format = torch.channels_last,
    bfloat16: bool = False,
    optimizer: type[torch.optim.Optimizer] = torch.optim.Adam,
    compiler: Callable[[nn.Module], nn.Module] = lambda model: model,
) -> Run:
    """A function of LR patches that learns from them and a random truth; returns the loss."""
    torch.manual_seed(0)
    model = SRResNet(SCALE).to(memory_format=layout)
    steps = optimizer(model.parameters(), lr=1e-4)
    model = compiler(model)

    def step(lr: torch.Tensor) -> float:
        hr = torch.zeros(len(lr), 3, *(SCALE * side for side in lr.shape[2:]))
        steps.zero_grad()
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=bfloat16):
            sr = model(lr.contiguous(memory_format=layout))
        loss = functional.mse_loss(sr.float(), hr)
        loss.backward()
        steps.step()
        return loss.item()

    return step


TRAINING = (
    Way("eager float32", lambda: training_step(torch.contiguous_format)),
    Way("channels last", training_step),
    Way("channels last, bf16", lambda: training_step(bfloat16=True), torch.bfloat16),
    Way(
        "srlib train's",
        lambda: training_step(bfloat16=True, optimizer=SOAP),
        torch.bfloat16,
    ),
    Way(
        "torch.compile",
        lambda: training_step(bfloat16=True, compiler=torch.compile),
        torch.bfloat16,
    ),
)


WAYS = {"small": SMALL, "large": LARGE, "training": TRAINING}


def not_asked_for() -> Run:
    raise Unavailable("minutes to compile, so only with --compile")


def ways(job: str, with_compiler: bool) -> list[Way]:
    """Those of a job, torch.compile's without its function unless it was asked for."""
    return [
        way if with_compiler or way.name != "torch.compile" else Way(way.name, not_asked_for)
        for way in WAYS[job]
    ]


# --------------------------------------------------------------------------------- the measurements


def images(job: str) -> tuple[torch.Tensor, np.ndarray]:
    """LR ``(1, 3, h, w)`` and the truth, uint8 ``(4 h, 4 w, 3)``, of a photograph."""
    width, height = SIZES[job]
    hr = Job("", SCALE * width, SCALE * height, 1).image()
    return to_tensor(imresize(hr, 1 / SCALE)), hr


def patches(number: int = BATCH) -> torch.Tensor:
    """LR patches to learn from."""
    side = PATCH // SCALE
    return torch.rand(number, 3, side, side, generator=torch.Generator().manual_seed(0))


def operations(lr: torch.Tensor, training: bool = False) -> int:
    """Additions and multiplications of all convolutions, whole images; counted, not computed."""
    with torch.device("meta"), FlopCounterMode(display=False) as counter:
        sr = SRResNet(SCALE)(torch.empty(lr.shape))
        if training:
            sr.sum().backward()
    return counter.get_total_flops()


def memory_of_this_process(job: str, name: str) -> int | None:
    """Peak bytes of one call of a way."""
    way = next(way for way in ways(job, True) if way.name == name)
    run = way.make()
    with torch.inference_mode(job != "training"):
        run(patches(1))  # loads all it needs
        data = patches() if job == "training" else images(job)[0]
        return peak_of(lambda: run(data))


def memory(job: str, name: str) -> int | None:
    """:func:`memory_of_this_process`, in a fresh one."""
    return in_fresh_process("bench.srresnet", "--memory", job, name)


@torch.inference_mode()
def inference(job: str, with_compiler: bool = False) -> Table:
    """All ways on one size."""
    lr, hr = images(job)
    work = operations(lr)
    chosen = ways(job, with_compiler)
    protocol = Protocol.paper(SCALE)

    def score(name: str, results: dict[str, torch.Tensor]) -> str:
        own, first = (
            psnr(to_uint8(results[each].clamp(0, 1)), hr, protocol)
            for each in (name, chosen[0].name)
        )
        return f"{own - first:+.4f} dB"

    width, height = SIZES[job]
    return table(
        f"SRResNet from {width}x{height} to {SCALE * width}x{SCALE * height}, "
        f"{work / 1e9:.0f} GFLOP",
        chosen,
        lr,
        work,
        ROUNDS[job],
        {"peak memory": lambda name, _: megabytes(memory(job, name)), "PSNR": score},
        warm_up=patches(1),
    )


def training(with_compiler: bool = False) -> Table:
    """Steps of 16 patches of 96x96 HR pixels."""
    lr = patches()
    work = operations(lr, training=True)
    return table(
        f"SRResNet x{SCALE}, a training step of {BATCH} patches of {PATCH}x{PATCH}, "
        f"{work / 1e9:.0f} GFLOP",
        ways("training", with_compiler),
        lr,
        work,
        ROUNDS["training"],
        {"peak memory": lambda name, _: megabytes(memory("training", name))},
    )


def main(with_compiler: bool = False) -> None:
    console = Console()
    console.print(machine())
    console.print(training(with_compiler))
    for job in SIZES:
        console.print(inference(job, with_compiler))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--compile", action="store_true", help="measure torch.compile too")
    parser.add_argument("--memory", nargs=2, metavar=("JOB", "WAY"), help="of one call, in bytes")
    arguments = parser.parse_args()
    if arguments.memory:
        print(json.dumps(memory_of_this_process(*arguments.memory)))
    else:
        main(arguments.compile)
