"""The graphs of the toolkit's own encoder-decoder: examples to memory, and the decoder's step with it.

Memory that stands in front of the prompt comes out as the cache that the decoder makes of it, so that the step is that
of any decoder; memory for cross-attention, and the pooled vector, go into each step.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from dalle_kit.export.graphs import (
    BATCH,
    EXAMPLES,
    PAST,
    CausalStep,
    Graph,
    cache_names,
    cache_tensors,
    step_graph,
    with_cache,
)

#: Tokens of an example that is traced with: enough for three poolings.
_LONG = 57


class ExampleReader(nn.Module):
    """The encoder of examples."""

    def __init__(self, network: Any) -> None:
        super().__init__()
        self.network = network

    def forward(self, example_ids: Tensor, example_mask: Tensor) -> tuple[Tensor, ...]:
        """Return what ``reader_outputs`` names, for tokens of examples (B, E, S)."""
        # What stands in the padding never matters; it is taken away here to say that both have one length.
        memory = self.network.encode_examples(example_ids * example_mask, example_mask)
        found = [memory.pooled] if self.network.config.fusion else []
        if self.network.config.memory == "cross-attention":
            found.append(memory.vectors)
        elif self.network.config.memory == "prefix":
            # Rows without examples have memory, too, which their mask hides from all that follows.
            queries = memory.vectors.shape[1]
            output = self.network.decoder(inputs_embeds=memory.vectors, use_cache=True)
            found.append(memory.present[:, None].expand(-1, queries).long())
            found += cache_tensors(output.past_key_values)
        return tuple(found)


class MemoryStep(nn.Module):
    """The decoder, which is given vectors of the examples at each step: the pooled one, and those to attend to."""

    def __init__(self, network: Any, names: tuple[str, ...]) -> None:
        super().__init__()
        self.network, self._names = network, names

    def forward(
        self, input_ids: Tensor, attention_mask: Tensor, given: list[Tensor], past: list[Tensor]
    ) -> tuple[Tensor, ...]:
        """Return the logits (B, T, V) after tokens (B, T), and the cache; the mask is (B, P + T)."""
        from dalle_kit.modeling.encoder import Memory

        output = self.network(
            input_ids=input_ids,
            attention_mask=attention_mask,
            memory=Memory(**dict(zip(self._names, given, strict=True))),
            past_key_values=with_cache(past),
            use_cache=True,
        )
        return output.logits, *cache_tensors(output.past_key_values)


def dalle_graphs(network: Any, ids: Tensor) -> list[Graph]:
    """Return the graphs of a DalleForConditionalGeneration."""
    config = network.config
    examples = torch.ones(BATCH, EXAMPLES, _LONG, dtype=torch.long)
    axes = {0: "batch", 1: "examples", 2: "source"}
    with torch.no_grad():
        prompt = torch.zeros(BATCH, PAST, dtype=torch.long)
        cache = cache_tensors(network.decoder(input_ids=prompt, use_cache=True).past_key_values)
        memory = network.encode_examples(examples, examples)
    outputs = ["pooled"] if config.fusion else []
    if config.memory == "cross-attention":
        outputs.append("vectors")
    elif config.memory == "prefix":
        outputs += ["memory_mask", *cache_names("memory", cache)]
    reader = Graph(
        "encoder_model",
        ExampleReader(network),
        (torch.zeros_like(examples), examples),
        (axes, axes),
        ("example_ids", "example_mask"),
        tuple(outputs),
    )
    given: dict[str, Tensor] = {name: memory[name] for name in outputs if name in ("pooled", "vectors")}
    if not given:
        return [reader, step_graph(CausalStep(network.decoder), ids, cache)]
    return [reader, step_graph(MemoryStep(network, tuple(given)), ids, cache, given)]
