"""The folders the toolkit keeps its files in. ``DALLE_KIT_HOME`` puts all of them into one."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Paths:
    """Where settings, models, templates and caches live; nothing here is created by asking for it."""

    config: Path
    data: Path
    cache: Path

    @property
    def settings(self) -> Path:
        """The settings file."""
        return self.config / "config.toml"

    @property
    def templates(self) -> Path:
        """The user's own templates, one folder a domain."""
        return self.config / "templates"

    @property
    def models(self) -> Path:
        """The model store."""
        return self.data / "models"


def find_paths() -> Paths:
    """Return the folders in force: below ``DALLE_KIT_HOME`` if that is set, else the platform's own."""
    home = os.environ.get("DALLE_KIT_HOME")
    if home:
        root = Path(home).expanduser().absolute()
        return Paths(config=root, data=root, cache=root / "cache")
    import platformdirs

    dirs = platformdirs.PlatformDirs("dalle-kit", appauthor=False)
    return Paths(config=dirs.user_config_path, data=dirs.user_data_path, cache=dirs.user_cache_path)
