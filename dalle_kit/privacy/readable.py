"""Redaction that reads well: neutral words in the place of personal data, no brackets."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from dalle_kit.privacy.kinds import PersonalData, is_title

_NOUNS = {
    "person": "person",
    "e-mail address": "e-mail address",
    "postal address": "address",
    "phone number": "phone number",
    "card number": "card number",
    "bank account": "bank account",
    "id number": "ID number",
    "IP address": "IP address",
    "user name": "user name",
}
_ARTICLE = re.compile(r"\b(?P<article>an?) \Z", re.IGNORECASE)
_DETERMINER = re.compile(
    r"\b(?:the|this|that|my|your|his|her|its|our|their|any|each|every|no|some|another|new|old|same|other|\w+'s) \Z",
    re.IGNORECASE,
)
_SENTENCE_START = re.compile(r"(?:\A|[.!?\u2026][\"')\]\u2019\u201d]*\s+|\n\s*)[\"'(\u201c\u2018>*\u2022-]*\s*\Z")
_GREETING = re.compile(r"^(?:(?P<dear>Dear)|Hi|Hello|Hey)(?P<space>,? )\Z", re.MULTILINE)


@dataclass(slots=True)
class _Seen:
    """What of a kind has been met in a text: the same one is "that" one, a further one "another"."""

    words: list[frozenset[str]] = field(default_factory=list)

    def place(self, text: str) -> tuple[int, bool]:
        """Return the number of a thing among those of its kind, and whether it is met for the first time."""
        words = frozenset(word for word in re.findall(r"[^\W_]+", text.casefold()) if not is_title(word))
        for place, known in enumerate(self.words):
            if words <= known or known <= words:
                return place, False
        self.words.append(words)
        return len(self.words) - 1, True


def redacted(text: str, found: Sequence[PersonalData]) -> str:
    """Return a text with neutral words in the place of what was found: "Call someone on a phone number"."""
    seen = {kind: _Seen() for kind in _NOUNS}
    written = ""
    place = 0
    for each in sorted(found, key=lambda each: each.start):
        if each.start < place:
            continue
        before = written + text[place : each.start]
        place = each.end
        number, is_new = seen[each.kind].place(each.text)
        written = _joined(before, each.kind, number, is_new)
    return written + text[place:]


def _joined(before: str, kind: str, number: int, is_new: bool) -> str:
    """Return what stands before a thing with neutral words for it behind."""
    noun = _NOUNS[kind]
    stem = before.rstrip()
    if stem.casefold().endswith(noun.casefold()) and kind != "person":
        return stem  # "my phone number 020 7946 0000" has said it
    if _DETERMINER.search(before):
        return before + noun
    article = _ARTICLE.search(before)
    if article:
        right = _with_article(noun).split()[0]
        return before[: article.start()] + (right.capitalize() if article["article"][0] == "A" else right) + " " + noun
    words = _phrase(kind, noun, number, is_new)
    return before + (words[0].upper() + words[1:] if _SENTENCE_START.search(before) else words)


def _phrase(kind: str, noun: str, number: int, is_new: bool) -> str:
    if kind == "person" and is_new:
        return ("someone", "someone else")[number] if number < 2 else "another person"
    if not is_new:
        return f"the other {noun}" if number else f"that {noun}"
    return f"another {noun}" if number else _with_article(noun)


def _with_article(noun: str) -> str:
    return f"{'an' if noun[0] in 'aeioAEIO' else 'a'} {noun}"
