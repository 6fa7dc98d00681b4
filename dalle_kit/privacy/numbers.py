"""Card, bank, id and telephone numbers: by their shape, and by their checksum where they have one."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from dalle_kit.privacy.checksums import luhn, mod_97, weighted

Found = tuple[str, int, int]

_CARD = re.compile(r"(?<![\w.+])(?<![A-Z]{2}\d\d )(?:[2-6]|18)\d(?:[ -]?\d){10,17}(?!\w|\.\d)")
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b")
_ROUTING = re.compile(r"(?<![\w-])\d{9}(?![\w-])")
_SORT_CODE = re.compile(r"(?<![\w-])\d\d-\d\d-\d\d(?:[ ,]{1,2}\d{8})?(?![\w-])")
_ACCOUNT = re.compile(r"(?<![\w.,+-])\d(?:[ -]?\d){5,16}(?![\w-]|[.,]\d)")

_PHONE = re.compile(
    r"(?<![\w.,:/-])(?:\+|00)?\(?\d[\d()./ \u00a0-]{5,24}\d"
    r"(?:[ ,]{0,2}(?:x|ext\.?|extension)[ .]?\d{1,6})?(?![\w:]|[.,]\d)"
)
#: Numbers that only look like telephone numbers: dates, amounts in groups of three, ranges, times, plain numbers.
_NO_PHONE = re.compile(
    r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}(?: \d{1,2})?|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}(?: \d{1,2})?"
    r"|\d{1,3}(?:[ .]\d{3})+|\d+ ?[-/] ?\d+|\d+\.\d+|\d{1,2}[.:]\d{2} ?- ?\d{1,2}[.:]\d{2}|\d{1,8}"
)
_YEAR = re.compile(r"\b(?:19|20)\d\d\b")
_EXTENSION = re.compile(r"[ ,]*(?:x|ext).*\Z")
#: How far before a number a word may stand that says what it is.
_CUE_WITHIN = 40


@dataclass(frozen=True, slots=True)
class IdForm:
    """A kind of id: its shape, what says that it is valid, and the word that must stand before it, if any."""

    shape: re.Pattern[str]
    is_valid: Callable[[str], bool] = lambda bare: True
    cue: re.Pattern[str] | None = None


def _form(shape: str, is_valid: Callable[[str], bool] = lambda bare: True, *, cue: str = "") -> IdForm:
    return IdForm(re.compile(rf"(?<![\w-]){shape}(?![\w-])"), is_valid, re.compile(cue, re.I) if cue else None)


_IDS = (
    # US social security number, and the taxpayer's that stands for it
    _form(r"(?!000|666)[0-8]\d\d-(?!00)\d\d-(?!0000)\d{4}"),
    _form(r"9\d\d-(?:5\d|6[0-5]|7\d|8[0-8]|9[0-24-9])-\d{4}"),
    _form(r"(?!000|666)\d{3} ?\d\d ?\d{4}", cue=r"\bssn\b|social security|\bitin\b|taxpayer"),
    # UK national insurance number, and that of the health service (modulus 11)
    _form(r"(?!BG|GB|KN|NK|NT|TN|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d\d ?\d\d ?\d\d ?[A-D]"),
    _form(r"\d{3} ?\d{3} ?\d{4}", lambda bare: weighted(bare, (10, 9, 8, 7, 6, 5, 4, 3, 2, 1), 11), cue=r"\bnhs\b"),
)


def find_cards(text: str) -> Iterator[Found]:
    """Yield the card numbers: those that begin as an issuer's do and end in Luhn's digit."""
    for match in _CARD.finditer(text):
        if luhn(_digits(match.group())):
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
    for form in _IDS:
        for match in form.shape.finditer(text):
            if form.cue is not None and not form.cue.search(_before(text, match)):
                continue
            if form.is_valid(re.sub(r"\W", "", match.group())):
                yield "id number", *match.span()


def find_phones(text: str) -> Iterator[Found]:
    """Yield the telephone numbers; dates, amounts and ranges are none."""
    for match in _PHONE.finditer(text):
        if _is_phone(match.group()):
            yield "phone number", *match.span()


def _is_phone(found: str) -> bool:
    bare = _EXTENSION.sub("", found)
    digits = _digits(bare)
    if found[0] in "+(0":
        return 7 <= len(digits) <= 15 and (found[0] != "0" or not _NO_PHONE.fullmatch(bare))
    # Notes put numbers side by side: years and small ones are no telephone's.
    return 9 <= len(digits) <= 15 and not _NO_PHONE.fullmatch(bare) and not _YEAR.search(bare)


def _digits(text: str) -> str:
    return re.sub(r"[^0-9]", "", text)


def _before(text: str, match: re.Match[str]) -> str:
    return text[max(0, match.start() - _CUE_WITHIN) : match.start()]


def _is_said(text: str, match: re.Match[str], cue: str) -> bool:
    return re.search(cue, _before(text, match), re.IGNORECASE) is not None
