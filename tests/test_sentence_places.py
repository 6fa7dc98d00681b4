"""Which sentence stands for a note: the one that was written, what the note becomes, or the note as it was typed."""

from __future__ import annotations

from typing import Any, cast

import pytest

from dalle_kit import Slot
from dalle_kit.records import Draft, Skeleton
from dalle_kit.repair.workbench import Workbench
from dalle_kit.sentence_places import Place, says_nothing

NOTE, TYPED = "boiler out again", "Boiler out again."
OWN, MADE = "The boiler went out again.", "The boiler is out again."


def place(note: str = NOTE, sentence: str = OWN, likelihood: float = -1.0, **more: Any) -> Place:
    slot = Slot("point_1", about=(note,), otherwise=(f"{note[0].upper()}{note[1:]}.",), sentences=(1, 1))
    draft = Draft(Skeleton((slot,)), {slot.name: sentence})
    least = more.pop("trusted_from", -3.5)
    return Place(cast("Workbench", None), slot, sentence, likelihood, "x", draft, least, **more)


def chosen(of: Place) -> str | None:
    of.choose()
    return of.choice


def test_the_likelier_sentence_stands() -> None:
    assert chosen(place(made=MADE, made_likelihood=-0.5)) == MADE
    assert chosen(place(made=MADE, made_likelihood=-2.0)) == OWN


def test_what_is_not_likely_enough_gives_way_to_the_note_as_it_was_typed() -> None:
    assert chosen(place(likelihood=-4.0, made=MADE, made_likelihood=-4.0)) == TYPED
    assert chosen(place(likelihood=-4.0, made=MADE, made_likelihood=-3.0)) == MADE
    assert chosen(place(sentence=MADE, likelihood=-4.0, is_note=True)) == TYPED
    assert chosen(place(sentence=MADE, likelihood=-3.0, is_note=True)) == MADE


def test_where_nobody_measured_it_each_sentence_is_trusted() -> None:
    assert chosen(place(likelihood=-40.0, trusted_from=None)) == OWN


def test_a_long_note_is_no_worse_than_its_sentence() -> None:
    long = " ".join(["word"] * 17)
    assert chosen(place(note=long, likelihood=-40.0)) == OWN


def test_what_is_wrong_stands_in_no_case() -> None:
    assert chosen(place(likelihood=0.0, wrong=True)) == TYPED
    assert chosen(place(likelihood=0.0, wrong=True, made=MADE, made_likelihood=-3.0)) == MADE
    assert chosen(place(sentence="", likelihood=0.0, wrong=True, trusted_from=None)) == TYPED


@pytest.mark.parametrize("flaw", [{"sentence": "It went out."}, {"is_of_others": True}])
def test_what_loses_a_word_or_speaks_of_others_has_to_be_much_likelier(flaw: dict[str, Any]) -> None:
    written = place(likelihood=-1.0, **flaw)
    assert chosen(place(likelihood=-1.0, made=MADE, made_likelihood=-3.0, **flaw)) == MADE
    assert chosen(written) == written.sentence  # and stands where there is no other


def test_a_sentence_that_a_name_came_into_is_trusted() -> None:
    told: dict[str, Any] = {"note": "took night shifts", "is_told_of": True}
    named = "Ana took night shifts."
    assert chosen(place(sentence=named, likelihood=-9.0, is_note=True, **told)) == named
    assert chosen(place(sentence="I took night shifts.", made=named, made_likelihood=-9.0, **told)) == named


def test_the_note_as_it_was_typed_has_a_capital_i() -> None:
    assert chosen(place(note="can't find it, think i lost it", likelihood=-9.0)) == "Can't find it, think I lost it."


@pytest.mark.parametrize(
    ("note", "sentence", "nothing"),
    [
        ("10am not 11am", "10am is not 11am.", True),
        ("the blue form, not the red one", "The blue form is not the red one.", True),
        ("order no A-5531", "The order is no A-5531.", True),
        ("card only", "The card is only.", True),
        ("mayor: no alternative", "The mayor has no alternative.", True),
        ("mayor: no alternative", "There is no alternative, says the mayor.", False),
        ("fire chief: too late", "Fire chief: too late.", False),
        ("draft not ready", "The draft is not ready.", False),
        ("this is not the key", "This is not the key.", False),
        ("open only on Friday", "It is only open on Friday.", False),
        ("free on Friday?", "I am free on Friday?", True),
        ("free on Friday?", "Are you free on Friday?", False),
        ("it is still on?", "It is still on?", False),
        ("ok on Friday?", "You're ok on Friday?", True),
        ("late, can you wait?", "I am late, can you wait?", False),
    ],
)
def test_what_a_verb_makes_nonsense_of_is_seen(note: str, sentence: str, nothing: bool) -> None:
    assert says_nothing(note, sentence) == nothing
