"""Reading who does what in an English sentence, as far as closed lists of words can tell.

There is no parser: a verb is known by its list or by what stands before it, its subject is what stands before its
auxiliaries. What cannot be told is left out, so that what is found can be relied on.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from dalle_kit.checks.events import Event, Kind, Person, Read, event_stem, looks_past
from dalle_kit.checks.verbs import BASES
from dalle_kit.checks.word_classes import (
    ADVERBS,
    ANYBODY,
    AROUND_PHRASES,
    ASKED_BY,
    AUXILIARIES,
    BASE_PARTICIPLES,
    BE,
    BEFORE_NO_VERB,
    CONTRACTIONS,
    DETERMINERS,
    DO,
    HAVE,
    JOINERS,
    MODALS,
    MORE_VERBS,
    NAMED,
    NO_VERBS,
    OBJECTS,
    ONLY_PAST,
    ORDERS,
    PARTICIPLES,
    POSSESSIVES,
    PREPOSITIONS,
    READER,
    STATES,
    SUBJECTS,
    SUBORDINATORS,
    TIMES,
    TOKEN,
    WANTING,
    WRITER,
)
from dalle_kit.checks.words import is_ordinary

#: In a sentence of more words nobody is looked for behind these: it would take a time that grows with the square.
_MOST = 200


@lru_cache(maxsize=2048)
def read(sentence: str) -> Read:
    """Return who does what in a sentence."""
    return _Reader(sentence).read()


def asks_reader(note: str) -> bool:
    """Say whether an English note begins with what its reader is to do: "call me", "don't tell her".

    This is asked before the first word is written, so no dictionary is opened for it.
    """
    return _Reader(note).begins_with_order()


class _Reader:
    """One sentence while it is read."""

    def __init__(self, sentence: str) -> None:
        text = sentence
        for pattern, whole in CONTRACTIONS:
            text = re.sub(pattern, whole, text, flags=re.IGNORECASE)
        words = TOKEN.findall(text)
        self.words = tuple(word.casefold().replace("\u2019", "'") for word in words)
        self.raw, self.low = words[:_MOST], self.words[:_MOST]
        self.asks = sentence.rstrip().endswith("?")

    def read(self) -> Read:
        found: list[Event] = []
        for place in range(len(self.low)):
            event = self._event(place, found)
            if event is not None:
                found.append(event)
        owned = tuple(
            (_kind(self.low[place]), event_stem(self.low[end]))
            for place in range(len(self.low))
            if self.low[place] in POSSESSIVES and (end := self._noun_after(place)) is not None
        )
        kinds = frozenset(_kind(word) for word in self.words if word in NAMED)
        stems = frozenset(event_stem(word) for word in self.words if word[0].isalnum())
        return Read(self.words, stems, tuple(found), owned, kinds, self.asks)

    def begins_with_order(self) -> bool:
        """Say whether the first verb, which begins the sentence, is what the reader is to do."""
        forbids = self.low[:2] == ("do", "not")
        place = 2 if forbids else 0
        if place >= len(self.low) or not _may_be_verb(self.low[place]):
            return False
        begins = forbids or self._begins_clause(place, listed=False, at_start=True)
        return begins and self._is_order(place, self._helpers(place)[0])

    def _event(self, place: int, earlier: Sequence[Event]) -> Event | None:
        word = self.low[place]
        if not _may_be_verb(word):
            return None
        helpers, before = self._helpers(place)
        if not self._is_verb(place, helpers, before):
            return None
        passive = self._is_passive(place)
        subject, request = self._subject(before, place, helpers, earlier)
        if subject is not None and subject.kind == "reader" and not passive and self._is_asked(before):
            request = True
        if before >= 0 and self.low[before] in JOINERS and earlier and not helpers:
            helpers = earlier[-1].helpers
        elif before >= 0 and (self.low[before] in SUBJECTS | OBJECTS or subject is not None):
            helpers = helpers | self._fronted(before)
        agent = self._phrase_after(place, "by") if passive else None
        return Event(
            place=place,
            stem=event_stem(word),
            word=word,
            subject=subject,
            agent=agent,
            receivers=self._receivers(place),
            helpers=helpers,
            passive=passive,
            request=request,
            followed=self._followed(place),
            has_object=self._has_object(place),
        )

    def _is_passive(self, place: int) -> bool:
        word = self.low[place]
        nearest = next((each for each in reversed(self.low[:place]) if each not in ADVERBS and each != "not"), "")
        participle = (
            looks_past(word) or word in PARTICIPLES or (word in BASE_PARTICIPLES and event_stem(word) in _verbs())
        )
        return nearest in BE and participle

    def _helpers(self, place: int) -> tuple[frozenset[str], int]:
        """Return the auxiliaries before a verb, and the place of the first word before them."""
        helpers, at, with_to = set[str](), place - 1, False
        while at >= 0:
            word = self.low[at]
            if word in AUXILIARIES:
                helpers.add(word)
                with_to = with_to or word == "to"
            elif word in WANTING and with_to and self.low[at + 1] == "to":
                helpers.add(word)
            elif not (word in ADVERBS or (word.endswith("ly") and word not in TIMES)):
                break
            at -= 1
        return frozenset(helpers), at

    def _fronted(self, before: int) -> frozenset[str]:
        """Return the auxiliary that stands before the subject, as it does in a question."""
        at = before - 1
        while at >= 0 and self.low[at] in DETERMINERS:
            at -= 1
        return frozenset({self.low[at]} & (MODALS | DO)) if at >= 0 else frozenset()

    def _is_verb(self, place: int, helpers: frozenset[str], before: int) -> bool:
        """Say whether a word is a verb, or an adjective behind "be"."""
        word = self.low[place]
        listed = event_stem(word) in _verbs()
        if helpers & BE and "to" not in helpers and self.low[place - 1] in BE | {"not"}:
            return True
        if helpers & (MODALS | DO):
            return True
        if "to" in helpers and not helpers.isdisjoint(HAVE | WANTING):
            return not word.endswith("ing")
        if "to" in helpers:
            return word in BASES or (listed and not word.endswith(("s", "ed", "ing")))
        if helpers & HAVE:
            return looks_past(word) or listed or word in PARTICIPLES or word in BASE_PARTICIPLES
        if before < 0 or self.low[before] in {"please", ",", ";", ":", "and", "or", "but", "then", "kindly"}:
            return self._begins_clause(place, listed=listed, at_start=before < 0)
        return self.raw[place].islower() and self._is_verb_behind(before, word, listed=listed)

    def _begins_clause(self, place: int, *, listed: bool, at_start: bool) -> bool:
        word, follows = self.low[place], self.low[place + 1] if place + 1 < len(self.low) else ""
        if follows[:1].isdigit() or (word in {"open", "contact"} and follows in PREPOSITIONS):
            return False  # "order 991", "open from 9", "contact at the door"
        return _is_base(word) or (not at_start and listed and (looks_past(word) or self.low[place - 1] == "and"))

    def _is_verb_behind(self, before: int, word: str, *, listed: bool) -> bool:
        """Say whether a word is a verb behind a word that is no auxiliary."""
        last = self.low[before]
        base = _is_base(word)
        if last in SUBJECTS:
            return last != "it" or listed or looks_past(word)
        if last in {"me", "us", "him", "them"}:
            return word in BASES and before > 0 and self.low[before - 1] in {"let", "help", "make", "makes", "see"}
        if last in BEFORE_NO_VERB or not last[0].isalpha():
            return False
        if self._is_name(before) and last not in TIMES:
            return listed or looks_past(word)
        plural = last.endswith("s") and not last.endswith("'s")
        return (listed and (looks_past(word) or word.endswith("s"))) or (plural and base)

    def _subject(
        self, before: int, place: int, helpers: frozenset[str], earlier: Sequence[Event]
    ) -> tuple[Person | None, bool]:
        """Return who does what stands at a place, and whether the reader is told to."""
        reader = Person("reader", frozenset({"you"}), pronoun=True)
        if before < 0:
            return (reader, True) if self._is_order(place, helpers) else (None, False)
        last = self.low[before]
        if last in {"please", "kindly"}:
            return reader, True
        if last in {"you", "it"} and before > 1 and self.low[before - 1] in PREPOSITIONS - {"like"} and not self.asks:
            return self._phrase_before(before - 2), False  # "my flowers for you will come"
        if last in SUBJECTS and last != "who":
            vague = last == "it" and "to" in helpers  # "it is allowed to"
            return (None if vague else _pronoun(last)), False
        if last in {"me", "us", "him", "them", "her"}:
            return (_pronoun(last), False) if "to" in helpers or not helpers else (None, False)
        if last in JOINERS:
            same = earlier and (not helpers or helpers == {"not"} or not helpers & {"to"})
            return (earlier[-1].subject, earlier[-1].request) if same else (None, False)
        if last == "," and self._is_order(place, helpers):
            return reader, True
        if last in SUBORDINATORS | PREPOSITIONS or not last[0].isalnum():
            return None, False
        subject = self._phrase_before(before)
        if "to" in helpers and not helpers & (BE | WANTING | {"have", "has", "had", "ought"}):
            # "Asked Ana to come", but "four months to sell it".
            return (subject if subject is not None and subject.name else None), False
        past = looks_past(self.low[place]) and not helpers - {"not"}
        past = past and not (subject is not None and subject.name and self._has_object(place))
        participle = past and not self._followed(place) and not self._is_clause(before, place)
        return (None if participle else subject), False

    def _is_clause(self, before: int, place: int) -> bool:
        """Say whether a past tense behind a noun is no participle: "the owner promised to", not "owner promised by"."""
        if self.low[place] in ONLY_PAST:
            return True
        start = before
        while start > 0 and self._is_noun(start - 1):
            start -= 1
        determined = start == 1 and self.low[0] in DETERMINERS and self.low[0] not in ("no", "each", "every", "all")
        return determined and self.low[place + 1 : place + 2] != ("by",)

    def _is_order(self, place: int, helpers: frozenset[str]) -> bool:
        """Say whether a verb without a subject is what the reader is to do.

        "Collect it on Thursday" may as well be what the writer will do, "call me" cannot.
        """
        if not _is_base(self.low[place]) or helpers - {"do", "not"}:
            return False
        text = f" {' '.join(self.low)} "
        if helpers == {"do", "not"}:
            return self.low[place] not in STATES
        if " please " in text or " if you " in text:
            return True
        return self.low[place] in ORDERS or any(person.kind == "writer" for person in self._receivers(place))

    def _phrase_before(self, end: int) -> Person | None:
        """Return the noun phrase that ends at a place; what hangs on it with a preposition is passed over."""
        start = end
        while start > 0 and self._is_within(start - 1):
            start -= 1
        before = self.low[start - 1] if start else ""
        if before in PREPOSITIONS - {"than", "as", "like"} and start > 1 and self._is_noun(start - 2):
            return self._phrase_before(start - 2)
        if before in PREPOSITIONS:
            return None
        words = [word for word in self.low[start : end + 1] if word not in DETERMINERS and not word[0].isdigit()]
        if not words or words[-1] in TIMES or words[-1] in {"please"}:
            return None
        if words[-1] in ANYBODY:
            return None
        named = any(self._is_name(place) for place in range(start, end + 1))
        return Person("other", frozenset(map(event_stem, words)), name=named)

    def _is_within(self, place: int) -> bool:
        """Say whether a word may stand within a noun phrase, before its last word."""
        word = self.low[place]
        return word[0].isalnum() and word not in AROUND_PHRASES

    def _is_noun(self, place: int) -> bool:
        return self._is_within(place) and self.low[place] not in DETERMINERS

    def _is_name(self, place: int) -> bool:
        word = self.raw[place]
        if not word[0].isupper():
            return False
        return place > 0 or not is_ordinary(word)

    def _is_asked(self, before: int) -> bool:
        """Say whether "could you" is asked, or "I would be grateful if you could", "I would like you to" is said."""
        if before < 1:
            return False
        led = any(word in ASKED_BY for word in self.low[max(0, before - 4) : before])
        return self.low[before - 1] in {"could", "can", "would", "will"} or (
            led and not {"i", "we"}.isdisjoint(self.low[:before])
        )

    def _followed(self, place: int) -> bool:
        """Say whether something stands right behind a verb that it may be done to."""
        at = place + 1
        if at >= len(self.low):
            return False
        return self.low[at] in OBJECTS | DETERMINERS - {"every", "each"} or (
            self._is_name(at) and self.low[at] not in TIMES
        )

    def _has_object(self, place: int) -> bool:
        """Say whether anything stands behind a verb without a preposition."""
        at = place + 1
        return at < len(self.low) and self.low[at][0].isalnum() and self.low[at] not in AROUND_PHRASES - OBJECTS

    def _receivers(self, place: int) -> tuple[Person, ...]:
        """Return the persons that stand right behind a verb, or behind "to" in the rest of its clause."""
        found: list[Person] = []
        first = self.low[place + 1] if place + 1 < len(self.low) else ""
        if first in OBJECTS or (place + 1 < len(self.low) and self._is_name(place + 1)):
            follows = self.low[place + 2] if place + 2 < len(self.low) else ""
            if not (first == "her" and follows.isalpha() and self._is_noun(place + 2)):
                found.append(_pronoun(first) if first in OBJECTS else self._named(place + 1))
        person = self._phrase_after(place, "to")
        return (*found, person) if person is not None else tuple(found)

    def _named(self, place: int) -> Person:
        end = place
        while end + 1 < len(self.low) and self._is_name(end + 1):
            end += 1
        return Person("other", frozenset(map(event_stem, self.low[place : end + 1])), name=True)

    def _phrase_after(self, place: int, preposition: str) -> Person | None:
        """Return the pronoun or name behind a preposition in the same clause."""
        for at in range(place + 1, min(place + 8, len(self.low) - 1)):
            if self.low[at] in SUBORDINATORS | {",", ";", "and"}:
                return None
            if self.low[at] == preposition:
                word = self.low[at + 1]
                if word in OBJECTS:
                    return _pronoun(word)
                if self._is_name(at + 1) and word not in TIMES:
                    return self._named(at + 1)
                if word in DETERMINERS and at + 2 < len(self.low):
                    return Person("other", frozenset({event_stem(self.low[at + 2])}))
        return None

    def _noun_after(self, place: int) -> int | None:
        """Return where the noun is that a possessive belongs to; None where that cannot be told."""
        at = place + 1
        return at if at < len(self.low) and self.low[at][0].isalpha() and self._is_noun(at) else None


def _may_be_verb(word: str) -> bool:
    if not word[0].isalpha() or word in NO_VERBS or word.endswith("ly"):
        return False
    return not word.endswith("ings") or _is_base(word[:-1])  # "greetings"


def _kind(word: str) -> Kind:
    return "writer" if word in WRITER else "reader" if word in READER else "other"


def _pronoun(word: str) -> Person:
    plain = {"me": "i", "us": "we", "him": "he", "her": "she", "them": "they"}.get(word, word)
    return Person(_kind(word), frozenset({plain}), pronoun=True)


def _is_base(word: str) -> bool:
    return word in BASES or word in MORE_VERBS


@lru_cache(maxsize=1)
def _verbs() -> frozenset[str]:
    """Return the stems of the verbs that are known."""
    return frozenset(map(event_stem, BASES | MORE_VERBS))
