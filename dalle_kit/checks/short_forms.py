"""Short forms of notes, spelled out: "pls send it. i cant come" is "please send it. I can't come".

A small model copies what it is given, and a letter with "pls" and "friday" in it looks careless. Nothing is spelled out
that may mean something else, such as "sat" or "may" without a figure.
"""

from __future__ import annotations

import re

from dalle_kit.checks.misspellings import corrected
from dalle_kit.checks.notes import capitalised
from dalle_kit.checks.verbs import BASES, has_finite_verb
from dalle_kit.checks.word_classes import BE, DETERMINERS, DO, MODALS, SUBJECTS

_WORDS = {
    **{"pls": "please", "plz": "please", "thx": "thanks", "w/o": "without", "w/": "with", "b/c": "because"},
    **{"tmrw": "tomorrow", "whats": "what's", "thats": "that's", "theres": "there's", "heres": "here's"},
    **{"hes": "he's", "shes": "she's"},
}
#: "PLS" is a name. "w/" and what it stands before may touch.
_WORD = re.compile(
    r"(?<![\w./:@&-])(?:([Pp]l[sz]|[Tt]hx|[Tt]mrw|[Ww]hats|[Tt]hats|[Tt]?[Hh]eres|[Ss]?hes)(?![\w./@-]*\w)|"
    r"(w/o|b/c)(?=\s)|(?<!\d )(w/)(?:\s+(?=\w)|(?=[^\W\d_]{2})))"
)
#: "u" and "ur" are words of other languages: they are short forms only where a word is that is surely English.
_YOU = re.compile(
    r"(?<![\w./@'\u2019-])u(?! turn| bend)(r?)"
    r"(?P<are>(?<=r)(?= (?:well|ok|welcome|right|late|not|the|an?)\b))?(?![\w./@-])"
)
_ENGLISH = re.compile(
    r"\b(?:the|our|you|your|with|this|that|please|thanks?|have|can|could|would|should|from|what|when|where|how|they|hope|it|"
    r"if|us|use|show|then)\b|n['\u2019]t\b",
    re.IGNORECASE,
)
#: "r" and "its" are so only beside such words.
_ARE = re.compile(r"(?:(?<=\b(?:you|how) )|(?<=\bwe )|(?<=\bthey )|(?<=[a-z]{2}s ))r(?= (?!and\b|or\b)[a-z]{3})")
_IT_IS = re.compile(r"\b([Ii])ts(?= (?:not|the|a|an|too|been|on|at|in|ok|\d{4,}|[A-Z]\w+['\u2019]s)\b(?!-))")
#: "were training" has nobody who trains; "big thanks 2 Jan" has somebody.
_WE_ARE = re.compile(r"\A([Ww])ere (?=\w+ing\b)(?!.*\?)")
_THANKS_TO = re.compile(r"(?<=hanks )2(?= (?:all|every|[A-Z]))")
#: A sentence's end before one that begins with a small letter. A full stop may be that of a number or of an
#: abbreviation, as it mostly is behind the shortest words.
_NEXT = re.compile(r"(?<![\w.@/\u2026-])([^\W_]+)(\.|[!?]+)(\)? +)([^\W\d_]+)(?![^\s.]*[@/]|\.\w)")
_SHORT_ENDS = frozenset("ok it me us up on do go so to is be am pm".split())
_ABBREVIATED = frozenset(
    "approx incl excl etc max min dept est avg misc ref ext tel resp ave apt inc ltd jan feb mar apr jun jul aug sep "
    "sept oct nov dec mon tue tues wed thu thur thurs fri sat sun hrs mins secs wks yrs lbs vol sec fig nos mrs prof "
    "abt asst blvd bros capt cont elec gen govt hon maint mgr obvs poss qty rev sgt temp univ "
    "evtl ggf bzw inkl zzgl usw vgl sog env aprox bijv enz evt ecc".split()
)
_BEGINS = SUBJECTS | DETERMINERS | MODALS | BE | DO | {"please"}
#: Denials without their apostrophe.
_DENIED = "do ca does did is are was were could would should has have had".split()
_NOT = re.compile(rf"(?<![\w./@-])({'|'.join(_DENIED)})nt(?![\w./@-])", re.IGNORECASE)
#: "he was wont to" is a word of its own.
_WILL_NOT = re.compile(rf"(?<![\w./@-])([Ww])ont(?= (?:be|have|do|{'|'.join(sorted(BASES))})\b)")
#: In other languages "i" means "and", or "the": it is the writer only before verbs that are surely English.
_SURELY = (
    "am|was|have|had|will|would|can|can't|could|should|do|don't|did|didn't|never|think|thought|need|want|know|knew|hope|"
    "like|love|bring|brought|pay|paid|get|got|go|went|see|saw|ask|work|live|leave|left|take|took|bought|sent|\\w+ed"
)
_ASKS = "|".join(rf"(?<=\b{verb} )" for verb in "am do did can could should shall may".split())
_I = re.compile(rf"(?<![\w./@'\u2019-])i(?=['\u2019](?:m|d|ve|ll)\b| (?:{_SURELY})\b)|(?:{_ASKS})i(?![\w./@-])")
_DAYS = "monday tuesday wednesday thursday friday saturday sunday".split()
_MONTHS = "january february april june july september october november december".split()
_SHORT_MONTHS = "jan feb mar apr jun jul aug sept sep oct nov dec march august".split()
_SHORT_DAY = "mon|tue|weds?|thu|fri|sat|sun"
#: What stands before a day, and behind one.
_ON = r"\b(?:on|by|until|till|coming|instead of|next|this|last|from|every|before|after|noon|midday|\d{1,2} ?[ap]m) "
_BY = r"(?:(?<=\bby )|(?<=\btill )|(?<=\buntil )|(?<=\bbefore ))"
_PART = r"(?= ?(?:morning|afternoon|evening|night)\b)"
_DAY = re.compile(
    rf"\b(?P<name>{'|'.join(_DAYS + _MONTHS)})(?=s?\b)"
    rf"|(?:(?<=\d )|(?<=\bin )|{_BY})(?P<month>{'|'.join(_SHORT_MONTHS)}|may(?=[,;:)]|\.?(?:\s+\d{{4}}\b|\s*\Z))|"
    r"(?<=\d )may(?= (?:is|was|at|from|till|until|to|suits|works)\b))\b"
    rf"|\b(?P<range>(?:(?:{_SHORT_DAY})(?:-|/| & | or )|(?:mon|tue|thu|fri) and )(?:{_SHORT_DAY}|tues|thurs?))\b"
    r"|\b(?P<short>tues|thurs?|(?:(?<=next )|(?<=last )|(?<=every )|(?<=\d[ap]m ))(?:sat|sun)|"
    rf"(?:(?<=\bon )|{_BY})sat(?=[,.;:!?)]|\Z| (?:and|at|from)\b)|{_BY}sun(?=[,.;:!?)]|\Z)|"
    rf"(?:{_SHORT_DAY}){_PART})\b"
    rf"|(?P<before>{_ON})(?P<led>mon|tue|weds?|thu|fri)\b"
    rf"|(?P<mark>{_ON}|\A|[,;:(] )(?P<dated>{_SHORT_DAY})(?= \d)"
    rf"|(?<![\w-])(?P<timed>{_SHORT_DAY})"
    rf"(?= \d{{1,2}}(?:[:.]\d\d)?(?:-\d{{1,2}}(?:\W|\Z)(?! *[a-z])| ?[ap]m\b| (?:{'|'.join(_SHORT_MONTHS)})))"
)
_YEAR = re.compile(r"\b(last|this|next|per|every|each) yr\b")
#: "yes hall is free" answers, "yes votes" do not.
_YES = re.compile(r"\A([Yy]es) (?=(?!votes?\b|camp)\w)(?=(.+))")
_QUOTED = re.compile(r'["\u201c\u201d\u00ab]')
#: A link, an address or a name of a file has such marks.
_OWN = re.compile(r"[/@_#=&\\]|\w\.\w")


def spelled_out(note: str) -> str:
    """Return an English note with short forms and mistyped words as they are spelled; days and months get capitals.

    A note that quotes somebody stays as it is.
    """
    if _QUOTED.search(note):
        return note
    words = _WILL_NOT.sub(r"\1on't", _NOT.sub(r"\1n't", _WORD.sub(_word, corrected(note))))
    if _ENGLISH.search(words):
        words = _YOU.sub(lambda found: "you're" if found["are"] is not None else f"you{found[1]}", words)
    words = _THANKS_TO.sub("to", _WE_ARE.sub(r"\1e're ", words))
    words = _YEAR.sub(r"\1 year", _IT_IS.sub(r"\1t's", _ARE.sub("are", words)))
    words = _YES.sub(lambda found: f"{found[1]}, " if has_finite_verb(found[2]) else found[0], words)
    return _DAY.sub(_day, _I.sub("I", _NEXT.sub(_begun, words)))


def _word(match: re.Match[str]) -> str:
    short = match[1] or match[2] or match[3]
    word = _WORDS[short.lower()]
    return (word.capitalize() if short[0].isupper() else word) + (" " if match[3] else "")


def _begun(match: re.Match[str]) -> str:
    """Return the end of a sentence and the first word of the next, with its capital letter."""
    word, end, space, first = match.groups()
    last = re.sub(r"\A\d+(?:st|nd|rd|th)?", "", word.casefold())
    # "12 in. wide", but "are in. please call"
    is_new = first in _BEGINS and last in ("", "in", "by", "at")
    goes_on = last in _ABBREVIATED or (len(last) < 3 and last not in _SHORT_ENDS and not is_new)
    return match[0] if end == "." and goes_on else f"{word}{end}{space}{capitalised(first)}"


def _day(match: re.Match[str]) -> str:
    before = match["before"] or match["mark"] or ""
    if _OWN.search(_token(match.string, match.start() + len(before))):
        return match[0]
    if match["name"] or match["month"]:
        return match[0].capitalize()
    if match["range"]:
        return re.sub("[a-z]+", lambda word: word[0] if word[0] in ("or", "and") else _whole(word[0]), match["range"])
    return before + _whole(match["short"] or match["led"] or match["dated"] or match["timed"])


def _whole(short: str) -> str:
    return next(day for day in _DAYS if day.startswith(short[:3])).capitalize()


def _token(text: str, place: int) -> str:
    """Return what stands between two spaces around a place."""
    return (text[:place].split(" ")[-1] + text[place:]).split()[0]
