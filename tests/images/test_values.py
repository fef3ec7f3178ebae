"""Arrays, tensors, luma and crops against hand values, MATLAB and their own inverses."""

import numpy as np
import pytest
import torch
from skimage.data import astronaut

from srlib.errors import ImageError
from srlib.images.reading import read_rgb
from srlib.images.values import (
    centre_crop,
    digest,
    modulo_crop,
    rgb_to_luma,
    rgb_to_ycbcr,
    shave,
    split_alpha,
    to_tensor,
    to_uint8,
    ycbcr_to_rgb,
)

# RGB and its Y, Cb, Cr: sums of the standard's coefficients, such as 16 + 65.481 for red.
BY_HAND = [
    ((255, 255, 255), (235, 128, 128)),
    ((0, 0, 0), (16, 128, 128)),
    ((255, 0, 0), (81.481, 90.203, 240)),
    ((0, 255, 0), (144.553, 53.797, 34.214)),
    ((0, 0, 255), (40.966, 240, 109.786)),
    ((51, 51, 51), (16 + 219 / 5, 128, 128)),
]
RGB = np.array([[rgb for rgb, _ in BY_HAND]], np.float64)  # (1, 6, 3)
YCBCR = np.array([[ycbcr for _, ycbcr in BY_HAND]], np.float64)


def as_tensor(image: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(image / 255).permute(2, 0, 1)[None]


# Arrays and tensors


@pytest.mark.parametrize("shape", [(3, 5), (3, 5, 2), (3, 5, 3), (3, 5, 4), (1, 1, 3)])
def test_there_and_back(shape):
    image = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    tensor = to_tensor(image)
    assert tensor.dtype == torch.float32 and tensor.is_contiguous()
    assert tensor.shape == (1, shape[2] if len(shape) == 3 else 1, *shape[:2])
    back = to_uint8(tensor)
    assert back.dtype == np.uint8 and np.array_equal(back, image)
    assert np.array_equal(to_uint8(tensor[0].double()), image)


def test_every_value_comes_back():
    image = np.arange(256, dtype=np.uint8)[None]
    assert np.array_equal(to_tensor(image).flatten().double(), np.arange(256, dtype="f4") / 255)
    assert np.array_equal(to_uint8(to_tensor(image)), image)


def test_planes_keep_their_places():
    image = np.zeros((2, 3, 3), np.uint8)
    image[1, 2, 0] = 255
    assert to_tensor(image)[0, 0, 1, 2] == 1 and to_tensor(image).sum() == 1
    assert np.array_equal(to_uint8(to_tensor(image)), image)


def test_rounds_half_up():
    values = torch.tensor([[[0.5, 0.498 / 255, 0.5 / 255, 254.5 / 255]]], dtype=torch.float64)
    assert to_uint8(values).tolist() == [[128, 0, 1, 255]]


def test_takes_views_and_graphs_and_short_floats():
    image = astronaut()[:8, :6]
    image.flags.writeable = False
    assert np.array_equal(to_uint8(to_tensor(image[::-1, ::2])), image[::-1, ::2])
    assert np.array_equal(to_uint8(to_tensor(image).requires_grad_() * 1), image)
    assert to_uint8(torch.ones(1, 1, 2, 2, dtype=torch.bfloat16)).tolist() == [[255, 255]] * 2


@pytest.mark.parametrize(
    "tensor, complaint",
    [
        (torch.full((1, 3, 2, 2), float("nan")), "NaN"),
        (torch.full((1, 3, 2, 2), 1.1), r"\[0, 1\] but reach 1.1 to 1.1: clamp it"),
        (torch.full((1, 3, 2, 2), -0.1), "clamp it"),
        (torch.full((1, 3, 2, 2), float("inf")), "clamp it"),
        (torch.full((1, 3, 2, 2), 255.0), "or divide by 255"),
        (torch.zeros(2, 3, 2, 2), "one by one"),
        (torch.zeros(2, 2), r"got \(2, 2\)"),
        (torch.zeros(1, 5, 2, 2), r"got \(1, 5, 2, 2\)"),
        (torch.zeros(1, 3, 0, 2), "no pixels"),
        (torch.zeros(1, 3, 2, 2, dtype=torch.uint8), "float tensor in .* got torch.uint8"),
        (np.zeros((2, 2), np.uint8), "float tensor in .* got uint8"),
        ("photo", "float tensor in .* got str"),
    ],
)
def test_tensors_that_are_no_image(tensor, complaint):
    with pytest.raises(ImageError, match=complaint):
        to_uint8(tensor)


@pytest.mark.parametrize("image", [np.zeros((2, 2)), np.zeros(2, np.uint8), None])
def test_arrays_that_are_no_image(image):
    with pytest.raises(ImageError, match="expected"):
        to_tensor(image)


def test_split_alpha():
    image = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    colour, alpha = split_alpha(image)
    assert np.array_equal(colour, image[..., :3]) and np.array_equal(alpha, image[..., 3])
    grey, alpha = split_alpha(image[..., :2])
    assert np.array_equal(grey, image[..., 0]) and np.array_equal(alpha, image[..., 1])
    for opaque in (image[..., 0], image[..., :1], image[..., :3]):
        assert split_alpha(opaque)[1] is None
    assert split_alpha(image[..., :1])[0].shape == (2, 3)


# Colour


def test_colours_by_hand():
    assert np.allclose(rgb_to_ycbcr(RGB), YCBCR, rtol=0, atol=1e-12)
    assert np.allclose(rgb_to_luma(RGB), YCBCR[..., 0], rtol=0, atol=1e-12)
    rounded = np.floor(YCBCR + 0.5).astype(np.uint8)
    assert np.array_equal(rgb_to_ycbcr(RGB.astype(np.uint8)), rounded)
    assert np.array_equal(rgb_to_luma(RGB.astype(np.uint8)), rounded[..., 0])
    assert torch.allclose(rgb_to_ycbcr(as_tensor(RGB)), as_tensor(YCBCR), rtol=0, atol=1e-15)


def test_the_three_kinds_keep_their_type():
    image = astronaut()[:4, :5]
    assert rgb_to_luma(image).dtype == np.uint8 and rgb_to_luma(image).shape == (4, 5)
    for kind in (np.float16, np.float32, np.float64):
        assert rgb_to_luma(image.astype(kind)).dtype == np.float64
        assert np.array_equal(rgb_to_luma(image.astype(kind)), rgb_to_luma(image.astype(float)))
    tensor = to_tensor(image)
    assert rgb_to_luma(tensor).dtype == torch.float32 and rgb_to_luma(tensor).shape == (1, 1, 4, 5)
    assert rgb_to_ycbcr(torch.cat([tensor, tensor])).shape == (2, 3, 4, 5)
    assert torch.allclose(
        rgb_to_luma(tensor)[0, 0] * 255,
        torch.from_numpy(rgb_to_luma(image.astype(float))).float(),
        atol=1e-4,
    )


def test_luma_is_that_of_matlab(set5):
    """The stored luma of Set5's butterfly came out of MATLAB's rgb2ycbcr."""
    file = set5.parents[1] / "golden" / "matlab_imresize_x4_butterfly.npz"
    if not file.is_file():
        pytest.skip(f"no {file.name} beside the data folder")
    butterfly = read_rgb(set5 / "image_SRF_4" / "img_003_SRF_4_HR.png").astype(np.float64)
    with np.load(file) as golden:
        assert np.abs(rgb_to_luma(butterfly) - golden["hr"]).max() < 1e-12


def test_round_trips():
    rgb = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    exact = rgb.astype(np.float64)
    assert (
        np.abs(
            rgb_to_ycbcr(ycbcr_to_rgb(rgb_to_ycbcr(exact)).clip(0, 255)) - rgb_to_ycbcr(exact)
        ).max()
        < 1e-10
    )
    assert np.abs(ycbcr_to_rgb(rgb_to_ycbcr(exact)) - exact).max() < 1e-11
    assert torch.allclose(ycbcr_to_rgb(rgb_to_ycbcr(as_tensor(rgb))), as_tensor(rgb), atol=1e-13)
    # 8-bit luma and chroma are coarser than 8-bit RGB, but never by more than 2 levels
    assert np.abs(ycbcr_to_rgb(rgb_to_ycbcr(rgb)).astype(int) - rgb).max() == 2


def test_what_is_no_colour_is_clipped_in_8_bit_only():
    impossible = np.array([[[235, 255, 255]]], np.uint8)
    # the standard's inverse for green: 255/219 (Y - 16) - 0.391762 (Cb - 128) - 0.812968 (Cr - 128)
    green = round(255 / 219 * 219 - 0.391762 * 127 - 0.812968 * 127)
    assert ycbcr_to_rgb(impossible)[0, 0].tolist() == [255, green, 255]
    assert ycbcr_to_rgb(impossible.astype(float)).max() > 400
    assert ycbcr_to_rgb(as_tensor(impossible)).max() > 1.5


def test_luma_has_a_gradient():
    rgb = torch.rand(1, 3, 2, 2, dtype=torch.float64, requires_grad=True)
    rgb_to_luma(rgb).sum().backward()
    assert np.allclose(rgb.grad[0, :, 0, 0], np.array([65.481, 128.553, 24.966]) / 255)


@pytest.mark.parametrize("convert", [rgb_to_luma, rgb_to_ycbcr, ycbcr_to_rgb])
@pytest.mark.parametrize(
    "image, complaint",
    [
        (np.full((2, 2, 3), np.nan), "NaN"),
        (np.full((2, 2, 3), 256.0), r"\[0, 255\] but reach 256 to 256: clip it"),
        (np.full((2, 2, 3), -1.0), "clip it"),
        (np.zeros((2, 2)), r"got shape \(2, 2\)"),
        (np.zeros((2, 2, 4), np.uint8), r"got shape \(2, 2, 4\)"),
        (np.zeros((2, 2, 3), int), "got int64"),
        (np.zeros((2, 2, 3), np.uint16), "got uint16"),
        (np.zeros((0, 2, 3), np.uint8), "no pixels"),
        (torch.zeros(3, 2, 2), r"\(B, 3, H, W\), got shape \(3, 2, 2\)"),
        (torch.zeros(1, 1, 2, 2), r"got shape \(1, 1, 2, 2\)"),
        (torch.full((1, 3, 2, 2), 2.0), r"\[0, 1\] but reach 2 to 2"),
        (torch.full((1, 3, 2, 2), float("nan")), "NaN"),
        ([[1, 2, 3]], "got list"),
    ],
)
def test_what_has_no_colour(convert, image, complaint):
    with pytest.raises(ImageError, match=complaint):
        convert(image)


# Crops


def test_modulo_crop_drops_the_bottom_and_the_right():
    image = np.arange(7 * 8).reshape(7, 8)
    assert np.array_equal(modulo_crop(image, 3), image[:6, :6])
    assert np.array_equal(modulo_crop(np.dstack([image] * 3), 3)[..., 2], image[:6, :6])
    assert np.array_equal(modulo_crop(torch.from_numpy(image)[None, None], 3)[0, 0], image[:6, :6])
    assert modulo_crop(image, 1).shape == modulo_crop(image, np.int64(1)).shape == (7, 8)
    assert modulo_crop(image, 7).shape == (7, 7)


def test_shave_drops_all_four_sides():
    image = np.arange(7 * 8).reshape(7, 8)
    assert np.array_equal(shave(image, 2), image[2:-2, 2:-2])
    assert np.array_equal(shave(np.dstack([image] * 3), 2)[..., 2], image[2:-2, 2:-2])
    assert np.array_equal(shave(torch.from_numpy(image)[None, None], 2)[0, 0], image[2:-2, 2:-2])
    assert shave(image, 0).shape == (7, 8) and shave(image, 3).shape == (1, 2)


@pytest.mark.parametrize("shape", [(7, 8), (8, 7), (7, 8, 3), (4, 9)])
def test_centre_crop_leaves_as_much_above_as_below(shape):
    image = np.arange(np.prod(shape)).reshape(shape)
    for size in (1, 2, 3, 4, 5, 8, 20):
        height, width = min(size, shape[0]), min(size, shape[1])
        top, left = (shape[0] - height) // 2, (shape[1] - width) // 2
        expected = image[top : top + height, left : left + width]
        assert np.array_equal(centre_crop(image, size), expected)
    tensor = torch.arange(56.0).reshape(1, 1, 7, 8)
    assert torch.equal(centre_crop(tensor, 3)[0, 0], tensor[0, 0, 2:5, 2:5])


@pytest.mark.parametrize("size", [0, -1, 1.5, True, None])
def test_no_size(size):
    with pytest.raises(ValueError, match="size must be a whole number of pixels >= 1, not"):
        centre_crop(np.zeros((8, 8)), size)


@pytest.mark.parametrize("scale", [0, -1, 1.5, True, "2", None])
def test_no_scale(scale):
    with pytest.raises(ValueError, match="scale must be a whole number >= 1, not"):
        modulo_crop(np.zeros((8, 8)), scale)


@pytest.mark.parametrize("border", [-1, 0.5, True, None])
def test_no_border(border):
    with pytest.raises(ValueError, match="border must be a whole number >= 0, not"):
        shave(np.zeros((8, 8)), border)


def test_too_small_to_crop():
    with pytest.raises(ImageError, match="8x3 pixels is too small for scale 4"):
        modulo_crop(np.zeros((3, 8, 3)), 4)
    with pytest.raises(ImageError, match="border 2 leaves nothing of 8x4"):
        shave(torch.zeros(1, 1, 4, 8), 2)


@pytest.mark.parametrize("image", [np.zeros(3), np.zeros((1, 1, 3, 3)), torch.zeros(3), [[0]]])
def test_only_images_are_cropped(image):
    for crop in (modulo_crop, shave, centre_crop):
        with pytest.raises(ImageError, match="expected an array"):
            crop(image, 1)


# Digest


def test_a_digest_is_of_names_shapes_types_and_values():
    image = np.arange(12, dtype=np.uint8).reshape(3, 4)
    same = digest([("a", image), ("b", image)])
    assert same == digest(iter([("a", image.copy(order="F")), ("b", image[:])])) and len(same) == 64
    others = [
        [("a", image)],
        [("a", image), ("c", image)],
        [("b", image), ("a", image)],
        [("a", image), ("b", image.reshape(4, 3))],
        [("a", image), ("b", image.view(np.int8))],
        [("a", image), ("b", image ^ 1)],
    ]
    assert len({same, *map(digest, others)}) == 7
