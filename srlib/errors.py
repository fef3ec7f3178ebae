"""What goes wrong by the user's doing, or the world's: each says what was expected and what to do.

All share :class:`Error`, and the command line turns them into one line. Whatever else is raised,
but for the operating system's ``OSError``, is a bug and shows its traceback.
"""


class Error(Exception):
    """Base of all that srlib raises for input, settings, files or a network that cannot be used."""


class ArgumentError(Error, ValueError):
    """An argument or an option that cannot be used; says which values can."""


class ScaleError(ArgumentError):
    """A method that has another factor than the one it is asked for.

    Attributes:
        has: the factor that it has.
    """

    def __init__(self, message: str, has: int) -> None:
        super().__init__(message)
        self.has = has


class ImageError(Error, ValueError):
    """A file, an array or a tensor that cannot be used as an image; the message says why."""


class CheckpointError(Error, RuntimeError):
    """A checkpoint that cannot be written, read, or used here; says why and what to do."""


class MethodError(Error, RuntimeError):
    """A method that fails on an image, or makes something else of it than a larger one."""


class TrainingError(Error, RuntimeError):
    """A training that cannot go on; says why and what to try."""


class ExportError(Error, RuntimeError):
    """A file that could not be made, or does not compute what the network does."""


class BenchmarkError(Error, RuntimeError):
    """A benchmark that cannot begin or go on; says why and what to do."""


class DownloadError(Error, RuntimeError):
    """A file that could not be fetched or unpacked; the message says why and what to do."""


class MetricUnavailable(Error, RuntimeError):  # noqa: N818 - not wrong, only not at hand
    """A metric whose weights are not on this machine."""


class WeightsUnavailable(Error, RuntimeError):  # noqa: N818 - not wrong, only not at hand
    """VGG-19's weights are not on this machine; says how to get them."""


class UpscaleError(ImageError):
    """Some files of many could not be upscaled.

    Attributes:
        outcome: a :class:`srlib.upscaling.files.Outcome`: which, and why.
    """

    def __init__(self, outcome) -> None:
        self.outcome = outcome
        self.written, self.failures = outcome.written, outcome.failures
        super().__init__(str(outcome))


class UpscaleStopped(KeyboardInterrupt):
    """Ctrl-C: ``outcome`` says what was done until then; all files are whole."""

    def __init__(self, outcome) -> None:
        self.outcome = outcome
        done = len(outcome.written) + len(outcome.skipped)
        super().__init__(f"stopped: {done} of {outcome.total} images are done")


def is_lack_of_memory(error: BaseException) -> bool:
    """Whether it is one of Python, of torch's allocator, or of a GPU; torch is not imported."""
    said = str(error)
    return (
        isinstance(error, MemoryError)
        or type(error).__name__ == "OutOfMemoryError"
        or (isinstance(error, RuntimeError) and ("allocate memory" in said or "bad_alloc" in said))
    )
