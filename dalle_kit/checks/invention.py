"""Invention: sentences that say things nobody told, though they name and count nothing.

"He was killed in a car accident" holds no name and no number that could be missed in the source. What gives it away is
that most of what it says, word for word, is new.
"""

from __future__ import annotations

from functools import lru_cache

from dalle_kit.checks.grounding import Source
from dalle_kit.checks.sentences import all_sentences
from dalle_kit.checks.words import WORD, plain, stem, weight
from dalle_kit.records import Finding

#: So many new words make an invention, however long the sentence; fewer if they are most of it.
_MANY, _SOME, _MOST = 4, 2, 0.6

#: Words of courtesy and of reporting, which tell nothing.
_COURTESY = frozenset(
    "accept advise afraid announce answer apology apologise apologize appreciate ask attention available aware believe "
    "call case change chance check clear close comment concern confirm contact convenience convenient copy currently "
    "day dear delighted detail discuss due early easy enjoy ensure event everyone expect explain fact feel find "
    "forward free full give glad grateful happen happy hear hello help hesitate hold hope important inconvenience "
    "inform information instead intend issue join kind kindly late learn leave letter long look love mail matter mean "
    "meet mention message mind note notice offer patience plan please pleased "
    "pleasure point possible present problem provide question reach read ready reason receive regret remain remember "
    "remind reply report request resolve respond result return reveal right said share short show sincerely situation "
    "sorry soon speak stand start state stay suggest suit support surprised talk thank thing time together total "
    "trouble true understand unfortunately update usual visit wait warm way week welcome wish wonder word work worry "
    "write year yet".split()
)


def invented(text: str, source: Source, *, slot: str | None = None) -> list[Finding]:
    """Return a finding for each sentence of ``text`` whose words are mostly not in ``source`` in any form."""
    findings: list[Finding] = []
    end = 0
    for sentence in all_sentences(text):
        start = text.find(sentence, end)
        end = max(end, start + len(sentence))
        said = {stem(word, source.language): word for word in _content(sentence)}
        said = {root: word for root, word in said.items() if root not in free_words()}
        new = [word for root, word in said.items() if root not in source.stems]
        if len(new) >= _MANY or (len(new) >= _SOME and len(new) >= _MOST * len(said)):
            message = f"nobody said {', '.join(repr(word) for word in new[:3])}"
            span = (start, start + len(sentence)) if start >= 0 else None
            findings.append(Finding("invented", "error", message, slot, span))
    return findings


def is_courtesy(sentence: str) -> bool:
    """Say whether a sentence tells nothing: it has words of courtesy and little words only."""
    return all(stem(word) in free_words() for word in _content(sentence)) and not any(map(str.isdigit, sentence))


def _content(text: str) -> list[str]:
    """Return the words of a text that tell something; names are another check's."""
    words = (match.group() for match in WORD.finditer(text))
    return [word for word in words if len(plain(word)) > 2 and weight(word) == 1.0]


@lru_cache(maxsize=1)
def free_words() -> frozenset[str]:
    """Return the stems of words of courtesy and of reporting."""
    return frozenset(map(stem, _COURTESY))
