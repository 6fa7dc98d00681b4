"""How a message begins and ends: its greeting and its sign-off as forms, with ``{name}`` where a name stands."""

from __future__ import annotations

import re
from typing import NamedTuple

#: The words that greet, by the languages they are of.
_GREETS = {
    "en": r"dear|hi|hello|hey|hiya|howdy|greetings|good (?:morning|afternoon|evening|day)"
    r"|(?:morning|afternoon|evening)(?! ?:)",
    "de nl": r"hallo",
    "de": r"moin|liebe[rs]?|guten (?:tag|morgen|abend)|sehr geehrte[rs]?",
    "fr": r"bonjour|salut|cher|chère",
    "es": r"hola|buenos días|estimad[oa]s?",
    "it": r"ciao|gentile",
    "it pt": r"caro|cara",
    "pt": r"olá|prezad[oa]s?",
    "nl": r"beste|geachte",
    "sv da": r"hej",
    "da": r"kære",
}
#: Whom a greeting may name without naming anybody.
_ANYBODY = (
    r"all|everyone|everybody|there|team|folks|guys|both|sir|madam|sirs|sir or madam|list|friends|colleagues|again"
    r"|zusammen|alle|tous|à tous|todos|a todos|tutti|a tutti|allemaal|allen"
)
_TITLE = r"(?:mr|mrs|ms|dr|prof|herr|frau|monsieur|madame|señora?)\.?"
_WORD = r"[A-ZÀ-ÖØ-Þ][\w.'\u2019-]*"
_NAMES = rf"(?:{_TITLE} )?{_WORD}(?: {_WORD}){{0,2}}(?:(?:,| and| &| und| et| y) {_WORD}){{0,3}}"
_GREETING = re.compile(
    rf"(?P<word>(?i:{'|'.join(_GREETS.values())}))(?: (?:(?P<anybody>(?i:{_ANYBODY}))|(?P<names>{_NAMES})))?"
    r"(?P<end> ?(?:[,!.:;]+|[-\u2013\u2014]+))?(?=\s|\Z)"
)
_BARE_NAME = re.compile(rf"(?P<names>{_WORD}(?: {_WORD})?)(?P<end>,|:| ?[-\u2013\u2014]+)\Z")
#: What stands where a name could, with a capital, and is none: the beginning of an answer, a heading.
_NO_NAMES = frozenset(
    "yes yep yeah yup no nope ok okay sorry well sure thanks thank thx great agreed right hmm hm ah oh wow cool nice"
    " perfect good fine absolutely certainly definitely exactly indeed correct true apologies congratulations congrats"
    " welcome please actually anyway also however so and but now then today tomorrow yesterday first second finally"
    " next hence therefore meanwhile unfortunately maybe perhaps again"
    " world everything note notes summary update question questions answer answers reminder attention subject re fwd"
    " fyi ps agenda minutes example warning important urgent todo background details here this that these those"
    " ja nein doch danke gut genau klar entschuldigung verzeihung leider also achtung hinweis frage welt"
    " oui non merci désolé désolée pardon voilà bien alors note monde sí si gracias perdón vale bueno claro mundo"
    " sì grazie scusa scusate bene allora mondo sim não obrigado obrigada desculpe desculpa bom então nee bedankt"
    " goed oké helaas nej tack tak takk beklager förlåt bra okej".split()
)

#: The words that take leave, by the languages they are of.
_SIGNS_OFF = {
    "en": r"(?:with )?(?:(?:my|very|kind|kindest|best|warm|warmest|many) )*(?:regards|wishes)|best|all the best"
    r"|(?:many )?thanks(?: again| in advance| so much| a lot| a million| for your help)*|(?:many )?thanx|thx|ta"
    r"|thank you(?: again| in advance| so much| very much)*|cheers|sincerely(?: yours)?"
    r"|yours(?: truly| sincerely| faithfully)?"
    r"|take care|warmly|love|(?:talk|speak) (?:to you )?soon"
    r"|see you(?: soon| there)?|cordially|respectfully|later",
    "en de it": r"ciao",
    "de": r"mit (?:freundlichen|besten) grüßen|(?:viele|liebe|beste|schöne|herzliche) grüße|gruß|lg|mfg|vg",
    "fr": r"(?:bien )?cordialement|amicalement",
    "es": r"(?:un )?saludos?(?: cordial(?:es)?)?|atentamente",
    "it": r"(?:cordiali )?saluti",
    "nl": r"(?:met )?vriendelijke groet(?:en)?|groet(?:en|jes)?",
    "pt": r"atenciosamente|abraços?",
    "sv": r"(?:med )?vänliga? hälsning(?:ar)?",
    "da": r"(?:med )?venlig hilsen|hilsen",
    "sv da": r"mvh",
}
_LEAVES = "|".join(_SIGNS_OFF.values())
_LEAVE = re.compile(rf"(?i:{_LEAVES})(?!\w)")
_SIGN_OFF = re.compile(
    rf"(?P<phrase>(?i:{_LEAVES}))(?P<end> ?(?:[,.!:]+|[-\u2013\u2014]+))?"
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
    if match:
        if not (match["end"] or match.end() == len(line)) or (match["names"] and not _may_name(match, line)):
            return None
        whom = " {name}" if match["names"] else f" {match['anybody']}" if match["anybody"] else ""
        return Form(f"{match['word']}{whom}{match['end'] or ''}", start, start + match.end())
    match = _BARE_NAME.match(line)
    if text[start + len(line) :].lstrip(" ").removeprefix("\n")[:1].islower():
        return None  # the beginning of a sentence that goes on
    if match is None or not _may_name(match, line) or _LEAVE.match(line):
        return None
    if " " in match["names"] and match["end"] == ",":
        return None  # the first word may be a greeting that is not known: "Hullo Ana,"
    return Form(f"{{name}}{match['end']}", start, start + match.end())


def languages_of(form: str) -> frozenset[str]:
    """Return the languages that a greeting or sign-off is in, as codes; none where it has no word of its own."""
    return frozenset(
        code
        for words in (_GREETS, _SIGNS_OFF)
        for codes, pattern in words.items()
        if re.match(rf"(?i:{pattern})(?!\w)", form)
        for code in codes.split()
    )


def _may_name(match: re.Match[str], line: str) -> bool:
    """Say whether what stands where a name does may be one; before a colon that text follows, it is a heading."""
    words = [word.casefold().rstrip(".") for word in match["names"].split()]
    is_heading = ":" in (match["end"] or "") and match.end() < len(line)
    return not is_heading and words[0] not in _NO_NAMES


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
