"""Small inventions: what a sentence adds to the point that it says, a clause, a phrase or a wish.

"There is no entrance fee, so you need not pay" tells its point whole before the comma. What stands behind it says no
other point either, so nobody said it. Such a clause can be taken away; for the rest the sentence is written again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from dalle_kit.checks.coverage import SAID, assess
from dalle_kit.checks.grounding import Source
from dalle_kit.checks.invention import free_words
from dalle_kit.checks.notes import capitalised
from dalle_kit.checks.sentences import all_sentences
from dalle_kit.checks.verbs import BASES, begins_with_verb, has_finite_verb
from dalle_kit.checks.word_classes import (
    AUXILIARIES,
    DETERMINERS,
    JOINERS,
    PREPOSITIONS,
    SUBJECTS,
    SUBORDINATORS,
    TIMES,
    TOKEN,
)
from dalle_kit.checks.words import WORD, plain, stem, weight
from dalle_kit.records import Finding

#: What a clause adds to how far a point is said, at least, if it says any of it.
_SHARE = 0.05

_JOINED = re.compile(r",? (?:so that|and so|and that|so|and|but|because|if|who) (?=\w)", re.IGNORECASE)
_BEFORE = re.compile(r"(?P<joiner>If|Since|Because) (?P<clause>[^,]{3,80}), (?=\w)")
#: What may be taken away from before and from behind with no harm to the rest.
_EVEN = frozenset({"so", "and", "but", "because", "and so"})
#: Words that say when, but not what: "we are closed that day" does not tell more of "parking is closed that day".
_VAGUE = frozenset("day week month year time morning afternoon evening night".split())
_CLAUSE_OF_COURTESY = re.compile(
    r"\b(?:let (?:me|us) know|thank\w*|grateful|appreciat\w+|hop(?:e|ing)|sorry|afraid|look\w* forward|glad|happy|"
    r"question\w*|apolog\w+|possible|contact\w*|inform\w*|free|wish\w*|ask\w*|understand\w*|aware|hesitate|"
    r"convenien\w+|like to (?:say|tell)|worr(?:y|ied)|you(?: would|['\u2019]d) like|(?:is|was) why|ok|okay|"
    r"(?:you|we|I) (?:know|can|like|want|permit|agree|will)(?=\Z))\b",
    re.IGNORECASE,
)
#: What a clause behind "so" begins with if there is no comma.
_SUBJECT = SUBJECTS | DETERMINERS | {"please", "there"}
_WISH = re.compile(r"\b(?:I|we)(?: would|['\u2019]d) (?:like|love) to (?P<verb>[a-z]+)", re.IGNORECASE)
#: What one would like to do in order to say something politely.
_TO_SAY = frozenset(
    "say know tell inform thank ask let express point remind add confirm apologise apologize congratulate invite "
    "announce mention suggest request".split()
)
#: Notes that wish, or leave open what they are.
_WISHED = re.compile(
    r"\?|\b(?:if|should|must|like|love|want\w*|wish\w*|hop(?:e|ing)|need\w*|please|could|prefer\w*|ask\w*|let|rather|"
    r"interested|plan\w*|keen)\b|['\u2019]d\b",
    re.IGNORECASE,
)
#: Words that faithful sentences add to notes: those of at least two situations of the training pairs, and kindred ones.
_USUAL = frozenset(
    "access according addition advance afterwards agreed along although always among anyone anything apply arranged "
    "arrival ashamed average away begin behind bill bring building business buyer carry case cent charge children "
    "choose city colleague company consist cost count counter course cover decision deeply desk detail dispute "
    "document dollar door driver end euro event everybody everything fact fall far fare fault fee felt file firm "
    "force forget front future general group guest half hand helper hereby home house hundred incident item job "
    "least lie line list lorry manner meantime menu mind mistake model moment money namely naturally need next "
    "nobody none number officials onwards option order organiser own owner parent part participant particular party "
    "pay people perhaps person place play player police position post pound practice prefer price principle process "
    "public purpose record regrettably rent rest road room rule run sadly seem serve service side simply sit site "
    "someone something spite staff stage suffer sum team temperature topic town transfer travel trip turn view "
    "village visitor wall whatever whether whole willing".split()
)

#: How words for people end: one that is new may stand for somebody named.
_SOMEBODY = re.compile(r"(?:[eo]r|ist|ian|ant|man|men|woman)s?\Z")


@dataclass(frozen=True, slots=True)
class _Clause:
    """A clause that a sentence adds: how it is joined on, its words, where it stands, the sentence without it."""

    joiner: str
    text: str
    span: tuple[int, int]
    rest: str


def without_added(sentence: str, points: Sequence[str]) -> str:
    """Return an English sentence without a clause that says nothing of any of the points, where the rest says one."""
    for clause in _clauses(sentence):
        if clause.joiner in _EVEN and _adds(clause, sentence, points):
            return without_added(clause.rest, points)
    return sentence


def added(text: str, points: Sequence[str], source: Source, *, slot: str | None = None) -> list[Finding]:
    """Return a finding for each clause, phrase or wish that a sentence of ``text`` adds to the points it says.

    Nothing is read but English. ``source`` is what the text may rely on besides.
    """
    findings: list[Finding] = []
    if source.language != "en" or not points:
        return findings
    end = 0
    for sentence in all_sentences(text):
        start = max(text.find(sentence, end), end)
        end = start + len(sentence)
        for low, high in _additions(sentence, points, source):
            message = f"nobody said {sentence[low:high]!r}"
            findings.append(Finding("invented", "error", message, slot, (start + low, start + high)))
    return findings


def _additions(sentence: str, points: Sequence[str], source: Source) -> Iterator[tuple[int, int]]:
    """Yield where what a sentence adds stands in it."""
    for clause in _clauses(sentence):
        if _adds(clause, sentence, points, beside=_VAGUE):
            yield clause.span
            break
    yield from _phrases(sentence, source)
    wish = _WISH.search(sentence)
    if wish and wish["verb"].lower() not in _TO_SAY:
        # A note that begins with a verb may be an order, or have a noun there: "answer by Monday".
        said = [point for point, each in zip(points, assess(points, sentence), strict=True) if each.score >= SAID]
        words = {stem(match.group()) for point in said for match in WORD.finditer(point)}
        plainly = all(has_finite_verb(point) and not _WISHED.search(point) for point in said)
        orders = any(not BASES.isdisjoint(point.lower().split()[:1]) for point in said)
        if said and plainly and not orders and stem(wish["verb"]) not in words:
            yield wish.span()


def _clauses(sentence: str) -> Iterator[_Clause]:
    """Yield the clauses that a sentence might do without."""
    body = sentence.rstrip(" .!?")
    close = sentence[len(body) :]
    for match in _JOINED.finditer(body):
        joiner = match[0].strip(" ,").lower()
        head, tail = body[: match.start()], body[match.end() :]
        first, _, others = tail.partition(" ")
        if joiner == "so" and match[0][0] != "," and first.lower() not in _SUBJECT:
            continue  # "so glad"
        start = match.start() + len(match[0]) - len(match[0].lstrip(", "))
        yield _Clause(joiner, tail, (start, len(body)), head + close)
        if joiner == "so" and has_finite_verb(tail) and not begins_with_verb(tail):
            yield _Clause(joiner, head, (0, match.start()), f"{capitalised(first)} {others}" + close)
    front = _BEFORE.match(body)
    if front:
        yield _Clause(front["joiner"].lower(), front["clause"], (0, front.end() - 2), sentence[front.end() :])


def _adds(clause: _Clause, sentence: str, points: Sequence[str], *, beside: frozenset[str] = frozenset()) -> bool:
    """Say whether a clause says nothing of any point ``beside`` some words, while the rest of its sentence says one."""
    if (
        not points
        or not (has_finite_verb(clause.text) or begins_with_verb(clause.text))
        or clause.text[0].isdigit()
        or _CLAUSE_OF_COURTESY.search(clause.text)
    ):
        return False
    whole = [each.score for each in assess(points, sentence)]
    rest = [each.score for each in assess(points, clause.rest)]
    most = max(range(len(points)), key=rest.__getitem__)
    told, left = (Source([text]).stems for text in (points[most], clause.rest))
    words = {plain(match.group()) for match in WORD.finditer(clause.text)}
    # A score says nothing of what is told where the sentence says it wrongly.
    shared = {word for word in words if weight(word) and stem(word) in told - left}
    if rest[most] < SAID or not shared <= beside or (whole[most] - rest[most] >= _SHARE and not shared):
        return False
    others = (number for number in range(len(points)) if number != most)
    if any(whole[number] >= SAID and whole[number] - rest[number] >= _SHARE for number in others):
        return False
    spelled = {plain(match.group()) for match in WORD.finditer(points[most])}
    return clause.joiner.split()[0] not in spelled and not words <= spelled


def _phrases(sentence: str, source: Source) -> Iterator[tuple[int, int]]:
    """Yield where phrases such as "by bus" stand of whose words none was told in any form, and which are not usual."""
    tokens = [(match.group(), match.span()) for match in TOKEN.finditer(sentence)]
    for number, (token, span) in enumerate(tokens):
        if token.lower() not in PREPOSITIONS - {"of"}:
            continue
        words: list[str] = []
        end = span[1]
        for word, place in tokens[number + 1 :]:
            if word.lower() in _AROUND or not word[0].isalpha():
                break
            words += [] if word.lower() in DETERMINERS else [word]
            end = place[1]
        # "To eat at one" is what a note such as "13:00" leaves out.
        is_verb = token.lower() == "to" and words[:1] == [tokens[number + 1][0]]
        if words and not is_verb and all(_is_new(word, source) for word in words):
            yield span[0], end


def _is_new(word: str, source: Source) -> bool:
    """Say whether a word tells something, was not told, and is not what faithful sentences add; names are checked."""
    tells = weight(word) == 1.0 and len(word) > 2 and word.islower() and word not in TIMES
    parts = {stem(part) for part in WORD.findall(word)}
    return tells and not _SOMEBODY.search(word) and parts.isdisjoint(source.stems | _usual())


@lru_cache(maxsize=1)
def _usual() -> frozenset[str]:
    return free_words() | frozenset(map(stem, _USUAL))


#: What ends the phrase behind a preposition.
_AROUND = (PREPOSITIONS | AUXILIARIES | SUBJECTS | SUBORDINATORS | JOINERS) - {"feel"}
