"""Layers by the names of their tensors, as torch's modules have them."""

from __future__ import annotations

from collections.abc import Mapping

from dalle_kit.engine.logits import Array
from dalle_kit.engine.reading.numerics import linear, normalise
from dalle_kit.engine.reading.tensors import Shape


class Layers:
    """The linear layers and norms of a model."""

    def __init__(self, weights: Mapping[str, Array], *, epsilon: float) -> None:
        self.weights, self._epsilon = weights, epsilon

    def linear(self, states: Array, name: str) -> Array:
        """Apply a linear layer to states (..., I)."""
        return linear(states, self.weights[f"{name}.weight"], self.weights[f"{name}.bias"])

    def normalised(self, states: Array, name: str) -> Array:
        """Apply a norm to states (T, D)."""
        weight, bias = self.weights[f"{name}.weight"], self.weights[f"{name}.bias"]
        return normalise(states, weight, bias, epsilon=self._epsilon)


def linear_shapes(name: str, outputs: int, inputs: int) -> dict[str, Shape]:
    """Return the shapes of a linear layer's tensors."""
    return {f"{name}.weight": (outputs, inputs), f"{name}.bias": (outputs,)}


def norm_shapes(name: str, width: int) -> dict[str, Shape]:
    """Return the shapes of a norm's tensors."""
    return {f"{name}.weight": (width,), f"{name}.bias": (width,)}
