"""From a dataclass to options: what is taken, and how it is refused."""

import io
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import pytest
from tyro.conf import Positional, arg

from srlib.cli.parsing import details, parse, summary
from srlib.cli.shared import Flag
from srlib.errors import ArgumentError


@dataclass(frozen=True, kw_only=True)
class Inner:
    """Of the inside.

    Attributes:
        steps: How many.
        kind: Of which kind.
        seed: Of chance.
    """

    steps: int
    kind: Literal["a", "b"] = "a"
    seed: int | None = None

    def __post_init__(self) -> None:
        if self.steps < 1:
            raise ArgumentError("steps must be at least 1")


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Do it.

    A paragraph that is long enough to be broken somewhere, since no line of help may be wider than
    a narrow terminal, which has eighty columns.

    Examples:
        prog a.png --data x y --steps 3

    Attributes:
        files: To be read.
        data: Where from.
        out: Where to.
        skip: Leave out.
        options: Not seen.
    """

    files: Annotated[Positional[list[Path]], arg(metavar="FILE...")]
    data: Annotated[list[str], arg(metavar="FOLDER...")]
    out: Annotated[Path, arg(metavar="OUT")] = Path("out")
    skip: Flag = False
    options: Annotated[Inner, arg(name="")]


def asked(words: str) -> Asked:
    return parse(Asked, "prog", words.split())


def test_all_kinds():
    got = asked("a.png b.png --data x y z --steps 3 --skip --out=-o --kind b --seed 4")
    assert got == Asked(
        files=[Path("a.png"), Path("b.png")],
        data=["x", "y", "z"],
        out=Path("-o"),
        skip=True,
        options=Inner(steps=3, kind="b", seed=4),
    )
    assert asked("--data x --steps 3 -- -a.png b").files == [Path("-a.png"), Path("b")]
    assert not asked("a --data x --steps 3").skip


@pytest.mark.parametrize(
    "words, says",
    [
        ("a --data x --steps 3 --spik", "unrecognized options: --spik. Try"),
        (
            "a --data x --steps 3 --ot b",
            "unrecognized options: --ot, b. Perhaps you meant: --out",
        ),
        ("a --data x", "missing from prog: --steps INT"),
        ("a", "missing from prog: --data FOLDER..., --steps INT"),
        (
            "a --data x --step 3",
            "missing from prog: --steps INT. Unrecognized options: --step, 3",
        ),
        ("--data x --steps 3", "missing: files"),
        ("a --data --steps 3", "missing: data"),
        ("a --data x --steps three", "error parsing --steps: invalid literal for int() with base"),
        ("a --data x --steps", "missing value for argument '--steps'. Expected 1 values"),
        ("a --data x --steps 3 --kind c", "invalid choice 'c' for argument '--kind'. Expected one"),
        ("a --data x --steps 3 --seed x", "error parsing --seed: no type matching INT could be"),
        ("a --data x --steps 3 --no-skip", "unrecognized options: --no-skip"),
        ("a --data x --data y --steps 3", "--data stands there twice: give all its values after"),
        ("a --data x --steps 3 --skip yes", "unrecognized options: yes"),
    ],
)
@pytest.mark.parametrize("columns", ["30", "80", "300"])
@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])  # boxes are drawn with lines or without
def test_wrong_words_are_refused_in_one_line(words, says, columns, encoding, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", columns)
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding=encoding))
    with pytest.raises(ArgumentError) as refused:
        asked(words)
    said = str(refused.value)
    assert said.startswith(says), said
    assert (
        said.endswith(". Try: prog --help")
        and "\n" not in said
        and not re.search("[│─╯]|--- ", said)
    )
    assert capsys.readouterr() == ("", "")


def test_colours_go_too(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    with pytest.raises(ArgumentError) as refused:
        asked("a --data x")
    assert str(refused.value) == "missing from prog: --steps INT. Try: prog --help"


def test_what_a_dataclass_refuses_is_said_in_its_words():
    with pytest.raises(ArgumentError) as refused:
        asked("a --data x --steps 0")
    assert str(refused.value) == "steps must be at least 1"


def test_a_scalar_may_be_given_twice():
    """As everywhere: the last holds, so that an alias can be overruled."""
    assert asked("a --data x --steps 3 --steps 4").options.steps == 4


def test_help(capsys):
    with pytest.raises(SystemExit) as end:
        asked("--help")
    out, err = capsys.readouterr()
    assert not end.value.code and err == ""
    assert out.startswith("usage: prog [-h] [OPTIONS] FILE...\n") and "\n\nDo it.\n\n" in out
    assert out.endswith(details(Asked) + "\n") and "Attributes" not in out
    assert summary(Asked) == "Do it."
    assert details(Asked).splitlines()[-1] == "    prog a.png --data x y --steps 3"
    assert all(len(line) <= 80 for line in details(Asked).splitlines())
