"""How fast is imresize, in how much memory, and who else arrives at MATLAB's pixels?

    python -m bench.resize                      # two or three minutes
    OMP_NUM_THREADS=2 python -m bench.resize    # some of the libraries use more threads

Two jobs, x4 of 510x339 and x1/4 of 2040x1356, both RGB in 8 bits, from one photograph. The methods
take turns, so that whatever else the machine does slows all of them; each counts with its median.
Memory is the peak of a fresh process during one call, above what it held before, result included.
"""

import json
import math
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import Any

import cv2
import numpy as np
import torch
from PIL import Image
from rich.console import Console
from rich.table import Table
from skimage import transform

from bench.ways import in_fresh_process, machine, megabytes, peak_of
from srlib.data.photographs import photograph
from srlib.images.kernels import output_size, resize_weights
from srlib.images.resize import imresize

COURSE_PROJECT = 2 * 60 + 17  # seconds its own bicubic loop took for an image
LOOP = "plain Python loop"


# ------------------------------------------------------------------------------------- the methods


def plain_loop(image: np.ndarray, scale: float) -> np.ndarray:
    """MATLAB's 8-bit way, pixel by pixel: what all others are compared with."""
    for _ in range(2):  # rows, then columns as the rows of the transposed image
        size, width, channels = image.shape
        taps = resize_weights(size, output_size(size, scale), scale, border="replicate")
        indices, weights = (each.tolist() for each in taps)
        result = np.empty((len(weights), width, channels), dtype=np.uint8)
        for y in range(len(weights)):
            for x in range(width):
                for c in range(channels):
                    total = 0.0
                    for i, weight in zip(indices[y], weights[y], strict=True):
                        total += weight * float(image[i, x, c])
                    result[y, x, c] = min(max(math.floor(total + 0.5), 0), 255)
        image = result.swapaxes(0, 1)
    return image


def pillow(image: Image.Image, scale: float) -> Image.Image:
    size = [output_size(side, scale) for side in image.size]
    return image.resize(size, Image.Resampling.BICUBIC)


def opencv(image: np.ndarray, scale: float, method: int = cv2.INTER_CUBIC) -> np.ndarray:
    size = [output_size(side, scale) for side in image.shape[1::-1]]
    return cv2.resize(image, size, interpolation=method)


def opencv_area(image: np.ndarray, scale: float) -> np.ndarray:
    return opencv(image, scale, cv2.INTER_AREA)


def torch_antialiased(image: torch.Tensor, scale: float) -> torch.Tensor:
    size = [output_size(side, scale) for side in image.shape[2:]]
    return torch.nn.functional.interpolate(image, size, mode="bicubic", antialias=True)


def scikit_image(image: np.ndarray, scale: float) -> np.ndarray:
    size = [output_size(side, scale) for side in image.shape[:2]]
    return transform.resize(image, size, order=3, mode="edge", preserve_range=True)


def to_planes(image: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(image).permute(2, 0, 1)[None]  # (1, C, H, W), channels last


def to_float_planes(image: np.ndarray) -> torch.Tensor:
    return to_planes(image).float().contiguous()


def from_planes(planes: torch.Tensor) -> np.ndarray:
    return from_floats(planes[0].permute(1, 2, 0).numpy())


def from_floats(values: np.ndarray) -> np.ndarray:
    return np.floor(values + 0.5).clip(0, 255).astype(np.uint8)


@dataclass(frozen=True)
class Method:
    """One resizer. Only ``resize`` is timed; the others convert to its kind of image and back."""

    name: str
    resize: Callable[[Any, float], Any]
    prepare: Callable[[np.ndarray], Any] = np.asarray
    finish: Callable[[Any], np.ndarray] = np.asarray
    rounds: int = 15


METHODS = (
    Method("srlib imresize", imresize),
    Method("Pillow BICUBIC", pillow, Image.fromarray),
    Method("OpenCV INTER_CUBIC", opencv),
    Method("OpenCV INTER_AREA*", opencv_area),
    Method("torch antialias uint8", torch_antialiased, to_planes, from_planes),
    Method("torch antialias float32", torch_antialiased, to_float_planes, from_planes),
    Method("scikit-image order 3", scikit_image, finish=from_floats, rounds=3),
    Method(LOOP, plain_loop, rounds=1),
)


# --------------------------------------------------------------------------------- the measurements


@dataclass(frozen=True)
class Job:
    """What is resized: an RGB image of that size, by that scale."""

    name: str
    width: int
    height: int
    scale: float

    def image(self) -> np.ndarray:
        """uint8 ``(height, width, 3)``: a photograph, cropped, or continued by its mirror image."""
        photo = photograph("rocket").image[: self.height, : self.width]
        missing = (self.height - photo.shape[0], self.width - photo.shape[1])
        return np.pad(photo, ((0, missing[0]), (0, missing[1]), (0, 0)), mode="symmetric")


JOBS = {
    "enlarge": Job("x4 of 510x339", 510, 339, 4),
    "shrink": Job("x1/4 of 2040x1356", 2040, 1356, 1 / 4),
}


def take_turns(job: Job, image: np.ndarray) -> tuple[dict[str, float], dict[str, np.ndarray]]:
    """Method -> median seconds a call, and method -> its uint8 result."""
    inputs = {method.name: method.prepare(image) for method in METHODS}
    seconds, results = {method.name: [] for method in METHODS}, {}
    for turn in range(max(method.rounds for method in METHODS)):
        for method in METHODS:
            if turn < method.rounds:
                start = time.perf_counter()
                result = method.resize(inputs[method.name], job.scale)
                seconds[method.name].append(time.perf_counter() - start)
                results[method.name] = method.finish(result)
    return {name: median(each) for name, each in seconds.items()}, results


def memory_of_this_process(job: Job, method: Method) -> int | None:
    """Peak bytes of one call above those held before; None where the system does not tell."""
    method.resize(method.prepare(np.zeros((16, 16, 3), np.uint8)), job.scale)  # load all it needs
    image = method.prepare(job.image())
    return peak_of(lambda: method.resize(image, job.scale))


def memory(job: str, method: str) -> int | None:
    """:func:`memory_of_this_process`, in a fresh one."""
    return in_fresh_process("bench.resize", job, method)


# ---------------------------------------------------------------------------------------- the table


def table(key: str, console: Console) -> Table:
    """Run one job through all methods."""
    job = JOBS[key]
    with console.status(f"{job.name}: time") as line:
        seconds, results = take_turns(job, job.image())
        line.update(f"{job.name}: memory")
        peaks = {method.name: memory(key, method.name) for method in METHODS}
    shown = Table("method", title=f"{job.name}, RGB, 8 bits", caption=caption(seconds))
    for column in ("time", "Pillow = 1", "peak memory", "unlike MATLAB's"):
        shown.add_column(column, justify="right")
    for name, taken in seconds.items():
        differ = np.any(results[name] != results[LOOP], axis=2).mean()
        shown.add_row(
            name,
            f"{1000 * taken:.1f} ms" if taken < 1 else f"{taken:.1f} s",
            f"{taken / seconds['Pillow BICUBIC']:,.2f}",
            megabytes(peaks[name]),
            f"{100 * differ:.2f} %" if differ else "no pixel",
        )
    return shown


def caption(seconds: dict[str, float]) -> str:
    """The loops' times beside ours."""
    ours, loop = seconds["srlib imresize"], seconds[LOOP]
    return (
        "Last column: pixels in which the result differs. *Averages areas, not bicubic. "
        f"The plain loop takes {loop:.0f} s, {loop / ours:,.0f} times as long as imresize; the "
        f"course project's took 2 min 17 s an image, {COURSE_PROJECT / ours:,.0f} times as long."
    )


def main() -> None:
    console = Console()
    cv2.setNumThreads(torch.get_num_threads())
    console.print(machine())
    for key in JOBS:
        console.print(table(key, console))


if __name__ == "__main__":
    if len(sys.argv) == 3:
        method = next(method for method in METHODS if method.name == sys.argv[2])
        cv2.setNumThreads(torch.get_num_threads())
        print(json.dumps(memory_of_this_process(JOBS[sys.argv[1]], method)))
    else:
        main()
