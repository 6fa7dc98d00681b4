"""The words of a note that a sentence about it has to mention."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dalle_kit.checks import Source, key_words, unsupported
from dalle_kit.checks.words import is_ordinary, stem


@pytest.mark.parametrize(
    ("note", "words"),
    [
        ("now Thursday 14:00", ("Thursday", "14:00")),
        ("bring the cost sheet", ("bring*", "cost*", "sheet*")),
        ("Order 88213 is delayed by two weeks", ("order*", "88213", "delay*", "two*", "week*")),
        ("can't come, sorry: eBay, ops@example.com", ("come*", "sorr*", "eBay", "ops@example.com")),
        ("Dr Meyer - 3rd floor", ("Dr", "Meyer", "3rd", "floor*")),
        ("plan B: key is w/ reception", ("plan*", "B", "key*", "recept*")),
    ],
)
def test_names_and_numbers_stay_and_other_words_may_change_their_endings(note: str, words: tuple[str, ...]) -> None:
    assert key_words(note) == words


def test_a_long_note_has_no_key_words() -> None:
    assert key_words("apple pear plum fig lemon lime grape melon peach cherry quince date kiwi") == ()


@given(st.text())
def test_every_key_word_begins_like_a_word_of_its_note(note: str) -> None:
    words = [word.casefold() for word in note.split()]
    for key in key_words(note):
        assert any(key.removesuffix("*").casefold() in word for word in words)


def test_threads_do_not_mix_up_the_words_they_stem() -> None:
    words = [
        f"{start}{middle}{end}"
        for start in "bcdfglmnprst"
        for middle in ("ational", "iv", "ous")
        for end in ("ness", "ing", "ies", "ization", "ments")
    ]
    alone = [stem.__wrapped__(word) for word in words]
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(8) as threads:
            found = list(threads.map(lambda _: [stem.__wrapped__(word) for word in words], range(8)))
    finally:
        sys.setswitchinterval(before)
    assert found == [alone] * 8


def test_a_name_that_the_dictionary_takes_for_a_word_is_a_name() -> None:
    assert [is_ordinary(word) for word in ("Anna", "Sam's", "Martin", "Rose", "May", "Meeting")] == [False] * 3 + [
        True
    ] * 3
    assert [each.message for each in unsupported("Anna will call you.", Source(["call you"]))] == [
        "the name 'Anna' is not in the request"
    ]
