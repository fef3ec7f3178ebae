"""Make finished trainings of SRCNN the shipped ones: weights, history and a card.

    SRLIB_DATA=... python tools/ship.py runs/x3 runs/x2 --data "T91 BSDS399 SunHays80" ...

The runs are given in order: each but the first began with the best weights of the one before, and
the last one's are shipped. Scores are measured here: Set5 from its published LR files and as
SRCNN's own code has it, and the ten photographs.
"""

import argparse
import json
import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from srlib import pretrained
from srlib.checkpoint import read_about
from srlib.datasets import benchmark, photographs
from srlib.files import write_whole
from srlib.history import History, Row
from srlib.images import modulo_crop, rgb_to_luma, to_tensor, to_uint8
from srlib.metrics import Protocol, psnr
from srlib.resize import imresize
from srlib.upscale import upscale

WEIGHTS = Path(pretrained.__file__).parent / "weights"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("runs", type=Path, nargs="+")
    for name in ("data", "images", "device", "remarks"):
        parser.add_argument(f"--{name}", required=True)
    given = parser.parse_args()
    weights = [(run / "best.safetensors").read_bytes() for run in given.runs]
    about = [read_about(each) for each in weights]
    scale = about[-1]["scale"]
    histories = [History.load(run / "history.csv") for run in given.runs]
    history = joined([h for h, a in zip(histories, about, strict=True) if a["scale"] == scale])
    stem = f"srcnn_x{scale}"
    write_whole(WEIGHTS / f"{stem}.safetensors", weights[-1])
    history.save(WEIGHTS / f"{stem}.csv")
    card = {
        "name": "srcnn",
        "scale": scale,
        "network": f"SRCNN {about[-1]['variant']}, residual",
        "parameters": 57_281,
        "data": given.images,
        "steps": history.rows[-1].step,
        "best_step": history.best.step,
        "seed": about[0]["seed"],
        "seconds": round(sum(each.rows[-1].seconds for each in histories)),
        "device": given.device,
        "scores": scores(scale),
        "protocol": str(Protocol.paper(scale)),
        "commands": commands(given.runs, about, given.data),
        "remarks": given.remarks,
    }
    text = json.dumps(card, indent=2, ensure_ascii=False) + "\n"
    write_whole(WEIGHTS / f"{stem}.json", text.encode())
    sys.stdout.write(text)


def commands(runs: list[Path], about: list[dict], data: str) -> list[str]:
    """What was typed for each run, options left at their defaults included."""
    lines = []
    for index, (run, facts) in enumerate(zip(runs, about, strict=True)):
        words = ["srlib train srcnn", f"--scale {facts['scale']}", f"--data {data}"]
        for name in ("steps", "interval", "seed", "precision", "learning_rate"):
            words.append(f"--{name.replace('_', '-')} {facts[name]}")
        words.append(f"--loss {facts.get('loss', 'mse')}")
        if index:
            words.append(f"--init runs/{runs[index - 1].name}/best.safetensors")
        lines.append(" ".join([*words, f"--out runs/{run.name}"]))
    return lines


def joined(histories: list[History]) -> History:
    """One after the other, steps and seconds counted on."""
    rows: list[Row] = []
    for history in histories:
        step, seconds = (rows[-1].step, rows[-1].seconds) if rows else (0, 0.0)
        for row in history.rows:
            later = {"step": row.step + step, "seconds": round(row.seconds + seconds, 3)}
            rows.append(replace(row, **later))
    return History(rows)


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
