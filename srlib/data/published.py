"""Published sets: Set5, Set14, BSD100, Urban100 and DIV2K, and where each comes from.

They are looked for under the folder named by the environment variable ``SRLIB_DATA``, then in the
user's cache (which ``SRLIB_CACHE`` moves), and are downloaded into it when they are in neither.
"""

import logging
import os
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path

from tqdm.auto import tqdm

from srlib.data.download import alone_in, cache_folder, fetch, is_whole, unzip
from srlib.errors import ArgumentError, ImageError

log = logging.getLogger(__name__)

PUBLISHED = ("Set5", "Set14", "BSD100", "Urban100")

# Set5, Set14, BSD100 and Urban100 with LR files made by MATLAB, as distributed with SelfExSR
# (Huang, Singh, Ahuja, CVPR 2015).
_SELFEXSR = (
    "https://raw.githubusercontent.com/jbhuang0604/SelfExSR/"
    "8f6dd8c1d20cb7e8792a7177b4f6fd677633f598/data/"
)

# DIV2K (Agustsson, Timofte, CVPR workshops 2017): archive -> SHA-256.
_DIV2K = "https://data.vision.ee.ethz.ch/cvl/DIV2K/"
_DIV2K_ARCHIVES = {
    "DIV2K_train_HR": "9d0b9c463f6e35b6c62cc6a930ee2224f670b34c1df841a57670f9acf0f6c335",
    "DIV2K_valid_HR": "20dd31fd84d777bc1cf5d6b7654a3f569c0aec74458ae094122ad1d0489900fc",
    "DIV2K_train_LR_bicubic_X2": "a53a424317575838dadce4bcd97cf7b744d6855f43740ed5f0245af3cf4bd850",
    "DIV2K_train_LR_bicubic_X3": "ad5c8e5507e2765823d3c2c5bd0934842efcd487c5370604c224090898b3163a",
    "DIV2K_train_LR_bicubic_X4": "f006b837f4eb52b82909aa01478e6d6d199eefce932179491d0c9dbb706dde3a",
    "DIV2K_valid_LR_bicubic_X2": "60eed9875c697df51204aa579e2a699e1d5215095788a097ff54dd17e2664d57",
    "DIV2K_valid_LR_bicubic_X3": "04b9a2ed3b4a0715d3924d3ae8514830c3328fac8d30512ce716d6f419e052a3",
    "DIV2K_valid_LR_bicubic_X4": "a50a5d1c4b88de4e8d300d8fb2b904c52fe93b2b298a4899697760d7cbb6d553",
}

# Image numbers of each split: the first 640 and the last 160 of the 800 training images, and the
# 100 official validation images, which serve as the test set since their HR side is public.
_DIV2K_SPLITS = {
    "train": ("train", range(1, 641)),
    "val": ("train", range(641, 801)),
    "test": ("valid", range(801, 901)),
}


def benchmark_files(name: str, scale: int) -> list[tuple[str, Path, Path]]:
    """A published benchmark set in its usual order; fetched if it is nowhere.

    Args:
        name: one of ``PUBLISHED``, in any case.
        scale: 2, 3 or 4; Urban100 was published at 2 and 4 only.

    Returns:
        for each image its name, such as ``"img_001"``, the HR file, which is cropped to a multiple
        of the scale, and the LR file.

    Raises:
        ArgumentError: for another name, or a scale that was not published.
        ImageError: when the folder under ``SRLIB_DATA`` lacks some of the files, or some are not
            the published ones: SHA-256 is compared each time.
        DownloadError: when the files are not at hand and cannot be fetched.
    """
    name = _one_of(name, PUBLISHED, "benchmark")
    if scale not in _scales()[name]:
        published = ", ".join(f"x{known}" for known in _scales()[name])
        raise ArgumentError(f"{name} was published at {published}, not at x{scale}")
    paths = _selfexsr_files(name, scale)
    hr = [path for path in paths if path.stem.endswith("_HR")]
    lr = [path for path in paths if path.stem.endswith("_LR")]
    return [(a.name.partition("_SRF_")[0], a, b) for a, b in zip(hr, lr, strict=True)]


def div2k(split: str, track: str | None = None) -> list[Path] | list[tuple[Path, Path]]:
    """Files of DIV2K, about 2000x1400 pixels each, in numerical order.

    Args:
        split: ``"train"``, images 0001 to 0640, and ``"val"``, 0641 to 0800, are the official 800
            training images; ``"test"`` is the official validation set, 0801 to 0900.
        track: None for the HR files alone; ``"bicubic_X2"``, ``"bicubic_X3"`` or ``"bicubic_X4"``
            for pairs of an HR file and the published LR file.

    Found under ``$SRLIB_DATA/DIV2K`` or in the cache, laid out as the archives are
    (``DIV2K_train_HR/0001.png``, ``DIV2K_train_LR_bicubic/X2/0001x2.png``); otherwise downloaded:
    3.5 GB for the training HR images, 0.4 GB for the validation ones, from the folder whose address
    is in ``SRLIB_DIV2K_MIRROR``, if it has them, else from their authors. Of several processes, let
    one call it first.

    Raises:
        ArgumentError: for another split or track.
        DownloadError: when the archives are not at hand and cannot be fetched.
        ImageError: when a folder lacks some of the files; names the first.
    """
    part, numbers = _DIV2K_SPLITS[_one_of(split, _DIV2K_SPLITS, "split of DIV2K")]
    if track is not None:
        track = _one_of(track, ("bicubic_X2", "bicubic_X3", "bicubic_X4"), "track of DIV2K")
    folder = _div2k_folder(f"DIV2K_{part}_HR")
    hr = _all_there([folder / f"{number:04}.png" for number in numbers])
    if track is None:
        return hr
    folder = _div2k_folder(f"DIV2K_{part}_LR_{track}")
    lr = _all_there([folder / f"{number:04}x{track[-1]}.png" for number in numbers])
    return list(zip(hr, lr, strict=True))


def downloads() -> list[str]:
    """What :func:`download` can fetch."""
    return [*PUBLISHED, *_DIV2K_ARCHIVES]


def download(name: str) -> Path:
    """Make sure that a data set is on this machine, and say where.

    Args:
        name: one of :func:`downloads`, in any case: a benchmark set with all its scales, or an
            archive of DIV2K.

    Returns:
        its folder, under ``SRLIB_DATA`` if it is there, else in the cache.

    Raises:
        ArgumentError: for another name.
        DownloadError: when it cannot be fetched.
    """
    name = _one_of(name, downloads(), "data set")
    if name in _DIV2K_ARCHIVES:
        return _div2k_folder(name)
    paths = [path for scale in _scales()[name] for path in _selfexsr_files(name, scale)]
    return paths[0].parents[1]


@cache
def _registry() -> dict[str, str]:
    """Path below SelfExSR's data folder -> SHA-256."""
    text = (files("srlib") / "data" / "selfexsr_sha256.txt").read_text("utf-8")
    return dict(line.split() for line in text.splitlines())


@cache
def _scales() -> dict[str, list[int]]:
    """Name of each benchmark set -> the scales it was published at."""
    scales: dict[str, set[int]] = {}
    for file in _registry():
        name, folder, _ = file.split("/")
        scales.setdefault(name, set()).add(int(folder.removeprefix("image_SRF_")))
    return {name: sorted(scales[name]) for name in PUBLISHED}


def _selfexsr_files(name: str, scale: int) -> list[Path]:
    """All files of one set at one scale, by name; fetched if they are nowhere."""
    inside = f"{name}/image_SRF_{scale}"
    wanted = sorted(file for file in _registry() if file.startswith(f"{inside}/"))
    given = _given(inside)
    if given:
        paths = _all_there([given / Path(file).name for file in wanted])
        _all_published(dict(zip(paths, wanted, strict=True)))
        return paths
    here = cache_folder()
    missing = [file for file in wanted if not is_whole(here / file, _registry()[file])]
    damaged = [file for file in missing if (here / file).exists()]
    if damaged:
        log.warning(
            f"{len(damaged)} files of {name} in {here} are not the published ones, the first is "
            f"{damaged[0]}: they are fetched again"
        )
    for file in tqdm(missing, f"{name} x{scale}", unit="file", disable=not missing):
        fetch([_SELFEXSR + file], here / file, _registry()[file], progress=False)
    return [here / file for file in wanted]


def _all_published(files: Mapping[Path, str]) -> None:
    """Refuse what was exchanged or damaged: its numbers would not be those of the set.

    Args:
        files: each with its path in the registry.
    """
    wrong = [path for path, file in files.items() if not is_whole(path, _registry()[file])]
    if wrong:
        raise ImageError(
            f"{len(wrong)} of {len(files)} files are not the published ones (their SHA-256 "
            f"differs), the first is {wrong[0]}: restore them, or move the folder away to have it "
            "downloaded; a folder of your own images is given as such, by its path"
        )


def _div2k_folder(archive: str) -> Path:
    """The folder an archive of DIV2K unpacks to; fetched if it is nowhere."""
    inside = archive.replace("bicubic_X", "bicubic/X")
    here = cache_folder() / "DIV2K"
    given = _given(f"DIV2K/{inside}")
    if given or (here / inside).is_dir():
        return given or here / inside
    mirror = os.environ.get("SRLIB_DIV2K_MIRROR")
    addresses = [f"{base.rstrip('/')}/{archive}.zip" for base in (mirror, _DIV2K) if base]
    (here / inside).parent.mkdir(parents=True, exist_ok=True)
    with alone_in(cache_folder()):
        if not (here / inside).is_dir():  # another process may have been at it
            file = fetch(addresses, here / f"{archive}.zip", _DIV2K_ARCHIVES[archive])
            unzip(file, here / inside, inside)
            file.unlink()
    return here / inside


def _given(inside: str) -> Path | None:
    """That folder below ``SRLIB_DATA``, if it is there."""
    root = os.environ.get("SRLIB_DATA")
    if not root:
        return None
    if not Path(root).is_dir():
        raise ArgumentError(
            f"SRLIB_DATA names {root!r}, which is not a folder: correct or unset it"
        )
    return Path(root) / inside if (Path(root) / inside).is_dir() else None


def _all_there(paths: list[Path]) -> list[Path]:
    missing = [path for path in paths if not path.is_file()]
    if missing:
        raise ImageError(
            f"{len(missing)} of {len(paths)} files are missing, the first is {missing[0]}: "
            "complete the folder, or remove it to have it downloaded"
        )
    return paths


def _one_of(name: str, known: Iterable[str], kind: str) -> str:
    """``name`` as it is written in ``known``, whatever its case."""
    spelling = {item.lower(): item for item in known}
    if str(name).lower() not in spelling:
        raise ArgumentError(f"no {kind} is called {name!r}: choose {', '.join(spelling.values())}")
    return spelling[name.lower()]
