"""The blocks of a decoder of transformers, seen from outside: steered while they compute, and listened to."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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


class DecoderBlocks:
    """The blocks of one network's decoder; what is asked of them is done for the thread that asks, and no other.

    Threads share the network: what is called after its blocks is left there from the first time that it is needed, and
    does nothing in a thread that has not asked for anything.
    """

    def __init__(self, network: Any) -> None:
        self._network = network
        self._lock = threading.Lock()
        self._is_heard = False
        self._asked = _Asked()

    def on_device(self, steering: Steering | None) -> Tensor | None:
        """Return steering vectors (L, D) in the network's numbers, on its device."""
        if steering is None:
            return None
        return torch.tensor(steering.vectors).to(device=self._network.device, dtype=self._network.dtype)

    @contextmanager
    def steered(self, vectors: Tensor | None) -> Iterator[None]:
        """Add vectors (L, D) to the states after each block as long as this lasts; raises as ``find_blocks``."""
        if vectors is not None:
            self._hear()
        self._asked.vectors = vectors
        try:
            yield
        finally:
            self._asked.vectors = None

    @contextmanager
    def recorded(self) -> Iterator[list[Tensor]]:
        """Collect the states after each block (B, T, D), in their order, as long as this lasts.

        They are those that steering has moved. Raises as ``find_blocks``.
        """
        self._hear()
        after: list[Tensor] = []
        self._asked.after = after
        try:
            yield after
        finally:
            self._asked.after = None

    def _hear(self) -> None:
        with self._lock:
            if not self._is_heard:
                for index, block in enumerate(find_blocks(self._network)):
                    block.register_forward_hook(_listener(self._asked, index))
                self._is_heard = True


class _Asked(threading.local):
    """What a thread has asked for."""

    vectors: Tensor | None = None
    after: list[Tensor] | None = None


def _listener(asked: _Asked, index: int) -> Callable[[nn.Module, Any, Any], Any]:
    """Return what is called after a block: a function, which copies of the network share, and without the network.

    With it the network would hold itself, and its memory, when nobody else does any more.
    """

    def change(block: nn.Module, inputs: Any, output: Any) -> Any:
        is_alone = isinstance(output, Tensor)  # or its states are the first of several things
        states: Tensor = output if is_alone else output[0]
        if asked.vectors is not None:
            states = states + asked.vectors[index]
            output = states if is_alone else (states, *output[1:])
        if asked.after is not None:
            asked.after.append(states)
        return output

    return change
