"""Files of weights: what comes back, what is refused in one short line, what lies between."""

import json
import pickle
import struct
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save
from torch import nn

from srlib.errors import ArgumentError, CheckpointError
from srlib.networks import pretrained, weights
from srlib.networks.srcnn import SRCNN
from srlib.networks.srgan import SRResNet
from srlib.networks.weights import (
    digest_of,
    interpolate,
    load_network,
    load_weights,
    read_about,
    save_weights,
    weights_file,
)
from tests.helpers.full_disk import files_no_larger_than

ABOUT = {"model": "srresnet", "scale": 2, "blocks": 1, "channels": 4}


def small(seed: int = 0) -> SRResNet:
    torch.manual_seed(seed)
    return SRResNet(2, 1, 4)


def equal(a: nn.Module, b: nn.Module) -> bool:
    a, b = a.state_dict(), b.state_dict()
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def said(path: Path) -> str:
    """What is said of a file that holds no network: one line, and a short one."""
    with pytest.raises(CheckpointError) as caught:
        load_network(path)
    message = str(caught.value)
    assert len(message) < 400 and "\n" not in message
    assert path.name in message
    return message


# what was saved


@pytest.mark.parametrize("name", ["srresnet", "srgan"])
def test_the_network_comes_back_with_its_facts(tmp_path, name):
    network, about = small(), ABOUT | {"model": name, "psnr": 31.5, "patience": None}
    save_weights(tmp_path / "a.safetensors", network, about)
    found, facts = load_network(tmp_path / "a.safetensors")
    assert isinstance(found, SRResNet) and equal(found, network) and not found.training
    assert (found.scale, found.blocks, found.channels) == (2, 1, 4)
    assert facts == about == read_about(tmp_path / "a.safetensors")


@pytest.mark.parametrize("variant", ["9-1-5", "9-5-5"])
@pytest.mark.parametrize("residual", [False, True])
def test_srcnn_comes_back(tmp_path, variant, residual):
    network = SRCNN(variant, residual=residual)
    about = {"model": "srcnn", "variant": variant, "residual": residual, "scale": 3}
    save_weights(tmp_path / "a.safetensors", network, about)
    found, facts = load_network(tmp_path / "a.safetensors")
    assert isinstance(found, SRCNN) and equal(found, network) and facts == about
    assert (found.variant, found.residual) == (variant, residual)


def test_a_run_and_its_file_are_the_same_network(tmp_path):
    save_weights(tmp_path / "best.safetensors", small(), ABOUT)
    assert weights_file(tmp_path) == weights_file(tmp_path / "best.safetensors")
    networks = [load_network(path)[0] for path in (tmp_path, str(tmp_path), weights_file(tmp_path))]
    assert all(equal(networks[0], each) for each in networks[1:])
    assert read_about(tmp_path) == ABOUT
    assert load_weights(tmp_path, small(1), {"scale": 2}) == ABOUT


def test_a_failed_load_leaves_the_network_as_it_was(tmp_path):
    save_weights(tmp_path / "a.safetensors", SRResNet(2, 1, 5), ABOUT)
    network, before = small(), small()
    with pytest.raises(CheckpointError, match="another model"):
        load_weights(tmp_path / "a.safetensors", network)
    assert equal(network, before)


def test_weights_of_another_model_or_scale(tmp_path):
    path = tmp_path / "a.safetensors"
    save_weights(path, nn.Linear(2, 3), {"scale": 2})
    model = nn.Linear(2, 3)
    assert load_weights(path, model, {"scale": 2}) == {"scale": 2}
    with pytest.raises(CheckpointError, match="scale 2, not 3"):
        load_weights(path, model, {"scale": 3})
    with pytest.raises(CheckpointError, match=r"another model: bias is \(3,\), expected None"):
        load_weights(path, nn.Linear(2, 2, bias=False))


def test_a_full_disk_leaves_the_old_weights(tmp_path):
    path = tmp_path / "a.safetensors"
    save_weights(path, nn.Linear(2, 3), {})
    before = path.read_bytes()
    with files_no_larger_than(1000), pytest.raises(CheckpointError, match="cannot save .*a.safete"):
        save_weights(path, small(), ABOUT)
    assert path.read_bytes() == before and list(tmp_path.iterdir()) == [path]


def test_one_digest_wherever_weights_were_read_from(tmp_path):
    save_weights(tmp_path / "a.safetensors", small(), ABOUT)
    found, _ = load_network(tmp_path / "a.safetensors")
    assert digest_of(found) == digest_of(small()) != digest_of(small(1))


# what is no network


@pytest.mark.parametrize("size", [0, 5, 60, -4])
def test_truncated_weights(tmp_path, size):
    path = tmp_path / "a.safetensors"
    save_weights(path, nn.Linear(2, 3), {})
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(CheckpointError, match="no whole weights"):
        load_weights(path, nn.Linear(2, 3))
    assert "no whole weights" in said(path)


def test_missing_files(tmp_path):
    with pytest.raises(CheckpointError, match="cannot read the weights"):
        load_weights(tmp_path / "none", nn.Linear(1, 1))
    (tmp_path / "run").mkdir()
    assert said(tmp_path / "none").endswith("none: No such file or directory")
    with pytest.raises(CheckpointError, match="run/best.safetensors: No such file or directory"):
        load_network(tmp_path / "run")


def a_zip(path: Path) -> None:
    torch.save(small().state_dict(), path)


def a_pickle(path: Path) -> None:
    torch.save(small().state_dict(), path, _use_new_zipfile_serialization=False)


def a_plain_pickle(path: Path) -> None:
    path.write_bytes(pickle.dumps({"weights": np.zeros((300, 300))}))


def a_jpeg(path: Path) -> None:
    Image.new("RGB", (64, 64)).save(path, "jpeg")


def a_png(path: Path) -> None:
    Image.new("RGB", (64, 64)).save(path, "png")


def a_page(path: Path) -> None:
    path.write_text("<!DOCTYPE html>\n<html><body>\n404\n</body></html>\n" * 500)


def a_pointer(path: Path) -> None:
    path.write_text(
        "version https://git-lfs.github.com/spec/v1\n"
        "oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n"
    )


@pytest.mark.parametrize(
    "make, kind",
    [
        (a_zip, "is a PyTorch file (.pth, .pt), which can run code when it is opened"),
        (a_pickle, "is a pickle (.pth, .pt), which can run code when it is opened"),
        (a_plain_pickle, "is a pickle (.pth, .pt), which can run code when it is opened"),
        (a_page, "is a web page"),
        (a_pointer, "is a pointer of Git LFS, not the file itself: run git lfs pull"),
        (a_jpeg, "is a JPEG image"),
        (a_png, "is a PNG image"),
    ],
)
def test_what_people_take_for_weights_is_named(tmp_path, make, kind):
    make(tmp_path / "a.pth")
    message = said(tmp_path / "a.pth")
    assert kind in message and message.endswith("give a .safetensors file of srlib train")
    for read in (read_about, lambda path: load_weights(path, small())):
        with pytest.raises(CheckpointError) as caught:
            read(tmp_path / "a.pth")
        assert str(caught.value) == message


@pytest.mark.parametrize("begins", [b"\x80", b"PK", b"<", b"\xff\xd8", b"\x89PNG"])
def test_weights_that_begin_like_another_kind_of_file(tmp_path, begins):
    """The header's length stands first, and one in 32 begins like a pickle."""
    length = int.from_bytes(begins[:2], "little")
    length += 2**16 if length < 3000 else 0  # at least as long as the header
    data = save(small().state_dict(), metadata={"srlib": json.dumps(ABOUT)})
    end = 8 + int.from_bytes(data[:8], "little")
    data = struct.pack("<Q", length) + data[8:end].ljust(length) + data[end:]
    assert data.startswith(begins[:2])
    (tmp_path / "a.safetensors").write_bytes(data)
    network, about = load_network(tmp_path / "a.safetensors")
    assert equal(network, small()) and about == ABOUT


def write_header(path: Path, header: object, data: bytes = b"") -> None:
    """A file of safetensors with this JSON, or these bytes, as its header."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


@pytest.mark.parametrize("header", [[], [1, 2], None, "text", 7, {}, b"{", b"\xff\xfe"])
def test_headers_that_are_none(tmp_path, header):
    write_header(tmp_path / "a.safetensors", header)
    assert said(tmp_path / "a.safetensors")


@pytest.mark.parametrize("size", [2**63, 2**64 - 1, 10**9])
def test_a_header_longer_than_any_file(tmp_path, size):
    (tmp_path / "a.safetensors").write_bytes(struct.pack("<Q", size) + b"{}")
    assert "holds no whole weights" in said(tmp_path / "a.safetensors")


@pytest.mark.parametrize("metadata", [None, [], "text", {"srlib": 7}, {"srlib": None}])
def test_metadata_that_is_none(tmp_path, metadata):
    write_header(tmp_path / "a.safetensors", {"__metadata__": metadata})
    assert said(tmp_path / "a.safetensors")


@pytest.mark.parametrize(
    "facts",
    [
        "[]",
        "null",
        '"srresnet"',
        "7",
        "{}",
        '{"scale": 4}',
        "{",
        "[" * 100_000,
        '{"model": ' + "9" * 10_000 + "}",
        '{"model": null}',
        '{"model": ["srcnn"]}',
        '{"model": "edsr"}',
        '{"model": "' + "edsr " * 1000 + '"}',
        '{"model": "srcnn"}',
        '{"model": "srcnn", "variant": ["9-1-5"], "residual": true}',
        '{"model": "srcnn", "variant": "9-1-5", "residual": true}',
        '{"model": "srresnet"}',
        '{"model": "srresnet", "scale": 2, "blocks": 1, "channels": 5}',
        '{"model": "srresnet", "scale": 2, "blocks": 2, "channels": 4}',
        '{"model": "srresnet", "scale": 2, "blocks": "1", "channels": 4}',
        '{"model": "srresnet", "scale": 3, "blocks": 1, "channels": 4}',
        '{"model": "srresnet", "scale": 4, "blocks": 1, "channels": 4}',
        '{"model": "srresnet", "scale": 2.0, "blocks": 1, "channels": 4}',
        '{"model": "srresnet", "scale": [2], "blocks": 1, "channels": 4}',
        '{"model": "srresnet", "scale": 1e999, "blocks": 1, "channels": 4}',
        '{"model": "srresnet", "scale": NaN, "blocks": 1, "channels": 4}',
        '{"model": "srresnet", "scale": 2, "blocks": -1, "channels": 4}',
        '{"model": "srresnet", "scale": 2, "blocks": 1' + "0" * 4000 + ', "channels": 4}',
    ],
)
def test_facts_that_are_none_or_lie(tmp_path, facts):
    path = tmp_path / "a.safetensors"
    path.write_bytes(save(small().state_dict(), metadata={"srlib": facts}))
    assert said(path)


@pytest.mark.parametrize(
    "facts, message",
    [
        ({}, "its header names no network"),
        ({"scale": 2}, "its header names no network"),
        ({"model": "edsr"}, "it is of a model 'edsr'"),
        ({"model": "srcnn"}, "'variant' is missing"),
        ({"model": "srresnet", "channels": 4}, "'scale' is missing"),
        (ABOUT | {"blocks": 9}, "its header says 9 blocks of 4 channels, its weights have 1 of 4"),
        (ABOUT | {"scale": 2.0}, "its header says scale 2.0"),
        (ABOUT | {"scale": 3}, "SRResNet enlarges by 2 or 4, not 3"),
    ],
)
def test_the_line_says_what_is_wrong(tmp_path, facts, message):
    save_weights(tmp_path / "a.safetensors", small(), facts)
    found = said(tmp_path / "a.safetensors")
    assert f"holds no network of srlib train ({message}): give the folder" in found


def test_weights_of_other_tools_are_of_no_network(tmp_path):
    (tmp_path / "a.safetensors").write_bytes(save({"weight": torch.zeros(3)}))
    assert "its header names no network" in said(tmp_path / "a.safetensors")


@pytest.fixture
def little_memory():
    """A network larger than a gigabyte cannot be built."""
    resource = pytest.importorskip("resource", reason="Windows has no such limit")
    if not Path("/proc/self/statm").exists():
        pytest.skip("only Linux says how much is in use")
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    in_use = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (in_use + 2**30, hard))
    yield
    resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def built(*_: object) -> None:
    pytest.fail("a network was built")


def tensor(shape: list[int], size: int = 0) -> dict:
    return {"dtype": "F32", "shape": shape, "data_offsets": [0, size]}


def test_a_million_blocks_in_a_hundred_bytes(tmp_path, monkeypatch, little_memory):
    path = tmp_path / "a.safetensors"
    facts = json.dumps({"model": "srgan", "blocks": 10**6, "channels": 64, "scale": 4})
    write_header(path, {"__metadata__": {"srlib": facts}})
    assert path.stat().st_size < 130
    monkeypatch.setattr(weights, "SRResNet", built)
    assert "'tail.weight' is missing" in said(path)


@pytest.mark.parametrize(
    "tensors",
    [
        {"tail.weight": tensor([0, 10**9, 9, 9])},
        {"tail.weight": tensor([0, 10**9, 9, 9]), "body.0.residual.0.weight": tensor([0])},
        {
            "tail.weight": tensor([0, 10**9, 9, 9]),
            "body.0.residual.0.weight": tensor([10**9, 10**9, 0, 3]),
        },
    ],
)
def test_sizes_that_take_no_bytes_are_not_believed(tmp_path, tensors, monkeypatch, little_memory):
    """A file may say that a tensor has a billion columns, of no rows."""
    facts = json.dumps({"model": "srgan", "blocks": 1, "channels": 10**9, "scale": 4})
    write_header(tmp_path / "a.safetensors", {"__metadata__": {"srlib": facts}, **tensors})
    monkeypatch.setattr(weights, "SRResNet", built)
    message = "its header says 1 blocks of 1000000000 channels, its weights have 0 of 1000000000"
    assert message in said(tmp_path / "a.safetensors")


@pytest.mark.parametrize("shape", [[], [3]])
def test_a_tail_without_channels(tmp_path, shape):
    size = 4 * int(np.prod(shape))
    header = {
        "__metadata__": {"srlib": json.dumps(ABOUT)},
        "tail.weight": tensor(shape, size),
    }
    write_header(tmp_path / "a.safetensors", header, bytes(size))
    assert "holds no network of srlib train" in said(tmp_path / "a.safetensors")


def test_names_as_long_as_a_book(tmp_path):
    state = {f"{'body ' * 999}\n{number}": torch.zeros(1) for number in range(3)}
    path = tmp_path / "a.safetensors"
    about = {"model": "srcnn", "variant": "9-1-5", "residual": True}
    path.write_bytes(save(state, metadata={"srlib": json.dumps(about)}))
    assert "holds the weights of another model" in said(path)


# what lies between


def test_interpolated_weights():
    a, b = small(0).eval(), small(1)
    b.body[0].residual[1].running_mean.fill_(3.0)
    before = [{name: value.clone() for name, value in each.state_dict().items()} for each in (a, b)]
    between = interpolate(a, b, 0.25)
    for name, value in between.state_dict().items():
        first, second = (each[name] for each in before)
        if value.is_floating_point():
            assert torch.allclose(value, 0.75 * first + 0.25 * second, atol=1e-6), name
        else:
            assert torch.equal(value, first), name
    assert not between.training and b.training
    assert all(
        torch.equal(value, saved[name])
        for each, saved in zip((a, b), before, strict=True)
        for name, value in each.state_dict().items()
    ), "its ends were changed"


def test_at_its_ends_it_is_the_networks():
    a, b = (pretrained.load(name, 4) for name in ("srresnet", "srgan"))
    assert equal(interpolate(a, b, 0.0), a)
    middle = interpolate(a, b, 0.5)
    assert isinstance(middle, SRResNet) and digest_of(middle) not in (digest_of(a), digest_of(b))
    for name, value in interpolate(a, b, 1.0).state_dict().items():
        if value.is_floating_point():
            assert torch.equal(value, b.state_dict()[name]), name


@pytest.mark.parametrize("other", [SRResNet(2, 1, 5), SRResNet(2, 2, 4), SRCNN()])
def test_networks_of_two_shapes(other):
    with pytest.raises(ArgumentError, match="only two networks of one shape"):
        interpolate(small(), other, 0.5)
