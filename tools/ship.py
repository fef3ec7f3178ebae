"""Make finished trainings the shipped ones: weights, history and a card.

    SRLIB_DATA=... python tools/ship.py runs/x3 runs/x2 --data "T91 BSDS399 SunHays80" ...
    SRLIB_DATA=... python tools/ship.py runs/srresnet runs/srgan --vgg vgg19.safetensors ...

The runs are given in order: each but the first began with the best weights of the one before, or
with ``--continued`` the first with the shipped ones, whose card and history then go on. The last
run's weights are shipped, the convolutions of SRResNet and SRGAN in half precision, if they are
better than the method before them at what they are for. Scores are measured here, of what is
shipped: Set5 from its published LR files, for SRCNN also as its own code has it, and the ten
photographs.
"""

import argparse
import json
import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load, save

from srlib.atomic import write_whole
from srlib.data.pairs import Pair
from srlib.data.test_sets import test_set
from srlib.images.metrics import Protocol, psnr
from srlib.images.resize import imresize
from srlib.images.values import rgb_to_luma, to_tensor, to_uint8
from srlib.networks import pretrained
from srlib.networks.vgg import VGGDistance
from srlib.networks.weights import read_about, weights_file
from srlib.training.history import History, Row, shipped_history
from srlib.upscaling.image import upscale

WEIGHTS = Path(pretrained.__file__).parent / "shipped"
BEFORE = {"srcnn": "bicubic", "srresnet": "srcnn", "srgan": "srresnet"}
SETS = {"Set5": "Set5", "ten photographs": "photographs"}  # name in the card -> of the set


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("runs", type=Path, nargs="+")
    for name in ("data", "images", "device", "remarks"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--continued", action="store_true", help="the shipped weights' training")
    parser.add_argument("--vgg", help="VGG-19's weights, for SRResNet and SRGAN")
    given = parser.parse_args()
    weights = weights_file(given.runs[-1]).read_bytes()
    about = [read_about(run) for run in given.runs]
    name, scale = about[-1]["model"], about[-1]["scale"]
    histories = [History.load(run / "history.csv") for run in given.runs]
    before = pretrained.card(name, scale) if given.continued else None
    own = [(each["model"], each["scale"]) == (name, scale) for each in about]
    own_histories = [each for each, is_own in zip(histories, own, strict=True) if is_own]
    if before:
        own_histories.insert(0, shipped_history(name, scale))
    history = joined(own_histories)
    stem = f"{name}_x{scale}"
    file = WEIGHTS / f"{stem}.safetensors"
    old = file.read_bytes() if file.exists() else None
    write_whole(file, weights if name == "srcnn" else halved(weights, about[-1]))
    found, seen_by_vgg = scores(name, scale), distances(name, scale, given.vgg) if given.vgg else {}
    worse = shortfalls(name, found, seen_by_vgg)
    if worse:
        file.unlink() if old is None else write_whole(file, old)
        sys.exit(f"Not shipped, the old weights stay: {'; '.join(worse)}")
    history.save(WEIGHTS / f"{stem}.csv")
    card = {
        "name": name,
        "scale": scale,
        "network": description(about[-1]),
        "parameters": sum(each.numel() for each in pretrained.load(name, scale).parameters()),
        "data": given.images,
        "steps": history.rows[-1].step,
        "best_step": history.rows[-1].step if name == "srgan" else history.best.step,
        "seed": before.seed if before else about[0]["seed"],
        "seconds": round(
            sum(each.rows[-1].seconds for each in histories) + (before.seconds if before else 0)
        ),
        "device": given.device,
        "scores": found,
        "protocol": str(Protocol.paper(scale)),
        "commands": commands(given.runs, about, given, before.commands if before else []),
        "remarks": given.remarks,
        "distances": seen_by_vgg,
    }
    text = json.dumps(card, indent=2, ensure_ascii=False) + "\n"
    write_whole(WEIGHTS / f"{stem}.json", text.encode())
    sys.stdout.write(text)


def shortfalls(name: str, found: dict, seen_by_vgg: dict) -> list[str]:
    """Where a network is no better than the method before it: SRGAN in what VGG sees, with at least
    bicubic's PSNR on Set5; the others in PSNR."""
    before = BEFORE[name]
    worse = [
        f"{data}: {name} {row[name]} dB, {before} {row[before]} dB"
        for data, row in found.items()
        if name != "srgan" and row[name] <= row[before]
    ]
    if name == "srgan":
        worse = [
            f"{data}: distance {row[name]}, {before} {row[before]}"
            for data, row in seen_by_vgg.items()
            if row[name] >= row[before]
        ]
        if not seen_by_vgg:
            worse.append("no distances: give --vgg")
        if found["Set5"][name] < found["Set5"]["bicubic"]:
            worse.append(f"Set5: {found['Set5'][name]} dB, less than bicubic")
    return worse


def halved(data: bytes, about: dict) -> bytes:
    """The same weights, convolutions in half precision, and BatchNorm in full as its range asks."""
    tensors = {k: v.half() if v.ndim == 4 else v for k, v in load(data).items()}
    return save(tensors, metadata={"srlib": json.dumps(about, sort_keys=True)})


def description(about: dict) -> str:
    if about["model"] == "srcnn":
        return f"SRCNN {about['variant']}, residual"
    return f"SRResNet, {about['blocks']} blocks of {about['channels']} channels"


def commands(
    runs: list[Path], about: list[dict], given: argparse.Namespace, before: list[str]
) -> list[str]:
    """What was typed for each run, options left at their defaults included."""
    lines = list(before)
    for run, facts in zip(runs, about, strict=True):
        words = [f"srlib train {facts['model']}"]
        if facts["model"] != "srgan":  # which takes the scale from the network it begins with
            words.append(f"--scale {facts['scale']}")
        words.append(f"--data {given.data}")
        names = ["steps", "interval", "seed", "precision", "learning_rate"]
        names += ["content", "weight", "average"] if facts["model"] == "srgan" else []
        words += [f"--{name.replace('_', '-')} {facts[name]}" for name in names]
        if facts["model"] != "srgan":
            words.append(f"--loss {facts.get('loss', 'mse')}")
        words += [f"--{name} {facts[name]}" for name in ("mesh", "pixels") if facts.get(name)]
        if facts["model"] == "srgan" or facts.get("loss") == "normalised":
            words.append(f"--vgg {Path(given.vgg).name}")
        if lines:
            words.append(f"--init {lines[-1].split()[-1]}/best.safetensors")
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


def scores(name: str, scale: int) -> dict[str, dict[str, float]]:
    """Data set -> method -> mean PSNR in dB."""
    found = {data: score(name, test_set(data_set, scale), scale) for data, data_set in SETS.items()}
    if name == "srcnn":
        found["Set5, float"] = score_in_float([pair.hr for pair in test_set("Set5", scale)], scale)
    return found


def score(name: str, pairs: list[Pair], scale: int) -> dict[str, float]:
    """Of ``srlib upscale`` on 8-bit LR images."""
    return {
        method: mean(
            psnr(upscale(pair.lr, scale, method), pair.hr, Protocol.paper(scale)) for pair in pairs
        )
        for method in dict.fromkeys((name, BEFORE[name], "bicubic"))
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


def distances(name: str, scale: int, vgg: str) -> dict[str, dict[str, float]]:
    """Data set -> method -> mean distance to the truth, as VGG-19 sees it, of 8-bit results."""
    distance = VGGDistance(vgg)
    methods = dict.fromkeys(("bicubic", "srcnn", "srresnet", name))
    return {
        data: {
            method: mean(
                (seen(distance, upscale(pair.lr, scale, method), pair.hr) for pair in pairs),
                digits=4,
            )
            for method in methods
        }
        for data, pairs in ((data, test_set(each, scale)) for data, each in SETS.items())
    }


@torch.inference_mode()
def seen(distance: VGGDistance, sr: np.ndarray, hr: np.ndarray) -> float:
    """A grey image is seen as an RGB one."""
    a, b = (to_tensor(image).expand(1, 3, -1, -1) for image in (sr, hr))
    return float(distance(a, b))


def mean(values: Iterable[float], digits: int = 3) -> float:
    return round(float(np.mean(list(values))), digits)


if __name__ == "__main__":
    main()
