"""What clients are told of names."""

from __future__ import annotations

from pathlib import Path


def public_name(model: str) -> str:
    """Return a model's name for clients: where a file or a folder is, is nobody's business but the user's."""
    return Path(model).name if Path(model).exists() else model
