"""The checksum of checkpoints."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dalle_kit.models.tensorflow.crc32c import crc32c, masked_crc32c


@pytest.mark.parametrize(
    ("data", "checksum"),
    [
        (b"", 0),
        (b"123456789", 0xE3069283),
        (bytes(32), 0x8A9136AA),
        (b"\xff" * 32, 0x62A8AB43),
        (bytes(range(32)), 0x46DD794E),
        (bytes(range(31, -1, -1)), 0x113FDB5C),
    ],
)
def test_published_examples_come_out(data: bytes, checksum: int) -> None:
    """RFC 3720, appendix B.4."""
    assert crc32c(data) == checksum


def test_the_mask_is_leveldb_s() -> None:
    crc = 0xE3069283
    assert masked_crc32c(b"123456789") == ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def bitwise(data: bytes) -> int:
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


@given(st.binary(max_size=300))
def test_any_bytes_have_the_checksum_of_the_definition(data: bytes) -> None:
    assert crc32c(data) == bitwise(data)


@pytest.mark.parametrize("size", [2**18 - 4, 2**18, 2**18 + 5, 3 * 2**18 + 1])
def test_blocks_are_folded_right_at_their_edges(size: int) -> None:
    """Twice the same half is advanced as often as zeros would be: checked by the checksum's own linearity."""
    data = bytes(byte * 31 % 251 for byte in range(256)) * (size // 256) + bytes(size % 256)
    assert crc32c(data) == crc32c(memoryview(data))
    changed = bytearray(data)
    changed[size // 2] ^= 1
    zeros = bytearray(size)
    zeros[size // 2] ^= 1
    assert crc32c(data) ^ crc32c(bytes(changed)) == crc32c(bytes(size)) ^ crc32c(bytes(zeros))
    assert crc32c(bytes(zeros)) != crc32c(bytes(size))
