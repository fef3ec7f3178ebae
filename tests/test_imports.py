"""Who may import whom: the library stays a set of layers, without cycles."""

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1] / "srlib"

# Each module with the modules it may import. `models` is a folder with one paper a file; the files
# do not import each other. The command may import everything.
MAY_IMPORT = {
    "__init__": set(),
    "__main__": {"cli"},
    # files and values
    "files": set(),
    "pixels": set(),
    "photo_metadata": set(),
    "photo_files": {"files", "photo_metadata", "pixels"},
    "images": {"photo_files", "pixels"},
    # methods and measures
    "interpolation": set(),
    "resize": {"images", "interpolation"},
    "metrics": {"images"},
    "detail": {"images"},
    "distortions": set(),
    # data
    "download": set(),
    "dead_leaves": {"images", "resize"},
    "photographs": {"images"},
    "patches": {"images", "resize"},
    "datasets": {"dead_leaves", "download", "images", "patches", "photographs", "resize"},
    # networks and their training
    "models": set(),
    "vgg": set(),
    "losses": {"vgg"},
    "adversarial": {"losses"},
    "soap": set(),
    "schedules": set(),
    "checkpoint": {"files"},
    "history": {"files"},
    "run": {"checkpoint", "files", "history"},
    "training": {"history", "images", "metrics", "run", "schedules"},
    "pretrained": {"checkpoint", "history", "models"},
    # what puts them to use
    "tiles": set(),
    "networks": {"images", "models", "pretrained", "resize", "tiles"},
    "enlarge": {"images", "networks", "pretrained", "resize", "tiles"},
    "outputs": {"images", "photo_files"},
    "pipeline": {"enlarge", "images", "outputs", "photo_files"},
    "upscale": {"enlarge", "images", "outputs", "pipeline"},
    # the benchmark
    "records": {"files"},
    "processes": set(),
    "methods": {
        *("checkpoint", "enlarge", "models", "networks", "pretrained", "records", "resize", "run"),
        "tiles",
    },
    "testsets": {"datasets", "images", "photographs", "records", "resize"},
    "perception": {"metrics", "records", "vgg"},
    "efficiency": {"methods", "networks"},
    "tables": {"files"},
    "benchmark": {
        *("efficiency", "methods", "metrics", "perception", "processes", "records", "tables"),
        "testsets",
    },
    "recipes": {
        *("checkpoint", "datasets", "history", "images", "metrics", "models"),
        *("resize", "schedules", "soap", "training"),
    },
    "gan_options": {"losses", "recipes", "vgg"},
    "gan_recipes": {
        *("adversarial", "checkpoint", "datasets", "gan_options", "history", "images", "losses"),
        *("metrics", "models", "recipes", "resize", "run", "schedules", "soap", "training"),
    },
    # the command; `cli` itself may import everything
    "cli_errors": set(),
    "cli_benchmark": {"benchmark", "cli_errors", "methods", "processes", "tables", "testsets"},
    "cli_upscale": {"cli_errors", "enlarge", "images", "outputs", "upscale"},
    "cli_train": {"cli_errors", "gan_options", "gan_recipes", "recipes"},
    # the book's
    "plots": {"images", "metrics"},
    "plots_of_gans": set(),
    "plots_of_training": {"history"},
    "widgets_html": set(),
    "widgets": {"widgets_html"},
    "notebook": {"images", "metrics"},
    "exercises": {"exercises", "interpolation", "losses", "metrics", "models", "resize"},
}


def test_srlib_keeps_its_layers():
    assert complaints(ROOT) == []


def complaints(root: Path) -> list[str]:
    """All that is wrong with the imports of the package in that folder."""
    graph = import_graph(root)
    found = [f"{name}: star import" for name, targets in graph.items() if "*" in targets]
    for name, targets in graph.items():
        layer = name.split(".")[0]
        if layer != "cli" and layer not in MAY_IMPORT:
            found.append(f"{name}: a new module; say in MAY_IMPORT what it may import")
            continue
        for target in sorted(targets - {"*"}):
            inside = name == "models" and target.startswith("models.")  # its __init__
            allowed = layer == "cli" or inside or target.split(".")[0] in MAY_IMPORT[layer]
            if not allowed or target == "__main__":
                found.append(f"{name} must not import {target}")
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        found.append("cycle: " + " -> ".join(error.args[1]))
    return found


def import_graph(root: Path) -> dict[str, set[str]]:
    """Module -> what it imports of srlib, inside functions too; names are relative to srlib."""
    modules = {}
    for file in sorted(root.rglob("*.py")):
        parts = file.relative_to(root).with_suffix("").parts
        name = ".".join(parts[:-1] if len(parts) > 1 and parts[-1] == "__init__" else parts)
        modules[name] = ast.parse(file.read_text("utf-8"))
    return {name: imports(name, tree, modules) for name, tree in modules.items()}


def imports(name: str, tree: ast.Module, modules: dict[str, ast.Module]) -> set[str]:
    """What one module imports of the package; ``*`` stands for a star import of anything."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names if alias.name.startswith("srlib.")}
        elif isinstance(node, ast.ImportFrom):
            origin = absolute(name, node, modules)
            for alias in node.names:
                if alias.name == "*":
                    found.add("*")
                elif origin.split(".")[0] == "srlib":
                    full = f"{origin}.{alias.name}"  # a module, or a name inside `origin`
                    found.add(full if full.removeprefix("srlib.") in modules else origin)
    return {each.removeprefix("srlib.") for each in found if each != "srlib"}


def absolute(name: str, node: ast.ImportFrom, modules: dict[str, ast.Module]) -> str:
    """The full name of the module after ``from``."""
    if not node.level:
        return node.module or ""
    package = ["srlib"] if name == "__init__" else ["srlib", *name.split(".")]
    is_package = name == "__init__" or any(each.startswith(f"{name}.") for each in modules)
    up = node.level - 1 if is_package else node.level
    package = package[: len(package) - up]
    return ".".join([*package, *([node.module] if node.module else [])])


@pytest.mark.parametrize(
    "files, complaint",
    [
        ({"resize": "from srlib.metrics import psnr", "metrics": ""}, "resize must not import"),
        ({"resize": "from srlib import metrics", "metrics": ""}, "resize must not import metrics"),
        ({"resize": "import srlib.metrics as m", "metrics": ""}, "resize must not import metrics"),
        ({"resize": "from .metrics import psnr", "metrics": ""}, "resize must not import metrics"),
        ({"resize": "from . import metrics", "metrics": ""}, "resize must not import metrics"),
        ({"resize": "def f():\n  import srlib.metrics", "metrics": ""}, "resize must not import"),
        ({"models/a": "from srlib.models import b", "models/b": ""}, "models.a must not import"),
        ({"models/a": "from .b import B", "models/b": ""}, "models.a must not import models.b"),
        ({"models/a": "from ..images import read", "images": ""}, "models.a must not import im"),
        ({"resize": "from srlib.images import *", "images": ""}, "resize: star import"),
        ({"resize": "from numpy import *"}, "resize: star import"),
        ({"__init__": "from srlib.images import read", "images": ""}, "__init__ must not import"),
        (
            {"cli": "import srlib.__main__", "__main__": "from srlib.cli import main"},
            "cli must not",
        ),
        ({"helpers": ""}, "helpers: a new module"),
        ({"helpers/thing": ""}, "helpers.thing: a new module"),
        (
            {"datasets": "import srlib.patches", "patches": "import srlib.datasets"},
            "cycle: datasets -> patches -> datasets",
        ),
        ({"cli": "import srlib.cli"}, "cycle: cli -> cli"),
    ],
)
def test_a_wrong_import_is_found(tmp_path, files, complaint):
    assert any(line.startswith(complaint) for line in complaints(package(tmp_path, files)))


def test_the_right_ones_are_not(tmp_path):
    files = {
        "__init__": '__version__ = "1"',
        "images": "import numpy as np\nfrom srlib import __version__",
        "resize": "from .images import read\nfrom srlib import images",
        "cli": "def f():\n  from srlib import images, resize",
        "models/__init__": "from srlib.models.a import A\nfrom .a import A",
        "models/a": "import torch",
    }
    root = package(tmp_path, files)
    assert complaints(root) == []
    assert import_graph(root)["resize"] == {"images"}
    assert import_graph(root)["cli"] == {"images", "resize"}


def package(root: Path, files: dict[str, str]) -> Path:
    for name, source in files.items():
        file = root / f"{name}.py"
        file.parent.mkdir(exist_ok=True)
        file.write_text(source)
    return root
