"""Coverage: whether a text says each of the points it was asked to."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from dalle_kit.checks.facts import Fact, find_facts
from dalle_kit.checks.grounding import Source
from dalle_kit.checks.meaning import twisted
from dalle_kit.checks.negation import clauses, denies, has_negative_word, without_answer
from dalle_kit.checks.notes import asks
from dalle_kit.checks.sentences import all_sentences
from dalle_kit.checks.words import WORD, is_stop_word, plain, stem, weight
from dalle_kit.records import Finding

if TYPE_CHECKING:
    import numpy

#: Returns the unit vectors of texts, (N, D).
Similarity = Callable[[list[str]], "numpy.ndarray"]

#: A point whose words and facts are there to this share counts as said.
SAID = 0.55
#: The most that a point counts as said of which nothing is there but names and words of little weight.
_NAMED = 0.5
_FACT_WEIGHT, _NAME_WEIGHT = 2.0, 1.5
#: A point may be said in so many sentences in a row.
_WINDOW = 3
#: The cosine of two sentences at which one surely is no paraphrase of the other, and at which it surely is.
_UNLIKE, _ALIKE = 0.35, 0.75
#: How a condition begins, in a note and anywhere in a sentence.
_CONDITION = re.compile(r"\W*(?:if|unless|in case)\b", re.IGNORECASE)
_CONDITIONAL = re.compile(
    r"\b(?:if|unless|in (?:the )?case|should|when|whenever|otherwise|provided|as long as|whether)\b", re.IGNORECASE
)
#: A number that is a bound from below, one from above or not exact, and what is so only: how a note puts it, and how
#: a sentence may.
_COUNT = r"\s+(?:\W?\d|(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|thirty|forty|fifty|half)\b)"
_BOUNDS = [
    (re.compile(rf"\b(?:{noted}){number}", re.IGNORECASE), re.compile(rf"\b(?:{said})\b", re.IGNORECASE))
    for noted, number, said in (
        (
            r"(?<!no )(?<!not )more than|over|at least|(?:no|not) (?:less|fewer) than",
            _COUNT,
            r"more|over|above|exceed\w*|least|minimum|as (?:many|much)|(?:no|not) (?:less|fewer)",
        ),
        (
            r"up to|at most|(?:no|not) more than|(?<!no )(?<!not )(?:less|fewer) than|under",
            _COUNT,
            r"up to|most|maximum|less|fewer|under|below|within|until|no later|(?:no|not) more|as (?:little|few)",
        ),
        (
            # Before a number in words "about" may as well be a subject: "a talk about two plans".
            r"nearly|almost|about|around",
            r"\s+\W?\d",
            r"more|over|up to|less|fewer|under|below|nearly|almost|about|around|approximately|roughly|some",
        ),
        (
            r"(?<!not )only\b(?! (?:if|when|after|once|before|until))",
            "",
            r"only|just|merely|alone|sole\w*|exclusive\w*|limited|restrict\w*|single|except|but|apart|other|else|no|not|\w+n['\u2019]t|"
            r"most|must|until|rest|nothing|nobody|none|yoursel\w+",
        ),
    )
]
#: How a question is put, directly or not.
_ASKING = re.compile(
    r"\?|\b(?:whether|if|ask|know|tell|wonder|question|please|grateful|let me|let us)\b", re.IGNORECASE
)
_FORBIDDING = re.compile(
    r"\b(?:please|kindly) (?:do not|don['\u2019]t|never)\b(?! (?:forget|hesitate|worry))", re.IGNORECASE
)
#: Notes that forbid: "no shoes inside", "don't call before ten".
_FORBIDDING_NOTE = re.compile(
    r"\bplease\b|(?:\A|[,;:.] ?)(?:no|not? to|do not|don['\u2019]t|never|stop|avoid)\b", re.IGNORECASE
)
#: What a note says of something: what stands behind "is".
_PREDICATE = re.compile(r"\b(?:is|are|was|were|has been|have been|will be)\b(.*)", re.IGNORECASE | re.DOTALL)
#: What may stand for the thing that a point is about.
_PRONOUN = re.compile(r"\b(?:it|they|these|those|both|which|who|he|she)\b", re.IGNORECASE)
_PREFIXES = ("un", "in", "im", "dis", "non")
#: What is left of the score of a point that the text denies.
_DENIED = 0.3


@dataclass(frozen=True, slots=True)
class Coverage:
    """How far a point is said: the share of its meaning, the facts left out, whether the text denies it.

    ``twist`` is what the text makes of it that it does not say.
    """

    score: float
    left_out: tuple[str, ...]
    denied: bool
    twist: str | None = None

    @property
    def is_said(self) -> bool:
        """Whether the point counts as said."""
        return self.score >= SAID and not self.left_out and not self.is_wrong

    @property
    def is_wrong(self) -> bool:
        """Whether the text says something else in the point's words, or its opposite."""
        return self.denied or self.twist is not None


class _Said:
    """A sentence of the text, with what it supports."""

    def __init__(self, text: str, language: str) -> None:
        self.text, self.language = text, language
        self.source = Source([text], language=language)

    @property
    def stems(self) -> frozenset[str]:
        """The stems of its words."""
        return self.source.stems


def coverage(
    points: Sequence[str], text: str, *, similar: Similarity | None = None, language: str = "en"
) -> list[float]:
    """Return for each point how far ``text`` says it, from 0 to 1.

    Numbers, dates and names count more than words, and words count by their stem. ``similar`` makes unit vectors of
    texts, (N, D); with it a paraphrase in other words counts, if the facts are there.
    """
    return [each.score for each in assess(points, text, similar=similar, language=language)]


def missing(
    points: Sequence[str],
    text: str,
    *,
    slot: str | None = None,
    similar: Similarity | None = None,
    language: str = "en",
) -> list[Finding]:
    """Return a finding for each point that ``text`` does not say, says without one of its facts, or denies."""
    findings = []
    for point, said in zip(points, assess(points, text, similar=similar, language=language), strict=True):
        shown = f"{point[:80]!r}"
        if said.denied:
            findings.append(Finding("missing point", "error", f"the text says the opposite of {shown}", slot))
        elif said.twist is not None:
            findings.append(Finding("missing point", "error", f"the text twists {shown}: {said.twist}", slot))
        elif said.score < SAID:
            findings.append(Finding("missing point", "error", f"the text does not say {shown}", slot))
        elif said.left_out:
            message = f"the text leaves out {said.left_out[0]!r} of the point {shown}"
            findings.append(Finding("missing point", "error", message, slot))
    return findings


def assess(
    points: Sequence[str], text: str, *, similar: Similarity | None = None, language: str = "en"
) -> list[Coverage]:
    """Return how far each point is said in ``text``."""
    sentences = [_said(sentence, language) for sentence in all_sentences(text)]
    told = Counter(word for point in dict.fromkeys(points) for word in _point(point, language).words)
    lexical = [_assess(each, sentences, told) for each in (_point(point, language) for point in points)]
    if similar is None or not sentences or not points:
        return lexical
    vectors = similar([*points, *(sentence.text for sentence in sentences)])
    cosines = (vectors[: len(points)] @ vectors[len(points) :].T).max(axis=1)
    alike = [min(1.0, max(0.0, (float(cosine) - _UNLIKE) / (_ALIKE - _UNLIKE))) for cosine in cosines]
    return [
        each if each.is_wrong or each.left_out else Coverage(max(each.score, paraphrase), (), False)
        for each, paraphrase in zip(lexical, alike, strict=True)
    ]


class _Point:
    """A point, taken apart: facts, content words with their weights."""

    def __init__(self, text: str, language: str) -> None:
        self.text, self.language = text, language
        facts = find_facts(text, language=language, notes=True)
        self.facts = [fact for fact in facts if fact.kind != "name"]
        self.names = _runs([fact for fact in facts if fact.kind == "name"])
        taken = [fact.span for fact in facts]
        words = [
            match.group()
            for match in WORD.finditer(text)
            if not any(start <= match.start() < end for start, end in taken) and not is_stop_word(match.group())
        ]
        # Whether a denial is kept is another question: "not" stands in any sentence that denies anything.
        told = [word for word in words if len(plain(word)) > 1 and not denies(word)]
        self.words = {stem(word, language): weight(word) for word in told}
        self.telling = frozenset(word for word, share in self.words.items() if share == 1.0)


#: Drafts are assessed again and again while they are repaired, and most of their sentences stay.
_KEPT = 2048


@lru_cache(maxsize=_KEPT)
def _said(text: str, language: str) -> _Said:
    return _Said(text, language)


@lru_cache(maxsize=_KEPT)
def _point(text: str, language: str) -> _Point:
    return _Point(text, language)


def _runs(names: list[Fact]) -> list[list[Fact]]:
    """Return names that stand side by side together: of "Priya Raman" one part is enough."""
    runs: list[list[Fact]] = []
    for name in names:
        if runs and name.start - runs[-1][-1].span[1] <= 1:
            runs[-1].append(name)
        else:
            runs.append([name])
    return runs


def _assess(point: _Point, sentences: list[_Said], told: Mapping[str, int]) -> Coverage:
    """Return how far sentences say a point; ``told`` is in how many of the points each word is.

    A point all of whose words others have as well, "buffet opens at 7" beside "doors open at 7" and "buffet at 8", is
    said where one sentence has them: two that tell of the others would have them, too. It has to have those of little
    weight as well: "lunch follows" is not said where a packed lunch is to be brought.
    """
    items = _FACT_WEIGHT * len(point.facts) + _NAME_WEIGHT * len(point.names) + sum(point.words.values())
    if not items:
        # Nothing but stop words: it is said if its words are.
        said = " ".join(plain(word) for sentence in sentences for word in WORD.findall(sentence.text))
        wanted = " ".join(plain(word) for word in WORD.findall(point.text))
        return Coverage(float(f" {wanted} " in f" {said} " or not wanted), (), False)
    own = frozenset(word for word in point.telling if told[word] == 1)
    best = Coverage(0.0, tuple(fact.text for fact in point.facts), False)
    found = [_found(point, sentence) for sentence in sentences]
    # A name alone says nothing: it may stand in any sentence.
    shares = [_FACT_WEIGHT * len(facts) + sum(point.words[word] for word in words) for facts, words, _ in found]
    for start in range(len(sentences)):
        window = range(start, min(start + (_WINDOW if own or not point.telling else 1), len(sentences)))
        facts = set().union(*(found[place][0] for place in window))
        words = set().union(*(found[place][1] for place in window))
        names = [run for run in range(len(point.names)) if any(run in found[place][2] for place in window)]
        got = _FACT_WEIGHT * len(facts) + _NAME_WEIGHT * len(names) + sum(point.words[word] for word in words)
        left_out = [fact.text for place, fact in enumerate(point.facts) if place not in facts]
        left_out += [run[0].text for place, run in enumerate(point.names) if place not in names]
        score = got / items
        if not (words & own if own else words >= point.words.keys()):
            score = min(score, _NAMED)  # whoever it is about, nothing is said of them
        if (score, -len(left_out)) > (best.score, -len(best.left_out)):
            telling = [sentences[place] for place in window if any(found[place])]
            denied = score >= SAID and (_denied(point, telling) or _turned(point.text, telling))
            twist = None
            if score >= SAID and not denied and point.language == "en":
                most = max((place for place in window if any(found[place])), key=lambda place: shares[place])
                rest = [each.text for each in telling if each is not sentences[most]]
                twist = _unsaid(point, telling) or twisted(point.text, [sentences[most].text, *rest])
            best = Coverage(score * (_DENIED if denied or twist else 1.0), tuple(left_out), denied, twist)
    return best


def _found(point: _Point, sentence: _Said) -> tuple[set[int], set[str], set[int]]:
    """Return which facts, words and names of a point a sentence has."""
    facts = {place for place, fact in enumerate(point.facts) if sentence.source.supports(fact)}
    names = {place for place, run in enumerate(point.names) if any(sentence.source.supports(name) for name in run)}
    return facts, {word for word in point.words if word in sentence.stems or _opposite(word, sentence.stems)}, names


def _opposite(word: str, stems: frozenset[str]) -> bool:
    """Say whether the opposite of a word, made with a prefix, is among the stems: "available", "unavailable"."""
    for prefix in _PREFIXES:
        if prefix + word in stems or (word.startswith(prefix) and len(word) > 5 and word[len(prefix) :] in stems):
            return True
    return False


def _unsaid(point: _Point, sentences: list[_Said]) -> str | None:
    """Return what a point says of something and sentences do not, nor any other word in its place.

    So "The locker number is 12." leaves out of "locker number 12 is broken" what it is about. Where sentences speak of
    the same thing, these count alone: that "we are closed" too does not close the parking.
    """
    behind = _PREDICATE.search(point.text)
    if behind is None or point.text.rstrip().endswith("?"):
        return None
    told = [word for word in WORD.findall(behind[1]) if stem(word, point.language) in point.telling]
    subject = {stem(word, point.language) for word in WORD.findall(point.text[: behind.start()])} & set(point.telling)
    speaking = [each for each in sentences if subject & each.stems]
    if speaking:
        sentences = [each for each in sentences if each in speaking or _PRONOUN.search(each.text)]
    if not told or any(
        stem(told[0], point.language) in each.stems or _opposite(stem(told[0], point.language), each.stems)
        for each in sentences
    ):
        return None
    words = {plain(word) for each in sentences for word in WORD.findall(each.text) if not is_stop_word(word)}
    own = {stem(word, point.language) for word in words} - _said(point.text, point.language).stems
    return None if own else f"nothing says {told[0]!r}"


def _turned(point: str, sentences: list[_Said]) -> bool:
    """Say whether sentences state what a point asks, makes conditional or only bounds, or forbid what it tells."""
    is_question = point.rstrip().endswith("?") or asks(point)
    if is_question and not any(_ASKING.search(sentence.text) for sentence in sentences):
        return True
    if _CONDITION.match(point) and not any(_CONDITIONAL.search(sentence.text) for sentence in sentences):
        return True
    for noted, said in _BOUNDS:
        if noted.search(point) and not any(said.search(sentence.text) for sentence in sentences):
            return True
    forbidding = any(_FORBIDDING.search(sentence.text) for sentence in sentences)
    return forbidding and not _FORBIDDING_NOTE.search(point)


def _denied(point: _Point, sentences: list[_Said]) -> bool:
    """Say whether the sentences that have a point's words say the opposite of it."""
    if denies(point.text):
        whole = [sentence.text for sentence in sentences]
        texts = map(without_answer, whole) if denies(without_answer(point.text)) else whole
        return not any(denies(text) or has_negative_word(text) for text in texts)
    denials = any(denies(sentence.text) for sentence in sentences)
    stems = frozenset().union(*(sentence.stems for sentence in sentences))
    if any(word not in stems and _opposite(word, stems) for word in point.words):
        return not denials
    if has_negative_word(point.text) or not point.words:
        return False
    told = [
        clause
        for sentence in sentences
        for clause in clauses(sentence.text)
        if any(stem(word) in point.words for word in WORD.findall(clause))
    ]
    return bool(told) and all(denies(clause) for clause in told)
