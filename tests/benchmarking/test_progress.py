"""What a benchmark has done so far: whole files, taken up again only where the settings agree."""

import json
import os

import pytest

from srlib.benchmarking.compare import benchmark
from srlib.benchmarking.progress import Unfinished
from srlib.errors import BenchmarkError
from tests.helpers.full_disk import files_no_larger_than
from tests.helpers.leaves import leaves

SETTINGS = {"scale": 2, "methods": {"m": {"sha256": "0" * 64}}, "threads": 1}


def test_what_was_stored_is_taken_up(tmp_path):
    store = Unfinished(tmp_path / "new" / "out")
    assert store.begin(SETTINGS) == {}
    store.store(3, [{"image": "x", "psnr": float("inf")}, {"image": "x", "psnr": 0.1 + 0.2}])
    store.store(120000, [{"image": "y", "vgg": None}])
    assert Unfinished(tmp_path / "new" / "out").begin(SETTINGS) == {
        3: [{"image": "x", "psnr": float("inf")}, {"image": "x", "psnr": 0.1 + 0.2}],
        120000: [{"image": "y", "vgg": None}],
    }
    store.remove()
    assert list((tmp_path / "new" / "out").iterdir()) == []
    assert store.begin(SETTINGS) == {}  # and begins anew


def test_without_a_folder_nothing_is_kept():
    store = Unfinished(None)
    assert store.begin(SETTINGS) == {}
    store.store(0, [{"image": "x"}])
    assert store.begin({"other": 1}) == {}
    store.remove()


def test_what_a_killed_process_was_writing_goes(tmp_path):
    store = Unfinished(tmp_path)
    store.begin(SETTINGS)
    store.store(0, [{"image": "x"}])
    part = tmp_path / "unfinished" / ".srlib-0123456789abcdef.part"
    part.write_text('[{"image": "y", "ps')
    assert Unfinished(tmp_path).begin(SETTINGS) == {0: [{"image": "x"}]}
    assert not part.exists()


@pytest.mark.parametrize(
    "change, says",
    [
        ({"scale": 3}, "scale 2, not 3"),
        ({"threads": 2, "scale": 4}, "scale 2, not 4; threads 1, not 2"),
        (
            {"methods": {"m": {"sha256": "1" * 64}}},
            "methods {m: {sha256: 000000000000}}, not {m: {sha256: 111111111111}}",
        ),
        ({"more": "new"}, "more None, not 'new'"),
    ],
)
def test_other_settings_are_refused(tmp_path, change, says):
    Unfinished(tmp_path).begin(SETTINGS)
    with pytest.raises(BenchmarkError, match=f"begun with {says}. Give the same settings to go on"):
        Unfinished(tmp_path).begin(SETTINGS | change)
    assert Unfinished(tmp_path).begin(SETTINGS) == {}


def test_settings_are_compared_as_they_are_read_again(tmp_path):
    """A tuple is stored as a list."""
    for _ in range(2):
        assert Unfinished(tmp_path).begin({"images": ("a", "b"), "numbers": {1: 2}}) == {}


@pytest.mark.parametrize("name", ["settings.json", "00001.json", "1x.json"])
@pytest.mark.parametrize("data", [b"", b"[{", b"\xff\xfe\x00"])
def test_a_damaged_file_is_named(tmp_path, name, data):
    store = Unfinished(tmp_path)
    store.begin(SETTINGS)
    store.store(0, [{"image": "x"}])
    (tmp_path / "unfinished" / name).write_bytes(data)
    with pytest.raises(BenchmarkError, match="unfinished is damaged .*: delete it and begin again"):
        Unfinished(tmp_path).begin(SETTINGS)


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(BenchmarkError, match="cannot use the folder .*file/unfinished"):
        Unfinished(tmp_path / "file").begin(SETTINGS)
    store = Unfinished(tmp_path / "file")
    with pytest.raises(BenchmarkError, match="/file: File exists$"), store.kept_by_one(main=True):
        pass


def test_a_full_disk_loses_nothing(tmp_path):
    store = Unfinished(tmp_path)
    store.begin(SETTINGS)
    store.store(0, [{"image": "x"}])
    with (
        files_no_larger_than(100),
        pytest.raises(BenchmarkError, match="cannot write .*00001.json"),
    ):
        store.store(1, [{"image": "y" * 1000}])
    assert sorted(os.listdir(tmp_path / "unfinished")) == ["00000.json", "settings.json"]
    assert Unfinished(tmp_path).begin(SETTINGS) == {0: [{"image": "x"}]}


def test_a_benchmark_goes_on_after_a_part_and_stops_at_damage(tmp_path, monkeypatch):
    """Killed while it wrote its third image; then somebody spoils the second."""
    whole = benchmark(["bicubic"], leaves(4), 2, repeats=0).records
    store = Unfinished.store

    def killed(self, image, records):
        if image == 2:
            raise KeyboardInterrupt
        store(self, image, records)

    with monkeypatch.context() as patched:
        patched.setattr(Unfinished, "store", killed)
        with pytest.raises(KeyboardInterrupt):
            benchmark(["bicubic"], leaves(4), 2, out=tmp_path, repeats=0)
    unfinished = tmp_path / "unfinished"
    (unfinished / ".srlib-0000.part").write_text("[")
    second = unfinished / "00001.json"
    good = second.read_bytes()
    second.write_bytes(good[:-3])
    with pytest.raises(BenchmarkError, match="damaged"):
        benchmark(["bicubic"], leaves(4), 2, out=tmp_path, repeats=0)
    second.write_bytes(good)
    report = benchmark(["bicubic"], leaves(4), 2, out=tmp_path, repeats=0)
    assert report.records == whole and not unfinished.exists()
    assert json.loads((tmp_path / "record.json").read_text())["records"] == whole


def test_two_benchmarks_in_one_folder(tmp_path):
    """The second is refused before it works; when the first has ended the folder is free."""
    (tmp_path / ".srlib-0123.part").write_bytes(b"half")
    with Unfinished(tmp_path).kept_by_one(main=True):
        assert not (tmp_path / ".srlib-0123.part").exists()
        with pytest.raises(BenchmarkError, match="another benchmark is writing into"):
            benchmark(["bicubic"], leaves(1), 2, out=tmp_path, repeats=0)
        with Unfinished(tmp_path).kept_by_one(main=False):  # a process of the same benchmark
            pass
    benchmark(["bicubic"], leaves(1), 2, out=tmp_path, repeats=0)
