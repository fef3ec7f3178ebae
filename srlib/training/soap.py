"""SOAP: Adam in the basis in which the gradients of a layer are uncorrelated.

Vyas, Morwani, Zhao, Kwun, Shapira, Brandfonbrener, Janson, Kakade, "SOAP: Improving and Stabilizing
Shampoo using Adam", ICLR 2025, algorithm 3.

Neighbouring pixels of an image are nearly equal, so the weights of a filter that looks at them pull
in nearly the same direction, and Adam, which scales each weight by itself, has to creep along the
directions that matter for sharpness. SRCNN's kernels are small enough that the eigenvectors cost
little, and the network learns in a tenth of Adam's steps.
"""

from collections.abc import Callable, Iterable

import torch
from torch.optim import Optimizer


class SOAP(Optimizer):
    """For convolutions and dense layers; biases are treated as Adam would.

    A kernel ``(out, in, k, k)`` has three axes here, ``out``, ``in`` and ``k * k``, and an
    orthogonal basis for each, which is brought up to date every few steps.

    Args:
        parameters: to optimise.
        lr: learning rate, as in Adam; torch's name for it.
        betas: memory of the gradient's mean, and of its square and covariance.
        eps: added to the root of the mean square.
        refresh: steps between two updates of the bases.
    """

    def __init__(
        self,
        parameters: Iterable[torch.nn.Parameter],
        lr: float = 3e-3,
        betas: tuple[float, float] = (0.95, 0.95),
        eps: float = 1e-8,
        refresh: int = 10,
    ) -> None:
        super().__init__(parameters, {"lr": lr, "betas": betas, "eps": eps, "refresh": refresh})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:
        """Update each parameter that has a gradient."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None:
                    self._update(parameter, group)
        return loss

    def _update(self, parameter: torch.nn.Parameter, group: dict) -> None:
        state = self.state[parameter]
        gradient = parameter.grad.contiguous().reshape(_axes(parameter))
        if not state:  # the first gradient only shows the directions: there is no mean square yet
            _begin(state, gradient)
            return
        state["step"] += 1
        mean, square = state["mean"], state["square"]
        beta1, beta2 = group["betas"]
        mean.lerp_(gradient, 1 - beta1)
        square.lerp_(_rotate(gradient, state["bases"]).square(), 1 - beta2)
        unbiased_mean = _rotate(mean, state["bases"]) / (1 - beta1 ** state["step"])
        unbiased_square = square / (1 - beta2 ** state["step"])
        change = unbiased_mean / (unbiased_square.sqrt() + group["eps"])
        change = _rotate(change, [basis.T for basis in state["bases"]])
        parameter.add_(change.reshape(parameter.shape), alpha=-group["lr"])
        for axis, covariance in enumerate(state["covariances"]):
            covariance.lerp_(_covariance(gradient, axis), 1 - beta2)
        if state["step"] % group["refresh"] == 0:
            _refresh(state)


def _axes(parameter: torch.Tensor) -> list[int]:
    """(out, in, k * k) of a kernel, without axes of length 1; the shape of anything else."""
    if parameter.ndim != 4:
        return list(parameter.shape)
    out, into, height, width = parameter.shape
    return [length for length in (out, into, height * width) if length > 1]


def _begin(state: dict, gradient: torch.Tensor) -> None:
    axes = range(gradient.ndim) if gradient.ndim > 1 else ()
    state["step"] = 0
    state["mean"] = torch.zeros_like(gradient)
    state["square"] = torch.zeros_like(gradient)  # in the rotated basis
    state["covariances"] = [0.05 * _covariance(gradient, axis) for axis in axes]
    state["bases"] = [torch.linalg.eigh(each).eigenvectors for each in state["covariances"]]


def _covariance(gradient: torch.Tensor, axis: int) -> torch.Tensor:
    """``(n, n)`` for an axis of length n, summed over the other axes."""
    others = [other for other in range(gradient.ndim) if other != axis]
    return torch.tensordot(gradient, gradient, dims=(others, others))


def _rotate(tensor: torch.Tensor, bases: list[torch.Tensor]) -> torch.Tensor:
    """Express each axis in its basis, whose columns are the new directions."""
    for basis in bases:  # takes the first axis and puts it last, so all come round once
        tensor = torch.tensordot(tensor, basis, dims=([0], [0]))
    return tensor


def _refresh(state: dict) -> None:
    """One step of orthogonal iteration turns each basis towards the eigenvectors of today."""
    for axis, (covariance, basis) in enumerate(
        zip(state["covariances"], state["bases"], strict=True)
    ):
        size = (basis * (covariance @ basis)).sum(dim=0)  # estimated eigenvalues
        order = size.argsort(descending=True)
        state["square"] = state["square"].index_select(axis, order)
        state["bases"][axis] = torch.linalg.qr(covariance @ basis[:, order]).Q
