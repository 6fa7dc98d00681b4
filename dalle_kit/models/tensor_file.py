"""Writing a safetensors file tensor by tensor (https://huggingface.co/docs/safetensors), so that one is in memory.

The data begins at a multiple of 64 bytes: a program that maps the file finds panels of weights on whole cache lines.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

_ALIGNMENT = 64
_NAMES = {
    **{"float32": "F32", "float64": "F64", "bool": "BOOL", "uint8": "U8"},
    **{f"int{bits}": f"I{bits}" for bits in (8, 16, 32, 64)},
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One tensor of a file: its name, its shape, and the name of its numpy type."""

    name: str
    shape: tuple[int, ...]
    dtype: str

    @property
    def size(self) -> int:
        """Bytes in the file."""
        size = np.dtype(self.dtype).itemsize
        for length in self.shape:
            size *= length
        return size


def write_tensors(path: Path, entries: list[Entry], values: Iterator[npt.NDArray[Any]]) -> Iterator[tuple[int, int]]:
    """Write the values of the entries, in their order; yield after each how many bytes are done, and of how many.

    ``OSError`` is left to the caller. A value that is not what its entry says is a ValueError.
    """
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    total = 0
    for entry in entries:
        place = [total, total := total + entry.size]
        header[entry.name] = {"dtype": _NAMES[entry.dtype], "shape": list(entry.shape), "data_offsets": place}
    text = json.dumps(header, separators=(",", ":")).encode("utf-8")
    text += b" " * (-(8 + len(text)) % _ALIGNMENT)
    done = 0
    with path.open("wb") as output:
        output.write(len(text).to_bytes(8, "little") + text)
        for entry, value in zip(entries, values, strict=True):
            if value.shape != entry.shape or value.dtype != entry.dtype:
                raise ValueError(f"{entry.name} is {value.dtype} {value.shape}, announced as {entry}")
            output.write(np.ascontiguousarray(value).astype(value.dtype.newbyteorder("<"), copy=False).data)
            done += entry.size
            yield done, total
