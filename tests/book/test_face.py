"""One import line for a chapter: what editors read, what is loaded, and the list are the same."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from srlib import book

TREE = ast.parse(Path(book.__file__).read_text("utf-8"))


def for_editors() -> dict[str, str]:
    """Each name that the block under TYPE_CHECKING imports -> the module it comes from."""
    (block,) = (node for node in TREE.body if isinstance(node, ast.If))
    assert ast.unparse(block.test) == "TYPE_CHECKING"
    return {alias.name: line.module for line in block.body for alias in line.names}


def loaded() -> dict[str, str]:
    """The same of the table that lazy_loader is given."""
    (call,) = (
        node.value
        for node in TREE.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call)
    )
    table = {word.arg: ast.literal_eval(word.value) for word in call.keywords}
    return dict.fromkeys(table["submodules"], "srlib.book") | {
        name: f"srlib.book.{module}"
        for module, names in table["submod_attrs"].items()
        for name in names
    }


def test_the_three_lists_of_names_agree():
    assert for_editors() == loaded()
    assert book.__all__ == sorted(loaded()) == dir(book)


@pytest.mark.parametrize("name", book.__all__)
def test_every_name_is_there_and_comes_from_where_editors_look(name):
    found = getattr(book, name)
    home = for_editors()[name]
    assert found.__name__ == f"{home}.{name}" if name == "exercises" else found.__module__ == home


def test_nothing_is_loaded_before_it_is_asked_for():
    code = (
        "import sys, srlib.book\nassert not {'torch', 'matplotlib', 'IPython'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def test_exercises_is_the_package_with_all_checks():
    assert callable(book.exercises.check_bits) and callable(book.exercises.check_work)
