"""The checksums of card, bank and id numbers."""

from __future__ import annotations

from collections.abc import Sequence


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
