"""What every chapter does first: seeds, the device, one look for all figures."""

import csv
import random
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import torch

STYLE = {
    "figure.dpi": 100,
    "savefig.dpi": 100,
    "figure.figsize": (7, 3.5),
    "figure.constrained_layout.use": True,
    "figure.facecolor": "white",  # figures stay legible on a dark page
    "font.size": 12,  # a phone shows a figure at half its size
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.alpha": 0.25,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "image.cmap": "gray",
    "image.interpolation": "nearest",  # a pixel is shown as a pixel
}


def setup(seed: int = 0) -> torch.device:
    """Seed Python, NumPy and PyTorch, set the book's figure style, and return the best device.

    Returns:
        ``cuda`` or ``mps`` where there is one, else ``cpu``.
    """
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
    plt.rcParams.update(STYLE)
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


def stored(name: str) -> Path:
    """Where a file or folder of ``results/`` lies, which ``make results`` remakes.

    The folder is at the root of a checkout of the book; an installed ``srlib`` carries a copy, as
    ``srlib/results``.

    Raises:
        FileNotFoundError: when there is no result of that name.
    """
    package = Path(__file__).parents[1]  # srlib, of which this room is a part
    places = [package / "results" / name, package.parent / "results" / name]
    for path in places:
        if path.exists():
            return path
    raise FileNotFoundError(
        f"no stored result {name!r} in {' or '.join(str(path.parent) for path in places)}: "
        "`make results` makes it in a checkout of the book"
    )


def stored_table(name: str) -> list[dict[str, str]]:
    """A table of ``results/`` as one dictionary a row.

    For numbers that take a benchmark set: the chapter shows them without the set being there.

    Args:
        name: such as ``"protocol_set5.csv"``.

    Raises:
        FileNotFoundError: as :func:`stored`.
    """
    with stored(name).open(newline="") as file:
        return list(csv.DictReader(file))
