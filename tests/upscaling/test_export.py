"""What is exported computes what the network does, on images of any size; or it is not kept."""

import io
import json
import sys

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from srlib.data.dead_leaves import dead_leaves
from srlib.errors import ArgumentError, ExportError
from srlib.images.values import to_tensor
from srlib.networks.srcnn import SRCNN
from srlib.networks.srgan import SRResNet
from srlib.networks.weights import save_weights
from srlib.upscaling import export as module
from srlib.upscaling.export import as_trained, export, largest_difference
from srlib.upscaling.method import load
from tests.helpers.full_disk import files_no_larger_than
from tests.helpers.networks import settle


@pytest.fixture(scope="module")
def networks(tmp_path_factory) -> dict[str, str]:
    """Small networks with weights that matter, as files."""
    folder = tmp_path_factory.mktemp("networks")
    torch.manual_seed(0)
    srcnn, resnet = SRCNN("9-1-5", residual=True), SRResNet(2, 1, 4)
    torch.nn.init.normal_(srcnn.reconstruct.weight, std=0.05)
    settle(resnet)
    about = {"model": "srcnn", "variant": "9-1-5", "residual": True, "scale": 3}
    save_weights(folder / "srcnn.safetensors", srcnn, about)
    about = {"model": "srresnet", "scale": 2, "blocks": 1, "channels": 4}
    save_weights(folder / "resnet.safetensors", resnet, about)
    return {name: str(folder / f"{name}.safetensors") for name in ("srcnn", "resnet")}


SCALES = {"srcnn": 3, "resnet": 2}


@pytest.mark.parametrize("half", [False, True])
@pytest.mark.parametrize("name", SCALES)
def test_onnx(networks, tmp_path, name, half):
    done = export(networks[name], "onnx", tmp_path / "net.onnx", half=half)
    assert 0 < done.difference < (0.02 if half else 1e-5) and done.path.stat().st_size == done.size
    session = onnxruntime.InferenceSession(str(done.path))
    *planes, height, width = session.get_inputs()[0].shape
    assert planes == [1, 3] and isinstance(height, str) and isinstance(width, str)  # free
    network = as_trained(load(networks[name], SCALES[name], precision="fp32"))
    for size in ((2, 2), (31, 18), (70, 90)):  # none that it was tried on
        lr = torch.rand(1, 3, *size)
        (found,) = session.run(None, {"lr": lr.numpy()})
        with torch.no_grad():
            expected = network(lr).numpy()
        assert found.dtype == np.float32 and found.shape == expected.shape
        assert np.abs(found - expected).max() < (0.02 if half else 1e-5)
    about = json.loads(session.get_modelmeta().custom_metadata_map["srlib"])
    method = load(networks[name], SCALES[name])
    expected = {"scale": method.scale, "margin": method.margin, "sha256": method.digest}
    assert about == done.about and about | expected == about
    assert about["precision"] == ("float16" if half else "float32")
    onnx.checker.check_model(onnx.load(done.path), full_check=True)


@pytest.mark.parametrize("half", [False, True])
@pytest.mark.parametrize("name", SCALES)
def test_torchscript(networks, tmp_path, name, half):
    done = export(networks[name], "torchscript", tmp_path / "net.pt", half=half)
    extra = {"srlib.json": ""}
    read = torch.jit.load(str(done.path), _extra_files=extra)
    network = as_trained(load(networks[name], SCALES[name], precision="fp32"))
    assert largest_difference(network, read) == done.difference < (0.02 if half else 1e-5)
    assert json.loads(extra["srlib.json"]) == done.about


def test_shipped_networks_by_name_and_strength(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = export("srgan@0.5", "onnx")
    assert str(done.path) == "srgan@0.5_x4.onnx" and done.difference < 1e-4
    with pytest.raises(ArgumentError, match="srcnn has the scales 2, 3, 4: say which"):
        export("srcnn", "onnx")
    assert str(export("srcnn", "torchscript", scale=2).path) == "srcnn_x2.pt"


def test_it_is_a_method_like_any_other(networks, tmp_path):
    """The same pixels but for rounding, in tiles too, in grey too."""
    done = export(networks["resnet"], "onnx", tmp_path / "net.onnx")
    own, exported = load(networks["resnet"], 2), load(done.path, 2)
    assert exported.margin == own.margin and exported.entry == str(done.path)
    image = dead_leaves(60, 0)
    for part in (image, image[..., 0]):
        difference = own(part).astype(int) - exported(part)
        assert abs(difference).max() <= 1
        assert abs(exported(part, tile=16).astype(int) - exported(part)).max() <= 1


@pytest.mark.parametrize("to", ["onnx", "torchscript"])
def test_what_computes_something_else_is_not_kept(networks, tmp_path, monkeypatch, to):
    """Here of a network without one of its layers."""
    alone = module.alone

    def spoilt(network, scale):
        network = alone(network, scale)
        network.network.tail.bias.data += 0.01
        return network

    monkeypatch.setattr(module, "alone", spoilt)
    with pytest.raises(ExportError, match="differs from the network by 0.01, more than 0.0001"):
        export(networks["resnet"], to, tmp_path / "net")
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_exported(networks, tmp_path, monkeypatch):
    (tmp_path / "there.onnx").write_bytes(b"mine")
    for arguments, message in [
        (("bicubic", "onnx", tmp_path / "a"), "bicubic is no network of srlib"),
        (("math:sqrt", "onnx", tmp_path / "a"), "math:sqrt is no network of srlib"),
        ((networks["resnet"], "pdf", tmp_path / "a"), "onnx or torchscript, not 'pdf'"),
        ((networks["resnet"], "onnx", tmp_path / "there.onnx"), "there already"),
        ((networks["resnet"], "onnx", tmp_path / "no" / "a.onnx"), "there is no folder"),
    ]:
        with pytest.raises(ArgumentError, match=message):
            export(*arguments, scale=2)
    with pytest.raises(ArgumentError, match="bicubic is no network of srlib"):
        export("bicubic", "onnx")  # not asked for a scale that would not help
    monkeypatch.setitem(sys.modules, "onnxscript", None)  # as if it were not installed
    with pytest.raises(ArgumentError, match=r"needs onnxscript: pip install 'srlib\[onnx\]'"):
        export(networks["resnet"], "onnx", tmp_path / "a")
    assert [path.name for path in tmp_path.iterdir()] == ["there.onnx"]
    assert (tmp_path / "there.onnx").read_bytes() == b"mine"


def test_a_full_disk_leaves_nothing(networks, tmp_path):
    with files_no_larger_than(1000), pytest.raises(OSError, match="too large: .*a.pt"):
        export(networks["resnet"], "torchscript", tmp_path / "a.pt")
    assert list(tmp_path.iterdir()) == []


def test_values_are_clamped(networks, tmp_path):
    done = export(networks["srcnn"], "torchscript", tmp_path / "net.pt")
    read = torch.jit.load(io.BytesIO(done.path.read_bytes()))
    sr = read(to_tensor(np.tile(np.uint8([[[0], [255]]]), (20, 10, 3))))
    assert sr.min() == 0 and sr.max() == 1
