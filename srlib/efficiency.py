"""What a method costs: time in turns, peak memory of a fresh process, and on which machine.

    python -m srlib.efficiency srcnn 4 128 128   # in bytes: peak, and before the image

is how :func:`peak_memory` measures a method in a process of its own.
"""

import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import NamedTuple

import numpy as np
import torch

from srlib.methods import Enlarge, method
from srlib.networks import has_bfloat16

MEMORY = (
    "the most a fresh process holds while it enlarges the set's largest image once: Python, torch, "
    "weights, image and all ('before' is what it held before the image)"
)


class Seconds(NamedTuple):
    """How long a call took: on the clock, and of processor time in all threads together.

    On a machine that does something else as well, the second tells more of the method: in one
    thread on a free core both are the same.
    """

    wall: float
    cpu: float


def take_turns(
    functions: Mapping[str, Enlarge], image: np.ndarray, scale: int, repeats: int
) -> dict[str, Seconds]:
    """Median times of each function, which take turns so that noise hits all alike.

    They should have been called once before, so that what happens only once is not counted. With
    0 repeats the result is empty.
    """
    times: dict[str, list[Seconds]] = {name: [] for name in functions}
    for _ in range(repeats):
        for name, function in functions.items():
            wall, cpu = time.perf_counter(), time.process_time()
            function(image, scale)
            times[name].append(Seconds(time.perf_counter() - wall, time.process_time() - cpu))
    return {
        name: Seconds(*map(median, zip(*each, strict=True))) for name, each in times.items() if each
    }


def peak_memory(entry: str, scale: int, height: int, width: int) -> tuple[int, int] | None:
    """Bytes of memory that a fresh process needs to enlarge an image of that size, see MEMORY.

    Args:
        entry: a word as :func:`srlib.methods.method` takes it.

    Returns:
        the peak, and what was held before the image; None where the system does not tell (it is
        Linux that does).
    """
    if not Path("/proc/self/status").exists():
        return None
    command = [sys.executable, "-m", "srlib.efficiency", entry, *map(str, (scale, height, width))]
    env = {**os.environ, "OMP_NUM_THREADS": str(torch.get_num_threads())}
    done = subprocess.run(command, env=env, capture_output=True, text=True)
    if done.returncode:
        last = done.stderr.strip().rpartition("\n")[2]
        raise RuntimeError(f"the memory of {entry!r} could not be measured: {last}")
    before, peak = json.loads(done.stdout)
    return peak, before


def memory_of_this_process(entry: str, scale: int, height: int, width: int) -> tuple[int, int]:
    """Bytes held before and at most during one call; for a fresh process."""
    enlarge = method(entry, scale).enlarge
    image = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    enlarge(image[:16, :16], scale)  # loads all it needs
    before = _status("VmRSS")
    enlarge(image, scale)
    return before, _status("VmHWM")


def _status(field: str) -> int:
    """A size in bytes from Linux's account of this process.

    getrusage's ru_maxrss will not do: it begins with the memory of the process that started this.
    """
    lines = Path("/proc/self/status").read_text().splitlines()
    line = next(line for line in lines if line.startswith(field + ":"))
    return 1024 * int(line.split()[1])


def machine() -> dict[str, str | int]:
    """Processor, cores, memory, system, and whether it multiplies bfloat16."""
    about = Path("/proc/cpuinfo")
    lines = about.read_text().splitlines() if about.exists() else []
    models = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    try:
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # no such question on this system
        memory = 0
    return {
        "processor": models[0] if models else platform.processor() or platform.machine(),
        "cores": os.cpu_count() or 0,
        "memory_gb": round(memory / 1e9, 1),
        "system": platform.system(),
        "bfloat16": has_bfloat16(),
    }


def versions() -> dict[str, str]:
    """Of Python and of what the numbers depend on."""
    packages: Sequence[str] = ("srlib", "torch", "numpy", "scipy", "pillow", "scikit-image")
    return {"python": platform.python_version()} | {name: version(name) for name in packages}


if __name__ == "__main__":
    word, *sizes = sys.argv[1:]
    print(json.dumps(memory_of_this_process(word, *map(int, sizes))))
