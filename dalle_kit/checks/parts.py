"""Parts of a note: one of which nothing is said, and a bound that has become the other one.

"Please bring a jumper." leaves out of "heating is off, bring a jumper" why; "open from 10pm" turns "open till 10pm".
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from dalle_kit.checks.negation import denies, has_negative_word
from dalle_kit.checks.words import WORD, stem, weight

#: Where notes begin another part.
_BETWEEN = re.compile(r"[,;:]\s|\s(?:and|or|but|because|\+)\s")
#: What begins or ends at a figure, and the figure.
_STARTS = re.compile(r"\b(?:from|after|since|as of|starting) (?=(\d[\w:.]*))", re.IGNORECASE)
_ENDS = re.compile(r"\b(?:until|till?|by|up to) (?=(\d[\w:.]*))", re.IGNORECASE)


def lost_part(point: str, sentences: Sequence[str]) -> str | None:
    """Return whether nothing is left of one of the parts of a point: none of its words that say much, in any form.

    A part with a figure, or one that denies, is left to the checks of these: denials are said in many ways.
    """
    parts = _BETWEEN.split(point)
    if len(parts) == 1:
        return None
    said = {stem(word) for sentence in sentences for word in WORD.findall(sentence)}
    for part in parts:
        words = WORD.findall(part)
        telling = {stem(word) for word in words if len(word) > 1 and weight(word) == 1.0}
        judged = len(words) > 1 and not (re.search(r"\d", part) or denies(part) or has_negative_word(part))
        if judged and telling and not telling & said:
            return f"nothing says {part.strip()!r}"
    return None


def turned_bound(point: str, sentences: Sequence[str]) -> str | None:
    """Return whether what a point lets end at a figure begins there, or the other way round."""
    text = " ".join(sentences)
    for told, other in ((_ENDS, _STARTS), (_STARTS, _ENDS)):
        turned = (_figures(told, point) - _figures(other, point)) & (_figures(other, text) - _figures(told, text))
        if turned:
            return f"it {'ends' if told is _ENDS else 'begins'} at {min(turned)!r}"
    return None


def _figures(bound: re.Pattern[str], text: str) -> set[str]:
    return {figure.casefold().rstrip(".") for figure in bound.findall(text)}
