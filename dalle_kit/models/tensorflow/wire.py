"""The encoding of protocol buffers: varints, and messages as lists of numbered fields.

Format: https://protobuf.dev/programming-guides/encoding/. Whatever is not encoded so is a ValueError.
"""

from __future__ import annotations

from collections.abc import Iterator

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_LONGEST = 10  # bytes of a varint


def varint(data: bytes, position: int) -> tuple[int, int]:
    """Return the number at a position, and the position after it."""
    number = 0
    for count in range(_LONGEST):
        if position + count >= len(data):
            raise ValueError("it ends in the middle of a number")
        byte = data[position + count]
        number |= (byte & 0x7F) << 7 * count
        if byte < 0x80:
            return number, position + count + 1
    raise ValueError("a number is too long")


def fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Yield the fields of a message: their numbers, and their values as whole numbers or bytes."""
    position = 0
    while position < len(message):
        key, position = varint(message, position)
        number, kind = key >> 3, key & 7
        if kind == _VARINT:
            value, position = varint(message, position)
            yield number, value
            continue
        if kind == _BYTES:
            size, position = varint(message, position)
        elif kind in (_FIXED32, _FIXED64):
            size = 4 if kind == _FIXED32 else 8
        else:
            raise ValueError(f"a field of the unknown kind {kind}")
        piece = message[position : position + size]
        if len(piece) != size:
            raise ValueError("it ends in the middle of a field")
        position += size
        yield number, piece if kind == _BYTES else int.from_bytes(piece, "little")


def number_in(value: int | bytes) -> int:
    """Return a field's value that has to be a number."""
    if isinstance(value, bytes):
        raise ValueError("a text where a number belongs")
    return value


def bytes_in(value: int | bytes) -> bytes:
    """Return a field's value that has to be bytes."""
    if isinstance(value, int):
        raise ValueError("a number where a text belongs")
    return value
