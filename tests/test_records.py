from __future__ import annotations

from dalle_kit.records import Skeleton, Slot


def test_a_slot_without_text_takes_the_blank_line_before_it_with_it() -> None:
    skeleton = Skeleton(("Dear Ana,\n\nB12.\n\n", Slot("more"), "\n\nTom"))
    assert skeleton.fill({"more": ""}) == "Dear Ana,\n\nB12.\n\nTom"
    assert skeleton.fill({"more": "Yes."}) == "Dear Ana,\n\nB12.\n\nYes.\n\nTom"


def test_literals_come_through_as_they_are() -> None:
    assert Skeleton(("a\n\n", "\n\nb")).fill({}) == "a\n\n\n\nb"


def test_a_slot_without_text_takes_the_space_before_it_with_it() -> None:
    skeleton = Skeleton(("Hi,\n\n", Slot("a"), " ", Slot("b"), " ", Slot("c"), "\n\nTom"))
    assert skeleton.fill({"a": "One.", "b": "", "c": "Two."}) == "Hi,\n\nOne. Two.\n\nTom"
    assert skeleton.fill({"a": "", "b": "One.", "c": "Two."}) == "Hi,\n\nOne. Two.\n\nTom"
    assert skeleton.fill({"a": "One.", "b": "Two.", "c": ""}) == "Hi,\n\nOne. Two.\n\nTom"
    texts = {"a": "", "b": "One.", "c": "Two."}
    starts = skeleton.starts(texts)
    assert all(skeleton.fill(texts)[starts[name] :].startswith(text) for name, text in texts.items())
