"""What a method needs, by hand; and that a checkpoint works as the shipped weights do."""

from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
import torch

from srlib.efficiency import peak_memory, take_turns
from srlib.methods import method, shipped
from srlib.photographs import photograph
from srlib.resize import imresize

LR = imresize(photograph("coins").image, 1 / 8)[:32, :40]
WEIGHTS = Path(str(files("srlib") / "weights"))


@pytest.mark.parametrize("scale, names", [(2, 2), (3, 2), (4, 4)])
def test_shipped(scale, names):
    assert shipped(scale) == ["bicubic", "srcnn", "srresnet", "srgan"][:names]


def test_multiply_adds_by_hand():
    """Bicubic has four taps in each pass; SRCNN 9-5-5 a number for each weight and pixel."""
    height, width, scale = 32, 40, 3
    rows = 3 * (scale * height) * width * 4
    columns = 3 * (scale * height) * (scale * width) * 4
    assert method("bicubic", 3).multiply_adds(LR, 3) == rows + columns
    weights = 64 * 9 * 9 + 64 * 32 * 5 * 5 + 32 * 5 * 5
    first, second = ((scale * height + m) * (scale * width + m) for m in (8, 4))
    srcnn = 64 * 81 * first + 64 * 32 * 25 * second + 32 * 25 * scale**2 * height * width
    assert method("srcnn", 3).multiply_adds(LR, 3) == rows + columns + srcnn
    assert srcnn > weights * scale**2 * height * width  # the border costs a little more
    block = 2 * 64 * 64 * 9
    per_pixel = 3 * 64 * 81 + 16 * block + 64 * 64 * 9  # head, blocks, and the layer after them
    per_pixel += 64 * 256 * 9 * (1 + 4) + 16 * 64 * 3 * 81  # twice as large each time, and the tail
    assert method("srresnet", 4).multiply_adds(LR, 4) == per_pixel * height * width


def test_a_functions_work_is_what_torch_does_in_it():
    kernel = torch.ones(3, 1, 5, 5)

    def blurred(image: np.ndarray, scale: int) -> np.ndarray:
        planes = torch.from_numpy(imresize(image, scale)).permute(2, 0, 1)[None].float()
        blur = torch.nn.functional.conv2d(planes, kernel, padding=2, groups=3) / 25
        return blur[0].permute(1, 2, 0).round().byte().numpy()

    assert method(blurred, 2).multiply_adds(LR, 2) == 3 * 25 * 64 * 80
    assert method(lambda image, scale: imresize(image, scale), 2).multiply_adds(LR, 2) is None
    assert method(lambda image, scale: 1 // 0, 2).multiply_adds(LR, 2) is None


@pytest.mark.parametrize("name, scale", [("srcnn", 2), ("srcnn", 3), ("srgan", 4)])
def test_a_file_works_as_the_shipped_weights_do(name, scale):
    shipped_one = method(name, scale)
    file = method(WEIGHTS / f"{name}_x{scale}.safetensors", scale)
    assert np.array_equal(file.enlarge(LR, scale), shipped_one.enlarge(LR, scale))
    assert file.digest == shipped_one.digest and file.parameters == shipped_one.parameters
    assert file.multiply_adds(LR, scale) == shipped_one.multiply_adds(LR, scale)


def test_peak_memory_is_of_a_fresh_process():
    ballast = np.ones(100_000_000)  # 800 MB in this process must not count
    peak, before = peak_memory("bicubic", 4, 500, 400)
    assert before <= peak < 700e6 + 2e8 and len(ballast)
    larger, _ = peak_memory("bicubic", 4, 2000, 1600)
    assert larger > peak + 0.8 * 16 * 3 * (2000 * 1600 - 500 * 400)  # the result alone
    with pytest.raises(RuntimeError, match="srresnet is shipped for scale 4"):
        peak_memory("srresnet", 3, 8, 8)


def test_turns():
    calls = []
    functions = {name: (lambda image, scale, name=name: calls.append(name)) for name in "ab"}
    times = take_turns(functions, LR, 2, 3)
    assert calls == list("ababab") and set(times) == {"a", "b"}
    assert 0 <= times["a"].cpu <= times["a"].wall + 0.1
    assert take_turns(functions, LR, 2, 0) == {}
