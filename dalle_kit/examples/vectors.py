"""The vectors of a set in a file of float32 rows, mapped into memory and searched exactly.

Exactly, because it is fast enough: reading 100,000 rows of 384 numbers takes about as long as a graph of neighbours
saves, and a graph finds nineteen in twenty, takes a minute to build and has to be written anew with each change.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dalle_kit.examples.encoder import Vectors

_BYTES = 4


def map_rows(file: Path, width: int) -> Vectors:
    """Return the rows of a file (N, D), mapped, not read; a row that was not written to its end is left out."""
    try:
        rows = file.stat().st_size // (_BYTES * width)
    except FileNotFoundError:
        rows = 0
    if not rows:
        return np.zeros((0, width), dtype=np.float32)
    return np.memmap(file, dtype="<f4", mode="r", shape=(rows, width))


def write_rows(file: Path, rows: Sequence[int], vectors: Vectors) -> None:
    """Write vectors (N, D) into rows of a file, which grows where it must, and have the disk write them down."""
    with file.open("r+b" if file.exists() else "w+b") as stream:
        for row, vector in zip(rows, vectors, strict=True):
            stream.seek(row * vector.size * _BYTES)
            stream.write(vector.astype("<f4").tobytes())
        stream.flush()
        os.fsync(stream.fileno())


def nearest_rows(
    matrix: Vectors, query: Vectors, count: int, *, among: npt.NDArray[np.bool_] | None = None
) -> list[tuple[int, float]]:
    """Return the rows most like a query (D,), best first, each with its cosine; ``among`` is which rows count (N,)."""
    if not len(matrix) or count < 1:
        return []
    likeness = np.asarray(matrix @ query)
    if among is not None:
        likeness = np.where(among, likeness, -np.inf)
    count = min(count, len(likeness))
    best = np.argpartition(-likeness, count - 1)[:count]
    best = best[np.lexsort((best, -likeness[best]))]
    return [(int(row), float(likeness[row])) for row in best if np.isfinite(likeness[row])]
