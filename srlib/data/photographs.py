"""Ten free test photographs that are already there: scikit-image carries them in its wheel."""

from dataclasses import dataclass
from importlib.resources import as_file, files

import numpy as np

from srlib.errors import ArgumentError, ImageError
from srlib.images.reading import read_rgb


@dataclass(frozen=True)
class Photograph:
    """A test photograph that is part of scikit-image's installation.

    Attributes:
        name: as in ``skimage.data``.
        size: width and height in pixels.
        licence: what its owner allows, as scikit-image states it.
        source: who made it, and where scikit-image found it.
        file: its name in scikit-image's data folder.
    """

    name: str
    size: tuple[int, int]
    licence: str
    source: str
    file: str

    @property
    def image(self) -> np.ndarray:
        """uint8 ``(H, W, 3)``, decoded anew each time; a grey photograph has three equal planes.

        Raises:
            ImageError: when the installed scikit-image does not carry the file.
        """
        with as_file(files("skimage") / "data" / self.file) as path:
            if not path.is_file():
                raise ImageError(
                    f"scikit-image is installed without {self.file}, expected at {path}: "
                    "install the wheel of scikit-image 0.25 or later"
                )
            return read_rgb(path)


# Chosen for detail: under the papers' protocol bicubic reaches 27 to 35 dB on them at x2. Others of
# scikit-image's are oversampled (retina 50 dB, moon 43 dB) or not photographs of a scene.
_PHOTOGRAPHS = (
    Photograph(
        "astronaut",
        (512, 512),
        "public domain, no known restrictions",
        "NASA, Great Images database, https://flic.kr/p/r9qvLn",
        "astronaut.png",
    ),
    Photograph("chelsea", (451, 300), "CC0", "Stefan van der Walt", "chelsea.png"),
    Photograph("coffee", (600, 400), "CC0", "Rachel Michetti, Pikolo Espresso Bar", "coffee.png"),
    Photograph(
        "rocket",
        (640, 427),
        "public domain",
        "SpaceX, https://www.flickr.com/photos/spacexphotos/16511594820",
        "rocket.jpg",
    ),
    Photograph(
        "hubble_deep_field",
        (1000, 872),
        "public domain",
        "NASA, http://hubblesite.org/newscenter/archive/releases/2012/37/image/a/",
        "hubble_deep_field.jpg",
    ),
    Photograph(
        "immunohistochemistry",
        (512, 512),
        "no known restrictions",
        "Center for Microscopy and Molecular Imaging (CMMI)",
        "ihc.png",
    ),
    Photograph(
        "motorcycle",
        (741, 500),
        "free to use and publish; its authors ask for a citation",
        "Middlebury stereo data 2014 (Scharstein et al., GCPR 2014), left view, "
        "https://vision.middlebury.edu/stereo/data/scenes2014/",
        "motorcycle_left.png",
    ),
    Photograph("camera", (512, 512), "CC0", "Lav Varshney", "camera.png"),
    Photograph(
        "coins",
        (384, 303),
        "no known restrictions",
        "Brooklyn Museum, https://www.brooklynmuseum.org/opencollection/archives/image/51611",
        "coins.png",
    ),
    Photograph(
        "gravel",
        (512, 512),
        "CC0",
        "CC0Textures, https://cc0textures.com/view.php?tex=Gravel04",
        "gravel.png",
    ),
)


def photographs() -> list[Photograph]:
    """The ten test photographs, seven in colour and three grey; none needs a download.

    >>> [photo.name for photo in photographs()][:3]
    ['astronaut', 'chelsea', 'coffee']
    """
    return list(_PHOTOGRAPHS)


def photograph(name: str) -> Photograph:
    """The test photograph of that name.

    Raises:
        ArgumentError: for a name that is none of the ten; lists them.

    >>> photograph("chelsea").size
    (451, 300)
    """
    for photo in _PHOTOGRAPHS:
        if photo.name == name:
            return photo
    known = ", ".join(photo.name for photo in _PHOTOGRAPHS)
    raise ArgumentError(f"no photograph is called {name!r}: choose one of {known}")
