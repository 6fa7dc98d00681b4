"""Notes made from sentences: everything that counts stays in them."""

from __future__ import annotations

import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dalle_kit.corpora import choose_form, make_notes

SENTENCE = "We have moved the review to Thursday at 14:00, and Priya Raman will bring the cost sheets to room B12."


def test_a_telegraphic_note_drops_little_words_and_keeps_names_numbers_and_negations() -> None:
    notes = make_notes("The parcel from Leeds has not arrived, and we paid 75 EUR for it.", form="telegraphic")
    assert notes == ["parcel from Leeds not arrived, paid 75 EUR for"]


def test_a_full_note_is_the_sentence_itself() -> None:
    assert make_notes(SENTENCE, form="full") == [SENTENCE]


def test_a_long_sentence_makes_several_notes_cut_at_a_comma() -> None:
    notes = make_notes(SENTENCE, form="short", longest=10)
    assert len(notes) == 2
    assert all(len(note.split()) <= 10 for note in notes)


def test_a_name_at_the_beginning_keeps_its_capital() -> None:
    assert make_notes("Istanbul has two airports.", form="short")[0].startswith("Istanbul")
    assert make_notes("There were no injuries.", form="short")[0].startswith("there")


WORDS = st.lists(st.sampled_from([*SENTENCE.rstrip(".").split(), "not", "12%", "McKay", "the", "a"]), min_size=1)


@pytest.mark.parametrize("form", ["telegraphic", "short", "full"])
@given(words=WORDS, longest=st.integers(3, 20))
def test_every_number_and_inner_capital_of_a_sentence_stands_in_its_notes(
    form: str, words: list[str], longest: int
) -> None:
    sentence = f"{' '.join(words)}."
    said = " ".join(make_notes(sentence, form=form, longest=longest))  # type: ignore[arg-type]
    for word in words[1:]:
        if re.search(r"\d|[A-Z]", word) and word != "We":
            assert word.strip(",") in said
    assert said.count("not") >= sentence.count("not")


def test_forms_are_drawn_from_all_kinds() -> None:
    source = random.Random(1)
    assert {choose_form(source) for _ in range(60)} == {"telegraphic", "short", "full"}


def test_notes_to_be_reworded_are_never_the_sentence_itself() -> None:
    source = random.Random(1)
    assert {choose_form(source, reworded=True) for _ in range(60)} == {"telegraphic", "short"}
