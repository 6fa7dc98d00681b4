"""Matrices of packed weights in panels: 16 rows by 32 columns in one block, as the engine's kernels read them.

A matrix (N, K), N a multiple of 16 and K of 32, is one array (N / 16, K / 32, B) of bytes. Each row of a block is a
group of 32 weights with a scale of its own. A block has, in little-endian order,

- 4 bits, B = 320: 16 float16 scales d, one a row; 16 float16 minima m; and 4 vectors of 64 bytes. Vector v holds 16
  uint32, one a row, and bits 4j to 4j + 3 of each are the code of column 8v + j, from 0 to 15.
  A weight is d * code + m, as in GGML's Q4_1.
- 8 bits, B = 544: 16 float16 scales d, one a row, and for each of the 32 columns the int8 codes of the 16 rows.
  A weight is d * code, as in GGML's Q8_0.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

PACKED_FILE = "model.panels.safetensors"
ROWS, GROUP = 16, 32
#: Bytes of a block, by the bits of its codes.
BLOCK_BYTES = {4: 320, 8: 544}

Floats = npt.NDArray[np.float32]
Panels = npt.NDArray[np.uint8]

#: Weights that are dequantised at once: few enough to stay in the processor's cache.
_CHUNK = 2**16


def fits(shape: tuple[int, ...]) -> bool:
    """Return whether a tensor of this shape can be stored in panels."""
    return len(shape) == 2 and all(shape) and shape[0] % ROWS == 0 and shape[1] % GROUP == 0


def panel_shape(shape: tuple[int, int], *, bits: int) -> tuple[int, int, int]:
    """Return the shape (N / 16, K / 32, B) of the panels of a matrix (N, K)."""
    return shape[0] // ROWS, shape[1] // GROUP, BLOCK_BYTES[bits]


def matrix_shape(shape: tuple[int, ...]) -> tuple[int, int]:
    """Return the shape (N, K) of the matrix that panels of this shape hold."""
    return shape[0] * ROWS, shape[1] * GROUP


def bits_of(shape: tuple[int, ...]) -> int | None:
    """Return 4 or 8 for bytes of the shape of panels, None for any other shape."""
    found = {size: bits for bits, size in BLOCK_BYTES.items()}
    return found.get(shape[2]) if len(shape) == 3 else None


def pack4(codes: npt.NDArray[np.uint8], scales: npt.NDArray[Any], minima: npt.NDArray[Any]) -> Panels:
    """Return panels for codes (N, K) from 0 to 15, and scales and minima (N, K / 32) in float16."""
    rows, columns = codes.shape
    panels = np.empty(panel_shape((rows, columns), bits=4), dtype=np.uint8)
    panels[:, :, :32] = _by_block(scales)
    panels[:, :, 32:64] = _by_block(minima)
    pairs = codes[:, 0::2] | codes[:, 1::2] << 4  # (N, K / 2): each byte two neighbours, the first in the low bits
    words = pairs.view("<u4").reshape(rows // ROWS, ROWS, columns // GROUP, 4)
    panels[:, :, 64:].view("<u4").reshape(*panels.shape[:2], 4, ROWS)[:] = words.transpose(0, 2, 3, 1)
    return panels


def pack8(codes: npt.NDArray[np.int8], scales: npt.NDArray[Any]) -> Panels:
    """Return panels for codes (N, K) and scales (N, K / 32) in float16."""
    rows, columns = codes.shape
    panels = np.empty(panel_shape((rows, columns), bits=8), dtype=np.uint8)
    panels[:, :, :32] = _by_block(scales)
    blocks = codes.view(np.uint8).reshape(rows // ROWS, ROWS, columns // GROUP, GROUP)
    panels[:, :, 32:].reshape(*panels.shape[:2], GROUP, ROWS)[:] = blocks.transpose(0, 2, 3, 1)
    return panels


def dequantize(panels: Panels) -> Floats:
    """Return the matrix (N, K) that panels stand for; raises ValueError for bytes of another shape."""
    bits = bits_of(panels.shape)
    if bits is None or panels.dtype != np.uint8:
        raise ValueError(f"an array {panels.shape} of {panels.dtype} holds no panels")
    groups = panels.shape[1]
    weights = np.empty((panels.shape[0], ROWS, groups, GROUP), dtype=np.float32)
    step = max(1, _CHUNK // (ROWS * groups * GROUP))
    decode = _decode4 if bits == 4 else _decode8
    with np.errstate(all="ignore"):  # damaged panels hold anything
        for start in range(0, len(panels), step):
            decode(panels[start : start + step], weights[start : start + step])
    return weights.reshape(matrix_shape(panels.shape))


def _decode4(panels: Panels, weights: Floats) -> None:
    words = panels[:, :, 64:].view("<u4").reshape(*panels.shape[:2], 4, ROWS)
    pairs = np.ascontiguousarray(words.transpose(0, 3, 1, 2)).view(np.uint8)  # (P, 16, G, 16)
    np.copyto(weights[..., 0::2], pairs & 15)
    np.copyto(weights[..., 1::2], pairs >> 4)
    weights *= _by_row(panels[:, :, :32])
    weights += _by_row(panels[:, :, 32:64])


def _decode8(panels: Panels, weights: Floats) -> None:
    codes = panels[:, :, 32:].view(np.int8).reshape(*panels.shape[:2], GROUP, ROWS)
    np.copyto(weights, codes.transpose(0, 3, 1, 2))
    weights *= _by_row(panels[:, :, :32])


def _by_block(values: npt.NDArray[Any]) -> Panels:
    """Return a number for each group (N, G) as the 32 bytes for each block (N / 16, G, 32)."""
    rows, groups = values.shape
    by_block = values.reshape(rows // ROWS, ROWS, groups).transpose(0, 2, 1)
    return np.ascontiguousarray(by_block.astype("<f2", copy=False)).view(np.uint8)


def _by_row(blocks: Panels) -> Floats:
    """Return the numbers (P, 16, G, 1) in the 32 bytes (P, G, 32) of each block."""
    return blocks.view("<f2").astype(np.float32).transpose(0, 2, 1)[..., None]
