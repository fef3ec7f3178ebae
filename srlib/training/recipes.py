"""The recipes by name: what ``srlib.train`` is."""

from dataclasses import MISSING, fields
from pathlib import Path

from srlib.errors import ArgumentError
from srlib.training.history import History
from srlib.training.options import SRCNNOptions, SRGANOptions, SRResNetOptions
from srlib.training.srcnn import train_srcnn
from srlib.training.srgan import train_srgan
from srlib.training.srresnet import train_srresnet

RECIPES = {
    "srcnn": (train_srcnn, SRCNNOptions),
    "srresnet": (train_srresnet, SRResNetOptions),
    "srgan": (train_srgan, SRGANOptions),
}


def train(
    network: str,
    data: str | Path | list[str | Path],
    out: str | Path,
    *,
    init: str | Path | None = None,
    resume: bool = False,
    progress: bool = True,
    **options: object,
) -> History:
    """Train a network on your own images, as ``srlib train`` does.

    ``out`` then holds ``best.safetensors`` (the weights), ``history.csv``, and ``last.pt``, from
    which ``resume=True`` goes on. ``srlib.load(out, scale)`` is the method that came of it.

    Args:
        network: ``"srcnn"``, ``"srresnet"`` or ``"srgan"``.
        data: a folder of images or several, or ``"DIV2K"``.
        out: folder of the run.
        init: a run or a file of weights to begin with; ``"srgan"`` needs one of SRResNet.
        resume: go on with the training in ``out``.
        progress: show a bar.
        options: fields of :class:`~srlib.training.options.SRCNNOptions`,
            :class:`~srlib.training.options.SRResNetOptions` or
            :class:`~srlib.training.options.SRGANOptions`, such as ``scale=2, steps=4000``.

    Raises:
        ArgumentError: another network, or an option that it has not or cannot use.
        ImageError, TrainingError, CheckpointError, WeightsUnavailable: see the recipes.

    Example:
        ``srlib.train("srcnn", "my_photos", "runs/mine", scale=2, steps=4000)``
    """
    if network not in RECIPES:
        raise ArgumentError(f"no recipe {network!r}: choose {', '.join(RECIPES)}")
    recipe, kind = RECIPES[network]
    if init is None and network == "srgan":
        raise ArgumentError(
            "srgan begins with a trained SRResNet: give its run or weights as init, such as "
            "init='runs/srresnet'"
        )
    _check_names(network, kind, options)
    data = [data] if isinstance(data, str | Path) else list(data)
    return recipe(data, Path(out), kind(**options), init=init, resume=resume, progress=progress)


def _check_names(network: str, kind: type, options: dict[str, object]) -> None:
    names = {each.name: each.default is MISSING for each in fields(kind)}
    unknown = [name for name in options if name not in names]
    if unknown:
        raise ArgumentError(
            f"{network} has no option {', '.join(unknown)}: it has {', '.join(names)}"
        )
    missing = [name for name, needed in names.items() if needed and name not in options]
    if missing:
        given = ", ".join(f"{name}=..." for name in missing)
        raise ArgumentError(f"{network} needs {' and '.join(missing)}: give {given}")
