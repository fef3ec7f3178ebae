"""The srlib command: what it writes, what it says, and how it ends."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from skimage.data import astronaut
from typer.testing import CliRunner

from srlib import __version__, datasets
from srlib.cli import app, main
from srlib.download import DownloadError
from srlib.images import read, write
from srlib.resize import imresize

PHOTO = astronaut()[100:124, 200:232]  # (24, 32, 3)


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """The current folder, with photo.png in it."""
    monkeypatch.chdir(tmp_path)
    write("photo.png", PHOTO)
    return tmp_path


def run(*arguments: object) -> tuple[int, str, str]:
    """Exit code, stdout, stderr of the command in this process."""
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.stdout, result.stderr


def files(folder: Path) -> list[str]:
    found = folder.rglob("*")
    return sorted(str(path.relative_to(folder)) for path in found if path.is_file())


# upscale


def test_one_file_to_a_file(folder):
    assert run("upscale", "photo.png", "--scale", 3, "--out", "x.tif") == (0, "Wrote 'x.tif'\n", "")
    assert np.array_equal(read("x.tif"), imresize(PHOTO, 3))


def test_one_file_to_a_folder(folder):
    code, out, _ = run("upscale", "photo.png", "--scale", 2, "--out", "a/b", "--method", "bicubic")
    assert (code, out) == (0, "Wrote 'a/b/photo.png'\n")
    assert np.array_equal(read("a/b/photo.png"), imresize(PHOTO, 2))
    (folder / "c.png").mkdir()
    assert run("upscale", "photo.png", "--scale", 2, "--out", "c.png")[0] == 0
    assert files(folder) == ["a/b/photo.png", "c.png/photo.png", "photo.png"]


def test_several(folder):
    (folder / "in").mkdir()
    write("in/second.jpg", PHOTO)
    code, out, err = run("upscale", "photo.png", "in", "--scale", 2, "--out", "out")
    assert (code, out, err) == (0, "Wrote 2 images into 'out'\n", "")
    assert files(folder / "out") == ["photo.png", "second.png"]


def test_outputs_that_exist(folder):
    arguments = ("upscale", "photo.png", "--scale", 2, "--out")
    assert run(*arguments, "x.png")[0] == 0
    write("x.png", PHOTO)
    code, out, err = run(*arguments, "x.png")
    assert (code, out) == (2, "") and err.startswith("srlib: the output is there already: 'x.png'")
    assert "--skip" in err and "--overwrite" in err
    assert run(*arguments, "x.png", "--skip") == (
        0,
        "Nothing to do: the output is there\n",
        "",
    )
    assert np.array_equal(read("x.png"), PHOTO)
    code, _, err = run(*arguments, "x.png", "--skip", "--overwrite")
    assert code == 2 and "exclude each other" in err
    assert run(*arguments, "x.png", "--overwrite") == (0, "Wrote 'x.png'\n", "")
    assert np.array_equal(read("x.png"), imresize(PHOTO, 2))


def test_an_interrupted_folder_goes_on(folder):
    (folder / "in").mkdir()
    for name in ("a.png", "b.png", "c.png"):
        write(f"in/{name}", PHOTO)
    arguments = ("upscale", "in", "--scale", 2, "--out", "out")
    assert run(*arguments)[0] == 0
    (folder / "out" / "b.png").unlink()
    code, _, err = run(*arguments)
    assert code == 2 and "2 of 3 outputs are there already: 'out/a.png', ..." in err
    assert files(folder / "out") == ["a.png", "c.png"]
    expected = (0, "Wrote 'out/b.png', left 2 alone that were there\n", "")
    assert run(*arguments, "--skip") == expected
    assert run(*arguments, "--skip") == (0, "Nothing to do: all outputs are there\n", "")
    (folder / "in" / "d.png").write_text("no photo")
    code, _, err = run(*arguments, "--skip")
    assert code == 1 and err.startswith("srlib: 1 of 4 images failed:\n  'in/d.png' is not")


def test_some_failed(folder):
    (folder / "bad.png").write_text("no photo")
    code, out, err = run(
        "upscale", "bad.png", "photo.png", "none.png", "--scale", 2, "--out", "out"
    )
    assert (code, out) == (1, "") and files(folder / "out") == ["photo.png"]
    lines = err.splitlines()
    assert lines[0] == "srlib: 2 of 3 images failed:" and len(lines) == 3
    assert lines[1].startswith("  'bad.png' is not") and lines[2].startswith("  'none.png' does")


def test_all_failed(folder):
    (folder / "bad.png").write_text("no photo")
    code, _, err = run("upscale", "bad.png", "none.png", "--scale", 2, "--out", "out")
    assert code == 2 and err.startswith("srlib: 2 of 2 images failed:")


BAD_CALLS = [
    (["none.png", "--scale", 2, "--out", "x.png"], "'none.png' does not exist"),
    (["none.png", "--scale", 2, "--out", "out"], "'none.png' does not exist"),
    (["empty.png", "--scale", 2, "--out", "x.png"], "'empty.png' is empty"),
    (["cut.png", "--scale", 2, "--out", "x.png"], "'cut.png' is damaged"),
    (["nothing", "--scale", 2, "--out", "out"], "no image in the folder 'nothing'"),
    (["photo.png", "--scale", 0, "--out", "x.png"], "scale must be 2, 3 or 4, not 0"),
    (["photo.png", "--scale", -2, "--out", "x.png"], "scale must be 2, 3 or 4, not -2"),
    (["photo.png", "--scale", 5, "--out", "x.png"], "scale must be 2, 3 or 4, not 5"),
    (["photo.png", "--scale", "big", "--out", "x.png"], "Invalid value for '--scale'"),
    (["photo.png", "--scale", 2, "--out", "x.png", "--method", "no"], "method must be one of"),
    (["photo.png", "--scale", 2, "--out", "photo.png"], "'photo.png' is the input"),
    (["photo.png", "--scale", 2, "--out", "."], "would replace the input 'photo.png'"),
    (["photo.png", "photo.jpg", "--scale", 2, "--out", "out"], "would both be saved as"),
    (["photo.png", "photo.jpg", "--scale", 2, "--out", "x.png"], "several images need a folder"),
    (["nothing", "--scale", 2, "--out", "x.png"], "several images need a folder"),
    (["photo.png", "--scale", 2, "--out", "none/x.png"], "its folder does not exist"),
    (["photo.png", "--scale", 2, "--out", "empty.png/out"], "cannot make folder 'empty.png/out'"),
    (["photo.png", "--scale", 2, "--out", "/proc/out"], "cannot make folder '/proc/out'"),
    (["photo.png", "--scale", 2, "--out", "/proc/x.png"], "cannot write '/proc/x.png'"),
    (["photo.png", "--scale", 2], "Missing option '--out'"),
    (["photo.png", "--out", "x.png"], "Missing option '--scale'"),
    (["--scale", 2, "--out", "x.png"], "Missing argument 'INPUT"),
    (["photo.png", "--sale", 2, "--out", "x.png"], "No such option"),
]


@pytest.mark.parametrize("arguments, complaint", BAD_CALLS)
def test_bad_calls_end_in_one_line(folder, capsys, arguments, complaint):
    (folder / "empty.png").touch()
    (folder / "cut.png").write_bytes((folder / "photo.png").read_bytes()[:500])
    (folder / "nothing").mkdir()
    write("photo.jpg", PHOTO)
    before = files(folder)
    with pytest.raises(SystemExit) as end:
        main(["upscale", *map(str, arguments)])
    out, err = capsys.readouterr()
    assert end.value.code == 2 and out == ""
    assert err.startswith("srlib: ") and complaint in err and err.count("\n") == 1
    assert files(folder) == before


def test_errors_of_the_library_end_the_same_way_below_a_runner(folder):
    assert run("upscale", "photo.png", "--scale", 5, "--out", "x.png") == (
        2,
        "",
        "srlib: scale must be 2, 3 or 4, not 5\n",
    )


def test_a_message_over_several_lines_becomes_one(folder, monkeypatch):
    def fail(name):
        raise RuntimeError("one\ntwo")

    monkeypatch.setattr(datasets, "download", fail)
    assert run("download", "Set5") == (2, "", "srlib: one two\n")


def test_out_of_memory(folder, monkeypatch):
    def fail(name):
        raise MemoryError

    monkeypatch.setattr(datasets, "download", fail)
    assert run("download", "Set5") == (2, "", "srlib: out of memory: try smaller images\n")


# download


def test_download_says_where(monkeypatch, tmp_path):
    monkeypatch.setattr(datasets, "download", lambda name: tmp_path / name)
    assert run("download", "Set5") == (0, f"{tmp_path}/Set5\n", "")


def test_download_finds_what_is_there(set5):
    assert run("download", "set5") == (0, f"{set5}\n", "")


@pytest.mark.parametrize("error", [DownloadError("the server is gone"), ValueError("no such set")])
def test_download_fails_in_one_line(monkeypatch, error):
    def fail(name):
        raise error

    monkeypatch.setattr(datasets, "download", fail)
    assert run("download", "Set5") == (2, "", f"srlib: {error}\n")


def test_download_knows_its_names():
    code, _, err = run("download", "Set6")
    assert code == 2 and "'Set6'" in err and "Set5" in err and err.count("\n") == 1


# help


@pytest.mark.parametrize("command", ["upscale", "download"])
def test_help_has_examples(command):
    code, out, _ = run(command, "--help")
    assert code == 0 and "Examples" in out and f"srlib {command} " in out.split("Examples")[1]


def test_help_names_the_commands(capsys):
    for arguments in ([], ["--help"]):
        with pytest.raises(SystemExit) as end:
            main(arguments)
        out = capsys.readouterr().out
        assert end.value.code == 0 and "upscale" in out and "download" in out


def test_version():
    assert run("--version") == (0, f"srlib {__version__}\n", "")


def test_help_does_not_wait_for_torch():
    script = (
        "import sys, srlib.cli\n"
        "try: srlib.cli.main(['upscale', '--help'])\n"
        "except SystemExit: sys.exit('torch' in sys.modules or 'numpy' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0 and "Usage" in done.stdout, done.stderr


# as a process of its own

COMMAND = [sys.executable, "-m", "srlib"]


def test_as_a_process(folder):
    names = ["-dash.png", "a b.png", "line\nbreak.png"]
    for name in names:
        write(name, PHOTO)
    command = [*COMMAND, "upscale", "--scale", "2", "--out=-out", "--", *names, "none.png"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "srlib: 1 of 4 images failed:\n  'none.png' does not exist\n"
    assert files(folder / "-out") == sorted(names)
    assert all(np.array_equal(read(folder / "-out" / name), imresize(PHOTO, 2)) for name in names)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_leaves_whole_files_only(folder, number):
    write("large.png", np.tile(PHOTO, (12, 12, 1)))
    (folder / "in").mkdir()
    for count in range(200):
        os.link("large.png", f"in/{count:03}.png")
    process = subprocess.Popen(
        [*COMMAND, "upscale", "in", "--scale", "4", "--out", "out"],
        stderr=subprocess.PIPE,
        text=True,
        # tests started in the background inherit an ignored SIGINT
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    deadline = time.monotonic() + 120
    while not list(folder.glob("out/*.png")) and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(number)
    _, stderr = process.communicate(timeout=120)
    done = files(folder / "out")
    assert process.returncode == 130 and 0 < len(done) < 200
    assert stderr == (
        f"srlib: stopped: {len(done)} of 200 images are done. "
        "The same command with --skip goes on\n"
    )
    assert all(name.endswith(".png") for name in done)
    expected = (4 * 12 * 24, 4 * 12 * 32, 3)
    assert all(read(folder / "out" / name).shape == expected for name in done)
