"""The finder of personal data: patterns and checksums, and names by a model where it is installed."""

from __future__ import annotations

from collections.abc import Sequence

from dalle_kit.checks.blanks import blank
from dalle_kit.privacy.contacts import find_emails, find_machines, find_user_names
from dalle_kit.privacy.kinds import PersonalData, Recogniser
from dalle_kit.privacy.numbers import find_accounts, find_cards, find_ids, find_phones
from dalle_kit.privacy.persons import find_persons
from dalle_kit.privacy.postal import find_places

#: In this order, each sees only what the earlier ones have left: a card's number may look like a telephone's.
_IMPERSONAL: tuple[Recogniser, ...] = (
    find_emails,
    find_machines,
    find_accounts,
    find_cards,
    find_ids,
    find_phones,
    find_user_names,
    find_places,
)


class PersonalFinder:
    """Finds personal data; ``load_finder`` makes one."""

    def __init__(self, recognisers: Sequence[Recogniser], *, names: bool) -> None:
        self._recognisers = tuple(recognisers)
        self._names = names

    @property
    def names(self) -> bool:
        """Whether a model finds names that stand without a title, a greeting or another sign."""
        return self._names

    def find(self, text: str) -> list[PersonalData]:
        """Return what is personal in a text, in the order in which it stands, without overlaps."""
        found: list[PersonalData] = []
        rest = text
        for recognise in self._recognisers:
            taken = 0
            new = []
            for kind, start, end in sorted(recognise(rest), key=lambda each: (each[1], -each[2])):
                if start >= taken:
                    new.append(PersonalData(kind, text[start:end], start, end))
                    taken = end
            rest = blank(rest, ((each.start, each.end) for each in new))
            found += new
        return sorted(found, key=lambda each: each.start)


def load_finder(*, names: bool | None = None) -> PersonalFinder:
    """Return a finder, with the model of the extra ``nlp`` for names (True), without, or where installed (None).

    Raises ModelError, which names the extra, for True where it is not installed.
    """
    return pattern_finder()


def pattern_finder(*, persons: bool = True) -> PersonalFinder:
    """Return a finder by patterns and checksums alone, with persons by what stands around their names, or without."""
    return PersonalFinder((*_IMPERSONAL, find_persons) if persons else _IMPERSONAL, names=False)
