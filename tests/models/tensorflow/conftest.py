"""Checkpoints as TensorFlow writes them: real ones, small, and a writer for ones that it would not write."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

#: Made by reference.py with TensorFlow 2.21.
STORED = Path(__file__).parent / "data"
KINDS = ("gpt2", "bert", "t5", "t5-1.1")


@pytest.fixture(scope="session", params=["stored", "written now"])
def references(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a checkpoint of each kind: those kept here, and ones that TensorFlow writes at this moment.

    TENSORFLOW_PYTHON names an interpreter that has tensorflow and sentencepiece.
    """
    if request.param == "stored":
        return STORED
    python = os.environ.get("TENSORFLOW_PYTHON")
    if python is None:
        pytest.skip("TENSORFLOW_PYTHON names no Python that has TensorFlow")
    folder = tmp_path_factory.mktemp("tensorflow")
    script = Path(__file__).parent / "reference.py"
    subprocess.run([python, "-W", "ignore", str(script), str(folder)], check=True, timeout=300)
    return folder


@pytest.fixture
def checkpoint(tmp_path: Path) -> Callable[[str], Path]:
    """Copy a stored checkpoint, to be changed."""

    def copy(kind: str) -> Path:
        return Path(shutil.copytree(STORED / kind, tmp_path / kind))

    return copy


def number(value: int) -> bytes:
    """A varint."""
    low = bytearray()
    while value > 0x7F:
        low.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*low, value])


def field(tag: int, value: int | bytes) -> bytes:
    if isinstance(value, int):
        return number(tag << 3) + number(value)
    return number(tag << 3 | 2) + number(len(value)) + value


def slow_crc32c(data: bytes) -> int:
    """The checksum, bit by bit."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def masked(data: bytes) -> int:
    crc = slow_crc32c(data)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def table(entries: Mapping[bytes, bytes]) -> bytes:
    """A sorted table of one block."""
    output = bytearray()

    def block(pairs: list[tuple[bytes, bytes]]) -> bytes:
        body = bytearray()
        last = b""
        for key, value in pairs:
            shared = next((at for at, pair in enumerate(zip(last, key, strict=False)) if len({*pair}) > 1), len(last))
            body += number(shared) + number(len(key) - shared) + number(len(value)) + key[shared:] + value
            last = key
        body += struct.pack("<II", 0, 1)
        handle = number(len(output)) + number(len(body))
        output.extend(body + b"\0" + struct.pack("<I", masked(bytes(body) + b"\0")))
        return handle

    data = block(sorted(entries.items()))
    meta = block([])
    index = block([(max(entries), data)])
    footer = meta + index
    return bytes(output) + footer + b"\0" * (40 - len(footer)) + struct.pack("<Q", 0xDB4775248B80FB57)


TYPES = {"float32": 1, "float64": 2, "int32": 3, "int64": 9, "float16": 19}


def write(
    prefix: Path,
    tensors: Mapping[str, Any],
    *,
    shards: int = 1,
    kinds: Mapping[str, int] | None = None,
    extra: Mapping[str, bytes] | None = None,
) -> None:
    """Write a checkpoint; ``kinds`` are types' numbers where they are not the array's, ``extra`` ends its entry."""
    data = [bytearray() for _ in range(shards)]
    entries = {b"": field(1, shards) + field(3, field(1, 1))}
    for count, (name, value) in enumerate(sorted(tensors.items())):
        array = np.asarray(value)
        raw, shard = array.tobytes(), count % shards
        shape = b"".join(field(2, field(1, length)) for length in array.shape)
        message = field(1, (kinds or {}).get(name, TYPES.get(array.dtype.name, 0))) + field(2, shape) + field(3, shard)
        message += field(4, len(data[shard])) + field(5, len(raw)) + number(6 << 3 | 5) + struct.pack("<I", masked(raw))
        entries[name.encode()] = message + (extra or {}).get(name, b"")
        data[shard] += raw
    prefix.with_name(f"{prefix.name}.index").write_bytes(table(entries))
    for shard, content in enumerate(data):
        prefix.with_name(f"{prefix.name}.data-{shard:05d}-of-{shards:05d}").write_bytes(bytes(content))


@pytest.fixture
def write_bundle() -> Callable[..., None]:
    return write
