"""Reading examples from JSON lines, such as `dalle-kit examples export` writes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, BinaryIO

from dalle_kit.examples.texts import EMPTY, KINDS, LONGEST, TOO_LARGE, Found, Skipped, normalise

NO_RECORD = 'no JSON object with a "text"'


def read_json_lines(file: BinaryIO, name: str) -> Iterator[Found | Skipped]:
    """Yield the records of a file with a JSON object on each line: ``text``, and more of what Found holds.

    Other fields are passed over.
    """
    number = 0
    longest = 8 * LONGEST
    while line := file.readline(longest):
        number += 1
        origin = f"{name}:{number}"
        if len(line) == longest and not line.endswith(b"\n"):
            while line and not line.endswith(b"\n"):
                line = file.readline(longest)
            yield Skipped(origin, TOO_LARGE)
        elif line.strip():
            yield _record(line, origin)


def _record(line: bytes, origin: str) -> Found | Skipped:
    try:
        values = json.loads(line.decode("utf-8-sig"))
        json.dumps(values, ensure_ascii=False).encode("utf-8")  # JSON can spell half a character, which is no text
    except (ValueError, RecursionError):
        return Skipped(origin, NO_RECORD)
    if not isinstance(values, dict) or not isinstance(values.get("text"), str):
        return Skipped(origin, NO_RECORD)
    if len(values["text"]) > LONGEST:
        return Skipped(origin, TOO_LARGE)
    text = normalise(values["text"])
    if not text.strip():
        return Skipped(origin, EMPTY)
    kind = values.get("kind")
    return Found(
        text=text,
        kind=kind if kind in KINDS else "text",
        origin=_told(values, "origin") or origin,
        subject=_told(values, "subject"),
        author=_told(values, "author"),
        date=_told(values, "date"),
    )


def _told(values: dict[str, Any], name: str) -> str:
    value = values.get(name)
    return " ".join(value.split()) if isinstance(value, str) else ""
