"""Sorted tables of keys and values, as LevelDB and TensorFlow's checkpoint index store them.

Format: https://github.com/google/leveldb/blob/main/doc/table_format.md. Whatever is no such table is a ValueError.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from dalle_kit.models.tensorflow.crc32c import masked_crc32c
from dalle_kit.models.tensorflow.wire import varint

_FOOTER = 48
_MAGIC = 0xDB4775248B80FB57
_TRAILER = 5  # after each block: how it is compressed, and its checksum


def read_table(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the keys and values of a table in the order of the keys."""
    if len(data) < _FOOTER or int.from_bytes(data[-8:], "little") != _MAGIC:
        raise ValueError("it does not end as a table does")
    position = len(data) - _FOOTER
    for _ in range(2):  # where the index of other things lies, which tables of checkpoints have none of
        _, position = varint(data, position)
    for _, handle in _entries(_block(data, data[position:])):
        yield from _entries(_block(data, handle))


def _block(data: bytes, handle: bytes) -> bytes:
    """Return the contents of the block that a handle, its position and size, points to."""
    start, after = varint(handle, 0)
    size, _ = varint(handle, after)
    end = start + size
    if end + _TRAILER > len(data):
        raise ValueError("a block lies behind its end")
    (checksum,) = struct.unpack_from("<I", data, end + 1)
    if masked_crc32c(data[start : end + 1]) != checksum:
        raise ValueError("a block has another checksum than was stored")
    if data[end] != 0:
        raise ValueError("it is compressed, which checkpoints of TensorFlow 1.2 and later are not")
    return data[start:end]


def _entries(block: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield a block's keys and values; a key is stored as what it does not share with the one before."""
    if len(block) < 4:
        raise ValueError("a block is too short")
    (restarts,) = struct.unpack("<I", block[-4:])
    end = len(block) - 4 - 4 * restarts
    if end < 0:
        raise ValueError("a block is too short")
    key, position = b"", 0
    while position < end:
        shared, position = varint(block, position)
        own, position = varint(block, position)
        size, position = varint(block, position)
        if shared > len(key) or position + own + size > end:
            raise ValueError("an entry of a block does not fit into it")
        key = key[:shared] + block[position : position + own]
        position += own + size
        yield key, block[position - size : position]
