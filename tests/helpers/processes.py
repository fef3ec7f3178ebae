"""A function of a test module in a process that is killed; or in two that train together."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from tests.helpers.command import ROOT, free_port, wait_for


def begin(module: str, function: str, folder: Path) -> subprocess.Popen:
    """Begin ``module.function(folder)`` in a process of its own."""
    code = f"from pathlib import Path; import {module} as tests; "
    code += f"tests.{function}(Path({str(folder)!r}))"
    return _python(["-c", code])


def kill_after(file: Path, process: subprocess.Popen, most: float) -> None:
    """Kill it at a random moment, at most so many seconds after the file is there."""
    wait_for(file.exists, process)
    time.sleep(np.random.default_rng().uniform(0.0, most))
    process.kill()
    killed = 1 if os.name == "nt" else -signal.SIGKILL
    assert process.wait() == killed, process.stderr.read()


def begin_two(module: str, *words: object) -> subprocess.Popen:
    """Begin ``python -m module words`` in two processes on the CPU, which talk through gloo."""
    two = "torch.distributed.run --nproc_per_node=2 --master_addr=127.0.0.1"
    two += f" --master_port={free_port()}"
    words = ["-m", *two.split(), "-m", module, *map(str, words)]
    return _python(words, ACCELERATE_USE_CPU="1", OMP_NUM_THREADS="1")


def end(process: subprocess.Popen) -> None:
    """Wait for it to end well."""
    _, said = process.communicate(timeout=120)
    if process.returncode:
        pytest.fail(said)


def _python(words: list[str], **environment: str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, *words],
        env={**os.environ, **environment},
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
