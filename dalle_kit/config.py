"""The settings: a TOML file, over it environment variables, over these the flags of a command."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator, Mapping, MutableMapping
from pathlib import Path
from typing import Any, Literal, NamedTuple

import pydantic
import tomlkit

from dalle_kit.errors import ConfigError, UnknownNameError
from dalle_kit.files import write_atomically
from dalle_kit.paths import find_paths
from dalle_kit.records import Privacy


class _Table(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)


class PluginSettings(_Table):
    """Which plugins run."""

    require: tuple[str, ...] = pydantic.Field(default=(), description="Plugins whose failure stops the work.")
    disabled: tuple[str, ...] = pydantic.Field(default=(), description="Plugins that are not loaded.")


class Settings(_Table):
    """All settings with their defaults.

    ``identity`` holds what fills a request's fields of the same name when the request leaves them out (sender,
    address, signature, tone ...). ``aliases`` maps the user's own names to models.
    """

    model: str = pydantic.Field(
        default="dalle-base",
        min_length=1,
        description="The model used when none is named. Once it is set, also where a domain has its own.",
    )
    device: Literal["auto", "cpu", "cuda", "mps"] = pydantic.Field(
        default="auto", description="auto, cpu, cuda or mps."
    )
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = pydantic.Field(
        default="auto", description="auto, float32, bfloat16 or float16."
    )
    quant: Literal["auto", "none", "int8", "int4"] = pydantic.Field(
        default="auto", description="Bits the weights are kept in: auto, none, int8 or int4."
    )
    privacy: Privacy = pydantic.Field(
        default="report",
        description="What becomes of personal data that is not in the request: off, report, redact or refuse.",
    )
    history: Literal["off", "entries", "texts"] = pydantic.Field(
        default="entries",
        description="What is kept of what the commands write: off, entries (when and how, no text), or texts as well.",
    )
    threads: int = pydantic.Field(default=0, ge=0, description="CPU threads at most; 0 is one for each core.")
    api_key: str = pydantic.Field(
        default="", repr=False, description="The key that clients of 'dalle-kit serve' have to give."
    )
    remote_key: str = pydantic.Field(
        default="", repr=False, description="The key that is given to the server of an openai: model."
    )
    remote_together: int = pydantic.Field(
        default=16, ge=1, le=1024, description="Requests to the server of an openai: model that may be open at once."
    )
    remote_per_minute: int = pydantic.Field(
        default=0, ge=0, description="Requests to it that may begin in a minute; 0 is as many as it takes."
    )
    remote_timeout: int = pydantic.Field(
        default=120, ge=1, description="Seconds for which it may say nothing; it is then asked once more, and given up."
    )
    identity: Mapping[str, str] = pydantic.Field(
        default_factory=dict, description="Fills request fields left out: sender, address, signature, tone, closing."
    )
    aliases: Mapping[str, str] = pydantic.Field(default_factory=dict, description="Your own names for models.")
    plugins: PluginSettings = pydantic.Field(default_factory=PluginSettings, description="Which plugins run.")


#: The settings whose values stand in no list and no error.
SECRETS = ("api_key", "remote_key")

ENV_PREFIX = "DALLE_KIT_"
_NOT_SETTINGS = {"DALLE_KIT_HOME", "DALLE_KIT_STRICT_PLUGINS"}
_OPEN_TABLES = ("identity", "aliases")


def load_settings(environ: Mapping[str, str] | None = None, *, file: Path | None = None) -> Settings:
    """Return the settings in force: defaults, then the file, then ``DALLE_KIT_*`` (``DALLE_KIT_IDENTITY_SENDER``).

    A variable that is empty counts as not set. Raises ConfigError for a file that cannot be read or parsed (with its
    line) and for a value that is not allowed.
    """
    return _load(environ, file)[0]


def explain_settings(environ: Mapping[str, str] | None = None, *, file: Path | None = None) -> dict[str, Setting]:
    """Return every setting in force by its key, with where it comes from; raises ConfigError as ``load_settings``."""
    settings, origins = _load(environ, file)
    return {key: Setting(value, origins.get(key, "default")) for key, value in _flat(settings.model_dump())}


class Setting(NamedTuple):
    """A setting's value and its origin: "default", the file's path, or the environment variable's name."""

    value: str | int | tuple[str, ...]
    origin: str


def set_value(key: str, text: str) -> None:
    """Write one setting to the file, keeping the file's comments; raises ConfigError if it may not have that value."""
    path = find_paths().settings
    _check_key(key)
    value = _from_text(key, text)
    alone: dict[str, Any] = {}
    _put(alone, key, value, path)
    accepted = dict(_flat(_validate(alone, "").model_dump()))[key]
    value = list(accepted) if isinstance(accepted, tuple) else accepted
    values = _read(path)
    _put(values, key, value, path)
    _validate(values, str(path), hint=_MEND)
    document = tomlkit.parse(_text(path)) if path.exists() else tomlkit.document()
    _put(document, key, value, path)
    _write(path, document, values)


def unset_value(key: str) -> bool:
    """Remove one setting from the file, also one that no setting has that name; False if it was not there."""
    path = find_paths().settings
    values = _read(path)
    if not _remove(values, key):
        _check_key(key)
        return False
    document = tomlkit.parse(_text(path))
    _remove(document, key)
    _write(path, document, values)
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


def stray_variables(environ: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """Return the environment variables that look like settings and are none: misspelt, most likely."""
    names = os.environ if environ is None else environ
    return tuple(
        name
        for name in sorted(names)
        if name.startswith(ENV_PREFIX) and name not in _NOT_SETTINGS and _key_of_variable(name) is None
    )


_MEND = "; mend the file, or take it out with 'dalle-kit config unset {key}'"


def _load(environ: Mapping[str, str] | None, file: Path | None) -> tuple[Settings, dict[str, str]]:
    path = file or find_paths().settings
    values = _read(path)
    settings = _validate(values, str(path), hint=_MEND)
    origins = {key: str(path) for key, _ in _flat(values)}
    for name, text in sorted((os.environ if environ is None else environ).items()):
        key = _key_of_variable(name) if name.startswith(ENV_PREFIX) and name not in _NOT_SETTINGS else None
        if key is not None and text:
            _put(values, key, _from_text(key, text), path)
            settings = _validate(values, f"the environment variable {name}")
            origins[key] = name
    return settings, origins


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(_text(path).replace("\r\n", "\n"))
    except FileNotFoundError:
        return {}
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"the settings file {path} is not UTF-8 text (byte {error.start}); mend or remove it"
        ) from error
    except (ValueError, RecursionError) as error:  # also a number with more digits than Python reads
        raise ConfigError(f"the settings file {path} is not valid TOML: {error}; mend or remove it") from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise ConfigError(f"the settings file {path} cannot be read: {reason}; mend or remove it") from error


def _text(path: Path) -> str:
    return path.read_bytes().decode("utf-8-sig")


def _write(path: Path, document: tomlkit.TOMLDocument, values: Mapping[str, Any]) -> None:
    text = tomlkit.dumps(document)
    # Of dotted keys an empty table leaves nothing in the text.
    if dict(_flat(tomllib.loads(text.replace("\r\n", "\n")))) != dict(_flat(values)):
        raise ConfigError(
            f"the settings file {path} is written in a way that cannot be changed safely; edit it by hand"
        )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"cannot create the folder {path.parent}: {error.strerror or error}") from error
    write_atomically(path, text.encode("utf-8"), force=True, private=True)


def _validate(values: Mapping[str, Any], source: str, *, hint: str = "") -> Settings:
    try:
        return Settings.model_validate(values)
    except pydantic.ValidationError as error:
        problem = error.errors(include_url=False)[0]
        key = ".".join(str(part) for part in problem["loc"])
        if problem["type"] == "extra_forbidden":
            message = str(UnknownNameError("setting", key, known_keys()))
        else:
            message = f"{key}: {problem['msg'][0].lower()}{problem['msg'][1:]}"
            message += "" if key in SECRETS else f", got {problem['input']!r:.80}"
        raise ConfigError(f"{source}: {message}{hint.format(key=key)}" if source else message) from error


def _check_key(key: str) -> None:
    table, _, rest = key.partition(".")
    if key not in known_keys() and not (table in _OPEN_TABLES and rest and "." not in rest):
        raise ConfigError(str(UnknownNameError("setting", key, known_keys())))


def _key_of_variable(name: str) -> str | None:
    """Return the setting an environment variable names, None where it names none (another program's, perhaps)."""
    words = name.removeprefix(ENV_PREFIX).lower()
    table, _, rest = words.partition("_")
    if table in _OPEN_TABLES:
        return f"{table}.{rest}" if rest else None
    if table == "plugins":
        return f"plugins.{rest}" if rest in PluginSettings.model_fields else None
    return words if words in Settings.model_fields else None


def _from_text(key: str, text: str) -> Any:
    if key.startswith("plugins."):
        return [name.strip() for name in text.split(",") if name.strip()]
    return text


def _flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _put(values: MutableMapping[str, Any], key: str, value: Any, path: Path) -> None:
    *tables, last = key.split(".")
    for name in tables:
        inner = values.setdefault(name, {})
        if not isinstance(inner, MutableMapping):
            raise ConfigError(f"{path}: {name}: must be a table, got {inner!r:.80}; mend the file")
        values = values[name]
    values[last] = value


def _remove(values: MutableMapping[str, Any], key: str) -> bool:
    *tables, last = key.split(".")
    inner: Any = values
    for name in tables:
        inner = inner.get(name) if isinstance(inner, MutableMapping) else None
    if not isinstance(inner, MutableMapping) or last not in inner:
        return False
    del inner[last]
    return True
