"""``srlib export``: a network as a file that runs without srlib."""

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from tyro.conf import Positional, arg

from srlib.cli.complaints import DONE, stopping_at_once
from srlib.cli.shared import Flag


@dataclass(frozen=True, kw_only=True)
class Export:
    """Write a network into a file for ONNX Runtime, or for PyTorch without srlib.

    The file takes and gives RGB in [0, 1], float32 (1, 3, height, width), of any height and width;
    its metadata say its scale, and how far it sees. Before it is kept it is run on images of three
    sizes and compared with the network in PyTorch; the largest difference is printed. ONNX needs
    some packages more: pip install 'srlib[onnx]'.

    Examples:
        srlib export srgan --to onnx
        srlib export runs/mine --to torchscript --out mine.pt
        srlib export srcnn --scale 2 --to onnx --half

    Attributes:
        network: srcnn, srresnet, srresnet-vgg or srgan, also as srgan@0.7; the folder of a
            training, or its .safetensors file.
        to: What kind of file.
        scale: The factor to enlarge by; needed where the network has several.
        out: The file; by default named after the network, in the current folder.
        half: Compute in float16: half the size.
    """

    network: Annotated[Positional[str], arg(metavar="NAME|RUN|FILE")]
    to: Literal["onnx", "torchscript"]
    scale: Annotated[Literal[2, 3, 4] | None, arg(help_behavior_hint="")] = None
    out: Annotated[Path | None, arg(metavar="FILE", help_behavior_hint="")] = None
    half: Flag = False

    def run(self) -> int:
        """Export, and say how close it is; the exit code."""
        with stopping_at_once():
            from srlib.upscaling.export import export

        done = export(self.network, self.to, self.out, scale=self.scale, half=self.half)
        print(
            f"Wrote {str(done.path)!r}: x{done.about['scale']}, {done.size / 1e6:.1f} MB; at most "
            f"{done.difference:.1e} from PyTorch, of values in [0, 1]"
        )
        if self.to == "onnx":
            scale = done.about["scale"]
            method = shlex.quote(str(done.path))
            print(f"Next: srlib upscale photo.jpg --scale {scale} --method {method}")
        return DONE
