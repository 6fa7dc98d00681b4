"""GGML's blocks of 32 weights as panels, to the bit: the same codes, scales and minima in another order.

The types are described in https://github.com/ggml-org/ggml/blob/master/src/ggml-common.h.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dalle_kit.models.panels import GROUP, Panels, pack4, pack8

_Bytes = npt.NDArray[np.uint8]
_Q4_0, _Q4_1, _Q8_0 = 2, 3, 8
_MIDDLE = np.float16(-8)  # of Q4_0's codes: a weight is d * (code - 8)


@dataclass(frozen=True, slots=True)
class _Kind:
    """A type of GGML's: bits of a code, bytes of a block, and how blocks (N, G, bytes) become panels."""

    bits: int
    size: int
    pack: Callable[[_Bytes], Panels]


def packed_bits(kind: int) -> int | None:
    """Return the bits of the panels that blocks of a GGML type can be exactly, None for other types."""
    found = _KINDS.get(kind)
    return found.bits if found else None


def blocks_to_panels(rows: _Bytes, kind: int) -> Panels:
    """Return panels for a matrix's rows of blocks (N, bytes) of a type that ``packed_bits`` knows."""
    return _KINDS[kind].pack(rows.reshape(len(rows), -1, _KINDS[kind].size))


def _from_q4_0(blocks: _Bytes) -> Panels:
    scales = _halves(blocks, 0)
    return pack4(_nibbles(blocks[:, :, 2:]), scales, scales * _MIDDLE)


def _from_q4_1(blocks: _Bytes) -> Panels:
    return pack4(_nibbles(blocks[:, :, 4:]), _halves(blocks, 0), _halves(blocks, 2))


def _from_q8_0(blocks: _Bytes) -> Panels:
    codes = np.ascontiguousarray(blocks[:, :, 2:]).view(np.int8)
    return pack8(codes.reshape(len(blocks), -1), _halves(blocks, 0))


_KINDS: Mapping[int, _Kind] = {
    _Q4_0: _Kind(4, 18, _from_q4_0),
    _Q4_1: _Kind(4, 20, _from_q4_1),
    _Q8_0: _Kind(8, 34, _from_q8_0),
}


def _halves(blocks: _Bytes, start: int) -> npt.NDArray[np.float16]:
    """Return the float16 that begins at a byte of each block (N, G)."""
    return np.ascontiguousarray(blocks[:, :, start : start + 2]).view("<f2")[..., 0]


def _nibbles(packed: _Bytes) -> _Bytes:
    """Return codes (N, K) from bytes (N, G, 16): their low halves are 16 neighbours, their high halves the next."""
    codes = np.empty((*packed.shape[:2], GROUP), dtype=np.uint8)
    np.bitwise_and(packed, 15, out=codes[:, :, :16])
    np.right_shift(packed, 4, out=codes[:, :, 16:])
    return codes.reshape(len(codes), -1)
