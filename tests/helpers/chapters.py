"""What the tests of the chapters' form read from a notebook."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import nbformat
from nbformat import NotebookNode

ROOT = Path(__file__).parents[2]
CHAPTERS = sorted((ROOT / "book").glob("*.ipynb"))
HIDDEN = {"hide-input", "hide-cell", "remove-input", "remove-cell"}
FENCE = re.compile(r"\{(solution|exercise)-(start|end)\}")


def chapter(path: Path) -> NotebookNode:
    return nbformat.read(path, as_version=4)


def is_hidden(cell: NotebookNode) -> bool:
    return bool(HIDDEN & set(cell.metadata.get("tags", [])))


def visible_code(notebook: NotebookNode) -> Iterator[NotebookNode]:
    """The code that a reader of the page sees: neither folded, nor of an exercise or solution."""
    inside = False
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            for _, end in FENCE.findall(cell.source):
                inside = end == "start"
        elif cell.cell_type == "code" and not inside and not is_hidden(cell):
            yield cell


def parsed(source: str) -> ast.Module:
    """The tree of a cell, in which a magic does nothing."""
    return ast.parse(re.sub(r"^(\s*)[%!].*$", r"\1pass", source, flags=re.M))


def markdown(notebook: NotebookNode) -> str:
    return "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")


def prose(text: str) -> str:
    """Markdown less what is no running text: code, formulas, headings, the heads of boxes, labels.

    What is removed is replaced by spaces, so that places in the result are those in ``text``.
    """
    for pattern in (
        r"^(`{3,})[^\n]*\n.*?^\1[ ]*$",  # blocks of code, which may hold anything
        r"^#{1,6} [^\n]*$",
        r"^:{3,}[^\n]*$",
        r"^:[\w-]+:[^\n]*$",
        r"^\([\w-]+\)=[ ]*$",
        r"<[^<>\n]{3,}>(?!`)",  # HTML
        r"(?<![`}])`[^`\n]+`",  # code in a line, but not roles
        r"\{(?!term)[\w:-]+\}`[^`]*`",  # other roles
        r"\]\([^)\n]*\)",  # addresses
        r"\$\$.*?\$\$|(?<!\$)\$[^$]+\$",  # formulas
        r"\\begin\{(align\*?|gather\*?)\}.*?\\end\{",
    ):
        text = re.sub(pattern, lambda match: " " * len(match[0]), text, flags=re.M | re.S)
    return text
