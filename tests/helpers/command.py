"""The srlib command: in this process, in one of its own, in two that work together."""

import io
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import TypeVar

import pytest

from srlib.cli.main import main

ROOT = Path(__file__).parents[2]

Found = TypeVar("Found")


def run(*words: object) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of the command in this process."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as end:
        main([str(word) for word in words])
    return end.value.code or 0, out.getvalue(), err.getvalue()


def start(
    *words: object,
    launch: Sequence[str] = (),
    wrapper: Sequence[str] = (),
    cwd: Path | None = None,
    **environment: str,
) -> subprocess.Popen:
    """Begin the command in a process of its own.

    Args:
        launch: the module, with its words, that starts several, such as :func:`two_processes`.
        wrapper: the program, with its words, that runs it, such as :func:`as_ordinary_user`.
        cwd: the folder to begin it in.
        environment: variables to set besides.
    """
    return subprocess.Popen(
        [*wrapper, sys.executable, "-m", *launch, "srlib", *map(str, words)],
        cwd=cwd,
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # tests started in the background inherit an ignored SIGINT; Windows knows no such thing
        preexec_fn=None if os.name == "nt" else _default_sigint,
    )


def _default_sigint() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def finish(process: subprocess.Popen) -> tuple[int, str, str]:
    """Exit code, stdout and stderr, once it has ended."""
    out, err = process.communicate(timeout=300)
    return process.returncode, out, err


def wait_for(found: Callable[[], Found], process: subprocess.Popen) -> Found:
    """What is found once it is there, while the process still runs."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and process.poll() is None:
        there = found()
        if there:
            return there
        time.sleep(0.01)
    process.kill()
    pytest.fail(f"nothing came of it: {finish(process)}")


def as_ordinary_user() -> list[str]:
    """What takes from root the right to read and write all files; nothing for anybody else."""
    if getattr(os, "geteuid", lambda: 1)() != 0:
        return []
    if not shutil.which("setpriv"):
        pytest.skip("root may read everything, and there is no setpriv to take that away")
    rights = "-dac_override,-dac_read_search"
    return ["setpriv", f"--bounding-set={rights}", f"--inh-caps={rights}"]


def two_processes() -> list[str]:
    """What starts two on this machine, with GPUs or without: the book's ``accelerate launch``."""
    # --multi_gpu: the only way in which accelerate starts two without MPI; no GPU is needed or used
    words = "accelerate.commands.launch --multi_gpu --num_processes 2 --num_machines 1"
    words += f" --main_process_port {free_port()} --mixed_precision no --dynamo_backend no"
    return [*words.split(), "--num_cpu_threads_per_process", "1", "-m"]


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]
