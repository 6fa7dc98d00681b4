"""TensorFlow's checkpoints (version 2, "tensor bundles"): an index, and the tensors in one or several data files.

Format: https://github.com/tensorflow/tensorflow/blob/master/tensorflow/core/protobuf/tensor_bundle.proto. The index is
a sorted table of names and messages; every tensor's bytes have a checksum, which is compared whenever one is read.
"""

from __future__ import annotations

import math
import mmap
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dalle_kit.errors import IntegrityError, ModelError
from dalle_kit.models.tensorflow.crc32c import masked_crc32c
from dalle_kit.models.tensorflow.table import read_table
from dalle_kit.models.tensorflow.wire import bytes_in, fields, number_in

_BFLOAT16 = 14
#: Types of tensors, by their numbers in types.proto, and how they lie in the file.
_TYPES: Mapping[int, str] = {1: "<f4", 2: "<f8", 3: "<i4", 9: "<i8", _BFLOAT16: "<u2", 19: "<f2"}


@dataclass(frozen=True, slots=True)
class TensorInfo:
    """Where a tensor lies: ``kind`` is its type's number, ``parts`` says that it is stored in slices elsewhere."""

    shape: tuple[int, ...]
    kind: int
    shard: int
    start: int
    size: int
    checksum: int
    parts: bool


class Bundle:
    """An open checkpoint, ``prefix`` being its files' common beginning: ``model.ckpt`` for ``model.ckpt.index``.

    Raises IntegrityError where a file is missing, truncated or damaged.
    """

    def __init__(self, prefix: Path) -> None:
        self.prefix = prefix
        self.index = prefix.with_name(f"{prefix.name}.index")
        try:
            entries = dict(read_table(self.index.read_bytes()))
            self._shards = _shard_count(entries.pop(b"", b""))
            self.tensors: Mapping[str, TensorInfo] = {
                name.decode("utf-8"): _tensor_info(message) for name, message in entries.items() if _is_name(name)
            }
        except OSError as error:
            raise ModelError(f"cannot read {self.index}: {error.strerror}") from error
        except ValueError as error:
            raise self._damaged(self.index, str(error)) from error
        self._maps: dict[int, memoryview] = {}

    @property
    def files(self) -> list[Path]:
        """The index and all data files, whether or not they are there."""
        return [self.index, *(self._shard_file(shard) for shard in range(self._shards))]

    def tensor(self, name: str) -> npt.NDArray[np.float32]:
        """Return a tensor as float32, its checksum compared.

        Raises ModelError for one that holds no numbers, or that is stored in slices.
        """
        info = self.tensors[name]
        if info.parts:
            raise ModelError(
                f"{self.index}: {name} is stored in slices (a partitioned variable), which is not supported; "
                "save the checkpoint again without a partitioner"
            )
        kind = _TYPES.get(info.kind)
        if kind is None:
            raise ModelError(f"{self.index}: {name} holds no numbers (its type is {info.kind}), weights are needed")
        file = self._shard_file(info.shard)
        data = self._mapped(info.shard, file)[info.start : info.start + info.size]
        if len(data) != info.size or info.size != math.prod(info.shape) * np.dtype(kind).itemsize:
            raise self._damaged(file, f"{name} should have {info.size} bytes for the shape {info.shape}")
        if masked_crc32c(data) != info.checksum:
            raise self._damaged(file, f"{name} has another checksum than the index says")
        values: npt.NDArray[Any] = np.frombuffer(data, dtype=kind).reshape(info.shape)
        if info.kind == _BFLOAT16:
            return (values.astype(np.uint32) << 16).view(np.float32)
        return values.astype(np.float32, copy=False)

    def _mapped(self, shard: int, file: Path) -> memoryview:
        if shard not in self._maps:
            try:
                with file.open("rb") as opened:
                    self._maps[shard] = memoryview(mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ))
            except FileNotFoundError as error:
                raise self._damaged(file, "it is not there") from error
            except ValueError as error:  # an empty file cannot be mapped
                raise self._damaged(file, "it is empty") from error
            except OSError as error:
                raise self._damaged(file, str(error)) from error
        return self._maps[shard]

    def _shard_file(self, shard: int) -> Path:
        return self.prefix.with_name(f"{self.prefix.name}.data-{shard:05d}-of-{self._shards:05d}")

    @staticmethod
    def _damaged(file: Path, problem: str) -> IntegrityError:
        return IntegrityError(f"{file} is missing, truncated or damaged: {problem}; fetch the checkpoint again")


def _is_name(key: bytes) -> bool:
    """Return whether a key is a tensor's name; those of slices begin with a zero."""
    return not key.startswith(b"\0")


def _shard_count(header: bytes) -> int:
    count, big_endian = 0, 0
    for number, value in fields(header):
        if number == 1:
            count = number_in(value)
        elif number == 2:
            big_endian = number_in(value)
    if big_endian:
        raise ValueError("it was written by a big-endian machine, which is not supported")
    if not 0 < count < 10**5:
        raise ValueError(f"it has {count} data files")
    return count


def _tensor_info(message: bytes) -> TensorInfo:
    kind = shard = start = size = checksum = 0
    shape: tuple[int, ...] = ()
    parts = False
    for number, value in fields(message):
        match number:
            case 1:
                kind = number_in(value)
            case 2:
                shape = _shape(bytes_in(value))
            case 3:
                shard = number_in(value)
            case 4:
                start = number_in(value)
            case 5:
                size = number_in(value)
            case 6:
                checksum = number_in(value)
            case 7:
                parts = True
    return TensorInfo(shape, kind, shard, start, size, checksum, parts)


def _shape(message: bytes) -> tuple[int, ...]:
    lengths = []
    for number, value in fields(message):
        if number == 2:
            parts = dict(fields(bytes_in(value)))
            lengths.append(number_in(parts.get(1, 0)))
    return tuple(lengths)
