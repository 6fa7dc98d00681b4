"""What an import finds: texts to learn from, and entries that are none, each with the reason."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

Kind = Literal["email", "text", "code"]
KINDS: tuple[Kind, ...] = get_args(Kind)

#: A vector tells what the beginning of a text is about (in characters): an encoder reads little more.
_ENCODED = 2000

#: Longer texts are no examples of anything that is written here (in characters, and in bytes of a file).
LONGEST = 2**18

#: A run of so many combining marks is no writing; the joiner, which is not seen, parts them.
_MARKS, _JOINER = 30, "\u034f"

EMPTY = "empty"
NOT_TEXT = "not a text"
TOO_LARGE = f"longer than {LONGEST // 1024} KiB"
DUPLICATE = "there already"
NOT_OWN = "no words of the author's own"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A text that was found; ``origin`` is its place: a path as it was given, and a line or number in that file.

    ``date`` is in ISO 8601. What is not known is an empty text.
    """

    text: str
    kind: Kind = "text"
    origin: str = ""
    subject: str = ""
    author: str = ""
    date: str = ""

    @property
    def id(self) -> str:
        """The SHA-256 of the normalised text, as hexadecimal digits."""
        return text_id(self.text)

    @property
    def to_encode(self) -> str:
        """What stands for the example in a search: its subject and the beginning of its text."""
        beginning = self.text[:_ENCODED]
        return f"{self.subject[:_ENCODED]}\n{beginning}" if self.subject else beginning

    def as_dict(self) -> dict[str, Any]:
        """Return it ready for JSON, without what is not known."""
        values = {"text": self.text, "kind": self.kind, "origin": self.origin}
        values |= {"subject": self.subject, "author": self.author, "date": self.date}
        return {name: value for name, value in values.items() if value}


@dataclass(frozen=True, slots=True)
class Skipped:
    """An entry that is no example, and why."""

    origin: str
    reason: str


@dataclass(slots=True)
class Report:
    """What became of an import: how many are ``added``, and how many were skipped for which reason.

    ``places`` holds the first few places for each reason. ``personal`` says how often something personal of each kind
    was found in what was added; where made-up data took its place, how many different things it was.
    """

    added: int = 0
    skipped: dict[str, int] = field(default_factory=dict)
    places: dict[str, list[str]] = field(default_factory=dict)
    personal: dict[str, int] = field(default_factory=dict)

    @property
    def reasons(self) -> str:
        """How many were skipped for which reason: ``3 empty, 1 not a text``."""
        return ", ".join(f"{count} {reason}" for reason, count in sorted(self.skipped.items()))

    def skip(self, entry: Skipped) -> None:
        """Count an entry that was skipped."""
        self.skipped[entry.reason] = self.skipped.get(entry.reason, 0) + 1
        shown = self.places.setdefault(entry.reason, [])
        if len(shown) < 3:
            shown.append(entry.origin)


def normalise(text: str) -> str:
    """Return a text in Unicode's composed form with plain line ends, no spaces at them and no blank lines around."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if not text.isascii():
        # Composing may make a run longer, once; parting it again changes nothing that is composed.
        text = _parted(unicodedata.normalize("NFC", _parted(text)))
    # Not by a pattern: its time would grow with the square of a run of spaces.
    return "\n".join(line.rstrip(" \t") for line in text.split("\n")).strip("\n")


def _parted(text: str) -> str:
    """Return a text with no longer run of combining marks than Unicode's stream-safe format has (UAX #15).

    Composing sorts a run; the time would grow with the square of its length.
    """
    marks = [letter for letter in set(text) if _combines(letter)]
    if not marks:
        return text
    mark = f"[{re.escape(''.join(marks))}]"
    return re.sub(f"({mark}{{{_MARKS}}})(?={mark})", f"\\1{_JOINER}", text)


def _combines(letter: str) -> bool:
    return bool(unicodedata.combining(unicodedata.normalize("NFD", letter)[0]))


def text_id(text: str) -> str:
    """Return what a text is known by: the SHA-256 of its normalised form."""
    return hashlib.sha256(normalise(text).encode("utf-8", "surrogatepass")).hexdigest()


def decode(data: bytes) -> str | None:
    """Return bytes as text: UTF-8, UTF-16 with its mark, or Windows' Western code page; None where they are no text."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            return data.decode("utf-16")
        except UnicodeDecodeError:
            return None
    if b"\0" in data:
        return None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("cp1252", "replace")
    # Text in any code page has next to no control characters; compressed data has one in ten.
    controls = sum(1 for letter in text if letter < " " and letter not in "\n\r\t\f\x1b") + text.count("\ufffd")
    return None if controls * 100 > len(text) else text
