"""Sentences that say the same twice."""

from __future__ import annotations

import pytest

from dalle_kit.checks.stutter import stutters


@pytest.mark.parametrize(
    ("sentence", "told"),
    [
        ("It was closed from 20 to 20.", "it used to close at 20"),
        ("The chairs are Lakshmi and Lakshmi.", "Lakshmi chairs"),
        ("There are 8 km of rest areas every 8 km.", "rest areas every 8 km"),
        ("Please take 4 more tablets for 4 more days.", "have tablets for 4 more days"),
        ("You may bring a guest, but you must bring a guest.", "you may bring a guest"),
    ],
)
def test_what_is_told_once_and_said_twice_is_found(sentence: str, told: str) -> None:
    assert stutters(sentence, told) is not None


@pytest.mark.parametrize(
    ("sentence", "told"),
    [
        ("Kick-off is at 3, and the pitch is number 3.", "kick-off at 3, pitch 3"),
        ("It rains more and more.", "it rains more"),
        ("From Monday to Friday, we are open from 9 to 12.", "open Mon-Fri 9 to 12"),
        ("Page 3 is about page 4.", "page 3 is about page 4"),
        ("The 2 plans need 2 signatures.", "plans need signatures"),
    ],
)
def test_what_is_told_twice_or_not_at_all_may_come_twice(sentence: str, told: str) -> None:
    assert stutters(sentence, told) is None
