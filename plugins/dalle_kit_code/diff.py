"""A change to one file as a patch that ``git apply`` takes: of bytes, with one hunk."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePosixPath, PureWindowsPath

#: Unchanged lines shown round the change.
_CONTEXT = 3

_NAMES = {"\a": "a", "\b": "b", "\t": "t", "\n": "n", "\v": "v", "\f": "f", "\r": "r", '"': '"', "\\": "\\"}


def patch(path: str, old: str, new: str) -> bytes:
    """Return the change from one text to another as a patch, empty where they are equal.

    The path is taken relative to where the patch will be applied: a root, drive or ``..`` at its start is left out.
    """
    if old == new:
        return b""
    before, after = _lines(old), _lines(new)
    start = _common(before, after)
    end = _common(before[start:][::-1], after[start:][::-1])
    top = before[max(0, start - _CONTEXT) : start]
    bottom = before[len(before) - end :][:_CONTEXT]
    removed, added = before[start : len(before) - end], after[start : len(after) - end]
    name = _relative(path)
    ranges = [_range(start - len(top), len(top) + len(each) + len(bottom)) for each in (removed, added)]
    lines = [
        f"diff --git {_quoted(f'a/{name}')} {_quoted(f'b/{name}')}\n",
        f"--- {_named(f'a/{name}')}\n",
        f"+++ {_named(f'b/{name}')}\n",
        f"@@ -{ranges[0]} +{ranges[1]} @@\n",
    ]
    for sign, each in ((" ", top), ("-", removed), ("+", added), (" ", bottom)):
        lines += [_marked(sign + line) for line in each]
    return "".join(lines).encode("utf-8")


def _lines(text: str) -> list[str]:
    """Return a text's lines as git counts them, each with its line feed."""
    return re.findall(r"[^\n]*\n|[^\n]+", text)


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    """Return how many lines two lists have in common at their start."""
    return next(
        (count for count, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
    )


def _range(start: int, count: int) -> str:
    return f"{start + 1 if count else start},{count}"


def _marked(line: str) -> str:
    return line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"


def _relative(path: str) -> str:
    windows = PureWindowsPath(path)
    pure = windows if windows.drive or "\\" in path else PurePosixPath(path)
    parts = [part for part in pure.parts if part not in (pure.anchor, "..", ".")]
    return "/".join(parts)


def _quoted(name: str) -> str:
    """Return a name as git writes it: in quotation marks where it has signs that need them."""
    if not any(sign in _NAMES or ord(sign) < 32 or ord(sign) == 127 for sign in name):
        return name
    return f'"{"".join(map(_escaped, name))}"'


def _escaped(sign: str) -> str:
    if sign in _NAMES:
        return f"\\{_NAMES[sign]}"
    return f"\\{ord(sign):03o}" if ord(sign) < 32 or ord(sign) == 127 else sign


def _named(name: str) -> str:
    """Return a name for the lines of the two files, where a blank in it needs a tab behind it."""
    quoted = _quoted(name)
    return quoted + "\t" if quoted == name and " " in name else quoted
