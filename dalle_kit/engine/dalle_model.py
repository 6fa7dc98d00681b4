"""The project's own encoder-decoder behind the engine's interface.

Where the caller gives no examples a row's own prompt is its only one, so that what the decoder reads depends on all of
the prompt from its first token on: rows share what was computed only where their prompts are the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from dalle_kit.engine.tokenization import Tokenizer
from dalle_kit.engine.transformers_model import CachedRow, TransformersModel, context_of
from dalle_kit.modeling import DalleForConditionalGeneration, Memory, register
from dalle_kit.modeling.folder import ENCODER_TOKENIZER

#: Tokens of an example where its encoder sets no limit; a longer text is read as several examples.
_LONGEST = 512


class DalleModel(TransformersModel):
    """A saved ``DalleForConditionalGeneration`` with the tokenizers of its folder."""

    def __init__(self, model: DalleForConditionalGeneration, *, tokenizer: Tokenizer, reads: Tokenizer) -> None:
        super().__init__(model, family="dalle")
        self._tokenizer, self._reads = tokenizer, reads
        limit = model.encoder.reader.limit
        self._longest = _LONGEST if limit is None else min(limit, _LONGEST)
        context = context_of(model.config.decoder)
        self.context = None if context is None else context - model.config.prefix

    @classmethod
    def load(
        cls, folder: str, *, device: str, dtype: torch.dtype, weights: dict[str, Tensor] | None = None
    ) -> DalleModel:
        """Load a saved folder; raises ModelError for tensors or tokenizers that do not fit the configuration."""
        register()
        network = TransformersModel.load(folder, device=device, dtype=dtype, weights=weights).network
        tokenizer = Tokenizer.load(folder)
        settings = network.config.encoder
        reads = tokenizer
        if settings["kind"] == "transformer":
            reads = Tokenizer.load(Path(folder) / ENCODER_TOKENIZER)
            reads.check_fits(settings["vocab_size"], Path(folder) / ENCODER_TOKENIZER)
        return cls(network, tokenizer=tokenizer, reads=reads)

    @torch.inference_mode()
    def hidden(self, tokens: Sequence[int]) -> Tensor:
        """Return the vectors of a text (T', W), float32, as its encoder makes them."""
        ids, mask = self._examples(tokens)  # (E, S)
        vectors, counted = self.network.encoder.read(ids, mask)
        return torch.as_tensor(vectors[counted]).float()

    def open_row(self, source: Sequence[int], target: Sequence[int]) -> CachedRow:
        """Read one prompt, as example and as prompt, and the beginning of its output."""
        return CachedRow(self.network, {"memory": self.remember(source)}, [*source, *target])

    def remember(self, source: Sequence[int]) -> Memory:
        """Return the memory of a prompt as the only example."""
        ids, mask = self._examples(source)
        memory: Memory = self.network.encode_examples(ids[None], mask[None])
        return memory

    def _examples(self, tokens: Sequence[int]) -> tuple[Tensor, Tensor]:
        """Return a text as the encoder's tokens (E, S), in as many examples as it takes, and their mask (E, S)."""
        before, after = ([], []) if self._reads is self._tokenizer else self._reads.around
        read = self._reads.encode_text(self._tokenizer.decode(tokens))
        room = self._longest - len(before) - len(after)
        parts = [[*before, *read[at : at + room], *after] for at in range(0, max(1, len(read)), room)]
        width = max(1, *map(len, parts))
        ids = [part + [0] * (width - len(part)) for part in parts]
        mask = [[1] * len(part) + [0] * (width - len(part)) for part in parts]
        return torch.tensor(ids, device=self.device), torch.tensor(mask, device=self.device)
