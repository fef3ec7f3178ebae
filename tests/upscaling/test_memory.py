"""What memory there is, whoever limits it."""

import subprocess
import sys

import numpy as np
import pytest

from srlib.upscaling import memory


def test_there_is_some_and_some_is_used():
    assert memory.at_hand() > 10**8
    before = memory.peak()
    block = np.ones(before + 2**28, np.uint8)
    assert memory.peak() >= before + 2**28 - 2**20 and block.any()


@pytest.mark.parametrize("limit, used, left", [("1000000", "400000", 600_000), ("5", "9", 0)])
def test_a_container_has_a_limit_of_its_own(tmp_path, monkeypatch, limit, used, left):
    names = tmp_path / "memory.max", tmp_path / "memory.current"
    for name, text in zip(names, (limit, used), strict=True):
        name.write_text(text + "\n")
    monkeypatch.setattr(memory, "_CGROUPS", (tuple(map(str, names)),))
    assert memory.at_hand() == left
    names[0].write_text("max\n")
    assert memory.at_hand() > 10**8


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the limit is not enforced")
def test_and_a_process_too():
    script = (
        "import resource; from srlib.upscaling import memory; import psutil\n"
        "size = psutil.Process().memory_info().vms + 10**9\n"
        "resource.setrlimit(resource.RLIMIT_AS, (size, size))\n"
        "print(memory.at_hand())"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert 0 < int(done.stdout) <= 10**9, done.stderr
