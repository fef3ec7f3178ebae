"""Benchmarking: every method on every image, scored, timed, and put on record.

- ``compare``: the comparison
- ``cost``: time, memory, work, and the machine
- ``perception``: distances that mean to see as people do
- ``progress``, ``processes``: going on after a stop; several processes at once
- ``report``: the tables
"""

from typing import TYPE_CHECKING

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules=(
        "compare",
        "cost",
        "perception",
        "processes",
        "progress",
        "report",
    ),
)

if TYPE_CHECKING:
    from srlib.benchmarking import compare, cost, perception, processes, progress, report
