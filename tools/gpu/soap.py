"""SOAP on stacks of equally shaped weights, so that one launch works on many layers; and Adam.

:mod:`srlib.training.soap` explains SOAP and goes from layer to layer. SRResNet has 32 kernels of
64x64x3x3, whose small products would keep a GPU waiting for the next launch. Here such kernels form
one tensor with the layers along its first axis, and the products are batched.

``step`` waits for nothing and changes tensors in place, so it can be part of a CUDA graph;
``refresh`` cannot, and runs between two replays.
"""

from collections.abc import Iterable, Sequence

import torch


class StackedSOAP:
    """The steps of :class:`srlib.training.soap.SOAP`, for many layers at once.

    Where that one begins with its first step and refreshes the bases by itself, here the caller
    does: ``begin`` with the first gradients, ``refresh`` when it is time.

    Args:
        parameters: to optimise; each needs a gradient whenever ``begin`` or ``step`` is called.
        betas: memory of the gradient's mean, and of its square and covariance.
        eps: added to the root of the mean square.

    Attributes:
        learning_rate: a tensor ``()`` on the device, to be filled.
        steps: a tensor ``()``, those done.
    """

    def __init__(
        self,
        parameters: Iterable[torch.nn.Parameter],
        betas: tuple[float, float] = (0.95, 0.95),
        eps: float = 1e-8,
    ) -> None:
        alike: dict[tuple, list[torch.nn.Parameter]] = {}
        for parameter in parameters:
            alike.setdefault((parameter.ndim, *_axes(parameter)), []).append(parameter)
        self.stacks = [_Stack(each) for each in alike.values()]
        self.betas, self.eps = betas, eps
        device = self.stacks[0].mean.device
        self.learning_rate = torch.zeros((), device=device)
        self.steps = torch.zeros((), device=device)

    @torch.no_grad()
    def begin(self) -> None:
        """The first gradients only show the directions: there is no mean square yet."""
        for stack in self.stacks:
            gradient = stack.gradients()
            for axis, (covariance, basis) in enumerate(stack.rotated):
                covariance.copy_(_covariance(gradient, axis)).mul_(1 - self.betas[1])
                basis.copy_(torch.linalg.eigh(covariance).eigenvectors)

    @torch.no_grad()
    def step(self) -> None:
        """Update each parameter from its gradient."""
        self.steps += 1
        for stack in self.stacks:
            gradient = stack.gradients()  # (layers, *axes)
            change = self._change(stack, gradient)
            for layer, parameter in zip(change, stack.parameters, strict=True):
                parameter.sub_(self.learning_rate * layer.reshape(parameter.shape))
            for axis, (covariance, _) in enumerate(stack.rotated):
                covariance.lerp_(_covariance(gradient, axis), 1 - self.betas[1])

    def _change(self, stack: "_Stack", gradient: torch.Tensor) -> torch.Tensor:
        """Adam's step in the bases, turned back: ``(layers, *axes)``."""
        beta1, beta2 = self.betas
        stack.mean.lerp_(gradient, 1 - beta1)
        stack.square.lerp_(stack.rotate(gradient).square(), 1 - beta2)
        unbiased_mean = stack.rotate(stack.mean) / (1 - beta1**self.steps)
        unbiased_square = stack.square / (1 - beta2**self.steps)
        return stack.rotate(unbiased_mean / (unbiased_square.sqrt() + self.eps), back=True)

    @torch.no_grad()
    def refresh(self) -> None:
        """One step of orthogonal iteration turns each basis towards the eigenvectors of today."""
        for stack in self.stacks:
            for axis, (covariance, basis) in enumerate(stack.rotated, start=1):
                size = (basis * torch.bmm(covariance, basis)).sum(dim=1)  # estimated eigenvalues
                order = size.argsort(dim=1, descending=True)  # (layers, n)
                shape = [1] * stack.square.ndim
                shape[0], shape[axis] = order.shape
                along = order.view(shape).expand_as(stack.square)
                stack.square.copy_(stack.square.gather(axis, along))
                sorted_basis = basis.gather(2, order[:, None].expand_as(basis))
                basis.copy_(torch.linalg.qr(torch.bmm(covariance, sorted_basis)).Q)


class _Stack:
    """Layers of one shape, and what is remembered of their gradients.

    Attributes:
        mean, square: ``(layers, *axes)``; the square in the rotated basis.
        rotated: for each axis of length n its covariance and its basis, both ``(layers, n, n)``;
            none for a bias.
    """

    def __init__(self, parameters: Sequence[torch.nn.Parameter]) -> None:
        self.parameters, self.axes = parameters, _axes(parameters[0])
        layers, device = len(parameters), parameters[0].device
        self.mean = torch.zeros(layers, *self.axes, device=device)
        self.square = torch.zeros_like(self.mean)
        self.rotated = [
            (
                torch.zeros(layers, length, length, device=device),
                torch.eye(length, device=device).repeat(layers, 1, 1),
            )
            for length in (self.axes if len(self.axes) > 1 else ())
        ]

    def gradients(self) -> torch.Tensor:
        """``(layers, *axes)``, float32."""
        return torch.stack([each.grad.reshape(self.axes) for each in self.parameters]).float()

    def rotate(self, tensor: torch.Tensor, back: bool = False) -> torch.Tensor:
        """Express each axis of ``(layers, *axes)`` in its basis, or in the old directions again."""
        for _, basis in self.rotated:  # takes the first axis and puts it last: all come round once
            tensor = tensor.movedim(1, -1)  # (layers, ..., n)
            turned = torch.bmm(tensor.flatten(1, -2), basis.transpose(1, 2) if back else basis)
            tensor = turned.view(tensor.shape)
        return tensor


def _axes(parameter: torch.Tensor) -> list[int]:
    """(out, in, k * k) of a kernel, without axes of length 1; the shape of anything else."""
    if parameter.ndim != 4:
        return list(parameter.shape)
    out, into, height, width = parameter.shape
    return [length for length in (out, into, height * width) if length > 1]


def _covariance(gradient: torch.Tensor, axis: int) -> torch.Tensor:
    """``(layers, n, n)`` for an axis of length n, summed over the other axes."""
    rows = gradient.movedim(axis + 1, 1).flatten(2)  # (layers, n, rest)
    return torch.bmm(rows, rows.transpose(1, 2))


class Adam(torch.optim.Adam):
    """torch's, with a learning rate that is a tensor, as a captured step needs it."""

    def __init__(self, parameters: Iterable[torch.nn.Parameter], device: torch.device) -> None:
        on_gpu = device.type == "cuda"
        rate = torch.zeros((), device=device)
        super().__init__(parameters, lr=rate, capturable=on_gpu, foreach=on_gpu)

    @property
    def learning_rate(self) -> torch.Tensor:
        """``()`` on the device, to be filled."""
        return self.param_groups[0]["lr"]
