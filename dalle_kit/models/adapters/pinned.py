"""Reading the adapter that a model is made with."""

from __future__ import annotations

from pathlib import Path

from dalle_kit.errors import IntegrityError
from dalle_kit.models.adapters.files import adapter_hash
from dalle_kit.models.adapters.lora import Adapter, load_adapter
from dalle_kit.models.spec import AdapterSource


def load_pinned(source: AdapterSource) -> Adapter:
    """Read the adapter that a ModelSpec names; raises IntegrityError unless its files have the promised hash."""
    folder = Path(source.path)
    adapter = load_adapter(folder)
    found = adapter_hash(folder)
    if found != source.sha256:
        raise IntegrityError(
            f"the adapter {folder} has the SHA-256 {found}, promised is {source.sha256}; install what it came with anew"
        )
    return adapter
