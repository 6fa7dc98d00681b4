"""From any number of vectors to a fixed number of memory vectors."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dalle_kit.modeling.sizes import count_heads

#: Blocks of attention.
LAYERS = 2


class Resampler(nn.Module):
    """A few learned queries that attend over all vectors of all examples (after Jaegle et al., 2021).

    It knows no order of the vectors, so that examples can be permuted; an encoder's vectors know their own place.
    """

    def __init__(self, *, inputs: int, width: int, queries: int) -> None:
        super().__init__()
        self.queries = nn.Parameter(torch.empty(queries, width))
        self.input_norm = nn.LayerNorm(inputs)
        self.input = nn.Linear(inputs, width)
        self.layers = nn.ModuleList(ResamplerLayer(width) for _ in range(LAYERS))
        self.output_norm = nn.LayerNorm(width)
        self.output = nn.Linear(width, width)

    def forward(self, vectors: Tensor, mask: Tensor) -> Tensor:
        """Return the memory vectors (B, Q, D) of vectors (B, N, W), of which the masked ones (B, N) do not count."""
        # Its own weights may be learned in other numbers than the encoder's are kept in.
        known = self.input(self.input_norm(vectors.to(self.queries.dtype)))  # (B, N, D)
        states = self.queries.expand(vectors.shape[0], -1, -1)  # (B, Q, D)
        for layer in self.layers:
            states = layer(states, known, mask)
        memory: Tensor = self.output(self.output_norm(states))
        return memory


class ResamplerLayer(nn.Module):
    """Attention over the vectors and the queries themselves, then a network for each query."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.heads = count_heads(width)
        self.attention_norm = nn.LayerNorm(width)
        self.to_queries = nn.Linear(width, width)
        self.to_keys_and_values = nn.Linear(width, 2 * width)
        self.to_output = nn.Linear(width, width)
        self.network_norm = nn.LayerNorm(width)
        self.network = nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width))

    def forward(self, states: Tensor, known: Tensor, mask: Tensor) -> Tensor:
        """Return the queries' states (B, Q, D) after this block."""
        own = self.attention_norm(states)
        # The queries see each other, too, and so something even where there is no example.
        seen = torch.cat((known, own), dim=1)  # (B, N + Q, D)
        counted = F.pad(mask, (0, own.shape[1]), value=True)[:, None, None]  # (B, 1, 1, N + Q)
        keys, values = self._split(self.to_keys_and_values(seen), 2)
        (queries,) = self._split(self.to_queries(own), 1)
        found = F.scaled_dot_product_attention(queries, keys, values, attn_mask=counted)  # (B, heads, Q, H)
        states = states + self.to_output(found.transpose(1, 2).flatten(2))
        states = states + self.network(self.network_norm(states))
        return states

    def _split(self, states: Tensor, parts: int) -> tuple[Tensor, ...]:
        """Return each part of (B, T, parts * D) as heads (B, heads, T, H)."""
        rows, places, _ = states.shape
        heads = (part.reshape(rows, places, self.heads, -1) for part in states.chunk(parts, dim=-1))
        return tuple(part.transpose(1, 2) for part in heads)
