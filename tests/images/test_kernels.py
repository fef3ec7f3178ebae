"""Kernels and weights: what they reproduce, that they sum to 1, and what is refused."""

from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.interpolate import CubicSpline

from srlib.images.kernels import (
    KERNELS,
    keys,
    lagrange,
    linear,
    nearest,
    output_size,
    resize_weights,
    spline,
)

sweep = settings(derandomize=True, deadline=None, max_examples=60)


def upscaled(signal, scale, kernel):
    """A signal resized along its one axis, by the definition."""
    size = output_size(len(signal), scale)
    indices, weights = resize_weights(len(signal), size, scale, kernel)
    return (weights * signal[indices]).sum(axis=1)


def centres(size, scale):
    """Where the output pixels lie, in input pixels."""
    return (np.arange(output_size(size, scale)) + 0.5) / scale - 0.5


@pytest.mark.parametrize("kernel", KERNELS.values())
def test_a_kernel_is_1_at_0_and_0_at_other_integers(kernel):
    integers = np.arange(-12, 13)
    np.testing.assert_allclose(kernel(integers.astype(float)), integers == 0, atol=1e-15)


@pytest.mark.parametrize("kernel", [linear, keys, lagrange, spline, partial(keys, a=-1.0)])
def test_a_kernel_is_even_and_its_copies_sum_to_1(kernel):
    x = np.linspace(-0.5, 0.5, 41)
    copies = kernel(x[:, None] - np.arange(-30, 31))
    np.testing.assert_allclose(copies.sum(axis=1), 1, atol=1e-14)
    np.testing.assert_allclose(kernel(x), kernel(-x), atol=1e-15)


def test_keys_slope_at_1_is_a():
    step = 1e-6
    for a in (-1.0, -0.75, -0.5):
        slopes = np.diff(keys(1 + step * np.array([-1, 0, 1]), a)) / step
        np.testing.assert_allclose(slopes, a, atol=1e-5)


@pytest.mark.parametrize(
    "kernel, degree, tolerance",
    [
        (linear, 1, 1e-12),
        (keys, 2, 1e-12),
        (partial(keys, a=-0.75), 0, 1e-12),
        (lagrange, 3, 1e-12),
        (spline, 3, 1e-5),  # cut off at 1e-6
    ],
)
@pytest.mark.parametrize("scale", [2, 2.5, 3.7])
def test_polynomials_are_reproduced_up_to_a_degree_and_no_further(kernel, degree, tolerance, scale):
    x = np.linspace(-1, 1, 61)  # slopes of about 1 over 30 pixels
    u = np.interp(centres(61, scale), np.arange(61), x)
    inside = slice(int(13 * scale), -int(13 * scale))  # away from the border
    errors = [np.abs(upscaled(x**n, scale, kernel) - u**n)[inside].max() for n in range(5)]
    assert max(errors[: degree + 1]) < tolerance
    if kernel is not spline:  # its error for x**4 drowns in what is cut off
        assert errors[degree + 1] > 1e-8


def test_spline_is_the_interpolating_spline():
    signal = np.random.default_rng(0).uniform(0, 1, 80)
    u = centres(80, 2.5)
    inside = (u > 25) & (u < 54)  # a border is felt for a while, 3.7 times less each pixel
    expected = CubicSpline(np.arange(80), signal)(u)
    np.testing.assert_allclose(upscaled(signal, 2.5, "spline")[inside], expected[inside], atol=5e-6)


@sweep
@given(
    st.integers(1, 40),
    st.sampled_from([1 / 4, 1 / 3, 0.4, 0.137, 1 / 2, 0.9, 1, 1.5, 2, 2.5, 3, 3.7, 4]),
    st.sampled_from(sorted(KERNELS)),
    st.booleans(),
    st.sampled_from(["symmetric", "replicate"]),
)
def test_weights_sum_to_1_and_indices_lie_inside(size, scale, kernel, antialias, border):
    out_size = output_size(size, scale)
    indices, weights = resize_weights(size, out_size, scale, kernel, antialias, border)
    assert indices.shape == weights.shape and len(weights) == out_size
    assert 0 <= indices.min() and indices.max() < size
    np.testing.assert_allclose(weights.sum(axis=1), 1, atol=1e-14)


def test_antialiasing_widens_the_kernel_only_when_shrinking():
    def count(*options):
        return resize_weights(100, output_size(100, options[0]), *options)[1].shape[1]

    assert count(1 / 4, "cubic", True) == 16 and count(1 / 4, "cubic", False) == 4
    assert count(4.0, "cubic", True) == count(4.0, "cubic", False) == 4
    assert count(1 / 4, "nearest", True) == 4 and count(1 / 4, "nearest", False) == 1
    assert count(2.0, "spline", True) == 22


def test_borders_mirror_or_repeat_however_far_they_reach():
    for border, expected in (("symmetric", [1, 0, 0, 1, 1, 0]), ("replicate", [0, 0, 0, 1, 1, 1])):
        indices, _ = resize_weights(2, 1, 1 / 2, border=border)
        np.testing.assert_array_equal(indices[0, 1:-1], expected)


def test_centres_are_aligned():
    ramp = np.arange(50.0)
    for scale in (1 / 4, 1 / 3, 1 / 2, 1, 1.5, 2, 2.5, 3, 4):
        np.testing.assert_allclose(
            upscaled(ramp, scale, "linear")[3:-4], centres(50, scale)[3:-4], atol=1e-12
        )


@pytest.mark.parametrize(
    "size, scale, expected",
    [
        (99, 1 / 3, 33),
        (100, 1 / 3, 34),
        (33, 3, 99),
        (110, 1.1, 121),  # 121.00000000000001
        (3, 0.7, 3),
        (7, 2.5, 18),
        (1, 1 / 4, 1),
        (1, 1e-4, 1),
        (255, 0.2, 51),
    ],
)
def test_output_size(size, scale, expected):
    assert output_size(size, scale) == expected


def test_output_size_of_every_1_over_n():
    sizes = np.arange(1, 3000)
    for n in range(1, 33):
        expected = -(-sizes // n)
        assert [output_size(int(size), 1 / n) for size in sizes] == expected.tolist()


@pytest.mark.parametrize("scale", [0, -2, float("nan"), float("inf"), "two", None, (2, 2), 1j])
def test_a_scale_must_be_one_positive_number(scale):
    with pytest.raises(ValueError, match="scale must be one positive number"):
        output_size(10, scale)
    with pytest.raises(ValueError, match="scale must be one positive number"):
        resize_weights(10, 20, scale)


@pytest.mark.parametrize(
    "arguments, message",
    [
        ((0, 4, 2.0), "in_size=0"),
        ((4, 0, 2.0), "out_size=0"),
        ((4, 8, 2.0, "bicubic"), "kernel must be one of .*'cubic'.* got 'bicubic'"),
        ((4, 8, 2.0, 3), "kernel must be one of"),
        ((4, 8, 2.0, np.sinc), "zero beyond 30 pixels"),
        ((4, 8, 2.0, np.zeros_like), "non-zero somewhere"),
        ((4, 8, 2.0, lambda x: 1.0 * (np.abs(x) < 0.1)), "without weight"),
        ((4, 8, 2.0, "cubic", True, "wrap"), "border must be 'symmetric' or 'replicate'"),
        ((4, 1, 1e-9), "too small"),
    ],
)
def test_what_cannot_be_used_is_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        resize_weights(*arguments)


def test_a_function_serves_as_kernel():
    _, named = resize_weights(9, 18, 2.0, "cubic")
    _, given_as_function = resize_weights(9, 18, 2.0, keys)
    _, sharper = resize_weights(9, 18, 2.0, partial(keys, a=-0.75))
    np.testing.assert_array_equal(named, given_as_function)
    assert sharper.min() < named.min() < 0


def test_nearest_takes_the_right_one_of_two_equally_near():
    indices, weights = resize_weights(4, 2, 0.5, nearest, antialias=False)
    np.testing.assert_array_equal(indices[:, 0], [1, 3])
    np.testing.assert_array_equal(weights, 1)
