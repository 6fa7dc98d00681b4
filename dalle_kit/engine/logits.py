"""Logits as models give them: a tensor, or an array of numpy from the model that is computed without torch.

Importing torch takes longer than all the rest of a start, so that it is left to what needs it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from torch import Tensor

Array: TypeAlias = npt.NDArray[np.float32]
Logits: TypeAlias = "Tensor | Array"


def as_tensor(logits: Logits) -> Tensor:
    """Return logits as a tensor, on the same memory where they are an array."""
    import torch

    return torch.from_numpy(logits) if isinstance(logits, np.ndarray) else logits


def as_array(logits: Logits) -> Array | None:
    """Return logits as an array on the same memory, None where they are on another device than the CPU."""
    if isinstance(logits, np.ndarray):
        return logits
    return logits.numpy() if logits.device.type == "cpu" else None


def fetch(logits: Logits) -> Array:
    """Return logits as an array, copied where they are on another device than the CPU."""
    if isinstance(logits, np.ndarray):
        return logits
    array: Array = logits.numpy(force=True)
    return array
