"""The commands that plugins add, from a cache, so that no installed plugin can slow ``--help``.

The table is made by loading the plugins and kept as JSON. It is used for as long as nothing has changed that could
change it: the folders packages are installed in, the plugins' files, the settings, Python, the toolkit.
"""

from __future__ import annotations

import importlib.util
import json
import os
import sys
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import dalle_kit
from dalle_kit.errors import OutputError, PluginError
from dalle_kit.paths import find_paths
from dalle_kit.plugin_manager.rules import is_strict

if TYPE_CHECKING:
    from dalle_kit.plugin_manager.manager import Plugins

_LAYOUT = 3
_DISABLED_VARIABLE = "DALLE_KIT_PLUGINS_DISABLED"
_OWN_FILES = (
    "command_table.py",
    "domain.py",
    "hookspecs.py",
    "plugin_manager/claims.py",
    "plugin_manager/faults.py",
    "plugin_manager/loading.py",
    "plugin_manager/manager.py",
    "source_place.py",
)


class DomainEntry(NamedTuple):
    """A domain as a command: ``schema`` is its request's JSON Schema, ``defaults`` its generation options.

    ``formats`` are mappings with ``name``, ``suffix`` and ``summary``. ``model`` is the domain's own, if it has one.
    ``prose`` says whether it writes sentences.
    """

    name: str
    summary: str
    schema: Mapping[str, Any]
    formats: list[dict[str, str]]
    defaults: Mapping[str, Any]
    plugin: str
    model: str | None = None
    prose: bool = True


class CommandEntry(NamedTuple):
    """A command of a plugin's own; ``help`` is its short help."""

    name: str
    help: str
    plugin: str


class CommandTable(NamedTuple):
    """What plugins add to the command line, and one line for each plugin that has a problem."""

    domains: list[DomainEntry]
    commands: list[CommandEntry]
    problems: list[str]


def command_table() -> CommandTable:
    """Return the table, from the cache if it is still valid, else made anew by loading the plugins.

    Raises ConfigError when it must be made anew and the settings cannot be read, PluginError when a plugin has a
    problem and ``DALLE_KIT_STRICT_PLUGINS`` is set.
    """
    table = _read(_cache_file()) or rebuild_table()
    if table.problems and is_strict():
        raise PluginError(table.problems[0], plugin="")
    return table


def rebuild_table() -> CommandTable:
    """Load the plugins, make the table anew and cache it; a cache that cannot be written is done without."""
    from dalle_kit.config import load_settings
    from dalle_kit.plugin_manager.manager import survey_plugins

    key = _key()
    plugins = survey_plugins(load_settings())
    files = [[str(file), _stamp(file)] for file in _plugin_files(plugins)]
    table = json.loads(json.dumps(_describe(plugins)))
    _write(_cache_file(), {"key": key, "files": files, "table": table})
    return _from_values(table)


def installed_state() -> Any:
    """Return what commands depend on as it is now, JSON-ready: Python, packages, plugins' files, the settings file.

    None where the table was not cached.
    """
    try:
        files = json.loads(_cache_file().read_text(encoding="utf-8"))["files"]
        return [_key(), [[path, _stamp(path)] for path, _ in files]]
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _describe(plugins: Plugins) -> dict[str, Any]:
    """Return the table as JSON-ready values."""
    from dataclasses import asdict

    domains = [
        {
            "name": name,
            "summary": domain.summary,
            "schema": domain.request.model_json_schema(),
            "formats": [
                {"name": format.name, "suffix": format.suffix, "summary": format.summary}
                for format in plugins.formats(name).values()
            ],
            "defaults": asdict(domain.options),
            "plugin": plugins.plugin_of(name),
            "model": domain.model,
            "prose": domain.prose,
        }
        for name, domain in plugins.domains.items()
    ]
    commands = [
        {"name": name, "help": command.get_short_help_str(limit=100), "plugin": info.name}
        for info in plugins.infos
        for name, command in plugins.commands.items()
        if name in info.commands
    ]
    return {
        "domains": domains,
        "commands": commands,
        "problems": [info.report for info in plugins.infos if info.problem],
    }


def _from_values(values: Mapping[str, Any]) -> CommandTable:
    return CommandTable(
        domains=[DomainEntry(**entry) for entry in values["domains"]],
        commands=[CommandEntry(**entry) for entry in values["commands"]],
        problems=[str(problem) for problem in values["problems"]],
    )


def _cache_file() -> Path:
    """Return the cache of this installation of Python; others, with other plugins, have files of their own."""
    return find_paths().cache / f"commands-{zlib.crc32(sys.prefix.encode('utf-8')):08x}.json"


def _read(file: Path) -> CommandTable | None:
    """Return the cached table; None where there is none, it cannot be read, or something has changed since."""
    try:
        record = json.loads(file.read_text(encoding="utf-8"))
        if record["key"] != _key() or any(_stamp(path) != stamp for path, stamp in record["files"]):
            return None
        return _from_values(record["table"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _write(file: Path, record: Mapping[str, Any]) -> None:
    from dalle_kit.files import write_atomically

    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(file, json.dumps(record).encode("utf-8"), force=True)
    except (OSError, OutputError):
        return


def _key() -> list[Any]:
    """Return what the table depends on besides the plugins' files, as it would come back from JSON."""
    own = Path(__file__).parent
    return [
        _LAYOUT,
        dalle_kit.__version__,
        [sys.implementation.cache_tag, list(sys.version_info[:3])],
        [_stamp(own / name) for name in _OWN_FILES],
        [[folder, _stamp(folder)] for folder in _package_folders()],
        _stamp(find_paths().settings),
        os.environ.get(_DISABLED_VARIABLE),
    ]


def _package_folders() -> list[str]:
    """Return the entries of ``sys.path`` that hold packages' metadata, and the archives: any may hold a plugin."""
    return [entry for entry in (os.path.abspath(entry) for entry in sys.path) if _holds_metadata(entry)]  # noqa: PTH100


def _holds_metadata(entry: str) -> bool:
    try:
        with os.scandir(entry) as files:
            return any(file.name.endswith((".dist-info", ".egg-info")) for file in files)
    except NotADirectoryError:
        return True
    except OSError:
        return False


def _stamp(path: str | Path) -> list[int] | None:
    """Return a file's or folder's time of change and size, None where it is not there."""
    try:
        status = os.stat(path)  # noqa: PTH116
    except OSError:
        return None
    return [status.st_mtime_ns, status.st_size]


def _plugin_files(plugins: Plugins) -> list[Path]:
    """Return the Python files of the plugins' packages, those of failed plugins included: mending one must be seen."""
    files: set[Path] = set()
    for info in plugins.infos:
        files.update(_package_files(info.module.partition(":")[0].strip()))
    return sorted(files)


def _package_files(module: str) -> Iterable[Path]:
    """Return the Python files of the package a module is in, without importing it."""
    first, *rest = module.split(".")
    try:
        spec = importlib.util.find_spec(first)
        while spec is not None and spec.origin is None and rest:  # a namespace shared by many: go down to what is ours
            first = f"{first}.{rest.pop(0)}"
            spec = importlib.util.find_spec(first)
    except (ImportError, ValueError, AttributeError):
        return []
    if spec is None:
        return []
    folders = [Path(folder) for folder in spec.submodule_search_locations or ()]
    return (
        [Path(spec.origin)] if not folders and spec.origin else [f for folder in folders for f in folder.rglob("*.py")]
    )
