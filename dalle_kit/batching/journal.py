"""What is done of a batch, written down beside its output row by row, so that a kill loses and doubles nothing."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from dalle_kit.batching.facts import CHANGED
from dalle_kit.errors import OutputError
from dalle_kit.files import write_atomically

#: The layout of the journal's lines; another one is not read.
LAYOUT = 1

#: What is said where an entry of the heading differs that is no option.
_DIFFERENT = {
    "input": "the input has changed",
    "requests": "the settings, or the examples, that complete the requests have changed",
    **CHANGED,
}


class Journal:
    """A heading that says what is written from what, then a line for each row that is done, whole or not there.

    ``done`` has the lines by the numbers of their rows.
    """

    def __init__(self, path: Path, file: BinaryIO, done: dict[int, dict[str, Any]]) -> None:
        self.path, self.done, self._file = path, done, file

    def add(self, line: dict[str, Any]) -> None:
        """Write down that a row is done; on the disk when this returns. Raises OutputError."""
        try:
            self._file.write(encoded(line))
            self.done[line["row"]] = line  # an interruption from here on does not undo it
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            raise OutputError(f"cannot write {self.path}: {error.strerror}; make room and run it again") from error

    def remove(self) -> None:
        """Take the journal away: what it was for is done."""
        self._file.close()
        self.path.unlink(missing_ok=True)


def encoded(line: Mapping[str, Any]) -> bytes:
    """Return a line of JSON as bytes."""
    # Half a character, which JSON can spell and UTF-8 cannot, is spelt as JSON does.
    return (json.dumps(line, ensure_ascii=False) + "\n").encode("utf-8", "backslashreplace")


def journal_of(output: Path) -> Path:
    """Return where the journal of an output is."""
    whole = Path(os.path.abspath(output))  # noqa: PTH100  # a link stays one
    return whole.with_name(f"{whole.name}.journal")


def is_begun(output: Path) -> bool:
    """Say whether a batch was begun that wrote to this output, and is not done."""
    return journal_of(output).exists()


@contextmanager
def opened(output: Path, heading: Mapping[str, Any], *, force: bool) -> Iterator[Journal]:
    """Give the journal of an output, the one that is there if it has the same heading, while nobody else has it.

    Raises OutputError where it has another one, which ``force`` replaces, or another process is writing.
    """
    path = journal_of(output)
    if not path.parent.is_dir():
        raise OutputError(f"cannot write {output}: there is no folder {path.parent}; create it first")
    with _alone(path, output):
        try:
            done = _read(path, heading, output)
        except OutputError:
            if not force:
                raise
            done = None
        if done is None:
            write_atomically(path, encoded({"dalle-kit batch": LAYOUT, **heading}), force=True)
        try:
            file = path.open("ab")
        except OSError as error:
            raise OutputError(f"cannot write {path}: {error.strerror}; choose another place") from error
        try:
            yield Journal(path, file, done or {})
        finally:
            with contextlib.suppress(OSError):  # each line is on the disk, or was told to be none
                file.close()


def _read(path: Path, heading: Mapping[str, Any], output: Path) -> dict[int, dict[str, Any]] | None:
    """Return the lines of a journal, None without one; a last line that was not finished is cut off."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise OutputError(f"cannot read {path}: {error.strerror}; choose another output") from error
    whole = data[: data.rfind(b"\n") + 1]
    try:
        first, *lines = (json.loads(line) for line in whole.splitlines())
        found = dict(first)
        if found.pop("dalle-kit batch") != LAYOUT:
            raise ValueError
        done = {line["row"]: line for line in lines}
    except (ValueError, KeyError, TypeError) as error:
        fix = "remove it, choose another output, or start anew with --force"
        raise OutputError(f"{path} is no journal of a batch that can be gone on with; {fix}") from error
    for name, value in json.loads(encoded(heading)).items():
        is_known = name != "model_files" or None not in (found.get(name), value)  # it may have been fetched since
        if is_known and found.get(name) != value:
            raise OutputError(_changed(name, found.get(name), value, output))
    if len(whole) < len(data):
        os.truncate(path, len(whole))
    return done


def _changed(name: str, before: Any, now: Any, output: Path) -> str:
    fix = "make it as it was, choose another output, or start anew with --force"
    if name in _DIFFERENT:
        return f"{_DIFFERENT[name]} since {output} was begun; {fix}"
    flag = f"--{name.replace('_', '-')}"
    return f"{output} was begun with {flag} {_shown(before)}, and now it is {_shown(now)}; {fix}"


def _shown(value: Any) -> str:
    """Return a setting's value as it is typed: "sender=Jo" for a pair, items between commas for a list."""
    if value in (None, [], ""):
        return "left out"
    if not isinstance(value, list):
        return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return ", ".join("=".join(map(str, each)) if isinstance(each, list) else str(each) for each in value)


@contextmanager
def _alone(path: Path, output: Path) -> Iterator[None]:
    import filelock

    place = path.with_name(f".{path.name}.lock")
    lock = filelock.FileLock(place)
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout as error:
        raise OutputError(f"another process is writing {output}; wait for it, or choose another output") from error
    except OSError as error:
        raise OutputError(f"cannot write to {path.parent}: {error.strerror}; choose another place") from error
    try:
        yield
    finally:
        with contextlib.suppress(OSError):  # Windows keeps what is open
            place.unlink()
        lock.release()
