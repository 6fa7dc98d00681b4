"""Characters that look alike, so that a number is the same with a narrow space or a long hyphen in it."""

from __future__ import annotations

import unicodedata

_SPACES = dict.fromkeys(map(ord, "\u00a0\u2002\u2003\u2007\u2008\u2009\u202f\u3000"), " ")
_HYPHENS = dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2212"), "-")
_ALIKE = {**_SPACES, **_HYPHENS, ord("\uff0b"): "+", ord("\uff20"): "@"}


def simplified(text: str) -> str:
    """Return a text of the same length with digits of any script, spaces and hyphens as ASCII has them."""
    if text.isascii():
        return text
    return "".join(
        str(unicodedata.decimal(character)) if character.isdecimal() else character
        for character in text.translate(_ALIKE)
    )
