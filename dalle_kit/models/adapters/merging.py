"""Making a checkpoint folder out of a base model and an adapter."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from torch import Tensor

from dalle_kit.errors import IntegrityError, ModelError
from dalle_kit.models import disk
from dalle_kit.models.adapters.files import adapter_hash
from dalle_kit.models.adapters.lora import Adapter, load_adapter
from dalle_kit.models.hub import COMPANIONS
from dalle_kit.models.spec import AdapterSource, Progress
from dalle_kit.models.weights import PACKED_FILE, pack, packed_size, read_shapes, read_weights


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
    """Write a checkpoint with the adapter merged in, in 8 bit, into ``target``; return the SHA-256 of its weights.

    Raises ModelError where the base is no checkpoint or the adapter is for another model, and DiskSpaceError; other
    OSErrors are left to the caller.
    """
    if not (base / "config.json").is_file():
        raise ModelError(
            f"the base of {name}, {base}, has no config.json; give the folder of a transformers checkpoint"
        )
    shapes = read_shapes(base)
    adapter.check_fits(shapes)
    disk.check_space(target, packed_size(shapes), name)
    for companion in COMPANIONS:
        if (base / companion).is_file():
            (target / companion).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(base / companion, target / companion)
    # Not safetensors' own writing to a file: its error for a full disk does not say so.
    from safetensors.torch import save

    tensors = dict(pack(_merged(base, adapter, len(shapes), progress)))
    (target / PACKED_FILE).write_bytes(save(tensors, metadata={"format": "pt"}))
    return disk.sha256_of(target / PACKED_FILE)


def _merged(base: Path, adapter: Adapter, total: int, progress: Progress) -> Iterator[tuple[str, Tensor]]:
    for done, (name, weight) in enumerate(read_weights(base)):
        progress("merging the adapter", done, total)
        yield name, adapter.add_to(name, weight)
    progress("merging the adapter", total, total)
