"""A note in its own words: whether a sentence has others, and the sentences that have none.

A small model makes up verbs and takes words from elsewhere to make a sentence of a short note: "The thieves are worth
18,000 euros." A half of the sentences that add a word of meaning are wrong; held to the note's own words in any form
and to words that mean little, the model often finds one that is right: "It is worth 18,000 euros."
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

from dalle_kit.checks.verbs import BASES
from dalle_kit.checks.word_classes import TIMES, TWELVE
from dalle_kit.checks.words import FIGURE, WORD, content_words, is_ordinary, plain, stem, weight

#: Words that any note may be told with; "by", "from" and "until" say something of their own.
_LITTLE = frozenset(
    "a an the there it they them am is are was were be been being has have had do does did will of in on at to for "
    "and".split()
)
#: Words by which one is polite, sorry, or says what one wants; and what is left of "can't" and "won't".
_IDLE = frozenset(
    "could would able please kindly grateful afraid unfortunately let know tell sorry happy glad wish thank thanks "
    "apologise apologize book order ca wo sha".split()
)
#: Words for figures and their units, which say nothing new where the note has figures.
_FIGURES = frozenset(TWELVE) | frozenset(
    "twenty thirty forty fifty hundred thousand percent euro euros pound pounds dollar dollars hour hours minute "
    "minutes".split()
)
_FRAMES = re.compile(r"(?:\bwould|['\u2019]d) like\b|\bgoing to\b|\bplease note that\b", re.IGNORECASE)
#: A note with more words than this is a text of its own.
_LONGEST = 16
#: So many words more than its note a sentence may have.
_MORE = 5
_BEFORE, _BEHIND = ",;:!?(", ".,;:!?()\u2013-"
#: The most parts between commas; more are a list.
_PARTS = 3
#: A further part of so few words with a figure leaves out what it is of ("adults 6 euros, children 3"): nothing may be
#: added.
_FEW = 2
#: Words that a note may begin with to say when or where, or how it is meant.
_FRONT = frozenset(
    "on in at from by for after before until till since during if when unless as yes no not sorry unfortunately thanks "
    "please ok".split()
)
_NUMBERS = {word: str(number) for number, word in enumerate(TWELVE, start=1)}
_TOLD = re.compile(rf"{FIGURE.pattern}|{WORD.pattern}")
#: What is several sentences, is quoted, or is more than words.
_ODD = re.compile(r"[.!?,;:]\s|\s[\u2013-]\s|[\n\"\u201c\u201d\[\]{}<>*|]|\w/\w")
_DOUBLED = re.compile(r"[^aeiou]*[aeiou][bdgklmnprt]\Z")


def adds_words(sentence: str, *told: str) -> bool:
    """Say whether an English sentence has words that mean something, beyond politeness, and are in no text told."""
    known = {stem(word) for text in told for word in WORD.findall(text)}
    idle = _IDLE | _FIGURES if any(re.search(r"\d", text) for text in told) else _IDLE
    words = content_words(_FRAMES.sub(" ", sentence))
    return any(word not in idle and stem(word) not in known for word in words)


def keeps_words(sentence: str, note: str) -> bool:
    """Say whether a sentence has all words of a note, in any form, but those that mean little: "by" and "off", too.

    Where the note has parts, none may come more often: it would be told of both.
    """
    said, told = _counted(sentence), _counted(note)
    several = len(parts_of(note)) > 1
    return all(said[word] >= 1 and not (several and said[word] > count) for word, count in told.items())


def parts_of(note: str) -> list[str]:
    """Return the parts of a note, as commas divide it; those in dates and behind towns do not."""
    parts = [""]
    for piece in note.split(", "):
        before, after = parts[-1].split(), piece.split()
        is_date = bool(before and after) and before[-1].casefold().endswith("day") and after[0][0].isdigit()
        is_place = len(before) > 1 and bool(after) and before[-1][0].isupper() and after[0][0].isupper()
        parts = [*parts[:-1], f"{parts[-1]}, {piece}"] if is_date or is_place else [*parts, piece]
    return parts[1:]


def mixes_parts(sentence: str, note: str) -> bool:
    """Say whether a sentence leaves out a word that says much of a note with parts, or does not keep their order.

    What is in several parts may be anywhere, and when or where it is, if the note begins with that.
    """
    parts = parts_of(note)
    if len(parts) == 1:
        return False
    said = _told(sentence)
    if {stem(word) for word in WORD.findall(note) if _says_much(word)} - set(said):
        return True
    first = set(map(plain, WORD.findall(note)[:1]))
    return not first & (_FRONT | TIMES) and not _are_ordered(said, list(map(_told, parts)))


def keeps_parts(sentence: str, note: str) -> bool:
    """Say whether a sentence has all words of a note, and those behind a comma behind those before it."""
    return keeps_words(sentence, note) and _are_ordered(_told(sentence), list(map(_told, parts_of(note))))


def _are_ordered(said: Sequence[str], parts: Sequence[Sequence[str]]) -> bool:
    places = [[number for number, part in enumerate(parts) if word in part] for word in said]
    order = [each[0] for each in places if len(each) == 1]
    return order == sorted(order)


def _told(text: str) -> list[str]:
    """Return the figures and the words of a text, in any form, but those that mean little."""
    words = _meant(_TOLD, text)
    return [_NUMBERS.get(plain(word)) or (word if word[0].isdigit() else stem(word)) for word in words]


def _says_much(word: str) -> bool:
    return weight(word) == 1.0 and not {plain(word)} & (_LITTLE | _IDLE | _NUMBERS.keys())


def _counted(text: str) -> Counter[str]:
    return Counter(map(stem, _meant(WORD, text)))


def _meant(pattern: re.Pattern[str], text: str) -> list[str]:
    """Return what a pattern finds in a text, but for words that mean little."""
    return [word for word in pattern.findall(text) if plain(word) not in _LITTLE and plain(word) not in _IDLE]


def in_own_words(note: str, *, besides: str = "", begins: str = "") -> str | None:
    """Return the regular expression of English sentences that have a note's words, in any form, and no other.

    They come in any order, but those behind a comma after those before it: what is of one part may not be told of
    another. The words of ``besides`` may stand anywhere; ``begins`` is the word that they begin with if certain.
    None for a note that is no note: a long one, several sentences, lines, quotations, lists.
    """
    parts = [[word for word in map(_bare, part.split()) if word] for part in parts_of(note)]
    words = [word for part in parts for word in part]
    if not all(parts) or len(words) > _LONGEST or len(parts) > _PARTS or _ODD.search(note.replace(", ", " ")):
        return None
    end = r"\?" if note.rstrip().endswith("?") else r"\."
    if any(len(part) <= _FEW and any(map(FIGURE.search, part)) for part in parts[1:]):
        pieces = [[_first(words[0]), *parts[0][1:]], *parts[1:]]
        return f"{', '.join(' '.join(map(re.escape, part)) for part in pieces)}{end}"
    told = {word.casefold() for word in words}
    further = [word for word in map(_bare, besides.split()) if word and word.casefold() not in told]
    anywhere = _said(further, begun=len(further)) | _LITTLE
    if words[0].casefold() in BASES or "please" in told:
        anywhere.add("please")
    allowed = [anywhere | _said(parts[0], begun=is_ordinary(words[0])), *(anywhere | _said(part) for part in parts[1:])]
    begin = allowed[0] - {"of"}  # "Of the 62%", as it were a share of what is told before
    first = set(map(_first, begin))
    more = [f"(?:,? {_any(each)})" for each in allowed]
    least = 1 if len(parts) == 1 else 0
    body = f"{more[0]}{{{least},{len(parts[0]) + _MORE}}}"
    for part, each in zip(parts[1:], more[1:], strict=True):
        body += f"(?:,|,? and|,? but){each}{{1,{len(part) + _MORE}}}"
    return f"{_any({begins} if begins else first)}{body}{end}"


def _said(words: Sequence[str], *, begun: int = 0) -> set[str]:
    """Return words in any form, names and figures as they are; the first ``begun`` have a capital of their place."""
    said = set[str]()
    for place, word in enumerate(words):
        ordinary = word.isalpha() and (word.islower() or (word[1:].islower() and place < begun))
        said |= _forms(word.lower()) if ordinary else {word}
    return said


def _first(word: str) -> str:
    """Return a word as a sentence begins with it; one with capitals behind its first letter stays as it is."""
    return f"{word[:1].upper()}{word[1:]}" if word[1:] == word[1:].lower() else word


def _bare(word: str) -> str:
    """Return a word without punctuation; a sign before a figure stays."""
    return word.lstrip(_BEFORE).rstrip(_BEHIND)


def _any(words: set[str]) -> str:
    return f"(?:{'|'.join(map(re.escape, sorted(words)))})"


@lru_cache(maxsize=4096)
def _forms(word: str) -> frozenset[str]:
    """Return a word in small letters and its regular forms, as far as there are such words."""
    from simplemma import is_known, lemmatize

    base = lemmatize(word, lang="en").casefold()
    if len(word) < 3 or not base.isalpha():
        return frozenset({word})
    if base.endswith("e"):
        made = {f"{base}s", f"{base}d", f"{base}ing", f"{base[:-1]}ing"}
    elif base.endswith("y") and base[-2:-1] not in "aeiou":
        made = {f"{base[:-1]}ies", f"{base[:-1]}ied", f"{base}ing"}
    else:
        double = base + base[-1] if _DOUBLED.match(base) else base
        several = "es" if base.endswith(("s", "x", "z", "o", "sh", "ch")) else "s"
        made = {f"{base}{several}", f"{double}ed", f"{double}ing"}
    return frozenset({word, base, *(form for form in made if is_known(form, lang="en"))})
