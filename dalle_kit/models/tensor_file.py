"""Safetensors files (https://huggingface.co/docs/safetensors), without torch: written tensor by tensor, and mapped.

While one is written a single tensor is in memory; what is mapped is read when it is used. The data begins at a multiple
of 64 bytes: a program that maps the file finds panels of weights on whole cache lines.
"""

from __future__ import annotations

import json
import math
import mmap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

_ALIGNMENT = 64
_NAMES = {
    **{"float16": "F16", "float32": "F32", "float64": "F64", "bool": "BOOL", "uint8": "U8"},
    **{f"int{bits}": f"I{bits}" for bits in (8, 16, 32, 64)},
}
_TYPES = {name: np.dtype(dtype).newbyteorder("<") for dtype, name in _NAMES.items()}


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


def map_tensors(path: Path) -> dict[str, npt.NDArray[Any]]:
    """Return the tensors that ``write_tensors`` has written, by name, read-only and mapped into memory.

    ``OSError`` is left to the caller. A file that is damaged or holds anything else is a ValueError.
    """
    with path.open("rb") as file:
        memory = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    start = 8 + int.from_bytes(memory[:8], "little")
    try:
        header = json.loads(bytes(memory[8:start]))
    except RecursionError as error:
        raise ValueError("its header is nested too deeply") from error
    if not isinstance(header, dict):
        raise ValueError("its header is no JSON object")
    header.pop("__metadata__", None)
    return {name: _mapped(memory[start:], name, facts) for name, facts in header.items()}


def _mapped(memory: memoryview, name: str, facts: Any) -> npt.NDArray[Any]:
    try:
        begin, end = facts["data_offsets"]
        kind, shape = _TYPES[facts["dtype"]], tuple(facts["shape"])
        if not all(type(number) is int and number >= 0 for number in (begin, end, *shape)):
            raise TypeError("no whole numbers")
        whole = begin <= end <= len(memory) and end - begin == math.prod(shape) * kind.itemsize
    except (KeyError, TypeError) as error:
        raise ValueError(f"{name} is described wrongly: {facts!r:.80}") from error
    if not whole:
        raise ValueError(f"{name} is cut short")
    array: npt.NDArray[Any] = np.frombuffer(memory[begin:end], dtype=kind)
    return array.reshape(shape)
