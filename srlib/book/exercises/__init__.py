"""Checks of the book's exercises: each prints one line, "right: ..." or "not yet: ..." and a hint.

    from srlib.book import exercises

    def predicted(bits):
        return ...

    exercises.check_bits(predicted)

A check tries a function on inputs that the reader does not see, always the same ones, and compares
with the library's answer. It never raises for a wrong answer. What it returns is true or false, so
that a solution can be held to it: ``assert exercises.check_bits(predicted)``.
"""

from srlib.book.exercises.answers import Verdict
from srlib.book.exercises.benchmarking import (
    check_budget,
    check_enter,
    check_means,
    check_paired,
    check_realism,
    check_work,
)
from srlib.book.exercises.gan_theory import (
    check_adam,
    check_boxes,
    check_followed,
    check_log_file,
    check_momentum,
    check_r1,
)
from srlib.book.exercises.interpolation import (
    check_cost,
    check_lanczos,
    check_mitchell,
    check_shift,
    check_torch_bicubic,
    check_twice,
    check_weights_x3,
)
from srlib.book.exercises.pixels import (
    check_bits,
    check_count,
    check_few_large,
    check_flat_ssim,
    check_half_pixel,
    check_peaks,
    check_stripes,
)
from srlib.book.exercises.srcnn import (
    check_absolute,
    check_count_srcnn,
    check_eight_ways,
    check_one_filter,
    check_signal,
    check_solver,
    check_worth,
)
from srlib.book.exercises.srgan import (
    check_back_projection,
    check_count_srgan,
    check_generator_loss,
    check_guess,
    check_mixed,
    check_realism_price,
    check_slopes,
    check_untrained,
    check_verdict,
    check_weight,
)

__all__ = [
    "Verdict",
    "check_absolute",
    "check_adam",
    "check_back_projection",
    "check_bits",
    "check_boxes",
    "check_budget",
    "check_cost",
    "check_count",
    "check_count_srcnn",
    "check_count_srgan",
    "check_eight_ways",
    "check_enter",
    "check_few_large",
    "check_flat_ssim",
    "check_followed",
    "check_generator_loss",
    "check_guess",
    "check_half_pixel",
    "check_lanczos",
    "check_log_file",
    "check_means",
    "check_mitchell",
    "check_mixed",
    "check_momentum",
    "check_one_filter",
    "check_paired",
    "check_peaks",
    "check_r1",
    "check_realism",
    "check_realism_price",
    "check_shift",
    "check_signal",
    "check_slopes",
    "check_solver",
    "check_stripes",
    "check_torch_bicubic",
    "check_twice",
    "check_untrained",
    "check_verdict",
    "check_weight",
    "check_weights_x3",
    "check_work",
    "check_worth",
]
