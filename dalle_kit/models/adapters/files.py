"""An adapter's files, without reading what is in them."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from dalle_kit.errors import ModelError

CONFIG, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"


def adapter_hash(folder: Path) -> str:
    """Return the SHA-256 of both files, one after the other; raises ModelError where they cannot be read.

    The same as ``cat adapter_config.json adapter_model.safetensors | sha256sum``.
    """
    try:
        return hashlib.sha256((folder / CONFIG).read_bytes() + (folder / WEIGHTS).read_bytes()).hexdigest()
    except OSError as error:
        raise ModelError(
            f"the adapter {folder} cannot be read: {error.strerror}: {error.filename}; copy it anew"
        ) from error


def base_of(folder: Path) -> str:
    """Return the name of the model that an adapter was trained on; raises ModelError where it names none."""
    try:
        base = json.loads((folder / CONFIG).read_bytes())["base_model_name_or_path"]
    except (OSError, ValueError, TypeError, KeyError):
        base = None
    if not (isinstance(base, str) and base):
        raise ModelError(f"{folder / CONFIG} names no base; write the model's name there, as base_model_name_or_path")
    return base
