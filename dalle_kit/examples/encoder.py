"""What examples are searched with: vectors of texts, and whose they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from dalle_kit.errors import ExampleError

#: The name of the model that examples are encoded with.
ENCODER = "minilm-l6"

Vectors = npt.NDArray[np.float32]


class Encoder(Protocol):
    """Makes vectors of texts; ``name`` and ``sha256`` (of its weights, where known) tell it from others."""

    @property
    def name(self) -> str:
        """The model's name."""

    @property
    def sha256(self) -> str | None:
        """The hash of its weights."""

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return a vector for each text (N, D), float32, of length 1."""


def vectors_of(encoder: Encoder, texts: Sequence[str]) -> Vectors:
    """Return the vectors of texts (N, D), checked; raises ExampleError for an encoder that gives others."""
    vectors = np.ascontiguousarray(encoder.encode(texts), dtype=np.float32)
    if vectors.ndim != 2 or len(vectors) != len(texts) or not np.isfinite(vectors).all():
        raise ExampleError(
            f"the encoder {encoder.name} gave no vector for each text; if its files are damaged, remove it, and its "
            f"next use makes it anew: dalle-kit models remove {encoder.name}"
        )
    return vectors


def describe(name: str, sha256: str | None) -> str:
    """Return an encoder's name and the beginning of its hash, for people."""
    return f"{name} ({sha256[:8]})" if sha256 else name
