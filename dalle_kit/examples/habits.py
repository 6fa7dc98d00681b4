"""How a message begins and ends: its greeting and its sign-off as forms, with ``{name}`` where a name stands."""

from __future__ import annotations

import re
from typing import NamedTuple

_GREETS = (
    r"dear|hi|hello|hey|hiya|howdy|greetings|good (?:morning|afternoon|evening|day)"
    r"|hallo|moin|liebe[rs]?|guten (?:tag|morgen|abend)|sehr geehrte[rs]?|bonjour|salut|cher|chère|hola|buenos días"
    r"|estimad[oa]s?|ciao|gentile|caro|cara|olá|prezad[oa]s?|beste|geachte|hej|kære"
)
#: Whom a greeting may name without naming anybody.
_ANYBODY = (
    r"all|everyone|everybody|there|team|folks|guys|both|sir|madam|sirs|sir or madam|list|friends|colleagues|again"
    r"|zusammen|alle|tous|à tous|todos|a todos|tutti|a tutti|allemaal|allen"
)
_TITLE = r"(?:mr|mrs|ms|dr|prof|herr|frau|monsieur|madame|señora?)\.?"
_WORD = r"[A-ZÀ-ÖØ-Þ][\w.'\u2019-]*"
_NAMES = rf"(?:{_TITLE} )?{_WORD}(?: {_WORD}){{0,2}}(?:(?:,| and| &| und| et| y) {_WORD}){{0,3}}"
_GREETING = re.compile(
    rf"(?P<word>(?i:{_GREETS}))(?: (?:(?P<anybody>(?i:{_ANYBODY}))|(?P<names>{_NAMES})))?"
    r"(?P<end> ?(?:[,!.:;]+|[-\u2013\u2014]+))?(?=\s|\Z)"
)
_BARE_NAME = re.compile(rf"(?:{_WORD})(?: {_WORD})?(?P<end>,|:| ?[-\u2013\u2014]+)\Z")

_SIGNS_OFF = (
    r"(?:with )?(?:(?:my|very|kind|kindest|best|warm|warmest|many) )*(?:regards|wishes)|best|all the best"
    r"|(?:many )?thanks(?: again| in advance| so much| a lot| a million| for your help)*|(?:many )?thanx|thx|ta"
    r"|thank you(?: again| in advance| so much| very much)*|cheers|sincerely(?: yours)?"
    r"|yours(?: truly| sincerely| faithfully)?"
    r"|take care|warmly|love|(?:talk|speak) (?:to you )?soon"
    r"|see you(?: soon| there)?|cordially|respectfully|later|ciao"
    r"|mit (?:freundlichen|besten) grüßen|(?:viele|liebe|beste|schöne|herzliche) grüße|gruß|lg|mfg|vg"
    r"|(?:bien )?cordialement|amicalement|(?:un )?saludos?(?: cordial(?:es)?)?|atentamente|(?:cordiali )?saluti"
    r"|(?:met )?vriendelijke groet(?:en)?|groet(?:en|jes)?|atenciosamente|abraços?|(?:med )?vänliga? hälsning(?:ar)?"
    r"|(?:med )?venlig hilsen|hilsen|mvh"
)
_SIGN_OFF = re.compile(
    rf"(?P<phrase>(?i:{_SIGNS_OFF}))(?P<end> ?(?:[,.!:]+|[-\u2013\u2014]+))?"
    rf"(?P<name> {_WORD}(?: {_WORD}){{0,2}}\.?)?\s*\Z"
)
#: After a sign-off there is a name, perhaps a second line; more is text.
_LINES_AFTER = 2


class Form(NamedTuple):
    """A greeting or sign-off: as it is written, with ``{name}`` for a name, and the part of the text it takes."""

    text: str
    start: int
    end: int


def greeting_form(text: str) -> Form | None:
    """Return the greeting a message begins with, None without one."""
    start = len(text) - len(text.lstrip())
    line = text[start:].split("\n", 1)[0].rstrip()
    match = _GREETING.match(line)
    if match and (match["end"] or match.end() == len(line)):
        whom = " {name}" if match["names"] else f" {match['anybody']}" if match["anybody"] else ""
        return Form(f"{match['word']}{whom}{match['end'] or ''}", start, start + match.end())
    match = _BARE_NAME.match(line)
    if text[start + len(line) :].lstrip(" ").removeprefix("\n")[:1].islower():
        return None  # the beginning of a sentence that goes on
    return Form(f"{{name}}{match['end']}", start, start + match.end()) if match else None


def sign_off_form(text: str) -> Form | None:
    """Return the sign-off a message ends with, without the name below it; None without one."""
    lines = text.rstrip().split("\n")
    end, after = len(text.rstrip()), 0
    for place in range(len(lines) - 1, 0, -1):
        line = lines[place].strip()
        if line:
            match = _SIGN_OFF.match(line)
            if match:
                start = sum(len(each) + 1 for each in lines[:place])
                return Form(f"{match['phrase']}{match['end'] or ''}", start, end)
            after += 1
            if after > _LINES_AFTER or len(line.split()) > 6:
                return None
    return None
