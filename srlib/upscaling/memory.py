"""What memory there is, and what was used of it."""

import sys
from pathlib import Path

import psutil

_CGROUPS = (  # the limit of a container, and what is used of it: versions 2 and 1
    ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
    (
        "/sys/fs/cgroup/memory/memory.limit_in_bytes",
        "/sys/fs/cgroup/memory/memory.usage_in_bytes",
    ),
)


def at_hand() -> int:
    """Bytes that this process can still have: by the machine, its container, and ``ulimit -v``."""
    found = [psutil.virtual_memory().available]
    for limit, used in _CGROUPS:
        try:
            found.append(int(Path(limit).read_text()) - int(Path(used).read_text()))
        except (OSError, ValueError):  # not this version, not Linux, or "max"
            continue
    try:
        import resource
    except ImportError:  # Windows
        return max(0, min(found))
    soft, _ = resource.getrlimit(resource.RLIMIT_AS)
    if soft != resource.RLIM_INFINITY:
        found.append(soft - psutil.Process().memory_info().vms)
    return max(0, min(found))


def peak() -> int:
    """The most bytes that this process has held at a time until now."""
    try:
        import resource
    except ImportError:  # Windows
        return psutil.Process().memory_info().peak_wset
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else 1024 * most


def in_words(size: int) -> str:
    """Bytes for people.

    >>> in_words(19_300_000_000), in_words(512_000_000)
    ('19 GB', '0.5 GB')
    """
    gigabytes = size / 1e9
    return f"{gigabytes:.0f} GB" if gigabytes >= 10 else f"{gigabytes:.1f} GB"
