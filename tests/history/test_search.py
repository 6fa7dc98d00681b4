from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dalle_kit import History, HistoryError
from tests.history.conftest import document

#: What means something to the index, and what breaks it where it is not quoted.
PIECES = [
    "AND",
    "OR",
    "NOT",
    "NEAR(",
    ")",
    '"',
    "*",
    "^",
    ":",
    "text:",
    "+",
    "-",
    "{",
    "}",
    "\0",
    "\x02",
    "\ud800",
    "é",
]
QUERIES = st.lists(st.sampled_from(PIECES) | st.text(st.characters(exclude_categories=()), max_size=5), max_size=8)
#: Letters that were letters before the index was written.
WORDS = st.text(st.sampled_from("abcXYZéßñØдЖλ019'-_.,@()*^:+ \n"), max_size=80)


@pytest.fixture
def letters(history: History) -> History:
    for text, subject in (
        ("The meetings are on Monday in room B12.", "Meetings"),
        ("We met in the naïve café; the room was cold.", "Lunch"),
        ("Room B12 is free. Room B12 is yours.", "Straße 5"),
    ):
        history.add(document(text, request={"subject": subject, "to": ["Bo <bo@example.com>"], "urgent": True}))
    return history


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("meeting", [1]),
        ("MEETINGS monday", [1]),
        ("monday lunch", []),
        ("cafe", [2]),
        ('"room b12"', [1, 3]),
        ('"b12 room"', []),
        ('"b12 is" free', [3]),
        ("mon*", [1]),
        ("straße", [3]),
        ("bo@example.com", [1, 2, 3]),
        ("subject", []),
        ("room OR lunch", []),
        ('"room b12', [1, 3]),
    ],
)
def test_all_words_have_to_be_in_the_text_or_the_request(letters: History, query: str, found: list[int]) -> None:
    assert sorted(match.entry.id for match in letters.search(query)) == found
    assert len(letters.search(query, limit=1)) == min(1, len(found))


def test_what_has_more_of_the_words_comes_first(letters: History) -> None:
    assert [match.entry.id for match in letters.search("b12")] == [3, 1]


def test_a_match_says_where_the_words_stand(letters: History) -> None:
    (match,) = letters.search("cold cafe")
    assert match.snippet == "We met in the naïve café; the room was cold."
    assert [match.snippet[start:end] for start, end in match.places] == ["café", "cold"]
    assert match.entry.document is not None and match.entry.document["text"] == match.snippet


def test_only_a_part_of_a_long_text_is_shown(history: History) -> None:
    history.add(document("filler " * 500 + "the needle" + " filler" * 500))
    (match,) = history.search("needle")
    assert len(match.snippet) < 150 and [match.snippet[slice(*place)] for place in match.places] == ["needle"]


def test_only_texts_of_a_domain_are_found_where_that_is_asked(history: History) -> None:
    history.add(document("The rain.", domain="news"))
    history.add(document("The rain."))
    assert [match.entry.id for match in history.search("rain", domain="news")] == [1]


def test_texts_that_were_not_kept_are_not_found(history: History) -> None:
    history.add(document("The rain."), text=False)
    assert history.search("rain") == [] and not history.has_texts()


@pytest.mark.parametrize("query", ["", "  ", '"', "!?", "* *", '""', "\0"])
def test_a_query_without_a_word_is_an_error_of_one_line(history: History, query: str) -> None:
    with pytest.raises(HistoryError, match="has no word to look for; give one") as caught:
        history.search(query)
    assert "\n" not in str(caught.value)


def test_any_query_is_searched_for_or_has_no_word(letters: History) -> None:
    @settings(max_examples=150)
    @given(QUERIES)
    def check(pieces: list[str]) -> None:
        try:
            letters.search(" ".join(pieces))
        except HistoryError as error:
            assert "no word" in str(error)

    check()
    assert letters.search("word " * 5_000) == [] and letters.search("a" * 100_000) == []


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(WORDS)
def test_a_text_is_found_by_each_of_its_words(fresh: Callable[[], History], text: str) -> None:
    history = fresh()
    history.add(document(text))
    for piece in (*text.split(), text):
        if any(character.isalnum() for character in piece):
            assert history.search(piece), piece
