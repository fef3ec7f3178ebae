"""NIQE against a public implementation, a plain loop of the paper's equations, and common sense."""

import json
import warnings
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.ndimage import correlate, gaussian_filter
from scipy.special import gamma

from experiments import niqe as experiment
from srlib.data.pairs import degrade
from srlib.data.photographs import photograph, photographs
from srlib.errors import ArgumentError, ImageError
from srlib.images import niqe as module
from srlib.images.metrics import Protocol, Score
from srlib.images.niqe import NATURAL, NaturalStatistics, niqe, niqe_features
from srlib.images.reading import read
from srlib.images.resize import imresize
from srlib.images.values import rgb_to_luma, to_tensor
from srlib.images.writing import write

NAMES = [photo.name for photo in photographs()]
# What BasicSR 1.4.2's calculate_niqe gave (it has the authors' parameters, and agrees with their
# MATLAB code to 3e-6 on one image, as it says). It holds the half size in 32 bits, whose rounding
# counts as texture where pixels are equal: 1.4e-3 of immunohistochemistry, 1e-3 of astronaut. With
# that in 64 bits, and flat places exactly 0, it gave our numbers to 1e-12.
BASICSR = {
    "baby": 3.265577,
    "astronaut": 3.064607,
    "chelsea": 2.625536,
    "coffee": 4.115242,
    "rocket": 6.969131,
    "hubble_deep_field": 7.799804,
    "immunohistochemistry": 3.294139,
    "motorcycle": 2.672486,
    "camera": 3.155389,
    "coins": 3.635948,
    "gravel": 4.229901,
}
CLOSE = 2e-3


@cache
def grey(name: str, size: int = 288) -> np.ndarray:
    """uint8 ``(size, size)``, the upper left of a photograph on 16..235."""
    return np.ascontiguousarray(rgb_to_luma(photograph(name).image)[:size, :size])


@pytest.fixture(scope="module")
def authors(srlib_data: Path) -> NaturalStatistics:
    file = srlib_data.parent / "golden" / "niqe_parameters.npz"
    if not file.is_file():
        pytest.skip(f"the authors' parameters are not at {file}")
    with np.load(file) as stored:
        return NaturalStatistics(stored["mu_pris_param"].ravel(), stored["cov_pris_param"])


# ---------------------------------------------------------------------- the public implementation's


@pytest.mark.parametrize("name", NAMES)
def test_photographs_as_basicsr(name, authors):
    assert niqe(photograph(name).image, parameters=authors) == pytest.approx(
        BASICSR[name], abs=CLOSE
    )


def test_baby_as_basicsr(set5, authors):
    baby = read(set5 / "image_SRF_4" / "img_001_SRF_4_HR.png")
    assert niqe(baby, parameters=authors) == pytest.approx(BASICSR["baby"], abs=CLOSE)


def wider_window(plane, sigma, **options):
    return gaussian_filter(plane, 1.1 * sigma, **options)


def mirrored_border(plane, sigma, **options):
    return gaussian_filter(plane, sigma, **(options | {"mode": "reflect"}))


MUTATIONS = {
    "a wider window": ("gaussian_filter", wider_window),
    "another border": ("gaussian_filter", mirrored_border),
    "no second size": ("imresize", lambda luma, scale: luma[: len(luma) // 2, : len(luma.T) // 2]),
    "every second pixel": ("imresize", lambda luma, scale: luma[::2, ::2]),
    "no antialiasing": ("imresize", lambda x, scale: imresize(x, scale, antialias=False)),
    "a diagonal twice": ("_NEIGHBOURS", ((0, 1), (1, 0), (1, 1), (1, 1))),
    "down before across": ("_NEIGHBOURS", ((1, 0), (0, 1), (1, 1), (1, -1))),
    "full-range luma": ("Protocol", lambda border: Protocol(border=border, range="full")),
    "luma not rounded": ("Protocol", lambda border: Protocol(border=border, rounded=False)),
}


@pytest.mark.parametrize("fault", MUTATIONS)
def test_a_wrong_step_would_be_seen(fault, authors, monkeypatch):
    monkeypatch.setattr(module, *MUTATIONS[fault])
    image = photograph("chelsea").image
    features = module._features(module._luma(image, 0))[0]
    away = features.mean(axis=0) - authors.mean
    spread = (np.cov(features, rowvar=False) + authors.covariance) / 2
    wrong = np.sqrt(away @ np.linalg.pinv(spread) @ away)
    assert abs(wrong - BASICSR["chelsea"]) > 2 * CLOSE


# ---------------------------------------------------------------------- the paper's, block by block


def fit_by_search(values: np.ndarray) -> tuple[float, float, float]:
    """Shape, left and right width of an asymmetric generalised Gaussian: the nearest of all."""
    shapes = np.arange(0.2, 10.0005, 0.001)
    ratios = gamma(2 / shapes) ** 2 / (gamma(1 / shapes) * gamma(3 / shapes))
    left = np.sqrt(np.mean(values[values < 0] ** 2))
    right = np.sqrt(np.mean(values[values > 0] ** 2))
    g, r = left / right, np.mean(np.abs(values)) ** 2 / np.mean(values**2)
    wanted = r * (g**3 + 1) * (g + 1) / (g**2 + 1) ** 2
    shape = shapes[np.argmin((ratios - wanted) ** 2)]
    width = np.sqrt(gamma(1 / shape) / gamma(3 / shape))
    return shape, left * width, right * width


def features_by_loop(luma: np.ndarray) -> np.ndarray:
    """Equations 1 and 4 to 8 for one size of a plane, with a window in two dimensions."""
    x = np.arange(-3, 4)
    window = np.exp(-(x**2 + x[:, None] ** 2) / (2 * (7 / 6) ** 2))
    window /= window.sum()
    found = []
    for side, plane in ((96, luma), (48, imresize(luma, 0.5))):
        mean = correlate(plane, window, mode="nearest")
        variance = correlate(plane**2, window, mode="nearest") - mean**2
        normalised = (plane - mean) / (np.sqrt(np.abs(variance)) + 1)
        rows = []
        for i in range(0, plane.shape[0], side):
            for j in range(0, plane.shape[1], side):
                block = normalised[i : i + side, j : j + side]
                shape, left, right = fit_by_search(block)
                row = [shape, (left + right) / 2]
                for down, across in ((0, 1), (1, 0), (1, 1), (1, -1)):
                    neighbours = np.roll(np.roll(block, down, axis=0), across, axis=1)
                    shape, left, right = fit_by_search(block * neighbours)
                    row += [shape, (right - left) * gamma(2 / shape) / gamma(1 / shape)]
                    row += [left, right]
                rows.append(row)
        found.append(rows)
    return np.hstack(found)


def test_features_are_the_papers():
    image = grey("coins", 192)
    expected = features_by_loop(image.astype(np.float64))
    assert expected.shape == (4, 36)
    np.testing.assert_allclose(niqe_features(image), expected, atol=1e-9)


def test_distance_by_hand():
    """Where the covariances are those of the blocks themselves, their pseudo-inverse is known."""
    image = grey("coins")
    features = niqe_features(image)
    mean, covariance = features.mean(axis=0), np.cov(features, rowvar=False)
    itself = NaturalStatistics(mean, covariance)
    assert niqe(image, parameters=itself) == pytest.approx(0, abs=1e-9)
    direction = features[0] - mean  # its distance by 9 blocks' own covariance is (9 - 1)^2 / 9
    moved = NaturalStatistics(mean + 3 * direction, covariance)
    assert niqe(image, parameters=moved) == pytest.approx(3 * 8 / 3, rel=1e-6)


@pytest.mark.parametrize("shape, left, right", [(0.5, 1, 1), (1, 2, 1), (2, 1, 1), (3.5, 1, 4)])
def test_a_known_distribution_is_found(shape, left, right):
    """Asymmetric generalised Gaussian: a gamma variate to the power of 1/shape, on two sides."""
    draw = np.random.default_rng(0)
    size = draw.gamma(1 / shape, size=(3, 200_000)) ** (1 / shape)
    is_left = draw.random(size.shape) < left / (left + right)
    found = module._fit_shape(np.where(is_left, -left * size, right * size))
    expected = np.repeat([[shape], [left], [right]], 3, axis=1)
    np.testing.assert_allclose(found, expected, rtol=0.04)


# ------------------------------------------------------------------------------- the own statistics


@pytest.mark.parametrize("name", NAMES)
def test_truth_looks_more_natural_than_bicubic(name):
    lr, hr = degrade(photograph(name).image, 4)
    assert niqe(hr, border=4) + 1 < niqe(imresize(lr, 4), border=4)


@pytest.mark.parametrize(
    "name", ["astronaut", "chelsea", "coffee", "motorcycle", "camera", "coins"]
)
def test_blur_and_noise_look_less_natural(name):
    image = photograph(name).image.astype(np.float64)
    noise = np.random.default_rng(0).normal(size=image.shape)
    spoilt = {
        "blur": [gaussian_filter(image, (sigma, sigma, 0)) for sigma in (1.5, 3)],
        "noise": [image + sigma * noise for sigma in (20, 50)],
    }
    for kind, images in spoilt.items():
        scores = [niqe(x.clip(0, 255).round().astype(np.uint8)) for x in (image, *images)]
        assert scores == sorted(scores) and scores[0] + 0.5 < scores[-1], (kind, scores)


def test_the_stored_statistics():
    stored = json.loads(NATURAL.read_text("utf-8"))
    natural = NaturalStatistics.load()
    assert NATURAL.stat().st_size < 40_000 and "296 photographs" in natural.source
    np.testing.assert_array_equal(natural.mean, stored["mean"])
    np.testing.assert_array_equal(natural.covariance, natural.covariance.T)
    assert np.linalg.eigvalsh(natural.covariance).min() > 1e-5  # not lost in rounding
    across, down = natural.mean[2:6], natural.mean[6:10]
    assert np.abs(across - down).max() < 0.05  # nature is much the same across and down


def test_fit_save_and_load(tmp_path):
    images = [photograph(name).image for name in ("gravel", "astronaut", "immunohistochemistry")]
    natural = NaturalStatistics.fit(iter(images), 'three, "free"')
    sharp = []
    for image in images:
        features, sharpness = module._features(module._luma(image, 0))
        sharp.append(features[sharpness > 0.75 * sharpness.max()])
    blocks = np.concatenate(sharp)
    assert 36 < len(blocks) < 75
    assert natural.source == f'{len(blocks)} sharp blocks of 3 photographs: three, "free"'
    np.testing.assert_allclose(natural.mean, blocks.mean(axis=0))
    np.testing.assert_allclose(natural.covariance, np.cov(blocks.T))
    natural.save(tmp_path / "natural.json")
    again = NaturalStatistics.load(tmp_path / "natural.json")
    assert again.source == natural.source and list(tmp_path.iterdir()) == [
        tmp_path / "natural.json"
    ]
    np.testing.assert_allclose(again.mean, natural.mean, rtol=1e-6)
    np.testing.assert_allclose(again.covariance, natural.covariance, rtol=1e-6)


def test_sharpness_is_of_each_block():
    image = grey("coins", 192).copy()
    image[:96, 96:] = gaussian_filter(image[:96, 96:], 4)
    sharpness = module._features(image.astype(np.float64))[1]
    assert sharpness.shape == (4,) and sharpness.argmin() == 1


def test_the_program_fits_a_folder(tmp_path, monkeypatch, capsys):
    folder = tmp_path / "photographs"
    folder.mkdir()
    for name in ("gravel", "astronaut", "immunohistochemistry"):
        write(folder / f"{name}.png", photograph(name).image)
    (folder / "SOURCES.md").write_text("no photograph")
    monkeypatch.setattr(experiment, "photographs", lambda: [photograph("coins")])
    to = tmp_path / "found.json"
    assert experiment.main([str(folder), "--about", "three", "--to", str(to)]) == 0
    assert NaturalStatistics.load(to).source.endswith("3 photographs: three")
    assert "coins" in capsys.readouterr().out


# ----------------------------------------------------------------------- what it does not depend on


def test_a_tensor_is_scored_as_the_file_it_would_be():
    image = photograph("chelsea").image
    assert niqe(to_tensor(image)) == niqe(image)
    assert niqe(to_tensor(image).double().requires_grad_()) == niqe(image)
    plane = grey("coins")
    assert niqe(to_tensor(plane)) == niqe(plane)


def test_colour_is_scored_by_its_luma():
    image = photograph("chelsea").image
    assert niqe(image) == niqe(rgb_to_luma(image))
    assert niqe(np.dstack([grey("coins")] * 3)) != niqe(grey("coins"))  # grey is its own luma


def test_brightness_and_negative_change_nothing():
    image = grey("coins") // 2 + 40
    assert niqe(image + np.uint8(60)) == pytest.approx(niqe(image), abs=1e-3)
    assert niqe(255 - image) == pytest.approx(niqe(image), abs=1e-3)
    assert abs(niqe(image // 4) - niqe(image)) > 0.1  # contrast does: the 1 in eq. 1


def test_transposed_and_mirrored_the_features_change_places():
    image = grey("coins")
    features = niqe_features(image).reshape(3, 3, 2, 18)
    turned = niqe_features(image.T.copy()).reshape(3, 3, 2, 18).swapaxes(0, 1)
    down_first = [0, 1, *range(6, 10), *range(2, 6), *range(10, 18)]
    np.testing.assert_allclose(turned[..., down_first], features, atol=2e-3)
    mirrored = niqe_features(image[:, ::-1].copy()).reshape(3, 3, 2, 18)[:, ::-1]
    diagonals = [*range(10), *range(14, 18), *range(10, 14)]
    np.testing.assert_allclose(mirrored[..., diagonals], features, atol=2e-3)


def test_what_is_left_over_by_blocks_does_not_count():
    image = grey("coins").copy()
    assert niqe(image[:280, :250]) == niqe(image[:192, :192])
    assert niqe(image, border=4) == niqe(image[4:-4, 4:-4])


def test_the_score_says_what_was_compared():
    score = niqe(photograph("chelsea").image, border=4)
    assert isinstance(score, Score) and score.protocol == Protocol.paper(4)
    assert str(score) == f"{float(score):.4f} (Y, border 4)"


# ------------------------------------------------------------------------------------------- errors


def test_flat_blocks_are_left_out():
    """A frame of one colour around a photograph: the blocks there say nothing."""
    image = np.full((480, 480), 255, np.uint8)
    image[96:384, 96:384] = grey("coins")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        undefined = np.isnan(niqe_features(image)).any(axis=1).reshape(5, 5)
        assert undefined[[0, 0, 4, 4], [0, 4, 0, 4]].all() and not undefined[1:4, 1:4].any()
        assert np.isfinite(niqe(image))


@pytest.mark.parametrize("value", [0, 77, 255])
def test_a_flat_image_is_refused(value):
    with pytest.raises(ArgumentError, match="2 blocks of 96x96 .* not flat, .* 0 among 4"):
        niqe(np.full((200, 200), value, np.uint8))


def test_one_block_is_too_few():
    assert niqe_features(grey("coins", 96)).shape == (1, 36)
    with pytest.raises(ArgumentError, match="1 among 1"):
        niqe(grey("coins", 96))


@pytest.mark.parametrize(
    "shape, border, said",
    [
        ((95, 300), 0, "at least 96x96 pixels, but of 300x95 border 0 leaves 300x95"),
        ((103, 300, 3), 4, "of 300x103 border 4 leaves 292x95"),
        ((10, 10), 20, "leaves 0x0"),
    ],
)
def test_too_small(shape, border, said):
    with pytest.raises(ArgumentError, match=said):
        niqe(np.zeros(shape, np.uint8), border=border)


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((200, 200)),
        np.zeros((200, 200, 4), np.uint8),
        np.zeros((200, 200, 2), np.uint8),
        torch.full((1, 3, 200, 200), 2.0),
        torch.zeros(2, 3, 200, 200),
        "chelsea.png",
    ],
)
def test_what_is_no_image(image):
    with pytest.raises((ImageError, ArgumentError)):
        niqe(image)


@pytest.mark.parametrize("border", [-1, 1.5, None])
def test_border_is_a_number_of_pixels(border):
    with pytest.raises(ArgumentError, match="border must be a whole number"):
        niqe(grey("coins"), border=border)


def test_statistics_that_cannot_be_used(tmp_path):
    with pytest.raises(ArgumentError, match="mean must be"):
        NaturalStatistics(np.zeros(18), np.eye(36))
    with pytest.raises(ArgumentError, match="covariance must be"):
        NaturalStatistics(np.zeros(36), np.full((36, 36), np.nan))
    with pytest.raises(ArgumentError, match="too few"):
        NaturalStatistics.fit([], "none")
    for text in ("no JSON", "[]", '{"mean": []}'):
        (tmp_path / "other.json").write_text(text)
        with pytest.raises(ArgumentError, match="holds no natural statistics"):
            NaturalStatistics.load(tmp_path / "other.json")
