"""The house style: plain words, no shouting."""

import re

PLAIN_WORDS = {
    "utilize": "use",
    "utilizes": "uses",
    "utilized": "used",
    "in order to": "to",
    "prior to": "before",
    "a number of": "several",
}

_QUOTED = re.compile(r'("[^"\n]*"|\u201c[^\u201d\n]*\u201d|`[^`\n]*`)')
_WORDS = re.compile(rf"\b({'|'.join(PLAIN_WORDS)})\b", re.IGNORECASE)
_SHOUT = re.compile(r"([?!]*)!([?!]*)(?=\s|\Z|[)\]])")


def in_house_style(text: str) -> str:
    """Return a text in the house style; what stands in quotation marks stays as it is."""
    parts = _QUOTED.split(text)
    return "".join(part if number % 2 else _plain(part) for number, part in enumerate(parts))


def _plain(text: str) -> str:
    text = _WORDS.sub(lambda found: _same_case(found[0], PLAIN_WORDS[found[0].lower()]), text)
    return _SHOUT.sub(lambda found: "?" if "?" in found[0] else ".", text)


def _same_case(before: str, after: str) -> str:
    return after.capitalize() if before[0].isupper() else after
