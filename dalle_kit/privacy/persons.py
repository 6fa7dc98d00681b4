"""Persons by what stands around their names, and by common first names: for where no model is that knows names."""

from __future__ import annotations

import re
from collections.abc import Iterator

from dalle_kit.checks.words import is_ordinary, is_stop_word
from dalle_kit.privacy.first_names import is_first_name, is_word_too
from dalle_kit.privacy.kinds import is_title
from dalle_kit.privacy.name_cues import BEFORE_FAMILY, NAME, cues
from dalle_kit.privacy.streets import STREET_WORDS

Found = tuple[str, int, int]

#: Whom a greeting or a field may name that is nobody.
_NOBODY = frozenset(
    "sir madam sirs all everyone everybody team colleague colleagues customer customers friend friends members member "
    "parents there hiring support reader readers neighbour neighbours neighbor neighbors students guests folks user "
    "monday tuesday wednesday thursday friday saturday sunday january february march april june july august september "
    "october november december dear regards thanks best kind emeritus".split()
)
#: These end the name of something else that begins with a first name.
_NO_FAMILY = frozenset(
    "street road avenue lane drive park square university college school hospital church bank group orchestra inc ltd "
    "llc plc corp company airport station county city island lake river award prize cup day house hall center centre "
    "international news times museum institute foundation trust hotel club stadium bridge beach valley hills".split()
)
#: Places with a first name: alone they are taken for the place.
_PLACES = frozenset(
    "adelaide africa alba alberta angola asia austin brittany carolina charlotte chelsea dakota devon florence france "
    "francia georgia holland ida india ireland israel jordan kent lima logan lorraine madison malta milan paris petra "
    "roman salvador santiago savannah sierra sydney valencia verona victoria vienna virginia washington wayne wesley "
    "data dev kit tal uri xin".split()
)
_CAPITALISED = re.compile(rf"(?<![\w@.#/&-]){NAME}(?![\w@/])")
_FAMILY = re.compile(rf"{BEFORE_FAMILY}{NAME}(?:[ -]{NAME})?(?![\w@/])")
_FIRM = re.compile(r"[ ](?:and|&)[ ](?:Sons?|Daughters|Co|Company|Partners|Associates)\b")
_PLACE_BEFORE = re.compile(
    r"\b(?:New|Port|Lake|West|East|North|South|Fort|Mount|Saint|St\.?|San|Santa|Los|Las|El)[ ]\Z"
)
_SENTENCE_START = re.compile(r"(?:\A|[.!?:\n][\"')\u201d\u2019]?\s{0,3}|[\"(\u201c\u2018*\u2022-]\s?)\Z")


def find_persons(text: str) -> Iterator[Found]:
    """Yield the persons that a title, a greeting, a sign-off, a field or a common first name gives away."""
    for pattern in cues():
        for match in pattern.finditer(text):
            words = match["name"].split()
            first = next((word for word in words if not is_title(word)), "")
            if first and first.casefold() not in _NOBODY and not (is_stop_word(first) or _is_word(words)):
                yield "person", *match.span("name")
    for match in _CAPITALISED.finditer(text):
        if is_first_name(match.group()) and not _PLACE_BEFORE.search(text[max(0, match.start() - 7) : match.start()]):
            end = _end_of_name(text, match)
            if end:
                yield "person", match.start(), end


def names_a_thing(families: list[str]) -> bool:
    """Say whether what follows a first name makes it the name of a street, a firm or the like."""
    return families[-1].casefold() in _NO_FAMILY or any(word in STREET_WORDS for word in families)


def _is_word(words: list[str]) -> bool:
    """Say whether what a cue leads to is a word with a capital letter, or several: "the so-called Islamic State"."""
    return not is_title(words[0]) and not is_first_name(words[0]) and all(map(is_ordinary, words))


def _end_of_name(text: str, match: re.Match[str]) -> int:
    """Return where the name ends that begins with a first name; 0 where that is a word or a place like any other."""
    first = match.group()
    if _FIRM.match(text, match.end()):
        return 0
    family = _FAMILY.match(text, match.end())
    if family:
        last = family.group().split()[-1]
        if names_a_thing(family.group().split()):
            return 0
        starts = _SENTENCE_START.search(text[max(0, match.start() - 5) : match.start()])
        known = not is_ordinary(last) or is_first_name(last) or not (starts and is_word_too(first))
        if known and last.casefold() not in _NOBODY and not is_stop_word(last):
            return family.end()
    return 0 if first.casefold() in _PLACES or is_word_too(first) else match.end()
