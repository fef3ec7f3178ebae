"""Whole files: whether one may be replaced, and what a killed process leaves."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from srlib import atomic
from srlib.atomic import remove_partial, sole_use, whole_file, write_whole
from tests.helpers.command import ROOT, wait_for


def test_what_may_not_be_replaced_is_not(tmp_path):
    target = tmp_path / "x"
    write_whole(target, b"old")
    with pytest.raises(FileExistsError), whole_file(target, replace=False) as file:
        file.write(b"new")
    assert target.read_bytes() == b"old" and os.listdir(tmp_path) == ["x"]
    with whole_file(tmp_path / "y", replace=False) as file:
        file.write(b"new")
    assert (tmp_path / "y").read_bytes() == b"new" and len(os.listdir(tmp_path)) == 2


def test_on_a_disk_without_links(tmp_path, monkeypatch):
    def link(*names: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(atomic.os, "link", link)
    test_what_may_not_be_replaced_is_not(tmp_path)


def test_of_many_that_write_one_name_one_succeeds(tmp_path):
    together, ends = threading.Barrier(8), []

    def write(content: bytes) -> None:
        try:
            with whole_file(tmp_path / "x", replace=False) as file:
                file.write(content)
                together.wait()
            ends.append(content)
        except FileExistsError:
            ends.append(None)

    threads = [threading.Thread(target=write, args=(b"%d" % each,)) for each in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (winner,) = [each for each in ends if each is not None]
    assert len(ends) == 8 and (tmp_path / "x").read_bytes() == winner
    assert os.listdir(tmp_path) == ["x"]


def writing(folder: Path) -> subprocess.Popen:
    """A process that is amid writing a file there."""
    script = (
        "import sys, time; from pathlib import Path; from srlib.atomic import whole_file\n"
        "with whole_file(Path(sys.argv[1])) as file:\n"
        "    file.write(b'half'); file.flush(); time.sleep(600)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(folder / "x")],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_for(lambda: [each for each in folder.glob(".srlib-*") if each.stat().st_size], process)
    return process


@pytest.mark.skipif(os.name == "nt", reason="Windows removes no open file by itself")
def test_what_is_being_written_stays_and_what_was_left_goes(tmp_path):
    (tmp_path / "mine.part").touch()
    process = writing(tmp_path)
    try:
        assert remove_partial(tmp_path) == [] and len(os.listdir(tmp_path)) == 2
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate()
    (left,) = tmp_path.glob(".srlib-*.part")
    assert remove_partial(tmp_path) == [left]
    assert os.listdir(tmp_path) == ["mine.part"]


# a folder that one process at a time works in


def test_a_folder_is_for_one_process_and_free_when_that_is_killed(tmp_path):
    """However it ends; nothing is left in the folder."""
    code = "import sys, time; from pathlib import Path; from srlib.atomic import sole_use\n"
    code += "with sole_use(Path(sys.argv[1])) as mine: print(mine, flush=True); time.sleep(99)"
    words = [sys.executable, "-c", code, str(tmp_path)]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert process.stdout.readline() == "True\n"
    with sole_use(tmp_path) as mine:
        assert not mine
    process.kill()
    process.communicate()
    with sole_use(tmp_path, wait=True) as mine:
        assert mine
    assert list(tmp_path.iterdir()) == []
