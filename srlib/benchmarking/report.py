"""The tables of a benchmark: as files, as Markdown, on the terminal."""

import csv
import io
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Group
from rich.table import Table
from rich.text import Text

from srlib.atomic import write_whole
from srlib.images.metrics import HIGHEST_PSNR, mean_psnr

SCORES = ("psnr", "ssim", "vgg", "lpips", "niqe")

ACCURACY = ("image", "method", *SCORES)

TIMES = ("seconds", "cpu_seconds")

EFFICIENCY = ("image", "method", "lr_width", "lr_height", *TIMES, "multiply_adds")

SUMMARY = (
    *("method", "images", *SCORES),
    *(*TIMES, "frames_per_second", "megapixels_per_second"),
    *("parameters", "multiply_adds", "peak_mb", "before_mb"),
)

FORMATS = dict.fromkeys((*TIMES, "frames_per_second", "megapixels_per_second"), ".4g")

FORMATS |= dict.fromkeys(SCORES, ".6f") | dict.fromkeys(("peak_mb", "before_mb"), ".0f")

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Report:
    """What came out of a benchmark.

    Attributes:
        records: a row for each image and method, images first: ``image``, ``method``, the scores
            ``psnr`` (dB), ``ssim``, ``vgg``, ``lpips`` and ``niqe`` (None where they could not be
            computed), ``niqe_of_truth``, ``lr_width``, ``lr_height``, ``seconds`` on the clock,
            ``cpu_seconds`` of processor time in all threads, ``multiply_adds``.
        summary: a row for each method: means over the images, in which none counts for more than
            58.9 dB (:func:`srlib.images.metrics.mean_psnr`) and NIQE is without those whose truth
            has none; ``frames_per_second`` (images of this set a second, on the clock),
            ``megapixels_per_second`` (of the results), ``parameters``, ``peak_mb`` and
            ``before_mb`` (see the record's ``memory``).
        about: set, scale, protocol, methods, machines, versions, threads, date; under ``empty`` why
            a column is.
    """

    records: list[dict[str, Any]]
    summary: list[dict[str, Any]]
    about: dict[str, Any]

    def of(self, method: str) -> dict[str, Any]:
        """The summary's row of one method."""
        return next(row for row in self.summary if row["method"] == method)


def summarise(records: Sequence[Row], more: Mapping[str, Row], scale: int) -> list[dict[str, Any]]:
    """A row for each method of ``more``, which holds what does not depend on the image."""
    return [
        _summary(name, [row for row in records if row["method"] == name], extra, scale)
        for name, extra in more.items()
    ]


def _summary(name: str, rows: Sequence[Row], extra: Row, scale: int) -> dict[str, Any]:
    found = {"method": name, "images": len(rows), "psnr": mean_psnr(row["psnr"] for row in rows)}
    found |= {column: _mean(row[column] for row in rows) for column in (*SCORES[1:], *TIMES)}
    found["niqe"] = _mean(row["niqe"] for row in rows if has_naturalness(row))
    if found["seconds"]:
        total = sum(row["seconds"] for row in rows)
        size = sum(row["lr_width"] * row["lr_height"] for row in rows) * scale**2
        found["frames_per_second"] = len(rows) / total
        found["megapixels_per_second"] = size / total / 1e6
    work = _mean(row["multiply_adds"] for row in rows)
    found["multiply_adds"] = None if work is None else round(work)
    return {column: found.get(column, extra.get(column)) for column in SUMMARY}


def has_naturalness(record: Row) -> bool:
    """Whether NIQE can be computed of the truth, which some are too small or too flat for."""
    return record.get("niqe_of_truth", 0.0) is not None


def _mean(values: Iterable[float | None]) -> float | None:
    values = list(values)
    return fmean(values) if values and None not in values else None


# -------------------------------------------------------------------------------------------- files


def write(report: Report, folder: Path) -> list[Path]:
    """Write the tables into a folder, each whole or not at all.

    * ``accuracy.csv``: the scores of each image and method; the same each time it is made.
    * ``efficiency.csv``: time and work of each, as measured.
    * ``summary.csv``: a row for each method.
    * ``record.json``: both, with the machine, versions, protocol and whatever else was recorded.
    * ``table.md``: the summary, to paste.

    Raises:
        OSError: when a file cannot be written.
    """
    record = {**report.about, "summary": report.summary, "records": report.records}
    texts = {
        "accuracy.csv": as_csv(report.records, ACCURACY),
        "efficiency.csv": as_csv(report.records, EFFICIENCY),
        "summary.csv": as_csv(report.summary, SUMMARY),
        "record.json": json.dumps(_finite(record), indent=1) + "\n",
        "table.md": as_markdown(report),
    }
    for name, text in texts.items():
        write_whole(folder / name, text.encode())
    return [folder / name for name in texts]


def as_csv(rows: Iterable[Row], columns: Sequence[str]) -> str:
    """Rows as CSV with a line of column names; what is not known stays empty, text as it is."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_cell(name, row.get(name)) for name in columns] for row in rows)
    return text.getvalue()


def _cell(column: str, value: Any) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    return format(value, FORMATS.get(column, ""))


def _finite(value: Any) -> Any:
    """Infinite PSNR as a string: JSON has no infinity."""
    if isinstance(value, Mapping):
        return {key: _finite(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(each) for each in value]
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


# ------------------------------------------------------------------------------------- for a person


def as_markdown(report: Report) -> str:
    """The summary as a Markdown table, with all it takes to read it below."""
    columns = _shown(report)
    lines = [
        "| " + " | ".join(columns) + " |",
        "|---|" + "--:|" * (len(columns) - 1),
        *("| " + " | ".join(say(row) for say in columns.values()) + " |" for row in report.summary),
    ]
    notes = "".join(f"- {note}\n" for note in _notes(report.about))
    return f"# {_title(report.about)}\n\n" + "\n".join(lines) + f"\n\n{notes}"


def as_rich(report: Report) -> Group:
    """The summary for a terminal, 80 columns wide or more."""
    columns = _shown(report)
    table = Table(title=_title(report.about), title_justify="left", box=SIMPLE_HEAD)
    for name in columns:
        table.add_column(name, justify="left" if name == "method" else "right", overflow="fold")
    for row in report.summary:
        table.add_row(*(say(row) for say in columns.values()))
    return Group(table, *(Text(f"- {note}", style="dim") for note in _notes(report.about)))


def _shown(report: Report) -> dict[str, Any]:
    """Header -> what to say of a row; columns without any value are left out."""
    columns = {
        "method": ("method", str),
        "PSNR": ("psnr", "{:.2f}".format),
        "SSIM": ("ssim", "{:.4f}".format),
        "VGG": ("vgg", "{:.4f}".format),
        "LPIPS": ("lpips", "{:.4f}".format),
        "NIQE": ("niqe", "{:.2f}".format),
        "ms": ("seconds", lambda seconds: _short(1000 * seconds)),
        "cpu ms": ("cpu_seconds", lambda seconds: _short(1000 * seconds)),
        "fps": ("frames_per_second", _short),
        "weights": ("parameters", _thousands),
        "GMAC": ("multiply_adds", lambda number: _short(number / 1e9)),
        "MB": ("peak_mb", "{:,.0f}".format),
    }
    return {
        header: (lambda row, name=name, say=say: "" if row[name] is None else say(row[name]))
        for header, (name, say) in columns.items()
        if any(row[name] is not None for row in report.summary)
    }


def _short(number: float) -> str:
    """Three digits, never in powers of ten: 0.0018, 6.61, 1080."""
    return f"{number:.0f}" if number >= 100 else f"{number:.3g}"


def _thousands(number: int) -> str:
    return str(number) if number < 10_000 else f"{number / 1000:,.0f} k"


def _title(about: Mapping[str, Any]) -> str:
    name = about["set"] or "Images"
    return f"{name}, x{about['scale']}, {len(about['images'])} images"


def _some(names: Sequence[str]) -> str:
    """The first three names, and how many more."""
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(map(repr, names[:3])) + more


def _notes(about: Mapping[str, Any]) -> list[str]:
    """What the columns mean, the machine, and what is missing, a line each."""
    notes = [
        f"PSNR in dB and SSIM: {about['protocol']}. VGG and LPIPS: distances to the truth, 0 is "
        "best. NIQE: how unlike photographs, without the truth; lower is better."
    ]
    exact = about.get("exact", [])
    if exact:
        notes.append(
            f"{_some(exact)}: a method met the truth as closely as 8 bits can tell. In the mean of "
            f"PSNR no image counts for more than {HIGHEST_PSNR:.1f} dB."
        )
    if about.get("without_niqe"):
        said = _some(about["without_niqe"])
        notes.append(f"NIQE is without {said}: too small or too flat for it.")
    if "truth" in about:
        notes.append(f"NIQE of the truth: {about['truth']['niqe']:.2f}.")
    notes += [f"{name}: {said.rstrip('.')}." for name, said in about["perception"].items()]
    if about["repeats"]:
        notes.append(
            f"ms an image on the clock, of processor time (cpu), images a second (fps): median of "
            f"{about['repeats']} calls that took turns; {about['threads']} thread(s), "
            f"{about['processes']} process(es) at once."
        )
        notes.append(f"MB: {about['memory']}.")
    notes.append("GMAC: thousand million multiplications, each with an addition, an image.")
    software = ", ".join(f"{name} {number}" for name, number in about["versions"].items())
    notes += [
        f"{each['processor']}, {each['cores']} cores, {each['memory_gb']:.0f} GB; {software}."
        for each in about["machines"]
    ]
    notes += [f"No {column}: {reason.rstrip('.')}." for column, reason in about["empty"].items()]
    return [*notes, f"{about['date']}."]
