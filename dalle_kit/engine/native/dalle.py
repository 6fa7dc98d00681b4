"""The project's own encoder-decoder with packed weights, its decoder computed by the C step.

Memory vectors are tokens below zero, each text's its own, so that rows share them as they share any tokens.
"""

from __future__ import annotations

import ctypes
from collections.abc import Mapping, Sequence
from typing import Any

import numpy.typing as npt

from dalle_kit.engine.guidance import UNGUIDED, Guidance, of_each
from dalle_kit.engine.llama_config import LlamaConfig
from dalle_kit.engine.logits import Array, Logits, as_array
from dalle_kit.engine.native.model import NativeLlama
from dalle_kit.engine.native.session import NativeSession
from dalle_kit.engine.reading.memories import Memories, Reader, beyond


class NativeDalle(NativeLlama):
    """A saved ``DalleForConditionalGeneration`` whose decoder the C step computes."""

    family = "dalle"

    def __init__(
        self,
        config: LlamaConfig,
        weights: Mapping[str, npt.NDArray[Any]],
        library: ctypes.CDLL,
        *,
        threads: int,
        reader: Reader,
        gate: float,
    ) -> None:
        super().__init__(config, weights, library, threads=threads)
        self.context = config.context - reader.prefix
        self.memories = Memories(reader, gate=gate, keep=self._keep)
        self._reader = reader
        self._places: dict[int, tuple[int, ...]] = {}
        self._next = -1

    def open(
        self,
        sources: Sequence[Sequence[int]],
        targets: Sequence[Sequence[int]],
        *,
        room: int,
        guides: Sequence[Guidance] = (),
    ) -> NativeSession:
        """Read the prompts, and their examples or themselves as examples; ``room`` is not needed here."""
        session = DalleSession(self)
        session.join(sources, targets, guides=guides)
        return session

    def states(self, source: Sequence[int], target: Sequence[int], guidance: Guidance = UNGUIDED) -> Array:
        """Return the states after each block (T, L, D), float32, of the tokens of an output after its prompt."""
        with self.memories.lock:
            memory = self.memories.find(source, guidance.examples)
            return super().states([*memory.tokens, *source], target, guidance)

    def hidden(self, tokens: Sequence[int]) -> Array:
        """Return the vectors of a text (T', W), float32, as its encoder makes them."""
        return _on_cpu(self._reader.vectors(tokens))

    def _keep(self, place: int, vectors: Logits) -> tuple[int, ...]:
        """Return new tokens for memory vectors (Q, D); those that stood for others at this place are forgotten."""
        for token in self._places.pop(place, ()):
            del self.vectors[token]
        tokens = tuple(range(self._next, self._next - len(vectors), -1))
        self._next -= len(vectors)
        self.vectors.update(zip(tokens, _on_cpu(vectors), strict=True))
        self._places[place] = tokens
        return tokens


class DalleSession(NativeSession):
    """Rows with their memory in front of their prompts."""

    def __init__(self, model: NativeDalle) -> None:
        super().__init__(model)
        self._memories = model.memories

    def join(
        self,
        sources: Sequence[Sequence[int]],
        targets: Sequence[Sequence[int]],
        *,
        guides: Sequence[Guidance] = (),
        most: int | None = None,
        added: Sequence[Array | None] | None = None,
    ) -> list[list[int]]:
        """Read further prompts, as rows at the end; what is ``added`` comes from their examples."""
        pairs = zip(sources, of_each(guides, len(sources)), strict=True)
        with self._memories.lock:
            memories = [self._memories.find(source, guidance.examples) for source, guidance in pairs]
            texts = [[*memory.tokens, *source] for memory, source in zip(memories, sources, strict=True)]
            added = [None if memory.added is None else _on_cpu(memory.added) for memory in memories]
            return super().join(texts, targets, guides=guides, most=beyond(memories, most), added=added)


def _on_cpu(numbers: Logits) -> Array:
    """Return what torch or numpy has computed on the CPU."""
    array = as_array(numbers)
    assert array is not None
    return array
