"""The project's own encoder-decoder with packed weights: its encoder in torch, its decoder in the C step.

Memory vectors are tokens below zero, each text's its own, so that rows share them as they share any tokens.
"""

from __future__ import annotations

import ctypes
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy.typing as npt

from dalle_kit.engine.llama_config import LlamaConfig
from dalle_kit.engine.logits import Array
from dalle_kit.engine.native.model import NativeLlama, NativeSession, can_compute
from dalle_kit.models.weights import map_panels

if TYPE_CHECKING:
    from dalle_kit.engine.dalle_reading import ExampleReader

#: Prompts whose memory is kept.
_KEPT = 64


@dataclass(frozen=True, slots=True)
class Remembered:
    """A prompt's memory: the tokens that stand for it, and what is added to all that the head reads (D,)."""

    tokens: tuple[int, ...]
    added: Array | None


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
        reader: ExampleReader,
        gate: float,
    ) -> None:
        super().__init__(config, weights, library, threads=threads)
        self.context = config.context - reader.encoder.config.prefix
        self._reader, self._gate = reader, gate
        self._lock = threading.Lock()
        self._known: OrderedDict[tuple[int, ...], Remembered] = OrderedDict()
        self._next = -1

    def open(self, sources: Sequence[Sequence[int]], targets: Sequence[Sequence[int]], *, room: int) -> NativeSession:
        """Read the prompts, as examples and as prompts; ``room`` is not needed here."""
        session = DalleSession(self)
        session.join(sources, targets)
        return session

    def hidden(self, tokens: Sequence[int]) -> Array:
        """Return the vectors of a text (T', W), float32, as its encoder makes them."""
        vectors: Array = self._reader.vectors(tokens).numpy()
        return vectors

    def remember(self, source: Sequence[int]) -> Remembered:
        """Return the memory of a prompt, read now if it was not read lately."""
        with self._lock:
            key = tuple(source)
            if key not in self._known:
                self._known[key] = self._read(key)
                while len(self._known) > _KEPT:
                    _, oldest = self._known.popitem(last=False)
                    for token in oldest.tokens:
                        del self.vectors[token]
            self._known.move_to_end(key)
            return self._known[key]

    def _read(self, source: tuple[int, ...]) -> Remembered:
        memory = self._reader.remember(source)
        tokens: list[int] = []
        if memory.vectors is not None:
            for vector in memory.vectors[0].float().numpy():
                self.vectors[self._next] = vector
                tokens.append(self._next)
                self._next -= 1
        added = None
        if memory.pooled is not None and self._gate:
            added = (memory.pooled[0].float() * self._gate).numpy()
        return Remembered(tuple(tokens), added)


class DalleSession(NativeSession):
    """Rows with their memory in front of their prompts."""

    def __init__(self, model: NativeDalle) -> None:
        super().__init__(model)
        self._dalle = model

    def join(
        self,
        sources: Sequence[Sequence[int]],
        targets: Sequence[Sequence[int]],
        *,
        added: Sequence[Array | None] | None = None,
    ) -> None:
        """Read further prompts, as rows at the end; ``added`` is the examples' part, which this finds itself."""
        memories = [self._dalle.remember(source) for source in sources]
        texts = [[*memory.tokens, *source] for memory, source in zip(memories, sources, strict=True)]
        super().join(texts, targets, added=[memory.added for memory in memories])


def load_dalle(
    folder: Path, weights: Path, config: Mapping[str, Any], library: ctypes.CDLL, *, threads: int
) -> NativeDalle | None:
    """Return the model of a folder with the packed weights in ``weights``, None where the C step cannot compute it.

    Raises ModelError for weights or tokenizers that do not fit the configuration.
    """
    llama = LlamaConfig.parse(config["decoder"])
    arrays = map_panels(weights)
    decoder = {name.removeprefix("decoder."): value for name, value in arrays.items() if name.startswith("decoder.")}
    if llama is None or config.get("memory") == "cross-attention" or not can_compute(llama, decoder):
        return None
    from dalle_kit.engine.dalle_reading import ExampleReader, load_encoder

    reader = ExampleReader(load_encoder(folder, weights), folder=str(folder))
    gate = float(arrays["gate"][0]) if "gate" in arrays else 0.0
    return NativeDalle(llama, decoder, library, threads=threads, reader=reader, gate=gate)
