"""The encoder of examples of the project's own encoder-decoder where it is a BERT, without torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dalle_kit.engine.logits import Array
from dalle_kit.engine.reading.bert import Bert
from dalle_kit.engine.reading.example_texts import ExampleTexts
from dalle_kit.engine.reading.memories import Read
from dalle_kit.engine.reading.resampler import Projection, Resampler
from dalle_kit.engine.reading.tensors import take

_READER, _RESAMPLER, _PROJECTION = "encoder.reader.model.", "encoder.resampler.", "encoder.projection."

Tensors = Mapping[str, npt.NDArray[Any]]


class BertExamples:
    """A BERT that reads examples, and what makes memory of its vectors. May be used by several threads."""

    def __init__(
        self,
        bert: Bert,
        texts: ExampleTexts,
        *,
        resampler: Resampler | None,
        projection: Projection | None,
        prefix: int,
    ) -> None:
        self._bert, self._texts, self._resampler, self._projection = bert, texts, resampler, projection
        self.prefix = prefix

    def text(self, prompt: Sequence[int]) -> str:
        """Return the text of a prompt in the decoder's tokens."""
        return self._texts.text(prompt)

    def vectors(self, prompt: Sequence[int]) -> Array:
        """Return the vectors (T, W), float32, of a text in the decoder's tokens."""
        parts = self._texts.parts([self.text(prompt)])
        found = dict(self._bert.read(parts))
        return np.concatenate([found[place] for place in range(len(parts))])

    def remember(self, texts: Sequence[str]) -> Read:
        """Return the memory of these texts, all of them examples of one row."""
        examples = self._read(texts)
        memory = None if self._resampler is None else self._resampler.remember(np.concatenate(examples))
        return Read(memory, None if self._projection is None else self._projection.pool(examples))

    def _read(self, texts: Sequence[str]) -> list[Array]:
        """Return the vectors (T, W) of each part of the texts: in which order never matters."""
        return [states for _, states in self._bert.read(self._texts.parts(texts))]


def make_examples(folder: Path, config: Mapping[str, Any], tensors: Tensors) -> tuple[BertExamples, float] | None:
    """Return the encoder of a saved folder and how open its gate is, made of all the tensors but the decoder's.

    None where it is no BERT, or tensors are missing, too many or of another shape. Raises ModelError for a tokenizer
    that is missing or does not fit.
    """
    encoder, memory, fusion = config["encoder"], config.get("memory", "prefix"), bool(config.get("fusion", True))
    if encoder.get("kind") != "transformer" or memory not in ("prefix", "none") or (memory == "none" and not fusion):
        return None
    width, queries = int(config["decoder"]["hidden_size"]), int(config["queries"])
    own = {name: tensor for name, tensor in tensors.items() if not name.startswith("decoder.")}
    bert = Bert.make(encoder, _below(own, _READER))
    if bert is None:
        return None
    names = {_READER + name for name in bert.names}
    resampler = projection = None
    gate = 0.0
    if memory == "prefix":
        resampler = Resampler.make(_below(own, _RESAMPLER), inputs=bert.config.width, width=width, queries=queries)
        if resampler is None:
            return None
        names |= {_RESAMPLER + name for name in resampler.weights}
    if fusion:
        projection = Projection.make(_below(own, _PROJECTION), inputs=bert.config.width, width=width)
        opened = take(own, {"gate": (1,)})
        if projection is None or opened is None:
            return None
        names |= {"gate", *(_PROJECTION + name for name in projection.weights)}
        gate = float(opened["gate"][0])
    if names != set(own):
        return None
    texts = ExampleTexts(folder, encoder, limit=bert.config.context)
    prefix = queries if memory == "prefix" else 0
    return BertExamples(bert, texts, resampler=resampler, projection=projection, prefix=prefix), gate


def _below(tensors: Tensors, prefix: str) -> dict[str, npt.NDArray[Any]]:
    """Return the tensors whose names begin so, by the rest of their names."""
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
