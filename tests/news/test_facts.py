from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dalle_kit_news.facts import QUESTIONS, statements


def notes(*facts: str) -> list[str]:
    return [statement.note for statement in statements(facts)]


def test_answers_about_one_event_become_one_note_without_their_labels() -> None:
    facts = ("when: on Tuesday", "WHO: the council", "where: Town Hall", "what: kept the library open.", "how: 9 to 4")
    assert notes(*facts) == ["the council kept the library open on Tuesday, Town Hall, 9 to 4"]


def test_the_lead_stands_first_and_its_reason_behind_it() -> None:
    assert notes("40 books", "why: a petition", "what: library stays") == [
        "library stays",
        "reason: a petition",
        "40 books",
    ]
    assert [each.reason for each in statements(("why: a petition",))] == [True]


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (("who: A", "what: won", "who: B", "what: lost"), ["A won", "B lost"]),
        (("who: A", "who: B", "what: won"), ["A and B won"]),
        (("what: one", "what: two"), ["one", "two"]),
        (("where: Hanfield",), ["Hanfield"]),
        (("what: resigned", "when: Tuesday evening"), ["resigned on Tuesday evening"]),
        (("what: opens", "when: 15 May"), ["opens on 15 May"]),
        (("what: opened", "when: last Friday"), ["opened, last Friday"]),
        (("when: Tuesday",), ["Tuesday"]),
        (("who: ", "somebody who: asks", "whoever: x"), ["who: ", "somebody who: asks", "whoever: x"]),
    ],
)
def test_a_second_answer_begins_another_event(facts: tuple[str, ...], expected: list[str]) -> None:
    assert notes(*facts) == expected


@given(st.lists(st.tuples(st.sampled_from(["", *QUESTIONS]), st.text("ab 7.", min_size=1).filter(str.strip))))
def test_no_answer_is_lost_and_no_label_stays(told: list[tuple[str, str]]) -> None:
    facts = tuple(f"{label}: {text.strip()}" if label else text.strip() for label, text in told)
    made = statements(facts)
    together = " ".join(each.text for each in made)
    assert all(text.strip().rstrip(" .") in together for _, text in told)
    assert not any(f"{label}:" in together for label in QUESTIONS)
