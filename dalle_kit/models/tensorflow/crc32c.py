"""CRC-32C (Castagnoli, RFC 3720 appendix B.4) of large arrays, in numpy: about a gigabyte a second.

The checksum of a message is linear: a message can be folded onto itself, its first half advanced by the length of the
other one and added to that. So whole blocks are folded at once, and the last block is halved until a word is left.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

_POLYNOMIAL = 0x82F63B78  # bits in reverse, as the checksum is computed
_WORDS = 2**16  # of 32 bits in a block, at most
_ONES = 0xFFFFFFFF
_MASK_DELTA = 0xA282EAD8

_Words = npt.NDArray[np.uint32]
#: What a register becomes after a number of zero bits: for its lower and its upper 16 bits.
_Tables = tuple[_Words, _Words]


def masked_crc32c(data: bytes | memoryview) -> int:
    """Return the checksum as TensorFlow and LevelDB store it, rotated and shifted by a constant."""
    crc = crc32c(data)
    return (((crc >> 15) | (crc << 17)) + _MASK_DELTA) & _ONES


def crc32c(data: bytes | memoryview) -> int:
    """Return the checksum of some bytes."""
    view = memoryview(data).cast("B")
    if len(view) < 4:
        return _bytewise(view, _ONES) ^ _ONES
    head = int.from_bytes(view[:4], "little") ^ _ONES  # the register's first value, added to the message
    body = view[4 : len(view) & ~3]
    crc = _advance_once(_fold(head, np.frombuffer(body, dtype="<u4")))
    return _bytewise(view[len(view) & ~3 :], crc) ^ _ONES


def _fold(head: int, words: _Words) -> int:
    """Return the one word that a message of ``head`` and ``words`` comes to."""
    count = 1 + len(words)
    size = min(_WORDS, 1 << (count - 1).bit_length())
    first = count % size or size
    state = np.zeros(size, dtype=np.uint32)  # zeros in front change nothing
    state[size - first] = head
    state[size - first + 1 :] = words[: first - 1]
    rest = words[first - 1 :].reshape(-1, size)
    if len(rest):
        tables = _tables(32 * size)
        for block in rest:
            state = _advance(state, tables) ^ block
    while len(state) > 1:
        half = len(state) // 2
        state = _advance(state[:half], _tables(32 * half)) ^ state[half:]
    return int(state[0])


def _advance(state: _Words, tables: _Tables) -> _Words:
    low, high = tables
    advanced: _Words = low[state & 0xFFFF] ^ high[state >> 16]
    return advanced


def _advance_once(word: int) -> int:
    return int(_advance(np.array([word], dtype=np.uint32), _tables(32))[0])


def _bytewise(data: memoryview, crc: int) -> int:
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (_POLYNOMIAL if crc & 1 else 0)
    return crc


@cache
def _tables(bits: int) -> _Tables:
    images = _images(bits)
    low, high = np.zeros(1, dtype=np.uint32), np.zeros(1, dtype=np.uint32)
    for bit in range(16):
        low = np.concatenate([low, low ^ np.uint32(images[bit])])
        high = np.concatenate([high, high ^ np.uint32(images[16 + bit])])
    return low, high


@cache
def _images(bits: int) -> tuple[int, ...]:
    """Return what each bit of the register becomes after a number of zero bits, a power of two."""
    if bits == 1:
        return (_POLYNOMIAL, *(1 << bit for bit in range(31)))
    half = _images(bits // 2)
    return tuple(_combined(half, image) for image in half)


def _combined(images: tuple[int, ...], word: int) -> int:
    result = 0
    for bit in range(32):
        if word >> bit & 1:
            result ^= images[bit]
    return result
