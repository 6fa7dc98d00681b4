"""From an encoder's vectors to memory: what ``dalle_kit.modeling`` does in torch, without it."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from dalle_kit.engine.logits import Array
from dalle_kit.engine.reading.layers import Layers, linear_shapes, norm_shapes
from dalle_kit.engine.reading.numerics import attend, gelu
from dalle_kit.engine.reading.tensors import Shape, take
from dalle_kit.modeling.sizes import count_heads

_EPSILON = 1e-5  # of torch's layer norms

Tensors = Mapping[str, npt.NDArray[Any]]


class Resampler(Layers):
    """A few learned queries that attend over all vectors of all examples."""

    def __init__(self, weights: Mapping[str, Array], *, blocks: int) -> None:
        super().__init__(weights, epsilon=_EPSILON)
        self._blocks = blocks
        self._heads = count_heads(weights["queries"].shape[1])

    @classmethod
    def make(cls, tensors: Tensors, *, inputs: int, width: int, queries: int) -> Resampler | None:
        """Return the resampler of these tensors, None where some lack or are of another shape."""
        counts = (count for count in itertools.count() if f"layers.{count}.attention_norm.weight" not in tensors)
        blocks = next(counts)
        shapes: dict[str, Shape] = {"queries": (queries, width), **norm_shapes("input_norm", inputs)}
        shapes |= {
            **linear_shapes("input", width, inputs),
            **norm_shapes("output_norm", width),
            **linear_shapes("output", width, width),
        }
        for index in range(blocks):
            name = f"layers.{index}."
            inner = len(tensors.get(f"{name}network.0.bias", ()))
            shapes |= {**norm_shapes(f"{name}attention_norm", width), **norm_shapes(f"{name}network_norm", width)}
            shapes |= {
                **linear_shapes(f"{name}to_queries", width, width),
                **linear_shapes(f"{name}to_output", width, width),
            }
            shapes |= linear_shapes(f"{name}to_keys_and_values", 2 * width, width)
            shapes |= {
                **linear_shapes(f"{name}network.0", inner, width),
                **linear_shapes(f"{name}network.2", width, inner),
            }
        weights = take(tensors, shapes)
        return None if weights is None or not blocks else cls(weights, blocks=blocks)

    def remember(self, vectors: Array) -> Array:
        """Return the memory vectors (Q, D) of an encoder's vectors (N, W)."""
        known = self.linear(self.normalised(vectors, "input_norm"), "input")  # (N, D)
        states = self.weights["queries"].copy()  # (Q, D)
        for index in range(self._blocks):
            name = f"layers.{index}."
            own = self.normalised(states, f"{name}attention_norm")
            seen = self.linear(np.concatenate((known, own)), f"{name}to_keys_and_values")  # (N + Q, 2 D)
            keys, values = (self._split(part) for part in np.split(seen, 2, axis=1))
            found = attend(self._split(self.linear(own, f"{name}to_queries")), keys, values)  # (heads, Q, H)
            states += self.linear(found.swapaxes(0, 1).reshape(states.shape), f"{name}to_output")
            inner = self.linear(self.normalised(states, f"{name}network_norm"), f"{name}network.0")
            states += self.linear(gelu(inner), f"{name}network.2")
        return self.linear(self.normalised(states, "output_norm"), "output")

    def _split(self, states: Array) -> Array:
        """Return states (T, D) as heads (heads, T, H)."""
        heads: Array = states.reshape(len(states), self._heads, -1).swapaxes(0, 1)
        return heads


class Projection(Layers):
    """From the mean of an encoder's vectors to the decoder's states."""

    @classmethod
    def make(cls, tensors: Tensors, *, inputs: int, width: int) -> Projection | None:
        """Return the projection of these tensors, None where some lack or are of another shape."""
        weights = take(tensors, {**norm_shapes("norm", inputs), **linear_shapes("output", width, inputs)})
        return None if weights is None else cls(weights, epsilon=_EPSILON)

    def pool(self, examples: Sequence[Array]) -> Array:
        """Return what is pooled (D,) of the vectors (T, W) of each example: a long one counts no more than another."""
        mean = np.stack([vectors.mean(0) for vectors in examples]).mean(0, keepdims=True)
        pooled: Array = self.linear(self.normalised(mean, "norm"), "output")[0]
        return pooled
