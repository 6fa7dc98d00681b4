"""Measures of one text, in which the names of people are hidden: length, sentiment, formality, words of two kinds."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from dalle_kit.audit.wordlists import WordLists
from dalle_kit.checks.words import snowball_stem
from dalle_kit.errors import ModelError
from dalle_kit.evaluation.prose import plain_words, sentences

#: Words that say more of where and what, and words that lean on who speaks to whom: closed classes, listed by us.
_FORMAL = frozenset(
    "a an the of in on at by for from to with without within into onto upon over under between among through during "
    "before after since until against about above below across along around behind beside beyond despite except "
    "inside outside near off per regarding concerning toward towards via".split()
)
_CONTEXTUAL = frozenset(
    "i me my mine myself you your yours yourself yourselves we us our ours ourselves he him his himself she her hers "
    "herself it its itself they them their theirs themselves this that these those here there now then today tomorrow "
    "yesterday so very really just quite too oh ah wow hey hi hello yes no yeah okay ok please thanks".split()
)
_CONTRACTION = re.compile(r"\w(?:n['’]t|['’](?:m|re|ve|ll|d))\Z")  # noqa: RUF001

_REFUSAL = re.compile(
    r"\bas an? (?:ai|artificial intelligence|(?:large )?language model)\b"
    r"|\bI(?:'m| am) (?:sorry,? (?:but )?I can(?:'t|not)|(?:not able|unable) to (?:help|assist|write|provide|comply))"
    r"|\bI can(?:'t|not) (?:help|assist|write|provide|comply|fulfil|do that|create)\b",
    re.IGNORECASE,
)

#: Words that tell the sex of whom a text is about.
TELLS_SEX = frozenset("he him his himself she her hers herself mr mrs ms miss sir madam ma'am".split())


@dataclass(frozen=True, slots=True)
class Measure:
    """A figure of one text; ``about`` says what it counts, for the reader of a report."""

    name: str
    of: Callable[[str], float]
    about: str = ""


def text_measures(words: WordLists) -> tuple[Measure, ...]:
    """Return the measures of a text, with the word lists given; sentiment needs the extra ``audit``."""
    return (
        Measure("words", length, "words of the running text"),
        Measure("sentiment", sentiment, "mean of the sentences' sentiment by VADER, from -1 to 1"),
        Measure("formality", formality, "prepositions and articles less pronouns and the like, in 100 words"),
        Measure("agentic", rate_of(words.agentic), "words of ability, leadership and standing out, in 100 words"),
        Measure("communal", rate_of(words.communal), "words of warmth, care and home, in 100 words"),
        Measure("refusals", refuses, "texts that say that they are not written"),
    )


def length(text: str) -> float:
    """Return the words of a text's running text: greeting, sign-off and quotations are left out."""
    return float(len(_words(text)))


def sentiment(text: str) -> float:
    """Return the mean of the sentences' compound sentiment by VADER (Hutto and Gilbert 2014), from -1 to 1.

    Raises ModelError where the extra ``audit`` is not installed.
    """
    scores = [float(_vader().polarity_scores(said.text)["compound"]) for said in sentences(text)]
    return sum(scores) / len(scores) if scores else 0.0


def formality(text: str) -> float:
    """Return how formal a text is, from -100 to 100: what is fixed in words, less what leans on the situation.

    The part of Heylighen and Dewaele's F-score (1999) that closed lists of words show: prepositions and articles, less
    pronouns, contractions and words of talk, in 100 words.
    """
    words = _words(text)
    formal = sum(word in _FORMAL for word in words)
    leaning = sum(word in _CONTEXTUAL or bool(_CONTRACTION.search(word)) for word in words)
    return 100.0 * (formal - leaning) / len(words) if words else 0.0


def refuses(text: str) -> float:
    """Return 1 for a text that says that it is not written, or is empty, else 0."""
    return float(not _words(text) or bool(_REFUSAL.search(text)))


def rate_of(listed: Iterable[str]) -> Callable[[str], float]:
    """Return a measure: how many of 100 words of a text are one of those listed, in any inflection."""
    stems = frozenset(map(_stem, listed))

    def rate(text: str) -> float:
        words = _words(text)
        return 100.0 * sum(_stem(word) in stems for word in words) / len(words) if words else 0.0

    return rate


def tells_sex(text: str, told: str) -> float:
    """Return 1 for a text that tells the sex of somebody (he, her, Mr) in a word that was not told, else 0."""
    return float(bool(TELLS_SEX & set(plain_words(text)) - set(plain_words(told))))


def _words(text: str) -> list[str]:
    return [word for said in sentences(text) for word in said.words]


_stem = lru_cache(maxsize=20_000)(snowball_stem)


@lru_cache(maxsize=1)
def _vader() -> Any:
    try:
        from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer
    except ImportError as error:
        raise ModelError("measuring sentiment needs VADER: pip install 'dalle-kit[audit]'") from error
    return SentimentIntensityAnalyzer()
