"""What all checks share: they say one line, touch nothing of the reader's, and know their names."""

import importlib
import pkgutil

import numpy as np
import pytest
import torch

from srlib.book import exercises
from srlib.book.exercises import answers


def test_the_face_has_the_checks_of_every_chapter():
    found = {"Verdict"}
    for chapter in pkgutil.iter_modules(exercises.__path__, f"{exercises.__name__}."):
        found |= {n for n in vars(importlib.import_module(chapter.name)) if n.startswith("check_")}
    assert found == set(exercises.__all__) and all(hasattr(exercises, name) for name in found)


def test_a_verdict_is_said_once_in_a_notebook(capsys):
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell.instance()
    shell.run_cell("from srlib.book import exercises\nexercises.check_stripes(5)")
    assert capsys.readouterr().out.count("right: ") == 1


def test_the_readers_function_gets_a_copy():
    given = np.zeros(3)

    def spoils(array):
        array += 1
        return array

    assert answers.call(spoils, given, at="").sum() == 3 and given.sum() == 0


def test_an_interrupt_is_not_an_answer():
    def stopped(bits):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        exercises.check_bits(stopped)


def test_a_long_message_of_an_error_becomes_one_short_line():
    def talks(bits):
        raise ValueError("x" * 500 + "\nand more")

    line = exercises.check_bits(talks).line
    assert "\n" not in line and len(line) < 250 and "ValueError: xxx" in line


def test_a_mistake_that_the_tolerance_cannot_tell_apart_is_not_named():
    with pytest.raises(answers.NotYet, match="expected about 0, got 3"):
        answers.same(3.0, 0.0, "at 0:", 0.1, {"that is something else": 0.15})


@pytest.mark.parametrize("one", [np.array([5.0]), torch.tensor([5.0]), torch.tensor([[5.0]])])
def test_one_element_is_one_number(one):
    answers.answer(one, 5, "five", 0.01)
    answers.same(one, 5, "five:", 0.01)
    with pytest.raises(answers.NotYet, match="shape"):
        answers.same(one.reshape(1), [5.0, 6.0], "two:", 0.01)


@pytest.mark.parametrize("came, rounded", [(42.1, True), (42, True), (42.2, False), (41, False)])
def test_a_number_with_too_few_decimals_is_told_from_a_wrong_one(came, rounded):
    with pytest.raises(answers.NotYet) as hint:
        answers.answer(came, 42.1103, "PSNR", 0.01)
    assert ("rounded: it is asked for to 0.01" in str(hint.value)) == rounded


def test_zero_is_not_a_rounded_answer():
    with pytest.raises(answers.NotYet, match="too small"):
        answers.answer(0, 0.03, "a share", 0.01)


def test_rows_and_columns_exchanged_have_a_name():
    square = np.arange(9.0).reshape(3, 3)
    with pytest.raises(answers.NotYet, match="rows and columns"):
        answers.same(square.T, square, "a square:", 0.1)


def test_the_checks_are_the_same_each_time(capsys):
    torch.manual_seed(99)
    lines = {exercises.check_eight_ways(lambda net, b: net(b) + 1).line for _ in range(3)}
    assert len(lines) == 1


def test_checks_leave_the_random_numbers_alone():
    torch.manual_seed(0)
    np.random.seed(0)
    expected = torch.rand(1), np.random.rand()
    torch.manual_seed(0)
    np.random.seed(0)
    exercises.check_eight_ways(lambda net, b: net(b))
    exercises.check_mixed(lambda first, second, alpha: first)
    assert torch.equal(torch.rand(1), expected[0]) and np.random.rand() == expected[1]
