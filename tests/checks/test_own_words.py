"""Sentences that have no words but their note's, in any form, and its parts in their order."""

from __future__ import annotations

import pytest

from dalle_kit.checks import adds_words, mixes_parts
from dalle_kit.checks.own_words import parts_of


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
        ("Frida Moen, 16", "Frida Moen is 16 years old."),
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


def test_a_comma_before_somebody_divides() -> None:
    assert parts_of("Jo isn't here on Sunday, Kim is") == ["Jo isn't here on Sunday", "Kim is"]
    assert parts_of("moved to Osterby, Denmark") == ["moved to Osterby, Denmark"]


@pytest.mark.parametrize(
    "sentence",
    [
        "The mast of the boat is 6 metres long and comes down.",
        "The boat is 6 metres long.",
        "The mast is 6 metres long.",
    ],
)
def test_parts_keep_their_order_and_all_that_they_say(sentence: str) -> None:
    note = "boat is 6 metres long, mast comes down"
    assert mixes_parts(sentence, note)
    assert not mixes_parts("The boat is 6 metres long, and the mast comes down.", note)
    assert mixes_parts("38 seats are taken, and 41 are not.", "41 seats, 38 taken")


def test_a_part_keeps_the_subject_that_it_begins_with() -> None:
    note = "Arthur died in October, he was 84"
    assert mixes_parts("Arthur died in October and was 84.", note)
    assert not mixes_parts("Arthur died in October; he was 84.", note)


def test_a_refusal_and_figures_in_words_add_nothing() -> None:
    assert not adds_words("I can't come tomorrow.", "cannot come tomorrow")
    assert not adds_words("There are two tickets.", "2 tickets")
