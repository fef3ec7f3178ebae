"""How fast does SRCNN 9-5-5 sharpen an image, and how much does srlib's training loop cost?

    OMP_NUM_THREADS=2 python -m bench.srcnn     # about two minutes

The ways take turns, so that whatever else the machine does slows all of them; each counts with its
median. Work is counted as two operations for each product of the three layers, and set beside
this machine's own matrix product in the same turns and precision, which a convolution may beat.
"""

import importlib.util
import io
import tempfile
from contextlib import redirect_stderr
from pathlib import Path

import numpy as np
import torch
from accelerate import Accelerator
from rich.console import Console
from rich.table import Table

from bench.resize import Job
from bench.ways import Run, Unavailable, Way, compiled, machine, table
from srlib.benchmarking.cost import take_turns
from srlib.data.photographs import photograph
from srlib.images.metrics import psnr
from srlib.images.resize import imresize
from srlib.images.values import modulo_crop, rgb_to_luma, to_tensor, to_uint8
from srlib.networks import pretrained
from srlib.networks.srcnn import SRCNN
from srlib.training.learners import Supervised
from srlib.training.loop import Plan, train
from srlib.training.losses import centre_mse
from srlib.training.soap import SOAP
from srlib.training.srcnn import LumaPatches
from srlib.upscaling.fast import InBfloat16, has_bfloat16, sharpen
from srlib.upscaling.image import upscale

SCALE = 2
SIZES = {(512, 512): 7, (2040, 1356): 3}  # width and height of the result: turns
TRAINING_STEPS = 20
BATCH = 16

# ----------------------------------------------------------------------------------------- the ways


def network(channels_last: bool = True) -> SRCNN:
    model = pretrained.load("srcnn", SCALE)
    return model.to(memory_format=torch.channels_last) if channels_last else model


def eager() -> Run:
    return network(channels_last=False)


def bf16() -> Run:
    model = network()

    def run(bicubic: torch.Tensor) -> torch.Tensor:
        with torch.autocast("cpu", dtype=torch.bfloat16):
            return model(bicubic)

    return run


def onnx_runtime() -> Run:
    missing = [each for each in ("onnxruntime", "onnxscript") if not importlib.util.find_spec(each)]
    if missing:
        raise Unavailable(f"not installed: pip install {' '.join(missing)}")
    import onnxruntime

    file = io.BytesIO()
    shape = {2: torch.export.Dim("height", min=20), 3: torch.export.Dim("width", min=20)}
    program = torch.onnx.export(
        network(channels_last=False),
        (torch.zeros(1, 1, 64, 48),),
        dynamic_shapes=(shape,),
        verbose=False,
    )
    program.save(file)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    session = onnxruntime.InferenceSession(file.getvalue(), options, ["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda bicubic: torch.from_numpy(session.run(None, {name: bicubic.numpy()})[0])


def ours() -> Run:
    if not has_bfloat16():
        raise Unavailable("this processor has no bfloat16: srlib takes the second line's way")
    model = InBfloat16(network())
    return lambda bicubic: sharpen(model, model.margin, bicubic)


WAYS = (
    Way("eager float32", eager),
    Way("channels last", network),
    Way("channels last, bf16", bf16, torch.bfloat16),
    Way("torch.compile", lambda: compiled(network(), torch.zeros(1, 1, 32, 32))),
    Way("ONNX Runtime", onnx_runtime),
    Way("srlib's bf16", ours, torch.bfloat16),
)


# ---------------------------------------------------------------------------------------- inference


def images(width: int, height: int) -> tuple[torch.Tensor, np.ndarray]:
    """Bicubic luma ``(1, 1, H, W)`` and the truth, uint8 ``(H, W)``, of a photograph."""
    hr = rgb_to_luma(modulo_crop(Job("", width, height, 1).image(), SCALE))
    return imresize(imresize(to_tensor(hr), 1 / SCALE), SCALE), hr


def operations(model: SRCNN, width: int, height: int) -> float:
    """Additions and multiplications of the three layers, each as large as it is computed."""
    total, margin = 0.0, model.margin
    for layer in (model.extract, model.map, model.reconstruct):
        margin -= layer.kernel_size[0] // 2
        total += 2 * layer.weight.numel() * (width + 2 * margin) * (height + 2 * margin)
    return total


@torch.inference_mode()
def inference(width: int, height: int, rounds: int) -> Table:
    """All ways on one size, each as often as there are rounds."""
    bicubic, hr = images(width, height)
    work = operations(network(), width, height)

    def score(name: str, results: dict[str, torch.Tensor]) -> str:
        own, first = (
            psnr(to_uint8(results[each].clamp(0, 1)), hr) for each in (name, WAYS[0].name)
        )
        return f"{own - first:+.4f} dB"

    title = f"SRCNN 9-5-5 to {width}x{height}, {work / 1e9:.1f} GFLOP"
    return table(title, WAYS, bicubic, work, rounds, {"PSNR": score})


def whole_call() -> str:
    """From 8-bit RGB to 8-bit RGB, colour and all."""
    lr = imresize(photograph("astronaut").image, 1 / SCALE)
    jobs = {m: (lambda m=m: upscale(lr, SCALE, m)) for m in ("srcnn", "bicubic")}
    seconds = {m: each.wall for m, each in take_turns(jobs, 7, warm_up=True).items()}
    return (
        f"upscale 256x256 to 512x512 in colour: srcnn {1000 * seconds['srcnn']:.0f} ms, "
        f"bicubic {1000 * seconds['bicubic']:.1f} ms. The course project took 100 ms on a GPU."
    )


# ----------------------------------------------------------------------------------------- training


def hand_loop(batches: LumaPatches, steps: int) -> None:
    """The least a training needs."""
    model, optimizer = learner_parts()
    for step in range(steps):
        bicubic, hr = batches.batch(step)
        optimizer.zero_grad()
        loss = centre_mse(model, bicubic, hr)
        loss.backward()
        optimizer.step()
        loss.item()


def srlib_loop(batches: LumaPatches, steps: int, accelerator: Accelerator) -> None:
    """The same steps in srlib's loop: progress bar, schedule, checkpoint and all."""
    model, optimizer = learner_parts()
    with tempfile.TemporaryDirectory() as folder, redirect_stderr(io.StringIO()):
        train(
            Supervised(model, centre_mse, optimizer),
            batches,
            lambda model: 0.0,
            Path(folder),
            Plan(steps=steps, interval=steps),
            accelerator=accelerator,
        )


def learner_parts() -> tuple[SRCNN, SOAP]:
    model = SRCNN(residual=True).to(memory_format=torch.channels_last)
    return model, SOAP(model.parameters())


def training() -> str:
    """Images a second in both loops."""
    batches = LumaPatches([photograph("rocket").image], SCALE, BATCH, seed=0)
    accelerator = Accelerator(cpu=True)
    jobs = {
        "hand": lambda: hand_loop(batches, TRAINING_STEPS),
        "srlib": lambda: srlib_loop(batches, TRAINING_STEPS, accelerator),
    }
    seconds = {name: each.wall for name, each in take_turns(jobs, 5, warm_up=True).items()}
    speed = {name: TRAINING_STEPS * BATCH / taken for name, taken in seconds.items()}
    overhead = seconds["srlib"] / seconds["hand"] - 1
    return (
        f"training on patches of 60x60, float32: {speed['srlib']:.1f} images/s, "
        f"a minimal hand loop {speed['hand']:.1f} images/s, overhead {100 * overhead:.1f} %"
    )


def main() -> None:
    console = Console()
    console.print(machine())
    for size, rounds in SIZES.items():
        console.print(inference(*size, rounds))
    console.print(whole_call())
    console.print(training())


if __name__ == "__main__":
    main()
