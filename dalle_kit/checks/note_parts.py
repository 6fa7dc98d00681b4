"""The parts of a note, as commas divide it: what they begin with, and where little words may be put in."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from dalle_kit.checks.notes import capitalised
from dalle_kit.checks.verbs import BASES, THIRD, begins_with_verb, has_finite_verb, is_past
from dalle_kit.checks.word_classes import (
    BE,
    CLAUSES,
    DAYS,
    DETERMINERS,
    DO,
    FEELINGS,
    HAVE,
    MODALS,
    MONTHS,
    MORE_PAST,
    MORE_VERBS,
    OBJECTS,
    PARTICIPLES,
    PREPOSITIONS,
    STATES,
    SUBJECTS,
    TIMES,
    TWELVE,
)
from dalle_kit.checks.words import is_ordinary, plain

#: What is left of "can't" and "won't".
LEFT_OF = {"ca": "can", "wo": "will", "sha": "shall"}
HELPERS = BE | HAVE | DO | MODALS | {"cannot"}
ORDERS = BASES | MORE_VERBS | {"do"}
POSSESSIVE_PRONOUNS = frozenset("mine yours ours theirs hers".split())
#: What stands without an article.
CLOSED = (
    DETERMINERS
    | SUBJECTS
    | OBJECTS
    | frozenset(TWELVE)
    | POSSESSIVE_PRONOUNS
    | frozenset("no not none nobody nothing most more less both all there here too somebody someone something".split())
    | frozenset("everybody everyone everything anybody anyone anything incl excl approx".split())
)
#: Where one may be; "back" is seldom an order.
AWAY = frozenset("back home away".split())
#: What may be put in between two words, in this order; after what stood before a colon one of the first four.
_VERBS = "is|are|was|were|am|has|have|had|will be|has been|have been".split("|")
PREPOSITION, _WHEN, ARTICLE = "(?: (?:at|on|in|of|for|to))?", "(?: (?:at|on|in))?", "(?: (?:the|a|an))?"
#: Before a day "at" and "in" have no place: "opens on 15 May"; and nobody is "coming to Tuesday".
_BEFORE_DAY, _ON_DAY, _FOR_WHEN = "(?: (?:on|of|for|to))?", "(?: (?:on|for))?", "(?: (?:at|on|in|for))?"
#: What says by when something is done, or what it is done to, rather than where it is: no verb comes in before it.
_NOT_WHERE = frozenset("by into instead as than since until till".split())
_ABOUT = frozenset("about almost around more nearly over".split())
_MONEY = "\u00a3$\u20ac"
_TIMES = TIMES | {"hour", "minute"}
ORDINALS = frozenset("first second third fourth fifth sixth last".split())
#: What things are out of, rather than whoever writes.
_OF_THINGS = frozenset("order stock service use date print reach action bounds place season fashion the".split())
#: What another clause begins with.
_GO_ON = frozenset("but so because if".split())

#: What a verb may follow that lacks who does it: "probably won't come". Not "all", "only", "now" and their like, which
#: may be that, or have the verb before it: "all came", "now is the time".
_BEFORE_VERB = frozenset(
    "already also always certainly clearly currently definitely even finally hopefully honestly just luckily mostly "
    "never normally obviously often personally possibly probably really recently sadly simply still truly "
    "unfortunately usually".split()
)
#: What follows what somebody did, and not a thing that it was done to: "already sliced bread".
_BEHIND_DONE = PREPOSITIONS | DETERMINERS | OBJECTS | TIMES | {*TWELVE, "that", "how", "what", ""}
#: What is said of whoever writes, and of another person: that they are, were and have something; and what is theirs.
_FORMS = {"I": ("am", "was", "have", "My"), "We": ("are", "were", "have", "Our")}
_OF_ONE = ("is", "was", "has")
#: A note with more words than this is a text of its own.
LONGEST = 16
#: What is several sentences, is quoted, or is more than words.
ODD = re.compile(r"[.!?,;:]\s|\s[\u2013=-]\s|[\n\"\u201c\u201d()\[\]{}<>*|]|\w/(?!h\b)\w")
#: "like last year" and "wish list attached" ask nobody for anything.
_NO_ORDERS = frozenset("like love hate wish".split())
#: What nobody is told not to do, and what nobody is before a clause: "don't think we need it".
_NEVER_ORDERED = STATES - frozenset("think mind care believe accept see agree".split())
_BEFORE_CLAUSE = frozenset("think believe see remember suppose".split())
_BEFORE, _BEHIND = ",;:!?", ".,;:!?\u2013-\u2026"


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a note, between commas: its words, and how many of them stand before a colon that is left out.

    ``writers`` is what whoever writes may be called, "I", "We", both or nothing; or the name of whom all is about.
    """

    words: tuple[str, ...]
    key: int
    writers: tuple[str, ...]

    @property
    def typed(self) -> str:
        """The expression of the part as it was typed."""
        return re.escape(" ".join(self.words))

    @property
    def who_are(self) -> list[str]:
        """Who writes, and that they are something."""
        return [f"{who} {_FORMS.get(who, _OF_ONE)[0]}" for who in self.writers]

    @property
    def who_were(self) -> list[str]:
        """Who writes, and that they were something."""
        return [f"{who} {_FORMS.get(who, _OF_ONE)[1]}" for who in self.writers]

    @property
    def who_have(self) -> list[str]:
        """Who writes, and that they have something, or have done it."""
        return [f"{who} {_FORMS.get(who, _OF_ONE)[2]}" for who in self.writers]

    @property
    def whose(self) -> list[str]:
        """What is said to be of whoever writes."""
        return [_FORMS[who][3] for who in self.writers if who in _FORMS]

    @property
    def first(self) -> str:
        """The first word in small letters, without a contracted ending."""
        return LEFT_OF.get(plain(self.words[0]), plain(self.words[0]))

    @property
    def second(self) -> str:
        """The same for the second word, "" if there is none."""
        return self._word(1)

    @property
    def is_figure(self) -> bool:
        """Whether it begins with a figure, or an amount of money."""
        return is_figure(self.first)

    @property
    def is_number(self) -> bool:
        """Whether it begins with a number, in words or not."""
        return self.is_figure or self.first in TWELVE

    @property
    def is_span(self) -> bool:
        """Whether it is how long something is, or which of several: "three weeks behind", "third time this year"."""
        is_time = self.second.removesuffix("s") in _TIMES | {"time"}
        return is_time and (self.is_number or self.first in ORDINALS)

    @property
    def says(self) -> bool:
        """Whether it has a verb of its own; "back from Rome" and "boxes everywhere but it works" have none."""
        ends = (place for place, word in enumerate(self.words) if place and plain(word) in _GO_ON)
        clause = self.words[: next(ends, None)]
        if plain(clause[-1]) == "welcome":  # "dogs on a lead welcome"
            clause = clause[:-1]
        elif self.second == "welcome" and plain(clause[2]) in PREPOSITIONS | {"too"}:  # "help welcome from 10"
            clause = clause[2:]
        return self.first not in AWAY and has_finite_verb(" ".join(word for word in clause if plain(word) not in AWAY))

    @property
    def is_away(self) -> bool:
        """Whether it says where somebody is: "home after 4", and not "home office"."""
        is_place = self.second in PREPOSITIONS | TIMES | {"", "again", "soon"} or self.second[:1].isdigit()
        return self.first in AWAY and is_place

    @property
    def is_out_of_something(self) -> bool:
        """Whether it says what somebody has no more of: "out of paper", and not "out of order"."""
        return self.first == "out" and self.second == "of" and self._word(2) not in _OF_THINGS

    @property
    def goes_on(self) -> bool:
        """Whether another clause follows: "sleepover ok if her parents agree"."""
        return any(plain(word) in _GO_ON for word in self.words[1:])

    @property
    def is_order(self) -> bool:
        """Whether it seems to ask for something; "guide speaks French" and "help welcome" do not."""
        is_thing = self.second in HELPERS | {"welcome"} or is_past(self.second) or begins_with_verb(self.second)
        is_none = is_past(self.first) or self.first in THIRD | MORE_PAST | PREPOSITIONS | CLOSED | {"half"}
        begins = self.first in ORDERS - _NO_ORDERS or (self.second in OBJECTS | {"your"} and not is_none)
        return begins and not (is_thing or self.feels) and self.first not in AWAY

    @property
    def lacks_subject(self) -> bool:
        """Whether it begins with a verb of somebody or something; "left" may be a side."""
        is_verb = begins_with_verb(self.first) or self.first in MORE_PAST | HELPERS
        return is_verb or self.feels or self.is_led_by_adverb

    @property
    def feels(self) -> bool:
        """Whether it begins with what somebody feels or thinks: "hope it helps", "like the idea"."""
        is_name = self.words[0][:1].isupper() and self.words[1:2] != () and self.words[1][:1].isupper()
        return self._feels_at(0) and not is_name  # "Hope Street"

    @property
    def is_led_by_adverb(self) -> bool:
        """Whether an adverb and a verb are what it begins with: "probably won't come", "already sent it"."""
        verb, third = LEFT_OF.get(self.second, self.second), self._word(2)
        is_named = len(self.words) > 2 and not self.words[2][:1].islower()  # a person, a figure
        is_done = is_past(verb) and (third in _BEHIND_DONE or is_named)
        is_present = verb in THIRD and third not in PREPOSITIONS  # "also plans for May"
        does = is_done or is_present or verb in PARTICIPLES | MORE_PAST | HELPERS or self._feels_at(1)
        return self.first in _BEFORE_VERB and does

    @property
    def is_denied(self) -> bool:
        """Whether it begins with "don't"."""
        return self.first == "do" and self.words[0].casefold() != "do"

    @property
    def denies_state(self) -> bool:
        """Whether it says what somebody does not feel or think: "don't want it", and not "don't be late"."""
        if not self.is_denied:
            return False
        second, third, fourth = (self._word(place) for place in (1, 2, 3))
        is_clause = third in CLAUSES | DETERMINERS | {"why", "how", "if", "any"}
        return bool(_NEVER_ORDERED & {second, third}) or (
            (second in _BEFORE_CLAUSE and is_clause) or (third in _BEFORE_CLAUSE and fourth in CLAUSES)
        )

    def _feels_at(self, place: int) -> bool:
        verb, behind, third = (self._word(each) for each in (place, place + 1, place + 2))
        followers = FEELINGS.get(verb)
        if followers is None or behind in HELPERS | {"me", "us", ""} or third == "or":  # "like it or not"
            return False
        is_compared = place and verb == "like"  # "just like the old one"
        return (not followers or behind in followers) and not is_compared

    def _word(self, place: int) -> str:
        return plain(self.words[place]) if place < len(self.words) else ""

    @property
    def verb_places(self) -> list[int]:
        """The words before which a verb may come in: any but the first, or what may be a participle, or the value."""
        return [self.key] if self.key else list(filter(self._takes_verb, range(1, len(self.words))))

    def _takes_verb(self, place: int) -> bool:
        word, behind = (plain(each) for each in (*self.words, "")[place : place + 2])
        begins_clause = word == "so" and behind in SUBJECTS | DETERMINERS | HELPERS | ORDERS | {"please"}
        if begins_clause or word in _GO_ON - {"so"}:  # "surprise so don't tell her"
            return False
        if (word, behind) == ("so", "far"):  # "32 people so far"
            return False
        if word in _NOT_WHERE or (word == "not" and behind[:1].isdigit()):  # "5 metres not 4"
            return False
        if (word == "at" and behind in ("least", "most")) or self.words[place - 1].endswith(("'s", "\u2019s")):
            return False
        is_done = is_past(word) and behind not in OBJECTS  # "they lured it down" has its verb
        return not self.says or is_done or (word.endswith("ly") and is_past(behind))  # "fully booked"

    @property
    def does(self) -> bool:
        """Whether it begins with what somebody or something did to something: "held 312 kilos"."""
        is_time = {each.removesuffix("s") for each in map(plain, self.words[2:3])} & _TIMES
        is_name = self.words[1:2] != () and self.words[1][:1].isupper() and self.second not in _TIMES
        is_many = self.second in _ABOUT and any(word[0].isdigit() for word in self.words[2:4])
        is_object = self.second in DETERMINERS | OBJECTS | set(TWELVE) or is_figure(self.second) or is_many or is_name
        return is_past(self.first) and self.first != "left" and is_object and not is_time

    def after(self, *starts: str, says: bool = True, verb: int = 0) -> list[str]:
        """Return the part after each of what it may begin with; where that is "" it begins with a capital letter."""
        small = self.words[0][0] != "I" and is_ordinary(self.words[0])
        inside = (self.words[0].lower() if small else self.words[0], *self.words[1:])
        begun = (capitalised(self.words[0]), *self.words[1:])
        forms = ((f"{start} ", inside) if start else ("", begun) for start in starts)
        return [f"{start}{self.spaced(words, says=says, verb=verb)}" for start, words in forms]

    def spaced(self, words: Sequence[str], *, says: bool, verb: int = 0) -> str:
        """Return the expression of words with little ones between them, a verb before the one at the place ``verb``.

        What ``says`` all by itself gets only articles, and "on" or "at" before a time.
        """
        text = re.escape(words[0])
        for place, word in enumerate(words[1:], start=1):
            is_time = word[0].isdigit() or plain(word) in TIMES
            preposition = "" if place == self.key else PREPOSITION if not says else _WHEN if is_time else ""
            if preposition and _is_day(word, plain(words[place + 1]) if place + 1 < len(words) else ""):
                preposition = _BEFORE_DAY if says else _ON_DAY
            elif preposition == PREPOSITION and plain(word) in TIMES:
                preposition = _FOR_WHEN
            article = "" if plain(word) in CLOSED or (says and is_past(word)) else ARTICLE
            put_in = f" {any_of(_VERBS[: 4 if self.key else None])}" if place == verb else ""
            text += f"{put_in}{preposition}{article} {re.escape(word)}"
        return text


def _is_day(word: str, behind: str) -> bool:
    """Say whether a word begins a date, or is a day of the week: "15 May", "Friday"."""
    return plain(word) in DAYS or bool(re.fullmatch(r"\d{1,2}(?:st|nd|rd|th)?", word) and behind in MONTHS)


def bare(word: str) -> str:
    """Return a word without punctuation; a sign before a figure stays, and a comma in a date or an address."""
    found = word.lstrip(_BEFORE).rstrip(_BEHIND)
    return f"{found}," if found and word.endswith(",") else found


def is_figure(word: str) -> bool:
    """Say whether a word is a figure, or an amount of money."""
    return word.lstrip(_MONEY)[:1].isdigit()


def any_of(forms: Iterable[str]) -> str:
    """Return the expression of what matches any of others."""
    return f"(?:{'|'.join(forms)})"
