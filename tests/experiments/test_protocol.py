"""The stored tables of "why is my PSNR 2 dB off?" are what the code computes and papers say."""

import os
from pathlib import Path

import numpy as np
import pytest

from experiments import protocol
from srlib.data.photographs import photographs
from srlib.data.test_sets import test_set

SET5 = protocol.RESULTS / "protocol_set5.csv"
CAUSES = protocol.RESULTS / "protocol_causes_set5.csv"
PHOTOGRAPHS = protocol.RESULTS / "protocol_photographs.csv"


def set5() -> list[np.ndarray]:
    if not (Path(os.environ.get("SRLIB_DATA", "")) / "Set5" / "image_SRF_4").is_dir():
        pytest.skip("SRLIB_DATA names no folder that holds Set5")
    return [pair.hr for pair in test_set("Set5", protocol.SCALE)]


def test_photographs_table_is_fresh():
    fresh = protocol.table([photo.image for photo in photographs()])
    assert protocol.read(PHOTOGRAPHS) == pytest.approx(fresh, abs=0.005)


def test_set5_table_is_fresh():
    assert protocol.read(SET5) == pytest.approx(protocol.table(set5()), abs=0.005)


@pytest.mark.parametrize(
    "recipe, expected",
    [
        ("the papers' protocol", 28.42),  # published, SRCNN's Table 3
        ("RGB instead of luma", 26.70),
        ("luma in full range", 27.11),
        ("torch both ways", 27.68),
        ("torch enlarges", 28.62),
        ("Pillow both ways", 28.417),
        ("torch, antialias, both ways", 28.419),
    ],
)
def test_set5_known_values(recipe, expected):
    assert protocol.read(SET5)[recipe] == pytest.approx(expected, abs=0.01)


def test_set5_causes_are_fresh():
    stored = protocol.read(CAUSES, protocol.CAUSES)
    assert stored == pytest.approx(protocol.causes(set5()), abs=0.0005)


def rgb_costs(rows: dict[str, float]) -> float:
    """What RGB costs against luma before it is rounded, less the 1.32 dB of the range."""
    cost = rows["luma not rounded"] - rows["RGB instead of luma"]
    return cost - 20 * np.log10(255 / 219)


def test_set5_causes_add_up_to_what_rgb_costs():
    stored = protocol.read(CAUSES, protocol.CAUSES)
    parts = stored["unequal errors"] + stored["cancelling"]
    assert parts == pytest.approx(rgb_costs(protocol.read(SET5)), abs=0.0003)
    assert stored["unequal errors"] == pytest.approx(0.084, abs=0.001)


def test_photographs_causes_add_up_to_what_rgb_costs():
    found = protocol.causes([photo.image for photo in photographs()])
    parts = found["unequal errors"] + found["cancelling"]
    assert parts == pytest.approx(rgb_costs(protocol.read(PHOTOGRAPHS)), abs=0.0003)


@pytest.mark.parametrize(
    "errors, unequal, cancelling",
    [
        ((3, 3, 3), 1, 1),  # in step and of one size: neither
        ((0, 4, 0), (16 / 3) / (0.587 * 4) ** 2, 1),  # one plane alone cannot cancel
        ((4, -4, 0), (32 / 3) / (0.886 * 4) ** 2, (0.886 / 0.288) ** 2),  # red against green
    ],
)
def test_the_causes_of_known_errors(errors, unequal, cancelling):
    hr = np.full((8, 8, 3), 100, np.uint8)
    sr = np.uint8(hr + np.array(errors))
    found = protocol.rgb_against_luma(sr, hr)
    assert found == pytest.approx(10 * np.log10([unequal, cancelling]))


def test_opencv_is_torch_without_antialiasing():
    """The book says so, and has only torch to show it."""
    cv2 = pytest.importorskip("cv2")

    def opencv(image: np.ndarray, factor: float) -> np.ndarray:
        return cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC)

    both_ways = protocol.Recipe("OpenCV both ways", opencv, opencv)
    stored = protocol.read(SET5)["torch both ways"]
    assert protocol.score(both_ways, set5()) == pytest.approx(stored, abs=0.01)


def test_pooling_takes_the_mean_of_the_errors():
    """Two grey images with MSE 1 and 9: the mean PSNR is that of MSE 3, the pooled one of MSE 5."""
    images = [np.full((64, 64, 3), level, np.uint8) for level in (100, 200)]

    def worse(image: np.ndarray, factor: float) -> np.ndarray:
        error = 1 if image[0, 0, 0] == 100 else 3
        return np.full((64, 64, 3), int(image[0, 0, 0]) + error, np.uint8)

    def same(image: np.ndarray, factor: float) -> np.ndarray:
        return image

    rgb = protocol.Protocol("RGB", protocol.SCALE)
    for pooled, mse in ((False, 3), (True, 5)):
        recipe = protocol.Recipe("made up", same, worse, rgb, pooled)
        assert protocol.score(recipe, images) == pytest.approx(10 * np.log10(255**2 / mse))


def test_a_failed_write_leaves_the_old_table(tmp_path):
    path = tmp_path / "table.csv"
    protocol.write({"a, b": 1.0}, path)
    assert protocol.read(path) == {"a, b": 1.0}
    with pytest.raises(ValueError):
        protocol.write({"a": 2.0, "b": "not a number"}, path)
    assert protocol.read(path) == {"a, b": 1.0} and list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("stored", [SET5, PHOTOGRAPHS])
def test_a_stored_table_is_written_as_it_stands(stored, tmp_path):
    protocol.write(protocol.read(stored), tmp_path / "again.csv")
    assert (tmp_path / "again.csv").read_bytes() == stored.read_bytes()
