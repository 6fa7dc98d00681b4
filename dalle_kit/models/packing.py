"""Writing a checkpoint's weights into a packed file, each matrix in panels of so many bits."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy.typing as npt
import torch
from torch import Tensor

from dalle_kit.errors import ModelError
from dalle_kit.models import disk, panels
from dalle_kit.models.panels import PACKED_FILE
from dalle_kit.models.quantization import quantize4, quantize8
from dalle_kit.models.spec import Bits, Progress
from dalle_kit.models.tensor_file import Entry, write_tensors
from dalle_kit.models.weights import dequantize, is_of_encoder, is_packed, read_raw

#: Tables of vectors and heads keep 8 bits: a token's vector is read alone, so that its errors do not cancel.
_TABLE = re.compile(r"embed|wte|wpe|lm_head|shared|position")

#: A checkpoint's tensors by name, as often as it is called, always in the same order.
Tensors = Callable[[], Iterable[tuple[str, Tensor]]]


def write_packed(
    source: Path,
    target: Path,
    *,
    bits: Bits,
    name: str,
    stage: str,
    progress: Progress,
    change: Callable[[str, Tensor], Tensor] = lambda _, weight: weight,
) -> None:
    """Write the weights of the checkpoint ``source`` into the packed file of the folder ``target``.

    ``change`` is given each weight's name and value and returns the value to store; what it leaves alone and is in
    panels of the right bits stays as it is. ``name`` is what errors call the model, ``stage`` what progress says.
    Raises ModelError for weights that cannot be read, and DiskSpaceError; other OSErrors are left to the caller.
    """
    tensors = partial(read_raw, source)
    write_tensors_packed(tensors, target, bits=bits, name=name, stage=stage, progress=progress, change=change)


def write_tensors_packed(
    tensors: Tensors,
    target: Path,
    *,
    bits: Bits,
    name: str,
    stage: str,
    progress: Progress,
    change: Callable[[str, Tensor], Tensor],
) -> None:
    """Write tensors into the packed file of a folder, as ``write_packed`` does with those of a checkpoint."""
    entries = [_entry(key, tensor, bits) for key, tensor in tensors()]
    disk.check_space(target, sum(entry.size for entry in entries), name)

    def values() -> Iterator[npt.NDArray[Any]]:
        for entry, (key, tensor) in zip(entries, tensors(), strict=True):
            yield _stored(key, tensor, entry, change).numpy()

    progress(stage, 0, None)
    for done, total in write_tensors(target / PACKED_FILE, entries, values()):
        progress(stage, done, total)


def _entry(name: str, tensor: Tensor, bits: Bits) -> Entry:
    packed = is_packed(tensor)
    shape = panels.matrix_shape(tuple(tensor.shape)) if packed else tuple(tensor.shape)
    if not is_of_encoder(name) and (packed or (tensor.is_floating_point() and panels.fits(shape))):
        count = 8 if bits == "int8" or _TABLE.search(name) else 4
        return Entry(name, panels.panel_shape((shape[0], shape[1]), bits=count), "uint8")
    dtype = torch.float32 if packed or tensor.is_floating_point() else tensor.dtype
    return Entry(name, shape, str(dtype).removeprefix("torch."))


def _stored(name: str, tensor: Tensor, entry: Entry, change: Callable[[str, Tensor], Tensor]) -> Tensor:
    """Return what is stored for a weight."""
    weight = dequantize(tensor) if is_packed(tensor) else tensor
    changed = change(name, weight)
    bits = panels.bits_of(entry.shape) if entry.dtype == "uint8" else None
    if bits is None:
        return changed.float() if changed.is_floating_point() else changed
    if changed is weight and tuple(tensor.shape) == entry.shape:
        return tensor
    if not bool(torch.isfinite(changed).all()):
        raise ModelError(f"the weight {name} holds what is no number: the model is damaged; copy or save it anew")
    return quantize4(changed) if bits == 4 else quantize8(changed)
