"""The settings: a TOML file, over it environment variables, over these the flags of a command."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pydantic
import tomlkit
import tomlkit.exceptions

from dalle_kit.errors import ConfigError, UnknownNameError
from dalle_kit.files import write_atomically
from dalle_kit.paths import find_paths


class _Table(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)


class PluginSettings(_Table):
    """Which plugins run."""

    require: tuple[str, ...] = pydantic.Field((), description="Plugins whose failure stops the work.")
    disabled: tuple[str, ...] = pydantic.Field((), description="Plugins that are not loaded.")


class Settings(_Table):
    """All settings with their defaults.

    ``identity`` holds what fills a request's fields of the same name when the request leaves them out (sender,
    address, signature, tone ...). ``aliases`` maps the user's own names to models.
    """

    model: str = pydantic.Field("smollm2-135m", description="The model used when none is named.")
    device: str = pydantic.Field("auto", description="auto, cpu, cuda or mps.")
    dtype: str = pydantic.Field("auto", description="auto, float32, bfloat16 or float16.")
    threads: int = pydantic.Field(0, ge=0, description="CPU threads; 0 leaves the choice to torch.")
    identity: Mapping[str, str] = pydantic.Field(
        default_factory=dict, description="Fills request fields left out: sender, address, signature, tone."
    )
    aliases: Mapping[str, str] = pydantic.Field(default_factory=dict, description="Your own names for models.")
    plugins: PluginSettings = pydantic.Field(default_factory=PluginSettings, description="Which plugins run.")


ENV_PREFIX = "DALLE_KIT_"
_NOT_SETTINGS = {"DALLE_KIT_HOME", "DALLE_KIT_STRICT_PLUGINS"}


def load_settings(environ: Mapping[str, str] | None = None, *, file: Path | None = None) -> Settings:
    """Return the settings in force: defaults, then the file, then ``DALLE_KIT_*`` (``DALLE_KIT_IDENTITY_SENDER``).

    Raises ConfigError for a file that cannot be read or parsed (with its line) and for a value that is not allowed.
    """
    path = file or find_paths().settings
    values = _read(path)
    source = str(path)
    for name, text in sorted((os.environ if environ is None else environ).items()):
        if not name.startswith(ENV_PREFIX) or name in _NOT_SETTINGS:
            continue
        key = _key_of_variable(name)
        if key is not None:
            _put(values, key, _from_text(key, text))
            source = f"{path} or {name}"
    return _validate(values, source)


def set_value(key: str, text: str) -> None:
    """Write one setting to the file, keeping the file's comments; raises ConfigError if it may not have that value."""
    path = find_paths().settings
    _check_key(key)
    values = _read(path)
    document = tomlkit.parse(path.read_text(encoding="utf-8")) if path.exists() else tomlkit.document()
    value = _from_text(key, text)
    _put(values, key, value)
    _validate(values, key)
    _put(document, key, value)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, tomlkit.dumps(document).encode("utf-8"), force=True)


def unset_value(key: str) -> bool:
    """Remove one setting from the file; False if it was not there."""
    path = find_paths().settings
    _check_key(key)
    _read(path)
    if not path.exists():
        return False
    document: Any = tomlkit.parse(path.read_text(encoding="utf-8"))
    *tables, last = key.split(".")
    table = document
    for name in tables:
        table = table.get(name, {})
    if last not in table:
        return False
    del table[last]
    write_atomically(path, tomlkit.dumps(document).encode("utf-8"), force=True)
    return True


def known_keys() -> tuple[str, ...]:
    """Return the settings' keys; a table that takes any name ends in ``.NAME``."""
    keys = []
    for name in Settings.model_fields:
        if name == "plugins":
            keys += [f"plugins.{each}" for each in PluginSettings.model_fields]
        else:
            keys.append(f"{name}.NAME" if name in _OPEN_TABLES else name)
    return tuple(keys)


_OPEN_TABLES = ("identity", "aliases")


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"the settings file {path} is not valid TOML: {error}; mend or remove it") from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"the settings file {path} cannot be read: {error}; mend or remove it") from error


def _validate(values: Mapping[str, Any], source: str) -> Settings:
    try:
        return Settings.model_validate(values)
    except pydantic.ValidationError as error:
        problem = error.errors(include_url=False)[0]
        key = ".".join(str(part) for part in problem["loc"])
        if problem["type"] == "extra_forbidden":
            raise ConfigError(f"{source}: {UnknownNameError('setting', key, known_keys())}") from error
        raise ConfigError(f"{source}: {key}: {problem['msg'].lower()}, got {problem['input']!r:.80}") from error


def _check_key(key: str) -> None:
    table, _, rest = key.partition(".")
    if key not in known_keys() and not (table in _OPEN_TABLES and rest and "." not in rest):
        raise ConfigError(str(UnknownNameError("setting", key, known_keys())))


def _key_of_variable(name: str) -> str | None:
    """Return the setting an environment variable names, None where it names none (another program's, perhaps)."""
    words = name.removeprefix(ENV_PREFIX).lower()
    table, _, rest = words.partition("_")
    if table in _OPEN_TABLES and rest:
        return f"{table}.{rest}"
    if table == "plugins" and rest in PluginSettings.model_fields:
        return f"plugins.{rest}"
    return words if words in Settings.model_fields else None


def _from_text(key: str, text: str) -> Any:
    if key.startswith("plugins."):
        return [name.strip() for name in text.split(",") if name.strip()]
    if key == "threads" and text.strip().isdigit():
        return int(text)
    return text


def _put(values: Any, key: str, value: Any) -> None:
    *tables, last = key.split(".")
    for name in tables:
        values = values.setdefault(name, {})
    values[last] = value
