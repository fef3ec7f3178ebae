"""What a method costs: time in turns, peak memory of a fresh process, work; and on which machine.

    python -m srlib.benchmarking.cost srcnn 4 128 128   # in bytes: peak, and before the image

is how :func:`peak_memory` measures a method in a process of its own.
"""

import copy
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import NamedTuple

import numpy as np
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from srlib.errors import BenchmarkError
from srlib.images.kernels import output_size, resize_weights
from srlib.networks.srcnn import SRCNN
from srlib.networks.srgan import SRResNet
from srlib.upscaling.fast import has_bfloat16
from srlib.upscaling.method import Method, load

MEMORY = (
    "the most a fresh process holds while it enlarges the set's largest image once: Python, torch, "
    "weights, image and all ('before' is what it held before the image)"
)
PACKAGES = ("srlib", "torch", "numpy", "scipy", "pillow", "scikit-image")


# --------------------------------------------------------------------------------------------- time


class Seconds(NamedTuple):
    """How long a call took: on the clock, and of processor time in all threads together.

    On a machine that does something else as well, the second tells more of the method: in one
    thread on a free core both are the same.
    """

    wall: float
    cpu: float


def take_turns(
    jobs: Mapping[str, Callable[[], object]], repeats: int, *, warm_up: bool = False
) -> dict[str, Seconds]:
    """Median times of each job; they take turns, so that noise hits all alike.

    Args:
        jobs: name -> what to time.
        repeats: turns of each; with 0 the result is empty.
        warm_up: call each once before, so that what happens only once is not counted.
    """
    if warm_up:
        for job in jobs.values():
            job()
    times: dict[str, list[Seconds]] = {name: [] for name in jobs}
    for _ in range(repeats):
        for name, job in jobs.items():
            wall, cpu = time.perf_counter(), time.process_time()
            job()
            times[name].append(Seconds(time.perf_counter() - wall, time.process_time() - cpu))
    return {
        name: Seconds(*map(median, zip(*each, strict=True))) for name, each in times.items() if each
    }


# ------------------------------------------------------------------------------------------- memory


def peak_memory(entry: str, scale: int, height: int, width: int) -> tuple[int, int] | None:
    """Bytes of memory that a fresh process needs to enlarge an image of that size, see MEMORY.

    Args:
        entry: a word as :func:`srlib.upscaling.method.load` takes it.

    Returns:
        the peak, and what was held before the image; None where the system does not tell (it is
        Linux that does).

    Raises:
        BenchmarkError: that process failed.
    """
    if not Path("/proc/self/status").exists():
        return None
    words = map(str, (entry, scale, height, width))
    command = [sys.executable, "-m", "srlib.benchmarking.cost", *words]
    env = {**os.environ, "OMP_NUM_THREADS": str(torch.get_num_threads())}
    done = subprocess.run(command, env=env, capture_output=True, text=True)
    if done.returncode:
        last = done.stderr.strip().rpartition("\n")[2]
        raise BenchmarkError(f"the memory of {entry!r} could not be measured: {last}")
    before, peak = json.loads(done.stdout)
    return peak, before


def memory_of_this_process(entry: str, scale: int, height: int, width: int) -> tuple[int, int]:
    """Bytes held before and at most during one call; for a fresh process."""
    method = load(entry, scale, precision="fp32")
    image = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    method(image[:16, :16])  # loads all it needs
    before = memory("VmRSS")
    method(image)
    return before, memory("VmHWM")


def memory(field: str) -> int:
    """Bytes of this process in Linux's account: ``"VmRSS"`` held now, ``"VmHWM"`` at most so far.

    getrusage's ru_maxrss will not do: it begins with the memory of the process that started this.
    """
    lines = Path("/proc/self/status").read_text().splitlines()
    line = next(line for line in lines if line.startswith(field + ":"))
    return 1024 * int(line.split()[1])


# --------------------------------------------------------------------------------------------- work


def multiply_adds(method: Method, image: np.ndarray) -> int | None:
    """Multiplications, each with its addition, that a method needs for such an image.

    For srlib's methods those of their definition: convolutions of the whole image, and the taps of
    bicubic interpolation; tiles computed twice and colour conversions do not count. For a function,
    those of the convolutions and matrix products that it has torch do; None if none.

    Args:
        image: uint8 ``(h, w, 3)``.
    """
    height, width = image.shape[:2]
    if method.entry == "bicubic":
        return _bicubic_work(height, width, method.scale)
    if isinstance(method.network, SRCNN):
        size = (1, 1, height * method.scale, width * method.scale)
        return _bicubic_work(height, width, method.scale) + _network_work(method.network, size)
    if isinstance(method.network, SRResNet):
        return _network_work(method.network, (1, 3, height, width))
    return _watched_work(method, image)


def work_is_defined(method: Method) -> bool:
    """Whether the work is known from the definition, rather than by watching it."""
    return method.entry == "bicubic" or isinstance(method.network, SRCNN | SRResNet)


def _bicubic_work(height: int, width: int, scale: int, planes: int = 3) -> int:
    """Taps of both passes: rows of the small width first, then columns of the large image."""
    tall, wide = output_size(height, scale), output_size(width, scale)
    rows = resize_weights(height, tall, scale)[1].shape[1]
    columns = resize_weights(width, wide, scale)[1].shape[1]
    return planes * (tall * width * rows + tall * wide * columns)


def _network_work(network: nn.Module, size: tuple[int, ...]) -> int:
    """Of all convolutions, for an image of that size; counted without being computed."""
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        copy.deepcopy(network).to("meta")(torch.empty(size, device="meta"))
    return counter.get_total_flops() // 2  # which counts a product and its sum as two


def _watched_work(method: Method, image: np.ndarray) -> int | None:
    try:
        with FlopCounterMode(display=False) as counter:
            method(image)
    except Exception:  # a function that works may still not work while it is watched
        return None
    return counter.get_total_flops() // 2 or None


# ------------------------------------------------------------------------------------- the machine


def machine() -> dict[str, str | int]:
    """Processor, cores, memory, system, and whether it multiplies bfloat16."""
    about = Path("/proc/cpuinfo")
    lines = about.read_text().splitlines() if about.exists() else []
    models = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    try:
        size = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # no such question on this system
        size = 0
    return {
        "processor": models[0] if models else platform.processor() or platform.machine(),
        "cores": os.cpu_count() or 0,
        "memory_gb": round(size / 1e9, 1),
        "system": platform.system(),
        "bfloat16": has_bfloat16(),
    }


def versions(packages: tuple[str, ...] = PACKAGES) -> dict[str, str]:
    """Of Python and of what the numbers depend on."""
    return {"python": platform.python_version()} | {name: version(name) for name in packages}


if __name__ == "__main__":
    word, *sizes = sys.argv[1:]
    print(json.dumps(memory_of_this_process(word, *map(int, sizes))))
