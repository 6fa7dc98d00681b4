"""Packed copies of models whose weights are stored otherwise: made once, kept in the cache folder.

A copy belongs to one folder of weights and one number of bits. Its note says what the weights were, so that a model
that was pulled anew or edited is packed anew.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any, get_args

from dalle_kit.errors import ModelError
from dalle_kit.models import disk
from dalle_kit.models.manifest import FORMAT
from dalle_kit.models.panels import PACKED_FILE
from dalle_kit.models.spec import Bits, Progress, StoredModel, silent
from dalle_kit.models.workshop import Workshop
from dalle_kit.paths import find_paths

_NOTE = "packed.json"


def ensure_packed(stored: StoredModel, *, quant: Bits, progress: Progress = silent) -> Path:
    """Return a folder with a model's weights packed in ``int8`` or ``int4``, made now if it is not there.

    Raises ModelError for a model whose weights are no safetensors or cannot be stored, and DiskSpaceError; then
    nothing of it is kept.
    """
    from dalle_kit.models.weights import quant_of

    source = Path(stored.path)
    if quant_of(source) == quant:
        return source
    root, name, wanted = _root(), _name(source, quant), identify(source)
    if _is_whole(root / name, wanted, quant):
        return root / name
    workshop = Workshop(root)
    partial = workshop.partial(name)
    try:
        with workshop.locked(name, stored.name, progress):
            if not _is_whole(root / name, wanted, quant):
                _make(stored, partial, quant=quant, note=wanted, progress=progress)
                workshop.put_in_place(partial, name)
    except OSError as error:
        if disk.is_full(error):
            raise disk.no_space(root, disk.tree_size(partial), disk.free_space(root), stored.name) from error
        reason = error.strerror or str(error)
        raise ModelError(
            f"cannot store {stored.name} packed in {root}: {reason}; mend that, or set DALLE_KIT_HOME to another folder"
        ) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return root / name


def identify(source: Path) -> dict[str, Any]:
    """Return what tells weights apart without reading them: names, sizes and times of change of their files."""
    from dalle_kit.models.weights import weight_files

    facts = [[file.name, file.stat().st_size, file.stat().st_mtime_ns] for file in weight_files(source)]
    return {"format": FORMAT, "files": facts}


def remove_packed(folder: Path) -> int:
    """Remove the packed copies of the model in a folder; return the bytes freed."""
    freed = 0
    for quant in get_args(Bits):
        copy = _root() / _name(folder, quant)
        if copy.is_dir():
            freed += disk.tree_size(copy)
            shutil.rmtree(copy, ignore_errors=True)
    return freed


def _make(stored: StoredModel, partial: Path, *, quant: Bits, note: dict[str, Any], progress: Progress) -> None:
    from dalle_kit.models.packing import write_packed

    partial.mkdir()
    stage = f"packing {stored.name} as {quant}"
    write_packed(Path(stored.path), partial, bits=quant, name=stored.name, stage=stage, progress=progress)
    size = (partial / PACKED_FILE).stat().st_size
    (partial / _NOTE).write_text(json.dumps({**note, "size": size}), encoding="utf-8")


def _is_whole(folder: Path, wanted: dict[str, Any], quant: Bits) -> bool:
    from dalle_kit.models.weights import quant_of

    try:
        note = json.loads((folder / _NOTE).read_text(encoding="utf-8"))
        size = (folder / PACKED_FILE).stat().st_size
        return bool(note == {**wanted, "size": size}) and quant_of(folder) == quant
    except (OSError, ValueError, ModelError):
        return False


def _root() -> Path:
    return find_paths().cache / "packed"


def _name(source: Path, quant: str) -> str:
    return f"{quant}-{hashlib.sha256(str(source.resolve()).encode()).hexdigest()[:16]}"
