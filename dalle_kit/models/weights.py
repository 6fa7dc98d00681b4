"""The weights of a checkpoint folder: as transformers writes them, or in 8 bit with a scale for each group.

A folder holds ``model.safetensors`` (or its parts), or ``model.int8.safetensors`` in a layout of ours, a quarter of the
size. The name differs so that transformers, which would take the codes for weights, refuses such a folder. A matrix
``NAME`` (O, I) with I a multiple of 32 is two tensors there:

- ``NAME``: int8 codes (O, I), from -127 to 127, symmetric around zero;
- ``NAME_scale``: bfloat16 (O, I / 32), one for each 32 neighbours in a row, the groups of GGML's Q8_0.

A weight is its code times its scale; every other tensor is stored as it is. They are dequantised when they are loaded.
Kernels that compute on codes would want what lies here: int8 ones rows of codes and, where they know no groups, one
scale a row (requantise the row by the largest of its scales); int4 ones with groups of 32 want bfloat16 scales of this
very shape and codes from -7 to 7, two to a byte (the largest weight of a group divided by 7 instead of 127).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from dalle_kit.errors import ModelError

PACKED_FILE = "model.int8.safetensors"
GROUP = 32
_SCALE = "_scale"
_LARGEST = 127
#: Groups that are dequantised at once: few enough to stay in the processor's cache.
_BLOCK = 4096


def quantize(weight: Tensor) -> tuple[Tensor, Tensor]:
    """Return codes (O, I) and scales (O, I / 32) for a matrix (O, I); no weight is off by more than half a scale."""
    groups = weight.float().reshape(len(weight), -1, GROUP)  # (O, G, 32)
    # Rounding a scale to bfloat16 moves the largest code to 127.25 at most, which still rounds to 127.
    scales = (groups.abs().amax(dim=2) / _LARGEST).bfloat16()
    divisors = scales.float().clamp_min(torch.finfo(torch.float32).tiny)[:, :, None]
    codes = (groups / divisors).round().clamp(-_LARGEST, _LARGEST).to(torch.int8)
    return codes.flatten(1), scales


def dequantize(codes: Tensor, scales: Tensor) -> Tensor:
    """Return the matrix (O, I), float32, that codes (O, I) and scales (O, I / 32) stand for; all are on the CPU.

    Raises ValueError where the shapes do not fit. In numpy, on one thread: torch's several are no quicker at this,
    and wait for each other where other programs keep the cores busy.
    """
    if (*codes.shape[:-1], codes.shape[-1] // GROUP) != tuple(scales.shape) or codes.dtype != torch.int8:
        raise ValueError(f"codes {tuple(codes.shape)} have scales {tuple(scales.shape)}")
    weight = np.empty(codes.shape, dtype=np.float32)
    parts = weight.reshape(-1, GROUP), codes.numpy().reshape(-1, GROUP), scales.float().numpy().reshape(-1, 1)
    for start in range(0, len(parts[0]), _BLOCK):
        out, part, scale = (each[start : start + _BLOCK] for each in parts)
        out[:] = part
        out *= scale
    return torch.from_numpy(weight)


def pack(weights: Iterator[tuple[str, Tensor]]) -> Iterator[tuple[str, Tensor]]:
    """Return the tensors to store for weights: codes and scales of matrices with whole groups, others as they are."""
    for name, weight in weights:
        if _is_packed(tuple(weight.shape)) and weight.is_floating_point():
            codes, scales = quantize(weight)
            yield name, codes
            yield name + _SCALE, scales
        else:
            yield name, weight.contiguous()


def packed_size(shapes: Mapping[str, tuple[int, ...]]) -> int:
    """Return about how many bytes weights of these shapes take when they are packed; others count as float32."""
    total = 0
    for shape in shapes.values():
        count = int(np.prod(shape))
        total += count + 2 * count // GROUP if _is_packed(shape) else 4 * count
    return total


def weight_files(folder: Path) -> list[Path]:
    """Return the safetensors files that hold a folder's weights, none where it has none."""
    for pattern in (PACKED_FILE, "model.safetensors", "model-*-of-*.safetensors"):
        found = sorted(folder.glob(pattern))
        if found:
            return found
    return []


def read_shapes(folder: Path) -> dict[str, tuple[int, ...]]:
    """Return the shape of each weight in a folder; raises as ``read_weights``."""
    shapes: dict[str, tuple[int, ...]] = {}
    for file in _existing(folder):
        with _opened(file) as tensors:
            shapes |= {name: tuple(tensors.get_slice(name).get_shape()) for name in _names(tensors, file)}
    return shapes


def read_weights(folder: Path) -> Iterator[tuple[str, Tensor]]:
    """Return a folder's weights by name: packed ones as float32, others mapped into memory as they lie in the file.

    Raises ModelError where there are none, or where they cannot be read.
    """
    for file in _existing(folder):
        with _opened(file) as tensors:
            names = _names(tensors, file)
            packed = set(tensors.keys()) - set(names)
            for name in names:
                weight = tensors.get_tensor(name)
                if name + _SCALE in packed:
                    weight = dequantize(weight, tensors.get_tensor(name + _SCALE))
                yield name, weight


def _existing(folder: Path) -> list[Path]:
    files = weight_files(folder)
    if not files:
        raise ModelError(f"{folder} has no weights as safetensors (model.safetensors); give a checkpoint that has")
    return files


@contextmanager
def _opened(file: Path) -> Iterator[Any]:
    """Open a safetensors file; what the library finds wrong with it becomes an error of ours."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(file, framework="pt") as tensors:
            yield tensors
    except (OSError, ValueError, SafetensorError) as error:
        reason = " ".join(str(error).split())
        raise ModelError(
            f"the weights {file} cannot be read ({reason:.200}); remove and pull the model again"
        ) from error


def _names(tensors: Any, file: Path) -> list[str]:
    """Return the names of the weights in an open file, without those of scales."""
    names = list(tensors.keys())
    if file.name != PACKED_FILE:
        return names
    found = set(names)
    return [name for name in names if not (name.endswith(_SCALE) and name.removesuffix(_SCALE) in found)]


def _is_packed(shape: tuple[int, ...]) -> bool:
    return len(shape) == 2 and shape[1] % GROUP == 0
