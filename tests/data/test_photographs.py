"""Ten photographs that need no download."""

import socket

import numpy as np
import pytest

from srlib.data.photographs import Photograph, photograph, photographs
from srlib.errors import ImageError
from srlib.images.metrics import Protocol, psnr
from srlib.images.resize import imresize


def test_ten_photographs_load_without_the_network(monkeypatch):
    def no_network(*_, **__):
        raise AssertionError("a photograph was looked for on the network")

    monkeypatch.setattr(socket.socket, "connect", no_network)
    photos = photographs()
    assert len(photos) == len({photo.name for photo in photos}) == 10
    for photo in photos:
        image = photo.image
        assert image.dtype == np.uint8 and image.shape == (photo.size[1], photo.size[0], 3)
        assert photo.licence and photo.source
    colour = [photo for photo in photos if np.ptp(photo.image.astype(int), axis=2).max() > 0]
    assert len(colour) == 7


def test_photographs_have_detail_to_restore():
    for photo in photographs():
        hr = photo.image[: photo.size[1] // 2 * 2, : photo.size[0] // 2 * 2]
        sr = imresize(imresize(hr, 1 / 2), 2)
        assert 27 < psnr(sr, hr, Protocol.paper(2)) < 36, photo.name


def test_a_photograph_by_its_name():
    assert photograph("coffee").size == (600, 400)
    with pytest.raises(ValueError, match="'lena': choose one of astronaut, chelsea"):
        photograph("lena")


def test_a_scikit_image_without_the_files_is_named():
    photo = Photograph("eagle", (1, 1), "CC0", "-", "eagle.png")
    with pytest.raises(ImageError, match=r"without eagle\.png"):
        _ = photo.image
