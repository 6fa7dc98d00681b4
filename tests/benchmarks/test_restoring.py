"""What is left of a sentence, and what counts as the sentence again."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from restoring import left_of, said_for, same

SENTENCES = st.lists(
    st.sampled_from("I The is was a report my boiler broken will leave".split()), min_size=4, max_size=12
)


@given(SENTENCES, st.integers())
def test_what_is_left_of_a_sentence_are_words_of_it_in_their_order(words: list[str], seed: int) -> None:
    left = iter(word.casefold() for word in words)
    assert all(word.casefold() in left for word in left_of(" ".join(words) + ".", random.Random(seed)).split())


def test_who_does_it_is_left_out() -> None:
    assert left_of("I'm sending two boxes.", random.Random(0)) == "sending two boxes"
    assert left_of("Is it ready?", random.Random(0)).endswith("?")


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        ("We're on the way.", "I am on a way", True),
        ("This is my key.", "It's the key.", True),
        ("I was ill.", "I am ill.", False),
        ("It is late.", "Is it late?", False),
    ],
)
def test_an_article_is_no_difference_and_a_tense_is(one: str, other: str, equal: bool) -> None:
    assert (same(one) == same(other)) == equal


def test_the_sentence_for_a_note_is_the_one_with_its_words() -> None:
    assert (
        said_for("key lost", ["The roof leaks.", "The key is lost.", "I lost the key to the roof."])
        == "The key is lost."
    )
