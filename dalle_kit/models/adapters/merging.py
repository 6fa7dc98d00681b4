"""Making a checkpoint folder out of a base model and an adapter."""

from __future__ import annotations

import shutil
from pathlib import Path

from dalle_kit.errors import IntegrityError, ModelError
from dalle_kit.models import disk
from dalle_kit.models.adapters.files import adapter_hash
from dalle_kit.models.adapters.lora import Adapter, load_adapter
from dalle_kit.models.hub import COMPANIONS
from dalle_kit.models.packing import write_packed
from dalle_kit.models.panels import PACKED_FILE
from dalle_kit.models.spec import AdapterSource, Bits, Progress
from dalle_kit.models.weights import read_shapes

#: What the merged weights are stored in: what each costs in likelihood is in docs/models.md.
_BITS: Bits = "int8"


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


def merge_folder(base: Path, adapter: Adapter, target: Path, *, name: str, progress: Progress) -> str:
    """Write a checkpoint with the adapter merged in, packed, into ``target``; return the SHA-256 of its weights.

    Raises ModelError where the base is no checkpoint or the adapter is for another model, and DiskSpaceError; other
    OSErrors are left to the caller.
    """
    if not (base / "config.json").is_file():
        raise ModelError(
            f"the base of {name}, {base}, has no config.json; give the folder of a transformers checkpoint"
        )
    adapter.check_fits(read_shapes(base))
    for companion in COMPANIONS:
        if (base / companion).is_file():
            (target / companion).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(base / companion, target / companion)
    write_packed(
        base,
        target,
        bits=_BITS,
        name=name,
        stage="merging the adapter",
        progress=progress,
        change=adapter.add_to,
    )
    return disk.sha256_of(target / PACKED_FILE)
