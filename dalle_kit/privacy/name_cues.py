"""The shape of a person's name, and what stands around one."""

from __future__ import annotations

import re
from functools import lru_cache

UPPER = "A-Z\u00c0-\u00d6\u00d8-\u00de\u0100-\u017f"
#: "Anna", "McPake", "O'Brien", "Anne-Marie"; not "NATO".
NAME = rf"[{UPPER}](?:[^\W\d_A-Z][^\W\d_]{{0,30}}|['\u2019][{UPPER}][^\W\d_]{{2,30}})(?:[-'\u2019][^\W\d_]{{2,30}})?"
#: What may stand before a family name: an initial, "van der".
BEFORE_FAMILY = rf"[ ](?:[{UPPER}]\.?[ ])?(?:(?:van|von|de|der|den|da|di|dos|la|le|el|al|bin|ter|ten)[ ]){{0,2}}"
FULL = rf"{NAME}(?:{BEFORE_FAMILY}{NAME}){{0,3}}"
TWO = rf"{NAME}(?:{BEFORE_FAMILY}{NAME}){{1,3}}"
TITLE = r"(?i:\b(?:Mrs?|Ms|Mx|Miss|Dr|Prof|Professor|Sir|Dame|Rev|Herr|Frau|Madame|Monsieur|Se\u00f1ora?)\b)"
_LINE = r"^[> \t]{0,8}"
#: The group ``name`` of each is somebody's.
_CUES = (
    rf"(?P<name>{TITLE}\.?[ ]{{1,2}}{FULL})",
    rf"{_LINE}(?:Dear|Hi|Hello|Hey|Good (?:morning|afternoon|evening))[ ,]{{1,2}}(?P<name>{FULL})"
    r"(?=[ \t]*(?:[,!:.\n]|\Z))",
    rf"\b(?i:name)(?: appears)?(?:[ ]is|[ ]to|:|[ ]=|[ ]was)?[ ]{{1,4}}(?P<name>{FULL})",
    rf"\b(?i:call(?:s|ed)?|named?)[ ](?:me|him|her|them)[ ](?P<name>{FULL})",
    rf"\b(?:called|named|n\u00e9e|nicknamed|alias|Attn:?|attention:)[ ](?P<name>{FULL})",
    rf"\b(?:I am|I'm|I\u2019m|[Tt]his is|[Yy]ours,)[ ]"
    rf"(?P<name>{TWO}|{NAME}(?=[.,!]|['\u2019]s| speaking| calling| from))",
    rf"(?:{_LINE}|[.?!] )(?:Name|Full name|From|To|Cc|Contact|Customer|Client|Patient|User|Author|Sender|Recipient)"
    rf":[ \t]{{0,8}}(?P<name>{TWO})[ \t]*(?:$|[,;<(])",
    r"\b(?i:directed|written|signed|translated|produced|sent|prepared|approved|reported) [Bb]y:?[ ]{1,8}"
    rf"(?P<name>{TWO})",
    r"\b(?:friend|kid|wife|husband|brother|sister|son|daughter|colleague|manager|boss|partner|cousin|aunt|uncle|"
    rf"mother|father|neighbou?r|nephew|niece|fianc\u00e9e?|roommate|assistant),?[ ](?P<name>{FULL})",
    rf"(?P<name>{FULL})[ ](?:lives|lived|shouted|smiled|laughed|thinks|married|was born|passed away|whispered)\b",
    r"^(?:(?:Best|Kind|Kindest|Warm|Many|With|Yours) )*(?:[Rr]egards|[Ww]ishes|[Tt]hanks|[Ss]incerely|"
    rf"[Ff]aithfully|[Tt]ruly|Cheers|Best|Love|Yours),?[ \t]*\n{{1,3}}(?P<name>{FULL})[ \t]*$",
    r"\b(?:said|says|asked|told|wrote|replied|added|explained|shouted)[ ](?:to[ ])?"
    rf"(?P<name>{FULL})(?=[ ]to[ ][{UPPER}]|[,.!?])",
)


@lru_cache(maxsize=1)
def cues() -> tuple[re.Pattern[str], ...]:
    """Return the patterns whose group ``name`` is somebody's; compiling them takes a while."""
    return tuple(re.compile(pattern, re.MULTILINE) for pattern in _CUES)
