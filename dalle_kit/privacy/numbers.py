"""Card, bank, id and telephone numbers: by their shape, and by their checksum where they have one."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache, partial
from typing import NamedTuple

from dalle_kit.privacy.checksums import (
    brazilian,
    finnish,
    french,
    iso_7064,
    italian,
    luhn,
    mod_97,
    spanish,
    verhoeff,
    weighted,
)

Found = tuple[str, int, int]

_CARD = re.compile(r"(?<![\w.+])(?<![A-Z]{2}\d\d )(?:[2-6]|18)\d(?:[ -]?\d){10,17}(?!\w|\.\d)")
_ANY_CARD = re.compile(r"(?<![\w.+])\d(?:[ -]?\d){11,18}(?!\w|\.\d)")
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b")
_ROUTING = re.compile(r"(?<![\w-])\d{9}(?![\w-])")
_SORT_CODE = re.compile(r"(?<![\w-])\d\d-\d\d-\d\d(?:[ ,]{1,2}\d{8})?(?![\w-])")
_ACCOUNT = re.compile(r"(?<![\w.,+-])\d(?:[ -]?\d){5,16}(?![\w-]|[.,]\d)")

_PHONE = re.compile(
    r"(?<![\w./=&%-])(?<!\d[,:])(?:\+|00)?\(?\d[\d()./ \u00a0-]{5,24}\d"
    r"(?:[ ,]{0,2}(?:x|ext\.?|extension)[ .]?\d{1,6})?(?!\w|:\d|[.,]\d)"
)
#: Numbers that only look like telephone numbers: dates, amounts in groups of three, ranges, times, plain numbers.
_NO_PHONE = re.compile(
    r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}(?: \d{1,2})?|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}(?: \d{1,2})?"
    r"|\d{1,3}(?:[ .]\d{3})+|\d+ ?[-/] ?\d+|\d+\.\d+|\d{1,2}[.:]\d{2} ?- ?\d{1,2}[.:]\d{2}|\d{1,8}"
    r"|(?:\d{1,3}\.){3}\d{1,3}"
)
#: Where these stand before it, seven digits are enough.
_PHONE_CUE = re.compile(
    r"\b(?:call(?:ed|ing)?|phone|telephone|tel|mobile|cell|fax|ring|dial|whatsapp|sms|text|hotline|answering)\b[^.!?\n\d]{0,24}\Z",
    re.IGNORECASE,
)
#: Where these stand before it, it is another's number, unless it begins as only a telephone's does.
_OTHER_CUE = re.compile(
    r"\b(?:order|invoice|ticket|tracking|ref(?:erence)?|isbn|issn|doi|case|item|serial|article|part|booking|batch|"
    r"model|version|release|build)\b[^.!?\n\d]{0,3}(?:\b(?:no|number|id|code)\b[^!?\n\d]{0,5})?\Z",
    re.IGNORECASE,
)
#: Columns of figures, paths and addresses of machines: no telephone number has these in it.
_COLUMNS = re.compile(r"(?:\b\d ){3}| -\d")
_TABLE = re.compile(r"  |/.*/|\A\(?(?:\d{1,3}\.){3}\d{1,3}\b")
_AMERICAN = re.compile(r"\d{3}([.-])\d{3}\1\d{4}")
_LOCAL = re.compile(r"\d{3,4}[ .-]?\d{4}|\d{2,5}(?:[ -]\d{2,4}){1,3}")
_YEAR = re.compile(r"\b(?:19|20)\d\d\b")
_EXTENSION = re.compile(r"[ ,]*(?:x|ext).*\Z")
#: How far before a number a word may stand that says what it is.
_CUE_WITHIN = 40


class IdForm(NamedTuple):
    """A kind of id: its shape, what says that it is valid, and the word that must stand before it, if any."""

    shape: str
    is_valid: Callable[[str], bool] = lambda bare: True
    cue: str = ""


_PAPERS = (
    r"passport|driv(?:er|ing)['\u2019s]{0,2} licen[cs]e|licen[cs]e (?:number|no)|identity card|"
    r"\bid (?:card|number|no)\b"
)
_IDS = (
    # US: social security number, the taxpayer's number that stands for it; passport and driver's licence
    IdForm(r"(?!000|666)[0-8]\d\d-(?!00)\d\d-(?!0000)\d{4}"),
    IdForm(r"9\d\d-(?:5\d|6[0-5]|7\d|8[0-8]|9[0-24-9])-\d{4}"),
    IdForm(r"(?!000|666)\d{3} ?\d\d ?\d{4}", cue=r"\bssn\b|social security|\bitin\b|taxpayer"),
    IdForm(r"(?=(?:[A-Z -]{0,9}\d){3})[A-Z\d]{1,4}(?:[ -]?[A-Z\d]{1,9}){1,4}", cue=_PAPERS),
    # United Kingdom: national insurance number, and that of the health service
    IdForm(r"(?!BG|GB|KN|NK|NT|TN|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d\d ?\d\d ?\d\d ?[A-D]"),
    IdForm(
        r"\d{3}[ -]?\d{3}[ -]?\d{4}",
        partial(weighted, weights=(10, 9, 8, 7, 6, 5, 4, 3, 2, 1), modulus=11),
        cue=r"\bnhs\b",
    ),
    # Canada, Australia: social insurance and tax file number
    IdForm(r"[1-79]\d\d-\d{3}-\d{3}", luhn),
    IdForm(r"[1-79]\d\d ?\d{3} ?\d{3}", luhn, cue=r"\bsin\b|social insurance"),
    IdForm(
        r"\d{3} ?\d{3} ?\d{3}",
        partial(weighted, weights=(1, 4, 3, 7, 5, 8, 6, 9, 10), modulus=11),
        cue=r"\btfn\b|tax file",
    ),
    # Spain, Italy, France, Germany, the Netherlands, Poland, Finland, Sweden
    IdForm(r"(?:\d{8}|[XYZ]\d{7})-?[A-HJ-NP-TV-Z]", spanish),
    IdForm(r"[A-Z]{6}\d\d[A-EHLMPR-T]\d\d[A-Z]\d{3}[A-Z]", italian),
    IdForm(r"[12] ?\d\d ?(?:0[1-9]|1[0-2]) ?\d\d ?\d{3} ?\d{3} ?\d\d", french),
    IdForm(r"[1-9]\d ?\d{3} ?\d{3} ?\d{3}", iso_7064, cue=r"\bsteuer|tax (?:id|number)|\bidnr\b"),
    IdForm(r"\d{9}", partial(weighted, weights=(9, 8, 7, 6, 5, 4, 3, 2, -1), modulus=11), cue=r"\bbsn\b|burgerservice"),
    IdForm(r"\d{11}", partial(weighted, weights=(1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1), modulus=10), cue=r"\bpesel\b"),
    IdForm(r"(?:0[1-9]|[12]\d|3[01])(?:0[1-9]|1[0-2])\d\d[-+A]\d{3}[\dA-FHJ-NPR-Y]", finnish),
    IdForm(r"(?:\d\d)?\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])[-+]\d{4}", lambda bare: luhn(bare[-10:])),
    # Brazil, India
    IdForm(r"\d{3}\.\d{3}\.\d{3}-\d\d", brazilian),
    IdForm(r"[2-9]\d{3} \d{4} \d{4}", verhoeff),
    IdForm(r"[A-Z]{3}[ABCFGHJLPT][A-Z]\d{4}[A-Z]"),
)


def find_cards(text: str) -> Iterator[Found]:
    """Yield the card numbers: they end in Luhn's digit, and begin as an issuer's do or are said to be a card's."""
    for match in _CARD.finditer(text):
        if luhn(_digits(match.group())):
            yield "card number", *match.span()
    for match in _ANY_CARD.finditer(text):
        if luhn(_digits(match.group())) and _is_said(text, match, r"\b(?:card|cc|visa|mastercard|amex|maestro)\b"):
            yield "card number", *match.span()


def find_accounts(text: str) -> Iterator[Found]:
    """Yield the IBANs, and the account, routing and sort numbers that are said to be some."""
    for match in _IBAN.finditer(text):
        bare = match.group().replace(" ", "")
        if 15 <= len(bare) <= 34 and mod_97(bare):
            yield "bank account", *match.span()
    for match in _ROUTING.finditer(text):
        if _is_said(text, match, r"\brouting\b|\baba\b") and weighted(match.group(), (3, 7, 1) * 3, 10):
            yield "bank account", *match.span()
    for match in _SORT_CODE.finditer(text):
        if _is_said(text, match, r"\bsort code"):
            yield "bank account", *match.span()
    for match in _ACCOUNT.finditer(text):
        if _is_said(text, match, r"\b(?:account|acct|a/c)\b[^.!?\n]*\Z"):
            yield "bank account", *match.span()


def find_ids(text: str) -> Iterator[Found]:
    """Yield the numbers that states give people: by shape, checksum, and the word before where these say little."""
    for shape, cue, is_valid in _forms():
        for match in shape.finditer(text):
            if (cue is None or cue.search(_before(text, match))) and is_valid(re.sub(r"\W", "", match.group())):
                yield "id number", *match.span()


@lru_cache(maxsize=1)
def _forms() -> tuple[tuple[re.Pattern[str], re.Pattern[str] | None, Callable[[str], bool]], ...]:
    """Return the forms of ids with their patterns; compiling them takes a while."""
    return tuple(
        (
            re.compile(rf"(?<![\w-]){form.shape}(?![\w-])"),
            re.compile(form.cue, re.IGNORECASE) if form.cue else None,
            form.is_valid,
        )
        for form in _IDS
    )


def find_phones(text: str) -> Iterator[Found]:
    """Yield the telephone numbers; dates, amounts and ranges are none."""
    for match in _PHONE.finditer(text):
        if match.group()[0] not in "+(" and _OTHER_CUE.search(_before(text, match)):
            continue
        if _is_phone(match.group()) or (_PHONE_CUE.search(_before(text, match)) and _is_local(match.group())):
            yield "phone number", *match.span()


def _is_phone(found: str) -> bool:
    bare = _EXTENSION.sub("", found)
    digits = _digits(bare)
    if _TABLE.search(bare) or bare.count("(") != bare.count(")") or (found[0] != "+" and _COLUMNS.search(bare)):
        return False
    if found[0] in "+(0":
        return 7 <= len(digits) <= 15 and (found[0] != "0" or not _NO_PHONE.fullmatch(bare))
    if _AMERICAN.fullmatch(bare):
        return True
    # Notes put numbers side by side: years and small ones are no telephone's.
    return 9 <= len(digits) <= 15 and not _NO_PHONE.fullmatch(bare) and not _YEAR.search(bare)


def _is_local(found: str) -> bool:
    """Say whether it is a number within a town, as it may stand after "call" or "fax"."""
    return _LOCAL.fullmatch(found) is not None and 7 <= len(_digits(found)) <= 12 and not _YEAR.search(found)


def _digits(text: str) -> str:
    return re.sub(r"[^0-9]", "", text)


def _before(text: str, match: re.Match[str]) -> str:
    return text[max(0, match.start() - _CUE_WITHIN) : match.start()]


def _is_said(text: str, match: re.Match[str], cue: str) -> bool:
    return re.search(cue, _before(text, match), re.IGNORECASE) is not None
