"""What ``import srlib`` offers: a frozen list, loaded when it is used."""

import ast
import subprocess
import sys
from pathlib import Path

import srlib

ROOMS = {"benchmarking", "book", "cli", "data", "errors", "images", "networks", "training"}
ROOMS |= {"upscaling"}
NAMES = {
    *("Discriminator", "Error", "History", "Method", "Pair", "Patches", "Protocol", "SRCNN"),
    *("SRResNet", "benchmark", "card", "centre_crop", "dead_leaves", "degrade", "fine_detail"),
    *("imresize", "load", "lpips", "modulo_crop", "niqe", "photograph", "photographs", "psnr"),
    *("read", "rgb_to_luma", "rgb_to_ycbcr", "shave", "shipped_history", "ssim", "test_set"),
    *("to_tensor", "to_uint8", "train", "upscale", "upscale_file", "upscale_files", "write"),
    *("ycbcr_to_rgb",),
}


def test_the_names_are_these():
    assert set(srlib.__all__) == ROOMS | NAMES
    assert set(srlib.__all__) <= set(dir(srlib))


def test_each_is_there_and_says_what_it_does():
    for name in srlib.__all__:
        assert getattr(srlib, name).__doc__, name


def test_editors_are_told_the_same():
    """Of the face and of each room: the names below TYPE_CHECKING are those that are loaded."""
    for path in Path(srlib.__file__).parent.glob("**/__init__.py"):
        module = ".".join(path.parent.relative_to(Path(srlib.__file__).parents[1]).parts)
        tree = ast.parse(path.read_text("utf-8"))
        told = {
            alias.name: f"{node.module}.{alias.name}"
            for block in tree.body
            if isinstance(block, ast.If) and ast.unparse(block.test) == "TYPE_CHECKING"
            for node in block.body
            for alias in node.names
        }
        if told:
            __import__(module)
            assert set(told) == set(sys.modules[module].__all__), module


def test_import_is_light():
    """Without torch, NumPy or anything else that takes time."""
    code = "import sys, srlib; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(run.stdout.split())
    assert not loaded & {"torch", "numpy", "PIL", "skimage", "scipy", "tyro", "matplotlib"}


def test_a_name_that_is_not_there_is_missed_as_usual():
    assert not hasattr(srlib, "upscale_everything")
