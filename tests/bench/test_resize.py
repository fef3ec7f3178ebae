"""The measurements of imresize: the methods do one job, and the table says what it should."""

import io

import numpy as np
import pytest
from rich.console import Console

from bench import resize as bench

SMALL = {"enlarge": bench.Job("up", 20, 14, 4), "shrink": bench.Job("down", 64, 40, 1 / 4)}


@pytest.mark.parametrize("job", SMALL.values(), ids=SMALL)
def test_all_methods_do_the_same_job(job):
    image = job.image()
    assert image.shape == (job.height, job.width, 3) and image.dtype == np.uint8
    _, results = bench.take_turns(job, image)
    np.testing.assert_array_equal(results["srlib imresize"], results[bench.LOOP])
    for name, result in results.items():
        assert result.shape == results[bench.LOOP].shape and result.dtype == np.uint8, name
        error = np.abs(result.astype(int) - results[bench.LOOP]).mean()
        assert error < 12, (name, error)  # grey levels: about the same picture, in place


def test_large_images_continue_the_photograph():
    image = bench.JOBS["shrink"].image()
    assert image.shape == (1356, 2040, 3)
    np.testing.assert_array_equal(image[427], image[426])


@pytest.mark.parametrize("key", SMALL)
def test_the_table_counts_differences_and_compares_with_the_loop(key, monkeypatch):
    monkeypatch.setattr(bench, "JOBS", SMALL)
    monkeypatch.setattr(bench, "memory", lambda job, method: 3_000_000)
    console = Console(width=100, file=io.StringIO())
    console.print(bench.table(key, console))
    text = console.file.getvalue()
    rows = {
        method.name: next(x for x in text.splitlines() if method.name in x)
        for method in bench.METHODS
    }
    assert "no pixel" in rows["srlib imresize"] and "no pixel" in rows[bench.LOOP]
    assert "%" in rows["OpenCV INTER_CUBIC"] and "1.00" in rows["Pillow BICUBIC"]
    assert all("3 MB" in row for row in rows.values())
    assert "course project's took 2 min 17 s" in " ".join(text.split())


def test_memory_of_a_call_holds_at_least_its_result():
    peak = bench.memory("enlarge", "srlib imresize")
    if peak is None:
        pytest.skip("this system does not tell a process its peak")
    assert 8_000_000 < peak < 30_000_000  # the result has 8.3 MB, a whole float32 image 33
