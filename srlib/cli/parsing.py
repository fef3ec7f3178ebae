"""From a dataclass to a command line and its help, by tyro."""

import inspect
import io
import re
import sys
import textwrap
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import MISSING, fields
from typing import TypeVar, get_origin, get_type_hints

import tyro

from srlib.errors import ArgumentError

Command = TypeVar("Command")

WIDTH = 80


def parse(command: type[Command], prog: str, words: list[str]) -> Command:
    """The options that the words stand for; ``--help`` among them prints the help and exits.

    Args:
        command: a dataclass. Its docstring's first line stands above the options in the help, the
            rest of it, up to "Attributes:", below them.
        prog: what was called, such as "srlib upscale".

    Raises:
        ArgumentError: an option that does not exist, that is missing, or that cannot be used.
    """
    lists = _lists(command)
    said, help_ = io.StringIO(), _Help()
    try:
        _require_each_once(lists, words)
        with redirect_stderr(said), redirect_stdout(help_):
            asked = tyro.cli(
                command,
                prog=prog,
                args=words,
                description=summary(command),
                config=(tyro.conf.FlagCreatePairsOff, tyro.conf.DisallowNone),
            )
        _require_something(lists, asked)
    except _WrongUsage as wrong:
        raise ArgumentError(f"{wrong}. Try: {prog} --help") from None
    except SystemExit as end:
        if end.code:
            raise ArgumentError(f"{_in_one_line(said.getvalue())}. Try: {prog} --help") from None
        print(_narrow(help_.getvalue()))
        print(details(command))
        raise
    return asked


def summary(command: type) -> str:
    """The first line of a command's docstring."""
    return inspect.getdoc(command).partition("\n")[0]


def details(command: type) -> str:
    """The rest of the docstring without its attributes, no wider than a narrow terminal.

    A paragraph with indented lines, as examples have, stays as it is.
    """
    text = inspect.getdoc(command).partition("\nAttributes:")[0].partition("\n")[2].strip()
    paragraphs = [
        paragraph if "\n " in paragraph else textwrap.fill(paragraph, WIDTH, break_on_hyphens=False)
        for paragraph in text.split("\n\n")
    ]
    return "\n\n".join(paragraphs)


class _Help(io.StringIO):
    """Takes the help in the colours of the terminal that it is for."""

    def __init__(self) -> None:
        super().__init__()
        self.isatty = sys.stdout.isatty

    @property
    def encoding(self) -> str | None:
        """Of the terminal: whether it has lines for boxes."""
        return sys.__stdout__.encoding if sys.__stdout__ else None


def _narrow(help_: str) -> str:
    """With a first line, which tyro does not break, no wider than a narrow terminal."""
    usage, _, rest = help_.partition("\n")
    if len(COLOUR.sub("", usage)) > WIDTH:
        usage = textwrap.fill(
            COLOUR.sub("", usage), WIDTH, subsequent_indent="  ", break_on_hyphens=False
        )
    return f"{usage}\n{rest}"


class _WrongUsage(Exception):  # noqa: N818 - not seen outside
    """What is wrong with the words, without a full stop."""


def _lists(command: type) -> dict[str, bool]:
    """The options that take several values; whether they must be given."""
    hints = get_type_hints(command)
    return {
        field.name: field.default is MISSING
        for field in fields(command)
        if get_origin(hints[field.name]) in (list, tuple)
    }


def _require_each_once(lists: dict[str, bool], words: list[str]) -> None:
    """Of a list that is given in two places, tyro would forget the first."""
    options = [word.partition("=")[0] for word in words]
    for name in lists:
        if options.count(f"--{name}") > 1:
            raise _WrongUsage(f"--{name} stands there twice: give all its values after one")


def _require_something(lists: dict[str, bool], asked: object) -> None:
    """tyro takes no value at all for a list."""
    for name, required in lists.items():
        if required and not getattr(asked, name):
            raise _WrongUsage(f"missing: {name}")


RULE = re.compile(r"[ │╰╯]*[─-]{3,}[ │╰╯]*")  # across a box, or its lower edge

COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def _in_one_line(box: str) -> str:
    """What tyro says in a box, without its frame, the help of single options, and its last line."""
    parts = []
    for lines in _sections(box):
        head = " ".join(line for line in lines if not line.startswith(" "))
        options = [line.strip() for line in lines if re.match(r" {4}\S", line)]
        if not head.startswith(("For full helptext", "Argument helptext")):
            parts.append(" ".join([head, ", ".join(options)]).strip().rstrip("."))
    said = ". ".join(parts).partition(". Got errors:")[0]  # one of each type that was tried
    return said[:1].lower() + said[1:]


def _sections(box: str) -> list[list[str]]:
    """The lines of each part of a box of tyro's, between its rules; not its title."""
    sections: list[list[str]] = [[]]
    for line in COLOUR.sub("", box).splitlines()[1:]:
        inside = line[2:].rstrip(" │")  # the frame is of spaces where the terminal has no lines
        if RULE.fullmatch(line):
            sections.append([])
        elif inside:
            sections[-1].append(inside)
    return [section for section in sections if section]
