"""A place for one point in a draft: the sentences that may stand there, and what speaks against each."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from dalle_kit.checks import adds_words, mixes_parts
from dalle_kit.checks.notes import LONGEST, says_surely, with_capital_i
from dalle_kit.checks.verbs import begins_with_verb, has_finite_verb
from dalle_kit.checks.word_classes import DETERMINERS, PERSONAL, SEXES, SUBJECTS
from dalle_kit.checks.words import WORD, content_words, plain, stem
from dalle_kit.records import Draft, Slot
from dalle_kit.repair.workbench import Workbench
from dalle_kit.review import open_slots, plain_sentence

#: How much likelier, in nats, the sentence that was written has to be than what its note becomes: as it may have words
#: that nobody told; without a word of its note that tells something, as a short sentence is likely by itself; and with
#: "we" of one who writes alone, or "I" of another.
_OWN, _LOST, _ALONE_AS_WE = 1.0, 10.0, 4.0

#: The words of whoever writes.
CALLED = {"I": frozenset("i me my mine myself".split()), "We": frozenset("we us our ours ourselves".split())}

#: A note of so many words stands as it was typed where its sentence adds to it and no other is found.
_SHORT = 6

#: "no shoes, no entry" and "see you at Easter": nothing is missing.
_WITHOUT = re.compile(r"no\b.*, no\b|see you\b", re.IGNORECASE)

#: What a verb in "10 am not 11 am", "order no 77" and "card only" would say.
_NOTHING = re.compile(r"\b(?:is|are|was|were|be) (?:not (?:\d|the\b|[A-Z])|no \S*\d|only[.?]?\Z)")

#: What tells, and asks nothing, in spite of its question mark.
_TELLS = re.compile(
    r"(?:I|you|we|he|she|it|they|there|this|that)"
    r"(?:['\u2019](?:m|re|s|ve|ll|d)| (?:am|is|are|was|were|have|has|had|can|could|will|would|should|must|may))\b"
    r"[^,;:]*\?\Z",
    re.IGNORECASE,
)

#: Who says what stands behind the colon.
_SPEAKER = re.compile(
    r"(?:the )?(?:[\w-]+ )?(?:mayor|police|experts?|coach|minister|council|spokes\w+|union|owner|director|chair\w*|"
    r"chief|firefighters|coastguard|doctors?|neighbou?rs?|residents|witness(?:es)?|lawyers?|judge|farmers?|company|"
    r"manager|teachers?|parents?|boss|client|customers?): ",
    re.IGNORECASE,
)

_MARKS = re.compile("[\u201c\u201d]")

#: What stands for something that is told before: a sentence may say what it is.
_STANDS_FOR = re.compile(r"\b(?:it|its|they|them|their)\b", re.IGNORECASE)


@dataclass(slots=True)
class Place:
    """A place for one point: the sentence in it, and the expression of those that its note becomes.

    ``pattern`` is None where the note can only stand as it was typed; ``likelihood`` is the sentence's after the
    request, in nats, and ``trusted_from`` what it has to be, None for anything; ``beside`` is the draft without it, and
    with notes where sentences have to go. ``is_note`` is whether the sentence is its note with little words put in,
    ``wrong`` whether it has to go, ``is_of_others`` whether it says "we" of one who writes alone, or "I" of another,
    ``is_told_of`` whether the point is of the person whom all is about. ``made`` is what the note became, if anything,
    with its likelihood; ``choice`` is what stands in the end.
    """

    bench: Workbench
    slot: Slot
    sentence: str
    likelihood: float
    pattern: str | None
    beside: Draft
    trusted_from: float | None
    is_note: bool = False
    wrong: bool = False
    is_of_others: bool = False
    is_told_of: bool = False
    made: str = ""
    made_likelihood: float = 0.0
    choice: str | None = None

    @property
    def note(self) -> str:
        """The point as it was given."""
        return self.slot.about[0]

    @property
    def typed(self) -> str:
        """The point as a sentence, as it was typed."""
        return with_capital_i(plain_sentence(self.slot, 0))

    def choose(self) -> None:
        """Choose the likelier sentence, or the note as it was typed where neither is likely enough to be trusted.

        A long note may be a sentence as well as not, and one that a name came into is never likely.
        """
        if self.is_told_of and (self.made or self.is_note):
            self.choice = self.made or self.sentence
            return
        least = -math.inf if self.trusted_from is None or len(self.note.split()) > LONGEST else self.trusted_from
        options = [] if self.wrong else [(self.likelihood - self._less, self.likelihood, self.sentence)]
        if self.made:
            options.append((self.made_likelihood, self.made_likelihood, self.made))
        trusted = [(worth, text) for worth, likelihood, text in options if likelihood >= least]
        self.choice = max(trusted, default=(0.0, self.typed))[1]

    @property
    def _less(self) -> float:
        """How much likelier the sentence has to be than what its note becomes, in nats."""
        return 0.0 if self.is_note else _OWN + _ALONE_AS_WE * self.is_of_others + _LOST * self._loses

    @property
    def _loses(self) -> bool:
        """Whether a word of the point that tells something is in the sentence in no form."""
        said = {stem(word) for word in WORD.findall(self.sentence)}
        return any(stem(word) not in said for word in content_words(self.note))

    def is_dull(self, text: str) -> bool:
        """Say whether a text is the note as it was typed, which is no whole sentence."""
        return text == self.typed and not _is_whole(self.note)


def words_of(text: str) -> set[str]:
    """Return the words of a text in small letters."""
    return set(map(str.lower, WORD.findall(text)))


def is_note(sentence: str, note: str, pattern: str) -> bool:
    """Say whether a sentence is its note with little words put in, and may stay."""
    is_typed = sentence.rstrip(".?").casefold() == note.rstrip(".?").casefold()
    says = says_surely(sentence) if is_typed else has_finite_verb(sentence)  # "Roof repaired in May." has none
    return bool(re.fullmatch(pattern, sentence)) and says


def _is_whole(note: str) -> bool:
    """Say whether a note is a sentence as it was typed, with a subject that needs nothing before it."""
    first = (note.split() or [""])[0]
    led = first[:1].isupper() or plain(first) in SUBJECTS | DETERMINERS or note.rstrip().endswith("?")
    return (led and has_finite_verb(note) and not begins_with_verb(note)) or bool(_WITHOUT.match(note))


def _elsewhere(place: Place) -> list[str]:
    """Return the points whose own places are empty: another sentence may say them as well."""
    draft = place.bench.draft
    return [point for slot in open_slots(draft) if not draft.texts[slot.name] for point in slot.about]


def _mixes(place: Place) -> bool:
    """Say whether a sentence tells the parts of its point in another order, or leaves a word of them out."""
    told = (place.note, place.typed)
    return all(mixes_parts(place.sentence, each) for each in told) and not _elsewhere(place)


def _unquotes(place: Place) -> bool:
    """Say whether a sentence says without quotation marks what its point has in such."""
    told, said = (_MARKS.sub('"', text) for text in (place.note, place.sentence))
    quotes = (quote.rstrip(".,!?") for quote in re.findall(r'"(.+?)"', told))
    return not all(re.search(rf'"{re.escape(quote)}[.,!?]*"', said) for quote in quotes)


def _does_to_itself(place: Place) -> bool:
    """Say whether a sentence has who writes do what is done to them: "drinks on me" is not "I drink on me"."""
    told, said = words_of(place.note), words_of(place.sentence)
    return "me" in told and "i" not in told and {"i", "me"} <= said and "you" not in said


def _equates(place: Place) -> bool:
    """Say whether a sentence has more than the note with a sign such as "rain = cancelled", which may stand for any."""
    return any(sign in place.note for sign in (" = ", " -> ", " => ", "\u2192")) and place.sentence != place.typed


def _guesses(place: Place) -> bool:
    """Say whether a sentence says "he" or "she" of somebody of whom nobody told which: "on leave" is not "She is"."""
    guessed = [sex for sex in SEXES if sex & PERSONAL & words_of(place.sentence)]
    return bool(guessed) and not all(sex & words_of(" ".join(place.bench.reviewer.known)) for sex in guessed)


def _adds(place: Place) -> bool:
    """Say whether a sentence adds words to a short note, but for those of what it calls "it"."""
    if len(place.note.split()) > _SHORT:
        return False
    told = [*place.slot.about, *place.slot.otherwise, *(place.slot.known or ()), *_elsewhere(place)]
    if _STANDS_FOR.search(place.note):
        told += place.bench.reviewer.known
    return adds_words(place.sentence, *told)


def _leaves_out(place: Place) -> bool:
    """Say whether a sentence says of "no shoes, no entry" more than that."""
    return bool(_WITHOUT.match(place.note)) and place.sentence != place.typed


def says_nothing(note: str, sentence: str) -> bool:
    """Say whether a sentence says what its note does not: "10am is not 11am" of one hour instead of another.

    "Mayor: no alternative" is what the mayor says, and not that there is none for them; "free on Friday?" asks, and
    does not tell that somebody is.
    """
    speaker = _SPEAKER.match(note)
    answers = bool(speaker) and not re.search(r":|\bsa(?:y|ys|id)\b", sentence)
    added = (_NOTHING.search, _TELLS.match)
    return answers or any(finds(sentence) and not finds(note) for finds in added)


def is_wrong(place: Place) -> bool:
    """Say whether the sentence of a place surely says something else than its point."""
    flaws = (_mixes, _unquotes, _does_to_itself, _equates, _guesses, _leaves_out, _adds)
    return says_nothing(place.note, place.sentence) or any(is_so(place) for is_so in flaws)
