"""Patches: aligned, made exactly, the same for the same step, and drawn fairly."""

import numpy as np
import pytest
import torch

from srlib.data.patches import Patches
from srlib.errors import ImageError
from srlib.images.resize import imresize
from srlib.images.values import modulo_crop, rgb_to_luma
from srlib.images.writing import write


def smooth_image(height, width, seed=0):
    """A smooth colour image, (height, width, 3): neighbouring pixels resemble each other."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (height // 8 + 1, width // 8 + 1, 3), dtype=np.uint8)
    return np.ascontiguousarray(imresize(coarse, 8)[:height, :width])


def addressed_image(height, width):
    """Every pixel differs: red counts rows, green columns."""
    rows, columns = np.indices((height, width), dtype=np.uint8)
    return np.stack([rows, columns, np.zeros_like(rows)], axis=-1)


def as_uint8(patch):
    return np.rint(patch.numpy() * 255).astype(np.uint8)


def symmetries(patch):
    """The 8 symmetries of (C, H, W), by rotations and one flip."""
    turned = [np.rot90(patch, k, axes=(1, 2)) for k in range(4)]
    return turned + [image[:, :, ::-1] for image in turned]


def find(patch, image):
    """All (top, left, symmetry) at which a patch (C, p, p) stands in an image (C, H, W)."""
    p = patch.shape[-1]
    windows = np.lib.stride_tricks.sliding_window_view(image, (p, p), axis=(1, 2))
    hits = []
    for number, turned in enumerate(symmetries(patch)):
        same = (windows == turned[:, None, None]).all(axis=(0, 3, 4))
        hits += [(int(top), int(left), number) for top, left in np.argwhere(same)]
    return hits


@pytest.mark.parametrize("scale", [1, 2, 3, 4])
def test_pairs_are_cut_at_one_place_from_the_whole_images(scale):
    image = smooth_image(47, 53)
    hr_image = modulo_crop(image, scale)
    lr_image = imresize(hr_image, 1 / scale)
    lr, hr = Patches([image], scale, 12, batch_size=20, seed=3).batch(0)
    assert lr.shape == (20, 3, 12 // scale, 12 // scale) and hr.shape == (20, 3, 12, 12)
    assert lr.dtype == hr.dtype == torch.float32
    for low, high in zip(as_uint8(lr), as_uint8(hr), strict=True):
        high_places = set(find(high, hr_image.transpose(2, 0, 1)))
        low_places = find(low, lr_image.transpose(2, 0, 1))
        assert high_places & {(y * scale, x * scale, turn) for y, x, turn in low_places}


def test_all_symmetries_and_all_places_occur():
    image = addressed_image(10, 14)
    patches = Patches([image], scale=2, patch_size=8, batch_size=400, seed=0)
    _, hr = patches.batch(0)
    found = {find(high, image.transpose(2, 0, 1))[0] for high in as_uint8(hr)}
    places = {(top, left) for top in (0, 2) for left in (0, 2, 4, 6)}
    assert found == {(top, left, turn) for top, left in places for turn in range(8)}


def test_a_batch_depends_on_seed_and_step_alone():
    images = [smooth_image(40, 40, seed) for seed in range(3)]
    first, again = (Patches(images, 2, 16, batch_size=8, seed=5) for _ in range(2))
    for step in (0, 1, 2):
        first.batch(step)
    for side, same in zip(first.batch(7), again.batch(7), strict=True):
        assert torch.equal(side, same)
    assert not torch.equal(first.batch(7)[1], first.batch(8)[1])
    other_seed = Patches(images, 2, 16, batch_size=8, seed=6)
    assert not torch.equal(first.batch(7)[1], other_seed.batch(7)[1])


def test_processes_share_out_one_batch():
    patches = Patches([smooth_image(40, 40)], 2, 16, batch_size=6, seed=0)
    whole = patches.batch(4)
    parts = [patches.batch(4, rank, 3) for rank in range(3)]
    for side in (0, 1):
        assert torch.equal(torch.cat([part[side] for part in parts]), whole[side])
    with pytest.raises(ValueError, match="multiple of the number of processes"):
        patches.batch(0, rank=0, world=4)
    with pytest.raises(ValueError, match="process 2 of 2"):
        patches.batch(0, rank=2, world=2)


def test_every_pixel_is_equally_likely():
    small = np.full((20, 20, 3), 10, np.uint8)
    large = np.full((60, 20, 3), 200, np.uint8)
    _, hr = Patches([small, large], 1, 16, batch_size=4000, seed=0).batch(0)
    share = (hr[:, 0, 0, 0] > 0.5).float().mean().item()
    assert abs(share - 0.75) < 0.03


def test_luma_is_that_of_the_rgb_images():
    image = smooth_image(24, 24)
    lr, hr = Patches([image], 2, 24, batch_size=1, seed=0, channel="Y").batch(0)
    assert lr.shape == (1, 1, 12, 12) and hr.shape == (1, 1, 24, 24)
    high = rgb_to_luma(image)[None]
    low = rgb_to_luma(imresize(image, 0.5))[None]
    pairs = zip(symmetries(low), symmetries(high), strict=True)
    assert any(
        np.array_equal(as_uint8(lr)[0], a) and np.array_equal(as_uint8(hr)[0], b) for a, b in pairs
    )


def test_grey_images_are_three_equal_planes():
    _, hr = Patches([smooth_image(24, 24)[..., 0]], 2, 16, batch_size=2, seed=0).batch(0)
    assert hr.shape[1] == 3
    assert torch.equal(hr[:, 0], hr[:, 1]) and torch.equal(hr[:, 0], hr[:, 2])


def test_downscales_add_smaller_copies_that_hold_a_patch():
    patches = Patches([smooth_image(40, 48)], 3, 24, batch_size=2, downscales=(0.9, 0.6, 0.5))
    shapes = [hr.shape for _, hr in patches.pairs]
    # 40x48, then 0.9 and 0.6 of it, cropped to multiples of 3; at 0.5 it is lower than a patch.
    assert shapes == [(3, 39, 48), (3, 36, 42), (3, 24, 27)]
    assert [lr.shape for lr, _ in patches.pairs] == [(3, 13, 16), (3, 12, 14), (3, 8, 9)]


def test_paths_are_read(tmp_path):
    image = smooth_image(24, 24)
    path = write(tmp_path / "one.png", image)
    from_path = Patches([path], 2, 16, batch_size=3, seed=0).batch(0)
    from_array = Patches([image], 2, 16, batch_size=3, seed=0).batch(0)
    assert torch.equal(from_path[0], from_array[0]) and torch.equal(from_path[1], from_array[1])


def test_an_image_smaller_than_a_patch_is_named(tmp_path):
    images = [smooth_image(40, 40), smooth_image(40, 31)]
    with pytest.raises(ImageError, match="image 1 is 31x40, smaller than a patch of 32x32"):
        Patches(images, 2, 32, batch_size=1)
    path = write(tmp_path / "tiny.png", smooth_image(16, 16))
    with pytest.raises(ImageError, match=r"tiny\.png is 16x16"):
        Patches([path], 2, 32, batch_size=1)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"scale": 5}, "scale must be"),
        ({"scale": 0}, "scale must be"),
        ({"scale": 3}, "multiple of scale 3"),
        ({"patch_size": 0}, "multiple of scale"),
        ({"batch_size": 0}, "batch_size"),
        ({"seed": -1}, "seed"),
        ({"channel": "L"}, "'RGB' or 'Y'"),
        ({"downscales": (1.5,)}, "between 0 and 1"),
        ({"images": []}, "no images"),
        ({"images": [np.zeros((40, 40, 3), np.float32)]}, "image 0: expected a uint8 array"),
        ({"images": [np.zeros((40, 40, 4), np.uint8)]}, "image 0: expected shape"),
    ],
)
def test_arguments_that_cannot_be_used(changes, message):
    settings = {
        "images": [np.zeros((40, 40, 3), np.uint8)],
        "scale": 2,
        "patch_size": 16,
        "batch_size": 4,
    }
    with pytest.raises(ValueError, match=message):
        Patches(**(settings | changes))
