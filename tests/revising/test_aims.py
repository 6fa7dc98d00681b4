"""What a caller asks of a revision."""

from __future__ import annotations

from dalle_kit.revising import texts_of


def test_a_single_text_or_number_is_one() -> None:
    assert texts_of("the lift works") == ("the lift works",)
    assert texts_of(2) == ("2",)
    assert texts_of(["the lift works", 2]) == ("the lift works", "2")
    assert texts_of(()) == ()
