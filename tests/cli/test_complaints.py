"""Streams that fail: the work is done all the same, and the exit code says so."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from srlib.images.reading import read
from srlib.images.resize import imresize
from srlib.images.writing import write
from tests.helpers.command import ROOT, finish
from tests.helpers.photos import PHOTO, folder_of

WORDS = ("upscale", "in", "--method", "bicubic", "--out", "out", "--format", "png")
POSIX = pytest.mark.skipif(os.name == "nt", reason="a shell's redirections")


@pytest.fixture
def folder(tmp_path) -> Path:
    """With two images in the folder ``in``, of which a console of 1968 can show one name."""
    folder_of(tmp_path / "in", "a.png")
    write(tmp_path / "in" / "\N{CAT FACE}.png", PHOTO)
    return tmp_path


def shell(folder: Path, redirection: str, *words: str) -> tuple[int, str, str]:
    """The command with its streams as the shell puts it."""
    command = " ".join([sys.executable, "-m", "srlib", *(words or WORDS), redirection])
    env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "ascii"}
    words = ["bash", "-c", f"set -o pipefail; {command}"]
    done = subprocess.run(words, cwd=folder, env=env, capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


def all_there(folder: Path) -> bool:
    names = sorted(path.name for path in (folder / "out").iterdir())
    assert names == ["a.png", "\N{CAT FACE}.png"]
    return all(np.array_equal(read(folder / "out" / name), imresize(PHOTO, 2)) for name in names)


@POSIX
@pytest.mark.parametrize(
    "redirection",
    ["| true", "| head -c 0", "2>&1 | true", ">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-", "<&-"],
)
@pytest.mark.parametrize("more", [(), ("--json",)])
def test_a_closed_stream_is_no_trouble(folder, redirection, more):
    code, _, err = shell(folder, redirection, *WORDS, *more)
    assert code == 0 and all_there(folder) and err == ""


@POSIX
def test_failures_keep_their_exit_code_without_streams(folder):
    (folder / "in" / "bad.png").write_text("no photo")
    assert shell(folder, ">&- 2>&-")[0] == 1 and all_there(folder)
    assert shell(folder, ">&- 2>&-", "upscale", "none.png")[0] == 2
    assert shell(folder, "| true", "upscale", "--help")[0] == 0


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="Linux's full disk for streams")
def test_a_full_disk_for_stdout_is_said(folder):
    code, _, err = shell(folder, "> /dev/full")
    assert code == 0 and all_there(folder)
    assert err == "srlib: cannot write to stdout: No space left on device\n"
    assert shell(folder, "2> /dev/full", *WORDS, "--skip")[0] == 0


@POSIX
def test_names_that_the_console_cannot_show_are_escaped(folder):
    cat = "in/\N{CAT FACE}.png"
    code, out, err = shell(folder, "", "upscale", f"'{cat}'", "--method", "bicubic")
    assert (code, err) == (0, "") and out.startswith(r"Wrote 'in/\U0001f431_x2.png': 64x48")
    (folder / "in" / "\N{DOG FACE}.png").write_text("no photo")
    code, out, err = shell(folder, "", *WORDS, "--skip")
    assert code == 1 and r"'in/\U0001f436.png' is not" in err


@pytest.mark.parametrize("wait", [0, 0.02, 0.05, 0.1, 0.2, 0.4, 0.8, 1.2, 1.6])
def test_ctrl_c_at_the_start_is_no_traceback(folder, wait):
    """From the moment at which Python has started, and comes to srlib."""
    script = "print('ready', flush=True)\nfrom srlib.cli.main import main\nmain()"
    process = subprocess.Popen(
        [sys.executable, "-c", "import srlib.cli.complaints\n" + script, *WORDS],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert process.stdout.readline() == "ready\n"
    time.sleep(max(wait, 0.005))  # of its two lines that follow
    process.send_signal(signal.SIGINT)
    code, out, err = finish(process)
    if code != 0:  # it was not done by then
        assert "Traceback" not in err and err.startswith("srlib: stopped"), err
        assert code == 130
    assert not list(folder.glob("out/.srlib-*"))
