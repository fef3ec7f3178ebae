"""Networks as a training leaves them, without one."""

from torch import nn


def settle(network: nn.Module) -> None:
    """Give BatchNorm weights that let every layer matter, and statistics that are not 0 and 1."""
    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm2d):
            nn.init.uniform_(layer.weight, 0.5, 1.5)
            nn.init.normal_(layer.bias, std=0.1)
            layer.running_mean.normal_(std=0.1)
            layer.running_var.uniform_(0.5, 2.0)
