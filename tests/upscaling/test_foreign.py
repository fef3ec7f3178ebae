"""Networks in other people's files: state dicts and ONNX; hostile ones are refused."""

import os
import pickle
import sys
import zipfile
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper
from safetensors.torch import save_file
from spandrel.architectures.Compact.__arch.SRVGG import SRVGGNetCompact
from spandrel.architectures.ESRGAN.__arch.RRDB import RRDBNet

from srlib.data.dead_leaves import dead_leaves
from srlib.errors import ArgumentError, CheckpointError, ScaleError
from srlib.images.values import to_tensor, to_uint8
from srlib.networks.srgan import SRResNet
from srlib.networks.weights import save_weights
from srlib.training.checkpoint import save_state
from srlib.upscaling.method import load

IMAGE = dead_leaves(40, 0)[:33]


def compact() -> torch.nn.Module:
    """The small network of Real-ESRGAN's family."""
    torch.manual_seed(0)
    return SRVGGNetCompact(num_feat=8, num_conv=2, upscale=4)


def esrgan() -> torch.nn.Module:
    torch.manual_seed(0)
    return RRDBNet(in_nc=3, out_nc=3, num_filters=8, num_blocks=1, scale=2)


@pytest.mark.parametrize("wrapped", [False, True])
@pytest.mark.parametrize(
    "make, scale, name", [(compact, 4, "RealESRGAN Compact"), (esrgan, 2, "ESRGAN")]
)
def test_a_state_dict_of_a_known_architecture(tmp_path, make, scale, name, wrapped):
    network = make()
    state = {"params_ema": network.state_dict()} if wrapped else network.state_dict()
    torch.save(state, tmp_path / "net.pth")
    method = load(tmp_path / "net.pth", scale)
    with torch.no_grad():
        expected = to_uint8(network.eval()(to_tensor(IMAGE)).clamp(0, 1))
    assert np.array_equal(method(IMAGE), expected)
    assert method.source == f"{name} from {tmp_path / 'net.pth'}" and len(method.digest) == 64
    assert method.parameters == sum(each.numel() for each in network.parameters())
    assert method(IMAGE[..., 0]).shape == (33 * scale, 40 * scale)
    with pytest.raises(ScaleError, match=f"enlarges by {scale}, not by 3"):
        load(tmp_path / "net.pth", 3)


def test_safetensors_of_another_tool(tmp_path, monkeypatch):
    network = compact()
    save_file(network.state_dict(), tmp_path / "net.safetensors", {"format": "pt"})
    torch.save(network.state_dict(), tmp_path / "net.pth")
    method, same = (load(tmp_path / name, 4) for name in ("net.safetensors", "net.pth"))
    assert np.array_equal(method(IMAGE), same(IMAGE)) and method.digest == same.digest
    monkeypatch.setitem(sys.modules, "spandrel", None)  # as if it were not installed
    with pytest.raises(ArgumentError, match="safetensors file of another tool.*pip install"):
        load(tmp_path / "net.safetensors", 4)


def test_large_images_come_in_tiles_that_overlap(tmp_path):
    torch.save(compact().state_dict(), tmp_path / "net.pth")
    method = load(tmp_path / "net.pth", 4)
    difference = method(IMAGE, tile=16).astype(int) - method(IMAGE)
    assert method.margin == 48 and abs(difference).max() <= 1


class Evil:
    """Runs a command when it is unpickled."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self):
        return os.system, (f"touch {self.trace}",)


def hostile(folder: Path) -> dict[str, tuple[bytes, str]]:
    """Name -> the bytes, and what is said."""
    evil = Evil(folder / "ran")
    with zipfile.ZipFile(folder / "zip", "w") as file:
        file.writestr("archive/data.pkl", pickle.dumps(evil, 2))
        file.writestr("archive/version", "3")
    torch.save(compact().state_dict(), folder / "good")
    torch.save(SRResNet(2, 1, 4).state_dict(), folder / "unknown")
    torch.save([1, 2], folder / "list")
    torch.save(compact(), folder / "whole")
    torch.jit.trace(torch.nn.ReLU(), torch.zeros(1)).save(folder / "script")
    save_file({"a": torch.zeros(1)}, folder / "alien")
    save_state(folder / "last", {"step": 1})
    read = {path.name: path.read_bytes() for path in folder.iterdir()}
    code = "holds more than tensors, and opening that could run code"
    return {
        "a.pth": (pickle.dumps(evil), code),
        "b.pth": (read["zip"], code),
        "c.pth": (read["whole"], code),
        "d.pth": (read["good"][:-100], "is damaged or cut off"),
        "e.pth": (read["unknown"], "holds no network that is known"),
        "f.pth": (read["list"], "holds no network that is known"),
        "g.pth": (b"PK\x03\x04" + bytes(100), "is damaged or cut off"),
        "h.pth": (b"<!DOCTYPE html>", "is a web page"),
        "i.pth": (b"", "holds no whole weights"),
        "j.onnx": (b"<!DOCTYPE html>", "it is a web page"),
        "k.onnx": (b"", "is no network in ONNX"),
        "l.onnx": (read["good"], "it is a PyTorch file"),
        "n.pt": (read["script"], "is TorchScript, a network with its code"),
        "o.safetensors": (read["alien"], "holds no network that is known"),
        "last.pt": (read["last"], f"is the state of a training: give its folder, {folder.parent}"),
        "m.onnx": (os.urandom(1000), "is no network in ONNX"),
    }


def test_weights_of_srlib_whose_length_reads_like_a_zip_file(tmp_path):
    """19,280 bytes of header: their number begins with PK."""
    about = {"model": "srresnet", "scale": 2, "blocks": 1, "channels": 4, "note": ""}
    save_weights(tmp_path / "a.safetensors", SRResNet(2, 1, 4), about)
    length = int.from_bytes((tmp_path / "a.safetensors").read_bytes()[:8], "little")
    about["note"] = "x" * (0x4B50 - length)
    save_weights(tmp_path / "a.safetensors", SRResNet(2, 1, 4), about)
    assert (tmp_path / "a.safetensors").read_bytes().startswith(b"PK")
    assert load(tmp_path / "a.safetensors", 2)(IMAGE).shape == (66, 80, 3)


@pytest.mark.filterwarnings("ignore:.torch.jit:FutureWarning")
def test_hostile_and_damaged_files(tmp_path):
    (tmp_path / "made").mkdir()
    for name, (data, message) in hostile(tmp_path / "made").items():
        (tmp_path / name).write_bytes(data)
        with pytest.raises(CheckpointError) as failure:
            load(tmp_path / name, 4)
        said = str(failure.value)
        assert message in said and "\n" not in said and len(said) < 500, (name, said)
    assert not (tmp_path / "made" / "ran").exists()


def test_without_the_packages_that_read_them(tmp_path, monkeypatch):
    torch.save(compact().state_dict(), tmp_path / "net.pth")
    (tmp_path / "net.onnx").write_bytes(b"x")
    for module, name in (("spandrel", "net.pth"), ("onnxruntime", "net.onnx")):
        monkeypatch.setitem(sys.modules, module, None)  # as if it were not installed
        extra = "spandrel" if module == "spandrel" else "onnx"
        with pytest.raises(ArgumentError, match=rf"pip install 'srlib\[{extra}\]'"):
            load(tmp_path / name, 4)
    with pytest.raises(ArgumentError, match="is a PyTorch file .*which can run code"):
        load(tmp_path / "net.pth", 4)


# ONNX that srlib did not make


def graph(path: Path, scale: int = 2, shape: tuple = (1, 3, "h", "w"), inputs: int = 1) -> Path:
    """Nearest-neighbour enlargement."""
    scales = helper.make_tensor("scales", TensorProto.FLOAT, [4], [1, 1, scale, scale])
    node = helper.make_node("Resize", ["x0", "", "scales"], ["y"], mode="nearest")
    values = [
        helper.make_tensor_value_info(f"x{number}", TensorProto.FLOAT, shape)
        for number in range(inputs)
    ]
    result = helper.make_tensor_value_info("y", TensorProto.FLOAT, (1, 3, None, None))
    model = helper.make_model(
        helper.make_graph([node], "net", values, [result], [scales]),
        opset_imports=[helper.make_opsetid("", 18)],
        ir_version=9,
    )
    onnx.save(model, path)
    return path


def test_onnx_of_somebody_else(tmp_path):
    method = load(graph(tmp_path / "net.onnx"), 2)
    expected = IMAGE.repeat(2, axis=0).repeat(2, axis=1)
    assert np.array_equal(method(IMAGE), expected)
    assert method.source == f"ONNX from {tmp_path / 'net.onnx'}" and method.margin == 48
    with pytest.raises(ScaleError, match="enlarges by 2, not by 4"):
        load(tmp_path / "net.onnx", 4)


@pytest.mark.parametrize(
    "options, message",
    [
        ({"scale": 1}, "makes 48x32 of 48x32 pixels: expected an enlargement"),
        ({"shape": (1, 3, 16, 24)}, "takes images of 24x16 only: export it with dynamic"),
        ({"shape": (1, 1, "h", "w")}, "does not work on an RGB image of 48x32"),
        ({"inputs": 2}, "takes 2 inputs and gives 1 outputs: expected one of each"),
    ],
)
def test_onnx_that_does_not_enlarge_rgb(tmp_path, options, message):
    with pytest.raises(CheckpointError, match=message):
        load(graph(tmp_path / "net.onnx", **options), 2)
