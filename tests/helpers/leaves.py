"""Pairs of dead leaves, to benchmark on."""

from srlib.data.dead_leaves import dead_leaves
from srlib.data.pairs import Pair


def leaves(number: int = 3, scale: int = 2, size: int = 48) -> list[Pair]:
    """Pairs called ``leaves0`` and so on, a little narrower than high."""
    return [
        Pair(f"leaves{seed}", dead_leaves(size, seed)[:, : size - 7], scale=scale)
        for seed in range(number)
    ]
