"""A folder for everything that a command may write, and a search through it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import pytest

CANARY = "Zyxwvquark"


@dataclass(frozen=True)
class Sandbox:
    """What a command that runs in ``environment`` writes by itself lies below ``folder``, but for the models."""

    folder: Path
    environment: dict[str, str]

    def holding(self, text: str) -> list[Path]:
        """Return the files whose name or content has a text in it, in UTF-8 or UTF-16."""
        found = []
        for folder, _, names in os.walk(self.folder):  # links to the models are not followed
            for file in (Path(folder) / name for name in names):
                data = file.read_bytes() if file.is_file() else b""
                if text in str(file) or any(text.encode(coding) in data for coding in ("utf-8", "utf-16-le")):
                    found.append(file)
        return found


@pytest.fixture
def closed(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    folders = {"TMPDIR": "temporary", "XDG_CACHE_HOME": "cache", "XDG_DATA_HOME": "data", "XDG_STATE_HOME": "state"}
    for name, folder in folders.items():
        (tmp_path / folder).mkdir()
        monkeypatch.setenv(name, str(tmp_path / folder))
    monkeypatch.setenv("HOME", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)
    return Sandbox(tmp_path, dict(os.environ))
