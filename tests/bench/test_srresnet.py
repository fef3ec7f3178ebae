"""The measurements of SRResNet: all ways compute one thing, and its work is counted right."""

import pytest
import torch

from bench import srresnet as bench
from bench.ways import Unavailable
from srlib.networks.srgan import SRResNet


@pytest.fixture(autouse=True)
def small_network(monkeypatch) -> None:
    torch.manual_seed(0)
    network = SRResNet(4, blocks=1, channels=16).eval()
    torch.nn.init.constant_(network.tail.bias, 0.5)
    monkeypatch.setattr(bench, "network", lambda: network)


@torch.inference_mode()
@pytest.mark.parametrize("way", [w for w in bench.SMALL if w.name != "torch.compile"])
def test_all_ways_compute_the_same_image(way):
    lr = torch.rand(1, 3, 20, 12)
    expected, found = bench.network()(lr).clamp(0, 1), way.make()(lr).clamp(0, 1)
    assert found.dtype == torch.float32
    tolerance = 1e-5 if way.precision == torch.float32 else 0.02
    assert (found - expected).abs().max() < tolerance


def test_operations_by_hand():
    lr, pixels = torch.zeros(1, 3, 5, 7), 35
    kernels = 3 * 64 * 81 + 33 * 64 * 64 * 9  # at the small size
    kernels += (1 + 4) * 64 * 256 * 9 + 16 * 64 * 3 * 81  # the sub-pixel layers, the last layer
    assert bench.operations(lr) == 2 * pixels * kernels
    first = 2 * pixels * 3 * 64 * 81  # which needs no gradient of the image
    assert bench.operations(lr, training=True) == 3 * bench.operations(lr) - first


def test_images_are_pairs():
    lr, hr = bench.images("small")
    assert lr.shape == (1, 3, 128, 128) and hr.shape == (512, 512, 3)
    assert bench.patches(2).shape == (2, 3, 24, 24)


def test_a_training_step_learns(monkeypatch):
    monkeypatch.setattr(bench, "SRResNet", lambda scale: SRResNet(scale, 1, 4))
    for way in bench.TRAINING:
        if way.name != "torch.compile":
            step = way.make()
            losses = [step(bench.patches(2)) for _ in range(4)]
            assert losses[-1] < losses[0], way.name


def test_the_compiler_only_when_asked_for():
    way = bench.ways("training", False)[-1]
    with pytest.raises(Unavailable, match="only with --compile"):
        way.make()
    assert bench.ways("training", True)[-1] == bench.TRAINING[-1]
