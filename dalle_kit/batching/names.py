"""Names of files made from what a user has in a column: safe on every system, and each its own."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence

from dalle_kit.batching.row import Row

#: The most bytes of a name without its suffix; file systems take 255 in all.
_LONGEST = 120

#: Names of devices on Windows, whatever follows their first dot.
_DEVICES = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\.|$)", re.IGNORECASE)


def file_names(rows: Sequence[Row], suffix: str, *, taken: Iterable[str] = ()) -> dict[int, str]:
    """Return the name of each row's file, by the row's number: made from its id, else the number.

    Names that a file system would take for one get a number behind them.
    """
    digits = len(str(len(rows)))
    used = {_folded(name) for name in taken}
    names: dict[int, str] = {}
    for row in rows:
        stem = safe_name(row.id) or f"{row.number:0{digits}}"
        name, count = stem + suffix, 1
        while _folded(name) in used:
            count += 1
            name = f"{stem}-{count}{suffix}"
        used.add(_folded(name))
        names[row.number] = name
    return names


def safe_name(text: str) -> str:
    """Return a text as the name of a file without its suffix: no separators, no control characters, not too long."""
    plain = "".join(
        character if unicodedata.category(character)[0] in "LMN" or character in " -_.@+()" else "_"
        for character in unicodedata.normalize("NFC", text)
    )
    name = " ".join(plain.encode("utf-8")[:_LONGEST].decode("utf-8", "ignore").split()).strip(". ")
    return f"_{name}" if _DEVICES.match(name) else name


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKD", name).casefold()
