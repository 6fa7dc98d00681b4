"""Currencies that nobody told."""

from __future__ import annotations

import time

import pytest

from dalle_kit.checks.units import strange_units


@pytest.mark.parametrize("text", ["We have paid 150 dollars.", "It costs \u20ac 20.", "We spent 3 million pounds."])
def test_a_currency_that_nobody_told_is_found(text: str) -> None:
    (found,) = strange_units(text, "we have paid 150; it costs 20; 3 million")

    assert found.severity == "error" and found.span is not None and text[found.span[0] : found.span[1]] in text


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ("We have paid 150 dollars.", "paid $150"),
        ("It costs 20 euros.", "EUR 20"),
        ("The price is 1 euro, the repair 900,000 euros.", "price 1 euro; repair 900,000"),
        ("It weighs 20 poundsworth.", "20"),
        ("The pool opens at 9.", "9"),
    ],
)
def test_a_currency_that_was_told_may_be_spelled_otherwise(text: str, known: str) -> None:
    assert strange_units(text, known) == []


def test_a_long_number_takes_no_time() -> None:
    start = time.thread_time()

    assert strange_units("1" * 20_000, "") == []
    assert time.thread_time() - start < 1.5
