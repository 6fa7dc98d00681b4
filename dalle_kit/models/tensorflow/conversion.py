"""Converting a folder with a TensorFlow checkpoint into a checkpoint folder in the layout of transformers."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path, PureWindowsPath
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt

from dalle_kit.errors import ModelError
from dalle_kit.models.spec import Progress, silent
from dalle_kit.models.tensor_file import Entry, write_tensors
from dalle_kit.models.tensorflow import bert, gpt2, t5
from dalle_kit.models.tensorflow.bundle import Bundle
from dalle_kit.models.tensorflow.layout import Layout, Weight, check_tensors
from dalle_kit.models.tensorflow.vocabularies import SENTENCE_PIECE_FILES

_KINDS: Mapping[str, ModuleType] = {"GPT-2": gpt2, "T5": t5, "BERT": bert}
_BESIDE = (*gpt2.COMPANIONS, *bert.COMPANIONS, *SENTENCE_PIECE_FILES, t5.SETTINGS, "checkpoint")
_LATEST = re.compile(r'^model_checkpoint_path:\s*"([^"]+)"', re.MULTILINE)
_OBJECTS = "_CHECKPOINTABLE_OBJECT_GRAPH"


def checkpoint_files(folder: Path) -> list[Path]:
    """Return the files that a folder's model consists of: the checkpoint, its settings, its tokenizer."""
    bundle = Bundle(_prefix(folder))
    beside = (folder / name for name in _BESIDE)
    return sorted(file for file in (*bundle.files, *beside) if file.is_file())


def converted_size(folder: Path) -> int:
    """Return the bytes that the converted weights take; raises as ``convert`` does."""
    return _layout(folder)[1].size


def convert(source: Path, folder: Path, *, progress: Progress = silent) -> None:
    """Write a TensorFlow checkpoint into an existing folder: safetensors, configuration, tokenizer.

    All weights become float32. Progress is in bytes written. Raises ModelError where the checkpoint is of an unknown
    kind, lacks tensors or has others, or where settings or tokenizer do not fit, and IntegrityError where it is
    damaged; OSError is left to the caller.
    """
    bundle, layout = _layout(source)
    ends = ("bos_token_id", "eos_token_id", "pad_token_id", "decoder_start_token_id")
    _write_json(folder / "config.json", layout.config)
    if "eos_token_id" in layout.config:
        generation = {name: layout.config[name] for name in ends if name in layout.config}
        _write_json(folder / "generation_config.json", generation)
    _write_json(folder / "tokenizer_config.json", layout.tokenizer_config)
    (folder / "tokenizer.json").write_text(layout.tokenizer.to_str(), encoding="utf-8")
    entries = [Entry(weight.name, weight.stored_shape, "float32") for weight in layout.weights]
    values = (_value(bundle, weight) for weight in layout.weights)
    for done, total in write_tensors(folder / "model.safetensors", entries, values):
        progress("converting", done, total)


def _layout(folder: Path) -> tuple[Bundle, Layout]:
    bundle = Bundle(_prefix(folder))
    for module in _KINDS.values():
        if module.MARK in bundle.tensors:
            layout: Layout = module.layout_of(bundle, folder)
            check_tensors(bundle, layout)
            return bundle, layout
    known = ", ".join(f"{kind} ({module.MARK} ...)" for kind, module in _KINDS.items())
    if _OBJECTS in bundle.tensors:
        problem = "was saved by Keras under the names of a program's objects, which say nothing about the model"
    else:
        named = sorted(bundle.tensors)[:3]
        problem = f"holds tensors of an unknown model ({', '.join(named) or 'none at all'} ...)"
    raise ModelError(f"{bundle.index} {problem}; known are {known}, with their published names")


def _value(bundle: Bundle, weight: Weight) -> npt.NDArray[Any]:
    value = bundle.tensor(weight.source).reshape(weight.shape)
    return np.ascontiguousarray(value.T) if weight.transpose else value


def _prefix(folder: Path) -> Path:
    """Return the beginning of the checkpoint's files: of the latest, or of the only one."""
    found = {file.name.removesuffix(".index"): file for file in sorted(folder.glob("*.index"))}
    try:
        latest = _LATEST.search((folder / "checkpoint").read_text(encoding="utf-8", errors="replace"))
    except OSError:
        latest = None
    # It may be a path on the machine where the model was trained; the files lie here.
    name = PureWindowsPath(latest[1]).name if latest else None
    if name in found:
        return folder / name
    if len(found) != 1:
        choice = ", ".join(sorted(found)) or "no file ends in .index"
        raise ModelError(
            f"{folder} holds {len(found)} checkpoints ({choice}) and no file `checkpoint` that names one of them; "
            "keep the one you mean"
        )
    return folder / next(iter(found))


def _write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
