"""Personal data in examples: where it is, and the same texts with made-up data in its place."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from dalle_kit.checks.blanks import blank
from dalle_kit.checks.words import is_ordinary
from dalle_kit.examples.example_set import ExampleSet
from dalle_kit.examples.texts import Found
from dalle_kit.privacy import PersonalData, PersonalFinder, Redactor, load_finder
from dalle_kit.privacy.kinds import is_title
from dalle_kit.privacy.made_up import without_made_up

Place = Literal["author", "subject", "text"]

_NAME_WORD = re.compile(r"(?<![\w@.])[^\W\d_a-z][^\W\d_]+(?![\w@])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """Something personal in an example: its kind, the example's id and origin, and where in it the ``value`` stands.

    ``start`` and ``end`` are in characters of the example's text, subject or author, as ``place`` says.
    """

    kind: str
    id: str
    origin: str
    place: Place
    start: int
    end: int
    value: str

    @property
    def masked(self) -> str:
        """The value with little more left of it than its beginning: ``j…@e…``."""
        parts = re.split(r"([ @])" if self.kind == "person" else "(@)", self.value)
        return "".join(part if part in ("", " ", "@") else f"{part[:1]}…" for part in parts)


def scan(texts: Iterable[Found], *, finder: PersonalFinder | None = None) -> Iterator[Sighting]:
    """Yield the personal data of a set of examples, or of other texts, one text after another.

    What was made up for a set is nobody's. ``finder`` is by patterns unless given:
    ``dalle_kit.privacy.load_finder(names=True)`` finds more names.
    """
    knowing = _KnowingFinder(finder or load_finder(names=False))
    nobodys = texts.made_up() if isinstance(texts, ExampleSet) else frozenset()
    for found in texts:
        id = None
        for place, value in _parts(found, knowing):
            for each in knowing.find(without_made_up(value) if nobodys else value):
                if each.text in nobodys or (each.kind == "person" and nobodys.issuperset(each.text.split())):
                    continue
                id = id or found.id  # which takes its time
                yield Sighting(
                    kind=each.kind,
                    id=id,
                    origin=found.origin,
                    place=place,
                    start=each.start,
                    end=each.end,
                    value=each.text,
                )


class ExampleRedactor:
    """Puts made-up data in the place of personal data of examples, the same for the same in all of them.

    ``known`` and ``hide`` are as Redactor has them.
    """

    def __init__(
        self,
        finder: PersonalFinder | None = None,
        *,
        known: dict[tuple[str, str], str] | None = None,
        hide: Callable[[str], str] = str,
    ) -> None:
        self._finder = _KnowingFinder(finder or load_finder(names=False))
        self._redactor = Redactor(self._finder, known=known, hide=hide)

    @property
    def counts(self) -> dict[str, int]:
        """How many different things of each kind were replaced."""
        return self._redactor.counts

    def redact(self, found: Found) -> Found:
        """Return an example without personal data in its text, subject and author; its origin stays."""
        parts = {place: self._redactor.redact(value) for place, value in _parts(found, self._finder)}
        return replace(found, text=parts["text"], subject=parts["subject"], author=parts["author"])


class _KnowingFinder(PersonalFinder):
    """A finder that also finds the names it knows: of an example's author, and those it has found in its text."""

    def __init__(self, finder: PersonalFinder) -> None:
        super().__init__(())  # it finds with another one's recognisers
        self._finder = finder
        self.known: frozenset[str] = frozenset()
        self.author = ""

    @property
    def names(self) -> bool:
        """Whether a model finds names."""
        return self._finder.names

    def find(self, text: str) -> list[PersonalData]:
        """Return what is personal in a text, names that are said once more with it."""
        found = self._finder.find(text)
        said = (word for each in found if each.kind == "person" for word in _NAME_WORD.findall(each.text))
        self.known |= {word for word in said if not (is_ordinary(word.lower()) or is_title(word))}
        spans = self._names_in(blank(text, ((each.start, each.end) for each in found)))
        more = [PersonalData("person", text[start:end], start, end) for start, end in spans]
        return sorted([*found, *more], key=lambda each: each.start)

    def _names_in(self, text: str) -> list[tuple[int, int]]:
        """Return where words that are known as names stand, those of one name together."""
        spans = [match.span() for match in _NAME_WORD.finditer(text) if match.group() in self.known]
        if self.author:
            spans += [match.span() for match in re.finditer(rf"(?<!\w){re.escape(self.author)}(?!\w)", text)]
        joined: list[tuple[int, int]] = []
        for start, end in sorted(spans):
            if joined and text[joined[-1][1] : start] in ("", " "):
                joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
            else:
                joined.append((start, end))
        return joined


def _parts(found: Found, finder: _KnowingFinder) -> Iterator[tuple[Place, str]]:
    """Yield the parts of an example that may hold personal data; the finder knows its author's name meanwhile."""
    author = found.author.partition("<")[0]
    words = [] if "@" in author else _NAME_WORD.findall(author)
    finder.known, finder.author = frozenset(words), " ".join(words)
    yield "author", found.author
    # A name that is a word as well is not known by itself: "Will you come?"
    finder.known = frozenset(word for word in words if not is_ordinary(word.lower()))
    yield "text", found.text
    yield "subject", found.subject


def counted(counts: Mapping[str, int]) -> str:
    """Return how often what was found, most first: ``12 persons, 3 e-mail addresses``."""
    rows = sorted(counts.items(), key=lambda row: (-row[1], row[0]))
    return ", ".join(
        f"{count} {kind}{'' if count == 1 else 'es' if kind.endswith('s') else 's'}" for kind, count in rows
    )


def count_kinds(sightings: Iterable[Sighting]) -> Counter[str]:
    """Return how often each kind was seen."""
    return Counter(each.kind for each in sightings)
