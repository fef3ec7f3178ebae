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
    "font.size": 10,
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


def stored_table(name: str, folder: str | Path = "../results") -> list[dict[str, str]]:
    """A table of ``results/``, which ``make results`` remakes, as one dictionary a row.

    For numbers that take a benchmark set: the chapter shows them without the set being there.

    Args:
        name: such as ``"protocol_set5.csv"``.
        folder: of the tables, seen from the chapters.

    Raises:
        FileNotFoundError: when the notebook runs outside a checkout of the book.
    """
    path = Path(folder) / name
    if not path.is_file():
        raise FileNotFoundError(
            f"no stored table {str(path)!r}: run the chapter in book/ of a checkout of the book, "
            "where `make results` makes it"
        )
    with path.open(newline="") as file:
        return list(csv.DictReader(file))
