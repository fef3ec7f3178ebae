"""The bar: there from the start, in megapixels of the results, and gone at the end."""

import io
import re
from contextlib import redirect_stderr

import numpy as np
import pytest

from srlib.errors import UpscaleError
from srlib.images.writing import write
from srlib.upscaling import progress
from srlib.upscaling.files import upscale_jobs
from srlib.upscaling.plan import Job, plan_outputs
from srlib.upscaling.progress import Bar, expected_pixels, short_name
from srlib.upscaling.sizes import Sizes
from srlib.upscaling.upscaler import Upscaler
from srlib.upscaling.work import Options
from tests.helpers.photos import PHOTO, folder_of


class Terminal(io.StringIO):
    """Shows what it is told to."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def terminal(monkeypatch) -> Terminal:
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("TERM", "xterm")
    return Terminal()


def plain(terminal: Terminal) -> str:
    """Without colours."""
    return re.sub("\x1b\\[[0-9;?]*[a-zA-Z]", "", terminal.getvalue())


def jobs_of(*sources: object) -> list[Job]:
    return [Job(source, source.with_suffix(".out.png")) for source in sources]


def test_a_bar_for_one_file_as_for_many(tmp_path, terminal):
    image = np.tile(PHOTO, (20, 20, 1))  # 480x640
    source = write(tmp_path / "photo.png", image)
    states = []

    class Watched(Bar):
        def computed(self, pixels: int) -> None:
            super().computed(pixels)
            task = self._progress.tasks[0]
            states.append((task.completed, task.total))

    upscaler = Upscaler("bicubic", Sizes(scale=2))
    plan = plan_outputs([source], tmp_path / "out")
    with redirect_stderr(terminal):
        upscale_jobs(plan, upscaler, Options(tile=128), watcher=Watched())
    done = [completed for completed, _ in states]
    assert {total for _, total in states} == {960 * 1280}
    assert len(states) == 4 * 5 and done == sorted(done) and done[-1] == 960 * 1280
    said = plain(terminal)
    assert "photo.png" in said and "/1.2 MP" in said and " left" in said


def test_time_left_before_the_first_step(tmp_path, terminal):
    """A tile of a network takes seconds: a small part of the image says how long all will take."""
    write(tmp_path / "photo.png", np.tile(PHOTO, (12, 12, 1)))  # 288x384
    lefts = []

    class Watched(Bar):
        def expects(self, seconds: float) -> None:
            assert self.left() is None
            super().expects(seconds)
            lefts.append((seconds, self.left()))

    upscaler = Upscaler("bicubic", Sizes(scale=2))
    plan = plan_outputs([tmp_path / "photo.png"], tmp_path / "out")
    with redirect_stderr(terminal):
        upscale_jobs(plan, upscaler, Options(), watcher=Watched())
    ((seconds, left),) = lefts
    assert 0 < left <= seconds


def test_what_fails_is_not_waited_for(tmp_path, terminal):
    folder = folder_of(tmp_path / "in", "a.png", "c.png")
    (folder / "b.png").write_bytes((folder / "a.png").read_bytes()[:400])  # its header is whole
    totals = []

    class Watched(Bar):
        def ends(self, result) -> None:
            super().ends(result)
            totals.append(self._progress.tasks[0].total)

    upscaler = Upscaler("bicubic", Sizes(scale=2))
    plan = plan_outputs([folder], tmp_path / "out")
    with redirect_stderr(terminal), pytest.raises(UpscaleError, match="1 of 3"):
        upscale_jobs(plan, upscaler, Options(), watcher=Watched())
    assert totals[-1] == 2 * 48 * 64
    assert "c.png (3 of 3)" in plain(terminal)


def test_expected_pixels(tmp_path, monkeypatch):
    small, large = (
        write(tmp_path / "s.png", PHOTO),
        write(tmp_path / "l.png", np.tile(PHOTO, (3, 3, 1))),
    )
    (tmp_path / "bad.png").write_text("no image")
    jobs = jobs_of(small, large, tmp_path / "bad.png")
    pixels = PHOTO.shape[0] * PHOTO.shape[1]
    assert list(expected_pixels(jobs, Sizes(scale=2)).values()) == [
        4 * pixels,
        36 * pixels,
        20 * pixels,
    ]
    assert list(expected_pixels(jobs, Sizes(max_side=300)).values())[0] == 0  # it will be refused
    monkeypatch.setattr(progress, "LOOK", -1)  # no time to look
    assert set(expected_pixels(jobs, Sizes(scale=2)).values()) == {0}


@pytest.mark.parametrize(
    "name, shown",
    [
        ("photo.png", "photo.png"),
        ("line\nbreak.png", "line\\nbreak.png"),
        ("[red]x.png", "[red]x.png"),
        ("a_long_name_of_a_photograph_0001.jpeg", "a_long_name_of_a_..." + "001.jpeg"),
    ],
)
def test_names_of_files(name, shown, tmp_path, terminal):
    assert short_name(name) == shown
    with redirect_stderr(terminal), Bar().watching(jobs_of(tmp_path / name), Sizes(scale=2)):
        pass
    assert shown in plain(terminal)
