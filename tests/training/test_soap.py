"""SOAP against Adam, and its state."""

import copy

import torch
from torch import nn

from srlib.training.soap import SOAP
from tests.helpers.trainings import same_bits


def test_soap_learns_a_badly_conditioned_problem_faster_than_adam():
    scales = torch.logspace(0, -2, 20)  # inputs as unequal as those of a filter on smooth images
    torch.manual_seed(0)
    rotation = torch.linalg.qr(torch.randn(20, 20)).Q
    losses = {}
    for optimizer in (torch.optim.Adam, SOAP):
        torch.manual_seed(1)
        model = nn.Linear(20, 4)
        target = nn.Linear(20, 4)
        steps = optimizer(model.parameters(), lr=0.02)
        for _ in range(300):
            x = (torch.randn(64, 20) * scales) @ rotation
            loss = torch.mean((model(x) - target(x).detach()) ** 2)
            steps.zero_grad()
            loss.backward()
            steps.step()
        weights = (model.weight - target.weight).detach() @ rotation.T
        losses[optimizer] = float(torch.mean((weights * scales) ** 2))
    assert losses[SOAP] < losses[torch.optim.Adam] / 3


def test_it_goes_on_from_its_state_to_the_same_bits():
    """25 steps, or 13 and 12 with the state handed on: the bases are turned at step 10 and 20."""

    def trained(steps: range, model: nn.Module, state: dict | None) -> dict:
        optimizer = SOAP(model.parameters(), lr=0.01)
        if state is not None:
            optimizer.load_state_dict(copy.deepcopy(state))
        for step in steps:
            x = torch.rand(4, 3, 9, 9, generator=torch.Generator().manual_seed(step))
            optimizer.zero_grad()
            model(x).square().mean().backward()
            optimizer.step()
        return optimizer.state_dict()

    torch.manual_seed(0)
    whole = nn.Conv2d(3, 8, 3)
    cut = copy.deepcopy(whole)
    trained(range(25), whole, None)
    trained(range(13, 25), cut, trained(range(13), cut, None))
    same_bits(dict(whole.state_dict()), dict(cut.state_dict()))


def test_a_closure_is_called_and_what_has_no_gradient_stays():
    layer, frozen = nn.Linear(3, 2), nn.Linear(3, 2)
    before = frozen.weight.clone()
    optimizer = SOAP([*layer.parameters(), *frozen.parameters()])

    def closure() -> torch.Tensor:
        loss = layer(torch.ones(1, 3)).square().sum()
        loss.backward()
        return loss

    assert float(optimizer.step(closure).detach()) > 0
    assert torch.equal(frozen.weight, before)
