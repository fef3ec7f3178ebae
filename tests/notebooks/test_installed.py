"""Chapters as on Colab: in an empty folder, with the library as ``pip install .`` leaves it.

Colab brings Python's scientific packages; here they are those of the tests' own environment, whose
link to the checkout is overruled. Nothing is downloaded: there is no network and no cache.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).parents[2]
CHAPTERS = sorted((ROOT / "book").glob("*.ipynb"))
CARRIED = ("*.py", "*.csv", "*.json", "*.txt", "*.safetensors", "*.css", "*.js")


# A control that asks the kernel is moved when the whole chapter has run and its names mean other
# things: each function that a chapter gives to explore is called then, between its values.
RECORD = """
import srlib.book.widgets
explored, explore_now = [], srlib.book.widgets.explore
def explore_later(draw, axes, **options):
    explored.append((draw, axes))
    explore_now(draw, axes, **options)
srlib.book.widgets.explore = explore_later
"""
ASK_AGAIN = """
def value_between_values(values):
    low, high = sorted(values)[:2]
    if isinstance(low, float) or isinstance(high, float):
        return (low + high) / 2
    return next((n for n in range(low, max(values)) if n not in values), high)
for draw, axes in explored:
    draw(*map(value_between_values, axes.values()))
print(len(explored), "asked again")
"""


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what a wheel of this checkout installs, and no more."""
    work = tmp_path_factory.mktemp("wheel")
    for folder in ("srlib", "results"):
        shutil.copytree(
            ROOT / folder, work / "src" / folder, ignore=shutil.ignore_patterns("__pycache__")
        )
    for file in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / file, work / "src")
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    alone = ["--no-index", "--no-deps"]
    subprocess.run(
        [*pip, "wheel", "--no-build-isolation", *alone, "--wheel-dir", work, work / "src"],
        check=True,
    )
    (wheel,) = work.glob("*.whl")
    subprocess.run([*pip, "install", *alone, "--target", work / "site", wheel], check=True)
    return work / "site"


def test_the_wheel_carries_all_of_the_library(site):
    def carried(folder: Path) -> set[str]:
        found = [path for pattern in CARRIED for path in folder.rglob(pattern)]
        return {path.relative_to(folder).as_posix() for path in found}

    assert carried(site / "srlib") == carried(ROOT / "srlib") | {
        f"results/{name}" for name in carried(ROOT / "results")
    }


@pytest.mark.parametrize(
    "path",
    [CHAPTERS[0], *(pytest.param(path, marks=pytest.mark.installed) for path in CHAPTERS[1:])],
    ids=lambda path: path.stem,
)
def test_chapter_runs_anywhere(site, tmp_path, path):
    notebook = nbformat.read(path, as_version=4)
    proof = (
        "import pathlib, srlib.book.notebook\n"
        f"assert srlib.book.notebook.__file__ == {str(site / 'srlib/book/notebook.py')!r}\n"
        "assert not list(pathlib.Path().iterdir())"
    )
    code = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    notebook.cells.insert(0, nbformat.v4.new_code_cell(proof + RECORD))
    notebook.cells.append(nbformat.v4.new_code_cell(ASK_AGAIN))
    folder, home = tmp_path / "content", tmp_path / "home"
    folder.mkdir(), home.mkdir()
    nowhere = {name: "http://127.0.0.1:9" for name in ("http_proxy", "https_proxy", "all_proxy")}
    env = {k: v for k, v in os.environ.items() if not k.startswith(("SRLIB", "XDG", "TORCH"))}
    env |= {"PYTHONPATH": str(site), "HOME": str(home), "OMP_NUM_THREADS": "1", **nowhere}
    client = NotebookClient(
        notebook, kernel_name="python3", timeout=1200, resources={"metadata": {"path": folder}}
    )
    client.execute(env=env)
    asked = sum(source.count("explore(") for source in code)
    said = "".join(output.get("text", "") for output in notebook.cells[-1].outputs)  # in pieces
    assert asked > 0 and said == f"{asked} asked again\n"
