"""Rounding a matrix to panels of 4 or 8 bits: the nearest codes under a scale for each group of 32 weights."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from dalle_kit.models import panels
from dalle_kit.models.panels import GROUP, Floats

_LARGEST4, _LARGEST8 = 15, 127
_TINY, _HUGE = np.finfo(np.float32).tiny, float(np.finfo(np.float16).max)


def quantize8(weight: Tensor) -> Tensor:
    """Return panels of 8 bits for a matrix (N, K), N a multiple of 16 and K of 32; nothing is off by half a scale."""
    groups = _groups(weight)  # (N, G, 32)
    # Rounding a scale to float16 moves the largest code to 127.06 at most, which still rounds to 127.
    scales = _half(np.abs(groups).max(axis=2) / _LARGEST8)
    codes = np.rint(groups / _divisors(scales)).clip(-_LARGEST8, _LARGEST8).astype(np.int8)
    return torch.from_numpy(panels.pack8(codes.reshape(weight.shape), scales))


def quantize4(weight: Tensor) -> Tensor:
    """Return panels of 4 bits for a matrix (N, K), N a multiple of 16 and K of 32: evenly from least to largest."""
    groups = _groups(weight)
    low, high = groups.min(axis=2), groups.max(axis=2)
    minima = _half(low)
    scales = _half((high - minima.astype(np.float32)) / _LARGEST4)
    steps = (groups - minima.astype(np.float32)[..., None]) / _divisors(scales)
    codes = np.rint(steps).clip(0, _LARGEST4).astype(np.uint8)
    return torch.from_numpy(panels.pack4(codes.reshape(weight.shape), scales, minima))


def _groups(weight: Tensor) -> Floats:
    return weight.detach().to(device="cpu", dtype=torch.float32).contiguous().numpy().reshape(len(weight), -1, GROUP)


def _half(values: Floats) -> np.ndarray[tuple[int, ...], np.dtype[np.float16]]:
    return values.clip(-_HUGE, _HUGE).astype(np.float16)


def _divisors(scales: np.ndarray[tuple[int, ...], np.dtype[np.float16]]) -> Floats:
    """Return scales (N, G) as float32 (N, G, 1); what is divided by a scale of 0 becomes the code 0 of its group."""
    divisors = scales.astype(np.float32)
    return np.where(divisors == 0, np.float32(np.inf), divisors)[..., None]
