"""Converting a GGUF file into a checkpoint folder in the layout of transformers, once, when it is fetched."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dalle_kit.errors import IntegrityError
from dalle_kit.models.gguf_blocks import blocks_to_panels, packed_bits
from dalle_kit.models.gguf_layout import Weight, end_tokens, layout_of
from dalle_kit.models.gguf_reader import GgufFile
from dalle_kit.models.gguf_tokenizer import tokenizer_of
from dalle_kit.models.panels import PACKED_FILE, fits, panel_shape
from dalle_kit.models.spec import Progress, silent
from dalle_kit.models.tensor_file import Entry, write_tensors


@dataclass(frozen=True, slots=True)
class Summary:
    """What is known before converting: ``size`` in bytes of the converted weights, and the licence the file states."""

    size: int
    licence: str


def summary_of(path: Path) -> Summary:
    """Return a GGUF file's converted size and licence; raises ModelError if it is no whole GGUF file."""
    with GgufFile(path) as file, _sensible(path):
        size = sum(_entry(file, weight).size for weight in layout_of(file).weights)
        return Summary(size, str(file.metadata.get("general.license", "unknown")))


def convert(path: Path, folder: Path, *, progress: Progress = silent) -> None:
    """Write a GGUF file into an existing folder: safetensors, configuration, tokenizer, chat template.

    The types Q4_0, Q4_1 and Q8_0 are kept to the bit, in panels; others become float32. Progress is in
    bytes written. Raises ModelError where the file's architecture, tensor types or tokenizer are not supported, and
    IntegrityError where it is damaged; OSError is left to the caller.
    """
    with GgufFile(path) as file, _sensible(path):
        layout = layout_of(file)
        tokenizer, settings = tokenizer_of(file)
        generation = {
            "bos_token_id": layout.config["bos_token_id"],
            "eos_token_id": end_tokens(file),
            "pad_token_id": layout.config["pad_token_id"],
        }
        _write_json(folder / "config.json", layout.config)
        _write_json(folder / "generation_config.json", generation)
        _write_json(folder / "tokenizer_config.json", settings)
        (folder / "tokenizer.json").write_text(tokenizer.to_str(), encoding="utf-8")
        _write_weights(file, layout.weights, folder, progress)


@contextmanager
def _sensible(path: Path) -> Iterator[None]:
    """Turn what goes wrong with metadata of another type than it must be, or out of all bounds, into one error."""
    try:
        yield
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        raise IntegrityError(
            f"{path} is damaged: its metadata makes no sense ({reason:.200}); fetch the file again"
        ) from error


def _write_weights(file: GgufFile, weights: tuple[Weight, ...], folder: Path, progress: Progress) -> None:
    """Write the weights tensor by tensor; a file with nothing in panels is one that transformers can read."""
    entries = [_entry(file, weight) for weight in weights]
    name = PACKED_FILE if any(entry.dtype == "uint8" for entry in entries) else "model.safetensors"
    values = (_value(file, weight, entry) for weight, entry in zip(weights, entries, strict=True))
    for done, total in write_tensors(folder / name, entries, values):
        progress("converting", done, total)


def _entry(file: GgufFile, weight: Weight) -> Entry:
    """Return how a weight is stored: in panels where the file's blocks are such panels in another order."""
    shape = file.tensors[weight.source].shape
    bits = packed_bits(file.tensors[weight.source].kind)
    if bits and fits(shape) and not weight.transpose:
        return Entry(weight.name, panel_shape((shape[0], shape[1]), bits=bits), "uint8")
    return Entry(weight.name, tuple(reversed(shape)) if weight.transpose else shape, "float32")


def _value(file: GgufFile, weight: Weight, entry: Entry) -> npt.NDArray[Any]:
    packed = entry.dtype == "uint8"
    rows: npt.NDArray[Any] = file.blocks(weight.source) if packed else file.tensor(weight.source)
    if weight.heads:  # of each head, all first halves of the rotary pairs, then all second ones
        order = np.arange(len(rows)).reshape(weight.heads, -1, 2).swapaxes(1, 2).reshape(-1)
        rows = rows[order]
    if packed:
        return blocks_to_panels(rows, file.tensors[weight.source].kind)
    return rows.T if weight.transpose else rows


def _write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
