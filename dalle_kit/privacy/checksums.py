"""The checksums of card, bank and id numbers."""

from __future__ import annotations

import re
from collections.abc import Sequence

#: What a character of an Italian codice fiscale counts for in an odd place, digits before letters.
_ODD = (1, 0, 5, 7, 9, 13, 15, 17, 19, 21)
_ODD_LETTERS = (*_ODD, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23)
#: What a turn of the digits (Verhoeff's permutation) makes of each.
_TURNED = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)


def luhn(digits: str) -> bool:
    """Say whether the last digit is the one that Luhn's rule gives (ISO/IEC 7812-1)."""
    doubled = [int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits))]
    return sum(number // 10 + number % 10 for number in doubled) % 10 == 0


def mod_97(account: str) -> bool:
    """Say whether the two check digits of an IBAN without spaces are right (ISO 13616, ISO/IEC 7064)."""
    turned = account[4:] + account[:4]
    return int("".join(str(int(character, 36)) for character in turned)) % 97 == 1


def weighted(digits: str, weights: Sequence[int], modulus: int) -> bool:
    """Say whether the sum of the digits, each by its weight, is a multiple of ``modulus``."""
    return sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=True)) % modulus == 0


def spanish(code: str) -> bool:
    """Say whether the letter of a Spanish DNI or NIE is the one that its number gives."""
    number = code[:-1].translate(str.maketrans("XYZ", "012"))
    return "TRWAGMYFPDXBNJZSQVHLCKE"[int(number) % 23] == code[-1]


def finnish(code: str) -> bool:
    """Say whether the last character of a Finnish identity code is the one that its digits give."""
    digits = re.sub(r"[^0-9]", "", code[:-1])
    return "0123456789ABCDEFHJKLMNPRSTUVWXY"[int(digits) % 31] == code[-1]


def french(digits: str) -> bool:
    """Say whether the key of a French NIR, its last two digits, is right."""
    return 97 - int(digits[:-2]) % 97 == int(digits[-2:])


def italian(code: str) -> bool:
    """Say whether the last letter of an Italian codice fiscale is the one that the others give."""
    odd = dict(zip("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", (*_ODD, *_ODD_LETTERS), strict=True))
    values = (
        odd[each] if place % 2 == 0 else int(each, 36) - 10 * each.isalpha() for place, each in enumerate(code[:-1])
    )
    return chr(ord("A") + sum(values) % 26) == code[-1]


def brazilian(digits: str) -> bool:
    """Say whether both check digits of a Brazilian CPF are right."""
    return len(set(digits)) > 1 and all(
        10 * sum(int(digits[at]) * (length + 1 - at) for at in range(length)) % 11 % 10 == int(digits[length])
        for length in (9, 10)
    )


def iso_7064(digits: str) -> bool:
    """Say whether the last digit is the one of ISO 7064, modulus 11, 10 (the German tax number)."""
    product = 10
    for digit in digits[:-1]:
        product = ((int(digit) + product) % 10 or 10) * 2 % 11
    return (11 - product) % 10 == int(digits[-1])


def verhoeff(digits: str) -> bool:
    """Say whether the last digit is the one of Verhoeff's rule (the Indian Aadhaar)."""
    check = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit)
        for _ in range(place % 8):
            value = _TURNED[value]
        check = _times(check, value)
    return check == 0


def _times(one: int, other: int) -> int:
    """Multiply in the group of the symmetries of a pentagon: turns are 0 to 4, turned over 5 to 9."""
    turn = (one + other) % 5 if one < 5 else (one - other) % 5
    return turn + 5 * ((one < 5) != (other < 5))
