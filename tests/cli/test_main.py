"""The srlib command as a whole: its help, how it ends, what it says of an error and of a bug."""

import re
import subprocess
import sys
from dataclasses import fields

import pytest

from srlib import __version__
from srlib.cli.benchmark import Benchmark
from srlib.cli.commands import SRLIB, TRAIN
from srlib.cli.download import Download
from srlib.cli.main import main
from srlib.cli.parsing import parse
from srlib.cli.shared import METHOD
from srlib.cli.train import Training
from srlib.cli.upscale import Upscale
from srlib.data import published
from srlib.errors import ArgumentError, CheckpointError, ImageError
from srlib.training.options import SRCNNOptions, SRGANOptions, SRResNetOptions
from srlib.upscaling.method import METHODS
from tests.helpers.command import run

COMMANDS = [[name] for name in SRLIB.commands if name != "train"]
COMMANDS += [["train", name] for name in TRAIN.commands]

# The dataclasses whose fields are the options of each command.
OPTIONS = {
    "upscale": [Upscale],
    "benchmark": [Benchmark],
    "download": [Download],
    "train srcnn": [Training, SRCNNOptions],
    "train srresnet": [Training, SRResNetOptions],
    "train srgan": [Training, SRGANOptions],
}


def helped(*words: str) -> str:
    """The help of a command, as it looks 80 columns wide."""
    code, out, err = run(*words, "--help")
    assert (code, err) == (0, "")
    return out


# help


@pytest.fixture(autouse=True)
def eighty_columns(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")


@pytest.mark.parametrize("words", [[], ["train"], *COMMANDS], ids=" ".join)
def test_help_is_not_wider_than_a_terminal(words):
    assert max(map(len, helped(*words).splitlines())) <= 80
    assert run(*words, "-h")[1] == helped(*words)


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_help_ends_in_examples(words):
    examples = helped(*words).split("Examples:\n")[1]
    assert f"    srlib {' '.join(words)} " in examples


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_the_examples_are_understood(words):
    command = (TRAIN if words[0] == "train" else SRLIB).commands[words[-1]]
    lines = helped(*words).split("Examples:\n")[1].replace("\\\n", " ").splitlines()
    examples = [line.split() for line in lines if "..." not in line]
    assert len(examples) >= 2
    for example in examples:
        assert example[: len(words) + 1] == ["srlib", *words]
        assert parse(command, "srlib", example[len(words) + 1 :])


def plain(text: str) -> str:
    """Without the frame, and as one line."""
    return " ".join(re.sub("[│╭╮╰╯─]", " ", text).split())


@pytest.mark.parametrize("command", OPTIONS)
def test_every_field_is_an_option_with_its_help(command):
    help_, there = plain(helped(*command.split())), 0
    for kind in OPTIONS[command]:
        for field in fields(kind):
            told = METHOD if field.name == "method" else documented(kind, field.name)
            option = f"--{field.name.replace('_', '-')} "
            if field.name in ("inputs", "name"):
                option = {"inputs": "IMAGE|FOLDER... ", "name": "NAME "}[field.name]
            assert re.search(f"{re.escape(option)}.{{0,25}}{re.escape(told)}", help_), field.name
            there += 1
    assert there >= 1 and "--options" not in help_ and "--no-" not in help_


def documented(kind: type, name: str) -> str:
    """What the docstring of a dataclass, or of one it inherits from, says of a field."""
    if name == "scale" and kind is Benchmark:
        return "The factor to enlarge by."
    for parent in kind.__mro__:
        told = re.search(rf"\n {{8}}{name}: (.+(?:\n {{12}}.+)*)", parent.__doc__ or "")
        if told:
            return " ".join(told[1].split())
    raise AssertionError(f"{kind.__name__} does not say what {name} is")


def test_both_commands_take_the_same_methods():
    assert all(METHOD in plain(helped(command)) for command in ("upscale", "benchmark"))


def test_the_methods_are_named_in_order():
    named, _, _ = METHOD.partition(", also as srgan@0.7")
    assert named.replace(" or ", ", ").split(", ") == list(METHODS)


def test_the_help_of_upscale_says_what_each_method_is():
    said = plain(helped("upscale"))
    assert all(re.search(rf"\b{name} (is|\(x4\)|and)", said) for name in METHODS), said


def test_defaults_are_shown():
    said = plain(helped("train", "srcnn"))
    for default in ("0.003", "200", "9-5-5", "mse", "fp32"):
        assert f"(default: {default})" in said
    assert "(default: srlib's own at this scale)" in plain(helped("benchmark"))


@pytest.mark.parametrize("words", [[], ["--help"], ["-h"]])
def test_help_names_the_commands(words):
    code, out, _ = run(*words)
    assert code == 0
    assert all(f"\n  {name} " in out for name in ("upscale", "train", "benchmark", "download"))
    assert "Fetch a data set into the cache" in out


def test_help_of_train_names_the_networks():
    for words in (["train"], ["train", "--help"]):
        code, out, _ = run(*words)
        assert code == 0 and all(f"\n  {name} " in out for name in ("srcnn", "srresnet", "srgan"))


def test_version():
    assert run("--version") == (0, f"srlib {__version__}\n", "")


@pytest.mark.parametrize("words", [[], ["upscale"], ["benchmark"], ["train", "srgan"]])
def test_help_does_not_wait_for_torch(words):
    script = (
        "import sys; from srlib.cli.main import main\n"
        f"try: main({[*words, '--help']})\n"
        "except SystemExit: sys.exit('torch' in sys.modules or 'numpy' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0 and "usage: srlib" in done.stdout, done.stderr


# wrong words


@pytest.mark.parametrize(
    "words, says",
    [
        (
            ["enlarge", "a.png"],
            "srlib what? upscale, train, benchmark, export or download, not 'enlarge'. "
            "Try: srlib --help",
        ),
        (
            ["train", "--scale", "2"],
            "srlib train what? srcnn, srresnet or srgan, not '--scale'. Try: srlib train --help",
        ),
    ],
)
def test_no_such_command(words, says):
    assert run(*words) == (2, "", f"srlib: {says}\n")


# what the library raises


def raising(monkeypatch, error: BaseException) -> tuple[int, str, str]:
    """How the command ends when the library raises."""

    def fail(name):
        raise error

    monkeypatch.setattr(published, "download", fail)
    return run("download", "Set5")


@pytest.mark.parametrize(
    "error, says",
    [
        (ImageError("'a.png' is empty"), "'a.png' is empty"),
        (ArgumentError("scale must be 2"), "scale must be 2"),
        (CheckpointError("one\ntwo"), "one two"),
        (OSError(28, "No space left on device"), "No space left on device"),
        (PermissionError(13, "Permission denied", "a/b"), "cannot use 'a/b': Permission denied"),
        (MemoryError(), "out of memory: try smaller images or, in a training, a smaller batch"),
    ],
)
def test_an_error_is_one_line(monkeypatch, error, says):
    assert raising(monkeypatch, error) == (2, "", f"srlib: {says}\n")


def test_a_gpu_without_memory_is_no_bug(monkeypatch):
    import torch

    code, _, err = raising(monkeypatch, torch.OutOfMemoryError("CUDA out of memory"))
    assert code == 2 and err.startswith("srlib: out of memory") and err.count("\n") == 1


def test_ctrl_c_is_no_bug(monkeypatch):
    assert raising(monkeypatch, KeyboardInterrupt()) == (130, "", "srlib: stopped\n")


@pytest.mark.parametrize("error", [RuntimeError("boom"), ValueError("boom"), KeyError("boom")])
def test_a_bug_shows_its_traceback_and_how_to_report_it(monkeypatch, error):
    code, out, err = raising(monkeypatch, error)
    *traceback, error_line, last = err.splitlines()
    assert (code, out) == (70, "") and traceback[0].startswith("Traceback")
    assert any("in fail" in line for line in traceback) and "boom" in error_line
    assert last.startswith("srlib: this is a bug of srlib") and "issue" in last


def test_the_module_is_the_command(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["srlib", "--version"])
    with pytest.raises(SystemExit) as end:
        main()
    assert not end.value.code and capsys.readouterr().out == f"srlib {__version__}\n"
    done = subprocess.run([sys.executable, "-m", "srlib", "--version"], capture_output=True)
    assert done.returncode == 0 and done.stdout.decode() == f"srlib {__version__}\n"
