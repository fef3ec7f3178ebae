"""A chapter brings the library in two lines, and names nothing of it that is gone."""

import ast
import importlib
import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import nbformat
import pytest

CHAPTERS = sorted((Path(__file__).parents[2] / "book").glob("*.ipynb"))
HIDDEN = {"hide-input", "hide-cell", "remove-input", "remove-cell"}

each = pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)


def cells(path: Path, kind: str = "code") -> list[nbformat.NotebookNode]:
    notebook = nbformat.read(path, as_version=4)
    return [cell for cell in notebook.cells if cell.cell_type == kind]


def parsed(source: str) -> ast.Module:
    """The tree of a cell, in which a magic does nothing."""
    return ast.parse(re.sub(r"^(\s*)[%!].*$", r"\1pass", source, flags=re.M))


def imported(tree: ast.AST) -> Iterator[tuple[str, list[str]]]:
    """(module, names from it) of each import statement, of srlib's and of the others'."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, []
        elif isinstance(node, ast.ImportFrom):
            yield node.module or "", [alias.name for alias in node.names]


def of_srlib(tree: ast.AST) -> list[tuple[str, list[str]]]:
    return [found for found in imported(tree) if found[0].split(".")[0] == "srlib"]


def dotted(node: ast.AST) -> str | None:
    """``"a.b.c"`` of the expression a.b.c."""
    if isinstance(node, ast.Name):
        return node.id
    inner = dotted(node.value) if isinstance(node, ast.Attribute) else None
    return None if inner is None else f"{inner}.{node.attr}"


def resolved(place: str) -> object:
    """What ``srlib.x.y`` stands for; AttributeError if there is no such thing."""
    found: object = importlib.import_module("srlib")
    for name in place.split(".")[1:]:
        found = getattr(found, name)
    return found


def gone(trees: list[ast.Module]) -> list[str]:
    """The places of srlib that code names, itself or by a short name for a module, in vain."""
    short = {"srlib": "srlib"} | {
        target.id: place
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        for target, place in assigned(node)
        if place.startswith("srlib.") and is_module(place)
    }
    named = {dotted(node) for tree in trees for node in ast.walk(tree)} - {None}
    places = {
        place.replace(head(place), short[head(place)], 1) for place in named if head(place) in short
    }
    for tree in trees:
        for module, names in of_srlib(tree):
            places |= {module, *(f"{module}.{name}" for name in names)}
    return sorted(place for place in places if not exists(place))


def head(place: str) -> str:
    return place.split(".")[0]


def assigned(node: ast.Assign) -> Iterator[tuple[ast.Name, str]]:
    """Of ``a = x.y`` and ``a, b = x.y, z``: each name with the place that it is to mean."""
    for target in node.targets:
        names, values = [target], [node.value]
        if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
            names, values = target.elts, node.value.elts
        for name, value in zip(names, values, strict=False):
            if isinstance(name, ast.Name):
                yield name, dotted(value) or ""


def exists(place: str) -> bool:
    try:
        resolved(place)
    except AttributeError:
        return False
    return True


def is_module(place: str) -> bool:
    return exists(place) and isinstance(resolved(place), ModuleType)


@each
def test_two_import_lines_bring_the_library(path):
    visible = [cell for cell in cells(path) if not HIDDEN & set(cell.metadata.get("tags", []))]
    found = [module for cell in visible for module, _ in of_srlib(parsed(cell.source))]
    assert found == ["srlib", "srlib.book"]


@each
def test_what_the_code_names_of_the_library_is_there(path):
    assert gone([parsed(cell.source) for cell in cells(path)]) == []


@each
def test_what_is_imported_for_the_chapter_is_used(path):
    trees = [parsed(cell.source) for cell in cells(path)]
    used = {node.id for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Name)}
    names = [name for tree in trees for _, names in of_srlib(tree) for name in names]
    assert names and set(names) <= used


@each
def test_what_the_text_names_is_there(path):
    """Places in prose, captions, comments and strings, and programs to be run."""
    notebook = nbformat.read(path, as_version=4)
    text = "\n".join(f"{cell.source}\n{cell.metadata}" for cell in notebook.cells)
    places = set(re.findall(r"\bsrlib(?:\.[A-Za-z_]\w*)+", text))
    assert sorted(place for place in places if not exists(place)) == []
    programs = set(re.findall(r"python -m ((?:srlib|bench|experiments)[.\w]*)", text))
    assert all(importlib.util.find_spec(program) for program in programs), programs


@pytest.mark.parametrize(
    ("source", "missing"),
    [
        ("import srlib\n%matplotlib inline\nsrlib.psnr(a, b).value", []),
        ("%pip install x\nf'{srlib.metrics.psnr(a, b)}'", ["srlib.metrics", "srlib.metrics.psnr"]),
        ("from srlib.book import setup, plots", ["srlib.book.plots"]),
        ("from srlib.notebook import setup", ["srlib.notebook", "srlib.notebook.setup"]),
        ("losses, n = srlib.training.losses, 1\nlosses.mse(x)", ["srlib.training.losses.mse"]),
        ("losses = srlib.training.losses\nlosses.pixel_mse(x)", []),
        ("losses = [1]\nlosses.mse", []),
    ],
)
def test_what_is_gone_would_be_seen(source, missing):
    assert gone([parsed(source)]) == missing
