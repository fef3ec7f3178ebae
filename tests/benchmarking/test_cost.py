"""What a method costs: its work by hand, its memory in a fresh process, its time in turns."""

import numpy as np
import pytest
import torch

from srlib.benchmarking.cost import (
    machine,
    memory,
    multiply_adds,
    peak_memory,
    take_turns,
    versions,
    work_is_defined,
)
from srlib.data.photographs import photograph
from srlib.errors import BenchmarkError
from srlib.images.resize import imresize
from srlib.networks import pretrained
from srlib.upscaling.method import load

LR = imresize(photograph("coins").image, 1 / 8)[:32, :40]


def test_multiply_adds_by_hand():
    """Bicubic has four taps in each pass; SRCNN 9-5-5 a number for each weight and pixel."""
    height, width, scale = 32, 40, 3
    rows = 3 * (scale * height) * width * 4
    columns = 3 * (scale * height) * (scale * width) * 4
    assert multiply_adds(load("bicubic", 3), LR) == rows + columns
    weights = 64 * 9 * 9 + 64 * 32 * 5 * 5 + 32 * 5 * 5
    first, second = ((scale * height + m) * (scale * width + m) for m in (8, 4))
    srcnn = 64 * 81 * first + 64 * 32 * 25 * second + 32 * 25 * scale**2 * height * width
    assert multiply_adds(load("srcnn", 3), LR) == rows + columns + srcnn
    assert srcnn > weights * scale**2 * height * width  # the border costs a little more
    block = 2 * 64 * 64 * 9
    per_pixel = 3 * 64 * 81 + 16 * block + 64 * 64 * 9  # head, blocks, and the layer after them
    per_pixel += 64 * 256 * 9 * (1 + 4) + 16 * 64 * 3 * 81  # twice as large each time, and the tail
    assert multiply_adds(load("srresnet", 4), LR) == per_pixel * height * width


def test_work_is_that_of_the_definition_whatever_the_entry():
    network = load(pretrained.load("srcnn", 2), 2)
    assert multiply_adds(network, LR) == multiply_adds(load("srcnn", 2), LR)
    assert work_is_defined(network) and work_is_defined(load("srcnn", 2))
    assert work_is_defined(load("bicubic", 2, "by another name"))
    assert not work_is_defined(load(lambda image, scale: image, 2))


def test_a_functions_work_is_what_torch_does_in_it():
    kernel = torch.ones(3, 1, 5, 5)

    def blurred(image: np.ndarray, scale: int) -> np.ndarray:
        planes = torch.from_numpy(imresize(image, scale)).permute(2, 0, 1)[None].float()
        blur = torch.nn.functional.conv2d(planes, kernel, padding=2, groups=3) / 25
        return blur[0].permute(1, 2, 0).round().byte().numpy()

    assert multiply_adds(load(blurred, 2), LR) == 3 * 25 * 64 * 80
    assert multiply_adds(load(lambda image, scale: imresize(image, scale), 2), LR) is None
    assert multiply_adds(load(lambda image, scale: 1 // 0, 2), LR) is None


def test_an_unknown_modules_work_is_watched():
    upscaler = torch.nn.Sequential(torch.nn.Upsample(scale_factor=2), torch.nn.Conv2d(3, 3, 1))
    method = load(upscaler, 2)
    assert not work_is_defined(method) and multiply_adds(method, LR) == 3 * 3 * 64 * 80


def test_peak_memory_is_of_a_fresh_process():
    ballast = np.ones(100_000_000)  # 800 MB in this process must not count
    peak, before = peak_memory("bicubic", 4, 500, 400)
    assert before <= peak < 700e6 + 2e8 and len(ballast)
    larger, _ = peak_memory("bicubic", 4, 2000, 1600)
    assert larger > peak + 0.8 * 16 * 3 * (2000 * 1600 - 500 * 400)  # the result alone
    with pytest.raises(BenchmarkError, match="srresnet is shipped for scale 4, not 3"):
        peak_memory("srresnet", 3, 8, 8)


def test_memory_of_this_process():
    before = memory("VmRSS")
    ballast = np.ones(25_000_000)
    assert memory("VmRSS") - before > 150_000_000 and len(ballast)
    assert memory("VmHWM") >= memory("VmRSS")


def test_turns():
    calls = []
    jobs = {name: (lambda name=name: calls.append(name)) for name in "ab"}
    times = take_turns(jobs, 3)
    assert calls == list("ababab") and set(times) == {"a", "b"}
    assert 0 <= times["a"].cpu <= times["a"].wall + 0.1
    calls.clear()
    assert set(take_turns(jobs, 2, warm_up=True)) == {"a", "b"} and calls == list("ab" * 3)
    assert take_turns(jobs, 0) == {} == take_turns({}, 3)


def test_a_time_is_a_median(monkeypatch):
    """One slow turn of three does not count."""
    ticks = iter([0.0, 1.0, 10.0, 60.0, 100.0, 102.0])
    monkeypatch.setattr("time.perf_counter", lambda: next(ticks))
    assert take_turns({"a": lambda: None}, 3)["a"].wall == 2


def test_the_machine_and_the_versions():
    about = machine()
    assert about["processor"] and about["cores"] >= 1 and about["memory_gb"] > 0
    found = versions(("torch",))
    assert list(found) == ["python", "torch"] and torch.__version__.startswith(found["torch"])
