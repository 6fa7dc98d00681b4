"""The quick layer computes what peft's does."""

from __future__ import annotations

import copy

import peft
import pytest
import torch
from torch import Tensor, nn

from dalle_kit.training.lora import quicken


class Small(nn.Module):
    def __init__(self, *, bias: bool) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(6, 10, bias=bias), nn.Linear(10, 4, bias=bias)

    def forward(self, inputs: Tensor) -> Tensor:
        outputs: Tensor = self.second(torch.tanh(self.first(inputs)))
        return outputs


@pytest.mark.parametrize("bias", [True, False])
def test_outputs_and_gradients_are_those_of_peft(bias: bool) -> None:
    torch.manual_seed(0)
    settings = peft.LoraConfig(r=3, lora_alpha=6, target_modules=["first", "second"])
    slow = peft.inject_adapter_in_model(settings, Small(bias=bias)).double()
    for name, parameter in slow.named_parameters():
        if "lora_B" in name:
            nn.init.normal_(parameter)
    quick = copy.deepcopy(slow)
    quicken(quick)
    found = []
    for model in (slow, quick):
        inputs = torch.linspace(-1, 1, 2 * 5 * 6, dtype=torch.float64).view(2, 5, 6).requires_grad_(True)
        outputs = model(inputs)
        outputs.square().sum().backward()
        learned = [parameter.grad for parameter in model.parameters() if parameter.requires_grad]
        found.append([outputs, inputs.grad, *learned])
    assert len(found[0]) == 6 and all(torch.allclose(a, b, atol=1e-12) for a, b in zip(*found, strict=True))


def test_the_gradient_is_that_of_finite_differences() -> None:
    torch.manual_seed(1)
    settings = peft.LoraConfig(r=2, lora_alpha=2, target_modules=["first", "second"])
    model = peft.inject_adapter_in_model(settings, Small(bias=True)).double()
    quicken(model)
    inputs = torch.randn(3, 6, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(model, (inputs,))
