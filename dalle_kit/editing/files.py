"""The files that are open in the editor, as it says they are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath, PurePosixPath
from urllib.parse import unquote, urlsplit

from dalle_kit.editing.positions import offset_of

#: So many other files are shown, none of them larger than this, in characters.
NEARBY, LARGEST_NEARBY = 32, 256 * 1024


@dataclass(frozen=True, slots=True)
class Change:
    """What an edit puts in the place of a range, which is two places of line and character; of all, without one."""

    text: str
    range: tuple[tuple[int, int], tuple[int, int]] | None = None


@dataclass(frozen=True, slots=True)
class OpenFile:
    """A file as it is in the editor, saved or not; ``language`` is the editor's word for what it is written in."""

    uri: str
    language: str
    text: str

    def changed(self, change: Change, encoding: str) -> OpenFile:
        """Return the file with an edit made."""
        if change.range is None:
            return replace(self, text=change.text)
        start, end = sorted(offset_of(self.text, line, character, encoding) for line, character in change.range)
        return replace(self, text=self.text[:start] + change.text + self.text[end:])


class OpenFiles:
    """All open files; those that were opened or changed last come last."""

    def __init__(self) -> None:
        self._files: dict[str, OpenFile] = {}
        self.roots: tuple[str, ...] = ()

    def open(self, file: OpenFile) -> None:
        """Take a file in."""
        self._files.pop(file.uri, None)
        self._files[file.uri] = file

    def change(self, uri: str, changes: Iterable[Change], encoding: str) -> None:
        """Make edits, one after another; raises KeyError for a file that is not open."""
        file = self._files[uri]
        for change in changes:
            file = file.changed(change, encoding)
        self.open(file)

    def close(self, uri: str) -> None:
        """Forget a file."""
        self._files.pop(uri, None)

    def get(self, uri: str) -> OpenFile | None:
        """Return an open file, None where it is not open."""
        return self._files.get(uri)

    def name(self, uri: str) -> str | None:
        """Return a file's name, from the folder of the workspace it is in; None where it has none."""
        path = _path(uri)
        for root in self.roots:
            folder = _path(root)
            if folder and path and PurePosixPath(path).is_relative_to(folder):
                return PurePosixPath(path).relative_to(folder).as_posix()
        return PurePath(path).name or None

    def nearby(self, uri: str) -> Sequence[Mapping[str, str]]:
        """Return the other open files, the one changed last first, as ``SourcePlace`` takes them."""
        others = [file for file in reversed(self._files.values()) if file.uri != uri]
        named = [(self.name(file.uri), file.text) for file in others if 0 < len(file.text) <= LARGEST_NEARBY]
        return [{"path": name, "text": text} for name, text in named if name and _is_whole(text)][:NEARBY]


def _path(uri: str) -> str:
    return unquote(urlsplit(uri).path)


def _is_whole(text: str) -> bool:
    """Say whether a text can be written as UTF-8: an editor may send one half of a character."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
