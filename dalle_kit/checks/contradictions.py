"""Points that cannot all be true."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import combinations

from dalle_kit.checks.facts import Fact, find_facts
from dalle_kit.checks.negation import denies
from dalle_kit.checks.words import WORD, is_stop_word, stem
from dalle_kit.records import Finding

_OPPOSITES = (
    "accept/decline accept/reject approve/reject confirm/cancel open/close arrive/leave buy/sell win/lose "
    "increase/decrease rise/fall early/late before/after always/never all/none include/exclude yes/no "
    "start/end begin/end allow/forbid agree/disagree come/stay free/busy possible/impossible "
    "available/unavailable hire/fire keep/drop up/down more/less earlier/later higher/lower"
).split()
#: Of these a thing has one; two invoices may have two numbers.
_ONE_OF_A_KIND = frozenset({"date", "time", "amount"})


def contradictions(points: Sequence[str], *, language: str = "en") -> list[Finding]:
    """Return a finding for each two points that say the same of something but one denies it, or differs in a fact."""
    read = [_Read(point, language) for point in points]
    findings = []
    for one, other in combinations(read, 2):
        if one.contradicts(other):
            message = f"{one.text[:80]!r} and {other.text[:80]!r} contradict each other: leave one out"
            findings.append(Finding("contradiction", "warning", message))
    return findings


class _Read:
    """A point: what it is about, its facts by kind, whether it denies."""

    def __init__(self, text: str, language: str) -> None:
        self.text = text
        self.denies = denies(text)
        facts = find_facts(text, language=language, notes=True)
        self.unique = {kind: _of(kind, facts) for kind in _ONE_OF_A_KIND}
        self.others = frozenset(key for fact in facts if fact.kind not in _ONE_OF_A_KIND for key in fact.keys)
        spans = [fact.span for fact in facts]
        words = [match for match in WORD.finditer(text) if not any(a <= match.start() < b for a, b in spans)]
        negations = frozenset({"not", "no", "never", "without", "cannot", "longer"})
        self.stems = frozenset(
            stem(word, language)
            for word in (match.group() for match in words)
            if word.casefold() not in negations and (not is_stop_word(word) or word.casefold() in _opposite_words())
        )

    def contradicts(self, other: _Read) -> bool:
        """Say whether both cannot be true."""
        if self.others != other.others or not (self.stems or self.others):
            return False
        apart = self.stems ^ other.stems
        if self.denies != other.denies:
            return not apart and not self._differs(other)
        if apart in _opposites():
            return bool(self.stems & other.stems or self.others) and not self._differs(other)
        return not apart and self._differs(other)

    def _differs(self, other: _Read) -> bool:
        """Say whether both have one fact of the same kind and it is not the same."""
        return any(
            len(mine) == len(theirs) == 1 and not mine[0].keys & theirs[0].keys
            for mine, theirs in ((self.unique[kind], other.unique[kind]) for kind in _ONE_OF_A_KIND)
        )


@lru_cache(maxsize=1)
def _opposites() -> frozenset[frozenset[str]]:
    return frozenset(frozenset(stem(word) for word in pair.split("/")) for pair in _OPPOSITES)


@lru_cache(maxsize=1)
def _opposite_words() -> frozenset[str]:
    return frozenset(word for pair in _OPPOSITES for word in pair.split("/"))


def _of(kind: str, facts: list[Fact]) -> list[Fact]:
    return [fact for fact in facts if fact.kind == kind]
