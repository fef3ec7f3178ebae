"""The first cell of a chapter: brings the library on Colab, says what to do, or does nothing."""

import json
import sys
from pathlib import Path
from urllib.error import URLError
from urllib.parse import quote

import nbformat
import pytest
from IPython.core.interactiveshell import InteractiveShell

CHAPTERS = sorted((Path(__file__).parents[2] / "book").glob("*.ipynb"))
GITHUB = "https://github.com/ann/sr-book/blob/"


def first_cell(path: Path) -> str:
    cells = nbformat.read(path, as_version=4).cells
    return next(cell.source for cell in cells if cell.cell_type == "code")


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_all_chapters_begin_with_the_same_cell(path):
    assert first_cell(path) == first_cell(CHAPTERS[0])


class Answer:
    """What Colab's own server says about its sessions."""

    def __init__(self, path: str) -> None:
        self.path = path

    def read(self) -> bytes:
        session = {"name": "01.ipynb", "path": self.path, "type": "notebook"}
        return json.dumps([session]).encode()


@pytest.fixture
def run(monkeypatch):
    """Runs the cell where srlib is missing; returns the error and what pip was asked for."""

    def in_a_shell(opened: str | None) -> tuple[BaseException | None, list[str]]:
        asked, addresses = [], []

        def urlopen(address: str, timeout: float) -> Answer:
            addresses.append(address)
            if opened is None:
                raise URLError("refused")
            return Answer(opened)

        monkeypatch.setattr("urllib.request.urlopen", urlopen)
        shell = InteractiveShell()
        shell.register_magic_function(asked.append, magic_name="pip")
        result = shell.run_cell(first_cell(CHAPTERS[0]))
        assert all(each == "http://10.0.0.9:9000/api/sessions" for each in addresses)
        return result.error_before_exec or result.error_in_exec, asked

    monkeypatch.setitem(sys.modules, "srlib", None)  # makes `import srlib` fail
    monkeypatch.setenv("COLAB_JUPYTER_IP", "10.0.0.9")
    return in_a_shell


@pytest.mark.parametrize("ref", ["main", "v1.0", "a/branch"])
@pytest.mark.parametrize("quoted", [True, False])
def test_on_colab_it_installs_the_repository_that_the_notebook_is_from(run, ref, quoted):
    address = f"{GITHUB}{ref}/book/03_srcnn.ipynb"
    error, asked = run("fileId=" + (quote(address, safe="") if quoted else address))
    assert error is None
    assert asked == [f"install --quiet https://github.com/ann/sr-book/archive/{ref}.zip"]


@pytest.mark.filterwarnings("ignore:To exit")  # a shell says so of any SystemExit
@pytest.mark.parametrize("opened", ["fileId=1AbCdrive", None])
def test_where_colab_does_not_say_it_tells_what_to_run(run, opened):
    error, asked = run(opened)
    assert isinstance(error, SystemExit) and asked == []
    assert "%pip install https://github.com/OWNER/NAME/archive/HEAD.zip" in str(error)


@pytest.mark.filterwarnings("ignore:To exit")
def test_elsewhere_without_the_library_it_asks_nobody(run, monkeypatch):
    monkeypatch.delenv("COLAB_JUPYTER_IP")
    error, asked = run(None)
    assert isinstance(error, SystemExit) and "%pip install .." in str(error) and asked == []


def test_with_the_library_it_does_nothing(run, monkeypatch):
    monkeypatch.undo()
    assert run("fileId=" + GITHUB + "main/book/x.ipynb") == (None, [])
