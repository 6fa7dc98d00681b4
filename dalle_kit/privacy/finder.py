"""The finder of personal data: patterns and checksums, and names by a model where it is installed."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable, Iterator

from dalle_kit.checks.blanks import blank
from dalle_kit.checks.parser import MODEL_PACKAGE, load_pipeline
from dalle_kit.privacy.characters import simplified
from dalle_kit.privacy.kinds import PersonalData, Recogniser


class PersonalFinder:
    """Finds personal data; ``load_finder`` makes one."""

    def __init__(self, patterns: Iterable[Recogniser], *, entities: Recogniser | None = None) -> None:
        """Take what finds by patterns, and what finds names in what these have left, reading the whole text."""
        self._patterns, self._entities = tuple(patterns), entities

    @property
    def names(self) -> bool:
        """Whether a model finds names that stand without a title, a greeting or another sign."""
        return self._entities is not None

    def find(self, text: str) -> list[PersonalData]:
        """Return what is personal in a text, in the order in which it stands, without overlaps."""
        plain = simplified(text)
        found: list[tuple[str, int, int]] = []
        rest = plain
        for recognise in self._patterns:
            rest = _take(recognise(rest), plain, rest, found)
        if self._entities is not None:
            _take(self._entities(plain), plain, rest, found)
        found.sort(key=lambda each: each[1])
        return [PersonalData(kind, text[start:end], start, end) for kind, start, end in found]


def _take(spans: Iterable[tuple[str, int, int]], text: str, rest: str, found: list[tuple[str, int, int]]) -> str:
    """Add to what is found what stands in ``rest`` as in the text, and return the rest without it."""
    new: list[tuple[int, int]] = []
    for kind, start, end in sorted(spans, key=lambda each: (each[1], -each[2])):
        if (not new or start >= new[-1][1]) and rest[start:end] == text[start:end]:
            new.append((start, end))
            found.append((kind, start, end))
    return blank(rest, new)


def load_finder(*, names: bool | None = None) -> PersonalFinder:
    """Return a finder, with the model of the extra ``nlp`` for names (True), without, or where installed (None).

    The model is loaded here, which takes a second or two. Raises ModelError, which names the extra, for True where it
    is not installed.
    """
    if names is None:
        names = importlib.util.find_spec(MODEL_PACKAGE) is not None
    if not names:
        return pattern_finder()
    from dalle_kit.privacy.names_by_model import find_entities

    load_pipeline()
    return PersonalFinder(_patterns(persons=True), entities=find_entities)


def pattern_finder(*, persons: bool = True) -> PersonalFinder:
    """Return a finder by patterns and checksums alone, with persons by what stands around their names, or without."""
    return PersonalFinder(_patterns(persons=persons))


def _patterns(*, persons: bool) -> Iterator[Recogniser]:
    """Yield what finds by patterns, in the order in which they look."""
    # Compiling their patterns would make every start slower.
    from dalle_kit.privacy.contacts import find_emails, find_machines, find_user_names
    from dalle_kit.privacy.numbers import find_accounts, find_cards, find_ids, find_phones
    from dalle_kit.privacy.persons import find_persons
    from dalle_kit.privacy.postal import find_places

    # Each sees only what the earlier ones have left: a card's number may look like a telephone's.
    yield from (find_emails, find_machines, find_accounts, find_cards, find_ids, find_phones, find_user_names)
    yield find_places
    if persons:
        yield find_persons
