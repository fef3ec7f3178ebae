"""The rooms of srlib import in one direction only: import-linter's contract in pyproject.toml."""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LINT = Path(sys.executable).with_name("lint-imports")


def lint(folder: Path) -> subprocess.CompletedProcess:
    """What import-linter says of the package in that folder."""
    command = [LINT, "--no-logo", "--no-cache", "pyproject.toml"]
    env = {**os.environ, "PYTHONPATH": str(folder)}
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True)


def test_srlib_keeps_its_rooms():
    done = lint(ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    "module, wrong",
    [
        ("atomic", "from srlib.images import values"),
        ("errors", "import srlib.atomic"),
        ("images.values", "from srlib.data import pairs"),
        ("data.pairs", "from srlib.networks import vgg"),
        ("networks.vgg", "from srlib.data import patches"),
        ("training.run", "import srlib.upscaling.fast"),
        ("upscaling.tiles", "def f():\n    from srlib.training.run import Run"),
        ("benchmarking.report", "import srlib.cli.main"),
        ("cli.main", "from srlib.book import setup"),
        ("book.notebook", "from srlib.cli import main"),
    ],
)
def test_a_wrong_import_is_found(tmp_path, module, wrong):
    shutil.copytree(ROOT / "srlib", tmp_path / "srlib", ignore=shutil.ignore_patterns("shipped"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    with (tmp_path / "srlib" / (module.replace(".", "/") + ".py")).open("a") as file:
        file.write(f"\n{wrong}\n")
    done = lint(tmp_path)
    assert done.returncode == 1 and f"srlib.{module} -> srlib." in done.stdout, done.stdout


def test_a_new_room_has_to_find_its_place(tmp_path):
    shutil.copytree(ROOT / "srlib", tmp_path / "srlib", ignore=shutil.ignore_patterns("shipped"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / "srlib" / "utils").mkdir()
    (tmp_path / "srlib" / "utils" / "__init__.py").touch()
    assert lint(tmp_path).returncode == 1


def test_the_corridor_stays_short():
    entries = [each for each in (ROOT / "srlib").iterdir() if each.name != "__pycache__"]
    assert len(entries) <= 13, sorted(each.name for each in entries)
    long = {
        str(path.relative_to(ROOT)): lines
        for path in (ROOT / "srlib").rglob("*.py")
        if (lines := len(path.read_text("utf-8").splitlines())) > 320
    }
    assert long == {}


def test_no_star_imports():
    for path in (ROOT / "srlib").rglob("*.py"):
        assert " import *" not in path.read_text("utf-8"), path


def test_an_installed_copy_has_every_room():
    """setuptools takes the packages that are listed, and says nothing of those that are not."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    rooms = {
        ".".join(path.parent.relative_to(ROOT).parts)
        for path in (ROOT / "srlib").rglob("__init__.py")
    }
    assert set(settings["tool"]["setuptools"]["packages"]) == rooms | {"srlib.results"}
