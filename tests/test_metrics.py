"""PSNR and SSIM against hand values, scikit-image and the published table."""

import copy
import pickle

import numpy as np
import pytest
import torch
from skimage.data import astronaut, chelsea
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from srlib import datasets
from srlib.metrics import MetricUnavailable, Protocol, Score, lpips, psnr, ssim
from srlib.resize import imresize

RGB = Protocol(channel="RGB")


@pytest.fixture(scope="module")
def pair() -> tuple[np.ndarray, np.ndarray]:
    """A photograph and its bicubic estimate at x3, RGB uint8."""
    hr = astronaut()[:300, 90:390]
    return imresize(imresize(hr, 1 / 3), 3), hr


def test_psnr_by_hand():
    hr = np.array([[10, 20], [30, 40]], np.uint8)
    sr = np.array([[11, 18], [30, 43]], np.uint8)  # squares 1, 4, 0, 9: MSE 3.5
    assert float(psnr(sr, hr)) == pytest.approx(10 * np.log10(255**2 / 3.5), abs=1e-12)


def test_equal_images(pair):
    _, hr = pair
    assert psnr(hr, hr) == np.inf
    assert ssim(hr, hr) == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("border", [0, 3])
def test_agrees_with_scikit_image_on_rgb(pair, border):
    sr, hr = (image[border : 300 - border, border : 300 - border] for image in pair)
    protocol = Protocol("RGB", border)
    assert float(psnr(*pair, protocol)) == pytest.approx(
        peak_signal_noise_ratio(hr, sr, data_range=255), abs=1e-6
    )
    planes = [_skimage_ssim(sr[..., c], hr[..., c]) for c in range(3)]
    assert float(ssim(*pair, protocol)) == pytest.approx(np.mean(planes), abs=1e-6)


def _skimage_ssim(a: np.ndarray, b: np.ndarray) -> float:
    """scikit-image's map, less the five pixels where its windows are padded."""
    settings = dict(gaussian_weights=True, sigma=1.5, use_sample_covariance=False, full=True)
    _, windows = structural_similarity(a.astype(float), b.astype(float), data_range=255, **settings)
    return windows[5:-5, 5:-5].mean()


def test_luma_has_three_readings(pair):
    """Studio range shrinks differences by 219/255: 1.32 dB, up to the rounding of luma."""
    studio = psnr(*pair, Protocol(rounded=False))
    full = psnr(*pair, Protocol(range="full", rounded=False))
    assert studio - full == pytest.approx(20 * np.log10(255 / 219), abs=1e-3)
    assert abs(psnr(*pair) - studio) < 0.1 and psnr(*pair) != studio


def test_grey_is_its_own_luma():
    grey = chelsea()[:64, :64, 1]
    noisy = grey ^ np.uint8(1)
    assert float(psnr(noisy, grey)) == pytest.approx(20 * np.log10(255), abs=1e-9)


def test_border_is_left_out():
    hr = np.zeros((20, 20), np.uint8)
    sr = hr.copy()
    sr[:2] = sr[-2:] = 255
    sr[:, :2] = sr[:, -2:] = 255
    assert psnr(sr, hr, Protocol(border=2)) == np.inf
    assert psnr(sr, hr, Protocol(border=1)) < 20


def test_tensors_are_rounded_as_a_file_would_be(pair):
    tensors = [torch.from_numpy(image).permute(2, 0, 1)[None] / 255 for image in pair]
    nudged = [(tensor + 0.4 / 255).clamp(0, 1) for tensor in tensors]
    assert float(psnr(*tensors)) == float(psnr(*pair)) == float(psnr(*nudged))
    assert float(ssim(*tensors)) == float(ssim(*pair))


def test_ssim_falls_with_noise_and_ignores_order(pair):
    sr, hr = pair
    rng = np.random.default_rng(0)
    noisy = np.clip(hr + rng.normal(0, 25, hr.shape), 0, 255).astype(np.uint8)
    assert ssim(noisy, hr) < ssim(sr, hr) < 1
    assert float(ssim(hr, sr)) == pytest.approx(float(ssim(sr, hr)), abs=1e-12)


def test_a_score_says_its_protocol(pair):
    score = psnr(*pair, Protocol.paper(3))
    assert str(score).endswith(" dB (Y, border 3)") and f"{score}" == str(score)
    assert score + 0 == float(score) and f"{score:.3f}" == f"{float(score):.3f}"
    for twin in (copy.deepcopy(score), pickle.loads(pickle.dumps(score))):
        assert isinstance(twin, Score) and twin == score and twin.protocol == score.protocol


@pytest.mark.parametrize(
    "sr, hr, protocol, says",
    [
        (np.zeros((8, 8), np.uint8), np.zeros((8, 9), np.uint8), Protocol(), "differ in shape"),
        (np.zeros((8, 8)), np.zeros((8, 8)), Protocol(), "uint8"),
        (np.zeros((8, 8, 4), np.uint8), np.zeros((8, 8, 4), np.uint8), Protocol(), r"\(H, W, 3\)"),
        (
            np.zeros((8, 8), np.uint8),
            np.zeros((8, 8), np.uint8),
            Protocol(border=4),
            "leaves nothing",
        ),
        (torch.full((1, 3, 8, 8), torch.nan), torch.zeros(1, 3, 8, 8), Protocol(), "(?i)nan"),
        (torch.full((1, 3, 8, 8), 1.5), torch.zeros(1, 3, 8, 8), Protocol(), r"\[0, 1\]"),
    ],
)
def test_bad_images_are_refused(sr, hr, protocol, says):
    with pytest.raises(ValueError, match=says):
        psnr(sr, hr, protocol)


def test_ssim_needs_a_window():
    with pytest.raises(ValueError, match="11x11"):
        ssim(np.zeros((12, 12), np.uint8), np.zeros((12, 12), np.uint8), Protocol(border=1))


@pytest.mark.parametrize(
    "wrong", [{"channel": "L"}, {"range": "tv"}, {"border": -1}, {"border": 1.5}]
)
def test_bad_protocols_are_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Protocol(**wrong)


def test_lpips_says_what_is_missing(monkeypatch, tmp_path, pair):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    with pytest.raises(MetricUnavailable, match="alexnet"):
        lpips(*pair)


@pytest.mark.parametrize(
    "scale, db, similarity", [(2, 33.65, 0.9293), (3, 30.39, 0.8678), (4, 28.42, 0.8102)]
)
def test_set5_bicubic_is_the_papers(set5, scale, db, similarity):
    """Published: 33.66, 30.39, 28.42 dB, from the LR files that all papers share."""
    protocol = Protocol.paper(scale)
    pairs = datasets.benchmark("Set5", scale)
    scores = [(imresize(pair.lr, scale), pair.hr) for pair in pairs]
    assert len(pairs) == 5
    assert np.mean([psnr(*s, protocol) for s in scores]) == pytest.approx(db, abs=0.02)
    assert np.mean([ssim(*s, protocol) for s in scores]) == pytest.approx(similarity, abs=0.001)


@pytest.mark.parametrize(
    "scale, db, similarity", [(2, 33.66, 0.9299), (3, 30.39, 0.8682), (4, 28.42, 0.8104)]
)
def test_set5_bicubic_to_the_last_printed_digit(set5, scale, db, similarity):
    """The papers' route: 8-bit luma, both resizings on MATLAB's double path, one rounding."""
    from srlib.images import modulo_crop, rgb_to_luma

    protocol, scores = Protocol.paper(scale), []
    for pair in datasets.benchmark("Set5", scale):
        hr = modulo_crop(rgb_to_luma(pair.hr), scale)
        up = imresize(imresize(hr.astype(np.float64), 1 / scale), scale)
        sr = np.floor(up.clip(0, 255) + 0.5).astype(np.uint8)
        scores.append((psnr(sr, hr, protocol), ssim(sr, hr, protocol)))
    assert f"{np.mean([s[0] for s in scores]):.2f}" == f"{db:.2f}"
    assert f"{np.mean([s[1] for s in scores]):.4f}" == f"{similarity:.4f}"
