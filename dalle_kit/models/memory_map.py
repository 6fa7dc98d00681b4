"""Memory of examples for a decoder: from the mean vector of an encoder to what is added after each of its blocks.

A safetensors file with two matrices, ``reads`` (R, W) and ``adds`` (L, R, D), float16: W is the width of the encoder,
L and D are the decoder's blocks and width. Both were learned for one encoder and one decoder; ``encoder`` holds the 32
bytes of that encoder's SHA-256.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dalle_kit.errors import ModelError
from dalle_kit.models.manifest import way_to_mend
from dalle_kit.models.tensor_file import Entry, map_tensors, write_tensors


@dataclass(frozen=True, slots=True)
class MemoryMap:
    """The two matrices, ``reads`` (R, W) and ``adds`` (L, R, D), float32, and the SHA-256 of the encoder."""

    reads: npt.NDArray[np.float32]
    adds: npt.NDArray[np.float32]
    encoder: str

    def memory(self, difference: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Return what is added after each block (L, D) for an encoder's vector (W,)."""
        return np.ascontiguousarray((self.reads @ difference) @ self.adds, dtype=np.float32)


def read_memory_map(file: Path) -> MemoryMap:
    """Read a memory map; raises ModelError for a file that is damaged."""
    try:
        tensors = map_tensors(file)
        reads, adds = (tensors[name].astype(np.float32) for name in ("reads", "adds"))
        encoder = tensors["encoder"].astype(np.uint8).tobytes().hex()
    except (OSError, ValueError, KeyError) as error:
        reason = " ".join(str(error).split())
        raise ModelError(f"{file} cannot be read ({reason:.100}); {way_to_mend(file.parent)}") from error
    is_whole = reads.ndim == 2 and adds.ndim == 3 and adds.shape[1] == len(reads)
    if not is_whole or not (np.isfinite(reads).all() and np.isfinite(adds).all()):
        raise ModelError(f"{file} is no memory map; {way_to_mend(file.parent)}")
    return MemoryMap(reads, adds, encoder)


def write_memory_map(file: Path, learned: MemoryMap) -> None:
    """Write a memory map in float16; OSError is left to the caller."""
    tensors: dict[str, npt.NDArray[Any]] = {
        "reads": learned.reads.astype(np.float16),
        "adds": learned.adds.astype(np.float16),
        "encoder": np.frombuffer(bytes.fromhex(learned.encoder), dtype=np.uint8),
    }
    entries = [Entry(name, value.shape, value.dtype.name) for name, value in tensors.items()]
    for _ in write_tensors(file, entries, iter(tensors.values())):
        pass
