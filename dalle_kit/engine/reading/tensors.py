"""The tensors of a checkpoint as numpy reads them: mapped into memory where they are float32, unpacked where packed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dalle_kit.engine.logits import Array
from dalle_kit.models import panels
from dalle_kit.models.tensor_file import map_tensors
from dalle_kit.models.weights import weight_files

#: What is computed with is float32; only such types become it without a loss.
_FLOATS = (np.dtype(np.float32), np.dtype(np.float16))

Shape = tuple[int, ...]


def map_floats(folder: Path) -> dict[str, npt.NDArray[Any]] | None:
    """Return the tensors of a folder that keeps them in one file, mapped; None for others, or one that is damaged."""
    files = weight_files(folder)
    if len(files) != 1:
        return None
    try:
        return map_tensors(files[0])
    except (OSError, ValueError):
        return None


def take(tensors: Mapping[str, npt.NDArray[Any]], shapes: Mapping[str, Shape]) -> dict[str, Array] | None:
    """Return the tensors of these names as float32, None where one lacks, or is of another shape or no float."""
    taken = {}
    for name, shape in shapes.items():
        tensor = tensors.get(name)
        if tensor is not None and tensor.dtype == np.uint8 and panels.bits_of(tensor.shape) is not None:
            tensor = panels.dequantize(tensor)
        if tensor is None or tensor.dtype not in _FLOATS or tensor.shape != shape:
            return None
        taken[name] = tensor.astype(np.float32, copy=False)
    return taken
