"""A quick linear layer with LoRA (Hu et al., 2021): peft's layers and parameters, computed in fewer passes.

``W x + s B (A x)``: the second summand is added into the first's memory, forward and backward, and what is kept for the
way back is the input, which the layer has anyway, and the few numbers ``A x``.
"""

from __future__ import annotations

from types import MethodType
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class _LinearWithLora(torch.autograd.Function):
    """``F.linear(x, weight, bias) + scale * x @ a.T @ b.T`` for a frozen weight (O, I), a (R, I) and b (O, R)."""

    @staticmethod
    def forward(
        context: Any, inputs: Tensor, weight: Tensor, bias: Tensor | None, a: Tensor, b: Tensor, scale: float
    ) -> Tensor:
        flat = inputs.reshape(-1, inputs.shape[-1])  # (N, I)
        low = flat @ a.t()  # (N, R)
        outputs = F.linear(flat, weight, bias).addmm_(low, b.t(), alpha=scale)  # (N, O)
        context.save_for_backward(flat, weight, a, b, low)
        context.scale, context.shape = scale, inputs.shape
        return outputs.view(*inputs.shape[:-1], -1)

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> tuple[Tensor | None, None, None, Tensor, Tensor, None]:
        flat, weight, a, b, low = context.saved_tensors
        outer = gradients[0].reshape(-1, gradients[0].shape[-1])  # (N, O)
        inner = (outer @ b).mul_(context.scale)  # (N, R)
        of_inputs = None
        if context.needs_input_grad[0]:
            of_inputs = (outer @ weight).addmm_(inner, a).view(context.shape)
        return of_inputs, None, None, inner.t() @ flat, (outer.t() @ low).mul_(context.scale), None


def quicken(network: nn.Module) -> None:
    """Have the plain LoRA layers of a network, made by peft, compute with the function above."""
    from peft.tuners.lora import Linear

    for layer in network.modules():
        if isinstance(layer, Linear):
            layer.forward = MethodType(_forward, layer)


def _forward(layer: Any, inputs: Tensor) -> Tensor:
    base, name = layer.get_base_layer(), layer.active_adapters[0]
    dtype = base.weight.dtype
    a, b = layer.lora_A[name].weight, layer.lora_B[name].weight
    apply: Any = _LinearWithLora.apply
    outputs: Tensor = apply(inputs.to(dtype), base.weight, base.bias, a.to(dtype), b.to(dtype), layer.scaling[name])
    return outputs
