"""Numbers with a checksum are found where it is right, and not where a digit is another."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dalle_kit.privacy import load_finder
from dalle_kit.privacy.checksums import iso_7064, luhn, mod_97, verhoeff

FINDER = load_finder(names=False)


@pytest.mark.parametrize(
    ("before", "number", "wrong"),
    [
        ("", "12345678Z", "12345678Y"),
        ("", "X1234567L", "X1234567M"),
        ("", "RSSMRA85T10A562S", "RSSMRA85T10A562T"),
        ("", "2 55 08 14 168 025 38", "2 55 08 14 168 025 39"),
        ("Steuer-ID ", "86095742719", "86095742718"),
        ("BSN ", "111222333", "111222334"),
        ("PESEL ", "44051401359", "44051401358"),
        ("", "131052-308T", "131052-308U"),
        ("", "811218-9876", "811218-9875"),
        ("", "111.444.777-35", "111.444.777-36"),
        ("SIN ", "130 692 544", "130 692 545"),
        ("TFN ", "123 456 782", "123 456 783"),
        ("NHS ", "943 476 5919", "943 476 5918"),
    ],
)
def test_an_id_is_one_only_with_its_right_check(before: str, number: str, wrong: str) -> None:
    assert [(each.kind, each.text) for each in FINDER.find(f"It is {before}{number}.")] == [("id number", number)]
    assert all(each.kind != "id number" for each in FINDER.find(f"It is {before}{wrong}."))


@pytest.mark.parametrize("is_right", [luhn, verhoeff, iso_7064, lambda digits: mod_97(f"DE{digits}")])
@given(
    digits=st.text("0123456789", min_size=12, max_size=18),
    place=st.integers(0, 17),
    other=st.sampled_from("0123456789"),
)
def test_another_digit_makes_a_right_number_wrong(
    is_right: Callable[[str], bool], digits: str, place: int, other: str
) -> None:
    # Of all last two digits, one pair at least is right.
    number = next(each for each in (f"{digits}{check:02}" for check in range(100)) if is_right(each))
    place %= len(digits)
    wrong = number[:place] + other + number[place + 1 :]
    assert is_right(wrong) == (wrong == number)
