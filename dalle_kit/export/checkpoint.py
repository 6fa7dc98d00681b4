"""Writing a model as a checkpoint of safetensors, which transformers and most other programs load."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy.typing as npt

from dalle_kit.engine.tokenization import read_json
from dalle_kit.errors import OutputError
from dalle_kit.export.folder import copy_companions, filled
from dalle_kit.models import disk
from dalle_kit.models.panels import PACKED_FILE, bits_of, dequantize, matrix_shape
from dalle_kit.models.spec import Progress, StoredModel, silent
from dalle_kit.models.tensor_file import Entry, write_tensors
from dalle_kit.models.weights import map_panels, read_shapes, weight_files


def export_checkpoint(stored: StoredModel, output: Path, *, progress: Progress = silent) -> None:
    """Write a model into a new folder in the layout of transformers, its weights as safetensors.

    Packed weights become the float32 numbers they stand for, those of a ``pytorch_model.bin`` change their container,
    all others are copied bit by bit. Raises OutputError where the folder cannot be written, ModelError where the model
    cannot be read.
    """
    source = Path(stored.path)
    read_json(source / "config.json")
    with filled(output) as folder:
        copy_companions(source, folder)
        if (source / PACKED_FILE).is_file():
            _write_unpacked(source, folder, progress)
        elif files := weight_files(source):
            read_shapes(source)  # what is damaged is no checkpoint of anything
            _check_space(folder, sum(file.stat().st_size for file in files))
            for number, file in enumerate((*files, *source.glob("*.safetensors.index.json"))):
                progress(f"copying {file.name}", number, len(files))
                shutil.copyfile(file, folder / file.name)
        else:
            _rewrite(source, folder)


def _write_unpacked(source: Path, folder: Path, progress: Progress) -> None:
    tensors = map_panels(source)
    entries = [_entry(name, tensor) for name, tensor in tensors.items()]
    _check_space(folder, sum(entry.size for entry in entries))

    def values() -> Iterator[npt.NDArray[Any]]:
        for entry, tensor in zip(entries, tensors.values(), strict=True):
            yield tensor if tensor.shape == entry.shape else dequantize(tensor)

    for done, total in write_tensors(folder / "model.safetensors", entries, values()):
        progress("unpacking", done, total)


def _entry(name: str, tensor: npt.NDArray[Any]) -> Entry:
    if tensor.dtype.name == "uint8" and bits_of(tensor.shape):
        return Entry(name, matrix_shape(tensor.shape), "float32")
    return Entry(name, tensor.shape, tensor.dtype.name)


def _rewrite(source: Path, folder: Path) -> None:
    """Load a checkpoint that holds pickled tensors, without running any code from it, and save it anew."""
    from dalle_kit.export.networks import load_network

    load_network(source, dtype="auto").save_pretrained(folder)


def _check_space(folder: Path, needed: int) -> None:
    free = disk.free_space(folder)
    needed += disk.MARGIN
    if free < needed:
        raise OutputError(
            f"the export takes {disk.megabytes(needed)} and {disk.megabytes(free)} are free in {folder.parent}; make "
            "room there, or give a folder on another disk"
        )
