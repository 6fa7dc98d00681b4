"""The encoder BERT (Devlin et al., 2019), as MiniLM is one: texts of any length at once, and no padding."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from dalle_kit.engine.logits import Array
from dalle_kit.engine.reading.layers import Layers, linear_shapes, norm_shapes
from dalle_kit.engine.reading.numerics import attend, gelu
from dalle_kit.engine.reading.tensors import Shape, take

#: Tokens that are computed at once: with fewer, weights are fetched more often than need be; with more, states.
_TOKENS = 512

_WORDS = "embeddings.word_embeddings.weight"


@dataclass(frozen=True, slots=True)
class BertConfig:
    """The sizes of an encoder; ``context`` is how many tokens it reads."""

    layers: int
    width: int
    inner: int
    heads: int
    vocabulary: int
    context: int
    types: int
    epsilon: float

    @classmethod
    def parse(cls, config: Mapping[str, Any]) -> BertConfig | None:
        """Read a ``config.json`` of transformers; None for a model that this module does not compute."""
        plain = (
            config.get("model_type") == "bert"
            and config.get("hidden_act", "gelu") == "gelu"
            and config.get("position_embedding_type", "absolute") == "absolute"
            and not config.get("is_decoder")
            and not config.get("quantization_config")
        )
        if not plain:
            return None
        return cls(
            layers=int(config.get("num_hidden_layers", 12)),
            width=int(config.get("hidden_size", 768)),
            inner=int(config.get("intermediate_size", 3072)),
            heads=int(config.get("num_attention_heads", 12)),
            vocabulary=int(config.get("vocab_size", 30522)),
            context=int(config.get("max_position_embeddings", 512)),
            types=int(config.get("type_vocab_size", 2)),
            epsilon=float(config.get("layer_norm_eps", 1e-12)),
        )

    def shapes(self) -> dict[str, Shape]:
        """Return the shape of each tensor that is computed with."""
        found: dict[str, Shape] = {
            _WORDS: (self.vocabulary, self.width),
            "embeddings.position_embeddings.weight": (self.context, self.width),
            "embeddings.token_type_embeddings.weight": (self.types, self.width),
            **norm_shapes("embeddings.LayerNorm", self.width),
        }
        for index in range(self.layers):
            name = f"encoder.layer.{index}."
            for part in (
                "attention.self.query",
                "attention.self.key",
                "attention.self.value",
                "attention.output.dense",
            ):
                found |= linear_shapes(name + part, self.width, self.width)
            found |= norm_shapes(f"{name}attention.output.LayerNorm", self.width)
            found |= linear_shapes(f"{name}intermediate.dense", self.inner, self.width)
            found |= linear_shapes(f"{name}output.dense", self.width, self.inner)
            found |= norm_shapes(f"{name}output.LayerNorm", self.width)
        return found


class Bert:
    """A loaded encoder. May be used by several threads."""

    def __init__(self, config: BertConfig, weights: Mapping[str, Array]) -> None:
        self.config = config
        self._layers = Layers(weights, epsilon=config.epsilon)

    @classmethod
    def make(cls, config: Mapping[str, Any], tensors: Mapping[str, npt.NDArray[Any]]) -> Bert | None:
        """Return the encoder of a configuration of transformers; None where this is another kind, or tensors lack."""
        sizes = BertConfig.parse(config)
        if sizes is None or sizes.width % sizes.heads:
            return None
        weights = take(tensors, sizes.shapes())
        return None if weights is None else cls(sizes, weights)

    @property
    def names(self) -> set[str]:
        """The names of its tensors."""
        return set(self._layers.weights)

    def read(self, texts: Sequence[Sequence[int]]) -> Iterator[tuple[int, Array]]:
        """Yield the place of each text and its last hidden states (T, W), the shortest first."""
        for places in _batches([len(text) for text in texts]):
            with np.errstate(all="ignore"):  # damaged weights hold anything; what comes of them is looked at
                states = self._read([texts[place] for place in places])
            yield from zip(places, states, strict=True)

    def _read(self, texts: Sequence[Sequence[int]]) -> list[Array]:
        """Return the last hidden states (T, W) of texts, of which those of one length stand side by side."""
        lengths = [len(text) for text in texts]
        tokens = np.fromiter(itertools.chain.from_iterable(texts), dtype=np.int64, count=sum(lengths))
        positions = np.concatenate([np.arange(length) for length in lengths])
        layers, weights = self._layers, self._layers.weights
        states = weights[_WORDS][tokens]
        states += weights["embeddings.position_embeddings.weight"][positions]
        states += weights["embeddings.token_type_embeddings.weight"][0]
        states = layers.normalised(states, "embeddings.LayerNorm")
        for index in range(self.config.layers):
            name = f"encoder.layer.{index}."
            attended = self._attended(states, lengths, f"{name}attention.self.")
            states += layers.linear(attended, f"{name}attention.output.dense")
            states = layers.normalised(states, f"{name}attention.output.LayerNorm")
            states += layers.linear(gelu(layers.linear(states, f"{name}intermediate.dense")), f"{name}output.dense")
            states = layers.normalised(states, f"{name}output.LayerNorm")
        return np.split(states, list(itertools.accumulate(lengths))[:-1])

    def _attended(self, states: Array, lengths: Sequence[int], name: str) -> Array:
        """Return what each token (T, W) finds in its own text."""
        queries, keys, values = (self._layers.linear(states, name + part) for part in ("query", "key", "value"))
        found = np.empty_like(states)
        for first, count, length in _alike(lengths):
            parts = (
                part[first : first + count * length].reshape(count, length, self.config.heads, -1).swapaxes(1, 2)
                for part in (queries, keys, values)
            )  # (count, heads, length, H)
            attended = attend(*parts).swapaxes(1, 2)
            found[first : first + count * length] = attended.reshape(count * length, -1)
        return found


def _batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Yield the places of texts that are computed at once, the shortest first."""
    batch: list[int] = []
    tokens = 0
    for place in sorted(range(len(lengths)), key=lengths.__getitem__):
        if batch and tokens + lengths[place] > _TOKENS:
            yield batch
            batch, tokens = [], 0
        batch.append(place)
        tokens += lengths[place]
    if batch:
        yield batch


def _alike(lengths: Iterable[int]) -> Iterator[tuple[int, int, int]]:
    """Yield where texts of one length that stand side by side begin, in tokens, how many they are, and the length."""
    first = 0
    for length, group in itertools.groupby(lengths):
        count = len(list(group))
        yield first, count, length
        first += count * length
