from __future__ import annotations

import pytest

from dalle_kit.evaluation.verbs import has_verb_by_lists, verb_finder

SENTENCES = [
    "The room is booked.",
    "Bring the cost sheet.",
    "Please find it attached.",
    "Let's talk on Friday.",
    "Council approves the plan.",
    "The cyclist died at the scene.",
    "We look forward to it.",
    "Two visitors need a room.",
]
FRAGMENTS = [
    "room B12.",
    "Now on Thursday at 14:00.",
    "A cost sheet for the room.",
    "No meeting on Friday.",
    "Moved to Thursday.",
    "Much more than that.",
    "",
]


@pytest.mark.parametrize("sentence", SENTENCES)
def test_sentences_have_a_finite_verb(sentence: str) -> None:
    assert has_verb_by_lists(sentence)


@pytest.mark.parametrize("fragment", FRAGMENTS)
def test_fragments_have_none(fragment: str) -> None:
    assert not has_verb_by_lists(fragment)


def test_the_finder_says_how_it_finds() -> None:
    assert verb_finder("lists").name == "lists"
