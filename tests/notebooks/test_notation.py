"""``notation.md`` against the formulas of the chapters: which letter stands for what, and where.

The index of symbols names the chapters of each symbol. A letter that a chapter uses otherwise
stands in the second table; a chapter's own "Symbols of this chapter" declares none beside these.
"""

import re

import pytest

from tests.helpers.chapters import CHAPTERS, ROOT, chapter, markdown

FORMULA = re.compile(
    r"\$\$(.+?)\$\$|(?<![\\$])\$([^$]+?)\$|\\begin\{(align\*?|gather\*?)\}(.+?)\\end\{\3\}", re.S
)
OTHERWISE = "## Letters that a chapter uses otherwise"
FREE = "## Letters of the moment"
FEW = 3  # a letter that occurs more rarely is explained where it stands
NOT_LETTERS = set(
    "approx arg bar bigl bigr Big Bigg Biggl Biggr Bigl Bigr big bigg biggl biggr cases cdot cdots "
    "circ colon cos ddot displaystyle dot dots exists exp forall frac dfrac ge geq gg hat iff "
    "implies in infty int lVert lceil ldots le left leftarrow leq lfloor lim ll log lvert mapsto "
    "mathbb mathbf mathcal max mid min nabla ne neq odot overline partial phantom pi pm prime prod "
    "propto qquad quad rVert rceil rfloor right rightarrow rvert sim sin sqrt star sum tan "
    "textstyle tfrac tilde times to top underbrace vec Vert vert label tag".split()
)


def formulas(text: str) -> list[str]:
    text = re.sub(r"^(`{3,})(?!\{math)[^\n]*\n.*?^\1", "", text, flags=re.M | re.S)
    text = re.sub(r"(?<!`)`[^`\n]+`", "", text)
    found = re.findall(r"^`{3,}\{math\}\n(?::[^\n]*\n)*(.*?)^`{3,}", text, re.M | re.S)
    return found + ["".join(groups[:2] + groups[3:]) for groups in FORMULA.findall(text)]


def plain(formula: str) -> str:
    """Less words, environments and white space, with one way to write what has two."""
    formula = re.sub(r"\\(begin|end)\{[^}]*\}", " ", formula)
    formula = re.sub(r"\\(?:text|mathtt|textrm|texttt)\{[^}]*\}", " ", formula)
    formula = re.sub(r"\\(?:mathrm|operatorname\*?)\{([^}]*)\}", word, formula)
    formula = re.sub(r"\\(hat|bar|tilde)\{?\s*(\\?[A-Za-z])\}?", r"\\\1 \2", formula)
    return re.sub(r"_\{([A-Za-z0-9])\}", r"_\1", formula)


def word(match: re.Match) -> str:
    """A name such as MSE as one sign; a single upright letter as that letter."""
    name = match[1].strip()
    return f" {name} " if len(name) == 1 else f" @{name}@ "


def compound(sign: str) -> bool:
    """Whether a sign of the table is more than a letter: a name, a subscript, a hat."""
    return bool(re.search(r"@|_|\\hat", sign))


def counts(notebook_text: str, signs: set[str]) -> dict[str, int]:
    """How often the compound ``signs`` occur, and each letter outside of them and of subscripts."""
    found: dict[str, int] = {}
    text = " ; ".join(plain(formula) for formula in formulas(notebook_text))
    for sign in sorted(filter(compound, signs), key=len, reverse=True):
        pattern = r"(?<![A-Za-z])" + re.escape(sign).replace(r"\ ", r"\s*") + r"(?![A-Za-z0-9])"
        if sign.startswith("@"):
            pattern = re.escape(sign)
        found[sign] = len(re.findall(pattern, text))
        text = re.sub(pattern, " ", text)
    text = re.sub(r"@[^@]*@", " ", text)
    text = re.sub(r"_(\{[^{}]*\}|\\[A-Za-z]+|[A-Za-z0-9])", " ", text)
    for control, letter in re.findall(r"\\([A-Za-z]+)|([A-Za-z])", text):
        if control not in NOT_LETTERS:
            name = f"\\{control}" if control else letter
            found[name] = found.get(name, 0) + 1
    return {sign: number for sign, number in found.items() if number}


def signs_in(cell: str) -> list[str]:
    """The signs that the first cell of a row names: ``$h(t)$`` and ``$p, q$`` are h; p and q."""
    found = []
    for formula in re.findall(r"\$([^$]+)\$", cell):
        formula = re.sub(r"(?<=[A-Za-z])[(\[][^)\]]*[)\]]", "", plain(formula))
        found += [re.sub(r"\s+", " ", sign).strip() for sign in formula.split(",")]
    return [sign.replace("@ ", "@").strip() for sign in found if sign.strip()]


def rows(text: str) -> list[list[str]]:
    lines = [line for line in text.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [row for row in cells if "$" in row[0]]


def numbers(cell: str) -> set[int]:
    return {int(number) for number in re.findall(r"\[(\d)\]", cell)}


def read(text: str) -> tuple[dict[str, set[int]], dict[str, set[int]], set[str]]:
    """Of notation.md: sign -> chapters, in both tables; and the letters of the moment."""
    index, rest = text.split(OTHERWISE)
    otherwise, free = rest.split(FREE)
    tables = []
    for part in (index, otherwise):
        table: dict[str, set[int]] = {}
        for row in rows(part):
            for sign in signs_in(row[0]):
                table[sign] = table.get(sign, set()) | numbers(row[-1])
        tables.append(table)
    moment = {sign for formula in re.findall(r"\$[^$]+\$", free) for sign in signs_in(formula)}
    return *tables, moment


def faults(notation: str, texts: dict[int, str]) -> list[str]:
    """What the tables say and the chapters do not, and the other way round."""
    index, otherwise, moment = read(notation)
    said = [f"{sign}: names no chapter" for sign, each in index.items() if not each]
    for row in rows(notation.split(OTHERWISE)[1]):
        if {int(number) for number in re.findall(r"(?:^|; )(\d): ", row[1])} != numbers(row[-1]):
            said.append(f"{row[0]}: its meanings are not those of {row[-1]}")
    for number, text in texts.items():
        found = counts(text, set(index) | set(otherwise))
        for table in (index, otherwise):
            absent = [s for s, each in table.items() if number in each and s not in found]
            said += [f"chapter {number} has no {sign}" for sign in absent]
        told = {sign for table in (index, otherwise) for sign in table if number in table[sign]}
        for sign, count in found.items():
            if sign not in told | moment and count >= FEW:
                said.append(f"chapter {number} uses {sign} {count} times: not declared")
        own = [sign for row in rows(own_table(text)) for sign in signs_in(row[0])]
        said += [
            f"chapter {number} declares {sign} by itself alone"
            for sign in own
            if sign not in told | moment and base(sign) not in told | moment
        ]
    return said


def base(sign: str) -> str:
    """``m`` of m_k."""
    return re.sub(r"_.*|\\(?:hat|bar|tilde)\s*", "", sign)


def own_table(text: str) -> str:
    """What stands below "Symbols of this chapter", to the end of its table."""
    _, found, rest = text.partition("Symbols of this chapter")
    table = re.search(r"^\|.*?(?=^(?!\|))", rest + "\n", re.M | re.S) if found else None
    return table[0] if table else ""


def test_tables_and_chapters_agree():
    notation = (ROOT / "book" / "notation.md").read_text(encoding="utf-8")
    texts = {int(path.stem[:2]): markdown(chapter(path)) for path in CHAPTERS}
    assert faults(notation, texts) == []


def unused_names(notation: str, codes: dict[int, str]) -> list[str]:
    """Names of the column "in code" that none of their chapters has in its code."""
    unused = []
    for row in rows(notation.split(OTHERWISE)[0]):
        chapters = numbers(row[-1]) & set(codes)
        for name in re.findall("`([^`]+)`", row[2]):
            word = re.sub(r"[\[(].*", "", name).split(".")[-1]  # mean of .mean()
            pattern = re.compile(rf"(?<!\w){word}(?!\w)")
            if not any(pattern.search(codes[number]) for number in chapters):
                unused.append(name)
    return unused


def test_names_in_code_are_in_the_chapters():
    notation = (ROOT / "book" / "notation.md").read_text(encoding="utf-8")
    codes = {
        int(path.stem[:2]): "\n".join(
            cell.source for cell in chapter(path).cells if cell.cell_type == "code"
        )
        for path in CHAPTERS
    }
    assert unused_names(notation, codes) == []
    renamed = {number: re.sub(r"\bhr\b", "truth", code) for number, code in codes.items()}
    assert unused_names(notation, renamed) == ["hr"]


TABLES = f"""
| symbol | what | chapters |
|---|---|---|
| $h(t)$ | a kernel | [1](a) |
| $\\hat x$ | an estimate | [1](a), [2](b) |
| $\\mathrm{{MSE}}$ | an error | [1](a) |

{OTHERWISE}

| letter | there | chapter |
|---|---|---|
| $h$ | 2: a height | [2](b) |

{FREE}

$i, j$ count.
"""
ONE = r"$h(t_i)$, $\hat{x}$ and $$\mathrm{MSE} = j$$"
TWO = "$h$ high, $\\hat x_i$ "


def test_each_meaning_of_a_letter_names_its_chapter():
    wrong = TABLES.replace("2: a height", "3: a height")
    assert faults(wrong, {1: ONE, 2: TWO}) == ["$h$: its meanings are not those of [2](b)"]


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        ({1: ONE, 2: TWO}, ""),
        ({1: ONE, 2: TWO + "$q$, `$z$`"}, ""),
        ({1: ONE, 2: TWO + "$q + q^2 + q$"}, "chapter 2 uses q 3 times: not declared"),
        ({1: ONE, 2: TWO + "$x + x + x$"}, "chapter 2 uses x 3 times: not declared"),
        ({1: ONE, 2: r"$\hat x$"}, "chapter 2 has no h"),
        ({1: r"$h + \hat x$", 2: TWO}, "chapter 1 has no @MSE@"),
        ({1: ONE, 2: TWO, 3: "$h h h$"}, "chapter 3 uses h 3 times: not declared"),
        (
            {
                1: ONE,
                2: TWO + "\nSymbols of this chapter\n\n| symbol | is |\n|--|--|\n| $v_i$ | v |\n",
            },
            "chapter 2 declares v_i by itself alone",
        ),
    ],
)
def test_a_letter_that_is_not_declared_would_be_seen(texts, said):
    assert "; ".join(faults(TABLES, texts)) == said
