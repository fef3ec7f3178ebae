"""Make a finished training of SRCNN the shipped one: its weights, its history and a card.

    SRLIB_DATA=... python tools/ship.py RUN --device "..." --data "..." --command "..."

Scores are measured here, on Set5's published LR files and on the ten photographs.
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np

from srlib import pretrained
from srlib.checkpoint import read_about
from srlib.datasets import benchmark, photographs
from srlib.files import write_whole
from srlib.history import History
from srlib.images import modulo_crop
from srlib.metrics import Protocol, psnr
from srlib.resize import imresize
from srlib.upscale import upscale

WEIGHTS = Path(pretrained.__file__).parent / "weights"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path)
    for name in ("data", "device", "command", "remarks"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--earlier-seconds", type=float, default=0, help="of trainings before it")
    given = parser.parse_args()
    data = (given.run / "best.safetensors").read_bytes()
    about = read_about(data)
    stem = f"{about['model']}_x{about['scale']}"
    history = History.load(given.run / "history.csv")
    write_whole(WEIGHTS / f"{stem}.safetensors", data)
    history.save(WEIGHTS / f"{stem}.csv")
    card = {
        "name": about["model"],
        "scale": about["scale"],
        "network": f"SRCNN {about['variant']}, residual",
        "parameters": 57_281,
        "data": given.data,
        "steps": about["steps"],
        "best_step": about["step"],
        "seed": about["seed"],
        "seconds": round(history.rows[-1].seconds + given.earlier_seconds),
        "device": given.device,
        "scores": {
            "Set5": score([(pair.lr, pair.hr) for pair in benchmark("Set5", about["scale"])]),
            "ten photographs": score([made(each.image, about["scale"]) for each in photographs()]),
        },
        "command": given.command,
        "remarks": given.remarks,
    }
    text = json.dumps(card, indent=2, ensure_ascii=False) + "\n"
    write_whole(WEIGHTS / f"{stem}.json", text.encode())
    sys.stdout.write(text)


def made(image: np.ndarray, scale: int) -> tuple[np.ndarray, np.ndarray]:
    """(lr, hr) of an image, by the papers' degradation."""
    hr = modulo_crop(image, scale)
    return imresize(hr, 1 / scale), hr


def score(pairs: list[tuple[np.ndarray, np.ndarray]]) -> str:
    """Mean PSNR of SRCNN and of bicubic, in words."""
    scale = pairs[0][1].shape[0] // pairs[0][0].shape[0]
    protocol = Protocol.paper(scale)
    means = [
        np.mean([psnr(upscale(lr, scale, method), hr, protocol) for lr, hr in pairs])
        for method in ("srcnn", "bicubic")
    ]
    return f"{means[0]:.2f} dB, bicubic {means[1]:.2f} dB ({protocol})"


if __name__ == "__main__":
    main()
