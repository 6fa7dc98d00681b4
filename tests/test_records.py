from __future__ import annotations

from dalle_kit.records import Skeleton, Slot


def test_a_slot_without_text_takes_the_blank_line_before_it_with_it() -> None:
    skeleton = Skeleton(("Dear Ana,\n\nB12.\n\n", Slot("more"), "\n\nTom"))
    assert skeleton.fill({"more": ""}) == "Dear Ana,\n\nB12.\n\nTom"
    assert skeleton.fill({"more": "Yes."}) == "Dear Ana,\n\nB12.\n\nYes.\n\nTom"


def test_literals_come_through_as_they_are() -> None:
    assert Skeleton(("a\n\n", "\n\nb")).fill({}) == "a\n\n\n\nb"
