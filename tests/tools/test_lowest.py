"""The lowest versions that pyproject.toml allows, for pip."""

import tomllib

import pytest

from tools.lowest import PYPROJECT, lowest

PROJECT = {
    "dependencies": ["numpy>=2.0", "scikit-image>=0.25,<1"],
    "optional-dependencies": {"onnx": ["onnx>=1.17"]},
}


def test_each_requirement_at_its_lowest_version():
    assert lowest(PROJECT, []) == ["numpy==2.0", "scikit-image==0.25"]
    assert lowest(PROJECT, ["onnx"]) == ["numpy==2.0", "scikit-image==0.25", "onnx==1.17"]


def test_what_names_no_lowest_version():
    with pytest.raises(ValueError, match="'numpy' should name its lowest version"):
        lowest({"dependencies": ["numpy"]}, [])
    with pytest.raises(ValueError, match="no extra pdf: there are onnx"):
        lowest(PROJECT, ["pdf"])


def test_every_requirement_of_srlib_names_one():
    project = tomllib.loads(PYPROJECT.read_text("utf-8"))["project"]
    extras = list(project["optional-dependencies"])
    assert len(lowest(project, extras)) > len(project["dependencies"]) > 10
