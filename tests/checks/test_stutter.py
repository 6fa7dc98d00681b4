"""Sentences that say the same twice."""

from __future__ import annotations

import pydantic
import pytest

from dalle_kit.checks.stutter import stutters
from dalle_kit.domain import Domain, Request
from dalle_kit.records import Draft, Skeleton, Slot
from dalle_kit.review import Reviewer


class Notes(Request):
    points: tuple[str, ...] = pydantic.Field((), description="A thing to say.")


DOMAIN = Domain(name="notes", summary="Notes.", request=Notes, templates="none")


def reviewer_and_draft(point: str, text: str) -> tuple[Reviewer, Draft]:
    skeleton = Skeleton((Slot("body", about=(point,), otherwise=(f"{point}.",)),))
    return Reviewer(DOMAIN, Notes(points=(point,)), skeleton), Draft(skeleton, {"body": text})


@pytest.mark.parametrize(
    ("sentence", "told"),
    [
        ("It was closed from 20 to 20.", "it used to close at 20"),
        ("The chairs are Lakshmi and Lakshmi.", "Lakshmi chairs"),
        ("There are 8 km of rest areas every 8 km.", "rest areas every 8 km"),
        ("Please take 4 more tablets for 4 more days.", "have tablets for 4 more days"),
        ("There's a room at room B12.", "room B12"),
        ("The leak means that it leaks.", "leak in kitchen"),
        ("Please please collect it by 1 June.", "please collect it by 1 June"),
        ("Please call the printer please.", "call the printer please"),
        ("The the lift is out of order.", "lift out of order"),
        ("It is very very late and the the lift is out.", "lift out"),
        ("The cost is 240 euros, and the extra tyres are extra.", "cost 240 euros, tyres extra"),
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
        ("Please hand it in in person.", "hand in in person"),
        ("What it is is a bug.", "a bug"),
        ("We go to Walla Walla.", "trip to wallawalla"),
        ("From Monday to Friday, we are open from 9 to 12.", "open Mon-Fri 9 to 12"),
        ("Page 3 is about page 4.", "page 3 is about page 4"),
        ("The 2 plans need 2 signatures.", "plans need signatures"),
    ],
)
def test_what_is_told_twice_or_not_at_all_may_come_twice(sentence: str, told: str) -> None:
    assert stutters(sentence, told) is None


def test_a_sentence_that_says_a_figure_twice_is_an_error_that_points_at_it() -> None:
    reviewer, draft = reviewer_and_draft("rest areas every 8 km", "There are 8 km of rest areas every 8 km.")

    (found,) = [each for each in reviewer.review(draft).findings if each.check == "repetition"]

    assert found.severity == "error" and found.span == (0, len(draft.texts["body"]))


def test_a_slot_is_tidied_sentence_by_sentence() -> None:
    reviewer, draft = reviewer_and_draft("bring last year's figures", "")
    text = "Please bring any last year's figures. You will see that the chapter 2 is short."

    slot = draft.skeleton.slots[0]

    assert reviewer.tidied(slot, text) == "Please bring last year's figures. Chapter 2 is short."
