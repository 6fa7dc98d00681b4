"""Places, as editors count them: in units of UTF-16 or UTF-8, of lines that end where the protocol says."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from dalle_kit.editing.files import Change, OpenFile, OpenFiles
from dalle_kit.editing.positions import line_end, numbered, offset_of, position_of
from dalle_kit.source_place import SourcePlace

ENCODINGS = {"utf-8": ("utf-8", 1), "utf-16": ("utf-16-le", 2), "utf-32": ("utf-32-le", 4)}

# Beyond the basic plane, in it, and what Python takes for a line end but editors do not.
TEXTS = st.lists(st.sampled_from([*"ab 😋𝒳é数\t\f\v\x1c\x85\u2028\n\r", "\r\n", "x = 1"]), max_size=30).map("".join)


@st.composite
def places(draw: st.DrawFn) -> tuple[str, int]:
    """A text and a place in it that is not between the two characters of a line end."""
    text = draw(TEXTS)
    offset = draw(st.integers(0, len(text)))
    return text, offset + 1 if text[offset - 1 : offset + 1] == "\r\n" else offset


def told(text: str, offset: int, encoding: str) -> tuple[int, int]:
    """The place as an editor would count it, with nothing but Python's codecs."""
    lines = re.split(r"\r\n|\r|\n", text[:offset])
    codec, width = ENCODINGS[encoding]
    return len(lines) - 1, len(lines[-1].encode(codec)) // width


@given(places(), st.sampled_from(sorted(ENCODINGS)))
def test_a_place_is_where_the_editor_says_it_is(place: tuple[str, int], encoding: str) -> None:
    text, offset = place
    line, character = told(text, offset, encoding)
    assert offset_of(text, line, character, encoding) == offset
    assert position_of(text, offset, encoding) == (line, character)


@given(places(), places(), TEXTS, st.sampled_from(sorted(ENCODINGS)))
def test_an_edit_changes_what_it_names_and_nothing_else(
    first: tuple[str, int], second: tuple[str, int], new: str, encoding: str
) -> None:
    text, start = first
    end = min(max(start, second[1]), len(text))
    end = end + 1 if text[end - 1 : end + 1] == "\r\n" else end
    files = OpenFiles()
    files.open(OpenFile("a", "python", text))
    at = told(text, start, encoding), told(text, end, encoding)
    files.change("a", [Change(new, at), Change("!", ((0, 0), (0, 0)))], encoding)
    file = files.get("a")
    assert file is not None and file.text == "!" + text[:start] + new + text[end:]


@given(places())
def test_a_source_place_is_at_the_same_character(place: tuple[str, int]) -> None:
    text, offset = place
    line, column = numbered(text, offset)
    assert SourcePlace(text=text, line=line, column=column).offset == offset


def test_a_byte_order_mark_is_no_column() -> None:
    assert numbered("\ufeffab", 2) == (1, 2)
    assert numbered("\ufeffab", 0) == numbered("\ufeffab", 1) == (1, 1)
    assert SourcePlace(text="\ufeffab", line=1, column=2).offset == 2


def test_a_place_beyond_a_line_is_its_end_and_one_beyond_the_text_is_the_texts() -> None:
    text = "ab\r\ncd"
    assert offset_of(text, 0, 99, "utf-16") == 2
    assert offset_of(text, 1, 99, "utf-16") == offset_of(text, 9, 0, "utf-16") == len(text)
    assert offset_of("ab\n", 1, 0, "utf-16") == 3
    assert offset_of("", 0, 0, "utf-16") == offset_of("", 3, 3, "utf-8") == 0


def test_a_place_within_a_character_is_before_it() -> None:
    assert offset_of("a😋b", 0, 2, "utf-16") == 1
    assert [offset_of("a😋b", 0, count, "utf-8") for count in (2, 3, 4, 5)] == [1, 1, 1, 2]


def test_what_is_inserted_has_the_line_ends_of_its_place() -> None:
    assert line_end("a\r\nb\nc", 3) == "\r\n"
    assert line_end("a\r\nb\nc", 6) == "\n"
    assert line_end("a\r\n", 0) == "\r\n"
    assert line_end("a", 1) == "\n"


def test_files_nearby_are_those_changed_last_with_their_names_in_the_workspace() -> None:
    files = OpenFiles()
    files.roots = ("file:///my%20work",)
    for name, text in (("a.py", "a"), ("pkg/b.py", "b"), ("empty.py", ""), ("half.py", "\ud83d"), ("c.py", "c")):
        files.open(OpenFile(f"file:///my%20work/{name}", "python", text))
    files.open(OpenFile("untitled:Untitled-1", "python", "u"))
    files.change("file:///my%20work/a.py", [Change("a2")], "utf-16")
    assert files.nearby("file:///my%20work/c.py") == [
        {"path": "a.py", "text": "a2"},
        {"path": "Untitled-1", "text": "u"},
        {"path": "pkg/b.py", "text": "b"},
    ]
    assert files.name("file:///elsewhere/secret/d.py") == "d.py"
