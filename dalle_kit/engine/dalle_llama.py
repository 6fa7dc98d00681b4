"""The project's own encoder-decoder with a decoder of the Llama family in plain torch: many rows at once.

Memory vectors are further rows of the table of embeddings: tokens beyond the vocabulary.
"""

from __future__ import annotations

from collections.abc import MutableMapping, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from dalle_kit.engine.dalle_reading import ExampleReader
from dalle_kit.engine.graphs import Graphs
from dalle_kit.engine.guidance import UNGUIDED, Guidance, of_each
from dalle_kit.engine.llama import LlamaModel, LlamaSession
from dalle_kit.engine.llama_config import LlamaConfig
from dalle_kit.engine.logits import Logits, as_tensor
from dalle_kit.engine.reading.memories import KEPT, Memories, beyond


class DalleLlama(LlamaModel):
    """A saved ``DalleForConditionalGeneration`` whose decoder is a Llama-like model."""

    family = "dalle"

    def __init__(
        self, config: LlamaConfig, weights: MutableMapping[str, Tensor], *, reader: ExampleReader, gate: float
    ) -> None:
        super().__init__(config, weights)
        prefix = reader.prefix
        self.context = config.context - prefix
        self.memories = Memories(reader, gate=gate, keep=self._keep)
        self._reader, self._first = reader, len(self.embedding)
        self.embedding = torch.cat((self.embedding, self.embedding.new_zeros(KEPT * prefix, config.width)))

    @torch.inference_mode()
    def open(
        self,
        sources: Sequence[Sequence[int]],
        targets: Sequence[Sequence[int]],
        *,
        room: int,
        guides: Sequence[Guidance] = (),
    ) -> DalleSession:
        """Read the prompts, and their examples or themselves as examples; a row may grow to ``room`` tokens."""
        session = DalleSession(self, room=room + self._reader.prefix, graphs=self.graphs)
        session.join(sources, targets, guides=guides)
        return session

    def states(self, source: Sequence[int], target: Sequence[int], guidance: Guidance = UNGUIDED) -> Tensor:
        """Return the states after each block (T, L, D), float32, of the tokens of an output after its prompt."""
        with self.memories.lock:
            memory = self.memories.find(source, guidance.examples)
            return super().states([*memory.tokens, *source], target, guidance)

    def hidden(self, tokens: Sequence[int]) -> Tensor:
        """Return the vectors of a text (T', W), float32, as its encoder makes them."""
        return self._reader.vectors(tokens)

    def _keep(self, place: int, vectors: Logits) -> tuple[int, ...]:
        first = self._first + place * len(vectors)
        self.embedding[first : first + len(vectors)] = as_tensor(vectors).to(self.dtype)
        return tuple(range(first, first + len(vectors)))


class DalleSession(LlamaSession):
    """Rows with their memory in front of their prompts."""

    def __init__(self, model: DalleLlama, *, room: int, graphs: Graphs | None = None) -> None:
        super().__init__(model, room=room, graphs=graphs)
        self._memories = model.memories
        # What the fusion adds to what the head reads is added to the logits (V,): the head is linear.
        self._added: list[Tensor | None] = []

    @torch.inference_mode()
    def join(
        self,
        sources: Sequence[Sequence[int]],
        targets: Sequence[Sequence[int]],
        *,
        guides: Sequence[Guidance] = (),
        most: int | None = None,
    ) -> list[list[int]]:
        """Read further prompts, which come after the others: their memory, and ``most`` tokens of each."""
        guides = of_each(guides, len(sources))
        pairs = zip(sources, guides, strict=True)
        head = self._model.head
        with self._memories.lock:
            memories = [self._memories.find(source, guidance.examples) for source, guidance in pairs]
            self._added += [
                None if each.added is None else F.linear(as_tensor(each.added).to(head.dtype), head).float()
                for each in memories
            ]
            texts = [[*each.tokens, *source] for each, source in zip(memories, sources, strict=True)]
            return super().join(texts, targets, guides=guides, most=beyond(memories, most))

    @torch.inference_mode()
    def feed(self, tokens: Sequence[Sequence[int]], *, tails: Sequence[int] | None = None) -> Tensor:
        """Append tokens to each row, none to one that waits; return the logits after the last ``tails`` of each."""
        logits = super().feed(tokens, tails=tails)
        fed = [row for row, new in enumerate(tokens) if new]
        if fed:
            waiting = self.logits.clone()
            self.logits = self._with_added(self.logits, range(len(self.lengths)))
            still = [row for row, new in enumerate(tokens) if not new]
            self.logits[still] = waiting[still]
        return self._with_added(logits, [row for row in fed for _ in range(1 if tails is None else tails[row])])

    def _with_added(self, logits: Tensor, rows: Sequence[int]) -> Tensor:
        """Return logits (N, V), of which each belongs to one of the rows, with what is added to that row's."""
        added = [self._added[row] for row in rows]
        if all(each is None for each in added):
            return logits
        nothing = logits.new_zeros(logits.shape[1])
        return logits + torch.stack([nothing if each is None else each for each in added])

    @torch.inference_mode()
    def select(self, rows: Sequence[int]) -> None:
        """Keep the given rows, in this order; a row given twice is copied."""
        super().select(rows)
        self._added = [self._added[row] for row in rows]
