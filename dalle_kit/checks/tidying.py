"""Tidying: what a small model likes to put before a point, and the point has no place for.

Nothing that tells anything is taken: an article before "chapter 2" or "last year's", regret where nothing is to be
regretted, "you will see that", and a second "please".
"""

from __future__ import annotations

import re

from dalle_kit.checks.negation import denies, has_negative_word

_LABELS = (
    "chapter|clause|section|room|page|order|invoice|line|floor|platform|gate|terminal|phase|flight|question|figure|"
    "table|step|version|track"
)
_NUMBERED = re.compile(
    rf"\bthe (?P<what>(?:{_LABELS}) \d[\w.:/-]*)"
    r"(?=[.,;:!?]|\Z| (?:is|was|are|has|had|will|can|of|in|on|at|to|by|and|or|because|from|for|with|starts?|needs?)\b)",
    re.IGNORECASE,
)
_TIMES = re.compile(
    r"\b(?:the|my|our|your|any|all|some) (?P<what>(?:last|next|this) (?:year|week|month|quarter|season)['\u2019]s)\b",
    re.IGNORECASE,
)
_EMPTY = re.compile(
    r"(?:i have been told|(?:i|we) (?:have )?(?:found|see|can see)|you (?:will|can) (?:see|find|know)) that (?=\S)",
    re.IGNORECASE,
)
_REGRET = re.compile(
    r"(?:(?:i am|i['\u2019]m|we are|we['\u2019]re) (?:afraid|sorry to (?:say|tell you|inform you))(?: that)?,? "
    r"|(?:i|we) regret (?:to (?:say|tell you|inform you) )?that |(?:unfortunately|sadly|regrettably), )(?=\S)",
    re.IGNORECASE,
)
_REGRET_BEHIND = re.compile(r", (?:i am|i['\u2019]m|we are|we['\u2019]re) afraid(?=[.!]?\Z)", re.IGNORECASE)
_REGRETTED = re.compile(
    r"\b(?:sorry|afraid|regret\w*|unfortunately|sadly|late|later|delay\w*|broke\w*|break\w*|ill|sick|fever|hurt|died?|dead|"
    r"death|lost|los[es]s?|wrong|mistake\w*|missed|miss|damage\w*|problem\w*|error\w*|fault\w*|fail\w*|closed?|closing|too|"
    r"overdue|expensive|rude|dirty|loud|noise|stolen|forg[eo]t\w*|complain\w*|away|down|crash\w*|leak\w*|off|over|left|"
    r"leaves?|leaving|only|more|less|twice|cold|few|cost\w*|charg\w*|bit|rises?|higher|postponed|moved|instead|must|need)\b",
    re.IGNORECASE,
)
_UNHURT = re.compile(
    r"\b(?:nobody|no one|not|nothing|none)\b.{0,200}?\b(?:hurt|injured|lost|damaged|stolen)\b", re.IGNORECASE
)
_PLEASE_AGAIN = re.compile(r"(?<=\S), please(?=[.!?]?\Z)", re.IGNORECASE)


def tidied(sentence: str, told: str) -> str:
    """Return an English sentence without what it has before what it was ``told`` that does not belong there."""
    for pattern in (_NUMBERED, _TIMES):
        sentence = pattern.sub(
            lambda match: match[0] if match[0].casefold() in told.casefold() else _bare(match), sentence
        )
    if re.match(r"(?:(?:could|would|can|will) you )?please\b", sentence, re.IGNORECASE):
        sentence = _PLEASE_AGAIN.sub("", sentence)
    found = _EMPTY.match(sentence)
    if found and not _EMPTY.search(told):
        sentence = _capital(sentence[found.end() :])
    is_sad = bool(_REGRETTED.search(told)) or denies(told) or has_negative_word(told)
    if not is_sad or _UNHURT.search(told):
        found = _REGRET.match(sentence)
        sentence = _capital(sentence[found.end() :]) if found else _REGRET_BEHIND.sub("", sentence)
    return sentence


def _bare(match: re.Match[str]) -> str:
    return _capital(match["what"]) if match[0][0].isupper() else match["what"]


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
