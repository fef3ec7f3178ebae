"""The lowest versions that pyproject.toml allows, as constraints for pip: ``make test-lowest``.

python tools/lowest.py [EXTRA ...] > constraints.txt
"""

import re
import sys
import tomllib
from pathlib import Path

PYPROJECT = Path(__file__).parents[1] / "pyproject.toml"


def lowest(project: dict, extras: list[str]) -> list[str]:
    """``name==version`` for each requirement of the project and of some of its extras.

    Raises:
        ValueError: a requirement that is not of the form ``name>=version``, or no such extra.
    """
    optional = project.get("optional-dependencies", {})
    unknown = [extra for extra in extras if extra not in optional]
    if unknown:
        raise ValueError(f"no extra {', '.join(unknown)}: there are {', '.join(optional)}")
    wanted = [*project["dependencies"], *(each for extra in extras for each in optional[extra])]
    return [_exactly(requirement) for requirement in wanted]


def _exactly(requirement: str) -> str:
    parts = re.fullmatch(r"([\w.-]+)>=([\w.]+)(,<[\w.]+)?", requirement)
    if not parts:
        raise ValueError(f"{requirement!r} should name its lowest version, as in numpy>=2.0")
    return f"{parts[1]}=={parts[2]}"


if __name__ == "__main__":
    project = tomllib.loads(PYPROJECT.read_text("utf-8"))["project"]
    print("\n".join(lowest(project, sys.argv[1:])))
