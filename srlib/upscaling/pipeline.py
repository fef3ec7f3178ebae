"""Files on their way: read, computed, encoded; for many at a time, side by side."""

import errno
import os
import stat
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from srlib.errors import Error, ImageError, MethodError, is_lack_of_memory
from srlib.images.formats import check_room, file_format
from srlib.images.reading import Photo, read_photo
from srlib.images.writing import encode
from srlib.upscaling import memory
from srlib.upscaling.inputs import identity, refusal
from srlib.upscaling.plan import Job
from srlib.upscaling.upscaler import (
    Stages,
    Upscaler,
    bytes_of,
    check_memory,
    expected_seconds,
)
from srlib.upscaling.work import Options, Result, Watcher

AHEAD = 2  # images that are read while another is computed

WRITERS = min(4, os.cpu_count() or 1)  # results that are encoded at a time

_MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}  # planes -> Pillow's name


class Pipeline:
    """Images one after the other: this thread computes, others read ahead and encode.

    As Ctrl-C arrives in this thread, it stops the longest part of the work at once; the others give
    up when they next ask ``stop``. The results that wait for their encoder take at most half of the
    memory that was available, but for the one result that must be.

    Attributes:
        results: job -> its result, of those that came to an end.
    """

    def __init__(self, upscaler: Upscaler, options: Options, watcher: Watcher) -> None:
        self.upscaler, self.options, self.watcher = upscaler, options, watcher
        self.results: dict[Job, Result] = {}
        self._stop = threading.Event()
        self._writing: deque[tuple[Result, Future, int]] = deque()  # the last: bytes of it
        self._room = memory.at_hand() // 2

    def run(self, jobs: list[Job]) -> None:
        """All jobs."""
        try:
            # One reader: what Pillow warns of is process-wide, and reading changes it for a while.
            with ThreadPoolExecutor(1) as reader, ThreadPoolExecutor(WRITERS) as writers:
                try:
                    for job, reading in self._read_ahead(jobs, reader):
                        self._advance(job, reading, writers)
                    while self._writing:
                        self._finish_oldest()
                except BaseException:
                    self._stop.set()
                    for pool in (reader, writers):
                        pool.shutdown(wait=False, cancel_futures=True)
                    raise
        finally:  # of those being written when this thread was stopped, some came to their end
            for result, future, _ in self._writing:
                if not future.cancelled() and not future.exception():
                    self.results[result.job] = result

    def _read_ahead(
        self, jobs: list[Job], reader: ThreadPoolExecutor
    ) -> Iterator[tuple[Job, Future]]:
        waiting = deque()
        for job in chain(jobs, [None] * AHEAD):
            if job:
                waiting.append((job, reader.submit(load, job, self.upscaler, self.options)))
            if len(waiting) > AHEAD or (not job and waiting):
                yield waiting.popleft()

    def _advance(self, job: Job, reading: Future, writers: ThreadPoolExecutor) -> None:
        """Compute an image, once there is room for it, and hand it on to be written."""
        result = Result(job)
        read = self._try(result, reading.result)
        if read is None:
            return
        photo, result.stages, result.seconds = read
        result.warnings += photo.warnings
        self.watcher.begins(result)
        size = bytes_of(result.stages, photo.pixels)
        while self._writing and self._is_crowded(size):
            self._finish_oldest()
        sr = self._try(result, partial(self._compute, result, photo))
        if sr is not None:
            future = writers.submit(save, result, photo, sr, self.options, self._stop.is_set)
            self._writing.append((result, future, size))

    def _is_crowded(self, size: int) -> bool:
        """Whether results have to be written before there is room for another."""
        waiting = sum(each for *_, each in self._writing)
        return (
            len(self._writing) >= 2 * WRITERS
            or size + waiting > self._room
            or size > memory.at_hand()
        )

    def _compute(self, result: Result, photo: Photo) -> Image.Image | np.ndarray:
        began = time.monotonic()
        if self.watcher.curious:
            self.watcher.expects(expected_seconds(result.stages, photo.pixels, self.options.tile))
        how = self.upscaler, self.options.tile, self.watcher.computed
        sr = enlarge(result.job, photo, result.stages, *how)
        result.seconds += time.monotonic() - began
        return sr

    def _finish_oldest(self) -> None:
        result, future, _ = self._writing[0]
        if self._try(result, future.result) is not None:
            self._end(result)
        self._writing.popleft()

    def _try(self, result: Result, step: Callable[[], Any]) -> Any:
        """What the step returns; None where it failed, which is then the image's end."""
        try:
            return step()
        except Error as error:
            result.error = str(error)
        except (MemoryError, RuntimeError) as error:
            if not is_lack_of_memory(error):
                raise
            result.error = (
                f"{str(result.job.source)!r} is too large for this machine's memory: ask for a "
                "smaller result, or cut it into parts"
            )
        self._end(result)
        return None

    def _end(self, result: Result) -> None:
        result.peak_memory = memory.peak()
        self.results[result.job] = result
        self.watcher.ends(result)


def load(job: Job, upscaler: Upscaler, options: Options) -> tuple[Photo, Stages, float]:
    """The input, how it gets to its size, and the seconds that took.

    By then it is sure that its result can be stored under the output's name.
    """
    began = time.monotonic()
    if job.problem:
        raise ImageError(job.problem)
    file_format(job.target)
    refused = refusal(job.source)
    if refused:
        raise ImageError(f"{str(job.source)!r} {refused}")
    if identity(job.source) is not None and identity(job.source) == identity(job.target):
        raise ImageError(f"{str(job.target)!r} is the input: choose another name for the output")
    _check_place(job.target)
    photo = read_photo(job.source, max_pixels=options.max_pixels)
    try:
        stages = upscaler.stages(photo.pixels)
        shape = (stages.size.height, stages.size.width, *photo.pixels.shape[2:])
        check_room(job.target, shape, 8 * photo.pixels.itemsize)
    except ImageError as error:
        raise ImageError(f"{str(job.source)!r}: {error}") from None
    return photo, stages, time.monotonic() - began


def _check_place(target: Path) -> None:
    """Refuse, before minutes of work, a name under which no file can be written."""
    reason = None
    if not target.parent.is_dir():
        reason = "its folder does not exist, create it first"
    elif not os.access(target.parent, os.W_OK):
        reason = "its folder is one that you may not write to"
    else:
        try:
            mode = os.lstat(target).st_mode
            if not (stat.S_ISREG(mode) or stat.S_ISLNK(mode)):
                reason = os.strerror(errno.EISDIR if stat.S_ISDIR(mode) else errno.EEXIST)
        except FileNotFoundError:
            pass
        except OSError as error:  # such as a name that is too long
            reason = error.strerror
    if reason:
        raise ImageError(f"cannot write {str(target)!r}: {reason}")


def enlarge(
    job: Job,
    photo: Photo,
    stages: Stages,
    upscaler: Upscaler,
    tile: int | None,
    computed: Callable[[int], object] = lambda pixels: None,
) -> Image.Image | np.ndarray:
    """The result as ``writing.encode`` takes it, with no second copy of it on the way."""
    pixels, size = photo.pixels, stages.size
    try:
        check_memory(stages, pixels)
        pieces = upscaler.pieces(pixels, stages, tile, computed)
        if pixels.dtype == np.uint16:
            sr = np.empty((size.height, size.width, *pixels.shape[2:]), pixels.dtype)
            for target, block in pieces:
                sr[target] = block
            return sr
        planes = pixels.shape[2] if pixels.ndim == 3 else 1
        sr = Image.new(_MODES[planes], (size.width, size.height), None)
        for (rows, columns), block in pieces:
            block = block[..., 0] if planes == 1 and block.ndim == 3 else block
            sr.paste(Image.fromarray(np.ascontiguousarray(block)), (columns.start, rows.start))
        return sr
    except (ImageError, MethodError) as error:
        raise type(error)(f"{str(job.source)!r}: {error}") from error


def save(
    result: Result,
    photo: Photo,
    sr: Image.Image | np.ndarray,
    options: Options,
    stopped: Callable[[], bool] = lambda: False,
) -> Path:
    """Write the result's file; what its format could not hold is added to the warnings."""
    began, target = time.monotonic(), result.job.target
    how = {**options.of_writing(target), "scale": result.stages.size.scale}
    try:
        lost = encode(target, sr, photo.about, stopped, may_replace=options.replace, **how)
    except ImageError as error:
        if isinstance(error.__cause__, FileExistsError) and not target.is_dir():
            raise ImageError(
                f"{str(target)!r} was not there at first and is there now: another srlib writes "
                "into the same place. Its file was left alone; choose another --out"
            ) from error
        raise
    result.warnings += (*result.job.remarks, *lost)
    result.seconds += time.monotonic() - began
    return target
