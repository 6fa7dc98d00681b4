"""Negation: whether a clause denies what it says."""

from __future__ import annotations

import re

_NEGATION = re.compile(
    r"\b(?:not|no|never|none|nobody|nothing|nowhere|neither|nor|cannot|without|unable|hardly|kein\w*|nicht)\b|\b\w+n['\u2019]t\b",
    re.IGNORECASE,
)
#: Negations that deny nothing of what stands beside them.
_EMPTY = re.compile(
    r"\bno(?:t)? (?:later|earlier|sooner|less|fewer|more) than\b|\bnot (?:only|just|least)\b|\bif not\b|\bor not\b"
    r"|\bnot to mention\b|\bno (?:doubt|problem|worries|matter)\b|\bno\. ?\d|\bwhy (?:not|don['\u2019]t)\b"
    r"|(?:\bnot|n['\u2019]t|\bcannot) (?:forget|hesitate|worry|miss|wait|be long)\b"
    r"|\bnothing (?:but|less than)\b|\bno longer than\b",
    re.IGNORECASE,
)
_ANSWER = re.compile(r"\A\W*no, (?!thank)", re.IGNORECASE)
#: Words that deny by their meaning.
_NEGATIVE_WORDS = re.compile(
    r"\b(?:declin|refus|reject|fail|lack|avoid|stop|cancel|absent|absence|miss|withdr[ae]w|impossibl|prevent|forbid|forbad"
    r"|prohibit|exclud|withhold|instead|rather than|free of|short of|out of|too \w+ to"
    r"|(?:un|im|in|dis|non-?)(?=able|avail|possib|valid|accept"
    r"|allow|like|agree|connect|paid|sign|finish|complete|fit|safe|well|happy|clear|known|sure|refund|negot|necess|needed|change))\w*",
    re.IGNORECASE,
)
_CLAUSE = re.compile(
    r"[,;:()\u2013\u2014]|\b(?:but|although|though|because|since|so|which|while|whereas|and|if|unless|however)\b",
    re.IGNORECASE,
)


def denies(text: str) -> bool:
    """Say whether a text denies something outright: "not", "no longer", "cannot"."""
    return bool(_NEGATION.search(_EMPTY.sub(" ", text)))


def without_answer(text: str) -> str:
    """Return a text without the "No," that only answers a question: "No, it is mine" denies nothing of its own."""
    return _ANSWER.sub("", text)


def has_negative_word(text: str) -> bool:
    """Say whether a text has a word that denies by its meaning: "declined", "unavailable"."""
    return bool(_NEGATIVE_WORDS.search(text))


def clauses(sentence: str) -> list[str]:
    """Return the clauses of a sentence, roughly: what stands between commas and conjunctions."""
    return [clause for clause in _CLAUSE.split(sentence) if clause.strip()]
