"""Files on their way: read, computed, encoded; for many at a time, side by side."""

import os
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from PIL import Image

from srlib.errors import Error, ImageError, MethodError
from srlib.images.formats import check_room, file_format
from srlib.images.reading import Photo, read_photo
from srlib.images.writing import encode
from srlib.upscaling.method import Method
from srlib.upscaling.plan import Job, identity, refusal

AHEAD = 2  # images that are read while another is computed

WRITERS = min(4, os.cpu_count() or 1)  # results that are encoded at a time

_MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}  # planes -> Pillow's name


class Pipeline:
    """Images one after the other: this thread computes, others read ahead and encode.

    As Ctrl-C arrives in this thread, it stops the longest part of the work at once; the others give
    up when they next ask ``stop``. The results that wait for their encoder take at most half of the
    memory that was available, but for the one result that must be.

    Attributes:
        results: job -> what was wrong; None where its file was written.
    """

    def __init__(self, method: Method, tile: int | None) -> None:
        self.method, self.tile = method, tile
        self.results: dict[Job, str | None] = {}
        self._stop = threading.Event()
        self._writing: deque[tuple[Job, Future, int]] = deque()  # the last: bytes of the result
        self._room = psutil.virtual_memory().available // 2

    def run(self, jobs: list[Job], tick: Callable[[], object]) -> None:
        """All jobs; ``tick`` is called after each."""
        try:
            # One reader: what Pillow warns of is process-wide, and reading changes it for a while.
            with ThreadPoolExecutor(1) as reader, ThreadPoolExecutor(WRITERS) as writers:
                try:
                    for job, reading in self._read_ahead(jobs, reader):
                        self._advance(job, reading, writers, tick)
                    while self._writing:
                        self._finish_oldest(tick)
                except BaseException:
                    self._stop.set()
                    for pool in (reader, writers):
                        pool.shutdown(wait=False, cancel_futures=True)
                    raise
        finally:  # of those being written when this thread was stopped, some came to their end
            for job, future, _ in self._writing:
                if not future.cancelled() and not future.exception():
                    self.results[job] = None

    def _read_ahead(
        self, jobs: list[Job], reader: ThreadPoolExecutor
    ) -> Iterator[tuple[Job, Future]]:
        waiting = deque()
        for job in chain(jobs, [None] * AHEAD):
            if job:
                waiting.append((job, reader.submit(load, job, self.method.scale)))
            if len(waiting) > AHEAD or (not job and waiting):
                yield waiting.popleft()

    def _advance(
        self, job: Job, reading: Future, writers: ThreadPoolExecutor, tick: Callable[[], object]
    ) -> None:
        """Compute an image, once there is room for it, and hand it on to be written."""
        photo = self._try(job, reading.result)
        if photo is not None:
            size = _bytes(photo, self.method.scale)
            while self._writing and size + sum(each for *_, each in self._writing) > self._room:
                self._finish_oldest(tick)
            while len(self._writing) >= 2 * WRITERS:
                self._finish_oldest(tick)
            sr = self._try(job, partial(enlarge, job, photo, self.method, self.tile))
            if sr is not None:
                future = writers.submit(save, job, photo, sr, self._stop.is_set)
                self._writing.append((job, future, size))
                return
        tick()

    def _finish_oldest(self, tick: Callable[[], object]) -> None:
        job, future, _ = self._writing[0]
        if self._try(job, future.result) is not None:
            self.results[job] = None
        self._writing.popleft()
        tick()

    def _try(self, job: Job, step: Callable[[], Any]) -> Any:
        """What the step returns; None where it failed, which is then the job's result."""
        try:
            return step()
        except Error as error:
            self.results[job] = str(error)
        except (MemoryError, RuntimeError) as error:  # the latter is torch's
            if isinstance(error, RuntimeError) and "allocate memory" not in str(error):
                raise
            self.results[job] = f"{str(job.source)!r} is too large for this machine's memory"
        return None


def load(job: Job, scale: int) -> Photo:
    """The input, once it is sure that its result can be stored under the output's name."""
    file_format(job.target)
    refused = refusal(job.source)
    if refused:
        raise ImageError(f"{str(job.source)!r} {refused}")
    if identity(job.source) is not None and identity(job.source) == identity(job.target):
        raise ImageError(f"{str(job.target)!r} is the input: choose another name for the output")
    photo = read_photo(job.source)
    height, width, *planes = photo.pixels.shape
    shape = (height * scale, width * scale, *planes)
    try:
        check_room(job.target, shape, 8 * photo.pixels.itemsize)
    except ImageError as error:
        raise ImageError(f"{str(job.source)!r}: {error}") from None
    return photo


def enlarge(job: Job, photo: Photo, method: Method, tile: int | None) -> Image.Image | np.ndarray:
    """The result as ``writing.encode`` takes it, with no second copy of it on the way."""
    pixels = photo.pixels
    try:
        if pixels.dtype == np.uint16:
            sr = method(pixels, tile=tile)
            return Image.fromarray(sr) if sr.ndim == 2 else sr
        planes = pixels.shape[2] if pixels.ndim == 3 else 1
        size = pixels.shape[1] * method.scale, pixels.shape[0] * method.scale
        sr = Image.new(_MODES[planes], size, None)
        for (rows, columns), block in method.pieces(pixels, tile):
            sr.paste(Image.fromarray(np.ascontiguousarray(block)), (columns.start, rows.start))
        return sr
    except (ImageError, MethodError) as error:
        raise type(error)(f"{str(job.source)!r}: {error}") from error


def save(
    job: Job,
    photo: Photo,
    sr: Image.Image | np.ndarray,
    stopped: Callable[[], bool] = lambda: False,
) -> Path:
    encode(job.target, sr, photo.exif, photo.icc_profile, stopped)
    return job.target


def _bytes(photo: Photo, scale: int) -> int:
    """Of the result in memory: Pillow takes four a pixel for all but grey."""
    pixels = photo.pixels
    each = (
        4
        if pixels.ndim == 3 and pixels.itemsize == 1
        else pixels.nbytes // (pixels.shape[0] * pixels.shape[1])
    )
    return pixels.shape[0] * pixels.shape[1] * scale**2 * each
