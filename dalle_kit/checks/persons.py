"""Persons: "owe you a coffee" is not "please owe me a coffee", and what we do not miss is not what I do not."""

from __future__ import annotations

import re

from dalle_kit.checks.verbs import BASES

#: Who writes, alone and with others, and who reads.
_ALONE = re.compile(r"\b(?:I|me|my|mine)\b")
_TOGETHER = re.compile(r"\b(?:we|us|our|ours)\b", re.IGNORECASE)
_READER = re.compile(r"\b(?:you|your|yours|ur?)\b", re.IGNORECASE)
_TO_WRITER = re.compile(r"\b(?:me|us)\b")
_FEELING = re.compile(r"\bI(?: a|['\u2019])m (?:afraid|sorry|glad|happy|pleased)\b")
#: What may be put in another person: what is asked, and thanks.
_OPEN = re.compile(r"\?|\bthank", re.IGNORECASE)

#: A verb that a note, or a part of one, begins with, in the form of what he, she or it does.
_OTHERS_DO = re.compile(r"(?:\A|[,;] )(?:and )?([a-z]+)s\b")
#: The writer, up to a verb, with nobody else between.
_WRITER_DOES = r"\b(?:I|[Ww]e)\b(?:(?!\b(?:it|he|she|they|you|which|who|that)\b)[^.;])*?\b"


def changed_person(point: str, sentence: str) -> str | None:
    """Return whether a sentence makes "me" of a point's "you", "I" of its "we", or "I need" of its "needs"."""
    if _ALONE.search(point) or _OPEN.search(point) or "?" in sentence:
        return None
    for verb in BASES.intersection(_OTHERS_DO.findall(point.casefold())):
        if re.search(rf"{_WRITER_DOES}{verb}\b", sentence) and not re.search(rf"\b{verb}s\b", sentence):
            return f"what {verb}s is said to be who writes"
    said = _FEELING.sub("", sentence)
    if _TOGETHER.search(point):
        return "we has become I" if _ALONE.search(said) and not _TOGETHER.search(said) else None
    to_writer = _READER.search(point) and _TO_WRITER.search(said) and not _READER.search(said)
    return "you has become me" if to_writer else None
