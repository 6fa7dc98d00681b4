"""Who is named in texts, and the parts of a name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from dalle_kit.checks.words import is_ordinary, is_stop_word
from dalle_kit.privacy.first_names import is_first_name

if TYPE_CHECKING:
    from dalle_kit.privacy import PersonalFinder

#: Words before and after a name that are no part of it.
_TITLES = frozenset(
    "mr mrs ms mx miss dr prof professor sir dame lord lady rev fr sr jr judge captain herr frau madame monsieur mme "
    "mlle sra srta dott ing dhr mevr phd md mba esq ii iii iv".split()
)
#: Small words within a family name.
PARTICLES = frozenset(
    "de del della der den di da das do dos du la le les los el al bin ibn bint van von vom zu zur ten ter y e".split()
)
#: What has such a word in its name is a place or an organisation.
_NO_PERSON = re.compile(
    r"\b(?:road|street|avenue|lane|square|bridge|station|airport|hotel|hospital|university|college|school|institute|"
    r"museum|library|theatre|theater|church|park|river|lake|mount|island|county|city|council|centre|center|hall|house|"
    r"team|support|sales|office|department|service|services|group|desk|hr|committee|board|staff|club|company|bank|"
    r"ministry|agency|association|foundation|party|court|press|news|times|post|gmbh|ltd|inc|llc|plc|ag|corp|co|"
    r"conference|award|prize|university|north|south|east|west|new|saint|san|los|las)\b\.?",
    re.IGNORECASE,
)
_WORD = r"[^\W\d_]+(?:['\u2019-][^\W\d_]+)*"
#: Two or more words in a row that begin with a capital, small words of a name between them.
_ROW = re.compile(
    rf"(?<![\w@.'\u2019-])(?=[^\W\d_a-z]){_WORD}"
    rf"(?: (?:[^\W\d_]\. |(?:{'|'.join(sorted(PARTICLES))}) ){{0,3}}(?=[^\W\d_a-z]){_WORD})+(?![\w@])"
)
_NAMED_ADDRESS = re.compile(r"(?<![\w.+-])([^\W\d_]{2,}[._][^\W\d_]{2,})@")
_POSSESSIVE = re.compile(r"['\u2019][sS]\Z")
_ASIDE = re.compile(r"\s*\([^()]*\)|[\"\u201c\u201d]")


def named_people(texts: Iterable[str], finder: PersonalFinder) -> Iterator[str]:
    """Yield the names of people in texts: those that ``finder`` knows, or an address tells, and rows of words.

    Such a row has two words or more with a capital, one of which is a first name or no other word; a place's or an
    organisation's that says so is left out.
    """
    for text in texts:
        for each in finder.find(text):
            if each.kind == "person":
                yield _without_verb(text, each.text, each.start, each.end)
        for match in _NAMED_ADDRESS.finditer(text):
            words = re.split(r"[._]", match.group(1))
            if not all(map(_is_word, words)):
                yield " ".join(words).title()
        for match in _ROW.finditer(text):
            words = _without_verb(text, match.group(), *match.span()).split(" ")
            if _is_word(words[0]) and _begins(text, match.start()):
                words = words[1:]
            name = " ".join(words)
            capitals = [word for word in words if word[0].isupper() and not word.isupper()]
            if len(capitals) > 1 and not _NO_PERSON.search(name) and not all(map(_is_word, capitals)):
                yield name


def _without_verb(text: str, name: str, start: int, end: int) -> str:
    """Return a name without the first word of a question: "Will Mark come?" is about Mark."""
    first, _, rest = name.partition(" ")
    if not rest or not is_stop_word(first) or not _begins(text, start):
        return name
    ends = re.search(r"[.!?\n]", text[end : end + 300])
    return rest if ends and ends[0] == "?" else name


def _begins(text: str, place: int) -> bool:
    """Say whether a sentence, a line or a quotation begins at a place."""
    near = text[max(0, place - 16) : place]
    before = near.rstrip()
    return not before or before[-1] in '.!?:"\u201c(>*-' or "\n" in near[len(before) :]


def _is_word(word: str) -> bool:
    """Say whether a word with a capital is rather another word than a name."""
    return is_ordinary(word) and not is_first_name(word)


def name_parts(name: str) -> list[str]:
    """Return the parts of a name that stand for the person, first names first: no titles, initials and nicknames.

    A particle belongs to the family name behind it: "Anneke de Vries" is "Anneke" and "de Vries".
    """
    name = " ".join(_ASIDE.sub("", name).split())
    last, comma, first = name.partition(",")
    if comma and first.strip().rstrip(".").casefold() not in _TITLES and "," not in first:
        name = f"{first.strip()} {last.strip()}"
    words = [_POSSESSIVE.sub("", word.strip(".;:!?'\u2019")) for word in name.replace(",", " ").split()]
    words = [word for word in words if word]
    typed_small = all(word[0].islower() for word in words)
    parts: list[str] = []
    particles: list[str] = []
    for word in words:
        if word.casefold() in PARTICLES and parts:
            particles.append(word)
        elif _stands_for_someone(word, typed_small=typed_small):
            parts.append(" ".join([*particles, word]))
            particles = []
    return parts + [word for word in particles if word[0].isupper()]


def _stands_for_someone(word: str, *, typed_small: bool) -> bool:
    """Say whether a word of a name is the person's, and no title, initial, number or word beside the name."""
    begins = word[0].isalpha() and (typed_small or not word[0].islower())
    return begins and word.casefold() not in _TITLES and (len(word) > 1 or not word.isascii())
