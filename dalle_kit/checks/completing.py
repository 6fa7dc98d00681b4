"""A note completed: the sentences that it becomes if only little words are put in.

A small model makes up verbs and takes words from elsewhere to make a sentence of a short note: "The thieves are worth
18,000 euros." Held to the note's own words in their order, and to little words between them, it finds "It is worth
18,000 euros."
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from dalle_kit.checks.notes import asks, capitalised
from dalle_kit.checks.own_words import parts_of
from dalle_kit.checks.verbs import BASES, begins_with_verb, has_finite_verb, is_past
from dalle_kit.checks.word_classes import (
    ADVERBS,
    BE,
    DETERMINERS,
    DO,
    HAVE,
    MODALS,
    MORE_PAST,
    MORE_VERBS,
    OBJECTS,
    POSSESSIVES,
    PREPOSITIONS,
    SUBJECTS,
    SUBORDINATORS,
    TIMES,
    TWELVE,
)
from dalle_kit.checks.words import FIGURE, is_ordinary, plain

#: A note with more words than this is a text of its own.
_LONGEST = 16
#: The most parts between commas; more are a list. The most words before a colon.
_PARTS, _KEY = 3, 3
#: A further part of so few words with a figure leaves out what it is of ("adults 6 euros, children 3"): nothing may be
#: put in.
_FEW = 2
_BEFORE, _BEHIND = ",;:!?", ".,;:!?\u2013-\u2026"
#: What is several sentences, is quoted, or is more than words.
_ODD = re.compile(r"[.!?,;:]\s|\s[\u2013=-]\s|[\n\"\u201c\u201d()\[\]{}<>*|]|\w/\w")
_I = re.compile(r"\Ai(?=\Z|['\u2019])")

#: What may be put in between two words, in this order; after what stood before a colon one of the first four.
_VERBS = "is|are|was|were|am|has|have|had|will be|has been|have been".split("|")
_PREPOSITION, _WHEN, _ARTICLE = "(?: (?:at|on|in|of|for|to))?", "(?: (?:at|on|in))?", "(?: (?:the|a|an))?"
#: What says that something is there, or how it is.
_SAYING = "It is|It was|It will be|They are|There is|There are|There was|There were|There will be|It|They".split("|")
#: What asks for it.
_QUESTIONS = (
    "Is it|Is there|Are there|Is|Are|Was|Were|Do you have|What is|What are|How much is|Could you|Would you|Can I|"
    "Can we|Should I|Should we|Could I|Could we|Do I have to|Do we have to"
).split("|")
_HELPERS = BE | HAVE | DO | MODALS
_INTERROGATIVES = frozenset("what when where who whom whose which why how".split())
#: The words that a note asks with by itself, or has before a colon.
_ASKING = _INTERROGATIVES | _HELPERS
#: What says since when or how much, of a thing rather than of whoever writes.
_FROM = frozenset("from by since until till between before after about at least".split())
_POSSESSIVE = frozenset("mine yours ours theirs hers".split())
#: What stands without an article.
_CLOSED = (
    DETERMINERS
    | SUBJECTS
    | OBJECTS
    | frozenset(TWELVE)
    | _POSSESSIVE
    | frozenset("no not none nobody nothing most more less both all there here too somebody someone something".split())
    | frozenset("everybody everyone everything anybody anyone anything".split())
)
#: Where one may be; "back" is seldom an order.
_AWAY = frozenset("back home away".split())
#: Verbs of the weather, and words for what is over.
_WEATHER = frozenset("rained snowed poured".split())
_PAST_TIMES = frozenset("yesterday ago last".split())
#: What is left of "can't" and "won't".
_LEFT_OF = {"ca": "can", "wo": "will", "sha": "shall"}
_ORDERS = BASES | MORE_VERBS | {"do"}
#: Who does something; "it" and "they" may be told with what they stand for.
_WHO = frozenset("i we you he she".split())
#: What a noun begins with that has a verb of its own sooner or later; "no" and "all" may stand before a participle.
_BEFORE_NOUN = POSSESSIVES | frozenset("the a an this that these those its".split())


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of a note, between commas: its words, and how many of them stand before a colon that is left out.

    ``persons`` is whether whoever writes may come in.
    """

    words: tuple[str, ...]
    key: int
    persons: bool

    @property
    def typed(self) -> str:
        """The expression of the part as it was typed."""
        return re.escape(" ".join(self.words))

    @property
    def first(self) -> str:
        """The first word in small letters, without a contracted ending."""
        return _LEFT_OF.get(plain(self.words[0]), plain(self.words[0]))

    @property
    def second(self) -> str:
        """The same for the second word, "" if there is none."""
        return plain(self.words[1]) if len(self.words) > 1 else ""

    @property
    def says(self) -> bool:
        """Whether it has a verb of its own; "back from Rome" has none."""
        return self.first not in _AWAY and has_finite_verb(" ".join(self.words))

    @property
    def is_order(self) -> bool:
        """Whether it seems to ask for something; "guide speaks French", and "back from Rome", do not."""
        is_thing = self.second in _HELPERS or is_past(self.second) or begins_with_verb(self.second)
        begins = self.first in _ORDERS or (
            self.second in OBJECTS and not is_past(self.first) and self.first not in MORE_PAST
        )
        return begins and not is_thing and self.first not in _AWAY

    @property
    def lacks_subject(self) -> bool:
        """Whether it begins with a verb of somebody or something; "left" may be a side."""
        return begins_with_verb(self.first) or self.first in MORE_PAST | _HELPERS

    @property
    def verb_places(self) -> list[int]:
        """The words before which a verb may come in: any but the first, or what may be a participle, or the value."""
        if self.key:
            return [self.key]
        return [place for place in range(1, len(self.words)) if not self.says or is_past(self.words[place])]

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
            preposition = "" if place == self.key else _PREPOSITION if not says else _WHEN if is_time else ""
            article = "" if plain(word) in _CLOSED or (says and is_past(word)) else _ARTICLE
            put_in = f" {_any(_VERBS[: 4 if self.key else None])}" if place == verb else ""
            text += f"{put_in}{preposition}{article} {re.escape(word)}"
        return text


def completed(note: str, *, persons: bool = False, begins: str = "") -> str | None:
    """Return the regular expression of the English sentences that a note becomes if little words are put in.

    Its own words stay as they are, in their order: what it does not say has no place, and nothing changes places.
    ``persons`` is whether "I", "we", "my" and "our" may come in; ``begins`` is the word that it begins with if that is
    certain. None for a note that is no note: a long one, several sentences, lines, quotations, lists.
    """
    text, key = _without_colon(note)
    rows = [[_I.sub("I", word) for word in map(_bare, part.split()) if word] for part in parts_of(text)]
    if not all(rows) or sum(map(len, rows)) > _LONGEST or len(rows) > _PARTS or _ODD.search(text.replace(", ", " ")):
        return None
    if begins and rows[0][0].casefold() != begins.casefold():
        return None
    first, *others = (_Part(tuple(row), 0 if place else key, persons) for place, row in enumerate(rows))
    asks = note.rstrip().endswith("?") or _is_question(first)
    end = r"\?" if asks else r"\."
    typed = re.escape(" ".join([capitalised(first.words[0]), *first.words[1:]]))
    if _leaves_out(first, others):
        return ", ".join([typed, *(part.typed for part in others)]) + end
    forms = [] if begins else _asked(first) if asks else _told(first)
    return _any([typed, *forms]) + "".join(map(_further, others)) + end


def is_sentence(note: str) -> bool:
    """Say whether a note surely is one sentence as it was typed, which lacks nothing: "the report is ready".

    What has commas is none, as the parts may need joining.
    """
    words = [_bare(word) for word in note.split()]
    is_one = all(words) and 1 < len(words) <= _LONGEST and len(parts_of(note)) == 1 and not _ODD.search(note)
    if not is_one or note.rstrip().endswith(("..", "!!", "??", "\u2026")):
        return False
    if asks(note) or note.rstrip().endswith("?"):
        return asks(note)
    first, *others = [_LEFT_OF.get(plain(word), plain(word)) for word in words]
    if first in _BEFORE_NOUN:
        ends = _HELPERS | SUBJECTS | SUBORDINATORS  # "the rooms we have" and "the key that was lost" are no sentences
        return next((word in _HELPERS for word in others if word in ends), False)
    verb = next((word for word in others if word not in ADVERBS), "")
    if first == "please":
        return verb in _ORDERS
    if first not in _WHO:
        return False
    if verb in _AWAY:
        return False
    return first != words[0].casefold() or verb in _HELPERS | _ORDERS | MORE_PAST or begins_with_verb(verb)


def _is_question(part: _Part) -> bool:
    """Say whether a note asks, though it has no question mark: "what time is it", "do you have a ladder"."""
    return (part.first in _INTERROGATIVES and part.says) or (part.first in _HELPERS and part.second in SUBJECTS)


def _leaves_out(first: _Part, others: Sequence[_Part]) -> bool:
    """Say whether nothing may be put in: "adults 6 euros, children 3", "no shoes, no entry"."""
    figures = [part for part in others if len(part.words) <= _FEW and any(map(FIGURE.search, part.words))]
    return bool(figures and not first.key) or "no" == first.first == (others[0].first if others else "")


def _without_colon(note: str) -> tuple[str, int]:
    """Return a note of the kind "key: value" without its colon, and how many words the key has; any other as it is."""
    key, colon, value = note.partition(": ")
    words = key.split()
    if not colon or not words or not value.split() or len(words) > _KEY or "," in key or plain(words[0]) in _ASKING:
        return note, 0
    is_name = not is_ordinary(words[0]) or not all(map(str.islower, words[1:]))
    says = has_finite_verb(value) and not is_past(plain(value.split()[0])) and not value.startswith("not ")
    return (note, 0) if is_name or says else (f"{key} {value}", len(words))


def _asked(part: _Part) -> list[str]:
    """Return the expressions of the questions that the first part of a note becomes."""
    return [] if part.first in _ASKING else part.after(f"{_any(_QUESTIONS)}{_ARTICLE}")


def _told(part: _Part) -> list[str]:
    """Return the expressions of the statements and requests that the first part of a note becomes."""
    first, second = part.first, part.second
    writers = ["I", "We"] if part.persons else []
    if part.key:
        return _named(part)
    if is_past(first) and _PAST_TIMES & set(map(plain, part.words)):
        return part.after(*writers)
    if second == "you" and first in _ORDERS:
        return part.after(*(f"{who} will" for who in writers))
    if first.endswith("ing") and not part.says:
        return part.after(*(["I am", "We are"] if part.persons else []), "It is", "They are")
    if part.is_order:
        orders = part.after("Please", *writers)
        return orders if second in OBJECTS | DETERMINERS else [*orders, *_named(part)]
    if first in MODALS | HAVE | BE | {"cannot"}:
        # "must be paid by Friday" is no duty of whoever writes.
        is_passive = len(part.words) > 2 and second == "be" and is_past(part.words[2])
        done = [f"{who} have" for who in writers] if first == "been" else []
        return part.after(*([] if is_passive else writers), "It", "They", *done)
    if first == "left":
        return [*part.after(*writers), *_named(part)]
    if not part.lacks_subject:
        return _named(part)
    if is_past(first) and first not in _WEATHER:
        done = ["I have", "We have", "I am", "We are"] if part.persons else []
        return part.after(*writers, *done, "It is", "It was", "It has been", "They are", "They were")
    return part.after(*writers, "It", "They")


def _named(part: _Part) -> list[str]:
    """Return the expressions of what a first part becomes that begins with no verb; one comes in where it has none."""
    first, says = part.first, part.says and not part.key and part.second not in PREPOSITIONS
    is_led = first in _CLOSED or first[:1].isdigit() or (part.second[:1].isdigit() and not part.key)
    nouns = ["", *([] if is_led else ["The", "An?", *(["My", "Our"] if part.persons else [])])]
    forms = [form for place in part.verb_places for form in part.after(*nouns, says=says, verb=place)]
    if says:
        return [*part.after(*nouns, *([] if is_led else ["It"])), *forms]
    if part.key or first in _POSSESSIVE | SUBJECTS:
        return forms
    is_figure = first[:1].isdigit()
    am = [f"(?:I am|I was|We are|We were){_ARTICLE}"] if part.persons and not is_figure and first not in _FROM else []
    saying = [each for each in _SAYING if len(part.words) > 1 or not is_figure or each.startswith("It ")]
    return [*part.after(*am, f"{_any(saying)}{_ARTICLE}", says=False), *forms]


def _further(part: _Part) -> str:
    """Return the expression of what a further part of a note becomes, and of what joins it to the one before."""
    joined, alone = "(?:,|,? and|,? but)", part.spaced(part.words, says=True)
    if part.first == "no":
        return f",{_PREPOSITION}{_ARTICLE} {alone}"
    if part.lacks_subject and part.first != "left":
        who = _any(["it", "they", *(["I", "we"] if part.persons else [])])
        return f"{joined}(?: {who})? {part.spaced(part.words, says=True)}"
    if part.first in _ORDERS or (len(part.words) == 2 and part.second.endswith("ly")):  # "dress warmly"
        return f", {part.spaced(part.words, says=True)}"
    article = "" if part.first in _CLOSED else _ARTICLE
    verbs = [part.spaced(part.words, says=part.says, verb=place) for place in part.verb_places]
    forms = [f"{joined}{article} {each}" for each in (*verbs, *([part.spaced(part.words, says=True)] * part.says))]
    # What has no verb goes on with a comma alone: "and the orange belt" would say of it what is said before.
    there = f"{joined} there (?:is|are|was|were){_ARTICLE} {alone}"
    return _any(forms if part.says else [*forms, f",{_PREPOSITION}{_ARTICLE} {alone}", there])


def _bare(word: str) -> str:
    """Return a word without punctuation; a sign before a figure stays, and a comma in a date or an address."""
    bare = word.lstrip(_BEFORE).rstrip(_BEHIND)
    return f"{bare}," if bare and word.endswith(",") else bare


def _any(forms: Iterable[str]) -> str:
    return f"(?:{'|'.join(forms)})"
