"""What is exported as a graph each: networks with plain tensors for inputs and outputs, caches included.

Names of inputs and outputs are those that programs for ONNX models use: ``past_key_values.0.key`` (B, H, P, D) goes in
and ``present.0.key`` (B, H, P + T, D) comes out. One graph reads a prompt (with caches of length 0) and writes on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from transformers import DynamicCache, EncoderDecoderCache
from transformers.modeling_outputs import BaseModelOutput

from dalle_kit.errors import ModelError

#: The lengths that graphs are traced with; any others do when they run, and different ones cannot be mistaken here.
BATCH, LENGTH, PAST, SOURCE, EXAMPLES = 2, 3, 5, 6, 4

Axes = dict[int, str]
_NOTHING: Mapping[str, Tensor] = {}


@dataclass(frozen=True, slots=True)
class Graph:
    """One file: the network, and for each argument, a tensor or a list of them, an example and the free axes."""

    name: str
    network: nn.Module
    arguments: tuple[Tensor | list[Tensor], ...]
    axes: tuple[Axes | list[Axes], ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


class CausalStep(nn.Module):
    """A causal LM that reads tokens after those in its cache; its positions follow from the mask."""

    def __init__(self, network: Any) -> None:
        super().__init__()
        import inspect

        self.network = network
        self._positions = "position_ids" in inspect.signature(network.forward).parameters

    def forward(self, input_ids: Tensor, attention_mask: Tensor, past: list[Tensor]) -> tuple[Tensor, ...]:
        """Return the logits (B, T, V) after tokens (B, T), and the cache; the mask is (B, P + T)."""
        positions = {"position_ids": _positions(attention_mask, input_ids)} if self._positions else {}
        output = self.network(
            input_ids=input_ids,
            attention_mask=attention_mask,
            past_key_values=with_cache(past),
            use_cache=True,
            **positions,
        )
        return output.logits, *cache_tensors(output.past_key_values)


class Reader(nn.Module):
    """An encoder for vectors."""

    def __init__(self, network: Any) -> None:
        super().__init__()
        self.network = network

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Return the last states (B, S, D) of tokens (B, S)."""
        states: Tensor = self.network(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        return states


class SourceReader(nn.Module):
    """The encoder of an encoder-decoder: its states, and what each of the decoder's layers makes of them."""

    def __init__(self, network: Any) -> None:
        super().__init__()
        self.network = network

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> tuple[Tensor, ...]:
        """Return the states (B, S, D) of tokens (B, S), and keys and values of cross-attention (B, H, S, D / H)."""
        encoded = self.network.get_encoder()(input_ids=input_ids, attention_mask=attention_mask)
        output = self.network(
            encoder_outputs=encoded,
            attention_mask=attention_mask,
            decoder_input_ids=input_ids[:, :1],  # any token: what is kept does not depend on it
            use_cache=True,
        )
        return encoded.last_hidden_state, *cache_tensors(output.past_key_values.cross_attention_cache)


class TargetStep(nn.Module):
    """The decoder of an encoder-decoder, which reads tokens after those in its cache."""

    def __init__(self, network: Any) -> None:
        super().__init__()
        self.network = network

    def forward(
        self, input_ids: Tensor, encoder_attention_mask: Tensor, past: list[Tensor], cross: list[Tensor]
    ) -> tuple[Tensor, ...]:
        """Return the logits (B, T, V) after tokens (B, T), and the cache; ``cross`` is what ``SourceReader`` gave."""
        # Only the size of the states is looked at: their keys and values are there.
        batch, _, length, _ = cross[0].shape
        states = cross[0].new_zeros(batch, length, self.network.config.hidden_size)
        output = self.network(
            encoder_outputs=BaseModelOutput(last_hidden_state=states),
            attention_mask=encoder_attention_mask,
            decoder_input_ids=input_ids,
            past_key_values=EncoderDecoderCache(with_cache(past), with_cache(cross)),
            use_cache=True,
        )
        return output.logits, *cache_tensors(output.past_key_values.self_attention_cache)


def graphs_of(network: Any, family: str) -> list[Graph]:
    """Return the graphs of a network of a family; raises ModelError for a cache that is not of keys and values."""
    ids = torch.zeros(BATCH, LENGTH, dtype=torch.long)
    source = torch.zeros(BATCH, SOURCE, dtype=torch.long)
    tokens, masked = {0: "batch", 1: "source"}, ("input_ids", "attention_mask")
    if family == "encoder":
        arguments = (source, torch.ones_like(source))
        return [Graph("model", Reader(network), arguments, (tokens, tokens), masked, ("last_hidden_state",))]
    if family == "dalle":
        from dalle_kit.export.dalle_graphs import dalle_graphs

        return dalle_graphs(network, ids)
    if family == "causal":
        with torch.no_grad():
            cache = cache_tensors(
                network(input_ids=torch.zeros(BATCH, PAST, dtype=torch.long), use_cache=True).past_key_values
            )
        return [step_graph(CausalStep(network), ids, cache)]
    return _seq2seq(network, ids, source)


def step_graph(network: nn.Module, ids: Tensor, cache: list[Tensor], more: Mapping[str, Tensor] = _NOTHING) -> Graph:
    """Return the graph of a decoder with a cache; ``more`` are further inputs, between the mask and the cache."""
    mask = torch.ones(BATCH, PAST + LENGTH, dtype=torch.long)
    free: list[Axes] = [{0: "batch", 2: "past"} for _ in cache]
    return Graph(
        "model",
        network,
        (ids, mask, *([list(more.values())] if more else []), cache),
        (
            {0: "batch", 1: "sequence"},
            {0: "batch", 1: "total"},
            *([[{0: "batch"} for _ in more]] if more else []),
            free,
        ),
        ("input_ids", "attention_mask", *more, *cache_names("past_key_values", cache)),
        ("logits", *cache_names("present", cache)),
    )


def cache_names(kind: str, cache: Sequence[Tensor]) -> list[str]:
    """Return the names of a cache's tensors: key and value of each layer."""
    return [f"{kind}.{number // 2}.{'value' if number % 2 else 'key'}" for number in range(len(cache))]


def _seq2seq(network: Any, ids: Tensor, source: Tensor) -> list[Graph]:
    with torch.no_grad():
        start = torch.zeros(BATCH, PAST, dtype=torch.long)
        output = network(input_ids=source, decoder_input_ids=start, use_cache=True)
    past, cross = (
        cache_tensors(output.past_key_values.self_attention_cache),
        cache_tensors(output.past_key_values.cross_attention_cache),
    )
    mask, tokens = torch.ones_like(source), {0: "batch", 1: "source"}
    crossing = cache_names("cross", cross)
    reader = Graph(
        "encoder_model",
        SourceReader(network),
        (source, mask),
        (tokens, tokens),
        ("input_ids", "attention_mask"),
        ("last_hidden_state", *crossing),
    )
    writer = Graph(
        "decoder_model",
        TargetStep(network),
        (ids, mask, past, cross),
        (
            {0: "batch", 1: "sequence"},
            tokens,
            [{0: "batch", 2: "past"} for _ in past],
            [{0: "batch", 2: "source"} for _ in cross],
        ),
        ("input_ids", "encoder_attention_mask", *cache_names("past_key_values", past), *crossing),
        ("logits", *cache_names("present", past)),
    )
    return [reader, writer]


def _positions(mask: Tensor, ids: Tensor) -> Tensor:
    """Return the positions of the last tokens, of which padding takes none."""
    return (mask.cumsum(-1) - 1).clamp(min=0)[:, -ids.shape[1] :]


def with_cache(tensors: Sequence[Tensor]) -> DynamicCache:
    """Return a cache of keys and values that are there already."""
    cache = DynamicCache()
    for layer, number in enumerate(range(0, len(tensors), 2)):
        cache.update(tensors[number], tensors[number + 1], layer)
    return cache


def cache_tensors(cache: Any) -> list[Tensor]:
    """Return the keys and values of a cache, a layer's after another's."""
    layers = getattr(getattr(cache, "self_attention_cache", cache), "layers", [])
    pairs = [(getattr(layer, "keys", None), getattr(layer, "values", None)) for layer in layers]
    found = [each for pair in pairs for each in pair if isinstance(each, Tensor) and each.dim() == 4]
    if not found or len(found) != 2 * len(pairs):
        raise ModelError("the model's cache is not one of keys and values, so that it cannot be exported as a graph")
    return found
