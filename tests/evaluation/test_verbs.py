from __future__ import annotations

import pytest

from dalle_kit.checks.verbs import begins_with_verb, has_finite_verb
from dalle_kit.evaluation.verbs import verb_finder

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
    assert has_finite_verb(sentence)


@pytest.mark.parametrize("fragment", FRAGMENTS)
def test_fragments_have_none(fragment: str) -> None:
    assert not has_finite_verb(fragment)


def test_the_finder_says_how_it_finds() -> None:
    assert verb_finder("lists").name == "lists"


@pytest.mark.parametrize("note", ["opened in May", "accepts boarders", "been issued", "Found by a policeman"])
def test_notes_that_begin_with_a_verb(note: str) -> None:
    assert begins_with_verb(note)


@pytest.mark.parametrize("note", ["the office opened", "need of rest", "9,000 homes", ""])
def test_notes_that_begin_otherwise(note: str) -> None:
    assert not begins_with_verb(note)
