"""Perceptual distances in tiles are those of whole images, and a missing one has its reason."""

import numpy as np
import pytest

from srlib.benchmarking import perception
from srlib.benchmarking.perception import Perception, vgg_distances
from srlib.data.dead_leaves import dead_leaves
from srlib.errors import ImageError, WeightsUnavailable
from srlib.images.niqe import NaturalStatistics, niqe
from srlib.images.resize import imresize
from srlib.images.values import to_tensor
from srlib.networks.vgg import VGGDistance
from srlib.networks.weights import digest_of


@pytest.fixture(scope="module")
def distance(random_vgg) -> VGGDistance:
    return VGGDistance(random_vgg)


@pytest.fixture(scope="module")
def images() -> dict[str, np.ndarray]:
    """Sizes that are multiples of nothing."""
    hr = np.ascontiguousarray(dead_leaves(110, 0)[:, :77])
    return {
        "truth": hr,
        "brighter": (hr // 2 + 90).astype(np.uint8),
        "blurred": imresize(imresize(hr[:, :76], 1 / 2), 2)[:, [*range(76), 75]],
    }


@pytest.mark.parametrize("tile", [16, 36, 108, 384])
def test_tiles_give_what_the_whole_image_gives(distance, images, monkeypatch, tile):
    monkeypatch.setattr(perception, "TILE", tile)
    found = vgg_distances(distance, images, images["truth"])
    for name, image in images.items():
        whole = float(distance(to_tensor(image), to_tensor(images["truth"])))
        assert found[name] == pytest.approx(whole, rel=1e-4, abs=1e-9)
    assert found["truth"] == 0 < found["brighter"] != found["blurred"] > 0


def test_an_image_larger_than_a_tile(distance):
    """As it is used: two tiles a side, the second begun at a multiple of the pools' strides."""
    hr = dead_leaves(420, 1)[:, :401]
    sr = imresize(imresize(hr[:, :400], 1 / 2), 2)[:, [*range(400), 399]]
    found = vgg_distances(distance, {"blurred": sr}, hr)["blurred"]
    whole = float(distance(to_tensor(sr), to_tensor(hr)))
    assert max(hr.shape) > perception.TILE and found == pytest.approx(whole, rel=1e-4)


def test_without_what_the_features_see_around_a_tile_they_differ(distance, images, monkeypatch):
    monkeypatch.setattr(perception, "TILE", 36)
    monkeypatch.setattr(perception, "MARGIN", 4)
    found = vgg_distances(distance, images, images["truth"])["blurred"]
    whole = float(distance(to_tensor(images["blurred"]), to_tensor(images["truth"])))
    assert found != pytest.approx(whole, rel=1e-3)


def test_nothing_is_downloaded_unasked(monkeypatch, tmp_path, images):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    none = Perception(2)
    assert set(none.missing) == {"vgg", "lpips"} and set(none.about) == {"niqe"}
    # NIQE needs nothing, but a larger image than this
    assert none(images, images["truth"])["blurred"] == dict.fromkeys(Perception.COLUMNS)


def test_a_file_that_was_asked_for_must_be_there(tmp_path):
    with pytest.raises(WeightsUnavailable, match="cannot read"):
        Perception(2, tmp_path / "none.safetensors")


def test_it_says_what_was_used(random_vgg):
    about = Perception(2, random_vgg).about
    digest = digest_of(VGGDistance(random_vgg))
    assert about["vgg"] == f"VGG-19 relu1_2 relu2_2 relu3_1; random.safetensors, {digest}"
    assert about["niqe"] == NaturalStatistics.load().source


@pytest.mark.parametrize("border", [0, 4])
def test_niqe_is_of_each_result_without_its_border(border):
    hr = dead_leaves(204, 0)
    sr = imresize(imresize(hr, 1 / 2), 2)
    sr[:4] = 0  # a border of another kind
    seen = Perception(border)({"sr": sr, "hr": hr}, hr)
    assert seen["sr"]["niqe"] == niqe(sr, border=border) != niqe(sr, border=4 - border)
    assert seen["hr"]["niqe"] == niqe(hr, border=border)


@pytest.mark.parametrize(
    "image", [dead_leaves(199, 0)[:, :191], np.full((300, 300, 3), 7, np.uint8)]
)
def test_an_image_too_small_or_too_flat_has_no_niqe(image):
    assert Perception(4).naturalness(image) is None


def test_what_is_no_image_is_no_matter_of_size():
    with pytest.raises(ImageError):
        Perception(4).naturalness(dead_leaves(199, 0) / 255)
