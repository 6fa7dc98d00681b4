"""The best of several drafts, and what is taken from the others; the drafts are given, the checks are the real ones."""

from __future__ import annotations

import pydantic
import pytest

from dalle_kit import Kit
from dalle_kit.choosing import Finished, Work, best_draft, first_draft, left_to_write
from dalle_kit.domain import Domain, Request
from dalle_kit.engine.results import Generation, SlotResult
from dalle_kit.records import GenerationOptions, Message, Prompt, Skeleton, Slot
from dalle_kit.templating.templates import Shaped

POINTS = ("now on Thursday at 14:00", "it takes place in room B12")
PLAIN = ("Now on Thursday at 14:00.", "It takes place in room B12.")
TIME, PLACE = "The review is now on Thursday at 14:00.", "The meeting takes place in room B12."


class Notes(Request):
    points: tuple[str, ...] = pydantic.Field((), description="A thing to say.")


@pytest.fixture(scope="module")
def kit() -> Kit:
    return Kit()


def work(points: tuple[str, str] = POINTS, plain: tuple[str, str] = PLAIN) -> Work:
    """A request of a domain that stands in the place of the one for e-mails, with a slot for each point."""
    domain = Domain(name="email", summary="Notes.", request=Notes, templates="none")
    slots = [
        Slot(name, about=(point,), otherwise=(plain,), sentences=(1, 1))
        for name, point, plain in zip(("p1", "p2"), points, plain, strict=True)
    ]
    skeleton = Skeleton(("Dear Ana,\n\nThe review and the meeting. ", slots[0], " ", slots[1], "\n\nBye"))
    prompt = Prompt((Message("user", "Write an e-mail."),))
    return Work(domain, Notes(points=points), None, Shaped(prompt, skeleton, "notes", ()))


def drafts(*texts: tuple[str, str], likelihoods: tuple[float, float] = (-0.2, -0.2)) -> list[Generation]:
    def result(text: str, likelihood: float) -> SlotResult:
        return SlotResult(text, "end", (1,), likelihood, 1)

    return [
        Generation(
            {"p1": result(first, likelihoods[0]), "p2": result(second, likelihoods[1])},
            GenerationOptions(),
            number,
            0,
        )
        for number, (first, second) in enumerate(texts)
    ]


def best(kit: Kit, candidates: list[Generation], *, drop_forced: bool = True) -> Finished:
    first = first_draft(kit.plugins, work(), candidates[0], drop_forced=drop_forced)
    return best_draft(kit.plugins, first, candidates[1:], drop_forced=drop_forced)


def test_a_wrong_sentence_gives_way_to_the_one_that_another_draft_has_in_its_place(kit: Kit) -> None:
    chosen = best(kit, drafts((TIME, "It takes place in room C40."), ("See you at 16:30.", PLACE)))
    assert chosen.draft.texts == {"p1": TIME, "p2": PLACE}
    assert chosen.review.errors == 0
    assert [line for line in chosen.repairs if line.startswith("taken from draft ")] == list(chosen.repairs)
    assert len(chosen.repairs) == 1


def test_a_sentence_that_is_only_its_note_gives_way_to_one_that_is_more(kit: Kit) -> None:
    chosen = best(kit, drafts((TIME, "It takes place in room B12"), ("See you at 16:30.", PLACE)))
    assert chosen.draft.texts == {"p1": TIME, "p2": PLACE}


@pytest.mark.parametrize(
    "other",
    ["Please pay 447 euros in advance.", "I paid 447 euros in advance, 447 euros in advance."],
    ids=["other persons", "twice"],
)
def test_a_note_that_is_a_sentence_stays_where_the_other_sentence_says_something_else(kit: Kit, other: str) -> None:
    told = work(("I paid 447 euros in advance", POINTS[1]), ("I paid 447 euros in advance.", PLAIN[1]))
    echo, further = drafts(("I paid 447 euros in advance.", PLACE), (other, PLACE))
    chosen = best_draft(kit.plugins, first_draft(kit.plugins, told, echo), [further], drop_forced=True)
    assert chosen.draft.texts["p1"] == "I paid 447 euros in advance."


def test_a_sentence_that_the_model_was_forced_into_takes_no_other_ones_place(kit: Kit) -> None:
    unlikely = drafts(("See you at 16:30.", PLACE), likelihoods=(-0.2, -0.8))
    [first] = drafts((TIME, "It takes place in room C40."))
    for drop_forced in (True, False):
        chosen = best(kit, [first, *unlikely], drop_forced=drop_forced)
        assert (chosen.draft.texts["p2"] == PLACE) is not drop_forced


@pytest.mark.parametrize(
    ("first", "second", "left"),
    [
        (TIME, PLACE, []),
        (PLAIN[0], PLACE, ["p1"]),
        (TIME, "It takes place in room C40.", ["p2"]),
        (TIME, "", ["p2"]),
        ("", "", ["p1", "p2"]),
    ],
    ids=["all is said", "only the note", "wrong", "missing", "all is missing"],
)
def test_others_write_only_what_is_wanting(kit: Kit, first: str, second: str, left: list[str]) -> None:
    [draft] = drafts((first, second))
    skeleton = left_to_write(first_draft(kit.plugins, work(), draft))
    assert [slot.name for slot in skeleton.slots] == left if skeleton else not left
    if left == ["p2"]:
        assert skeleton is not None and len(skeleton.parts) == 3
        assert isinstance(skeleton.parts[0], str) and skeleton.parts[0].endswith(f"meeting. {TIME} ")


def test_what_is_right_is_left_alone(kit: Kit) -> None:
    [first, second] = drafts((TIME, PLACE), ("On Thursday at 14:00 the review is held.", PLACE))
    chosen = best(kit, [first, second])
    assert chosen.generation in (first, second) and chosen.repairs == ()


def test_a_sentence_below_the_limit_is_dropped_and_its_point_missing(kit: Kit) -> None:
    forced = drafts((TIME, PLACE), likelihoods=(-0.2, -1.5))
    chosen = best(kit, forced)
    assert chosen.draft.texts["p2"] == "" and chosen.review.unsaid == {"p2": (0,)}
    assert chosen.repairs == (f'dropped: "{PLACE}"',)
    assert best(kit, forced, drop_forced=False).draft.texts["p2"] == PLACE
