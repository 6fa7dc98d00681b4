from __future__ import annotations

import pytest

from dalle_kit.checks import missing
from dalle_kit.checks.parts import lost_part, turned_bound


@pytest.mark.parametrize(
    ("point", "sentence"),
    [
        ("heating's off there, bring a jumper", "Please bring a jumper."),
        ("shoes: we have some, just need sizes", "And we need safety shoes, just so we know."),
        ("send a replacement by Friday or my money back", "Please send a replacement by Friday."),
        ("van is booked; keys lie with reception", "The van is booked."),
    ],
)
def test_a_part_of_which_nothing_is_said_is_found(point: str, sentence: str) -> None:
    (found,) = missing([point], sentence)

    assert found.severity == "error"
    assert lost_part(point, [sentence]) is not None


@pytest.mark.parametrize(
    ("point", "sentence"),
    [
        ("heating's off there, bring a jumper", "Please bring a jumper, as the heating is off."),
        ("has a fever, can't come", "I have a fever and am unable to be there."),
        ("sleep: nobody here could", "No one here could sleep."),
        ("tram: every 40 minutes", "There is one every 40 minutes."),
        ("Monday 10:30, please", "I am free on Monday at 10:30."),
    ],
)
def test_what_is_said_in_other_words_is_no_lost_part(point: str, sentence: str) -> None:
    assert lost_part(point, [sentence]) is None


@pytest.mark.parametrize(
    ("point", "sentence"),
    [
        ("library open till 10pm mon-thu from 1 april", "The library is open from 10pm mon-thu from 1 april."),
        ("pay by 10 march", "Please pay from 10 march."),
        ("closed since 2019", "It was closed until 2019."),
    ],
)
def test_an_end_that_has_become_a_beginning_is_found(point: str, sentence: str) -> None:
    (found,) = missing([point], sentence)

    assert found.severity == "error"
    assert turned_bound(point, [sentence]) is not None


@pytest.mark.parametrize(
    ("point", "sentence"),
    [
        ("open till 10pm", "We are open until 10pm."),
        ("open from 9 until 17:00", "It opens at 9 and closes at 17:00."),
        ("rent up by 40 to 640", "The rent rises from 600 by 40."),
        ("closed until 5 May", "We will be open again after Monday."),
    ],
)
def test_bounds_that_stay_what_they_are_are_left_alone(point: str, sentence: str) -> None:
    assert turned_bound(point, [sentence]) is None
