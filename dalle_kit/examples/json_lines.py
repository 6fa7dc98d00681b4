"""Reading examples from JSON such as `dalle-kit examples export` writes: an object on each line, or an array."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from typing import Any, BinaryIO

from dalle_kit.examples.texts import EMPTY, KINDS, LONGEST, TOO_LARGE, Found, Kind, Skipped, normalise

NO_RECORD = 'no JSON object with a "text"'

#: The most bytes of a record, and how many of an array are read at once.
_LONGEST, _PIECE = 8 * LONGEST, 2**16

_BETWEEN = re.compile(r"[\s,]*")
_RECORD = re.compile(rb'\s*(?:\[\s*\{\s*|\{[ \t]*)"text"\s*:')


def read_json_lines(file: BinaryIO, name: str) -> Iterator[Found | Skipped]:
    """Yield the records of a file: ``text``, and more of what Found holds, in an object on each line or in an array.

    Other fields are passed over.
    """
    number = 0
    while line := file.readline(_LONGEST):
        number += 1
        origin = f"{name}:{number}"
        if number == 1 and begins_array(line):
            yield from _read_array(file, line, name)
            return
        if len(line) == _LONGEST and not line.endswith(b"\n"):
            while line and not line.endswith(b"\n"):
                line = file.readline(_LONGEST)
            yield Skipped(origin, TOO_LARGE)
        elif line.strip():
            yield _record(line, origin)


def begins_array(head: bytes) -> bool:
    """Say whether JSON that begins so is an array."""
    return head.removeprefix(codecs.BOM_UTF8).lstrip().startswith(b"[")


def begins_records(head: bytes) -> bool:
    """Say whether a file that begins so holds records as they are exported, an array of them or one on each line."""
    return bool(_RECORD.match(head.removeprefix(codecs.BOM_UTF8)))


def _read_array(file: BinaryIO, head: bytes, name: str) -> Iterator[Found | Skipped]:
    """Yield the records of an array, a piece of it in memory at a time; from where it is no array on, it is skipped."""
    decoder, parser = codecs.getincrementaldecoder("utf-8-sig")("surrogateescape"), json.JSONDecoder()
    text = decoder.decode(head).lstrip()[1:]  # behind the bracket
    place = number = 0
    is_whole = False
    while True:
        place = _end(_BETWEEN, text, place)
        try:
            if text[place : place + 1] == "]":
                break
            values, end = parser.raw_decode(text, place)
            if end == len(text) and not is_whole:
                raise ValueError  # a number may go on
        except (ValueError, RecursionError):
            piece = b"" if is_whole else file.read(_PIECE)
            is_whole = not piece
            if is_whole or len(text) - place > _LONGEST:
                yield Skipped(f"{name}, record {number + 1} and what follows", NO_RECORD if is_whole else TOO_LARGE)
                return
            text, place = text[place:] + decoder.decode(piece), 0
        else:
            number, place = number + 1, end
            yield _found(values, f"{name}:{number}")
    if text[place + 1 :].strip() or file.read(_PIECE).strip():
        yield Skipped(f"{name}, what follows the array", NO_RECORD)


def _end(pattern: re.Pattern[str], text: str, place: int) -> int:
    match = pattern.match(text, place)
    return match.end() if match else place


def _record(line: bytes, origin: str) -> Found | Skipped:
    try:
        values = json.loads(line.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return Skipped(origin, NO_RECORD)
    return _found(values, origin)


def _found(values: Any, origin: str) -> Found | Skipped:
    """Return a record that was read as the text it is."""
    if not isinstance(values, dict) or not isinstance(values.get("text"), str):
        return Skipped(origin, NO_RECORD)
    told = {name: _told(values, name) for name in ("origin", "subject", "author", "date")}
    try:
        "".join([values["text"], *told.values()]).encode("utf-8")
    except UnicodeEncodeError:  # JSON can spell half a character, and a file have wrong bytes: neither is a text
        return Skipped(origin, NO_RECORD)
    if len(values["text"]) > LONGEST:
        return Skipped(origin, TOO_LARGE)
    text = normalise(values["text"])
    if not text.strip():
        return Skipped(origin, EMPTY)
    kind: Kind = values["kind"] if values.get("kind") in KINDS else "text"
    return Found(text=text, kind=kind, **{**told, "origin": told["origin"] or origin})


def _told(values: dict[str, Any], name: str) -> str:
    value = values.get(name)
    return " ".join(value.split()) if isinstance(value, str) else ""
