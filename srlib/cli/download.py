"""``srlib download``: a published data set, fetched and checked."""

from dataclasses import dataclass
from typing import Annotated

from tyro.conf import Positional, arg

from srlib.cli.complaints import DONE


@dataclass(frozen=True, kw_only=True)
class Download:
    """Fetch a data set into the cache, check it, and say where it is.

    What is already there, or under $SRLIB_DATA, is not fetched again.

    Examples:
        srlib download Set5
        srlib download DIV2K_valid_HR

    Attributes:
        name: Set5, Set14, BSD100, Urban100, or a part of DIV2K: DIV2K_train_HR (3.5 GB),
            DIV2K_valid_HR (0.4 GB), DIV2K_train_LR_bicubic_X2, _X3, _X4,
            DIV2K_valid_LR_bicubic_X2, and so on.
    """

    name: Annotated[Positional[str], arg(metavar="NAME")]

    def run(self) -> int:
        """Fetch the set and say where it is; the exit code."""
        from srlib.data import published

        print(published.download(self.name))
        return DONE
