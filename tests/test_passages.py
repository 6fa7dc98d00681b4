"""Texts as rows of sentences."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dalle_kit.passages import inserted, joined, passages, spans, without

TEXT = "Hello Dr. Ray. It is 3.5 m.\n\n- One. Two!\n- Three\n\nBye."
ROW = passages(TEXT)


def test_sentences_and_what_stands_between_them() -> None:
    assert [each.sentence for each in ROW] == ["Hello Dr. Ray.", "It is 3.5 m.", "One.", "Two!", "Three", "Bye."]
    assert [each.before for each in ROW] == ["", " ", "\n\n- ", " ", "\n- ", "\n\n"]
    assert [TEXT[start:end] for start, end in spans(ROW)] == [each.sentence for each in ROW]


@given(st.text(alphabet="ab1.!? \n-*,'"))
def test_any_text_is_the_same_when_joined_again(text: str) -> None:
    whole = joined(passages(text))
    assert text.startswith(whole) and not text[len(whole) :].strip(" \n-*1.")


@pytest.mark.parametrize(
    ("index", "left"),
    [
        (0, "It is 3.5 m.\n\n- One. Two!\n- Three\n\nBye."),
        (1, "Hello Dr. Ray.\n\n- One. Two!\n- Three\n\nBye."),
        (2, "Hello Dr. Ray. It is 3.5 m.\n\n- Two!\n- Three\n\nBye."),
        (4, "Hello Dr. Ray. It is 3.5 m.\n\n- One. Two!\n\nBye."),
        (5, "Hello Dr. Ray. It is 3.5 m.\n\n- One. Two!\n- Three"),
    ],
)
def test_a_sentence_goes_and_lines_and_lists_stay(index: int, left: str) -> None:
    assert joined(without(ROW, index)) == left


def test_a_sentence_comes_in_as_one_of_its_paragraph_or_as_an_item_of_its_list() -> None:
    assert joined(inserted([], 0, "New.")) == "New."
    assert joined(inserted(ROW[:1], 0, "New.")) == "New. Hello Dr. Ray."
    assert joined(inserted(ROW[:2], 1, "New.")) == "Hello Dr. Ray. New. It is 3.5 m."
    assert joined(inserted(passages("- One.\n- Two."), 1, "New.")) == "- One.\n- New.\n- Two."
    assert joined(inserted(passages("- One.\n- Two."), 0, "New.")) == "- New.\n- One.\n- Two."
    assert joined(inserted(passages("One.\n\nTwo."), 1, "New.")) == "One. New.\n\nTwo."
