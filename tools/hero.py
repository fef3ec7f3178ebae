"""Make the landing page's pictures: one photograph through all methods, and the cover.

python tools/hero.py

What is given is stored without loss, the others as WebP of high quality;
``tests/site/test_front_page.py`` holds them against what the methods give now.
"""

import io
from pathlib import Path

import numpy as np
from PIL import Image

import srlib
from srlib.atomic import write_whole

STATIC = Path(__file__).parents[1] / "book" / "_static"
PHOTOGRAPH, SCALE = "motorcycle", 4
TOP, LEFT, HEIGHT, WIDTH = 172, 216, 264, 352  # lettering, fins, chrome: what tells methods apart
METHODS = ("bicubic", "srcnn", "srresnet", "srgan")
COVER = ("bicubic", "srgan", "truth")


def main() -> None:
    found = pictures()
    for name, picture in found.items():
        write_whole(STATIC / f"hero_{name}.webp", webp(picture, lossless=name == "given"))
    write_whole(STATIC / "cover.jpg", encoded(cover(found), "jpeg", quality=92, subsampling=0))


def pictures() -> dict[str, np.ndarray]:
    """What is given, what each method makes of it, and the truth: one part of the photograph.

    The methods see the whole photograph. "given" is a fourth as high and wide as the others.
    """
    lr, hr = srlib.degrade(srlib.photograph(PHOTOGRAPH).image, SCALE)
    results = {name: part(srlib.load(name, SCALE)(lr)) for name in METHODS}
    return {"given": part(lr, SCALE), **results, "truth": part(hr)}


def part(image: np.ndarray, coarser: int = 1) -> np.ndarray:
    """The part that is shown, of an image that is ``coarser`` times smaller."""
    top, left, height, width = (side // coarser for side in (TOP, LEFT, HEIGHT, WIDTH))
    return image[top : top + height, left : left + width]


def cover(found: dict[str, np.ndarray]) -> np.ndarray:
    """Three of the pictures side by side, for previews of links, README and the PDF."""
    gap = np.full((HEIGHT, 4, 3), 255, np.uint8)
    first, *others = (found[name][:, 32:288] for name in COVER)
    return np.concatenate([first, *(each for other in others for each in (gap, other))], 1)


def webp(picture: np.ndarray, lossless: bool = False) -> bytes:
    return encoded(picture, "webp", lossless=lossless, quality=95, method=6)


def encoded(picture: np.ndarray, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, kind, **options)
    return buffer.getvalue()


if __name__ == "__main__":
    main()
