"""The tables: what they hold, how they are written, and what a person is told beside them."""

import csv
import io
import json
import math
import os

import pytest
from rich.console import Console

from srlib.benchmarking.report import (
    ACCURACY,
    SUMMARY,
    Report,
    as_csv,
    as_markdown,
    as_rich,
    summarise,
    write,
)
from srlib.images.metrics import HIGHEST_PSNR
from tests.helpers.full_disk import files_no_larger_than
from tests.helpers.tables import rows

MORE = {"a": {"parameters": 0, "peak_mb": 300.0, "before_mb": 200.0}, "b": {"parameters": 57281}}


def record(image: str, method: str, **more: object) -> dict:
    known = {"image": image, "method": method, "psnr": 30.0, "ssim": 0.9, "vgg": None}
    size = {"lr_width": 20, "lr_height": 10, "lpips": None, "niqe": 4.0}
    return known | size | {"seconds": 0.5, "cpu_seconds": 1.0, "multiply_adds": 7} | more


@pytest.fixture
def report() -> Report:
    records = [
        record("x", "a"),
        record("x", "b", psnr=math.inf, multiply_adds=None),
        record("y", "a", psnr=20.0, seconds=1.5, multiply_adds=10, lr_width=40),
        record("y", "b", niqe=None),
    ]
    about = {
        "set": "Two",
        "scale": 2,
        "protocol": "Y, border 2",
        "images": ["x", "y"],
        "repeats": 3,
        "threads": 1,
        "processes": 2,
        "memory": "the most that it holds",
        "perception": {"niqe": "2 photographs.", "vgg": "VGG-19 relu1_1; file, 0ab"},
        "truth": {"niqe": 3.456},
        "versions": {"python": "3", "torch": "2"},
        "machines": [{"processor": "one", "cores": 4, "memory_gb": 7.6}],
        "empty": {"vgg": "no weights."},
        "date": "today",
    }
    return Report(records, summarise(records, MORE, 2), about)


def test_a_summary_is_of_means(report):
    a, b = report.summary
    assert tuple(a) == SUMMARY and report.of("b") is b
    assert (a["images"], a["psnr"], a["seconds"], a["cpu_seconds"]) == (2, 25.0, 1.0, 1.0)
    assert a["frames_per_second"] == 1 and a["megapixels_per_second"] == 600 * 4 / 2 / 1e6
    assert a["multiply_adds"] == 8 and a["peak_mb"] == 300.0  # 8.5, rounded to even
    assert b["psnr"] == pytest.approx((HIGHEST_PSNR + 30) / 2)  # not infinite by one image
    assert b["multiply_adds"] is None and b["peak_mb"] is None
    assert a["vgg"] is None and b["parameters"] == 57281
    assert a["niqe"] == 4.0 and b["niqe"] is None  # of one image it is not known


def test_csv_has_empty_cells_for_what_is_not_known():
    text = as_csv([{"image": "a, b", "psnr": 1 / 3}], ACCURACY)
    assert text == 'image,method,psnr,ssim,vgg,lpips,niqe\n"a, b",,0.333333,,,,\n'
    assert list(csv.DictReader(io.StringIO(text)))[0]["image"] == "a, b"


def test_text_in_csv_stays_as_it_is():
    """An experiment may round in its own way."""
    assert as_csv([{"psnr": "1.50"}, {"psnr": 1.5}], ["psnr"]) == "psnr\n1.50\n1.500000\n"


def test_files(report, tmp_path):
    written = write(report, tmp_path)
    names = ["accuracy.csv", "efficiency.csv", "summary.csv", "record.json", "table.md"]
    assert [path.name for path in written] == names and sorted(os.listdir(tmp_path)) == sorted(
        names
    )
    assert [row["psnr"] for row in rows(written[0])] == [
        "30.000000",
        "inf",
        "20.000000",
        "30.000000",
    ]
    assert [row["seconds"] for row in rows(written[1])] == ["0.5", "0.5", "1.5", "0.5"]
    record = json.loads(written[3].read_text(), parse_constant=pytest.fail)  # no bare Infinity
    assert record["records"][1]["psnr"] == "inf" and record["set"] == "Two"


def test_a_file_that_cannot_be_written_leaves_the_old(report, tmp_path):
    write(report, tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    with files_no_larger_than(100), pytest.raises(OSError):
        write(report, tmp_path)
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_person_is_told_the_same_in_both_ways(report):
    console = Console(width=120, file=io.StringIO())
    console.print(as_rich(report))
    terminal, text = console.file.getvalue(), as_markdown(report)
    lines = text.splitlines()
    assert lines[0] == "# Two, x2, 2 images"
    assert lines[2] == "| method | PSNR | SSIM | NIQE | ms | cpu ms | fps | weights | GMAC | MB |"
    assert lines[4].startswith("| a | 25.00 | 0.9000 | 4.00 | 1000 | 1000 | 1 | 0 |")
    assert lines[5].startswith("| b | 44.46 | 0.9000 |  | 500 | 1000 | 2 | 57 k |")
    notes = ["No vgg: no weights.", "MB: the most that it holds.", "one, 4 cores, 8 GB"]
    notes += ["NIQE of the truth: 3.46.", "- niqe: 2 photographs.\n", "VGG-19 relu1_1; file, 0ab."]
    for said in notes:
        assert said in text and said.strip() in terminal
    assert "1 thread(s), 2 process(es)" in text and text.endswith("- today.\n")


def test_images_that_are_met_exactly_or_have_no_niqe_are_named(report):
    about = report.about | {"exact": ["white.png"], "without_niqe": ["a", "b", "c", "d", "e"]}
    text = as_markdown(Report(report.records, report.summary, about))
    assert "- 'white.png': a method met the truth as closely as 8 bits can tell. In the m" in text
    assert "no image counts for more than 58.9 dB" in text
    assert "- NIQE is without 'a', 'b', 'c' and 2 more: too small or too flat for it." in text


def test_the_mean_of_niqe_is_over_images_whose_truth_has_one():
    records = [
        record("x", "a", niqe_of_truth=3.0),
        record("white", "a", niqe=None, niqe_of_truth=None),
    ]
    (row,) = summarise(records, {"a": {}}, 2)
    assert row["niqe"] == 4.0 and row["images"] == 2


def test_without_the_truths_niqe_nothing_is_said_of_it(report):
    about = {name: value for name, value in report.about.items() if name != "truth"}
    text = as_markdown(Report(report.records, report.summary, about))
    assert "of the truth:" not in text and "NIQE: how unlike photographs" in text


def test_without_times_nothing_is_said_of_them(report):
    untimed = [row | {"seconds": None, "cpu_seconds": None} for row in report.records]
    more = {name: {"parameters": 1} for name in "ab"}
    text = as_markdown(Report(untimed, summarise(untimed, more, 2), report.about | {"repeats": 0}))
    assert " fps " not in text and "clock" not in text and "MB" not in text
