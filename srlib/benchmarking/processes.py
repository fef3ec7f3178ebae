"""The processes that share a benchmark: one, or those of ``accelerate launch``."""

import os
from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar

Result = TypeVar("Result")


class Processes:
    """Who this process is among those that were started together, and how they talk.

    accelerate is asked only where there are several: its state is fixed once in a process, and a
    training after the benchmark may want a GPU. Data go through gloo, so no GPU is needed.

    Attributes:
        rank: number of this process; 0 writes the tables.
        world: how many there are.
    """

    def __init__(self) -> None:
        self.state = None
        self.rank, self.world = 0, 1
        if int(os.environ.get("WORLD_SIZE", "1")) > 1:
            from accelerate import PartialState

            # A fast machine may have to wait long for a slow one.
            self.state = PartialState(cpu=True, timeout=timedelta(days=7))
            self.rank, self.world = self.state.process_index, self.state.num_processes

    def main_first(self, work: Callable[[], Result]) -> Result:
        """Process 0 does it, then all others: it may have to download or to make a folder."""
        if self.state is None:
            return work()
        with self.state.main_process_first():
            return work()

    def gathered(self, items: list[Any]) -> list[Any]:
        """The lists of all processes, joined, in each of them."""
        if self.state is None:
            return items
        from accelerate.utils import gather_object

        return gather_object(items)

    def wait(self) -> None:
        """Until all are here."""
        if self.state is not None:
            self.state.wait_for_everyone()
