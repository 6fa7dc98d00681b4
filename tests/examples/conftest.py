"""A store of examples in a folder of the test's own, and encoders that are cheap and always the same."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from dalle_kit.examples import ExampleStore, Found
from dalle_kit.examples.encoder import Vectors


class BagOfWords:
    """A vector counts the words of a text by their checksums: texts with the same words are near to each other."""

    def __init__(self, name: str = "words", sha256: str | None = "ab" * 32, width: int = 64) -> None:
        self.name, self.sha256, self.width = name, sha256, width
        self.encoded: list[str] = []

    def encode(self, texts: Sequence[str]) -> Vectors:
        self.encoded += texts
        vectors = np.zeros((len(texts), self.width), dtype=np.float32)
        for row, text in enumerate(texts):
            for word in text.lower().split():
                vectors[row, zlib.crc32(word.strip(".,!?").encode()) % self.width] += 1
            vectors[row, 0] += 0.01
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        return vectors


@pytest.fixture
def encoder() -> BagOfWords:
    return BagOfWords()


@pytest.fixture
def store(tmp_path: Path) -> ExampleStore:
    return ExampleStore(tmp_path / "examples")


def found(*texts: str) -> list[Found]:
    return [Found(text=text, origin=f"{number}.txt") for number, text in enumerate(texts, 1)]
