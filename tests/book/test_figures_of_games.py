"""The curves of a game: which panels there are, and what is drawn in them."""

import io

import matplotlib.pyplot as plt
import numpy as np
import pytest
from PIL import Image

from srlib.book.figures_of_games import game_curves, show_figure, show_game
from srlib.training.history import History, Row


def history(**terms: float) -> History:
    first = {"content": 1.0, "adversarial": 0.7, "discriminator": 1.4, "d_real": 0.5, "d_fake": 0.4}
    rows = [Row(10 * k, k, 1e-4, 1.0, 20.0 + k, first | terms) for k in range(1, 4)]
    return History(rows)


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def panels(fig: plt.Figure) -> dict[str, plt.Axes]:
    return {ax.get_title(): ax for ax in fig.axes if ax.get_title()}


def test_one_panel_for_each_column_there_is():
    assert len(panels(game_curves(history()))) == 5
    assert len(panels(game_curves(history(detail=0.5)))) == 6


def test_both_probabilities_share_a_panel():
    ax = panels(game_curves(history()))["D(real) solid, D(fake) dashed"]
    real, fake, half = ax.lines
    assert np.array_equal(real.get_ydata(), [0.5] * 3) and np.array_equal(
        fake.get_ydata(), [0.4] * 3
    )
    assert fake.get_linestyle() == "--" and list(half.get_ydata()) == [0.5, 0.5]
    assert ax.get_ylim()[0] < 0 and ax.get_ylim()[1] > 1


def test_the_other_run_is_drawn_first_and_in_grey():
    ax = panels(game_curves(history(), beside=history(content=5.0)))["content loss"]
    other, own = ax.lines
    assert other.get_ydata()[0] == 5 and other.get_color() == "0.6" and own.get_ydata()[0] == 1
    assert ax.get_yscale() == "linear"


def test_content_that_spans_much_is_drawn_logarithmically():
    shown = panels(game_curves(history(), beside=history(content=50.0)))
    assert shown["content loss (logarithmic)"].get_yscale() == "log"


def test_extra_columns_and_the_start():
    shown = panels(game_curves(history(), start=26.5, extra={"detail": [0.1, 0.2, 0.3]}))
    assert list(shown["fine detail, 1 as in the truth"].lines[0].get_ydata()) == [0.1, 0.2, 0.3]
    assert list(shown["PSNR in dB"].lines[-1].get_ydata()) == [26.5, 26.5]


def test_an_extra_column_is_not_looked_for_in_the_other_run():
    shown = panels(game_curves(history(), beside=history(), extra={"detail": [0.1, 0.2, 0.3]}))
    assert len(shown["fine detail, 1 as in the truth"].lines) == 1


def test_what_is_displayed_is_small_and_keeps_its_colours(monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda data, raw: shown.append(data))
    show_game(history(detail=0.5), beside=history(detail=0.7))
    (data,) = shown
    image = Image.open(io.BytesIO(data["image/png"])).convert("RGB")
    assert len(data["image/png"]) < 40_000 and image.width > 600
    colours = {colour for _, colour in image.getcolors()}
    assert any(r < 80 < 130 < b for r, _, b in colours), "blue of the run"
    assert any(r > 180 > 100 > b for r, _, b in colours), "red of D(fake)"
    assert not plt.get_fignums()


def test_a_figure_is_shown_in_the_colours_that_were_asked_for(monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda data, raw: shown.append(data))
    show_figure(game_curves(history()), colours=8)
    (data,) = shown
    image = Image.open(io.BytesIO(data["image/png"])).convert("RGB")
    colours = {colour for _, colour in image.getcolors()}
    assert 3 <= len(colours) <= 8 and not plt.get_fignums()
