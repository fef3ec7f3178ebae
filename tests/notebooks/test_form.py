"""The form of the chapters: what a page shows, how long it is, and that questions have answers.

Each rule is a function from a notebook to what is wrong in it, and is tried on a tiny notebook that
breaks it. That two import lines bring the library is in ``test_chapter_imports.py``; captions and
alternative texts are in ``test_notebooks.py``.
"""

import ast
import re

import nbformat
import pytest
import yaml
from nbformat import NotebookNode

from tests.helpers.chapters import (
    CHAPTERS,
    ROOT,
    chapter,
    markdown,
    parsed,
    prose,
    visible_code,
)

TITLES = {
    "01_pixels_and_fidelity": "Pixels and fidelity",
    "02_interpolation": "Interpolation",
    "03_srcnn": "SRCNN",
    "04_gan_theory": "GAN theory",
    "05_srgan": "SRGAN",
    "06_benchmark": "Benchmarking",
}
VISIBLE_LINES = 300  # in a chapter
CELL_LINES, NETWORK_LINES = 15, 25
COLUMNS = 88
FOLDED = {"hide-input", "hide-cell"}
HEADING = r"^#{1,6} \S"
PREDICT = r"^:{3,} *\{admonition\} *Predict"
ANSWER = (
    r"^:{3,} *\{dropdown\} *(?:The a|A)nswer"
    r"|^:{3,} *\{admonition\} *(?:The a|A)nswer[^\n]*\n(?::[^\n]*\n)*:class:[^\n]*dropdown"
)

each = pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)


def start(cell: NotebookNode) -> str:
    return cell.source.strip().split("\n")[0][:70]


def lines(cell: NotebookNode) -> int:
    return len(cell.source.splitlines())


def too_long(notebook: NotebookNode) -> list[str]:
    total = sum(lines(cell) for cell in visible_code(notebook))
    return [f"{total} visible lines, {VISIBLE_LINES} at most"] if total > VISIBLE_LINES else []


def long_cells(notebook: NotebookNode) -> list[str]:
    faults = []
    for cell in visible_code(notebook):
        limit = NETWORK_LINES if defines_a_network(cell) else CELL_LINES
        if lines(cell) > limit:
            faults.append(f"{lines(cell)} lines, {limit} at most: {start(cell)}")
    return faults


def defines_a_network(cell: NotebookNode) -> bool:
    classes = [node for node in ast.walk(parsed(cell.source)) if isinstance(node, ast.ClassDef)]
    return any(ast.unparse(base).endswith("Module") for each in classes for base in each.bases)


def wide_lines(notebook: NotebookNode) -> list[str]:
    """In any code cell: folded ones and solutions are read, too."""
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    found = [line for cell in cells for line in cell.source.splitlines()]
    return [f"{len(line)} columns: {line.strip()[:70]}" for line in found if len(line) > COLUMNS]


def many_asserts(notebook: NotebookNode) -> list[str]:
    faults = []
    for cell in visible_code(notebook):
        count = sum(isinstance(node, ast.Assert) for node in ast.walk(parsed(cell.source)))
        if count > 1:
            faults.append(f"{count} asserts: {start(cell)}")
    return faults


def title(notebook: NotebookNode) -> str | None:
    found = re.search(r"^# (.*)$", prose_with_headings(notebook), re.M)
    return found[1].strip() if found else None


def prose_with_headings(notebook: NotebookNode) -> str:
    return re.sub(r"^(`{3,}).*?^\1[ ]*$", "", markdown(notebook), flags=re.M | re.S)


def told_once(notebook: NotebookNode) -> list[str]:
    """Where the book came from is told by README, once."""
    text = " ".join(" ".join(cell.source for cell in notebook.cells).split())
    return re.findall(r"(?i).{0,30}student(?:'s|s'|’s|s’)? project.{0,30}", text)


def unanswered(notebook: NotebookNode) -> list[str]:
    """A question to be predicted has its answer, folded, before the next question or heading."""
    marks = re.compile(f"(?P<predict>{PREDICT})|(?P<answer>{ANSWER})|(?P<heading>{HEADING})", re.M)
    faults, asked = [], None
    text = prose_with_headings(notebook)
    for mark in [*marks.finditer(text), None]:
        if mark and mark.lastgroup == "answer":
            asked = None
            continue
        if asked is not None:
            faults.append(" ".join(text[asked : asked + 160].split()))
        asked = mark.start() if mark and mark.lastgroup == "predict" else None
    return faults


def late_picture(notebook: NotebookNode) -> list[str]:
    """Above the first picture stands one bar of folded code at most, and no code that is seen."""
    folded = []
    for cell in notebook.cells:
        if cell.cell_type != "code":
            if re.search(r"^!\[|^:::+ *\{figure\}", cell.source, re.M):
                break
            continue
        tags = set(cell.metadata.get("tags", []))
        if tags & FOLDED or cell in list(visible_code(notebook)):
            folded.append(start(cell))
        if shows_a_picture(cell):
            break
    return folded if len(folded) > 1 else []


def shows_a_picture(cell: NotebookNode) -> bool:
    data = [output.get("data", {}) for output in cell.get("outputs", [])]
    html = "".join(str(each.get("text/html", "")) for each in data)
    drawn = any(kind.startswith("image/") for each in data for kind in each)
    return drawn or "<svg" in html or "<img" in html


def glossary_terms() -> dict[str, str]:
    """What stands before each definition, by its small letters."""
    text = (ROOT / "book" / "glossary.md").read_text(encoding="utf-8")
    inside = re.search(r"^:::\{glossary\}\n(.*?)^:::", text, re.M | re.S)[1]
    return {line.strip().lower(): line.strip() for line in re.findall(r"^\S.*$", inside, re.M)}


def links(text: str) -> list[tuple[int, str]]:
    """Place and term of each link to the glossary, in small letters."""
    found = []
    for match in re.finditer(r"\{term\}`([^`]*)`", text):
        target = re.search(r"<([^>]*)>$", match[1])
        word = target[1] if target else match[1]
        found.append((match.start(), " ".join(word.split()).lower()))
    return found


def late_links(notebook: NotebookNode) -> list[str]:
    """A term that a chapter links is linked where its sections first say it.

    What stands above the first section (a question, what will be learnt, a table of symbols) may
    name what is explained later.
    """
    text = prose(markdown(notebook))
    section = re.search(r"^## ", markdown(notebook), re.M)
    first = section.start() if section else 0
    faults, seen = [], set()
    for place, term in links(text):
        before = re.sub(r"\{term\}`[^`]*`", "", text[first:place])
        word = re.escape(term).replace(r"\ ", r"\s+")
        used = re.search(rf"(?<![\w-]){word}(?:s|es)?(?![\w-])", before, re.I)
        if term not in seen and used:
            around = " ".join(before[max(0, used.start() - 40) : used.end() + 20].split())
            faults.append(f"{term} is said before it is linked: ... {around} ...")
        seen.add(term)
    return faults


def misnumbered(notebook: NotebookNode) -> list[str]:
    """A link that says "chapter 4" leads to the fourth; no other chapter is spoken of."""
    text = markdown(notebook)
    linked = re.findall(r"\[(?:[Cc]hapters? )?(\d)[^\]\n]{0,30}\]\((\d\d)_", text)
    said = re.findall(r"[Cc]hapters? (\d+)", prose(text))
    wrong = [f"chapter {number}, but file {file}" for number, file in linked if number != file[1:]]
    return wrong + [f"chapter {number}" for number in said if not 1 <= int(number) <= len(TITLES)]


RULES = (
    too_long,
    long_cells,
    wide_lines,
    many_asserts,
    told_once,
    unanswered,
    late_picture,
    misnumbered,
)


@each
@pytest.mark.parametrize("rule", [*RULES, late_links], ids=lambda rule: rule.__name__)
def test_form(path, rule):
    assert rule(chapter(path)) == []


def test_every_chapter_has_a_title_here():
    assert set(TITLES) == {path.stem for path in CHAPTERS}


@each
def test_title_names_the_subject_and_the_book_numbers_it(path):
    assert title(chapter(path)) == TITLES[path.stem]
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text())
    parts = [part for part in toc["parts"] if {"file": f"book/{path.stem}"} in part["chapters"]]
    assert [part.get("numbered") for part in parts] == [1]
    config = yaml.safe_load((ROOT / "_config.yml").read_text())["sphinx"]["config"]
    assert config["numfig"] and config["math_numfig"] and config["numfig_secnum_depth"] == 1


def test_chapters_are_numbered_in_the_order_of_their_files():
    """So that "chapter 4" in the text is what the page calls 4."""
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text())
    numbered = [part["chapters"] for part in toc["parts"] if part.get("numbered")]
    files = [each["file"] for part in numbered for each in part]
    assert files == [f"book/{path.stem}" for path in CHAPTERS]
    assert [int(path.stem[:2]) for path in CHAPTERS] == list(range(1, len(CHAPTERS) + 1))


@each
def test_words_are_linked_to_the_glossary(path):
    found = {term for _, term in links(markdown(chapter(path)))}
    assert len(found) >= 5 and found <= set(glossary_terms())


def test_each_word_of_the_glossary_is_linked_from_a_chapter():
    found = {term for path in CHAPTERS for _, term in links(markdown(chapter(path)))}
    assert sorted(set(glossary_terms()) - found) == []


def test_the_glossary_is_in_the_order_of_the_alphabet():
    terms = list(glossary_terms())
    assert terms == sorted(terms) and len(terms) == len(set(terms)) > 30


def book(*cells: tuple[str, str] | str, picture: int | None = None) -> NotebookNode:
    """Cells: text of markdown, or (code, tag). ``picture``: the one that shows one."""
    made = []
    for cell in cells:
        if isinstance(cell, str):
            made.append(nbformat.v4.new_markdown_cell(cell))
        else:
            tags = [cell[1]] if cell[1] else []
            made.append(nbformat.v4.new_code_cell(cell[0], metadata={"tags": tags}))
    if picture is not None:
        made[picture].outputs = [nbformat.v4.new_output("display_data", {"image/png": "x"})]
    return nbformat.v4.new_notebook(cells=made)


SIXTEEN = "\n".join(["x = 1"] * 16)
NETWORK = "class Net(torch.nn.Module):\n" + "\n".join(["    x = 1"] * 24)
ASKED = ":::{admonition} Predict, then run\n:class: tip\nHow many?\n:::"
TOLD = ":::{admonition} Answer\n:class: dropdown\nTwo.\n:::"
SOLVED = (":::{solution-start} a\n:::", (SIXTEEN, ""), ":::{solution-end}\n:::")


@pytest.mark.parametrize(
    ("rule", "bad", "good"),
    [
        (too_long, book(*[(SIXTEEN, "")] * 19), book(*[(SIXTEEN, "")] * 18)),
        (too_long, book(*[(SIXTEEN, "")] * 19), book(*[(SIXTEEN, "hide-input")] * 19)),
        (long_cells, book((SIXTEEN, "")), book((SIXTEEN, "hide-input"))),
        (long_cells, book((SIXTEEN, "")), book(*SOLVED)),
        (long_cells, book(*SOLVED, (SIXTEEN, "")), book(*SOLVED, (SIXTEEN[6:], ""))),
        (long_cells, book((NETWORK + "\n    x = 1", "")), book((NETWORK, ""))),
        (wide_lines, book(("x" * 89, "hide-input")), book(("x" * 88, ""))),
        (many_asserts, book(("assert a\nassert b", "")), book(("%magic\nassert a", ""))),
        (many_asserts, book(("assert a\nassert b", "")), book(("assert a\nassert b", "hide-cell"))),
        (told_once, book("As the\nstudent project did"), book("As the students did")),
        (unanswered, book(ASKED), book(ASKED, TOLD)),
        (unanswered, book(ASKED, "## Next", TOLD), book(ASKED, ("run()", ""), TOLD, "## Next")),
        (unanswered, book(ASKED, ASKED, TOLD), book(ASKED, TOLD, ASKED, TOLD)),
        (unanswered, book(ASKED, TOLD.replace("dropdown", "note")), book(ASKED, TOLD)),
        (
            late_picture,
            book(("a", "hide-input"), ("b", "hide-input"), picture=1),
            book(("a", "remove-input"), ("b", "hide-input"), ("c", "hide-input"), picture=1),
        ),
        (
            late_picture,
            book(("a", ""), ("b", "hide-input"), picture=1),
            book("![a](b.png)", ("a", ""), ("b", "hide-input"), picture=2),
        ),
        (misnumbered, book("[chapter 4](03_srcnn)"), book("[chapter 3](03_srcnn.ipynb#a)")),
        (misnumbered, book("as in chapter 7"), book("as in chapters 1 and [2](02_interpolation)")),
        (
            late_links,
            book("Strides are large. A {term}`stride` is a step."),
            book("## Stride\n\n`stride` and a {term}`stride`; a stride."),
        ),
        (
            late_links,
            book("All of an Ill-posed\nkind, {term}`so <Ill-posed>`"),
            book("An ill-posed one.\n\n## Why\n\n$ill-posed$: {term}`so <Ill-posed>`, ill-posed"),
        ),
    ],
)
def test_a_rule_sees_what_breaks_it(rule, bad, good):
    assert rule(good) == [] and rule(bad) != []


def test_a_title_is_the_first_heading_outside_code():
    notebook = book("```\n# a comment\n```\n", "# SRCNN\n\n## Forty pictures")
    assert title(notebook) == "SRCNN" and title(book("text")) is None
