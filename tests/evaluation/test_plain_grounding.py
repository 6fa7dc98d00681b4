from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dalle_kit.evaluation.plain_grounding import ungrounded


def values(text: str, *known: str) -> list[str]:
    return [value for _, _, value in ungrounded(text, known)]


@pytest.mark.parametrize(
    "text",
    [
        "We meet ana on thursday at 14:00 in room b12.",
        "Dear Ana, it is Thursday's room B12. I'm there at 14:00. Please write to ANA@example.com.",
        "1. Ana comes.\n2. We meet.",
        "The plan (see www.example.org/a) is Ana's.",
        'He said: "The room is free." Then Anne-Marie left.',
    ],
)
def test_what_was_told_is_grounded(text: str) -> None:
    assert values(text, "Ana, thursday 14:00, room B12", "ana@example.com", "www.example.org/a", "Anne Marie") == []


def test_each_kind_of_value_is_found_where_it_stands() -> None:
    text = "We saw Bob Hale in 2019 at https://example.net/x, or bob@example.net."
    found = ungrounded(text, ["We saw it"])
    assert [value for _, _, value in found] == ["Bob", "Hale", "2019", "https://example.net/x", "bob@example.net"]
    assert all(text[start:end] == value for start, end, value in found)


def test_other_spellings_do_not_count() -> None:
    assert values("It is at 14:00.", "2 pm") == ["14", "00"]


def test_a_title_does_not_end_a_sentence() -> None:
    assert values("We asked Dr. Sow.", "Dr Adler") == ["Sow"]
    assert values("We left. Sow stayed.", "x") == []


@given(st.text())
def test_a_text_is_grounded_in_itself(text: str) -> None:
    assert ungrounded(text, [text]) == []


@given(st.text(), st.text())
def test_what_is_found_lies_in_the_text(text: str, known: str) -> None:
    for start, end, value in ungrounded(text, [known]):
        assert text[start:end] == value
