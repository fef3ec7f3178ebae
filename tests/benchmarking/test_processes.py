"""One process alone, and two that share the work."""

import json
import os
import subprocess
import sys

from srlib.benchmarking.processes import Processes
from tests.helpers.command import ROOT, free_port

# Each looks for what process 0 makes first, and then gathers, twice and of unequal lengths.
SHARE = """
import json, os, sys, time
from pathlib import Path
from srlib.benchmarking.processes import Processes

processes, file = Processes(), Path(sys.argv[1])

def make():
    there = file.exists()
    if processes.rank == 0:
        time.sleep(0.5)
        file.touch()
    return there

there = processes.main_first(make)
first = 10 * processes.rank
numbers = processes.gathered(list(range(first, first + 1 + processes.rank)))
nothing = processes.gathered([])
processes.wait()
print(json.dumps([processes.rank, processes.world, there, numbers, nothing]), flush=True)
os._exit(0)  # threads of gloo that still run would end Python with an error, now and then
"""


def test_one_process_needs_no_accelerate(monkeypatch):
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    alone = Processes()
    assert (alone.rank, alone.world, alone.state) == (0, 1, None)
    assert alone.main_first(lambda: 5) == 5 and alone.gathered([1, 2]) == [1, 2]
    alone.wait()


def test_two_share_what_they_found(tmp_path):
    env = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "WORLD_SIZE": "2"}
    env |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free_port())}
    both = [
        subprocess.Popen(
            [sys.executable, "-c", SHARE, tmp_path / "made"],
            env={**env, "RANK": rank, "LOCAL_RANK": rank},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in "01"
    ]
    ends = [process.communicate(timeout=300) for process in both]
    assert [process.returncode for process in both] == [0, 0], ends
    found = [json.loads(out) for out, _ in ends]
    assert found[0] == [0, 2, False, [0, 10, 11], []] and found[1] == [1, 2, True, [0, 10, 11], []]
