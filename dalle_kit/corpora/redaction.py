"""Keeping personal data out of training texts."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Mapping, Sequence

_PERSONAL = re.compile(
    r"[\w.+-]+@[\w-]+\.\w|(?<!\d)\+?\d[\d ()./-]{7,}\d(?!\d)|(?:https?://|www\.)\S|\b(?:\d{1,3}\.){3}\d{1,3}\b"
)

#: Tried in this order at each place: a card's number may look like a telephone's.
_PERSONAL_KINDS = re.compile(
    r"(?P<address>(?<![\w.+%-])[\w.+%-]+@[\w-]+(?:\.[\w-]+)+)"
    r"|(?P<link>(?:\b(?:https?|ftp)://|\bwww\.)[^\s<>\"]*[^\s<>\".,;:!?)'\]])"
    r"|(?P<machine>(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.]*\d))"
    r"|(?P<account>\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?\b)"
    r"|(?P<card>(?<![\w.+])\d(?:[ -]?\d){12,18}(?!\w|\.\d))"
    r"|(?P<phone>(?<![\w.,:/-])(?:\+|00)?\(?\d[\d()./ -]{5,}\d(?![\w:]|[.,]\d))"
)
_MADE_UP = {
    "address": "person{}@example.com",
    "link": "https://example.com/{}",
    "machine": "192.0.2.{}",
    "account": "GB00 EXAM 0000 0000 0000 {:02}",
    "card": "0000 0000 0000 {:04}",
    "phone": "+1 202 555 01{:02}",
}
_NOBODYS = re.compile(r"(?:@|//|\.|\A)example(?:\.(?:com|net|org))?\Z|\.example\Z", re.IGNORECASE)
#: Numbers that only look like telephone numbers: dates, amounts in groups of three, ranges, times, plain numbers.
_NO_PHONE = re.compile(
    r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}(?: \d{1,2})?|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}(?: \d{1,2})?"
    r"|\d{1,3}(?:[ .]\d{3})+|\d+ ?[-/] ?\d+|\d+\.\d+|\d{1,2}[.:]\d{2} ?- ?\d{1,2}[.:]\d{2}|\d{1,8}"
)

_YEAR = re.compile(r"\b(?:19|20)\d\d\b")


def has_personal_data(text: str) -> bool:
    """Say whether a text holds an e-mail address, a telephone or card number, a link or an IP address."""
    return bool(_PERSONAL.search(text))


def _is_personal(kind: str, found: str) -> bool:
    """Say whether what a pattern found is what it looks like, and somebody's."""
    digits = re.sub(r"\D", "", found)
    if kind == "address":
        return not _NOBODYS.search(found)
    if kind == "link":
        host = re.sub(r"\A[a-z]+://", "", found, flags=re.IGNORECASE).split("/")[0]
        return not _NOBODYS.search(host)
    if kind == "machine":
        return all(int(part) < 256 for part in found.split("."))
    if kind == "card":
        return _has_luhn_digit(digits)
    if kind == "phone":
        if found[0] in "+(0":
            return 7 <= len(digits) <= 15 and (found[0] != "0" or not _NO_PHONE.fullmatch(found))
        # Notes put numbers side by side: years and small ones are no telephone's.
        return 9 <= len(digits) <= 15 and not _NO_PHONE.fullmatch(found) and not _YEAR.search(found)
    return True


def _has_luhn_digit(digits: str) -> bool:
    """Say whether the last digit is the one that Luhn's rule gives (ISO/IEC 7812-1)."""
    doubled = [int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits))]
    return sum(number // 10 + number % 10 for number in doubled) % 10 == 0


class Redactor:
    """Replaces addresses, links, telephone, card and account numbers by made-up ones; one for each text and its prompt.

    The same one becomes the same one everywhere, so that what a text copies from its prompt stays a copy. Hosts of
    RFC 2606 (``example.com``), which belong to nobody, stay as they are. Names of people are not found here.
    """

    def __init__(self) -> None:
        self._made: dict[str, str] = {}
        self._counts = dict.fromkeys(_MADE_UP, 0)

    @property
    def count(self) -> int:
        """How many different things were replaced."""
        return len(self._made)

    def redact(self, text: str) -> str:
        """Return a text with what is personal in it replaced."""
        return _PERSONAL_KINDS.sub(lambda match: self._other(str(match.lastgroup), match.group()), text)

    def redact_all(self, value: object) -> object:
        """Return a JSON-like value with every text in it redacted."""
        if isinstance(value, str):
            return self.redact(value)
        if isinstance(value, Mapping):
            return {key: self.redact_all(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.redact_all(item) for item in value]
        return value

    def _other(self, kind: str, found: str) -> str:
        if not _is_personal(kind, found) or found in self._made.values():
            return found
        if found not in self._made:
            self._counts[kind] += 1
            self._made[found] = _MADE_UP[kind].format(self._counts[kind])
        return self._made[found]


class Names:
    """Replaces people's names by others, drawn evenly from groups, the same one for the same name in one text."""

    def __init__(self, groups: Mapping[str, Sequence[str]]) -> None:
        self._groups = [tuple(names) for names in groups.values()]
        self._known = frozenset(name.split()[0] for names in self._groups for name in names)

    def draw(self, source: random.Random) -> str:
        """Return a full name; every group is as likely as any other."""
        return source.choice(source.choice(self._groups))

    def replace(self, texts: Iterable[str], *, people: Iterable[str], source: random.Random) -> list[str]:
        """Return ``texts`` with the names of ``people``, and known first names, replaced by drawn ones."""
        texts = list(texts)
        words = {word for name in people for word in name.split() if len(word) > 2 and word[0].isupper()}
        said = {word for text in texts for word in re.findall(r"\b[A-Z][a-z]+\b", text)}
        drawn = {word: self.draw(source).split() for word in sorted((words | self._known) & said)}
        families = {name.split()[-1] for name in people if " " in name}
        if not drawn:
            return texts
        pattern = re.compile(rf"\b(?:{'|'.join(map(re.escape, drawn))})\b")

        def other(match: re.Match[str]) -> str:
            name = drawn[match.group()]
            return name[-1] if match.group() in families else name[0]

        return [pattern.sub(other, text) for text in texts]
