"""Converting a GGUF file into a checkpoint folder in the layout of transformers, once, when it is fetched."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dalle_kit.models.gguf_layout import Weight, end_tokens, layout_of
from dalle_kit.models.gguf_reader import GgufFile
from dalle_kit.models.gguf_tokenizer import tokenizer_of
from dalle_kit.models.spec import Progress, silent


@dataclass(frozen=True, slots=True)
class Summary:
    """What is known before converting: ``size`` in bytes of the converted weights, and the licence the file states."""

    size: int
    licence: str


def summary_of(path: Path) -> Summary:
    """Return a GGUF file's converted size and licence; raises ModelError if it is no whole GGUF file."""
    with GgufFile(path) as file:
        size = 4 * sum(_count(info.shape) for info in file.tensors.values())
        return Summary(size, str(file.metadata.get("general.license", "unknown")))


def convert(path: Path, folder: Path, *, progress: Progress = silent) -> None:
    """Write a GGUF file into an existing folder: float32 safetensors, configuration, tokenizer, chat template.

    Progress is in bytes written. Raises ModelError where the file's architecture, tensor types or tokenizer are not
    supported, and IntegrityError where it is damaged; OSError is left to the caller.
    """
    with GgufFile(path) as file:
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
        _write_weights(file, layout.weights, folder / "model.safetensors", progress)


def _write_weights(file: GgufFile, weights: tuple[Weight, ...], path: Path, progress: Progress) -> None:
    """Write safetensors tensor by tensor, so that only one is in memory (https://huggingface.co/docs/safetensors)."""
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    total = 0
    for weight in weights:
        shape = file.tensors[weight.source].shape
        size = 4 * _count(shape)
        header[weight.name] = {
            "dtype": "F32",
            "shape": list(reversed(shape) if weight.transpose else shape),
            "data_offsets": [total, total + size],
        }
        total += size
    text = json.dumps(header, separators=(",", ":")).encode("utf-8")
    text += b" " * (-len(text) % 8)
    done = 0
    with path.open("wb") as output:
        output.write(len(text).to_bytes(8, "little") + text)
        for weight in weights:
            values = _arranged(file.tensor(weight.source), weight)
            output.write(values.astype("<f4", copy=False).data)
            done += values.nbytes
            progress("converting", done, total)


def _arranged(values: npt.NDArray[np.float32], weight: Weight) -> npt.NDArray[np.float32]:
    if weight.heads:
        halves = values.reshape(weight.heads, -1, 2, *values.shape[1:])  # (H, D/2, 2, ...)
        values = halves.swapaxes(1, 2).reshape(values.shape)  # (H * D, ...)
    return np.ascontiguousarray(values.T if weight.transpose else values)


def _count(shape: tuple[int, ...]) -> int:
    count = 1
    for length in shape:
        count *= length
    return count


def _write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
