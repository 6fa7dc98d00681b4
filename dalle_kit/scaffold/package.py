"""Making a new plugin: its names, and its files from the templates beside this module.

A file's text and path hold ``@name@``, ``MODULE`` and the like, not Jinja: what they make is Jinja itself.
"""

from __future__ import annotations

import importlib.resources
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Literal

from dalle_kit import __version__
from dalle_kit.errors import OutputError, PluginError
from dalle_kit.hookspecs import API_VERSION
from dalle_kit.plugin_manager.rules import RESERVED_COMMANDS

Kind = Literal["domain", "hook"]

_PREFIX = "dalle-kit-"
_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*\Z")
_LONGEST = 24
_SUFFIX = ".tmpl"


@dataclass(frozen=True, slots=True)
class NewPlugin:
    """A plugin to be made: ``files`` are texts by their paths in the package's folder."""

    name: str
    distribution: str
    files: Mapping[str, str]

    def write(self, parent: Path) -> Path:
        """Write the files into a new folder of ``parent`` and return it; all of them or none.

        Raises OutputError where the folder is there already or cannot be written.
        """
        folder = parent / self.distribution
        try:
            folder.mkdir()
        except FileExistsError as error:
            raise OutputError(f"{folder} exists; choose another name, or move it away") from error
        except OSError as error:
            raise OutputError(f"cannot create the folder {folder}: {error.strerror or error}") from error
        try:
            for path, text in self.files.items():
                file = folder / path
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text, encoding="utf-8", newline="\n")
        except OSError as error:
            shutil.rmtree(folder, ignore_errors=True)
            raise OutputError(f"cannot write {folder}: {error.strerror or error}") from error
        return folder


def new_plugin(name: str, *, kind: Kind, taken: Iterable[str] = ()) -> NewPlugin:
    """Return the plugin ``name`` with all its files; ``dalle-kit-`` before the name is left out.

    ``taken`` are the names that installed plugins, domains and commands have. Raises PluginError for a name that is
    taken or cannot be a command.
    """
    name = name.removeprefix(_PREFIX)
    if not _NAME.match(name) or len(name) > _LONGEST:
        allowed = f"use up to {_LONGEST} lower-case letters, digits and single '-', first a letter, as 'release-notes'"
        raise PluginError(f"plugin name {name!r}: {allowed}", plugin=name)
    if name in RESERVED_COMMANDS or name in taken:
        owner = "a core command" if name in RESERVED_COMMANDS else "an installed plugin"
        raise PluginError(f"plugin name {name!r}: {owner} has it; choose another", plugin=name)
    names = _names(name, kind)
    files: dict[str, str] = {}
    for folder in ("common", kind):
        for path, text in _templates(importlib.resources.files(__package__).joinpath(folder)):
            path = path.replace("MODULE", names["module"]).replace("DOT", ".")
            files[path] = re.sub(r"@([a-z_]+)@", lambda found: names[found[1]], text)
    return NewPlugin(name, names["distribution"], dict(sorted(files.items())))


def _names(name: str, kind: Kind) -> dict[str, str]:
    words = name.replace("-", " ")
    major = int(API_VERSION.partition(".")[0])
    many = words.endswith("s") and not words.endswith(("ss", "us"))
    a_words = words if many else f"{'an' if words[0] in 'aeiou' else 'a'} {words}"
    descriptions = {"domain": f"Write {a_words} with dalle-kit", "hook": "A house style for all that dalle-kit writes"}
    return {
        "name": name,
        "distribution": f"{_PREFIX}{name}",
        "module": f"{_PREFIX}{name}".replace("-", "_"),
        "class": "".join(word.capitalize() for word in name.split("-")),
        "words": words,
        "a_words": a_words,
        "description": descriptions[kind],
        "version": ".".join(__version__.split(".")[:2]),
        "api": str(major),
        "next_api": str(major + 1),
    }


def _templates(folder: Traversable, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield the path of each file to be made and its text."""
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _templates(entry, f"{prefix}{entry.name}/")
        elif entry.name.endswith(_SUFFIX):
            yield f"{prefix}{entry.name.removesuffix(_SUFFIX)}", entry.read_text(encoding="utf-8").replace("\r\n", "\n")
