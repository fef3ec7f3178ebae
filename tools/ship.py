"""Make a finished training of SRCNN the shipped one: its weights, its history and a card.

    SRLIB_DATA=... python tools/ship.py RUN --device "..." --data "..." --command "..."

Scores are measured here: Set5 from its published LR files and as SRCNN's own code has it, and the
ten photographs.
"""

import argparse
import json
import sys
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import torch

from srlib import pretrained
from srlib.checkpoint import read_about
from srlib.datasets import benchmark, photographs
from srlib.files import write_whole
from srlib.history import History
from srlib.images import modulo_crop, rgb_to_luma, to_tensor, to_uint8
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
        "scores": scores(about["scale"]),
        "protocol": str(Protocol.paper(about["scale"])),
        "command": given.command,
        "remarks": given.remarks,
    }
    text = json.dumps(card, indent=2, ensure_ascii=False) + "\n"
    write_whole(WEIGHTS / f"{stem}.json", text.encode())
    sys.stdout.write(text)


def scores(scale: int) -> dict[str, dict[str, float]]:
    """Data set -> method -> mean PSNR in dB."""
    set5 = benchmark("Set5", scale)
    return {
        "Set5": score([(pair.lr, pair.hr) for pair in set5], scale),
        "Set5, float": score_in_float([pair.hr for pair in set5], scale),
        "ten photographs": score([degraded(each.image, scale) for each in photographs()], scale),
    }


def degraded(image: np.ndarray, scale: int) -> tuple[np.ndarray, np.ndarray]:
    """(lr, hr) of an image, made as the published LR files are."""
    hr = modulo_crop(image, scale)
    return imresize(hr, 1 / scale), hr


def score(pairs: list[tuple[np.ndarray, np.ndarray]], scale: int) -> dict[str, float]:
    """Of ``srlib upscale`` on 8-bit LR images."""
    return {
        method: mean(
            psnr(upscale(lr, scale, method), hr, Protocol.paper(scale)) for lr, hr in pairs
        )
        for method in ("srcnn", "bicubic")
    }


def score_in_float(images: list[np.ndarray], scale: int) -> dict[str, float]:
    """As SRCNN's own code: 8-bit luma, shrunk and enlarged in floating point, rounded last."""
    network = pretrained.load("srcnn", scale)
    found = {"srcnn": [], "bicubic": []}
    for image in images:
        hr = rgb_to_luma(image)
        bicubic = imresize(imresize(to_tensor(hr), 1 / scale), scale)
        with torch.no_grad():
            sr = {"srcnn": network(bicubic), "bicubic": bicubic}
        for method, luma in sr.items():
            found[method].append(psnr(to_uint8(luma.clamp(0, 1)), hr, Protocol.paper(scale)))
    return {method: mean(each) for method, each in found.items()}


def mean(values: Iterable[float]) -> float:
    return round(float(np.mean(list(values))), 3)


if __name__ == "__main__":
    main()
