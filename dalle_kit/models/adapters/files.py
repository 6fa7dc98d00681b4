"""An adapter's files, without reading what is in them."""

from __future__ import annotations

import hashlib
from pathlib import Path

CONFIG, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"


def adapter_hash(folder: Path) -> str:
    """Return the SHA-256 of both files, one after the other; OSError is left to the caller.

    The same as ``cat adapter_config.json adapter_model.safetensors | sha256sum``.
    """
    return hashlib.sha256((folder / CONFIG).read_bytes() + (folder / WEIGHTS).read_bytes()).hexdigest()
