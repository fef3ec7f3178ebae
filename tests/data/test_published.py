"""Benchmark sets and DIV2K, found or fetched.

No test uses the network: what is fetched is written by a stand-in for the download.
"""

import hashlib
import shutil
import zipfile

import numpy as np
import pytest

from srlib.data import published
from srlib.data.patches import Patches
from srlib.data.published import benchmark_files, div2k, download, downloads
from srlib.errors import DownloadError, ImageError
from srlib.images.reading import read
from srlib.images.writing import write


@pytest.fixture
def nothing_at_hand(tmp_path, monkeypatch):
    """No data folder, an empty cache; returns the cache."""
    monkeypatch.delenv("SRLIB_DATA", raising=False)
    monkeypatch.delenv("SRLIB_DIV2K_MIRROR", raising=False)
    monkeypatch.setenv("SRLIB_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def data_folder(tmp_path, monkeypatch, nothing_at_hand):
    """An empty folder that SRLIB_DATA names."""
    folder = tmp_path / "data"
    folder.mkdir()
    monkeypatch.setenv("SRLIB_DATA", str(folder))
    return folder


def lay_out_div2k(folder, part, numbers):
    """A tiny DIV2K: 12x8 pixels, the value of each is its image's number modulo 256."""
    for sub, suffix, shape in (
        (f"DIV2K_{part}_HR", "", (8, 12)),
        (f"DIV2K_{part}_LR_bicubic/X4", "x4", (2, 3)),
    ):
        (folder / sub).mkdir(parents=True)
        for number in numbers:
            image = np.full((*shape, 3), number % 256, np.uint8)
            write(folder / sub / f"{number:04}{suffix}.png", image)


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_set5_is_the_published_one(scale, set5):
    images = benchmark_files("set5", scale)
    assert [name for name, _, _ in images] == [f"img_{k:03}" for k in range(1, 6)]
    hashes = published._registry()
    for _, hr, lr in images:
        height, width = read(lr).shape[:2]
        assert read(hr).shape == (height * scale, width * scale, 3)
        for path in (hr, lr):
            key = path.relative_to(set5.parent).as_posix()
            assert hashlib.sha256(path.read_bytes()).hexdigest() == hashes[key]


def test_the_registry_lists_every_published_file():
    counts = {
        (name, scale): sum(file.startswith(f"{name}/image_SRF_{scale}/") for file in registry)
        for registry in [published._registry()]
        for name, scales in published._scales().items()
        for scale in scales
    }
    assert counts == {
        **{("Set5", scale): 10 for scale in (2, 3, 4)},
        **{("Set14", scale): 28 for scale in (2, 3, 4)},
        **{("BSD100", scale): 200 for scale in (2, 3, 4)},
        **{("Urban100", scale): 200 for scale in (2, 4)},
    }
    assert all(len(digest) == 64 for digest in published._registry().values())


def test_a_benchmark_that_is_not_there_is_fetched_once(nothing_at_hand, monkeypatch):
    asked = []

    def fetch(addresses, target, sha256, *, progress):
        asked.append((addresses[0], sha256))
        target.parent.mkdir(parents=True, exist_ok=True)
        write(target, np.zeros((4, 4, 3), np.uint8))

    monkeypatch.setattr(published, "fetch", fetch)
    monkeypatch.setattr(published, "is_whole", lambda file, _: file.is_file())
    images = benchmark_files("Set14", 3)
    assert len(images) == 14 and len(asked) == 28
    assert asked[0] == (
        "https://raw.githubusercontent.com/jbhuang0604/SelfExSR/"
        "8f6dd8c1d20cb7e8792a7177b4f6fd677633f598/data/Set14/image_SRF_3/img_001_SRF_3_HR.png",
        published._registry()["Set14/image_SRF_3/img_001_SRF_3_HR.png"],
    )
    assert images[13][2] == nothing_at_hand / "Set14/image_SRF_3/img_014_SRF_3_LR.png"
    images[3][1].unlink()
    benchmark_files("Set14", 3)
    assert len(asked) == 29


def test_download_fetches_all_scales(nothing_at_hand, monkeypatch):
    asked = []
    monkeypatch.setattr(published, "fetch", lambda addresses, *_, **__: asked.append(addresses[0]))
    assert download("urban100") == nothing_at_hand / "Urban100"
    assert len(asked) == 400


def test_benchmarks_that_were_not_published():
    with pytest.raises(ValueError, match="Urban100 was published at x2, x4, not at x3"):
        benchmark_files("Urban100", 3)
    with pytest.raises(ValueError, match="'Set6': choose Set5, Set14, BSD100, Urban100"):
        benchmark_files("Set6", 2)


def test_an_incomplete_benchmark_names_the_first_missing_file(data_folder):
    folder = data_folder / "Set5" / "image_SRF_2"
    folder.mkdir(parents=True)
    for number in (1, 3, 4, 5):
        (folder / f"img_00{number}_SRF_2_HR.png").touch()
        (folder / f"img_00{number}_SRF_2_LR.png").touch()
    with pytest.raises(ImageError, match=r"2 of 10 .* first is .*img_002_SRF_2_HR\.png"):
        benchmark_files("Set5", 2)


@pytest.fixture
def copied_set5(set5, tmp_path, monkeypatch):
    """Set5 in a folder of its own, in which files can be damaged."""
    folder = tmp_path / "copy"
    shutil.copytree(set5, folder / "Set5", copy_function=shutil.copyfile)
    for each in [folder / "Set5", *(folder / "Set5").rglob("*/")]:
        each.chmod(0o755)  # whatever the rights of the folders that were copied
    monkeypatch.delenv("SRLIB_DATA")
    return folder


def damage(file):
    data = file.read_bytes()
    file.unlink()
    file.write_bytes(data[:-50])


def test_a_damaged_or_exchanged_file_of_a_given_set_is_named(copied_set5, monkeypatch):
    monkeypatch.setenv("SRLIB_DATA", str(copied_set5))
    assert len(benchmark_files("Set5", 4)) == 5
    file = copied_set5 / "Set5/image_SRF_4/img_003_SRF_4_LR.png"
    damage(file)
    with pytest.raises(ImageError, match=r"1 of 10 files are not the published .*003_SRF_4_LR"):
        benchmark_files("Set5", 4)
    file.unlink()
    shutil.copy(file.with_name("img_002_SRF_4_LR.png"), file)
    with pytest.raises(ImageError, match=r"1 of 10 files are not the published .*003_SRF_4_LR"):
        benchmark_files("Set5", 4)


def test_a_damaged_file_in_the_cache_is_fetched_again(copied_set5, monkeypatch, caplog):
    monkeypatch.setenv("SRLIB_CACHE", str(copied_set5))
    asked = []
    monkeypatch.setattr(published, "fetch", lambda addresses, *_, **__: asked.append(addresses[0]))
    benchmark_files("Set5", 4)
    assert asked == []
    damage(copied_set5 / "Set5/image_SRF_4/img_003_SRF_4_LR.png")
    benchmark_files("Set5", 4)
    assert len(asked) == 1 and asked[0].endswith("Set5/image_SRF_4/img_003_SRF_4_LR.png")
    assert "1 files of Set5 in" in caplog.text and "they are fetched again" in caplog.text


def test_a_data_folder_that_does_not_exist_is_no_reason_to_download(monkeypatch, tmp_path):
    monkeypatch.setenv("SRLIB_DATA", str(tmp_path / "mistyped"))
    with pytest.raises(ValueError, match="mistyped', which is not a folder"):
        benchmark_files("Set5", 2)


def test_div2k_is_split_into_640_160_and_100(data_folder):
    lay_out_div2k(data_folder / "DIV2K", "train", range(1, 801))
    lay_out_div2k(data_folder / "DIV2K", "valid", range(801, 901))
    numbers = {
        split: [int(path.stem) for path in div2k(split)] for split in published._DIV2K_SPLITS
    }
    assert numbers["train"] == list(range(1, 641))
    assert numbers["val"] == list(range(641, 801))
    assert numbers["test"] == list(range(801, 901))
    assert all("valid" in str(path) for path in div2k("test"))
    pairs = div2k("val", "bicubic_x4")
    assert len(pairs) == 160
    assert all(lr.name == f"{hr.stem}x4.png" for hr, lr in pairs)
    assert pairs[0][1] == data_folder / "DIV2K/DIV2K_train_LR_bicubic/X4/0641x4.png"
    _, hr = Patches(div2k("train")[:5], scale=4, patch_size=8, batch_size=50, seed=0).batch(0)
    assert set((hr[:, 0, 0, 0] * 255).round().int().tolist()) == {1, 2, 3, 4, 5}


def test_an_incomplete_div2k_names_the_first_missing_image(data_folder):
    lay_out_div2k(data_folder / "DIV2K", "train", [n for n in range(1, 801) if n not in (7, 650)])
    with pytest.raises(ImageError, match=r"1 of 640 .* first is .*0007\.png"):
        div2k("train")
    with pytest.raises(ImageError, match=r"1 of 160 .* first is .*0650\.png"):
        div2k("val")


@pytest.fixture
def div2k_server(tmp_path, monkeypatch):
    """Stands in for the download: (addresses asked, archives that can be had)."""
    asked, archives = [], tmp_path / "archives"
    archives.mkdir()

    def fetch(addresses, target, sha256):
        asked.append(list(addresses))
        source = archives / target.name
        if not source.exists():
            raise DownloadError(f"cannot download {target.name}")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(source.read_bytes())
        assert sha256 == published._DIV2K_ARCHIVES[target.stem]
        return target

    monkeypatch.setattr(published, "fetch", fetch)
    return asked, archives


def test_div2k_is_fetched_and_unpacked_once(nothing_at_hand, div2k_server, tmp_path, monkeypatch):
    asked, archives = div2k_server
    lay_out_div2k(tmp_path / "theirs", "valid", range(801, 901))
    for name, inside in (("HR", "HR"), ("LR_bicubic_X4", "LR_bicubic/X4")):
        with zipfile.ZipFile(archives / f"DIV2K_valid_{name}.zip", "w") as archive:
            for file in (tmp_path / "theirs" / f"DIV2K_valid_{inside}").iterdir():
                archive.write(file, file.relative_to(tmp_path / "theirs"))
    monkeypatch.setenv("SRLIB_DIV2K_MIRROR", "http://mirror.example/div2k/")
    for _ in range(2):
        pairs = div2k("test", "bicubic_X4")
        assert len(pairs) == 100
        assert pairs[99][1] == nothing_at_hand / "DIV2K/DIV2K_valid_LR_bicubic/X4/0900x4.png"
    assert asked == [
        [
            f"http://mirror.example/div2k/DIV2K_valid_{name}.zip",
            f"https://data.vision.ee.ethz.ch/cvl/DIV2K/DIV2K_valid_{name}.zip",
        ]
        for name in ("HR", "LR_bicubic_X4")
    ]
    assert not list(nothing_at_hand.rglob("*.zip"))
    assert download("div2k_VALID_hr") == nothing_at_hand / "DIV2K" / "DIV2K_valid_HR"


def test_a_div2k_that_cannot_be_fetched_leaves_no_folder(nothing_at_hand, div2k_server):
    with pytest.raises(DownloadError, match="DIV2K_train_HR.zip"):
        div2k("train")
    assert not list(nothing_at_hand.rglob("DIV2K_train_HR"))


def test_unknown_splits_tracks_and_names_start_no_download(nothing_at_hand, div2k_server):
    with pytest.raises(ValueError, match="'validation': choose train, val, test"):
        div2k("validation")
    with pytest.raises(ValueError, match="'unknown_X2': choose bicubic_X2"):
        div2k("test", "unknown_X2")
    with pytest.raises(ValueError, match="'DIV8K': choose Set5, .*DIV2K_train_HR"):
        download("DIV8K")
    assert len(downloads()) == 12
