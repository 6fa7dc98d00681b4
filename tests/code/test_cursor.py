"""Splitting a text at a place and inserting into it: what is not inserted stays as it is, to the byte."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dalle_kit import SourcePlace
from dalle_kit_code.cursor import MARK, Cursor, cursor_of

signs = ["a", "é", "\t", " ", "\n", "\r\n", "\r", "\ufeff", "\x0c", "\u2028", "🙂"]
texts = st.lists(st.sampled_from(signs), max_size=40).map("".join)


@given(text=texts, at=st.integers(0, 60), inserted=texts)
def test_everything_outside_the_insertion_is_preserved_byte_for_byte(text: str, at: int, inserted: str) -> None:
    cursor = Cursor(text[:at], text[at:])
    whole = cursor.insert(inserted).encode("utf-8")
    before, after = text[:at].encode("utf-8"), text[at:].encode("utf-8")
    assert whole.startswith(before)
    assert whole.endswith(after)
    assert len(whole) >= len(before) + len(after)


@given(text=texts, data=st.data())
def test_a_line_and_a_column_split_a_text_without_losing_anything(text: str, data: st.DataObject) -> None:
    line = data.draw(st.integers(1, 1 + len(re.findall(r"\r\n|\r|\n", text))))
    cursor = cursor_of(SourcePlace(text=text, line=line))
    assert cursor.before + cursor.after == text
    assert cursor.after[:1] in ("", "\r", "\n")


@given(text=texts, at=st.integers(0, 60))
def test_the_mark_is_where_the_cursor_is_and_is_taken_out(text: str, at: int) -> None:
    cursor = cursor_of(SourcePlace(text=text[:at] + MARK + text[at:]))
    assert (cursor.before, cursor.after) == (text[:at], text[at:])


def test_without_line_or_mark_the_cursor_is_at_the_end() -> None:
    assert cursor_of(SourcePlace(text="a\nb")) == Cursor("a\nb", "")


def test_a_line_that_ends_in_a_blank_is_written_on() -> None:
    assert cursor_of(SourcePlace(text="def f():\n    return \n")) == Cursor("def f():\n    return ", "\n")
    assert cursor_of(SourcePlace(text="x = 1\n    \n")) == Cursor("x = 1\n    \n", "")


def test_several_marks_are_refused() -> None:
    with pytest.raises(ValueError, match="is there 2 times"):
        cursor_of(SourcePlace(text=f"a{MARK}b{MARK}"))


@pytest.mark.parametrize(
    ("before", "after", "newline"),
    [
        ("a\r\n", "b\n", "\r\n"),
        ("a\r\nb\n", "c\r\n", "\n"),
        ("a", "\r\nb", "\r\n"),
        ("a", "b", "\n"),
        ("a\rb", "", "\r"),
    ],
)
def test_the_line_ends_nearest_to_the_cursor_are_used(before: str, after: str, newline: str) -> None:
    assert Cursor(before, after).insert("x\ny") == f"{before}x{newline}y{after}"


def test_the_model_sees_line_feeds_and_no_byte_order_mark() -> None:
    cursor = Cursor("\ufeffa\r\nb\r", "c\r\n")
    assert (cursor.plain_before, cursor.plain_after) == ("a\nb\n", "c\n")
