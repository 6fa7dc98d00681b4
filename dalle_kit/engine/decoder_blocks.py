"""The blocks of a decoder of transformers, seen from outside: steered while they compute, and listened to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from dalle_kit.errors import ModelError
from dalle_kit.records import Steering

#: What configurations call the number of a decoder's blocks, those first that tell it from an encoder's.
_COUNTS = ("decoder_layers", "num_decoder_layers", "num_hidden_layers")


def find_blocks(network: Any) -> nn.ModuleList:
    """Return the blocks of a model's decoder, one after another; raises ModelError where they are not found."""
    decoder = network
    if network.config.model_type == "dalle":
        decoder = network.decoder
    elif getattr(network.config, "is_encoder_decoder", False):
        decoder = network.get_decoder()
    count = next((value for name in _COUNTS if (value := getattr(decoder.config, name, None))), None)
    for module in decoder.modules():
        # The outermost of that length: what else is a list lies inside of its blocks.
        if isinstance(module, nn.ModuleList) and len(module) == count:
            return module
    raise ModelError(
        f"the blocks of a {network.config.model_type} model are not known, so that nothing can be added to them "
        "or made of their states; choose a model of the Llama family or GPT-2"
    )


def block_width(network: Any) -> int:
    """Return the width of the states after each of a decoder's blocks."""
    config = network.decoder.config if network.config.model_type == "dalle" else network.config
    return int(config.hidden_size)


@contextmanager
def steered(network: Any, steering: Steering | None) -> Iterator[None]:
    """Add vectors (L, D) to the states after each block as long as this lasts."""
    with ExitStack() as hooks:
        if steering is not None:
            vectors = torch.tensor(steering.vectors).to(device=network.device, dtype=network.dtype)
            for block, vector in zip(find_blocks(network), vectors, strict=True):
                # Before those that listen.
                handle = block.register_forward_hook(partial(_moved, vector), prepend=True)
                hooks.callback(handle.remove)
        yield


@contextmanager
def recorded(network: Any) -> Iterator[list[Tensor]]:
    """Collect the states after each block (B, T, D), in their order, as long as this lasts."""
    after: list[Tensor] = []
    with ExitStack() as hooks:
        for block in find_blocks(network):
            handle = block.register_forward_hook(lambda _, inputs, output: after.append(_states(output)))
            hooks.callback(handle.remove)
        yield after


def _states(output: Any) -> Tensor:
    """Return the states of what a block gives: them alone, or them and other things."""
    states: Tensor = output if isinstance(output, Tensor) else output[0]
    return states


def _moved(vector: Tensor, block: nn.Module, inputs: Any, output: Any) -> Any:
    moved = _states(output) + vector
    return moved if isinstance(output, Tensor) else (moved, *output[1:])
