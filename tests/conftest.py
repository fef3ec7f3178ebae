"""Fixtures for all tests: the data folder, where there is one, and no network but this machine."""

import os
import socket
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

HERE = ("127.0.0.1", "::1", "localhost")


@pytest.fixture(scope="session")
def srlib_data() -> Path:
    """The folder that SRLIB_DATA names; the test is skipped without one."""
    folder = os.environ.get("SRLIB_DATA")
    if not folder or not Path(folder).is_dir():
        pytest.skip("SRLIB_DATA names no folder with benchmark sets")
    return Path(folder)


@pytest.fixture(scope="session")
def set5(srlib_data: Path) -> Path:
    """The folder of Set5, which holds image_SRF_2, image_SRF_3 and image_SRF_4."""
    folder = srlib_data / "Set5"
    if not folder.is_dir():
        pytest.skip(f"no Set5 in SRLIB_DATA ({srlib_data})")
    return folder


@pytest.fixture(scope="session")
def vgg_file(srlib_data: Path) -> Path:
    """Trained weights of VGG-19 up to relu3_1, in a folder beside SRLIB_DATA."""
    file = srlib_data.parent / "weights" / "vgg19_conv3_1_normalised.safetensors"
    if not file.is_file():
        pytest.skip(f"no weights of VGG-19 ({file})")
    return file


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test that reaches for another machine fails, even where that machine would answer."""
    connect = socket.socket.connect

    def connect_here(self: socket.socket, address: object) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6) and address[0] not in HERE:
            pytest.fail(f"a test must not use the network, but this one wants {address}")
        return connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", connect_here)


@pytest.fixture(scope="session")
def random_vgg(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Random weights for VGG-19 up to relu3_1, by torchvision's names."""
    generator = torch.Generator().manual_seed(0)
    tensors, into = {}, 3
    for position, out in {0: 64, 2: 64, 5: 128, 7: 128, 10: 256}.items():
        size = (2 / (9 * into)) ** 0.5  # He's: features stay as large as the image
        weight = size * torch.randn(out, into, 3, 3, generator=generator)
        tensors[f"features.{position}.weight"] = weight
        tensors[f"features.{position}.bias"] = 0.1 * torch.randn(out, generator=generator)
        into = out
    file = tmp_path_factory.mktemp("vgg") / "random.safetensors"
    save_file(tensors, file)
    return file
