"""Every chapter holds the outputs of one clean run, and shows nothing it should not."""

import importlib.util
import json
import os
import re
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parents[2]
CHAPTERS = sorted((ROOT / "book").glob("*.ipynb"))
spec = importlib.util.spec_from_file_location("execute", ROOT / "tools" / "execute.py")
tool = importlib.util.module_from_spec(spec)
spec.loader.exec_module(tool)

each = pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)


def test_there_are_chapters():
    assert len(CHAPTERS) >= 2


@each
def test_outputs_are_those_of_one_clean_run(path):
    assert tool.stale(path) == []


@each
def test_the_book_lists_it(path):
    assert f"book/{path.stem}" in (ROOT / "_toc.yml").read_text()


@each
def test_it_is_small(path):
    assert path.stat().st_size < 1_000_000


@each
def test_cells_are_short(path):
    cells = tool.code_cells(nbformat.read(path, as_version=4))
    assert max(len(cell.source.splitlines()) for cell in cells) <= 30


@each
def test_no_output_is_an_error_or_shows_this_machine(path):
    private = (str(ROOT), str(Path.home()) + os.sep, "/tmp/")
    for cell in tool.code_cells(nbformat.read(path, as_version=4)):
        for output in cell.outputs:
            expected = "raises-exception" in cell.metadata.get("tags", [])
            assert output.output_type != "error" or expected, cell.source
            text = json.dumps({k: v for k, v in output.items() if k != "data"})
            assert not any(place in text for place in private), text[:300]


@each
def test_every_figure_has_a_caption_and_alt_text(path):
    for cell in tool.code_cells(nbformat.read(path, as_version=4)):
        pictures = [o for o in cell.outputs if "image/png" in o.get("data", {})]
        if pictures and "text/html" not in pictures[0].data:  # a slider carries its own alt text
            shown = cell.metadata.get("mystnb", {})
            assert shown.get("figure", {}).get("caption"), cell.source
            assert shown.get("image", {}).get("alt"), cell.source


@each
def test_every_other_picture_has_alt_text(path):
    """In the text and in HTML that a cell shows; empty where another picture says it all."""
    notebook = nbformat.read(path, as_version=4)
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    assert not re.search(r"!\[\s*\]\(", text)
    for figure in re.findall(r"^:::+\s*\{(?:figure|image)\}.*?^:::", text, re.M | re.S):
        assert re.search(r"^:alt: \S", figure, re.M), figure
    for html in [text, *html_outputs(notebook)]:
        for tag in re.findall(r"<img\b[^>]*>", html):
            assert re.search(r'\salt="', tag), tag[-300:]


def html_outputs(notebook: nbformat.NotebookNode) -> list[str]:
    outputs = [output for cell in tool.code_cells(notebook) for output in cell.outputs]
    return [output.data["text/html"] for output in outputs if "text/html" in output.get("data", {})]


@each
def test_it_has_things_to_move_and_exercises(path):
    notebook = nbformat.read(path, as_version=4)
    text = "\n".join(cell.source for cell in notebook.cells)
    labels = re.findall(r"^:::+\s*\{exercise[^\n]*\n(?::[^\n]*\n)*?:label: (\S+)", text, re.M)
    solutions = re.findall(r"\{solution(?:-start)?\}\s+(\S+)", text)
    assert len(labels) >= 5 and sorted(labels) == sorted(solutions)
    assert len(re.findall('type="?range', "".join(html_outputs(notebook)))) >= 2
    assert "widgets" not in notebook.metadata, "a widget needs a script of 2 MB on the page"


def tiny(tmp_path: Path, *sources: str, tags: tuple[str, ...] = ()) -> Path:
    cells = [nbformat.v4.new_code_cell(source, id=f"c{i}") for i, source in enumerate(sources)]
    for cell in cells:
        cell.metadata["tags"] = list(tags)
    path = tmp_path / "tiny.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    return path


def test_a_second_run_leaves_no_diff(tmp_path):
    """Even with a stream in two pieces and a timing that is said to differ."""
    sources = ("import time\nprint(1, flush=True)\nprint(2)", "print(time.time_ns())")
    path = tiny(tmp_path, *sources, tags=("nbval-ignore-output",))
    assert tool.stale(path)  # it never ran
    assert tool.execute(path)
    first = path.read_bytes()
    assert tool.stale(path) == []
    assert not tool.execute(path) and path.read_bytes() == first


WIDGET = """
from IPython.display import HTML
HTML('<figure class="srlib"><style>a{}</style><img src="%d"><small>%d</small>%s</figure>')
"""


def test_a_change_of_the_widgets_is_seen_and_new_pictures_are_not(tmp_path):
    path = tiny(tmp_path, WIDGET % (1, 1, ""), tags=("nbval-ignore-output",))
    assert tool.execute(path)
    notebook = nbformat.read(path, as_version=4)
    for parts, changed in (((2, 2, ""), False), ((2, 2, '<input type="range">'), True)):
        again = json.loads(json.dumps(notebook))
        again["cells"][0]["outputs"][0]["data"]["text/html"] = (WIDGET % parts).split("'")[1]
        assert (tool.comparable(again) != tool.comparable(notebook)) == changed
    again = json.loads(json.dumps(notebook))
    again["cells"][0]["outputs"][0]["data"][tool.LIVE] = {"model_id": "a"}
    assert tool.comparable(again) != tool.comparable(notebook)


def test_an_edit_after_the_run_is_seen(tmp_path):
    path = tiny(tmp_path, "print(1)")
    assert tool.execute(path)
    path.write_text(path.read_text().replace("print(1)", "print(2)"))
    assert "edited" in tool.stale(path)[0]
    assert tool.execute(path) and tool.stale(path) == []


def test_a_notebook_saved_from_a_live_front_end_is_seen(tmp_path):
    path = tiny(tmp_path, "1 + 1")
    assert tool.execute(path) and tool.stale(path) == []
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[0].outputs[0].data[tool.LIVE] = {"model_id": "a"}
    nbformat.write(notebook, path)
    assert "live notebook" in tool.stale(path)[0]
    tool.execute(path)
    assert tool.stale(path) == []


def test_a_failing_cell_leaves_the_file_as_it_was(tmp_path):
    path = tiny(tmp_path, "print(1)", "1 / 0")
    before = path.read_bytes()
    with pytest.raises(Exception, match="ZeroDivisionError"):
        tool.execute(path)
    assert path.read_bytes() == before and list(tmp_path.iterdir()) == [path]
