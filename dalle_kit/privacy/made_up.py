"""Made-up data in the place of personal data, the same for the same, in texts to train on and in examples."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from functools import lru_cache

from dalle_kit.checks.blanks import blank
from dalle_kit.privacy.contacts import NOBODYS
from dalle_kit.privacy.finder import PersonalFinder, pattern_finder
from dalle_kit.privacy.kinds import PersonalData, is_title

#: A link may lead to a person's own page; it is replaced, though by itself it is not personal.
_LINK = re.compile(r"(?:\b(?:https?|ftp)://|\bwww\.)[^\s<>\"]{0,2000}[^\s<>\".,;:!?)'\]]", re.IGNORECASE)
_NAMES = "Alex Robin Sam Kim Jordan Casey Taylor Morgan Jamie Charlie Riley Avery Quinn Rowan Skyler Dana".split()


def _name(number: int) -> str:
    return _NAMES[(number - 1) % len(_NAMES)] + "son" * ((number - 1) // len(_NAMES))


_MADE_UP: Mapping[str, Callable[[int], str]] = {
    "person": _name,
    "e-mail address": "person{}@example.com".format,
    "link": "https://example.com/{}".format,
    "IP address": lambda number: f"192.0.2.{number % 255}",
    "bank account": "GB00 EXAM 0000 0000 0000 {:02}".format,
    "card number": "0000 0000 0000 {:04}".format,
    "phone number": lambda number: f"+1 202 555 01{number:02}",
    "id number": "000-00-{:04}".format,
    "user name": "user_{}".format,
    "postal address": "{} Example Street".format,
}
#: What is of such a form is nobody's.
_OURS = re.compile(
    r"\bperson\d+@example\.com|\b192\.0\.2\.\d|\bGB00 EXAM(?: \d{2,4})*|\b0000 0000 0000 \d{4}|\+1 202 555 01\d\d"
    r"|\b000-00-\d{4}|\buser_\d+\b|\b\d+ Example Street\b"
)


def has_personal_data(text: str) -> bool:
    """Say whether a text holds personal data other than names of people, or a link."""
    return bool(_LINK.search(text) or _impersonal_finder().find(text))


def without_made_up(text: str) -> str:
    """Return a text with what a Redactor made up for things other than names taken: parts of it have forms, too."""
    return blank(text, (match.span() for match in _OURS.finditer(text)))


class Redactor:
    """Replaces personal data and links by made-up ones; one for each text and its prompt, or for a set of examples.

    The same one becomes the same one everywhere, so that what a text copies from its prompt stays a copy. Hosts of
    RFC 2606 (``example.com``), which belong to nobody, stay as they are. Names of people are replaced only where a
    ``finder`` is given, word by word: "Anna" of "Anna Smith" stays the same person. ``known`` is what was made up
    before, and takes up what is made up now, by kind and by what ``hide`` makes of the real thing.
    """

    def __init__(
        self,
        finder: PersonalFinder | None = None,
        *,
        known: dict[tuple[str, str], str] | None = None,
        hide: Callable[[str], str] = str,
    ) -> None:
        self._finder = finder or _impersonal_finder()
        self._known = {} if known is None else known
        self._hide = hide
        self._numbers = Counter(kind for kind, _ in self._known)
        self._names = {made for (kind, _), made in self._known.items() if kind == "person"}
        self._replaced: set[tuple[str, str]] = set()

    @property
    def count(self) -> int:
        """How many different things were replaced."""
        return len(self._replaced)

    @property
    def counts(self) -> dict[str, int]:
        """How many different things of each kind were replaced."""
        return dict(Counter(kind for kind, _ in self._replaced))

    def redact(self, text: str) -> str:
        """Return a text with what is personal in it replaced."""
        links = [PersonalData("link", match.group(), *match.span()) for match in _LINK.finditer(text)]
        rest = without_made_up(blank(text, ((link.start, link.end) for link in links)))
        pieces, place = [], 0
        for found in sorted([*links, *self._finder.find(rest)], key=lambda each: each.start):
            pieces += [text[place : found.start], self._other(found)]
            place = found.end
        return "".join(pieces) + text[place:]

    def redact_all(self, value: object) -> object:
        """Return a JSON-like value with every text in it redacted."""
        if isinstance(value, str):
            return self.redact(value)
        if isinstance(value, Mapping):
            return {key: self.redact_all(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.redact_all(item) for item in value]
        return value

    def _other(self, found: PersonalData) -> str:
        host = re.sub(r"\A[a-z]+://", "", found.text, flags=re.IGNORECASE).split("/")[0]
        nobodys = found.kind == "link" and NOBODYS.search(host)
        if nobodys or (found.kind != "person" and _OURS.search(found.text)):
            return found.text
        self._replaced.add((found.kind, found.text))
        return self._person(found.text) if found.kind == "person" else self._made_up(found.kind, found.text)

    def _made_up(self, kind: str, text: str) -> str:
        key = (kind, self._hide(text))
        if key not in self._known:
            self._numbers[kind] += 1
            self._known[key] = _MADE_UP[kind](self._numbers[kind])
        return self._known[key]

    def _person(self, name: str) -> str:
        """Return a made-up name of as many words; titles and initials stay."""
        return re.sub(r"(?<!\w)[^\W\d_]{2,}(?![\w.])", self._person_word, name)

    def _person_word(self, match: re.Match[str]) -> str:
        word = match.group()
        if is_title(word) or word in self._names:
            return word
        made = self._made_up("person", word)
        self._names.add(made)
        return made


@lru_cache(maxsize=1)
def _impersonal_finder() -> PersonalFinder:
    return pattern_finder(persons=False)
