"""What natural photographs look like to NIQE: the parameters that come with srlib, fitted anew.

    python -m experiments.niqe FOLDER --about "whose photographs, under which licences"

writes ``srlib/images/niqe_natural.json``: mean and covariance of the 36 features over the sharp
blocks of all photographs in a folder. Some minutes for 300 of a megapixel on one core. Whatever was
scored with the old parameters has to be scored again. Keep srlib's ten test photographs out of the
folder; they are scored at the end, as they are and enlarged by bicubic.
"""

import argparse
import sys
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.table import Table

from srlib.data.pairs import degrade
from srlib.data.photographs import photographs
from srlib.errors import Error
from srlib.images.niqe import NATURAL, NaturalStatistics, niqe
from srlib.images.reading import read
from srlib.images.resize import imresize

SCALE = 4
SUFFIXES = {".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp"}


def files(folder: Path) -> list[Path]:
    """The photographs in a folder, by name."""
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES)


def scores(parameters: NaturalStatistics) -> list[tuple[str, float, float]]:
    """Name, NIQE and NIQE of the bicubic enlargement, of each of the ten photographs."""
    rows = []
    for photo in photographs():
        lr, hr = degrade(photo.image, SCALE)
        bicubic = imresize(lr, SCALE)
        rows.append((photo.name, *(niqe(x, parameters=parameters) for x in (hr, bicubic))))
    return rows


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="photographs to fit to")
    parser.add_argument("--about", required=True, help="whose they are, and under which licences")
    parser.add_argument("--to", type=Path, default=NATURAL, help="file to write (%(default)s)")
    options = parser.parse_args(arguments)
    try:
        read_one_by_one = map(read, track(files(options.folder), "Blocks of natural photographs"))
        found = NaturalStatistics.fit(read_one_by_one, options.about)
    except Error as error:
        parser.error(str(error))
    found.save(options.to)
    shown = Table(
        "NIQE", "as it is", f"bicubic x{SCALE}", title=f"{options.to.name}: {found.source}"
    )
    for name, truth, bicubic in scores(NaturalStatistics.load(options.to)):
        shown.add_row(name, f"{float(truth):.2f}", f"{float(bicubic):.2f}")
    Console().print(shown)
    return 0


if __name__ == "__main__":
    sys.exit(main())
