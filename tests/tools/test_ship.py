"""The release check: no network ships that is not better than the method before it."""

import importlib.util
from pathlib import Path

import pytest

FILE = Path(__file__).parents[2] / "tools" / "ship.py"
spec = importlib.util.spec_from_file_location("ship", FILE)
ship = importlib.util.module_from_spec(spec)
spec.loader.exec_module(ship)

SEEN = {"Set5": {"srresnet": 0.2, "srgan": 0.15}}


@pytest.mark.parametrize(
    "name, psnr, seen, complaint",
    [
        ("srresnet", {"srresnet": 31.0, "srcnn": 30.5, "bicubic": 28.4}, {}, None),
        ("srresnet", {"srresnet": 30.5, "srcnn": 30.5, "bicubic": 28.4}, {}, "Set5: srresnet 30.5"),
        ("srcnn", {"srcnn": 28.3, "bicubic": 28.4}, {}, "bicubic 28.4 dB"),
        ("srgan", {"srgan": 29.0, "srresnet": 31.0, "bicubic": 28.4}, SEEN, None),
        ("srgan", {"srgan": 28.0, "srresnet": 31.0, "bicubic": 28.4}, SEEN, "less than bicubic"),
        ("srgan", {"srgan": 29.0, "srresnet": 31.0, "bicubic": 28.4}, {}, "no distances"),
        (
            "srgan",
            {"srgan": 29.0, "srresnet": 31.0, "bicubic": 28.4},
            {"Set5": {"srresnet": 0.2, "srgan": 0.2}},
            "distance 0.2, srresnet 0.2",
        ),
    ],
)
def test_what_is_no_better_does_not_ship(name, psnr, seen, complaint):
    found = ship.shortfalls(name, {"Set5": psnr}, seen)
    assert (complaint is None and not found) or (len(found) == 1 and complaint in found[0])
