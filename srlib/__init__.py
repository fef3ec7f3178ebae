"""srlib: single-image super-resolution, from the exact resizer to the benchmark.

    sr = srlib.upscale("cat.jpg", 4, "srgan")

Names are loaded when they are first used, so that importing the package takes no time. The rooms:
:mod:`srlib.images`, :mod:`srlib.data`, :mod:`srlib.networks`, :mod:`srlib.training`,
:mod:`srlib.upscaling`, :mod:`srlib.benchmarking`, and :mod:`srlib.cli` for the command.
"""

from typing import TYPE_CHECKING

import lazy_loader

__version__ = "0.2.0"

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules=(
        "benchmarking",
        "book",
        "cli",
        "data",
        "errors",
        "images",
        "networks",
        "training",
        "upscaling",
    ),
    submod_attrs={
        "errors": ["Error"],
        "images.values": [
            "centre_crop",
            "modulo_crop",
            "rgb_to_luma",
            "rgb_to_ycbcr",
            "shave",
            "to_tensor",
            "to_uint8",
            "ycbcr_to_rgb",
        ],
        "images.reading": ["read"],
        "images.writing": ["write"],
        "images.resize": ["imresize"],
        "images.metrics": ["Protocol", "fine_detail", "lpips", "psnr", "ssim"],
        "images.niqe": ["niqe"],
        "data.photographs": ["photograph", "photographs"],
        "data.dead_leaves": ["dead_leaves"],
        "data.pairs": ["Pair", "degrade"],
        "data.test_sets": ["test_set"],
        "data.patches": ["Patches"],
        "networks.srcnn": ["SRCNN"],
        "networks.srgan": ["Discriminator", "SRResNet"],
        "networks.pretrained": ["card"],
        "training.history": ["History", "shipped_history"],
        "training.recipes": ["train"],
        "upscaling.method": ["Method", "load"],
        "upscaling.image": ["upscale"],
        "upscaling.files": ["upscale_file", "upscale_files"],
        "benchmarking.compare": ["benchmark"],
    },
)

if TYPE_CHECKING:  # what editors complete; a test holds it to the table above
    from srlib import benchmarking, book, cli, data, errors, images, networks, training, upscaling
    from srlib.benchmarking.compare import benchmark
    from srlib.data.dead_leaves import dead_leaves
    from srlib.data.pairs import Pair, degrade
    from srlib.data.patches import Patches
    from srlib.data.photographs import photograph, photographs
    from srlib.data.test_sets import test_set
    from srlib.errors import Error
    from srlib.images.metrics import Protocol, fine_detail, lpips, psnr, ssim
    from srlib.images.niqe import niqe
    from srlib.images.reading import read
    from srlib.images.resize import imresize
    from srlib.images.values import (
        centre_crop,
        modulo_crop,
        rgb_to_luma,
        rgb_to_ycbcr,
        shave,
        to_tensor,
        to_uint8,
        ycbcr_to_rgb,
    )
    from srlib.images.writing import write
    from srlib.networks.pretrained import card
    from srlib.networks.srcnn import SRCNN
    from srlib.networks.srgan import Discriminator, SRResNet
    from srlib.training.history import History, shipped_history
    from srlib.training.recipes import train
    from srlib.upscaling.files import upscale_file, upscale_files
    from srlib.upscaling.image import upscale
    from srlib.upscaling.method import Method, load
