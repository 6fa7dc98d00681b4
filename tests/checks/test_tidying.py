"""What a small model puts before a point, and is taken away."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dalle_kit.checks.tidying import tidied


@pytest.mark.parametrize(
    ("sentence", "told", "tidy"),
    [
        ("Please bring the last year's figures.", "bring last year's figures", "Please bring last year's figures."),
        ("The chapter 2 is too long.", "chapter 2 is too long", "Chapter 2 is too long."),
        ("I am sorry to say that nobody was hurt.", "Nobody was hurt.", "Nobody was hurt."),
        ("I am afraid that my daughter is nine.", "she is nine", "My daughter is nine."),
        ("The mornings are the best, I'm afraid.", "mornings best", "The mornings are the best."),
        ("Please bring a jumper, please.", "bring a jumper", "Please bring a jumper."),
        ("Could you please bring a jumper, please?", "bring a jumper", "Could you please bring a jumper?"),
        ("I have been told that the guard let me in.", "the guard let me in", "The guard let me in."),
    ],
)
def test_what_does_not_belong_there_is_taken_away(sentence: str, told: str, tidy: str) -> None:
    assert tidied(sentence, told) == tidy
    assert tidied(tidy, told) == tidy


@pytest.mark.parametrize(
    ("sentence", "told"),
    [
        ("I am afraid that Jack cannot come.", "Jack can't come"),
        ("I am sorry to say that my bus was late.", "my bus was late"),
        ("The floor 3 kitchen is closed.", "floor 3 kitchen closed"),
        ("The line 6 is closed.", "the line 6 is closed"),
        ("You will find that the key fits.", "you will find that the key fits"),
        ("Bring a jumper, please.", "bring a jumper"),
        ("Unfortunately, we lost.", "unfortunately we lost"),
    ],
)
def test_what_may_belong_there_stays(sentence: str, told: str) -> None:
    assert tidied(sentence, told) == sentence


@given(st.text(max_size=80), st.text(max_size=40))
def test_nothing_is_put_into_any_sentence(sentence: str, told: str) -> None:
    assert len(tidied(sentence, told)) <= len(sentence) + 2
