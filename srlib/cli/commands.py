"""Which subcommands there are, and what is said about all of them."""

import textwrap
from typing import NamedTuple

from srlib import __version__
from srlib.cli.benchmark import Benchmark
from srlib.cli.complaints import DONE
from srlib.cli.download import Download
from srlib.cli.export import Export
from srlib.cli.parsing import WIDTH, parse, summary
from srlib.cli.train import TrainSRCNN, TrainSRGAN, TrainSRResNet
from srlib.cli.upscale import Upscale
from srlib.errors import ArgumentError


class Group(NamedTuple):
    """Commands that begin with the same words."""

    about: str
    commands: "dict[str, type | Group]"


TRAIN = Group(
    "Train a network on your own images, or make the shipped weights anew.",
    {"srcnn": TrainSRCNN, "srresnet": TrainSRResNet, "srgan": TrainSRGAN},
)
SRLIB = Group(
    "Single-image super-resolution: enlarge photographs, train networks, fetch benchmark sets.",
    {
        "upscale": Upscale,
        "train": TRAIN,
        "benchmark": Benchmark,
        "export": Export,
        "download": Download,
    },
)


def run(words: list[str]) -> int:
    """Do what the words say; the exit code.

    Raises:
        ArgumentError: for words that say nothing.
        KeyboardInterrupt: at Ctrl-C.
    """
    if words == ["--version"]:
        print(f"srlib {__version__}")
        return DONE
    prog, command = "srlib", SRLIB
    while isinstance(command, Group) and words and words[0] in command.commands:
        prog, command, words = f"{prog} {words[0]}", command.commands[words[0]], words[1:]
    if not isinstance(command, Group):
        return parse(command, prog, words).run()
    if words and words[0] not in ("-h", "--help"):
        *names, last = command.commands
        raise ArgumentError(
            f"{prog} what? {', '.join(names)} or {last}, not {words[0]!r}. Try: {prog} --help"
        )
    print(_overview(prog, command))
    return DONE


def _overview(prog: str, group: Group) -> str:
    """The help of several commands: a line for each, which its docstring begins with."""
    width = max(map(len, group.commands)) + 4
    members = [
        textwrap.fill(
            member.about if isinstance(member, Group) else summary(member),
            WIDTH,
            initial_indent=f"  {name}".ljust(width),
            subsequent_indent=" " * width,
        )
        for name, member in group.commands.items()
    ]
    more = [f"{prog} COMMAND --help says more."]
    if group is SRLIB:
        more += ["srlib --version says which srlib this is."]
    parts = [f"usage: {prog} COMMAND ...", textwrap.fill(group.about, WIDTH), members, more]
    return "\n\n".join(part if isinstance(part, str) else "\n".join(part) for part in parts)
