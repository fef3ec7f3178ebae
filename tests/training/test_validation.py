"""The PSNR of a network on images that it was not trained on."""

import numpy as np
import pytest
import torch
from torch import nn

from srlib.data.dead_leaves import dead_leaves
from srlib.data.pairs import degrade
from srlib.images.metrics import HIGHEST_PSNR, Protocol, psnr
from srlib.images.resize import imresize
from srlib.images.writing import write
from srlib.training.images import CROP
from srlib.training.validation import known_scores, mean_psnr, validation
from srlib.upscaling.method import load

# of pairs


def test_mean_psnr_is_the_mean_over_images():
    hr = [np.full((8, 8), value, np.uint8) for value in (100, 200)]
    grey = [torch.full((1, 1, 8, 8), value / 255) for value in (101, 210)]  # errors of 1 and 10
    pairs = list(zip(grey, hr, strict=True))
    model = nn.Conv2d(1, 1, 1)
    nn.init.ones_(model.weight), nn.init.zeros_(model.bias)
    with torch.no_grad():
        score = mean_psnr(pairs, Protocol())(model)
    assert score == pytest.approx((48.1308 + 28.1308) / 2, abs=1e-3)


def test_mean_psnr_clamps_and_sees_nan():
    pairs = [(torch.zeros(1, 1, 4, 4), np.full((4, 4), 255, np.uint8))]
    model = nn.Conv2d(1, 1, 1)
    nn.init.constant_(model.bias, 1.5)
    with torch.no_grad():
        assert mean_psnr(pairs, Protocol())(model) == HIGHEST_PSNR  # it meets the truth exactly
        nn.init.constant_(model.bias, np.nan)
        assert np.isnan(mean_psnr(pairs, Protocol())(model))
    with pytest.raises(ValueError, match="no images to validate on"):
        mean_psnr([], Protocol())


# of images


class Nearest(nn.Module):
    """Repeats pixels."""

    def __init__(self) -> None:
        super().__init__()
        self.device = nn.Parameter(torch.zeros(1))

    def forward(self, lr: torch.Tensor) -> torch.Tensor:
        return lr.repeat_interleave(4, dim=2).repeat_interleave(4, dim=3)


class Unchanged(Nearest):
    """What it is given, which for a network of luma is bicubic."""

    def forward(self, bicubic: torch.Tensor) -> torch.Tensor:
        return bicubic


def test_of_rgb_it_is_the_papers_protocol(tmp_path):
    """Luma, four pixels shaved, against the truth; here of a network that repeats pixels."""
    image = dead_leaves(128, 3)[:110, :101]
    write(tmp_path / "a.png", image)
    hr = image[:108, :100]
    sr = imresize(hr, 1 / 4).repeat(4, axis=0).repeat(4, axis=1)
    expected = psnr(sr, hr, Protocol.paper(4))
    found = validation([tmp_path / "a.png"], 4)(Nearest())
    assert found == pytest.approx(expected, abs=0.05)  # LR is rounded to 8 bit in one of them


def test_of_luma_it_is_the_papers_protocol(tmp_path):
    image = dead_leaves(100, 3)[:95]
    write(tmp_path / "a.png", image)
    hr = image[:93, :99]
    expected = psnr(imresize(imresize(hr, 1 / 3), 3), hr, Protocol.paper(3))
    found = validation([tmp_path / "a.png"], 3, channel="Y")(Unchanged())
    assert found == pytest.approx(expected, abs=0.1)


def test_the_centre_of_a_large_image_is_enough(tmp_path):
    small = dead_leaves(CROP, 4)
    large = np.pad(small, ((7, 8), (10, 10), (0, 0)))  # whose border is not looked at
    for name, image in (("small", small), ("large", large)):
        write(tmp_path / f"{name}.png", image)
    scores = [validation([tmp_path / f"{name}.png"], 4)(Nearest()) for name in ("small", "large")]
    assert scores[0] == scores[1]


def test_another_channel(tmp_path):
    with pytest.raises(ValueError, match="channel must be 'RGB' or 'Y', not 'L'"):
        validation([tmp_path / "a.png"], 4, channel="L")


# of what is known


@pytest.mark.parametrize(
    "scale, channel, shipped, names",
    [
        (3, "Y", "srcnn", ["bicubic", "srlib's srcnn"]),
        (4, "RGB", "srgan", ["bicubic", "srlib's srgan"]),
        (2, "RGB", "srresnet", ["bicubic", "srlib's srcnn"]),  # srresnet is not shipped at x2
    ],
)
def test_known_scores_are_those_of_the_methods(tmp_path, scale, channel, shipped, names):
    """Within what rounding LR to 8 bit changes."""
    image = dead_leaves(96, 3)
    write(tmp_path / "a.png", image)
    found = known_scores(validation([tmp_path / "a.png"], scale, channel), scale, channel, shipped)
    lr, hr = degrade(image, scale)
    assert list(found) == names
    for name, score in found.items():
        method = load(name.removeprefix("srlib's "), scale, precision="fp32")
        assert score == pytest.approx(psnr(method(lr), hr, Protocol.paper(scale)), abs=0.1)
