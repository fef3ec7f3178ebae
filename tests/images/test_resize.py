"""imresize against MATLAB's results, exact fractions and a plain loop; gradients; bad input."""

import math
import warnings
from fractions import Fraction
from functools import lru_cache

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from srlib.errors import ArgumentError, ImageError
from srlib.images import resize
from srlib.images.kernels import KERNELS, output_size
from srlib.images.reading import read
from srlib.images.resize import imresize

HALF, THIRD, QUARTER = Fraction(1, 2), Fraction(1, 3), Fraction(1, 4)
# Scales at which float64 leaves no doubt about a tie, and all others tried.
FRACTIONS = [HALF, THIRD, QUARTER, Fraction(2), Fraction(3), Fraction(4), Fraction(8)]
SCALES = [*map(float, FRACTIONS), 1.0, 2.5, 0.4, 1.5, 0.7, 5.0, 1 / 5, 1 / 8]
sweep = settings(derandomize=True, deadline=None, max_examples=80)

# A noisy image and its sizes by MATLAB's 8-bit way, made with an implementation that agreed with
# the published low-resolution files of Set5 in every pixel.
NOISE = [
    [139, 74, 229, 241, 169, 65, 6, 160, 149],
    [106, 38, 175, 188, 205, 175, 229, 98, 249],
    [10, 148, 95, 86, 147, 198, 66, 39, 106],
    [213, 171, 45, 167, 57, 69, 81, 55, 14],
    [153, 178, 215, 76, 52, 39, 250, 72, 215],
    [50, 161, 223, 112, 172, 161, 233, 38, 17],
    [89, 1, 221, 6, 242, 127, 143, 6, 60],
]
SMALLER = {
    2: [[93, 192, 157, 117, 187], [129, 108, 119, 85, 90], [146, 150, 113, 131, 90]]
    + [[67, 122, 174, 78, 41]],
    3: [[122, 154, 121], [141, 117, 100], [87, 155, 73]],
    4: [[136, 124, 139], [121, 118, 65]],
}
LARGER = {  # of its first two rows and three columns
    2: [[146, 124, 79, 104, 200, 244], [137, 115, 70, 93, 186, 229]]
    + [[118, 96, 49, 69, 156, 196], [109, 87, 39, 58, 142, 181]],
    3: [[146, 141, 116, 84, 77, 118, 184, 233, 245], [144, 139, 114, 82, 74, 115, 181, 229, 240]]
    + [[134, 129, 104, 71, 63, 103, 166, 213, 224], [121, 116, 91, 58, 49, 86, 146, 191, 202]]
    + [[111, 106, 81, 48, 38, 74, 132, 175, 185], [109, 104, 79, 45, 35, 70, 128, 171, 181]],
    4: [[146, 144, 135, 112, 88, 75, 87, 126, 176, 219, 240, 244]]
    + [[146, 144, 134, 112, 87, 74, 86, 125, 175, 218, 239, 243]]
    + [[141, 139, 129, 107, 82, 69, 81, 119, 168, 211, 231, 235]]
    + [[133, 131, 121, 99, 74, 60, 71, 108, 156, 197, 217, 221]]
    + [[122, 120, 110, 88, 63, 49, 59, 95, 141, 181, 201, 205]]
    + [[114, 112, 102, 79, 54, 40, 49, 84, 129, 168, 187, 190]]
    + [[109, 107, 97, 75, 50, 35, 44, 78, 122, 160, 179, 182]]
    + [[109, 107, 97, 74, 49, 34, 43, 77, 121, 159, 178, 181]],
}


# ------------------------------------------------------------------------- two other ways to say it


def cubic(x):
    """Keys' kernel at a = -1/2, for a float or a Fraction."""
    x = abs(x)
    if x <= 1:
        return (3 * x - 5) * x * x / 2 + 1
    return ((5 - x) * x - 8) * x / 2 + 2 if x < 2 else x * 0


@lru_cache
def fraction_matrix(size, scale):
    """The weights (out, in) of one axis, border repeated, as integers and their denominator."""
    squeeze = min(scale, Fraction(1))
    rows = []
    for k in range(math.ceil(size * scale)):
        u = (k + Fraction(1, 2)) / scale - Fraction(1, 2)
        reach = range(math.floor(u - 2 / squeeze), math.ceil(u + 2 / squeeze) + 1)
        row = [Fraction(0)] * size
        for i in reach:
            row[min(max(i, 0), size - 1)] += squeeze * cubic(squeeze * (u - i))
        rows.append(row)
    denominator = math.lcm(*(weight.denominator for row in rows for weight in row))
    return np.array([[int(w * denominator) for w in row] for row in rows]), denominator


def resize_by_fractions(image, scale):
    """MATLAB's 8-bit way in integers, without any rounding but the one that is meant.

    Returns the image (H, W) and how many ties were met.
    """
    ties = 0
    for _ in range(2):
        matrix, denominator = fraction_matrix(len(image), scale)
        total = matrix.astype(float) @ image  # of whole numbers below 2**53, so without error
        doubled = 2 * total.astype(np.int64) + denominator
        ties += np.count_nonzero(doubled % (2 * denominator) == 0)
        image = (doubled // (2 * denominator)).clip(0, 255).T
    return image.astype(np.uint8), ties


def resize_by_loop(image, scale, in_8_bit, padding=None):
    """Both of MATLAB's ways, one multiplication and addition after the other in float64."""
    padding = padding or ("edge" if in_8_bit else "symmetric")
    image, squeeze = image.astype(np.float64), min(scale, 1.0)
    for _ in range(2):
        size = len(image)
        beyond = np.pad(range(size), 200, padding)
        result = np.zeros((output_size(size, scale), image.shape[1]))
        for k in range(len(result)):
            u = (k + 1) / scale + 0.5 * (1 - 1 / scale)  # counted from 1
            taps = math.floor(u - 2 / squeeze) + np.arange(math.ceil(4 / squeeze) + 2)
            weights = np.array([squeeze * cubic(squeeze * (u - i)) for i in taps])
            for i, weight in zip(taps - 1, weights / weights.sum(), strict=True):
                result[k] += weight * image[beyond[i + 200]]
        image = (np.floor(result + 0.5).clip(0, 255) if in_8_bit else result).T
    return image.astype(np.uint8) if in_8_bit else image


def adversaries(height, width):
    """Images that provoke ties, overshoots and the border, each (height, width)."""
    rng = np.random.default_rng(height * 1000 + width)
    rows, columns = np.indices((height, width))
    yield from (np.full((height, width), value) for value in (0, 1, 127, 128, 254, 255))
    yield 255 * ((rows + columns) % 2)  # checkerboards of 0 and 255
    yield 255 * ((rows // 2 + columns // 3) % 2)
    yield 100 + (rows + columns) % 2  # neighbours that average to a half
    yield 8 * ((rows + columns) % 32)
    yield columns % 256
    yield rng.integers(0, 256, (height, width))
    yield 255 * rng.integers(0, 2, (height, width))
    yield 64 * rng.integers(0, 4, (height, width))


def worst_cases(height, width):
    return [image.astype(np.uint8) for image in adversaries(height, width)]


# --------------------------------------------------------------------------------- equal to MATLAB


@pytest.mark.parametrize("factor", [2, 3, 4])
def test_golden_vector(factor):
    noise = np.array(NOISE, dtype=np.uint8)
    np.testing.assert_array_equal(imresize(noise, 1 / factor), SMALLER[factor])
    np.testing.assert_array_equal(imresize(noise[:2, :3], factor), LARGER[factor])


@pytest.mark.parametrize("factor", [2, 3, 4])
def test_every_pixel_of_the_published_set5(set5, factor):
    files = sorted((set5 / f"image_SRF_{factor}").glob("*_HR.png"))
    assert len(files) == 5
    for file in files:
        lr = read(file.with_name(file.name.replace("_HR", "_LR")))
        np.testing.assert_array_equal(imresize(read(file), 1 / factor), lr)


def test_matlab_output_in_floats(srlib_data):
    file = srlib_data.parent / "golden" / "matlab_imresize_x4_butterfly.npz"
    if not file.exists():
        pytest.skip(f"no {file.name} beside SRLIB_DATA")
    golden = np.load(file)
    assert np.abs(imresize(golden["hr"], 1 / 4) - golden["down"]).max() < 1e-9
    assert np.abs(imresize(golden["down"], 4) - golden["up"]).max() < 1e-9
    # A slip in the border or the rounding would be seen: the other way is far off.
    assert np.abs(imresize(golden["down"].astype(np.uint8), 4) - golden["up"]).max() > 0.4


@pytest.mark.parametrize("scale", FRACTIONS, ids=str)
def test_8_bit_equals_exact_fractions(scale):
    met = 0
    for size in ((1, 1), (1, 9), (24, 17), (33, 40)):
        for image in worst_cases(*size):
            expected, ties = resize_by_fractions(image, scale)
            met += ties
            np.testing.assert_array_equal(imresize(image, float(scale)), expected)
    assert (met > 100) == (scale.numerator * scale.denominator != 3)  # no multiple of 1/81 is a tie


@pytest.mark.parametrize(
    "scale", [HALF, THIRD, QUARTER, Fraction(2), Fraction(3), Fraction(4)], ids=str
)
def test_8_bit_equals_exact_fractions_across_tiles(scale):
    shape = (70, 600) if scale > 1 else (300, 600)  # a tile has 512 columns and 128 rows at most
    image = 85 * np.random.default_rng(5).integers(0, 4, shape, dtype=np.uint8)
    expected, _ = resize_by_fractions(image, scale)
    np.testing.assert_array_equal(imresize(image, float(scale)), expected)
    image = image[:, :, None] ^ np.array([0, 90, 255], dtype=np.uint8)
    expected = [resize_by_fractions(plane, scale)[0] for plane in np.moveaxis(image, 2, 0)]
    np.testing.assert_array_equal(imresize(image, float(scale)), np.stack(expected, axis=2))


@pytest.mark.parametrize("scale", SCALES)
def test_both_ways_equal_a_plain_loop(scale):
    for image in worst_cases(14, 11):
        np.testing.assert_array_equal(
            imresize(image, scale), resize_by_loop(image, scale, in_8_bit=True)
        )
        values = image - 100.5
        np.testing.assert_allclose(
            imresize(values, scale), resize_by_loop(values, scale, in_8_bit=False), atol=1e-12
        )


PADDING = {"replicate": "edge", "mirror": "symmetric"}  # NumPy's names for the two


@pytest.mark.parametrize("border", PADDING)
@pytest.mark.parametrize("scale", SCALES)
def test_both_borders_equal_a_plain_loop(scale, border):
    for image in worst_cases(14, 11):
        np.testing.assert_array_equal(
            imresize(image, scale, border=border),
            resize_by_loop(image, scale, True, PADDING[border]),
        )
        values = image - 100.5
        expected = resize_by_loop(values, scale, False, PADDING[border])
        np.testing.assert_allclose(imresize(values, scale, border=border), expected, atol=1e-12)
        tensor = imresize(torch.from_numpy(values)[None, None], scale, border=border)
        np.testing.assert_allclose(tensor[0, 0].numpy(), expected, atol=1e-12)


@pytest.mark.parametrize("border", PADDING)
@pytest.mark.parametrize("scale", [1 / 4, 1 / 3, 1 / 2, 2, 3, 4])
def test_a_border_is_what_padding_by_hand_gives(scale, border):
    """Pad a lot, resize, and cut out the middle: no line of the resizer's own border is used."""
    image = np.random.default_rng(11).integers(0, 256, (12, 18, 3), dtype=np.uint8)
    padded = np.pad(image, ((36, 36), (36, 36), (0, 0)), PADDING[border])
    skip, (height, width) = round(36 * scale), (output_size(size, scale) for size in (12, 18))
    middle = (slice(skip, skip + height), slice(skip, skip + width))
    expected = imresize(padded, scale)[middle]
    np.testing.assert_array_equal(imresize(image, scale, border=border), expected)
    np.testing.assert_allclose(
        imresize(image / 255, scale, border=border), imresize(padded / 255, scale)[middle]
    )
    tensor = torch.from_numpy(np.moveaxis(image, 2, 0)[None] / 255.0)
    expected = imresize(padded / 255, scale)[middle]
    result = imresize(tensor, scale, border=border)[0].permute(1, 2, 0)
    np.testing.assert_allclose(result.numpy(), expected)


def test_without_a_border_each_kind_of_image_has_its_own():
    image = np.random.default_rng(12).integers(0, 256, (9, 7), dtype=np.uint8)
    tensor = torch.from_numpy(image / 255)[None, None]
    for scale in (1 / 4, 2, 2.5):
        for way, own, other in (
            (image, "replicate", "mirror"),
            (image / 255, "mirror", "replicate"),
            (tensor, "mirror", "replicate"),
        ):
            expected = np.asarray(imresize(way, scale))
            np.testing.assert_array_equal(imresize(way, scale, border=own), expected)
            np.testing.assert_array_equal(imresize(way, scale, border=None), expected)
            assert (np.asarray(imresize(way, scale, border=other)) != expected).any()


@sweep
@given(
    st.sampled_from([1 / 8, 1 / 4, 1 / 3, 1 / 2, 1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 9.0, 16.0]),
    st.sampled_from(sorted(KERNELS)),
    st.booleans(),
    st.sampled_from(["replicate", "mirror"]),
    st.integers(1, 40),
    st.integers(1, 40),
    st.integers(0, 2**32 - 1),
)
def test_the_fast_way_equals_the_definition(scale, kernel, antialias, border, height, width, seed):
    image = 17 * np.random.default_rng(seed).integers(0, 16, (height, width), dtype=np.uint8)
    planes = torch.from_numpy(image).double()[None]
    beyond = {"replicate": "replicate", "mirror": "symmetric"}[border]
    options = scale, KERNELS[kernel], antialias, beyond
    expected = resize._resize_planes(planes, *options, in_8_bit=True)[0]
    result = imresize(image, scale, kernel=kernel, antialias=antialias, border=border)
    np.testing.assert_array_equal(result, expected.numpy())


def test_the_fast_way_is_taken_where_it_is_exact_and_only_there():
    cubic = KERNELS["cubic"]
    for scale in (1, 2, 3, 4, 8, 1 / 2, 1 / 3, 1 / 4):
        assert resize._exact_strip(float(scale), cubic, True) is not None
    for scale in (2.5, 0.4, 5.0, 1 / 5, 6.0, 1 / 8, 1e-9, 1e9, 1e-320):
        assert resize._exact_strip(scale, cubic, True) is None
    assert resize._exact_strip(2.0, KERNELS["spline"], True) is None


# --------------------------------------------------------------------------------------- properties


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("scale", [1 / 4, 1 / 3, 0.4, 2, 2.5, 3])
def test_a_constant_stays_one_down_and_up(kernel, scale):
    for height, width in ((1, 1), (1, 5), (7, 3), (12, 13)):
        image = np.full((height, width, 3), 201, dtype=np.uint8)
        for way in (image, image / 255.0):
            down = imresize(way, min(scale, 1 / scale), kernel=kernel)
            up = imresize(down, max(scale, 1 / scale), kernel=kernel)
            tolerance = 0 if way is image else 1e-12
            assert np.abs(up - way[0, 0, 0]).max() <= tolerance
            assert up.shape[0] >= height and up.shape[2] == 3 and up.dtype == way.dtype


@pytest.mark.parametrize("kernel", KERNELS)
def test_scale_1_changes_nothing(kernel):
    image = np.random.default_rng(0).integers(0, 256, (9, 6, 3), dtype=np.uint8)
    np.testing.assert_array_equal(imresize(image, 1, kernel=kernel), image)
    np.testing.assert_allclose(imresize(image / 255, 1, kernel=kernel), image / 255, atol=1e-12)


@pytest.mark.parametrize("scale", [1 / 3, 2.5, 1 / 4, 2, 1.1])
@pytest.mark.parametrize(
    "shape", [(1, 1), (1, 7), (5, 1), (9, 11), (10, 4, 1), (5, 7, 2), (3, 8, 4)]
)
def test_sizes(shape, scale):
    expected = (output_size(shape[0], scale), output_size(shape[1], scale), *shape[2:])
    image = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    for result in (imresize(image, scale), imresize(image.astype(float), scale)):
        assert result.shape == expected and result.flags.c_contiguous and result.flags.writeable


def test_channels_are_resized_one_by_one():
    image = np.random.default_rng(3).integers(0, 256, (13, 10, 4), dtype=np.uint8)
    for scale in (1 / 4, 1 / 3, 2, 2.5):
        for way in (image, image.astype(np.float64)):
            planes = [imresize(way[:, :, channel], scale) for channel in range(4)]
            np.testing.assert_array_equal(imresize(way, scale), np.stack(planes, axis=2))


def test_any_memory_layout():
    image = np.random.default_rng(4).integers(0, 256, (40, 36, 3), dtype=np.uint8)
    read_only = image.copy()
    read_only.flags.writeable = False
    views = [
        (image[::2, ::-3], image[::2, ::-3].copy()),
        (image.transpose(1, 0, 2), image.transpose(1, 0, 2).copy()),
        (image[:, :, ::-1], image[:, :, ::-1].copy()),
        (np.asfortranarray(image), image),
        (read_only, image),
        (np.asarray(Image.fromarray(image)), image),
    ]
    before = image.copy()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for scale in (1 / 4, 2, 2.5):
            for view, copy in views:
                np.testing.assert_array_equal(imresize(view, scale), imresize(copy, scale))
                np.testing.assert_array_equal(imresize(view / 2, scale), imresize(copy / 2, scale))
    np.testing.assert_array_equal(image, before)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, ">f8"])
def test_other_floats_are_computed_in_float64_and_keep_their_type(dtype):
    image = np.random.default_rng(6).uniform(0, 255, (8, 9)).astype(dtype)
    result = imresize(image, 2.5)
    assert result.dtype == image.dtype
    expected = imresize(image.astype(np.float64), 2.5)
    np.testing.assert_array_equal(result, expected.astype(dtype))


def test_floats_may_overshoot_but_8_bit_images_are_clipped():
    step = np.repeat([0, 255], 8)[None].astype(np.uint8)
    assert (
        imresize(step.astype(float), 4).min() < -10 and imresize(step.astype(float), 4).max() > 265
    )
    assert imresize(step, 4).min() == 0 and imresize(step, 4).max() == 255


def test_kernels_and_antialiasing_matter():
    image = np.random.default_rng(8).integers(0, 256, (24, 24), dtype=np.uint8)
    results = [imresize(image, 2, kernel=kernel) for kernel in KERNELS]
    results += [imresize(image, 2, kernel=lambda x: KERNELS["cubic"](x, a=-0.75))]
    for i, one in enumerate(results):
        assert all((one != other).any() for other in results[:i])
    np.testing.assert_array_equal(imresize(image, 2, kernel="nearest")[::2, ::2], image)
    blocks = image.reshape(6, 4, 6, 4).astype(float)
    box = imresize(image.astype(float), 1 / 4, kernel="nearest")
    np.testing.assert_allclose(box, blocks.mean(axis=(1, 3)), atol=1e-12)
    plain = imresize(image, 1 / 4, kernel="nearest", antialias=False)
    np.testing.assert_array_equal(plain, image[2::4, 2::4])


# ------------------------------------------------------------------------------------------ tensors


@pytest.mark.parametrize("scale", [1 / 4, 1 / 3, 2, 2.5])
def test_tensors_follow_the_float_way(scale):
    images = np.random.default_rng(9).uniform(0, 255, (2, 3, 20, 17))
    expected = np.stack([np.stack([imresize(plane, scale) for plane in image]) for image in images])
    for dtype, tolerance in ((torch.float64, 1e-11), (torch.float32, 1e-4), (torch.bfloat16, 1.5)):
        tensor = torch.from_numpy(images).to(dtype)
        result = imresize(tensor, scale)
        assert result.dtype == dtype and result.is_contiguous()
        assert np.abs(result.double().numpy() - expected).max() < tolerance
    channels_last = torch.from_numpy(images).to(memory_format=torch.channels_last)
    assert np.abs(imresize(channels_last, scale).numpy() - expected).max() < 1e-11


@pytest.mark.parametrize("scale, border", [(4, 12), (2, 6), (1 / 2, 2), (1 / 4, 2)])
def test_inside_the_border_tensors_agree_with_torch(scale, border):
    tensor = torch.rand(1, 2, 40, 36, dtype=torch.float64, generator=torch.manual_seed(0))
    expected = torch.nn.functional.interpolate(
        tensor, scale_factor=scale, mode="bicubic", antialias=True
    )
    inside = (..., slice(border, -border), slice(border, -border))
    torch.testing.assert_close(imresize(tensor, scale)[inside], expected[inside])


def test_mixed_precision_leaves_tensors_alone():
    tensor = torch.rand(1, 1, 16, 16, generator=torch.manual_seed(1))
    expected = imresize(tensor, 2)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        result = imresize(tensor, 2)
    assert result.dtype == torch.float32 and torch.equal(result, expected)


@pytest.mark.parametrize("scale", [1 / 2, 1 / 3, 2, 2.5])
def test_gradients(scale):
    tensor = torch.rand(2, 1, 4, 5, dtype=torch.float64, generator=torch.manual_seed(2))
    tensor.requires_grad_()
    assert torch.autograd.gradcheck(lambda x: imresize(x, scale), tensor)
    before = tensor.detach().clone()
    imresize(tensor, scale).sum().backward()
    # Every output pixel is a weighted mean, so all gradients together are the output's size.
    assert math.isclose(tensor.grad.sum().item(), 2 * output_size(4, scale) * output_size(5, scale))
    assert torch.equal(tensor.detach(), before)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU on this machine")
def test_gpu_agrees_with_cpu():
    tensor = 255 * torch.rand(2, 3, 33, 40, generator=torch.manual_seed(3))
    for scale in (1 / 4, 2.5, 4):
        result = imresize(tensor.cuda(), scale)
        assert result.is_cuda
        torch.testing.assert_close(result.cpu(), imresize(tensor, scale), rtol=0, atol=1e-4)


# ---------------------------------------------------------------------------------------- bad input


def bad(shape=(4, 4), value=0.0, place=(1, 2), dtype=np.float64):
    image = np.zeros(shape, dtype=dtype)
    image[place] = value
    return image


@pytest.mark.parametrize(
    "image, message",
    [
        (np.zeros(5, np.uint8), r"\(H, W\) or \(H, W, C\).*\(5,\)"),
        (np.zeros((1, 3, 5, 5)), r"C up to 4, got shape \(1, 3, 5, 5\)"),
        (np.zeros((3, 32, 32), np.uint8), r"C up to 4, got shape \(3, 32, 32\)"),
        (np.array(3, np.uint8), r"got shape \(\)"),
        (np.zeros((4, 4), np.uint16), r"uint16.*astype\(np.float64\)"),
        (np.zeros((4, 4), np.int64), r"int64.*astype\(np.float64\)"),
        (np.zeros((4, 4), bool), "bool"),
        (np.zeros((4, 4), complex), "complex128"),
        (np.zeros((0, 4), np.uint8), "no pixels"),
        (np.zeros((4, 0, 3)), "no pixels"),
        (np.zeros((4, 4, 0), np.uint8), "no pixels"),
        (bad(value=np.nan), "NaN or infinite"),
        (bad(value=-np.inf), "NaN or infinite"),
        (bad((4, 4, 3), np.nan, (0, 0, 1), np.float32), "NaN or infinite"),
        (torch.zeros(3, 4, 4), r"\(B, C, H, W\), got shape \(3, 4, 4\)"),
        (torch.zeros(1, 3, 4, 4, dtype=torch.uint8), r"torch.uint8.*float"),
        (torch.zeros(1, 3, 0, 4), "no pixels"),
        (torch.full((1, 1, 2, 2), torch.nan), "NaN or infinite"),
    ],
)
@pytest.mark.parametrize("scale", [2, 2.5])
def test_an_image_that_cannot_be_resized_is_refused(image, message, scale):
    with pytest.raises(ImageError, match=message):
        imresize(image, scale)


@pytest.mark.parametrize("scale", [0, -1, float("nan"), float("inf"), "2x", None, (2, 3)])
def test_a_scale_that_is_not_one_is_refused(scale):
    for image in (np.zeros((4, 4), np.uint8), np.zeros((4, 4)), torch.zeros(1, 1, 4, 4)):
        with pytest.raises(ValueError, match="scale must be one positive number"):
            imresize(image, scale)


@pytest.mark.parametrize("scale", [1e-9, 1e-320])
def test_a_scale_that_leaves_nothing_is_refused(scale):
    for image in (np.zeros((4, 4), np.uint8), np.zeros((4, 4))):
        with pytest.raises(ValueError, match="too small"):
            imresize(image, scale)


def test_what_is_no_array_and_what_is_no_kernel():
    with pytest.raises(TypeError, match="NumPy array or a torch tensor, got list"):
        imresize([[1, 2], [3, 4]], 2)
    with pytest.raises(TypeError, match="got Image"):
        imresize(Image.new("L", (4, 4)), 2)
    for kernel in ("bicubic", "", 3, None):
        with pytest.raises(ValueError, match="kernel must be one of"):
            imresize(np.zeros((4, 4), np.uint8), 2, kernel=kernel)


@pytest.mark.parametrize("border", ["symmetric", "edge", "", True, 0, ["mirror"]])
def test_a_border_that_is_none_is_refused(border):
    for image in (np.zeros((4, 4), np.uint8), np.zeros((4, 4)), torch.zeros(1, 1, 4, 4)):
        for scale in (2, 2.5):
            with pytest.raises(ArgumentError, match=r"'replicate', 'mirror'.* or None.*got "):
                imresize(image, scale, border=border)
