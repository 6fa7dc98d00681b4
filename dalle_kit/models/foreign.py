"""Models on this machine in other layouts than transformers': what they are told apart by, and how they are converted.

GGUF files and folders with a TensorFlow checkpoint; each is converted once, into the store.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, Literal

from dalle_kit.errors import ModelError
from dalle_kit.models import disk
from dalle_kit.models.spec import Progress

Kind = Literal["gguf", "tensorflow"]
KINDS: tuple[Kind, ...] = ("gguf", "tensorflow")


def kind_of(path: Path) -> Kind | None:
    """Return what has to be converted there, None for a checkpoint folder of transformers and for what is no model."""
    if path.is_dir():
        return "tensorflow" if any(path.glob("*.index")) and not has_weights(path) else None
    return "gguf" if path.suffix.lower() == ".gguf" else None


def has_weights(folder: Path) -> bool:
    """Return whether a folder has weights that transformers reads."""
    return any(any(folder.glob(pattern)) for pattern in ("*.safetensors", "pytorch_model*.bin"))


def facts_of(path: Path) -> dict[str, Any]:
    """Return what tells a model apart without reading it: its path, the size of its files and their last change."""
    try:
        facts = [file.stat() for file in _files(path)]
    except OSError as error:
        raise ModelError(f"cannot read {path}: {error.strerror}") from error
    return {
        "path": str(path),
        "size": sum(each.st_size for each in facts),
        "mtime_ns": max(each.st_mtime_ns for each in facts),
    }


def sha256_of(path: Path, *, progress: Progress | None = None) -> str:
    """Return a file's SHA-256, of a folder that of the names and hashes of the model's files."""
    files = _files(path)
    if files == [path]:
        return disk.sha256_of(path, progress=progress)
    digest = hashlib.sha256()
    for file in files:
        digest.update(f"{file.name} {disk.sha256_of(file, progress=progress)}\n".encode())
    return digest.hexdigest()


def store_folder(kind: str, digest: str) -> str:
    """Return the name of the store's folder for a model of that kind and hash."""
    return f"{kind}-{digest[:16]}"


def convert(path: Path, folder: Path, *, name: str, progress: Progress) -> str:
    """Convert a model into an existing folder and return the licence it states.

    Raises DiskSpaceError where there is too little room, ModelError or IntegrityError where it cannot be converted.
    """
    if path.is_dir():
        from dalle_kit.models.tensorflow import conversion

        disk.check_space(folder, conversion.converted_size(path), name)
        conversion.convert(path, folder, progress=progress)
        return "unknown"
    from dalle_kit.models import gguf

    summary = gguf.summary_of(path)
    disk.check_space(folder, summary.size, name)
    gguf.convert(path, folder, progress=progress)
    return summary.licence


def _files(path: Path) -> list[Path]:
    from dalle_kit.models.tensorflow.conversion import checkpoint_files

    return checkpoint_files(path) if path.is_dir() else [path]
