"""The weights of a checkpoint folder: as transformers writes them, or packed in panels of 4 and 8 bits.

A folder holds ``model.safetensors`` (or its parts), or ``model.panels.safetensors``, where each matrix that can be is
in panels (see ``panels``) under its own name, and every other tensor as it is, floating-point ones as float32: so all
of an encoder of examples. The name differs so that transformers, which would take the bytes for weights, refuses such a
folder.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy.typing as npt

from dalle_kit.errors import ModelError
from dalle_kit.models import panels
from dalle_kit.models.manifest import way_to_mend
from dalle_kit.models.panels import PACKED_FILE as PACKED_FILE
from dalle_kit.models.spec import Bits
from dalle_kit.models.tensor_file import map_tensors

if TYPE_CHECKING:
    from torch import Tensor


_PART = re.compile(r"model-\d+-of-(\d+)\.safetensors")

#: So begin the names of what an encoder-decoder of ours reads examples with.
_ENCODER = ("encoder.reader.", "encoder.resampler.", "encoder.projection.")


def is_packed(tensor: Tensor) -> bool:
    """Return whether a tensor of a packed file holds panels."""
    import torch

    return tensor.dtype == torch.uint8 and panels.bits_of(tuple(tensor.shape)) is not None


def is_of_encoder(name: str) -> bool:
    """Return whether a tensor is of an encoder of examples, or of what makes memory of them.

    These are never packed: a text's vector is compared with others', and 8 bits change every thirtieth nearest one.
    """
    return name.startswith(_ENCODER)


def dequantize(packed: Tensor) -> Tensor:
    """Return the matrix (N, K), float32, that panels (N / 16, K / 32, B) on the CPU stand for.

    Raises ValueError for a tensor that holds none. In numpy, on one thread: torch's several are no quicker at this,
    and wait for each other where other programs keep the cores busy.
    """
    import torch

    return torch.from_numpy(panels.dequantize(packed.numpy()))


def quant_of(folder: Path) -> Bits | Literal["none"]:
    """Return what a folder's weights are kept in: ``int8`` or ``int4`` where all matrices are packed, else ``none``.

    Tables of vectors may have more bits than the rest, and an encoder of examples is never packed. Raises as
    ``read_weights``, but for a folder without weights.
    """
    if not (folder / PACKED_FILE).is_file():
        return "none"
    headers = list(_headers(folder))
    if any(
        dtype.startswith(("F", "BF")) and panels.fits(shape) and not is_of_encoder(name)
        for name, dtype, shape in headers
    ):
        return "none"
    bits = {panels.bits_of(shape) for _, dtype, shape in headers if dtype == "U8"}
    return "int4" if 4 in bits else "int8" if 8 in bits else "none"


def weight_files(folder: Path) -> list[Path]:
    """Return the safetensors files that hold a folder's weights, none where it has none."""
    for pattern in (PACKED_FILE, "model.safetensors", "model-*-of-*.safetensors"):
        found = sorted(folder.glob(pattern))
        if found:
            return found
    return []


def read_shapes(folder: Path) -> dict[str, tuple[int, ...]]:
    """Return the shape of each weight in a folder, of packed ones that of their matrix; raises as ``read_weights``."""
    return {
        name: panels.matrix_shape(shape) if dtype == "U8" and panels.bits_of(shape) else shape
        for name, dtype, shape in _headers(folder)
    }


def read_weights(folder: Path) -> Iterator[tuple[str, Tensor]]:
    """Return a folder's weights by name: packed ones as float32, others mapped into memory as they lie in the file.

    Raises ModelError where there are none, or where they cannot be read.
    """
    for name, tensor in read_raw(folder):
        yield name, dequantize(tensor) if is_packed(tensor) else tensor


def read_raw(folder: Path) -> Iterator[tuple[str, Tensor]]:
    """Return a folder's tensors by name as they lie in its files, mapped into memory; raises as ``read_weights``."""
    for file in _existing(folder):
        with _opened(file) as tensors:
            for name in tensors.keys():  # the library's object is no mapping
                yield name, tensors.get_tensor(name)


def map_panels(folder: Path) -> dict[str, npt.NDArray[Any]]:
    """Return the tensors of a folder's packed file as ``read_panels`` does, but as arrays: this needs no torch."""
    file = folder / PACKED_FILE
    try:
        return map_tensors(file)
    except (OSError, ValueError) as error:
        raise _unreadable(file, error) from error


def read_panels(folder: Path) -> dict[str, Tensor]:
    """Return the tensors of a folder's packed file as they lie in it, mapped into memory, not copied.

    Raises ModelError where there is no such file, or where it cannot be read.
    """
    if not (folder / PACKED_FILE).is_file():
        raise ModelError(f"{folder} has no packed weights ({PACKED_FILE}); make them with `dalle-kit models optimize`")
    return dict(read_raw(folder))


def _headers(folder: Path) -> Iterator[tuple[str, str, tuple[int, ...]]]:
    """Yield each tensor's name, type (as safetensors calls it) and shape, without reading it."""
    for file in _existing(folder):
        with _opened(file, framework="np") as tensors:
            for name in tensors.keys():  # the library's object is no mapping
                part = tensors.get_slice(name)
                yield name, part.get_dtype(), tuple(part.get_shape())


def _existing(folder: Path) -> list[Path]:
    files = weight_files(folder)
    if not files:
        raise ModelError(f"{folder} has no weights as safetensors (model.safetensors); give a checkpoint that has")
    parts = _PART.fullmatch(files[0].name)
    if parts and int(parts[1]) != len(files):
        raise ModelError(f"{folder} has {len(files)} of its {int(parts[1])} files of weights; {way_to_mend(folder)}")
    return files


@contextmanager
def _opened(file: Path, *, framework: str = "pt") -> Iterator[Any]:
    """Open a safetensors file; what the library finds wrong with it becomes an error of ours."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(file, framework=framework) as tensors:
            yield tensors
    except (OSError, ValueError, SafetensorError) as error:
        raise _unreadable(file, error) from error


def _unreadable(file: Path, error: Exception) -> ModelError:
    reason = " ".join(str(error).split())
    return ModelError(f"the weights {file} cannot be read ({reason:.200}); {way_to_mend(file.parent)}")
