"""Reading GGUF files: metadata, the list of tensors, and tensors as float32.

Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md (versions 2 and 3, little-endian).
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from dalle_kit.errors import IntegrityError, ModelError

_STRING, _ARRAY, _BOOL = 8, 9, 7
_SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", _BOOL: "?", 10: "Q", 11: "q", 12: "d"}


@dataclass(frozen=True, slots=True)
class TensorInfo:
    """Where a tensor lies in the file; ``shape`` is in row-major order, ``kind`` a GGML type's number."""

    shape: tuple[int, ...]
    kind: int
    start: int


class GgufFile:
    """An open GGUF file; a context manager, since the file stays mapped while it is read.

    Raises ModelError for a file that is no GGUF, IntegrityError for one that is truncated or damaged.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            with path.open("rb") as file:
                if not path.stat().st_size:
                    raise ModelError(f"{path} is empty; fetch it again")
                self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except (OSError, ValueError) as error:
            raise ModelError(f"cannot read {path}: {error}") from error
        try:
            self.metadata, self.tensors = self._parse()
        except (struct.error, IndexError, OverflowError, RecursionError, TypeError, ValueError) as error:
            self.close()
            raise self._damaged("its header ends too early or makes no sense") from error
        except ModelError:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Release the file."""
        self._map.close()

    def tensor(self, name: str) -> npt.NDArray[np.float32]:
        """Return a tensor, dequantised to float32."""
        from gguf.constants import GGMLQuantizationType
        from gguf.quants import dequantize

        info = self.tensors[name]
        try:
            with np.errstate(all="ignore"):  # damaged blocks hold anything
                values = dequantize(self.blocks(name), GGMLQuantizationType(info.kind))
        except NotImplementedError as error:
            raise ModelError(
                f"{self.path}: the tensor {name} is of type {_kind_name(info.kind)}, not supported"
            ) from error
        return np.asarray(values, dtype=np.float32).reshape(info.shape)

    def blocks(self, name: str) -> npt.NDArray[np.uint8]:
        """Return a tensor's bytes as they lie in the file, a row for each row of the tensor."""
        info = self.tensors[name]
        rows, size = self._bytes_of(info)
        return np.frombuffer(self._map[info.start : info.start + size], dtype=np.uint8).reshape(rows, -1)

    def _parse(self) -> tuple[Mapping[str, Any], Mapping[str, TensorInfo]]:
        if self._map[:4] != b"GGUF":
            raise ModelError(f"{self.path} is not a GGUF file; fetch it again, or give another")
        (version,) = struct.unpack_from("<I", self._map, 4)
        if version not in (2, 3):
            raise ModelError(f"{self.path} has GGUF version {version}; versions 2 and 3, little-endian, are supported")
        tensor_count, entry_count = struct.unpack_from("<QQ", self._map, 8)
        position = 24
        metadata: dict[str, Any] = {}
        for _ in range(entry_count):
            key, position = self._string(position)
            (kind,) = struct.unpack_from("<I", self._map, position)
            metadata[key], position = self._value(kind, position + 4)
        infos = []
        for _ in range(tensor_count):
            name, position = self._string(position)
            (rank,) = struct.unpack_from("<I", self._map, position)
            *shape, kind, offset = struct.unpack_from(f"<{rank}QIQ", self._map, position + 4)
            position += 4 + 8 * rank + 12
            infos.append((name, tuple(reversed(shape)), kind, offset))
        alignment = int(metadata.get("general.alignment", 32))
        start = -(-position // alignment) * alignment if alignment > 0 else position
        tensors = {name: TensorInfo(shape, kind, start + offset) for name, shape, kind, offset in infos}
        self._check_size(tensors)
        return metadata, tensors

    def _check_size(self, tensors: Mapping[str, TensorInfo]) -> None:
        needed = max((info.start + self._bytes_of(info)[1] for info in tensors.values()), default=0)
        if needed > len(self._map):
            raise self._damaged(f"it has {len(self._map)} bytes, its tensors need {needed}")

    def _bytes_of(self, info: TensorInfo) -> tuple[int, int]:
        """Return a tensor's number of rows and its size in the file in bytes."""
        from gguf.constants import GGML_QUANT_SIZES, GGMLQuantizationType

        if info.kind not in GGMLQuantizationType._value2member_map_:
            raise ModelError(f"{self.path} has tensors of the unknown type {info.kind}; update the package gguf")
        block, size = GGML_QUANT_SIZES[GGMLQuantizationType(info.kind)]
        columns = info.shape[-1] if info.shape else 1
        rows = 1
        for length in info.shape[:-1]:
            rows *= length
        if columns % block or not columns or not rows:
            raise self._damaged(f"a tensor of shape {info.shape} cannot be of type {_kind_name(info.kind)}")
        return rows, rows * columns // block * size

    def _string(self, position: int) -> tuple[str, int]:
        (length,) = struct.unpack_from("<Q", self._map, position)
        end = position + 8 + length
        if end > len(self._map):
            raise IndexError(end)
        return str(self._map[position + 8 : end], "utf-8"), end

    def _value(self, kind: int, position: int) -> tuple[Any, int]:
        if kind == _STRING:
            return self._string(position)
        if kind != _ARRAY:
            code = _SCALARS.get(kind)
            if code is None:
                raise self._damaged(f"a value of the unknown type {kind}")
            return struct.unpack_from(f"<{code}", self._map, position)[0], position + struct.calcsize(f"<{code}")
        item, count = struct.unpack_from("<IQ", self._map, position)
        position += 12
        if item in _SCALARS:
            end = position + count * struct.calcsize(f"<{_SCALARS[item]}")
            if end > len(self._map):
                raise IndexError(end)
            return list(struct.unpack_from(f"<{count}{_SCALARS[item]}", self._map, position)), end
        values = []
        for _ in range(count):
            value, position = self._value(item, position)
            values.append(value)
        return values, position

    def _damaged(self, problem: str) -> IntegrityError:
        return IntegrityError(f"{self.path} is truncated or damaged: {problem}; fetch the file again")


def _kind_name(kind: int) -> str:
    from gguf.constants import GGMLQuantizationType

    return str(GGMLQuantizationType(kind).name)
