"""Consistency: how far a text that retells a source keeps to it, beyond its names and numbers.

A faithful retelling cuts and keeps: its words come from the source, in the source's order, with few and short cuts
between them. A false one puts words in, joins what belongs to different clauses, turns things round, or loses a "not".
Two models see more than the signs: an encoder, whether the text still means what the source does, and a decoder,
whether it is what one would go on with after the source. All weights were fitted on half of the pairs that
``benchmarks/grounding.py`` reports the other half of.
"""

from __future__ import annotations

import bisect
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass
from functools import lru_cache
from itertools import pairwise

from dalle_kit.checks.grounding import Source, unsupported
from dalle_kit.checks.negation import denies
from dalle_kit.checks.sentences import all_sentences
from dalle_kit.checks.words import is_stop_word, stem

_TOKEN = re.compile(r"\d[\d,.]*\d|\d|[^\W\d_]+(?:['\u2019][^\W\d_]+)?|[^\w\s]")
#: A penalty of so much takes the score from 1 to 1/e.
_SCALE = 3.0
#: What a difference of 1 in similarity, and of a nat in likelihood, is worth beside 1 in the logarithm of the score.
_SIMILARITY, _LIKELIHOOD = 1.63, 0.035
#: How many alignments are followed at a time.
_BEAMS = 64
#: How many of a word's places after and before the last one are tried.
_AHEAD, _BACK = 6, 3
#: A negation within so many words of what is retold concerns it.
_REACH = 3


@dataclass(frozen=True, slots=True)
class Signs:
    """What speaks against a retelling, counted in one sentence."""

    invented: float
    displaced: float
    cut: float
    turned: float
    torn: float
    unlinked: float
    repeated: float
    denied: float
    unsupported: float


_WEIGHTS = Signs(
    invented=1.3,
    displaced=0.3,
    cut=0.5,
    turned=1.0,
    torn=1.0,
    unlinked=2.0,
    repeated=0.5,
    denied=2.0,
    unsupported=1.5,
)


class _Read:
    """A source, taken apart once."""

    def __init__(self, text: str) -> None:
        self.source = Source([text])
        self.tokens = _tokens(text)
        self.neighbours = frozenset(pairwise(self.tokens))
        self.places: dict[str, list[int]] = {}
        for place, token in enumerate(self.tokens):
            self.places.setdefault(_stem(token), []).append(place)

    def near(self, word: str, place: int) -> list[int]:
        """Return where a word stands next after a place, and where it stood last before it."""
        all_places = self.places.get(_stem(word), [])
        after = bisect.bisect_right(all_places, place)
        before = bisect.bisect_left(all_places, place)
        return all_places[max(0, before - _BACK) : before] + all_places[after : after + _AHEAD]


@lru_cache(maxsize=64)
def _read(text: str) -> _Read:
    return _Read(text)


def consistency(
    text: str,
    source: str,
    *,
    similarity: Callable[[str, str], float] | None = None,
    likelihood: Callable[[str, str], float] | None = None,
) -> float:
    """Return how far ``text`` keeps to ``source``, which it retells: 1 for its very words, towards 0.

    ``similarity`` returns the cosine of the vectors of two texts, ``likelihood`` the log-likelihood in nats of the
    first text as the continuation of the second; with them the score is surer, and always below 1. Only the order of
    two scores for the same source means something, not their size.
    """
    sentences = all_sentences(text)
    if not sentences:
        return 1.0
    penalties = [_penalty(signs(sentence, source)) for sentence in sentences]
    score = -sum(penalties) / len(penalties) / _SCALE
    if similarity is not None:
        score += _SIMILARITY * (similarity(text, source) - 1.0)
    if likelihood is not None:
        score += _LIKELIHOOD * likelihood(text, source)
    return math.exp(score)


def signs(sentence: str, source: str) -> Signs:
    """Return what speaks against one sentence as a retelling of ``source``."""
    read = _read(source)
    told, tokens = read.tokens, _tokens(sentence)
    while tokens and not _is_word(tokens[-1]):
        tokens.pop()  # how it ends says nothing
    found = [(token, place) for token, place in zip(tokens, _align(tokens, read), strict=True) if _is_word(token)]
    words, places = [token for token, _ in found], [place for _, place in found]
    apart = [word for word, place in found if place is None]
    content = [word for word in apart if not is_stop_word(word)]
    pairs = list(pairwise(tokens))
    steps = [(one, other) for one, other in pairwise(places) if one is not None and other is not None]
    return Signs(
        invented=sum(_stem(word) not in read.places for word in content),
        displaced=sum(_stem(word) in read.places for word in apart),
        cut=sum(math.log1p(_words_between(told, one, other)) for one, other in steps if other > one),
        turned=sum(other < one for one, other in steps),
        torn=float(_starts_torn(words, places, told)),
        unlinked=sum(pair not in read.neighbours for pair in pairs) / max(1, len(pairs)),
        repeated=sum(one == other for one, other in pairwise(words)),
        denied=float(_is_turned_round(sentence, source, places, told)),
        unsupported=len(unsupported(sentence, read.source)),
    )


def _penalty(found: Signs) -> float:
    penalty: float = sum(weight * count for weight, count in zip(astuple(_WEIGHTS), astuple(found), strict=True))
    return penalty


def _tokens(text: str) -> list[str]:
    return _TOKEN.findall(text.casefold())


def _is_word(token: str) -> bool:
    return token[0].isalnum()


def _stem(token: str) -> str:
    return stem(token) if token[0].isalpha() else token


def _align(words: Sequence[str], read: _Read) -> list[int | None]:
    """Return for each word its place in the source, or None: the way through with the most words and fewest jumps."""
    beams: dict[int, tuple[float, tuple[int | None, ...]]] = {-1: (0.0, ())}
    for word in words:
        longer: dict[int, tuple[float, tuple[int | None, ...]]] = {}
        for last, (score, path) in beams.items():
            _keep(longer, last, score - 1.0, (*path, None))
            for place in read.near(word, last):
                _keep(longer, place, score + _gain(word, read.tokens[place], place - last), (*path, place))
        beams = dict(sorted(longer.items(), key=lambda beam: -beam[1][0])[:_BEAMS])
    return list(max(beams.values(), key=lambda beam: beam[0])[1])


def _gain(word: str, token: str, step: int) -> float:
    """Return what it is worth to take a word from a token ``step`` places after the one before."""
    same = 1.0 if word == token else 0.85
    if step == 1:
        return same + 0.6
    return same - 0.25 - 0.02 * min(20, step) if step > 0 else same - 1.2


def _keep(
    beams: dict[int, tuple[float, tuple[int | None, ...]]], place: int, score: float, path: tuple[int | None, ...]
) -> None:
    if place not in beams or score > beams[place][0]:
        beams[place] = (score, path)


def _words_between(told: Sequence[str], one: int, other: int) -> int:
    return sum(_is_word(token) for token in told[one + 1 : other])


def _starts_torn(words: Sequence[str], places: Sequence[int | None], told: Sequence[str]) -> bool:
    """Say whether a sentence begins in the middle of a phrase of the source."""
    if not places or not places[0]:
        return False
    before = told[places[0] - 1]
    return _is_word(before) and not is_stop_word(before) and words[0] not in ("a", "an", "the", "his", "her", "their")


def _is_turned_round(sentence: str, source: str, places: Sequence[int | None], told: Sequence[str]) -> bool:
    """Say whether a sentence denies what the source does not, or the other way round."""
    if denies(sentence):
        return not denies(source)
    return any(
        denies(" ".join(told[max(0, place - _REACH) : place + _REACH + 1])) for place in places if place is not None
    )
