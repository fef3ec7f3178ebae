"""A check of an exercise held to answers whose verdict is known.

A case is ``(name, given, line)``: the check ``check_<name>`` called with ``given`` prints one line
that begins with ``line``.
"""

from types import ModuleType

Case = tuple[str, tuple, str]


def named(value: object) -> str:
    """A short name of one part of a case, for pytest."""
    return value[:40] if isinstance(value, str) else ""


def answered(chapter: ModuleType, name: str, given: tuple, line: str, capsys) -> None:
    """The check gives the verdict, says it in one line, and its truth is that of the line."""
    verdict = getattr(chapter, f"check_{name}")(*given)
    printed = capsys.readouterr().out
    assert printed == verdict.line + "\n" and printed.count("\n") == 1
    assert verdict.line.startswith(line), verdict.line
    assert bool(verdict) == verdict.line.startswith("right: ")


def covered(chapter: ModuleType, cases: list[Case]) -> None:
    """Every check of the chapter has a right answer and at least two wrong ones."""
    checks = [name for name in vars(chapter) if name.startswith("check_")]
    assert checks
    for name in checks:
        lines = [line for check, _, line in cases if f"check_{check}" == name]
        assert sum(line.startswith("right") for line in lines) >= 1, name
        assert sum(line.startswith("not yet") for line in lines) >= 2, name
