"""What each training is asked for: each option explained, and refused where it makes no sense."""

import subprocess
import sys
from dataclasses import fields

import numpy as np
import pytest

from srlib.errors import ArgumentError
from srlib.training.losses import ADVERSARIAL_WEIGHT
from srlib.training.options import Options, SRCNNOptions, SRGANOptions, SRResNetOptions
from tests.helpers.processes import ROOT
from tests.helpers.trainings import GAN, RESNET

SRCNN = {"scale": 2, "steps": 4}
NAN, INFINITY = float("nan"), float("inf")


@pytest.mark.parametrize("kind", [Options, SRCNNOptions, SRResNetOptions, SRGANOptions])
def test_every_option_has_a_line(kind):
    """Its own, or that of the class that it is inherited from; and no line is of nothing."""
    explained = [line.strip().partition(": ") for line in kind.__doc__.splitlines()]
    explained = {name: said for name, colon, said in explained if colon and name.isidentifier()}
    own = set(vars(kind)["__annotations__"])
    assert set(explained) == own and all(
        said[0].isupper() or said[:3] for said in explained.values()
    )
    inherited = set(vars(Options)["__annotations__"])
    assert {each.name for each in fields(kind)} == own | inherited


def test_defaults_are_the_papers_where_it_says_so():
    assert SRGANOptions(steps=1).weight == ADVERSARIAL_WEIGHT == 1e-3
    assert SRGANOptions(steps=1).learning_rate == 1e-4
    assert (SRResNetOptions(steps=1).blocks, SRResNetOptions(steps=1).channels) == (16, 64)


def test_importing_them_imports_no_torch():
    code = "import sys; from srlib.training.options import SRCNNOptions; SRCNNOptions(scale=2,"
    code += "steps=1); print([name for name in ('torch', 'numpy') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout == "[]\n", done.stderr


ALL = [
    ({"steps": 0}, "steps must be at least 1, not 0"),
    ({"steps": 2.0}, "steps must be a whole number, not 2.0"),
    ({"steps": "4"}, "steps must be a whole number, not '4'"),
    ({"steps": True}, "steps must be a whole number, not True"),
    ({"batch_size": 0}, "batch_size must be at least 1"),
    ({"interval": 0}, "interval must be at least 1"),
    ({"seed": -1}, "seed must be whole, 0 or more"),
    ({"seed": 2**32}, "seed must be whole, 0 or more and below 2\\*\\*32, not 4294967296"),
    ({"precision": "fp16"}, "precision must be fp32 or bf16, not 'fp16'"),
    *(
        ({"learning_rate": wrong}, "learning_rate must be above 0")
        for wrong in (0.0, -1.0, NAN, INFINITY, "fast")
    ),
]
WEIGHTS = [
    ({"pixels": np.nan}, "pixels must be 0 or more, not nan"),
    ({"mesh": -1.0}, "mesh must be 0 or more"),
]


def refused(kind: type, options: dict, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        kind(**options)


@pytest.mark.parametrize(
    "wrong, message",
    [
        *ALL,
        ({"scale": 5}, "scale must be 2, 3 or 4, not 5"),
        ({"scale": 2.0}, "scale must be 2, 3 or 4, not 2.0"),
        ({"variant": "9-3-5"}, "variant must be 9-5-5 or 9-1-5, not '9-3-5'"),
        ({"loss": "l1"}, "loss must be mse or rmse, not 'l1'"),
        ({"patience": 0}, "patience must be at least 1"),
    ],
)
def test_what_srcnn_refuses(wrong, message):
    SRCNNOptions(**SRCNN)
    refused(SRCNNOptions, SRCNN | wrong, message)


@pytest.mark.parametrize(
    "wrong, message",
    [
        *ALL,
        *WEIGHTS,
        ({"scale": 3}, "scale must be 2 or 4, not 3"),
        ({"blocks": 0}, "blocks must be at least 1, not 0"),
        ({"channels": 0}, "channels must be at least 1, not 0"),
        ({"channels": 2.5}, "channels must be a whole number, not 2.5"),
        ({"patience": -1}, "patience must be at least 1"),
        ({"loss": "rmse"}, "loss must be mse, l1, normalised, or a layer of VGG-19, .* not 'rmse'"),
        ({"loss": ["mse"]}, "loss must be mse, l1, .* not \\['mse'\\]"),
        ({"loss": "l1", "mesh": 1.0}, "mesh and pixels go with a loss of features, and l1"),
        ({"loss": "mse", "pixels": 1.0}, "mesh and pixels go with a loss of features, and mse"),
    ],
)
def test_what_srresnet_refuses(wrong, message):
    SRResNetOptions(**RESNET)
    refused(SRResNetOptions, RESNET | wrong, message)


@pytest.mark.parametrize(
    "wrong, message",
    [
        *ALL,
        *WEIGHTS,
        ({"content": "conv5_4"}, "content must be normalised, or a layer of VGG-19, such as relu2"),
        ({"content": "mse"}, "content must be normalised, or a layer of VGG-19"),
        *(({"weight": wrong}, "weight must be 0 or more") for wrong in (-1.0, NAN, INFINITY, "x")),
        *(({"average": wrong}, "average must lie between 0 and 1") for wrong in (0.0, 1.0, NAN)),
    ],
)
def test_what_srgan_refuses(wrong, message):
    SRGANOptions(**GAN)
    refused(SRGANOptions, GAN | wrong, message)


def test_precision_by_accelerates_name():
    assert SRCNNOptions(**SRCNN).mixed_precision == "no"
    assert SRCNNOptions(**SRCNN, precision="bf16").mixed_precision == "bf16"
