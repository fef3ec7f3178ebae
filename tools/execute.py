"""Run notebooks top to bottom in place, so that a second run leaves no diff.

    python tools/execute.py book/01_pixels_and_fidelity.ipynb ...
    python tools/execute.py --check book/*.ipynb     # run nothing; say which were never run cleanly

What differs between two honest runs is taken out: execution times, the places where a stream was
cut in two. Cells tagged ``nbval-ignore-output`` (timings, say) print something else each time; a
notebook in which nothing but these changed is left as it was.
"""

import argparse
import hashlib
import json
import os
import re
import sys
import tempfile
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode

LIVE = "application/vnd.jupyter.widget-view+json"  # what a page without a kernel cannot show


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("notebooks", nargs="+", type=Path)
    parser.add_argument("--check", action="store_true", help="run nothing, report stale notebooks")
    args = parser.parse_args()
    if args.check:
        faults = [fault for path in args.notebooks for fault in stale(path)]
        print("\n".join(faults) or f"{len(args.notebooks)} notebooks: each from one clean run")
        return bool(faults)
    for path in args.notebooks:
        start = time.perf_counter()
        changed = execute(path)
        seconds = time.perf_counter() - start
        print(f"{path}: {'written' if changed else 'unchanged'} ({seconds:.0f} s)", flush=True)
    return 0


def execute(path: Path) -> bool:
    """Run one notebook; write it only if more than ignored outputs changed. True if written."""
    old = nbformat.read(path, as_version=4)
    new = nbformat.from_dict(json.loads(json.dumps(old)))
    new.metadata.pop("widgets", None)  # of a former run: a run without widgets leaves it
    client = NotebookClient(
        new, kernel_name="python3", timeout=1200, resources={"metadata": {"path": path.parent}}
    )
    client.execute()
    new = normalise(new)
    if comparable(new) == comparable(old):
        return False
    write(new, path)
    return True


def normalise(notebook: NotebookNode) -> NotebookNode:
    """Take out what differs between two runs of the same code."""
    for cell in code_cells(notebook):
        cell.metadata.pop("execution", None)
        cell.outputs = joined(cell.outputs)
    notebook.metadata.kernelspec = {
        "display_name": "Python 3",
        "language": "python",
        "name": "python3",
    }
    notebook.metadata.language_info = {"name": "python"}
    notebook.metadata["sources"] = sources_digest(notebook)
    return notebook


def joined(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """One stream that arrived in pieces becomes one output again."""
    whole: list[NotebookNode] = []
    for output in outputs:
        last = whole[-1] if whole else None
        if last and output.output_type == last.output_type == "stream" and output.name == last.name:
            last.text += output.text
        else:
            whole.append(output)
    return whole


def comparable(notebook: NotebookNode) -> dict:
    """The notebook less the outputs that may differ; of a widget their markup may not."""
    copy = json.loads(json.dumps(notebook))
    for cell in copy["cells"]:
        if "nbval-ignore-output" in cell["metadata"].get("tags", []):
            cell["outputs"] = [made for made in map(widget_markup, cell["outputs"]) if made]
    return copy


def widget_markup(output: dict) -> str:
    """One of :mod:`srlib.book.widgets`: handlers, styles, tags and attributes, without values."""
    html = "".join(output.get("data", {}).get("text/html", ""))
    if not html.startswith('<figure class="srlib"'):
        return ""
    head, _, body = html.partition("</style>")
    live = LIVE * (LIVE in output["data"])  # saved from a front end: to be written anew
    return head + re.sub(r'="[^"]*"|(?<=>)[^<]+', "", body) + live


def sources_digest(notebook: NotebookNode) -> str:
    """Of all code, so that an edit is seen even where the outputs stay the same."""
    code = "\0".join(cell.source for cell in code_cells(notebook))
    return hashlib.sha256(code.encode()).hexdigest()[:16]


def stale(path: Path) -> list[str]:
    """Why the stored outputs are not those of one clean run of the stored code, if so."""
    notebook = nbformat.read(path, as_version=4)
    counts = [cell.execution_count for cell in code_cells(notebook) if cell.source.strip()]
    faults = []
    if counts != list(range(1, len(counts) + 1)):
        faults.append(f"{path}: execution counts are {counts}, not 1 to {len(counts)}")
    if any(
        LIVE in output.get("data", {}) for cell in code_cells(notebook) for output in cell.outputs
    ):
        faults.append(f"{path}: saved from a live notebook, its controls are dead: make notebooks")
    if notebook.metadata.get("sources") != sources_digest(notebook):
        faults.append(f"{path}: code was edited after the last run: make notebooks")
    return faults


def code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def write(notebook: NotebookNode, path: Path) -> None:
    """All of the file or nothing."""
    text = nbformat.writes(notebook)
    text = re.sub(r"[ \t]+$", "", text, flags=re.M)
    with tempfile.NamedTemporaryFile("w", dir=path.parent, suffix=".tmp", delete=False) as file:
        file.write(text + "\n")
    os.chmod(file.name, 0o644)
    os.replace(file.name, path)


if __name__ == "__main__":
    sys.exit(main())
