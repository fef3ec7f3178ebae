"""Make finished trainings the shipped ones: weights, history and a card.

    SRLIB_DATA=... python tools/ship.py runs/x3 runs/x2 --data "T91 BSDS399 SunHays80" ...
    SRLIB_DATA=... python tools/ship.py runs/gpu/srgan --command "python -m tools.gpu ..." ...

The runs are given in order: each but the first began with the best weights of the one before, or
with ``--continued`` the first with the shipped ones, whose card and history then go on. The last
run's weights are shipped, the convolutions of SRResNet and SRGAN in half precision, if they are
better than the method before them at what they are for. Scores are measured here, of what is
shipped, in float32: on Set5 with its published LR files, for SRCNN also as its own code has it, and
on the ten photographs.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load, save

from srlib.atomic import write_whole
from srlib.data.test_sets import test_set
from srlib.images.metrics import Protocol, psnr
from srlib.images.niqe import niqe
from srlib.images.resize import imresize
from srlib.images.spectrum import isolated_peak
from srlib.images.values import rgb_to_luma, to_tensor, to_uint8
from srlib.networks import pretrained
from srlib.networks.vgg import VGGDistance
from srlib.networks.weights import read_about, weights_file
from srlib.training.history import History, Row, shipped_history
from srlib.upscaling import method

WEIGHTS = Path(pretrained.__file__).parent / "shipped"
# What each has to be better than, at what it is for.
BEFORE = {
    "srcnn": "bicubic",
    "srresnet": "srcnn",
    "srresnet-vgg": "srresnet",
    "srgan": "srresnet",
}
SETS = {"Set5": "Set5", "ten photographs": "photographs"}  # name in the card -> of the set
HIGHEST_PEAK = 6  # times its neighbourhood: a weave that one sees has more

Table = dict[str, dict[str, float]]  # data set -> method -> a number


def main() -> None:
    given = options().parse_args()
    about = [read_about(run) for run in given.runs]
    name, scale = given.name or about[-1]["model"], about[-1]["scale"]
    before = pretrained.card(name, scale) if given.continued else None
    histories = [History.load(run / "history.csv") for run in given.runs]
    own = [(each["model"], each["scale"]) == (about[-1]["model"], scale) for each in about]
    own_histories = [each for each, is_own in zip(histories, own, strict=True) if is_own]
    if before:
        own_histories.insert(0, shipped_history(name, scale))
    history = joined(own_histories)
    stem = f"{name}_x{scale}"
    weights = weights_file(given.runs[-1]).read_bytes()
    weights = weights if name == "srcnn" else halved(weights, about[-1])
    measured = put_to_the_test(WEIGHTS / f"{stem}.safetensors", weights, name, scale, given.vgg)
    history.save(WEIGHTS / f"{stem}.csv")
    last = histories[-1].rows[-1].step
    shipped_step = history.rows[-1].step - last + about[-1].get("step", last)
    trained = sum(each.rows[-1].seconds for each in histories)
    card = {
        "name": name,
        "scale": scale,
        "network": description(about[-1]),
        "parameters": sum(each.numel() for each in pretrained.load(name, scale).parameters()),
        "data": given.images,
        "steps": max(history.rows[-1].step, shipped_step),
        "best_step": shipped_step if about[-1]["model"] != "srcnn" else history.best.step,
        "seed": before.seed if before else about[0].get("seed"),
        "seconds": round(given.seconds or trained + (before.seconds if before else 0)),
        "device": given.device,
        "scores": measured["scores"],
        "protocol": str(Protocol.paper(scale)),
        "commands": given.command
        or commands(given.runs, about, given, before.commands if before else []),
        "remarks": given.remarks,
        **{name: measured[name] for name in ("distances", "niqe", "bfloat16")},
    }
    text = json.dumps(card, indent=2, ensure_ascii=False) + "\n"
    write_whole(WEIGHTS / f"{stem}.json", text.encode())
    sys.stdout.write(text)


def put_to_the_test(file: Path, weights: bytes, name: str, scale: int, vgg: str | None) -> dict:
    """What is measured of weights once they are shipped.

    The old ones come back if the new ones are no better, or could not be measured.
    """
    old = file.read_bytes() if file.exists() else None
    write_whole(file, weights)
    try:
        measured = measure(name, scale, vgg)
        worse = shortfalls(name, scale, measured)
        if worse:
            sys.exit(f"Not shipped, the old weights stay: {'; '.join(worse)}")
    except BaseException:
        file.unlink() if old is None else write_whole(file, old)
        raise
    return measured


def options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("runs", type=Path, nargs="+")
    for name in ("images", "device", "remarks"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--data", help="as it was typed, where srlib train made the runs")
    parser.add_argument("--name", help="of what is shipped; the model's by default")
    parser.add_argument("--command", action="append", help="what was typed, where it was no other")
    parser.add_argument("--seconds", type=float, help="of all trainings, by default the histories'")
    parser.add_argument("--continued", action="store_true", help="the shipped weights' training")
    parser.add_argument("--vgg", help="VGG-19's weights, for SRResNet and SRGAN")
    return parser


# ------------------------------------------------------------------------------------ measurements


def measure(name: str, scale: int, vgg: str | None) -> dict[str, Table | dict[str, float]]:
    """``scores``, ``distances``, ``niqe`` and ``bfloat16`` of a card."""
    found = {"scores": scores(name, scale), "distances": {}, "niqe": {}}
    found["bfloat16"] = {data: round(cost_of_bfloat16(name, data, scale), 4) for data in SETS}
    if name != "srcnn":
        found["niqe"] = naturalness(name, scale)
    if vgg:
        distance = VGGDistance(vgg)
        others = dict.fromkeys(("bicubic", "srcnn", "srresnet", name))
        found["distances"] = {
            data: {each: mean_of(data, each, scale, seen(distance), 4) for each in others}
            for data in SETS
        }
    return found


@cache
def results(data: str, name: str, scale: int, precision: str = "fp32") -> list[np.ndarray]:
    """What a method makes of the small images of a set."""
    enlarge = method.load(name, scale, precision=precision)
    return [enlarge(lr) for _, lr in pairs(data, scale)]


@cache
def pairs(data: str, scale: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """(hr, lr) of a set, uint8."""
    return [pair.pixels(scale) for pair in test_set(SETS[data], scale)]


def mean_of(
    data: str,
    name: str,
    scale: int,
    measured: Callable[[np.ndarray, np.ndarray], float],
    digits: int = 3,
    precision: str = "fp32",
) -> float:
    """The mean of a measure of (SR, HR) over a set."""
    found = zip(results(data, name, scale, precision), pairs(data, scale), strict=True)
    return mean((measured(sr, hr) for sr, (hr, _) in found), digits)


def scores(name: str, scale: int) -> Table:
    """Data set -> method -> mean PSNR in dB."""
    protocol = Protocol.paper(scale)
    methods = dict.fromkeys((name, BEFORE[name], "bicubic"))
    found = {
        data: {
            each: mean_of(data, each, scale, lambda sr, hr: psnr(sr, hr, protocol))
            for each in methods
        }
        for data in SETS
    }
    if name == "srcnn":
        found["Set5, float"] = score_in_float([hr for hr, _ in pairs("Set5", scale)], scale)
    return found


def score_in_float(images: list[np.ndarray], scale: int) -> dict[str, float]:
    """As SRCNN's own code: 8-bit luma, shrunk and enlarged in floating point, rounded last."""
    network = pretrained.load("srcnn", scale)
    found = {"srcnn": [], "bicubic": []}
    for image in images:
        hr = rgb_to_luma(image)
        bicubic = imresize(imresize(to_tensor(hr), 1 / scale), scale)
        with torch.no_grad():
            sr = {"srcnn": network(bicubic), "bicubic": bicubic}
        for each, luma in sr.items():
            found[each].append(psnr(to_uint8(luma.clamp(0, 1)), hr, Protocol.paper(scale)))
    return {each: mean(values) for each, values in found.items()}


def cost_of_bfloat16(name: str, data: str, scale: int) -> float:
    """What products in bfloat16 do to the mean PSNR, in dB."""
    fast, exact = (
        mean_of(data, name, scale, lambda a, b: psnr(a, b, Protocol.paper(scale)), 6, precision)
        for precision in ("bf16", "fp32")
    )
    return fast - exact


def naturalness(name: str, scale: int) -> Table:
    """Data set -> method, or the truth -> mean NIQE."""
    methods = dict.fromkeys((name, BEFORE[name], "bicubic"))
    return {
        data: {
            each: mean_of(data, each, scale, lambda sr, _: niqe(sr, border=scale))
            for each in methods
        }
        | {"truth": mean((niqe(hr, border=scale) for hr, _ in pairs(data, scale)))}
        for data in SETS
    }


def seen(distance: VGGDistance) -> Callable[[np.ndarray, np.ndarray], float]:
    """The distance of (SR, HR) in VGG-19's features."""

    @torch.inference_mode()
    def measured(sr: np.ndarray, hr: np.ndarray) -> float:
        return float(distance(to_tensor(sr), to_tensor(hr)))

    return measured


def mean(values: Iterable[float], digits: int = 3) -> float:
    return round(float(np.mean(list(values))), digits)


# --------------------------------------------------------------------------------------- the check


def shortfalls(name: str, scale: int, measured: dict) -> list[str]:
    """Where a network is no better than the method before it at what it is for.

    SRCNN and SRResNet aim at PSNR; SRResNet-VGG at what VGG sees; SRGAN at what looks like a
    photograph: NIQE, without a pattern that repeats, and with at least bicubic's PSNR on Set5.
    """
    before = BEFORE[name]
    aim = {"srresnet-vgg": "distances", "srgan": "niqe"}.get(name, "scores")
    higher = aim == "scores"
    worse = [
        f"{data}: {aim} {row[name]} of {name}, {row[before]} of {before}"
        for data, row in measured[aim].items()
        if (row[name] <= row[before] if higher else row[name] >= row[before])
    ]
    if not measured[aim]:
        worse.append(f"no {aim}: give --vgg")
    if not higher and measured["scores"]["Set5"][name] < measured["scores"]["Set5"]["bicubic"]:
        worse.append(f"Set5: {measured['scores']['Set5'][name]} dB, less than bicubic")
    if name == "srgan":
        worse += pattern(name, scale)
    return worse


def pattern(name: str, scale: int) -> list[str]:
    """A weave that the network lays over the ten photographs, if there is one."""
    truths = [hr for hr, _ in pairs("ten photographs", scale)]
    peak, (down, across) = isolated_peak(results("ten photographs", name, scale), truths)
    if peak <= HIGHEST_PEAK:
        return []
    return [
        f"a pattern at ({down:.2f}, {across:.2f}) cycles per pixel, {peak:.1f} times as strong as "
        f"what is around it; at most {HIGHEST_PEAK} is allowed"
    ]


# --------------------------------------------------------------------------------- files and words


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


if __name__ == "__main__":
    main()
