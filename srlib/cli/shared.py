"""What several commands ask for in the same words."""

from typing import Annotated, Literal

from tyro.conf import arg

Scale = Annotated[Literal[2, 3, 4], arg(help="The factor to enlarge by.")]

Flag = Annotated[bool, arg(help_behavior_hint="")]  # off by default, as everyone expects

METHOD = (
    "bicubic, srcnn, srresnet, srresnet-vgg or srgan, also as srgan@0.7; the folder of a training, "
    "such as runs/mine; a file of weights: .safetensors, or a .pth of another tool; a network as "
    ".onnx; or package.module:function, any function of a uint8 image (H, W, 3) and the scale."
)
