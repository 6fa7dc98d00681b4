"""What counts as what a note means."""

from __future__ import annotations

import pytest
from meant import kind_of, same


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        ("We're on the way.", "I am on a way", True),
        ("This is my key.", "It's the key.", True),
        ("I can't come, but Ben will.", "I cannot come but Ben'll.", True),
        ("I was ill.", "I am ill.", False),
        ("He is ill.", "She is ill.", False),
        ("The van isn't here.", "The van is here.", False),
    ],
)
def test_an_article_is_no_difference_and_a_tense_is(one: str, other: str, equal: bool) -> None:
    assert (same(one) == same(other)) == equal


def test_what_is_written_is_meant_or_typed_or_something_else() -> None:
    says, typed = ("The key is lost.", "I lost the key."), ("key lost", "Key lost.")
    assert kind_of("We lost our key.", says, typed) == "meant"
    assert kind_of("Key lost.", says, typed) == "as typed"
    assert kind_of("The key was lost.", says, typed) == "something else"
