"""Vectors of whole texts, made without torch: the mean of an encoder's last hidden states."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from dalle_kit.engine.logits import Array
from dalle_kit.engine.reading.bert import Bert
from dalle_kit.engine.reading.tensors import map_floats
from dalle_kit.engine.tokenization import Tokenizer, read_json
from dalle_kit.errors import ModelError
from dalle_kit.models.spec import StoredModel
from dalle_kit.models.weights import read_shapes


class BertEncoder:
    """An encoder for vectors, as the engine uses one: text by text."""

    family = "encoder"

    def __init__(self, bert: Bert) -> None:
        self._bert = bert
        self.context = bert.config.context

    @classmethod
    def load(cls, folder: Path, config: dict[str, Any]) -> BertEncoder | None:
        """Load a checkpoint folder; None for an encoder that is not computed without torch.

        Raises ModelError where its sentence vectors are not made by mean pooling.
        """
        check_pooling(folder)
        tensors = map_floats(folder)
        bert = None if tensors is None else Bert.make(config, tensors)
        return None if bert is None else cls(bert)

    def hidden(self, tokens: Sequence[int]) -> Array:
        """Return the last hidden states of a text (T, D), float32."""
        return next(self._bert.read([tokens]))[1]

    def means(self, texts: Sequence[Sequence[int]]) -> Array:
        """Return the mean of the last hidden states of each text (N, D)."""
        means = np.empty((len(texts), self._bert.config.width), dtype=np.float32)
        for place, states in self._bert.read(texts):
            means[place] = states.mean(0)
        return means


class SentenceEncoder:
    """Makes vectors of texts, to find what is alike. May be used by several threads."""

    def __init__(self, encoder: BertEncoder, tokenizer: Tokenizer, *, name: str, sha256: str | None) -> None:
        self.name, self.sha256 = name, sha256
        self._encoder, self._tokenizer = encoder, tokenizer

    @classmethod
    def load(cls, stored: StoredModel) -> SentenceEncoder:
        """Load a stored encoder; raises ModelError for a model of another kind, or files that do not fit together."""
        folder = Path(stored.path)
        config = read_json(folder / "config.json")
        encoder = BertEncoder.load(folder, config)
        if encoder is None:
            read_shapes(folder)  # weights that cannot be read are told as such
            raise ModelError(
                f"{stored.name} is no BERT encoder with all its weights in one safetensors file; choose minilm-l6"
            )
        tokenizer = Tokenizer.load(folder)
        tokenizer.check_fits(int(config.get("vocab_size", 30522)), folder)
        return cls(encoder, tokenizer, name=stored.name, sha256=stored.sha256)

    def encode(self, texts: Sequence[str]) -> Array:
        """Return a vector for each text (N, D), float32, of length 1; of a long text as much as the encoder reads."""
        means = self.means(texts)
        means /= np.maximum(np.linalg.norm(means, axis=1, keepdims=True), np.float32(1e-12))
        return means

    def means(self, texts: Sequence[str]) -> Array:
        """Return the mean of the last hidden states of each text (N, D), float32, as ``encode`` does, of any length."""
        return self._encoder.means([self._tokens(text) for text in texts])

    def _tokens(self, text: str) -> list[int]:
        tokens = self._tokenizer.encode_text(text, special=True)
        surplus = len(tokens) - self._encoder.context
        if surplus <= 0:
            return tokens
        end = len(tokens) - len(self._tokenizer.around[1])
        return tokens[: end - surplus] + tokens[end:]


def check_pooling(folder: Path) -> None:
    """Raise ModelError for an encoder whose sentence vectors are not made by mean pooling."""
    file = folder / "1_Pooling" / "config.json"
    if file.exists() and not read_json(file).get("pooling_mode_mean_tokens"):
        raise ModelError(f"{folder} does not average its token vectors; only mean pooling is supported")
