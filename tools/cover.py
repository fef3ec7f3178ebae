"""Make the pictures of the front page and of README from scikit-image's cat."""

from pathlib import Path

import numpy as np
from skimage.data import chelsea

from srlib.images.resize import imresize
from srlib.images.writing import write

STATIC = Path(__file__).parents[1] / "book" / "_static"


def main() -> None:
    truth = chelsea()[25:265, 75:395]  # 240x320, the cat's face, pixels as they were taken
    small = imresize(truth, 1 / 4).repeat(4, 0).repeat(4, 1)
    write(STATIC / "cover_truth.png", truth.repeat(2, 0).repeat(2, 1))
    write(STATIC / "cover_small.png", small.repeat(2, 0).repeat(2, 1))
    write(STATIC / "cover.png", np.concatenate([small, truth], 1))


if __name__ == "__main__":
    main()
