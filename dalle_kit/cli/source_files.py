"""The argument ``FILE[:LINE[:COL]]`` of commands that write into a file: the file, read exactly, and files near it."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from dalle_kit.cli.request_options import Source
from dalle_kit.errors import RequestError

#: A larger file is no source code that somebody has written, and a larger one nearby is not worth its reading.
LARGEST, LARGEST_NEARBY = 2 * 2**20, 256 * 2**10

#: So many files nearby are read.
NEARBY = 32

METAVAR = "FILE:LINE[:COL]"

_NUMBERED = re.compile(r"(.+):([0-9]{1,9})", re.DOTALL)
_ROOT_MARKS = (".git", "pyproject.toml", "setup.py", "setup.cfg")
_IMPORT = re.compile(
    r"^[ \t]*(?:from[ \t]+([\w.]+)[ \t]+import[ \t]*(?:\(([^)]*)|([^\n#]*))|import[ \t]+([^\n#]*))", re.MULTILINE
)
_MODULE = re.compile(r"[\w.]*")


class SourceArgument(click.Argument):
    """The argument made from a request's field of type ``SourcePlace``."""

    section = "Request"

    def __init__(self, *, field: str, metavar: str | None, help: str, is_needed: bool) -> None:
        super().__init__([f"field_{field}"], required=False, metavar=metavar or METAVAR)
        self.field, self.is_needed, self.text = field, is_needed, help

    def get_help_record(self, ctx: click.Context) -> tuple[str, str]:
        """Return the argument as it is written, and what it is."""
        return str(self.metavar), self.text


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A source as it was read: the fields of its ``SourcePlace``, its bytes, and its path, None for stdin."""

    fields: Mapping[str, Any]
    data: bytes
    path: Path | None


def source_argument(schema: Mapping[str, Any]) -> SourceArgument | None:
    """Return the argument for the field of a request's JSON Schema that is the source, None if there is none."""
    for name, field in schema.get("properties", {}).items():
        extra = field.get("option") or {}
        if extra.get("source"):
            needed = name in schema.get("required", ())
            fallback = "; stdin without it" if needed else ""
            text = f"{field.get('description', '')}  [or -, for stdin{fallback}]"
            return SourceArgument(field=name, metavar=extra.get("metavar"), help=text, is_needed=needed)
    return None


def read_source(argument: SourceArgument, value: str | None, source: Source, *, nearby: bool) -> SourceFile | None:
    """Read what the argument names, or stdin; None where it was not given and is not needed.

    Raises RequestError for what cannot be read or is no text, or is over 2 MiB.
    """
    if value is None and not argument.is_needed:
        return None
    if value is None and (sys.stdin is None or sys.stdin.isatty()):
        raise RequestError(f"give {argument.metavar}, or the text on stdin", field=argument.field)
    if value is None or value == "-":
        data = source.stdin(str(argument.metavar)).read(LARGEST + 1)
        return SourceFile({"text": _text(data, "stdin")}, data, None)
    name, line, column = split_place(value, _exists)
    data = _read(name, value)
    path = Path(name).expanduser()
    text = _text(data, repr(name))
    fields: dict[str, Any] = {"text": text, "path": _shown(path), "line": line, "column": column}
    if nearby:
        fields["nearby"] = [{"path": _shown(file), "text": content} for file, content in _nearby(path, text)]
    return SourceFile(fields, data, path)


def split_place(value: str, exists: Callable[[str], bool]) -> tuple[str, int | None, int | None]:
    """Return the name, line and column that ``NAME[:LINE[:COL]]`` stands for.

    A name may end in a colon and a number itself: the longest that exists is meant. If none does, numbers are no part
    of the name.
    """
    readings: list[tuple[str, int | None, int | None]] = [(value, None, None)]
    if last := _NUMBERED.fullmatch(value):
        readings.append((last[1], int(last[2]), None))
        if both := _NUMBERED.fullmatch(last[1]):
            readings.append((both[1], int(both[2]), int(last[2])))
    return next((reading for reading in readings if exists(reading[0])), readings[-1])


def _exists(name: str) -> bool:
    try:
        return Path(name).expanduser().exists()
    except (OSError, RuntimeError, ValueError):
        return False


def _read(name: str, value: str) -> bytes:
    try:
        with Path(name).expanduser().open("rb") as file:
            return file.read(LARGEST + 1)
    except (OSError, RuntimeError, ValueError) as error:
        for colon in (place for place, letter in enumerate(value) if letter == ":"):
            if _exists(value[:colon]) and not Path(value[:colon]).expanduser().is_dir():
                wrong, right = value[colon + 1 :], f"{value[:colon]}:12:5"
                raise RequestError(f"{value!r:.80}: {wrong!r:.40} is no line and column; give {right}") from error
        reason = getattr(error, "strerror", None) or str(error)
        raise RequestError(f"cannot read {name!r:.200}: {reason}; give {METAVAR}") from error


def _text(data: bytes, name: str) -> str:
    """Return a file's text, its byte order mark and line ends as they are."""
    if len(data) > LARGEST:
        raise RequestError(f"{name} is over {LARGEST // 2**20} MiB; give a smaller file")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise RequestError(
            f"{name} is not UTF-8 text (byte {error.start}); convert it, or give another file"
        ) from error
    if "\0" in text:
        raise RequestError(f"{name} is a binary file; give a text file")
    return text


def _shown(path: Path) -> str:
    """Return a file's name for the request: from the current folder where it is below that."""
    whole = Path(os.path.abspath(path))  # noqa: PTH100 - a link keeps the name it was given by
    here = Path.cwd()
    name = whole.relative_to(here) if whole.is_relative_to(here) else path
    return name.as_posix().encode("utf-8", "replace").decode("utf-8")


def _nearby(path: Path, text: str) -> Iterator[tuple[Path, str]]:
    """Yield files that bear on one, with their texts: what it imports first, then its neighbours of the same kind.

    A link that leads out of the project, or out of the folder where there is none, is not followed.
    """
    folder = Path(os.path.abspath(path)).parent  # noqa: PTH100
    root = next((each for each in (folder, *folder.parents) if _is_root(each)), folder)
    inside = root.resolve()
    found, seen = 0, {path.resolve()}
    for file in _candidates(path, text, folder, root):
        target = _target(file)
        if target is None or target in seen or not target.is_relative_to(inside):
            continue
        seen.add(target)
        content = _small_text(target)
        if content is not None:
            found += 1
            yield file, content
        if found == NEARBY:
            return


def _candidates(path: Path, text: str, folder: Path, root: Path) -> Iterator[Path]:
    if path.suffix in (".py", ".pyi"):
        yield from _imported(folder, root, text)
    if not path.suffix:
        return
    try:
        names = sorted(file.name for file in folder.iterdir())
    except OSError:
        return
    for name in names:
        if not name.startswith(".") and Path(name).suffix == path.suffix:
            yield folder / name


def _imported(folder: Path, root: Path, text: str) -> Iterator[Path]:
    """Yield where the modules that a Python file imports would be, in its project; the text need not be whole."""
    for groups in dict.fromkeys(match.groups("") for match in _IMPORT.finditer(text)):
        path, listed, names, modules = groups
        module = path.lstrip(".")
        dots = len(path) - len(module)
        if modules:
            for each in modules.split(","):
                yield from _module_files([root, root / "src", folder], each.strip().partition(" ")[0], [], root)
            continue
        members = [each.strip().partition(" ")[0] for each in (listed or names).split(",")]
        if dots:
            base = folder.joinpath(*[".."] * (dots - 1))
            yield from _module_files([base], module, members, root)
        else:
            yield from _module_files([root, root / "src", folder], module, members, root)


def _is_root(folder: Path) -> bool:
    return any(_exists(str(folder / mark)) for mark in _ROOT_MARKS)


def _module_files(bases: list[Path], module: str, members: list[str], root: Path) -> Iterator[Path]:
    if not _MODULE.fullmatch(module):
        return
    parts = [part for part in module.split(".") if part]
    for base in bases:
        package = Path(os.path.abspath(base.joinpath(*parts)))  # noqa: PTH100
        if not package.is_relative_to(root):
            continue
        inside = [package / f"{member}.py" for member in members if member.isidentifier()]
        alone = [package.with_name(f"{package.name}.py")] if parts else []
        yield from (*inside, *alone, package / "__init__.py")


def _target(file: Path) -> Path | None:
    """Return the file that a path leads to, None where it leads to none."""
    try:
        return file.resolve() if file.is_file() else None
    except (OSError, RuntimeError, ValueError):
        return None


def _small_text(file: Path) -> str | None:
    """Return the text of a file nearby, None for one that is too large, empty, no text, or cannot be read."""
    try:
        if not 0 < file.stat().st_size <= LARGEST_NEARBY:
            return None
        text = file.read_bytes().decode("utf-8")
    except (OSError, ValueError):
        return None
    return None if "\0" in text else text
