"""The folders the toolkit keeps its files in. ``DALLE_KIT_HOME`` puts all of them into one."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from dalle_kit.errors import ConfigError


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
    """Return the folders in force: below ``DALLE_KIT_HOME`` if that is set, else the platform's own.

    Raises ConfigError for a ``DALLE_KIT_HOME`` that begins with the home of a user there is not.
    """
    home = os.environ.get("DALLE_KIT_HOME")
    if home:
        try:
            root = Path(home).expanduser().absolute()
        except RuntimeError as error:
            raise ConfigError(f"DALLE_KIT_HOME: {home!r}: {error}; give a folder") from error
        return Paths(config=root, data=root, cache=root / "cache")
    import platformdirs

    dirs = platformdirs.PlatformDirs("dalle-kit", appauthor=False)
    return Paths(config=dirs.user_config_path, data=dirs.user_data_path, cache=dirs.user_cache_path)
