"""Figures that were told, but of something else."""

from __future__ import annotations

import pytest

from dalle_kit.checks import Source, borrowed, misplaced

POINTS = (
    "highest level since 1954",
    "2,300 people brought to safety",
    "army helps with 400 soldiers",
    "room B12",
    "14:00",
    "the second phase begins in 2028",
    "the pump is tested for 48 h",
)


@pytest.mark.parametrize(
    ("sentence", "figure"),
    [
        ("The army helped with 1,954 soldiers.", "1,954"),
        ("The dyke broke at 2,300.", "2,300"),
        ("There were 400 people in the water.", "400"),
        ("We will be in room 14:00 with 400 soldiers of the army.", "14:00"),
        ("The second phase begins in 2,028 days.", "2,028"),
    ],
)
def test_a_figure_of_another_point_is_found_with_its_place(sentence: str, figure: str) -> None:
    before = "It rained. "
    (finding,) = misplaced(before + sentence, POINTS, slot="body")
    assert (finding.check, finding.severity, finding.slot) == ("misplaced", "error", "body")
    assert finding.span is not None
    assert (before + sentence)[slice(*finding.span)].startswith(figure)


@pytest.mark.parametrize(
    "sentence",
    [
        "It is the highest level since 1954.",
        "The army is helping with 400 of its soldiers.",
        "We meet at 14:00 in room B12.",
        "In room B12, 14:00 is too late.",
        "About 2300 people were brought to safety.",
        "There were 77 cows.",
        "The second phase begins in 2028.",
        "The pump will be tested for 48 hours.",
    ],
)
def test_a_figure_in_its_own_words_is_not_nor_one_that_no_point_has(sentence: str) -> None:
    assert misplaced(sentence, POINTS) == []


def test_a_figure_that_was_told_beside_the_points_may_stand_anywhere() -> None:
    assert misplaced("There were 400 people.", POINTS, beside=Source(["400 people in the water"])) == []


def test_a_sentence_does_not_tell_of_its_point_what_another_one_says() -> None:
    point, other = "more than 3,200 people signed a petition", "closure would have saved 180,000 pounds a year"
    mixed = "The closure would have saved the library more than 3,200 people who signed a petition."
    (finding,) = borrowed(mixed, point, [other], ["Library to stay open"], slot="fact_2")
    assert finding.check == "misplaced" and finding.severity == "error" and finding.slot == "fact_2"
    assert other in finding.message and finding.span == (0, len(mixed))
    assert not borrowed("More than 3,200 people signed a petition against the closure.", point, [other], [])
    assert not borrowed(mixed, point, [other], ["The closure would have saved money"])
