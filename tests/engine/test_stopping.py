from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dalle_kit.engine.stopping import SlotText

alphabet = st.text("ab .\n", max_size=30)


def written(pieces: list[str], stops: tuple[str, ...], after: str = "") -> tuple[str, str]:
    """Feed pieces as the decoder does; return what was emitted and the slot's text."""
    slot = SlotText(stops, after=after)
    emitted = ""
    for piece in pieces:
        emitted += slot.push(piece)
        if slot.ended:
            break
    return emitted + slot.finish(), slot.text


def test_a_stop_string_that_spans_pieces_ends_the_text_and_is_not_emitted() -> None:
    assert written(["Hello", " wor", "ld\n", "\nBest", " regards"], ("\n\nBest",)) == ("Hello world", "Hello world")


def test_text_that_only_looked_like_a_stop_string_is_emitted_later() -> None:
    slot = SlotText(("<end>",))
    assert slot.push("a <e") == "a"
    assert slot.push("gg>") == " <egg>"


def test_the_first_complete_stop_string_wins() -> None:
    assert written(["one. two! three"], ("!", "."))[1] == "one"


def test_white_space_is_trimmed_at_both_ends_after_a_line_break() -> None:
    assert written(["\n ", " Hello  ", "\n"], (), after="Dear Ana,\n\n") == ("Hello", "Hello")


def test_a_leading_space_is_kept_in_the_middle_of_a_line() -> None:
    assert written([" friend "], (), after="Dear") == (" friend", " friend")


def test_what_comes_after_the_end_is_not_taken() -> None:
    slot = SlotText(("e",))
    assert slot.push("the") == "th"
    assert slot.push(" end") == ""
    assert slot.finish() == ""
    assert slot.text == "th"


@given(text=alphabet, stops=st.lists(st.text("ab.\n", min_size=1, max_size=4), max_size=3), data=st.data())
def test_how_the_text_is_cut_into_pieces_changes_nothing(text: str, stops: list[str], data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.sets(st.integers(0, len(text)))))
    pieces = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    ends = [(position + len(stop), position) for stop in stops if (position := text.find(stop)) >= 0]
    whole = text[: min(ends)[1]] if ends else text
    assert written(pieces, tuple(stops)) == (whole.strip(), whole.strip())


@pytest.mark.parametrize("written", [("\n", "   ", "  x = 1 ", "\n", "y"), ("\n     x = 1 \ny",)])
def test_a_verbatim_text_keeps_its_white_space_and_goes_on_behind_what_it_begins_with(written: tuple[str, ...]) -> None:
    slot = SlotText(("\n",), verbatim="\n    ")
    assert "".join(map(slot.push, written)) + slot.finish() == slot.text == " x = 1 "


@pytest.mark.parametrize("begin", [" re", "  re", "   "])
@pytest.mark.parametrize("dropped", [0, 1])
def test_a_blank_that_the_tokenizer_drops_at_the_beginning_is_not_missed(begin: str, dropped: int) -> None:
    slot = SlotText((), verbatim=begin)
    assert "".join(map(slot.push, f"{begin}turn x"[dropped:])) + slot.finish() == slot.text == "turn x"
