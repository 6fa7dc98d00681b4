"""Where templates come from, and how they are named.

A template's full name is ``DOMAIN/FILE``, e.g. ``email/document.j2`` or ``email/parts/greeting.j2``; the spaces of a
nested domain are dots (``code complete`` is ``code.complete/document.j2``). The user's folder is asked first, then the
domain's own package. ``bundled:email/document.j2`` means the package's file even when the user has replaced it, and
``NAME:email/brief/document.j2`` a template of the loader that a plugin has registered as NAME; that is the only way
to a loader, so that no plugin can put itself in the place of another's templates.

In ``extends``, ``include`` and ``import`` a name is looked for in the domain's folder first, then taken as a full name.
"""

from __future__ import annotations

import hashlib
import importlib.resources
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import TYPE_CHECKING

import jinja2

from dalle_kit.errors import TemplateError

if TYPE_CHECKING:
    from dalle_kit.domain import Domain

BUNDLED = "bundled"
SUFFIX = ".j2"
_LARGEST = 2**20  # bytes of a template


@dataclass(frozen=True, slots=True)
class TemplateFile:
    """One template as found: ``source`` is "user", "bundled" or a loader's name; ``place`` its path or full name."""

    name: str
    source: str
    place: str
    text: str
    unchanged: Callable[[], bool]


class TemplateSources(jinja2.BaseLoader):
    """Find templates by name: the user's folder, the domains' packages, the plugins' loaders."""

    def __init__(
        self, domains: Mapping[str, Domain], loaders: Mapping[str, jinja2.BaseLoader], user_folder: Path
    ) -> None:
        self._domains = {folder_of(name): domain for name, domain in domains.items()}
        self._packages: dict[str, Traversable] = {}
        self._loaders = loaders
        self._hashes: dict[str, tuple[str, str]] = {}  # name and hash of what was read last, by its place
        self.user_folder = user_folder

    def get_source(self, environment: jinja2.Environment, template: str) -> tuple[str, str, Callable[[], bool]]:
        """Return text, place and freshness test of a full name (Jinja's loader interface)."""
        found = self.find(environment, template)
        if found is None:
            raise jinja2.TemplateNotFound(template)
        digest = hashlib.sha256(found.text.encode("utf-8", "surrogatepass")).hexdigest()
        self._hashes[found.place] = (found.name, digest)
        return found.text, found.place, found.unchanged

    def hashes(self, places: Iterable[str]) -> dict[str, str]:
        """Return the full names of the files at some places, and the SHA-256 of the text of each as it is in use."""
        return dict(self._hashes[place] for place in places if place in self._hashes)

    def find(self, environment: jinja2.Environment, name: str) -> TemplateFile | None:
        """Return the template of that full name, None if there is none; TemplateError if it cannot be read."""
        source, path = split_name(name)
        if not is_safe(path):
            return None
        if source == "":
            return self._of_user(name) or self._of_package(name, path)
        if source == BUNDLED:
            return self._of_package(name, path)
        return self._of_loader(environment, name, source, path)

    def join(self, environment: jinja2.Environment, name: str, parent: str) -> str:
        """Return the full name that ``name`` stands for inside the template ``parent``."""
        if ":" in name:
            return name
        source, path = split_name(parent)
        folder = path.partition("/")[0]
        candidates = [f"{folder}/{name}"]
        if source not in ("", BUNDLED):
            candidates = [f"{source}:{folder}/{name}", f"{source}:{name}", f"{folder}/{name}"]
        return next((each for each in candidates if self.find(environment, each) is not None), name)

    def user_path(self, name: str) -> Path:
        """Return where the user's own template of that name belongs."""
        return self.user_folder.joinpath(*name.split("/"))

    def files(self, folder: str, source: str) -> tuple[str, ...]:
        """Return a domain's templates in one source, as paths below the domain's folder."""
        if source == "user":
            root = self.user_folder / folder
            found = [path.relative_to(root).as_posix() for path in root.rglob(f"*{SUFFIX}")] if root.is_dir() else []
        elif source == BUNDLED:
            found = list(_walk(self._package(folder)))
        else:
            try:
                names = self._loaders[source].list_templates()
            except Exception:
                # TypeError is Jinja's way to say that a loader cannot list its templates; any other failure of a
                # plugin's loader must not hide the other templates either. Reading one still says what is wrong.
                names = []
            found = [name.removeprefix(f"{folder}/") for name in names if name.startswith(f"{folder}/")]
        return tuple(sorted(path for path in found if path.endswith(SUFFIX) and is_safe(path)))

    def _of_user(self, name: str) -> TemplateFile | None:
        path = self.user_path(name)
        if not path.is_file():
            return None
        before = _stamp(path)
        return TemplateFile(name, "user", str(path), _read(path, str(path)), lambda: _stamp(path) == before)

    def _of_package(self, name: str, path: str) -> TemplateFile | None:
        folder, _, rest = path.partition("/")
        if folder not in self._domains or not rest:
            return None
        file = self._package(folder)
        for part in rest.split("/"):
            file = file.joinpath(part)
        if not file.is_file():
            return None
        place = f"{BUNDLED}:{path}"
        user = None if ":" in name else self.user_path(path)
        return TemplateFile(name, BUNDLED, place, _read(file, place), lambda: user is None or not user.is_file())

    def _of_loader(self, environment: jinja2.Environment, name: str, source: str, path: str) -> TemplateFile | None:
        if source not in self._loaders:
            return None
        try:
            text, _, unchanged = self._loaders[source].get_source(environment, path)
        except jinja2.TemplateNotFound:
            return None
        except RecursionError:
            raise
        except Exception as error:
            raise TemplateError(f"the loader {source!r} failed: {_line(error)}", template=name) from error
        return TemplateFile(name, source, name, text, unchanged or (lambda: True))

    def _package(self, folder: str) -> Traversable:
        if folder in self._packages:
            return self._packages[folder]
        domain = self._domains[folder]
        try:
            self._packages[folder] = importlib.resources.files(domain.templates)
            return self._packages[folder]
        except RecursionError:
            raise
        except Exception as error:
            message = (
                f"the package {domain.templates!r} of the domain {domain.name!r} cannot be imported: {_line(error)}"
            )
            raise TemplateError(message) from error


def folder_of(domain: str) -> str:
    """Return the folder that holds a domain's templates."""
    return domain.replace(" ", ".")


def split_name(name: str) -> tuple[str, str]:
    """Split ``SOURCE:PATH``; the source is empty where none is named."""
    source, colon, path = name.partition(":")
    return (source, path) if colon else ("", name)


def is_safe(path: str) -> bool:
    """Tell whether a path stays in its folder on every platform."""
    parts = path.split("/")
    return not any(part in ("", ".", "..") for part in parts) and not any(letter in path for letter in "\\:\0")


def _walk(folder: Traversable, prefix: str = "") -> Iterator[str]:
    for entry in folder.iterdir() if folder.is_dir() else ():
        if entry.is_dir():
            yield from _walk(entry, f"{prefix}{entry.name}/")
        elif entry.name.endswith(SUFFIX):
            yield prefix + entry.name


def _read(file: Traversable, place: str) -> str:
    try:
        with file.open("rb") as stream:
            data = stream.read(_LARGEST + 1)
        if len(data) > _LARGEST:
            raise TemplateError(f"has more than {_LARGEST:,} bytes; make it shorter", template=place)
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise TemplateError(f"is not UTF-8 text (byte {error.start}); save it as UTF-8", template=place) from error
    except OSError as error:
        raise TemplateError(f"cannot be read: {error.strerror or error}", template=place) from error


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        facts = path.stat()
    except OSError:
        return None
    return facts.st_mtime_ns, facts.st_size


def _line(error: BaseException) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())
