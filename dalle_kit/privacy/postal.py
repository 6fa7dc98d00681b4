"""Postal addresses: a street with its number, a box, and the town and postcode that follow."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from dalle_kit.privacy.streets import MORE_STREETS, STREETS

Found = tuple[str, int, int]


def _any(words: str) -> str:
    return "|".join(sorted(words.split(), key=len, reverse=True))


_WORD = r"(?:(?:St|Mt|Ft)\.|[A-Z\u00c0-\u00de][\w'\u2019-]{0,30})"
#: What parts the lines of an address: a comma, or the end of a line, which may be quoted.
_NEXT = r"(?:,?[ \t]{0,3}\n[> \t]{0,6}|,[ \t]{0,2}|[ \t])"
_LINE = r"(?:,?[ \t]{0,3}\n[> \t]{0,6}|,[ \t]{1,2})"
_UNIT = r"(?:Apartment|Apt|Suite|Ste|Unit|Flat|Studio|Floor|Fl|Room|Level|Box|#)\.?[ ]?#?\w{1,6}"
_NUMBER = r"(?<![\w.,/-])(?:No\.? ?)?\d{1,5}[A-Za-z]?(?:[-/]\d{1,4}[A-Za-z]?)?"
_CODE = (
    r"(?:[A-Z]{1,2}\d{1,2}[A-Z]?[ ]?\d[A-Z]{2}|\d{5}(?:-\d{4})?|[A-Z]\d[A-Z][ ]?\d[A-Z]\d"
    r"|[A-Z]{2,3},?[ ]\d{4,5}(?:-\d{4})?)(?![\w-])"
)
_TOWN = rf"{_WORD}(?:[ ](?:(?:and|of|the|upon|on|am|sur|de|la)[ ])?{_WORD}){{0,4}}"
#: One to three lines with a town and the like, and the code that ends them.
_CODED = rf"(?:{_LINE}{_TOWN}){{1,3}}?{_NEXT}(?:[A-Z]{{2,3}},?[ ])?{_CODE}"
_TAIL = rf"(?:{_NEXT}{_UNIT})?(?:{_CODED}|{_LINE}{_TOWN}(?![\w]))?"
_NAMED = rf"(?:[NSEW]\.?[ ])?(?:{_WORD}[ ]){{1,4}}?"
#: Where an address is likely: at the start of something, or after a word that leads to a place.
_AT = r"(?<![\w.] )(?<!\w)|(?<=\bat )|(?<=\bto )|(?<=\bis )|(?<=\bin )|(?<=\bnear )|(?<=\bfrom )|(?<=\bof )"

_PATTERNS = (
    # A street that says that it is one
    rf"(?:{_UNIT}{_NEXT})?{_NUMBER},?[ ]{_NAMED}(?:{_any(STREETS)})\b\.?{_TAIL}",
    # A street that may be something else, where an address is likely
    rf"(?:{_AT}){_NUMBER}[ ]{_NAMED}(?:{_any(MORE_STREETS)})\b{_TAIL}",
    # Any street with a town and a postcode
    rf"(?:{_UNIT}{_NEXT})?{_NUMBER},?[ ]{_TOWN}(?:{_NEXT}{_UNIT})?{_CODED}",
    rf"\b{_UNIT}{_LINE}{_TOWN}{_CODED}",
    # A box, and a military address
    rf"\bP\.?[ ]?O\.?[ ]?Box[ ]\d{{1,7}}\b(?:{_CODED})?",
    rf"\b(?:(?:PSC|CMR|Unit)[ ]\d{{1,5}},?[ ]Box[ ]\d{{1,5}}|USN?S[ ]{_WORD}){_NEXT}[AFD]PO[ ]A[AEP][ ]\d{{5}}\b",
    # German, French, Spanish and Italian streets
    r"\b[A-Z\u00c0-\u00de][\w.-]{1,30}(?:stra\u00dfe|strasse|str\.|weg|platz|allee|gasse|damm|ufer)"
    rf"[ ]\d{{1,4}}[ ]?[a-z]?\b(?:{_LINE}(?:D-)?\d{{5}}[ ]{_TOWN})?",
    rf"{_NUMBER}(?:[ ](?:bis|ter))?,?[ ](?:rue|avenue|boulevard|place|chemin|impasse|quai|all\u00e9e|route)[ ]"
    rf"(?:(?:de|du|des|la|le|les)[ ]|d['\u2019]|l['\u2019]){{0,3}}{_TOWN}(?:{_LINE}\d{{5}}[ ]{_TOWN})?",
    rf"\b(?:Calle|Avenida|Paseo|Plaza|Via|Viale|Piazza|Corso|Rua)[ ](?:(?:de|del|della|di|da|do|la|las|los)[ ]){{0,2}}"
    rf"{_TOWN},?[ ]\d{{1,4}}\b(?:{_LINE}\d{{5}}[ ]{_TOWN})?",
)
#: "5 May Court hearing", "in 2019 Park Lane Group"
_DATE = re.compile(
    r"\d{1,2},? (?:Jan(?:uary)?|Feb(?:ruary)?|March|April|May|June|July|Aug(?:ust)?|Sept?(?:ember)?|Oct(?:ober)?|"
    r"Nov(?:ember)?|Dec(?:ember)?)\b"
)
_YEAR, _YEAR_BEFORE = re.compile(r"(?:19|20)\d\d "), re.compile(r"\b(?:in|since|by|during|until|of) \Z", re.IGNORECASE)
#: A code alone is one only where it is said to be.
_CODE_ALONE = re.compile(rf"\b(?:post ?code|postal code|zip(?: code)?)(?: is|:)?[ ](?P<code>{_CODE})", re.IGNORECASE)


@lru_cache(maxsize=1)
def _compiled() -> tuple[re.Pattern[str], ...]:
    """Return the patterns; compiling them takes a while."""
    return tuple(re.compile(pattern) for pattern in _PATTERNS)


def find_places(text: str) -> Iterator[Found]:
    """Yield the postal addresses."""
    for pattern in _compiled():
        for match in pattern.finditer(text):
            before = text[max(0, match.start() - 8) : match.start()]
            if _DATE.match(match.group()) or (_YEAR.match(match.group()) and _YEAR_BEFORE.search(before)):
                continue
            yield "postal address", match.start(), match.start() + len(match.group().rstrip(" ,"))
    for match in _CODE_ALONE.finditer(text):
        yield "postal address", *match.span("code")
