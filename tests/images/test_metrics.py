"""PSNR, SSIM and fine detail against hand values, the papers' formulas and tables."""

import copy
import pickle

import numpy as np
import pytest
import torch
from skimage.data import astronaut, chelsea
from skimage.metrics import peak_signal_noise_ratio

from srlib.data.photographs import photograph
from srlib.data.test_sets import test_set
from srlib.errors import MetricUnavailable
from srlib.images.metrics import Protocol, Score, fine_detail, lpips, psnr, ssim
from srlib.images.resize import imresize
from srlib.images.values import modulo_crop, rgb_to_luma

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
def test_psnr_agrees_with_scikit_image_on_rgb(pair, border):
    sr, hr = (image[border : 300 - border, border : 300 - border] for image in pair)
    expected = peak_signal_noise_ratio(hr, sr, data_range=255)
    assert float(psnr(*pair, Protocol("RGB", border))) == pytest.approx(expected, abs=1e-6)


def ssim_by_windows(a: np.ndarray, b: np.ndarray) -> float:
    """Equation 13 of Wang et al. (2004), window by window; planes ``(H, W)`` on 0..255."""
    x = np.arange(-5, 6)
    gauss = np.exp(-(x**2) / (2 * 1.5**2))
    weights = np.outer(gauss, gauss) / gauss.sum() ** 2

    def mean(plane: np.ndarray) -> np.ndarray:
        windows = np.lib.stride_tricks.sliding_window_view(plane, (11, 11))
        return np.einsum("ijkl,kl->ij", windows, weights)

    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    mean_a, mean_b = mean(a), mean(b)
    var_a, var_b = mean(a * a) - mean_a**2, mean(b * b) - mean_b**2
    cov = mean(a * b) - mean_a * mean_b
    luminance = (2 * mean_a * mean_b + c1) / (mean_a**2 + mean_b**2 + c1)
    return float((luminance * (2 * cov + c2) / (var_a + var_b + c2)).mean())


@pytest.mark.parametrize(
    "protocol", [Protocol(), Protocol.paper(3), Protocol(range="full", rounded=False), RGB]
)
def test_ssim_by_windows(pair, protocol):
    """The paper's formulas, to the last digits."""
    a, b = (np.atleast_3d(protocol.plane(image[:90, :100])) for image in pair)
    expected = np.mean([ssim_by_windows(a[..., c], b[..., c]) for c in range(a.shape[2])])
    found = float(ssim(pair[0][:90, :100], pair[1][:90, :100], protocol))
    assert found == pytest.approx(expected, abs=1e-14)


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
    pairs = test_set("Set5", scale)
    scores = [(imresize(pair.lr, scale), pair.hr) for pair in pairs]
    assert len(pairs) == 5
    assert np.mean([psnr(*s, protocol) for s in scores]) == pytest.approx(db, abs=0.02)
    assert np.mean([ssim(*s, protocol) for s in scores]) == pytest.approx(similarity, abs=0.001)


@pytest.mark.parametrize(
    "scale, db, similarity", [(2, 33.66, 0.9299), (3, 30.39, 0.8682), (4, 28.42, 0.8104)]
)
def test_set5_bicubic_to_the_last_printed_digit(set5, scale, db, similarity):
    """The papers' route: 8-bit luma, both resizings on MATLAB's double path, one rounding."""
    protocol, scores = Protocol.paper(scale), []
    for pair in test_set("Set5", scale):
        hr = modulo_crop(rgb_to_luma(pair.hr), scale)
        up = imresize(imresize(hr.astype(np.float64), 1 / scale), scale)
        sr = np.floor(up.clip(0, 255) + 0.5).astype(np.uint8)
        scores.append((psnr(sr, hr, protocol), ssim(sr, hr, protocol)))
    assert f"{np.mean([s[0] for s in scores]):.2f}" == f"{db:.2f}"
    assert f"{np.mean([s[1] for s in scores]):.4f}" == f"{similarity:.4f}"


# Fine detail


def wave(frequency: float, amplitude: float = 20.0, size: int = 128) -> np.ndarray:
    """A cosine down the columns that fits the mirrored border: exact in the cosine transform."""
    t = np.arange(size) + 0.5
    return np.tile(128 + amplitude * np.cos(2 * np.pi * frequency * t)[:, None], (1, size))


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("turned", [False, True])
def test_only_what_is_above_nyquist_counts(scale, turned):
    """A wave of amplitude A has a root mean square of A / sqrt(2)."""
    nyquist = 1 / (2 * scale)
    for frequency, expected in ((nyquist - 1 / 64, 0.0), (nyquist + 1 / 64, 20 / np.sqrt(2))):
        frequency = round(frequency * 256) / 256  # a whole number of half periods
        image = wave(frequency)
        assert fine_detail(image.T if turned else image, scale) == pytest.approx(expected, abs=1e-9)


def test_it_adds_up_as_squares():
    low, high, higher = wave(1 / 16), wave(0.25, 12), wave(0.4375, 5)
    both = fine_detail(low + high + higher - 256, 4)
    assert both == pytest.approx(np.hypot(12, 5) / np.sqrt(2))


def test_a_ramp_has_none_of_its_own_at_the_border():
    """A plain Fourier transform would see the jump from the last row to the first."""
    ramp = np.tile(np.linspace(0, 255, 128)[:, None], (1, 128))
    assert fine_detail(ramp, 4) < 0.5


def test_enlarging_adds_little():
    hr = photograph("gravel").image[:256, :256]
    assert fine_detail(imresize(imresize(hr, 1 / 4), 4), 4) < 0.3 * fine_detail(hr, 4)


def test_colour_counts_as_its_luma():
    grey = wave(0.25).astype(np.uint8)
    colour = fine_detail(np.stack([grey] * 3, axis=2), 4)
    assert colour == pytest.approx(fine_detail(grey, 4) * 219 / 255, rel=1e-4)


def test_a_scale_that_loses_nothing_is_refused():
    with pytest.raises(ValueError, match="at least 2, not 1"):
        fine_detail(wave(0.25), 1)
