"""Sentences that have no words but their note's, in any form, and words that mean little."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dalle_kit.checks import adds_words, in_own_words, keeps_parts, mixes_parts
from dalle_kit.checks.own_words import keeps_words


@pytest.mark.parametrize(
    ("note", "sentence"),
    [
        ("spare key at the bakery", "Please bring the spare key to the bakery."),
        ("worth 18,000 euros", "The thieves are worth 18,000 euros."),
        ("not enough", "Unfortunately, there is not enough room."),
        ("no garlic for me", "I don't like garlic."),
    ],
)
def test_a_word_that_nobody_told_is_seen(note: str, sentence: str) -> None:
    assert adds_words(sentence, note)


@pytest.mark.parametrize(
    ("note", "sentence"),
    [
        ("spare key at the bakery", "The spare key is at the bakery."),
        ("lessons start 6 April", "The lessons will be starting on 6 April."),
        ("need it by 20 May", "I would need it by 20 May."),
        ("please confirm by Friday", "Could you please confirm by Friday?"),
        ("want to exchange them", "I would like to exchange them, which I want."),
    ],
)
def test_forms_little_words_and_politeness_add_nothing(note: str, sentence: str) -> None:
    assert not adds_words(sentence, note)


def test_what_is_told_elsewhere_may_be_said_too() -> None:
    assert adds_words("The lift is out of order.", "out of order")
    assert not adds_words("The lift is out of order.", "out of order", "Lift on the third floor")


@pytest.mark.parametrize(
    ("note", "own", "other"),
    [
        ("paper jam again", "There is a paper jam again.", "The printer has a paper jam again."),
        ("two librarians hired", "Two librarians were hired.", "The library hired two librarians."),
        ("tracking says delivered", "The tracking says it was delivered.", "The parcel was delivered."),
        ("room B12 from 14:00", "From 14:00 it is in room B12.", "It is in room B13 from 14:00."),
        ("plan carries on?", "Will the plan carry on?", "The plan carries on."),
        ("take the stairs", "Please take the stairs.", "You have to take the stairs."),
        ("leaving at noon", "It is leaving at noon.", "Please leave at noon and wait."),
        ("skipped lunch", "Lunch is skipped.", "Lunch is skipped today."),
    ],
)
def test_a_note_is_told_in_its_own_words_alone(note: str, own: str, other: str) -> None:
    pattern = in_own_words(note)
    assert pattern is not None
    assert re.fullmatch(pattern, own) and not re.fullmatch(pattern, other)


def test_other_texts_may_lend_words_and_a_beginning_may_be_certain() -> None:
    with_writer = in_own_words("need a quote", besides="I need a quote.")
    assert with_writer is not None and re.fullmatch(with_writer, "I need a quote.")
    alone = in_own_words("needs a quote")
    assert alone is not None and not re.fullmatch(alone, "I need a quote.")
    step = in_own_words("wipe it dry", begins="Wipe")
    assert step is not None and re.fullmatch(step, "Wipe it dry.") and not re.fullmatch(step, "It is wiped dry.")


@pytest.mark.parametrize("note", ["", "...", 'she said "no"', "It rains. We stay.", "one\ntwo", "word " * 17, "and/or"])
def test_what_is_no_note_has_no_pattern(note: str) -> None:
    assert in_own_words(note) is None


@given(st.text(max_size=60), st.text(max_size=30))
def test_a_pattern_is_an_expression_that_says_at_most_a_sentence(note: str, besides: str) -> None:
    pattern = in_own_words(note, besides=besides)
    assert pattern is None or not re.fullmatch(pattern, "One. Two.")


@pytest.mark.parametrize(
    ("note", "sentence"),
    [
        ("water off Monday", "The water is on Monday."),
        ("call me after 5", "Please call me at 5."),
        ("parcel from Bo", "The parcel is for Bo."),
        ("rent up 5%", "The rent is 5%."),
        ("carries 20 bikes", "There are 20 bikes."),
    ],
)
def test_little_words_that_say_much_are_kept(note: str, sentence: str) -> None:
    assert not keeps_words(sentence, note) and keeps_words(f"The {note}.", note)


def test_a_word_of_one_part_does_not_come_in_the_other_as_well() -> None:
    note = "lunch for adults 9 euros, children eat half a portion"
    assert keeps_words("Lunch for adults is 9 euros, and children eat half a portion.", note)
    assert not keeps_words("Lunch for children is 9 euros for adults, and children eat half a portion.", note)


@pytest.mark.parametrize(
    ("note", "sentence"),
    [
        ("rent is 1,200 euros per month", "The monthly rent is 1,200 euros."),
        ("Monday, 3 May, office closed", "The office is closed on Monday, 3 May."),
        ("shop moved to Osterby, Denmark", "To Osterby, Denmark, the shop has moved."),
        ("on Monday, the office is closed", "The office is closed on Monday."),
        ("two tickets, row 5", "I would like to book 2 tickets in row 5."),
    ],
)
def test_commas_of_figures_dates_and_places_divide_nothing(note: str, sentence: str) -> None:
    assert not mixes_parts(sentence, note)


def test_parts_keep_their_order() -> None:
    note = "boat is 6 metres long, mast comes down"
    assert keeps_parts("The boat is 6 metres long, and the mast comes down.", note)
    assert not mixes_parts("The boat is 6 metres long, and the mast comes down.", note)
    for check in (mixes_parts, lambda sentence, note: not keeps_parts(sentence, note)):
        assert check("The mast of the boat is 6 metres long and comes down.", note)
        assert check("The boat is 6 metres long.", note)
        assert check("38 seats are taken, and 41 are not.", "41 seats, 38 taken")


def test_parts_of_a_note_are_not_mixed() -> None:
    falls = in_own_words("sales fell 3%, profit rose 5%") or ""
    assert re.fullmatch(falls, "The sales fell 3%, but the profit rose 5%.")
    assert re.fullmatch(falls, "Sales fell 3% and profit rose 5%.")
    assert not re.fullmatch(falls, "Sales fell 5%, but profit rose 3%.")
    assert re.fullmatch(in_own_words("adults 6 euros, children 3") or "", "Adults 6 euros, children 3.")
    assert not re.fullmatch(in_own_words("adults 6 euros, children 3") or "", "Adults are 6 euros, and children are 3.")
    assert in_own_words("mayor: city is safe") is None
    assert in_own_words("adults 10 - children 5") is None
    assert in_own_words("one, two, three, four") is None


def test_a_sign_stays_and_a_capital_letter_of_the_beginning_does_not() -> None:
    cold = in_own_words("temperature -5 at night") or ""
    assert re.fullmatch(cold, "The temperature is -5 at night.")
    assert not re.fullmatch(cold, "The temperature is 5 at night.")
    assert re.fullmatch(in_own_words("Trains cancelled on Monday") or "", "The trains are cancelled on Monday.")
    assert re.fullmatch(in_own_words("Anna is ill") or "", "Anna is ill.")
    assert re.fullmatch(in_own_words("spotted by a jogger") or "", "A jogger spotted it by it.")
    assert re.fullmatch(in_own_words("iPad is lost") or "", "iPad is lost.")


def test_a_refusal_and_figures_in_words_add_nothing() -> None:
    assert not adds_words("I can't come tomorrow.", "cannot come tomorrow")
    assert not adds_words("There are two tickets.", "2 tickets")
