"""Grounding: whether every name, number, date, time and address of a text is in what its writer was told."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cached_property
from itertools import pairwise

from dalle_kit.checks.facts import Fact, find_facts
from dalle_kit.checks.names import name_keys
from dalle_kit.checks.parser import NameFinder
from dalle_kit.checks.times import implied
from dalle_kit.checks.words import WORD, fold, plain, stem
from dalle_kit.records import Finding

#: For the message: what else of the kind there is.
_SHOWN = 3
_TWO_CAPITALS = re.compile(r"(?=\b([^\W\d_a-z][\w'\u2019-]{0,60}) ([^\W\d_a-z][\w'\u2019-]{0,60}))")


class Source:
    """What a text may rely on: the facts and words of the texts its writer was told, read once."""

    def __init__(self, texts: Iterable[str], *, language: str = "en") -> None:
        """Read ``texts``; ``language`` is theirs and that of the texts held against them."""
        self.texts: tuple[str, ...] = tuple(text for text in texts if text.strip())
        self.language = language

    @cached_property
    def facts(self) -> tuple[Fact, ...]:
        """The facts told."""
        return tuple(fact for text in self.texts for fact in find_facts(text, language=self.language, notes=True))

    @cached_property
    def keys(self) -> frozenset[str]:
        """Everything that holds: the keys of the facts and of the words, and what follows from them."""
        keys: set[str] = set()
        for fact in self.facts:
            keys |= _held(fact)
        for text in self.texts:
            keys |= name_keys(text, language=self.language)
        return frozenset(keys)

    @cached_property
    def stems(self) -> frozenset[str]:
        """The stems of its words."""
        return frozenset(stem(match.group(), self.language) for text in self.texts for match in WORD.finditer(text))

    @cached_property
    def _folded(self) -> str:
        return " ".join(_spaced(text) for text in self.texts)

    @cached_property
    def _pairs(self) -> frozenset[tuple[str, str]]:
        return frozenset(pair for text in self.texts for pair in _adjacent_words(text))

    def supports(self, fact: Fact) -> bool:
        """Say whether a fact of another text is among what was told, in any of its spellings."""
        return fact.is_among(self.keys) or f" {_spaced(fact.text).strip()} " in f" {self._folded} "

    def mixes(self, first: Fact, second: Fact) -> bool:
        """Say whether two adjacent names belong to different people: "Priya Smith" of Priya Raman and John Smith."""
        one, other = fold(plain(first.text)), fold(plain(second.text))
        if (one, other) in self._pairs:
            return False
        firsts = {pair[0] for pair in self._name_pairs}
        seconds = {pair[1] for pair in self._name_pairs}
        return one in firsts - seconds and other in seconds - firsts

    @cached_property
    def _name_pairs(self) -> frozenset[tuple[str, str]]:
        found = (match for text in self.texts for match in _TWO_CAPITALS.finditer(text))
        return frozenset((fold(plain(match[1])), fold(plain(match[2]))) for match in found)


def unsupported(
    text: str, source: Source, *, slot: str | None = None, names: NameFinder | None = None
) -> list[Finding]:
    """Return a finding for each number, date, time, amount, name or address of ``text`` that ``source`` lacks.

    A name that is an ordinary word too, at the start of a sentence, is known for a name only by ``names``, the finder
    that ``load_name_finder`` returns.
    """
    facts = find_facts(text, language=source.language, names=names)
    findings = [
        Finding("unsupported", "error", _reason(fact, source), slot, fact.span)
        for fact in facts
        if not source.supports(fact)
    ]
    for first, second in pairwise(facts):
        beside = first.kind == second.kind == "name" and text[first.span[1] : second.start] == " "
        if beside and source.supports(first) and source.supports(second) and source.mixes(first, second):
            span = (first.start, second.span[1])
            message = f"the name {text[slice(*span)]!r} mixes two names of the request"
            findings.append(Finding("unsupported", "error", message, slot, span))
    return sorted(findings, key=lambda finding: finding.span or (0, 0))


def _held(fact: Fact) -> set[str]:
    """Return what a fact of the source supports elsewhere."""
    keys = {key for key in fact.keys if not key.startswith("bare ")}
    for reading in fact.readings:
        keys |= implied(reading)
    for key in tuple(keys):
        unit, _, value = key.partition(" ")
        if unit == "number":
            keys.add(f"bare {key}")
        elif fact.kind == "amount":
            keys.add(f"number {value}")
    return keys


def _reason(fact: Fact, source: Source) -> str:
    others = [other.text for other in source.facts if other.kind == fact.kind and fact.kind != "name"]
    known = ", ".join(repr(other) for other in dict.fromkeys(others[:_SHOWN]))
    return f"the {fact.kind} {fact.text!r} is not in the request" + (f", which has {known}" if known else "")


def _spaced(text: str) -> str:
    """Return a text in small letters with single spaces round its words."""
    return " " + " ".join(re.findall(r"(?<![@%$€£¥₹.:/+#&-])[\w@%$€£¥₹.:/+#&-]*\w%?|[$€£]", text.casefold())) + " "


def _adjacent_words(text: str) -> Iterable[tuple[str, str]]:
    words = [fold(plain(word)) for word in re.findall(r"[^\W\d_]+(?:['\u2019-][^\W\d_]+)*", text)]
    return pairwise(words)
