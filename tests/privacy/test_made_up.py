"""What is personal in a text becomes something made up, and the same thing everywhere."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dalle_kit.privacy import Redactor


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("Write to ana.b@corp.com.", "Write to person1@example.com."),
        ("See https://corp.com/a?b=1, please.", "See https://example.com/1, please."),
        ("See www.corp.com.", "See https://example.com/1."),
        ("Call +49 30 901820 or (555) 123-4567.", "Call +1 202 555 0101 or +1 202 555 0102."),
        ("Call 0171 2345678 or 555 123 4567.", "Call +1 202 555 0101 or +1 202 555 0102."),
        ("Card 4111 1111 1111 1111.", "Card 0000 0000 0000 0001."),
        ("To DE89 3704 0044 0532 0130 00.", "To GB00 EXAM 0000 0000 0000 01."),
        ("The server is 81.2.69.142.", "The server is 192.0.2.1."),
    ],
)
def test_what_is_personal_is_replaced(text: str, redacted: str) -> None:
    assert Redactor().redact(text) == redacted


@pytest.mark.parametrize(
    "text",
    [
        "On 2026-11-24 at 14:00, or on 05/06/2026.",
        "It costs 1 500 000 euros, or 12.500.000.",
        "From 2016-2017 in room 5550123.",
        "Ask someone@example.com, or see https://example.org/x.",
        "The order 1234567812345678 is late.",  # no card: its last digit is wrong
        "Version 1.2.3 is out, on 10.20.30.40.",
        "open from 2020 2030, 182-7 313, 2006 1 2011, 500 21.31",  # as notes have them
    ],
)
def test_what_is_nobodys_stays(text: str) -> None:
    assert Redactor().redact(text) == text


def test_one_thing_becomes_the_same_everywhere_in_a_record() -> None:
    redactor = Redactor()
    record = {"prompt": "Tell a@corp.com and b@corp.com", "fields": {"to": ["b@corp.com"], "number": 3}}
    assert redactor.redact_all(record) == {
        "prompt": "Tell person1@example.com and person2@example.com",
        "fields": {"to": ["person2@example.com"], "number": 3},
    }
    assert redactor.count == 2


def test_what_was_made_up_is_not_replaced_again_whatever_stands_before_it() -> None:
    redactor = Redactor()
    once = redactor.redact("your account DE89 3704 0044 0532 0130 00, card 4111 1111 1111 1111, call 0171 2345678")
    assert "GB00 EXAM" in once and Redactor().redact(once) == once


@given(st.text(st.sampled_from("ab1 2@.+-():/w\n"), max_size=60))
def test_redacting_again_changes_nothing(text: str) -> None:
    redactor = Redactor()
    once = redactor.redact(text)
    assert redactor.redact(once) == once
