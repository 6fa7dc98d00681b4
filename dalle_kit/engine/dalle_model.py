"""The project's own encoder-decoder, computed by torch and transformers.

What its decoder reads depends on all of a prompt from the first token on where the prompt is an example as well: rows
share what was computed only where their prompts and their examples are the same.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from dalle_kit.engine.dalle_reading import ExampleReader
from dalle_kit.engine.guidance import Guidance
from dalle_kit.engine.transformers_model import CachedRow, TransformersModel, context_of
from dalle_kit.modeling import DalleForConditionalGeneration, register


class DalleModel(TransformersModel):
    """A saved ``DalleForConditionalGeneration`` with the tokenizers of its folder."""

    def __init__(self, model: DalleForConditionalGeneration, *, folder: str) -> None:
        super().__init__(model, family="dalle")
        self._reader = ExampleReader(model.encoder, folder=folder)
        context = context_of(model.config.decoder)
        self.context = None if context is None else context - self._reader.prefix

    @classmethod
    def load(
        cls, folder: str, *, device: str, dtype: torch.dtype, weights: dict[str, Tensor] | None = None
    ) -> DalleModel:
        """Load a saved folder; raises ModelError for tensors or tokenizers that do not fit the configuration."""
        register()
        network = TransformersModel.load(folder, device=device, dtype=dtype, weights=weights).network
        return cls(network, folder=folder)

    def hidden(self, tokens: Sequence[int]) -> Tensor:
        """Return the vectors of a text (T', W), float32, as its encoder makes them."""
        return self._reader.vectors(tokens)

    def open_row(self, source: Sequence[int], target: Sequence[int], guidance: Guidance) -> CachedRow:
        """Read one prompt and the beginning of its output, and the examples, or the prompt as the only one."""
        memory = self._reader.memory(sorted(guidance.examples) or [self._reader.text(source)])
        return CachedRow(self, {"memory": memory}, [*source, *target], steering=guidance.steering)
