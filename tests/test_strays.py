"""Sentences that say nothing asked for are found, and dropped where the text is repaired; no model is needed."""

from __future__ import annotations

import pytest

from dalle_kit import Domain, Draft, Message, Prompt, Request, Skeleton, Slot
from dalle_kit.repair import repair_steps
from dalle_kit.review import STRAY, Reviewer

POINTS = ("can't make it on Sunday", "kids have the flu", "next weekend instead?")


class Note(Request):
    """A request that knows the points."""


def domain() -> Domain:
    return Domain(name="note", summary="", request=Note, templates="", sources=lambda request: POINTS)


def drafted(text: str, points: tuple[str, ...] = POINTS) -> tuple[Reviewer, Draft]:
    slot = Slot("body", about=points, otherwise=tuple(f"{point[0].upper()}{point[1:]}." for point in points))
    skeleton = Skeleton(("Hi,\n\n", slot, "\n\nLinh"))
    return Reviewer(domain(), Note(), skeleton), Draft(skeleton, {"body": text})


def strays(text: str) -> list[str]:
    reviewer, draft = drafted(text)
    return [text[start:end] for _, _, (start, end) in reviewer.strays(draft)]


GOOD = "I can't make it on Sunday. The kids have the flu. Could we meet next weekend instead?"


def test_sentences_that_each_say_a_point_all_stay() -> None:
    assert strays(GOOD) == []


@pytest.mark.parametrize(
    "more",
    ["I'm afraid it is the flu.", "The kids, the kids have the flu.", "Sunday is a good day for the whole family."],
)
def test_a_sentence_that_repeats_a_point_or_says_none_is_found(more: str) -> None:
    assert strays(f"{GOOD} {more}") == [more]


def test_a_sentence_of_courtesy_stays() -> None:
    assert strays(f"{GOOD} I am sorry and hope you understand.") == []


def test_sentences_that_say_a_point_only_together_stay() -> None:
    assert strays("I can't make it. It is on Sunday. The kids have the flu. Next weekend instead?") == []


def test_repair_drops_strays_and_says_so() -> None:
    reviewer, draft = drafted(f"{GOOD} I'm afraid it is the flu.")
    review = reviewer.review(draft)
    assert [finding.check for finding in review.findings if finding.severity == "error"] == [STRAY]
    steps = repair_steps(reviewer, Prompt((Message("user", "x"),)), draft, review, ())
    with pytest.raises(StopIteration) as ended:
        next(steps)
    assert ended.value.value.draft.texts["body"] == GOOD
    assert ended.value.value.lines == ('dropped: "I\'m afraid it is the flu."',)
