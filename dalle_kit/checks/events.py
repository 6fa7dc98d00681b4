"""Events: who does what, as it is told in an English sentence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from dalle_kit.checks.verbs import is_past
from dalle_kit.checks.word_classes import (
    BASE_PARTICIPLES,
    BE,
    DO,
    JOINERS,
    MODALS,
    MORE_PAST,
    ONLY_PAST,
    STEMS,
    SUBORDINATORS,
)
from dalle_kit.checks.words import stem

#: Who somebody is: who writes, who is written to, anybody and anything else.
Kind = Literal["writer", "reader", "other"]


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody or something: which kind, the stems of the words for it, whether these are a pronoun, or hold a name."""

    kind: Kind
    words: frozenset[str]
    pronoun: bool = False
    name: bool = False


@dataclass(frozen=True, slots=True)
class Event:
    """A verb, or an adjective behind "be", at a place in a sentence.

    ``subject`` is None where it is left out or not found, ``agent`` is who stands behind "by", ``receivers`` are the
    objects that are persons. ``helpers`` are its auxiliaries, also the one before the subject. ``request`` says whether
    the reader is asked to do it, ``followed`` whether an object with an article or a name stands right behind it,
    ``has_object`` whether anything does.
    """

    place: int
    stem: str
    word: str
    subject: Person | None
    agent: Person | None
    receivers: tuple[Person, ...]
    helpers: frozenset[str]
    passive: bool
    request: bool
    followed: bool
    has_object: bool

    @property
    def past(self) -> bool:
        """Whether it is told as something that has been."""
        if self.helpers & (MODALS | {"to", "going"}):
            return False
        if self.helpers & {"was", "were", "had", "did", "has", "have", "been"}:
            return True
        alike = self.word in BASE_PARTICIPLES  # "we set up the tables"
        return not self.helpers & (BE | DO) and looks_past(self.word) and not alike

    @property
    def bare_participle(self) -> bool:
        """Whether it may be a participle in a note, "meeting moved to Monday", rather than a verb."""
        unsure = looks_past(self.word) and self.word not in ONLY_PAST
        return unsure and not self.helpers - {"not"} and not self.followed

    @property
    def done(self) -> bool:
        """Whether it is told as done by now, in the present perfect."""
        return bool(self.helpers & {"has", "have"}) and not self.helpers & (MODALS | {"to"})

    @property
    def present(self) -> bool:
        """Whether it is told as what is so or will be, without an auxiliary."""
        return not self.helpers - {"not"} and not looks_past(self.word)

    @property
    def future(self) -> bool:
        """Whether it is told as something that is still to come."""
        return bool(self.helpers & {"will", "shall", "going"})


@dataclass(frozen=True, slots=True)
class Read:
    """A sentence taken apart: its words in small letters, its events, and the things that are somebody's."""

    words: tuple[str, ...]
    stems: frozenset[str]
    events: tuple[Event, ...]
    owned: tuple[tuple[Kind, str], ...]
    persons: frozenset[Kind]
    asks: bool

    def behind(self, event: Event) -> frozenset[str]:
        """Return the stems of the words behind a verb, up to the end of its clause."""
        rest = self.words[event.place + 1 :]
        end = next((at for at, word in enumerate(rest) if word in SUBORDINATORS | JOINERS | {",", ";"}), len(rest))
        return frozenset(event_stem(word) for word in rest[:end] if word[0].isalnum())


def looks_past(word: str) -> bool:
    """Say whether a word has the form of a past tense or a participle."""
    return is_past(word) or word in MORE_PAST


def event_stem(word: str) -> str:
    """Return what the forms of a word have in common, of some irregular verbs too."""
    return STEMS.get(word, stem(word))
