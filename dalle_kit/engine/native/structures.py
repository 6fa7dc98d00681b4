"""The structures of ``step.c``, field by field."""

from __future__ import annotations

import ctypes
from ctypes import c_float, c_int32, c_void_p
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt


class MatrixC(ctypes.Structure):
    """Matrix: panels of 4 or 8 bits."""

    _fields_: ClassVar = [
        ("blocks", c_void_p),
        ("bias", c_void_p),
        ("rows", c_int32),
        ("columns", c_int32),
        ("bits", c_int32),
    ]


class LayerC(ctypes.Structure):
    """Layer: one block's weights."""

    _fields_: ClassVar = [
        ("norm_attention", c_void_p),
        *((name, MatrixC) for name in ("q", "k", "v", "out")),
        ("norm_mlp", c_void_p),
        *((name, MatrixC) for name in ("gate", "up", "down")),
    ]


class ModelC(ctypes.Structure):
    """Model: sizes and weights."""

    _fields_: ClassVar = [
        *((name, c_int32) for name in ("layers", "width", "heads", "kv_heads", "head_width", "inner")),
        ("epsilon", c_float),
        ("frequencies", c_void_p),
        ("norm", c_void_p),
        ("embedding", MatrixC),
        ("head", MatrixC),
        ("each", c_void_p),
    ]


class BatchC(ctypes.Structure):
    """Batch: the tokens of a step, and where its results go."""

    _fields_: ClassVar = [
        ("count", c_int32),
        ("outputs", c_int32),
        *((name, c_void_p) for name in ("tokens", "positions", "first_pages", "pages", "wanted", "logits", "states")),
        *((name, c_void_p) for name in ("vectors", "added", "steering", "after")),
    ]


def address(array: npt.NDArray[Any], dtype: type[np.generic]) -> int:
    """Return where an array's numbers lie; C reads them as they are. Raises ValueError for numbers of another type."""
    if array.dtype != dtype or not array.flags.c_contiguous:
        raise ValueError(f"numbers of {array.dtype} are not {dtype.__name__} one after another")
    return int(array.ctypes.data)
